//! The claim as it is answered.

use std::collections::BTreeMap;

use constat_domain::claim::{self};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AllowedAction, Answer, ClaimStatus, Deadline, DocumentEntry, Settlement};
use crate::common::{Checker, CoverDates, Instant, every_field_present};

/// Where the loss happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// Number and street, or a name that finds the place.
    #[schemars(length(min = 1, max = 200), example = &"48 boulevard des Batignolles")]
    pub address: String,
    /// Town.
    #[schemars(length(min = 1, max = 100), example = &"Paris")]
    pub city: String,
    /// Country: its name in French or English, or its ISO 3166-1 code of two or three letters. Kept as the
    /// French name or the alpha-2 code.
    #[schemars(length(min = 1, max = 100), example = &"France")]
    pub country: String,
    /// Postcode. In France and its overseas territories five digits, which may have spaces or `F-` before
    /// them; free elsewhere.
    #[schemars(length(min = 1, max = 20), example = &"75017")]
    pub zipcode: String,
}

impl Location {
    /// Notes what is wrong with it, and reads it.
    pub fn read(&self, checker: &mut Checker) -> claim::Location {
        checker.name("address", &self.address, 1, 200);
        checker.name("city", &self.city, 1, 100);
        checker.text("country", &self.country, 1, 100);
        checker.text("zipcode", &self.zipcode, 1, 20);
        let mut location = claim::Location {
            address: self.address.clone(),
            city: self.city.clone(),
            country: self.country.clone(),
            zipcode: self.zipcode.clone(),
        };
        // What is blank was named above.
        if !self.country.trim().is_empty() && !self.zipcode.trim().is_empty() {
            for fault in location.normalise().err().into_iter().flatten() {
                checker.fail(&fault.field, fault.message);
            }
        }
        location
    }
}

impl From<&claim::Location> for Location {
    fn from(location: &claim::Location) -> Self {
        Self {
            address: location.address.clone(),
            city: location.city.clone(),
            country: location.country.clone(),
            zipcode: location.zipcode.clone(),
        }
    }
}

/// The insured person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Insured {
    /// First name.
    #[schemars(length(min = 1, max = 100), example = &"Jean")]
    pub first_name: String,
    /// Last name.
    #[schemars(length(min = 1, max = 100), example = &"Dupont")]
    pub last_name: String,
    /// Phone number.
    #[schemars(length(min = 1, max = 20), example = &"+33612345678")]
    pub phone_number: String,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 254), example = &"jean.dupont@example.com")]
    pub email: Option<String>,
    /// Company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub company: Option<String>,
}

impl Insured {
    /// Notes what is wrong with it, and reads it.
    pub fn read(&self, checker: &mut Checker) -> claim::Insured {
        claim::Insured {
            first_name: checker.name("firstName", &self.first_name, 1, 100),
            last_name: checker.name("lastName", &self.last_name, 1, 100),
            phone_number: checker.phone("phoneNumber", &self.phone_number, 1, 20),
            email: checker.optional_email("email", self.email.as_ref(), 254),
            company: checker.optional_name("company", self.company.as_ref(), 200),
        }
    }
}

impl From<&claim::Insured> for Insured {
    fn from(insured: &claim::Insured) -> Self {
        Self {
            first_name: insured.first_name.clone(),
            last_name: insured.last_name.clone(),
            phone_number: insured.phone_number.clone(),
            email: insured.email.clone(),
            company: insured.company.clone(),
        }
    }
}

/// The insured thing, as it was when the loss was declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct Product {
    /// Family: `bike`, `phone`, `home`...
    #[serde(rename = "type")]
    #[schemars(example = &"bike")]
    pub kind: String,
    /// Kind within the family.
    #[schemars(example = &"electric")]
    pub subtype: Option<String>,
    /// Brand.
    #[schemars(example = &"VanMoof")]
    pub brand: Option<String>,
    /// Model.
    #[schemars(example = &"S3")]
    pub model: Option<String>,
    /// Anti-theft marking: `marked`, `not_marked`, or as registered.
    #[schemars(example = &"marked")]
    pub product_marked: Option<String>,
    /// The owner's own reference of it, or null.
    #[schemars(example = &"bk-123456789")]
    pub internal_id: Option<String>,
    /// Free properties.
    #[serde(default)]
    pub custom: serde_json::Map<String, serde_json::Value>,
}

impl From<&claim::Product> for Product {
    fn from(product: &claim::Product) -> Self {
        Self {
            kind: product.kind.clone(),
            subtype: product.subtype.clone(),
            brand: product.brand.clone(),
            model: product.model.clone(),
            product_marked: product.product_marked.clone(),
            internal_id: product.internal_id.clone(),
            custom: product.custom.clone(),
        }
    }
}

/// A claim, whole. Every field is always there; what is not known yet is null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct Claim {
    /// The pre-declaration's id: it names the claim for its whole life.
    pub id: String,
    /// The internal claim's id, given when it is submitted; null before. Reads take either id.
    pub claim_id: Option<String>,
    /// The insured's user id.
    pub user_id: String,
    /// Where it stands.
    pub status: ClaimStatus,
    /// Whether it can be submitted: a draft with every mandatory document uploaded.
    pub can_submit: bool,
    /// What happened: `theft`, `break`, `water_damage`...
    #[serde(rename = "type")]
    #[schemars(example = &"theft")]
    pub kind: String,
    /// What happened, more closely.
    #[schemars(example = &"total_theft")]
    pub subtype: String,
    /// When it happened.
    pub claim_at: Instant,
    /// When it was declared.
    pub declaration_at: Instant,
    /// When it was closed, or null.
    pub closed_at: Option<Instant>,
    /// When it was last reopened, or null.
    pub reopened_at: Option<Instant>,
    /// When it was given up, or null.
    pub abandoned_at: Option<Instant>,
    /// What happened, in the insured's words.
    pub description: String,
    /// The contract.
    pub contract_id: String,
    /// The insured thing on the contract, or null.
    pub contract_product_id: Option<String>,
    /// The insured thing, as it was when the loss was declared.
    pub product: Product,
    /// Where it happened.
    pub location: Location,
    /// The insured person.
    pub insured: Insured,
    /// The answers, by the text of the question (French).
    pub questions: BTreeMap<String, Answer>,
    /// The documents that the claim asks for, and what came.
    pub document_entries: Vec<DocumentEntry>,
    /// The handler's note to the insured, or null.
    pub note: Option<String>,
    /// Settlements, oldest first.
    pub settlements: Vec<Settlement>,
    /// Extension: the statutory deadlines that wait, run, were met or missed. Their states change with
    /// time, not only with the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadlines: Option<Vec<Deadline>>,
    /// Extension: whether the contract covered the day of the loss. Unknown for an integrator that declared on the
    /// contract without naming its policyholder; `product` has only its `type` then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<CoverDates>,
    /// When it was created.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Extension: the actions that the caller may perform now, and why the others are refused. Webhooks contain
    /// the actions of an integrator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_actions: Vec<AllowedAction>,
}

/// A claim with what only the catalogue can tell of it.
#[derive(Debug, Clone)]
pub struct ClaimView<'a> {
    /// The claim.
    pub claim: &'a claim::Claim,
    /// The answers by the text of their question.
    pub questions: BTreeMap<String, claim::Answer>,
    /// What the claim asks for and what came.
    pub document_entries: Vec<DocumentEntry>,
    /// Whether it can be submitted.
    pub can_submit: bool,
    /// The actions that the caller may perform now.
    pub allowed_actions: Vec<AllowedAction>,
}

impl From<ClaimView<'_>> for Claim {
    fn from(view: ClaimView<'_>) -> Self {
        let claim = view.claim;
        Self {
            id: claim.declaration_id.to_string(),
            claim_id: claim.claim_id().map(|id| id.to_string()),
            user_id: claim.user_id.clone(),
            status: claim.status().into(),
            can_submit: view.can_submit,
            kind: claim.loss_type.clone(),
            subtype: claim.subtype.clone(),
            claim_at: claim.claim_at.into(),
            declaration_at: claim.declaration_at.into(),
            closed_at: claim.state.closed_at().map(Into::into),
            reopened_at: claim.reopened_at().map(Into::into),
            abandoned_at: claim.abandoned_at().map(Into::into),
            description: claim.description.clone(),
            contract_id: claim.contract.id.clone(),
            contract_product_id: claim.contract.product_id.clone(),
            product: (&claim.product).into(),
            location: (&claim.location).into(),
            insured: (&claim.insured).into(),
            questions: view.questions.iter().map(|(text, answer)| (text.clone(), answer.into())).collect(),
            document_entries: view.document_entries,
            note: claim.note.clone(),
            settlements: claim.settlements.iter().map(Into::into).collect(),
            deadlines: None,
            cover: Some(claim.cover().into()),
            created_at: claim.created_at.into(),
            updated_at: claim.updated_at.into(),
            allowed_actions: view.allowed_actions,
        }
    }
}

/// A claim in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct ClaimSummary {
    /// The pre-declaration's id.
    pub id: String,
    /// The internal claim's id, or null until it is submitted.
    pub claim_id: Option<String>,
    /// Where it stands.
    pub status: ClaimStatus,
    /// Whether it can be submitted.
    pub can_submit: bool,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, more closely.
    pub subtype: String,
    /// When it happened.
    pub claim_at: Instant,
    /// The contract.
    pub contract_id: String,
    /// The insured thing on the contract, or null.
    pub contract_product_id: Option<String>,
    /// When it was created.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

impl ClaimSummary {
    /// A claim in brief.
    pub fn new(claim: &claim::Claim, can_submit: bool) -> Self {
        Self {
            id: claim.declaration_id.to_string(),
            claim_id: claim.claim_id().map(|id| id.to_string()),
            status: claim.status().into(),
            can_submit,
            kind: claim.loss_type.clone(),
            subtype: claim.subtype.clone(),
            claim_at: claim.claim_at.into(),
            contract_id: claim.contract.id.clone(),
            contract_product_id: claim.contract.product_id.clone(),
            created_at: claim.created_at.into(),
            updated_at: claim.updated_at.into(),
        }
    }
}
