//! Opening a declaration from an insurer's system: `POST /claims/prime`.

use constat_domain::claim::Location;
use constat_domain::prefilled_declaration::Prime;
use constat_domain::{Currency, FieldError, Money};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LenientBool, Loose};
use crate::common::{Checker, Instant};

/// Codes of the insured's standing. Source: dossier API v0.9.1.
const STATUSES: [&str; 9] = ["1", "2", "3", "4", "5", "7", "10", "14", "15"];

/// Most characters of an address as one text: what the claims contract tells.
const MAX_ADDRESS_CHARS: usize = 200;

/// The insured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrimeInsured {
    /// Form of address: `1` or `2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Loose>,
    /// Last name.
    #[schemars(length(min = 1, max = 100), example = &"Dupont")]
    pub name: String,
    /// First name.
    #[schemars(length(min = 1, max = 100), example = &"Jean")]
    pub first_name: String,
    /// E-mail address: the insured signs in with it.
    #[schemars(length(min = 3, max = 254), example = &"jean.dupont@example.com")]
    pub email: String,
    /// Mobile phone.
    #[schemars(length(min = 1, max = 20), example = &"+33612345678")]
    pub mobile: String,
    /// Standing: 1 owner-occupier, 2 owner not occupying, 3 co-owner-occupier, 4 co-owner not
    /// occupying, 5 and 7 tenant, 10 occupier free of charge, 14 usufruct, 15 bare ownership.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Loose>,
}

/// The contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrimeContract {
    /// The insurer's number of it.
    #[schemars(length(min = 1, max = 100))]
    pub number: String,
    /// What the insured bears (French: franchise), in euros.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deductable_amount: Option<Loose>,
    /// Reference of the general terms (French: conditions générales).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub general_terms_and_conditions: Option<String>,
    /// How long the contract has run (French: ancienneté); carried as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anteriority: Option<Loose>,
    /// It was taken out recently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_recent_subscription: Option<LenientBool>,
}

/// Where the loss happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrimeAddress {
    /// Number and street.
    #[schemars(length(min = 1, max = 100), example = &"48 boulevard des Batignolles")]
    pub line1: String,
    /// Second line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub line2: Option<String>,
    /// Third line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub line3: Option<String>,
    /// Fourth line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub line4: Option<String>,
    /// Town.
    #[schemars(length(min = 1, max = 100), example = &"Paris")]
    pub city: String,
    /// Postcode.
    #[schemars(length(min = 1, max = 20), example = &"75017")]
    pub post_code: String,
    /// Country; France when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub country: Option<String>,
    /// How to find the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub other_details: Option<String>,
}

/// The claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrimeClaim {
    /// The insurer's reference of it.
    #[schemars(length(min = 1, max = 100))]
    pub number: String,
    /// When the loss happened.
    pub date: Instant,
    /// Where it happened.
    pub address: PrimeAddress,
}

/// The insurer's intermediary (French: agent, courtier).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrimeIntermediary {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub name: Option<String>,
    /// Phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub phone: Option<String>,
}

/// Opens a declaration: creates or finds the user, the contract and the claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrimeRequest {
    /// The insured.
    pub insured: PrimeInsured,
    /// The contract.
    pub contract: PrimeContract,
    /// The claim.
    pub claim: PrimeClaim,
    /// The intermediary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intermediary: Option<PrimeIntermediary>,
    /// The insured product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub product: Option<String>,
    /// Type of loss: `DDE` water damage (French: dégât des eaux), `VOL` theft...
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 100), example = &"DDE")]
    pub kind: String,
}

impl PrimeRequest {
    /// Reads the request, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<Prime, Vec<FieldError>> {
        let mut checker = Checker::new();
        let insured = checker.object("insured", |inner| self.insured.read(inner));
        let deductible = checker.object("contract", |inner| self.contract.read(inner));
        let location = checker.object("claim", |inner| {
            inner.text("number", &self.claim.number, 1, 100);
            inner.object("address", |deeper| self.claim.address.read(deeper))
        });
        let intermediary = self.intermediary.as_ref();
        let (intermediary_name, intermediary_phone) = checker.object("intermediary", |inner| {
            let name = intermediary.and_then(|intermediary| intermediary.name.as_ref());
            let phone = intermediary.and_then(|intermediary| intermediary.phone.as_ref());
            (inner.optional_name("name", name, 200), inner.optional_phone("phone", phone, 20))
        });
        checker.optional_text("product", self.product.as_ref(), 0, 100);
        checker.text("type", &self.kind, 1, 100);
        let Self { insured: PrimeInsured { title, status, .. }, contract, claim, product, kind, .. } = self;
        let prime = Prime {
            insured,
            title: title.map(|title| title.0),
            insured_status: status.map(|status| status.0).filter(|status| !status.is_empty()),
            contract_number: contract.number,
            deductible,
            general_terms: contract.general_terms_and_conditions,
            anteriority: contract.anteriority.map(|anteriority| anteriority.0),
            is_recent: contract.is_recent_subscription.map(|recent| recent.0),
            claim_number: claim.number,
            claim_at: claim.date.0,
            location,
            location_details: claim.address.other_details,
            intermediary_name,
            intermediary_phone,
            product,
            loss_type: kind,
        };
        checker.finish(Some(prime))
    }
}

impl PrimeInsured {
    fn read(&self, checker: &mut Checker) -> constat_domain::claim::Insured {
        if self.title.as_ref().is_some_and(|title| !matches!(title.0.as_str(), "1" | "2")) {
            checker.fail("title", "expected 1 or 2");
        }
        let insured = constat_domain::claim::Insured {
            last_name: checker.name("name", &self.name, 1, 100),
            first_name: checker.name("firstName", &self.first_name, 1, 100),
            email: Some(checker.email("email", &self.email, 254)),
            phone_number: checker.phone("mobile", &self.mobile, 1, 20),
            company: None,
        };
        if self.status.as_ref().is_some_and(|status| !status.0.is_empty() && !STATUSES.contains(&status.0.as_str())) {
            checker.fail("status", format!("expected one of: {}", STATUSES.join(", ")));
        }
        insured
    }
}

impl PrimeContract {
    fn read(&self, checker: &mut Checker) -> Option<Money> {
        checker.text("number", &self.number, 1, 100);
        checker.optional_text("generalTermsAndConditions", self.general_terms_and_conditions.as_ref(), 0, 200);
        checker.optional_text("anteriority", self.anteriority.as_ref().map(|anteriority| &anteriority.0), 0, 100);
        let text = self.deductable_amount.as_ref().map(|amount| amount.0.trim()).filter(|text| !text.is_empty())?;
        if is_thousands_or_decimals(text) {
            checker.fail("deductableAmount", "is ambiguous: write 1234 for thousands, or 1.23 with two decimals");
            return None;
        }
        let amount = text.parse().ok().filter(|euros| *euros >= 0.0);
        let money = amount.and_then(|euros| Money::from_major(euros, Currency::EUR));
        if money.is_none() {
            checker.fail("deductableAmount", "expected an amount in euros, such as 150 or 150.5");
        }
        money
    }
}

/// Whether a text is `1.234` or `1,234`: a thousand for some writers, one and a fraction for others.
fn is_thousands_or_decimals(text: &str) -> bool {
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(['.', ',']).is_some_and(|(whole, rest)| {
        (1..=3).contains(&whole.len()) && whole != "0" && rest.len() == 3 && is_digits(whole) && is_digits(rest)
    })
}

impl PrimeAddress {
    fn read(&self, checker: &mut Checker) -> Location {
        checker.text("line1", &self.line1, 1, 100);
        for (name, line) in [("line2", &self.line2), ("line3", &self.line3), ("line4", &self.line4)] {
            checker.optional_text(name, line.as_ref(), 0, 100);
        }
        // One text in the claims contract, which is as long as this at most.
        if self.street().chars().count() > MAX_ADDRESS_CHARS {
            checker
                .fail("line1", format!("expected at most {MAX_ADDRESS_CHARS} characters in the four lines together"));
        }
        checker.text("city", &self.city, 1, 100);
        checker.text("postCode", &self.post_code, 1, 20);
        checker.optional_text("country", self.country.as_ref(), 0, 100);
        checker.optional_text("otherDetails", self.other_details.as_ref(), 0, 1000);
        let mut location = self.location();
        if !location.zipcode.trim().is_empty() {
            for fault in location.normalise().err().into_iter().flatten() {
                let name = if fault.field == "zipcode" { "postCode" } else { "country" };
                checker.fail(name, fault.message);
            }
        }
        location
    }

    /// The four lines as one text.
    fn street(&self) -> String {
        let lines = [Some(&self.line1), self.line2.as_ref(), self.line3.as_ref(), self.line4.as_ref()];
        let lines: Vec<&str> =
            lines.into_iter().flatten().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        lines.join(" ")
    }

    fn location(&self) -> Location {
        Location {
            address: self.street(),
            city: self.city.clone(),
            country: self
                .country
                .clone()
                .filter(|country| !country.trim().is_empty())
                .unwrap_or_else(|| "France".to_owned()),
            zipcode: self.post_code.clone(),
        }
    }
}

/// The word `success`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PrimeSuccess {
    /// It worked.
    #[default]
    Success,
}

/// What was there before the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviouslyExisting {
    /// The claim.
    pub claim: bool,
    /// The user.
    pub user: bool,
    /// The contract.
    pub contract: bool,
}

/// The user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrimeUser {
    /// E-mail address.
    pub email: String,
}

/// The contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrimeContractResult {
    /// The insurer's number of it.
    pub number: String,
}

/// The claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrimeClaimResult {
    /// The insurer's reference of it.
    pub case_number: String,
    /// Identifies the claim here.
    pub id: String,
}

/// Where the insured goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrimeDeclaration {
    /// A sign-in link that works once.
    #[schemars(extend("format" = "uri"))]
    pub url: String,
}

/// What was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrimeResult {
    /// What was there before.
    pub previously_existing: PreviouslyExisting,
    /// The user.
    pub user: PrimeUser,
    /// The contract.
    pub contract: PrimeContractResult,
    /// The claim.
    pub claim: PrimeClaimResult,
    /// Where the insured goes on.
    pub declaration: PrimeDeclaration,
}

/// The declaration was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrimeAnswer {
    /// Always `success`.
    #[serde(rename = "type")]
    pub kind: PrimeSuccess,
    /// What was opened.
    pub result: PrimeResult,
}
