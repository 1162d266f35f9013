//! A declaration that an insurer opens (`POST /claims/prime`): its facts become a contract of the registry and a draft
//! that the insured completes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::catalogue::{Catalogue, Family, LossType};
use crate::claim::{
    Claim, Contract, ContractProduct, ContractSnapshot, Dossier, Insured, Location, NewDraft, Product, Risk,
};
use crate::clock::lies_ahead;
use crate::codes::Codes;
use crate::ids::DeclarationId;
use crate::money::Money;
use crate::refusal::FieldError;
use crate::service::{CustomerType, Insurer, LossTriple};
use crate::tenancy::TenantId;

/// The product that is meant when the insurer names none: the contract speaks of dwellings.
const USUAL_PRODUCT: &str = "home";

/// What the trade calls a home contract: multirisque habitation.
const HOME_NAMES: [&str; 3] = ["mrh", "multirisque habitation", "assurance habitation"];

/// Kinds of dwelling, by product type of the catalogue's home family (codes of `risk_type.csv`).
const RISK_TYPES: [(&str, &str); 3] =
    [("apartment", "Appartement"), ("house", "MaisonParticuliere"), ("home", "AutreRisque")];

/// What an insurer tells to open a declaration. Well-formed; catalogue and codes are still to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct Prime {
    /// The insured. The e-mail is always there.
    pub insured: Insured,
    /// Form of address: `1` or `2`.
    pub title: Option<String>,
    /// Code of `insured_status.csv`, such as `5` for a tenant.
    pub insured_status: Option<String>,
    /// The insurer's number of the contract.
    pub contract_number: String,
    /// What the insured bears.
    pub deductible: Option<Money>,
    /// Reference of the general terms.
    pub general_terms: Option<String>,
    /// How long the contract has run, as given.
    pub anteriority: Option<String>,
    /// Taken out recently.
    pub is_recent: Option<bool>,
    /// The insurer's reference of the claim.
    pub claim_number: String,
    /// When the loss happened.
    pub claim_at: Timestamp,
    /// Where.
    pub location: Location,
    /// How to find the place.
    pub location_details: Option<String>,
    /// The intermediary's name.
    pub intermediary_name: Option<String>,
    /// The intermediary's phone.
    pub intermediary_phone: Option<String>,
    /// The insured product.
    pub product: Option<String>,
    /// `DDE`, `VOL`, or another loss type of the catalogue, by id or alias.
    pub loss_type: String,
}

/// What is insured and what happened to it, as the catalogue names them.
#[derive(Debug, Clone, Copy)]
pub struct PrimedLoss<'a> {
    /// Product type: `apartment`.
    pub product_type: &'a str,
    /// Id of the product on the contract, when the contract has it.
    pub product_id: Option<&'a str>,
    /// The catalogue's family.
    pub family: &'a Family,
    /// The loss type.
    pub loss_type: &'a LossType,
}

impl Prime {
    /// Finds product and loss in the catalogue. `contract` is the registry's, when it has one. The
    /// loss is looked for in the products of the contract that the request means (all of them when it
    /// names none); without a contract, in the product that it names, else in a home.
    ///
    /// # Errors
    /// Every field that is wrong: `product`, `type`, `claim.date`.
    pub fn loss<'a>(
        &'a self,
        catalogue: &'a Catalogue,
        contract: Option<&'a Contract>,
        now: Timestamp,
    ) -> Result<PrimedLoss<'a>, Vec<FieldError>> {
        let mut errors = Vec::new();
        if lies_ahead(self.claim_at, now) {
            errors.push(FieldError::new("claim.date", "lies in the future"));
        }
        let candidates = self.products(catalogue, contract);
        let found = candidates.iter().find_map(|(product_type, product_id, family)| {
            let loss_type = family.loss_type_named(&self.loss_type)?;
            Some(PrimedLoss { product_type, product_id: *product_id, family, loss_type })
        });
        if candidates.is_empty() {
            let field = if self.named_product().is_some() { "product" } else { "contract.number" };
            errors.push(FieldError::new(field, expected_products(catalogue, contract)));
        } else if found.is_none() {
            let mut known: Vec<&str> =
                candidates.iter().flat_map(|(_, _, family)| &family.loss_types).flat_map(names_of).collect();
            known.dedup();
            errors.push(FieldError::new("type", format!("expected one of: {}", known.join(", "))));
        }
        match found {
            Some(found) if errors.is_empty() => Ok(found),
            _ => Err(errors),
        }
    }

    fn named_product(&self) -> Option<&str> {
        self.product.as_deref().map(str::trim).filter(|product| !product.is_empty())
    }

    /// The products that may be meant: type, id on the contract, family.
    fn products<'a>(
        &'a self,
        catalogue: &'a Catalogue,
        contract: Option<&'a Contract>,
    ) -> Vec<(&'a str, Option<&'a str>, &'a Family)> {
        let on_contract = contract.map(|contract| contract.products.as_slice()).unwrap_or_default();
        let named = self.named_product();
        if on_contract.is_empty() {
            let product = named.map_or(Some(USUAL_PRODUCT), |named| product_named(catalogue, named));
            let family = product.and_then(|product| Some((product, None, catalogue.family_for_product(product)?)));
            return family.into_iter().collect();
        }
        let meant =
            named.and_then(|named| product_named(catalogue, named)).and_then(|kind| catalogue.family_for_product(kind));
        on_contract
            .iter()
            .filter_map(|one| Some((one, catalogue.family_for_product(&one.product.kind)?)))
            .filter(|(one, family)| {
                named.is_none_or(|named| one.id == named || meant.is_some_and(|meant| meant.id == family.id))
            })
            .map(|(one, family)| (one.product.kind.as_str(), Some(one.id.as_str()), family))
            .collect()
    }

    /// A new contract of the registry, with the one product that the loss is about.
    pub fn new_contract(
        &self,
        id: String,
        user_id: String,
        insurer: Insurer,
        loss: &PrimedLoss<'_>,
        codes: &Codes,
    ) -> Contract {
        Contract {
            id,
            user_id,
            number: self.contract_number.clone(),
            name: loss.family.label.clone(),
            insurer,
            guarantee: guarantee(loss),
            customer_type: CustomerType::Individual,
            holder: self.insured.clone(),
            deductible: self.deductible,
            products: vec![self.new_product(loss, codes)],
            effective_from: None,
            effective_to: None,
        }
    }

    /// A product of a contract, as far as the insurer describes it.
    pub fn new_product(&self, loss: &PrimedLoss<'_>, codes: &Codes) -> ContractProduct {
        let mut custom = Map::new();
        let mut keep = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                custom.insert(name.to_owned(), value);
            }
        };
        keep("generalTermsAndConditions", self.general_terms.clone().map(Value::from));
        keep("anteriority", self.anteriority.clone().map(Value::from));
        keep("isRecentSubscription", self.is_recent.map(Value::from));
        let product = Product {
            kind: loss.product_type.to_owned(),
            subtype: None,
            brand: None,
            model: None,
            product_marked: None,
            internal_id: None,
            custom,
        };
        ContractProduct { id: loss.product_type.to_owned(), product, risk: self.risk(loss, codes) }
    }

    fn risk(&self, loss: &PrimedLoss<'_>, codes: &Codes) -> Option<Risk> {
        let kind = RISK_TYPES.iter().find(|(product, _)| *product == loss.product_type)?.1;
        let relationship = self.insured_status.as_deref().and_then(|status| codes.relationship_of_status(status));
        Some(Risk {
            kind: kind.to_owned(),
            relationship: relationship.map(str::to_owned),
            measures: BTreeMap::new(),
            address: self.location.to_postal()?,
            position: None,
            description: self.location_details.clone(),
        })
    }

    /// The draft that the insured is to complete: no description and no answers yet, and of the
    /// subtypes of the loss the catalogue's first, until the insured says which.
    pub fn new_claim(
        &self,
        tenant: TenantId,
        id: DeclarationId,
        contract: &Contract,
        loss: &PrimedLoss<'_>,
        codes: &Codes,
        at: Timestamp,
    ) -> Claim {
        let on_contract = contract.products.iter().find(|one| Some(one.id.as_str()) == loss.product_id);
        let thing = on_contract.cloned().unwrap_or_else(|| self.new_product(loss, codes));
        let mut product = thing.product;
        self.note_origin(&mut product.custom);
        let subtype = loss.loss_type.subtypes.first();
        let dossier = Dossier {
            loss: subtype.and_then(|subtype| subtype.triple.as_ref()).map(|triple| nature_only(triple, codes)),
            risk: self.risk(loss, codes).or(thing.risk),
            insurer_reference: Some(self.claim_number.clone()),
            ..Dossier::default()
        };
        let draft = NewDraft {
            tenant,
            id,
            at,
            user_id: contract.user_id.clone(),
            loss_type: loss.loss_type.id.clone(),
            subtype: subtype.map(|subtype| subtype.id.clone()).unwrap_or_default(),
            catalogue_version: loss.family.version.clone(),
            claim_at: self.claim_at,
            description: String::new(),
            contract: ContractSnapshot {
                deductible: self.deductible.or(contract.deductible),
                ..contract.snapshot(Some(&thing.id), subtype.map(|subtype| subtype.guarantee.as_str()))
            },
            product,
            location: self.location.clone(),
            insured: self.insured.clone(),
            answers: BTreeMap::new(),
            dossier,
        };
        draft.into()
    }

    /// Keeps on the claim what no field of its own takes.
    fn note_origin(&self, custom: &mut Map<String, Value>) {
        if let Some(title) = &self.title {
            custom.insert("insuredTitle".to_owned(), title.clone().into());
        }
        if let Some(status) = &self.insured_status {
            custom.insert("insuredStatus".to_owned(), status.clone().into());
        }
        if self.intermediary_name.is_some() || self.intermediary_phone.is_some() {
            let intermediary = json!({ "name": self.intermediary_name, "phone": self.intermediary_phone });
            custom.insert("intermediary".to_owned(), intermediary);
        }
    }
}

/// The guarantee that the loss falls under.
fn guarantee(loss: &PrimedLoss<'_>) -> String {
    loss.loss_type.subtypes.first().map(|subtype| subtype.guarantee.clone()).unwrap_or_default()
}

/// The nature of a loss alone, where the table of losses has it so: cause and detail are for the
/// insured to tell. Else the whole triple.
fn nature_only(triple: &LossTriple, codes: &Codes) -> LossTriple {
    codes.resolve_triple(&triple.nature, None, None).unwrap_or_else(|_unknown| triple.clone())
}

/// The product type that a name means: its id or French label, or that of a whole family.
fn product_named<'a>(catalogue: &'a Catalogue, name: &str) -> Option<&'a str> {
    let wanted = name.trim().to_lowercase();
    let is = |text: &str| text.to_lowercase() == wanted;
    let exact = catalogue.product_types().find(|product| is(&product.id) || is(&product.label));
    let family = || {
        let id = if HOME_NAMES.contains(&wanted.as_str()) { USUAL_PRODUCT } else { wanted.as_str() };
        let family = catalogue.families.iter().find(|family| family.id == id || is(&family.label))?;
        family.products.first()
    };
    exact.or_else(family).map(|product| product.id.as_str())
}

/// What `product` may be.
fn expected_products(catalogue: &Catalogue, contract: Option<&Contract>) -> String {
    let on_contract = contract.map(|contract| contract.products.as_slice()).unwrap_or_default();
    if on_contract.is_empty() {
        let known: Vec<&str> = catalogue.product_types().map(|product| product.id.as_str()).collect();
        return format!("expected one of: {}", known.join(", "));
    }
    let known: Vec<&str> = on_contract.iter().map(|one| one.product.kind.as_str()).collect();
    format!("is not on the contract, which has: {}", known.join(", "))
}

/// Every name of a loss type that a request may use.
fn names_of(loss_type: &LossType) -> impl Iterator<Item = &str> {
    std::iter::once(loss_type.id.as_str()).chain(loss_type.aliases.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OrgId;
    use crate::tenancy::Mode;

    fn prime() -> Prime {
        Prime {
            insured: Insured {
                first_name: "Jean".to_owned(),
                last_name: "Dupont".to_owned(),
                phone_number: "+33612345678".to_owned(),
                email: Some("jean.dupont@example.com".to_owned()),
                company: None,
            },
            title: Some("1".to_owned()),
            insured_status: Some("5".to_owned()),
            contract_number: "MRH-1".to_owned(),
            deductible: None,
            general_terms: None,
            anteriority: None,
            is_recent: Some(false),
            claim_number: "S-1".to_owned(),
            claim_at: Timestamp::UNIX_EPOCH,
            location: Location {
                address: "48 boulevard des Batignolles".to_owned(),
                city: "Paris".to_owned(),
                country: "France".to_owned(),
                zipcode: "75017".to_owned(),
            },
            location_details: None,
            intermediary_name: None,
            intermediary_phone: None,
            product: Some("apartment".to_owned()),
            loss_type: "dde".to_owned(),
        }
    }

    #[test]
    fn a_tenants_water_damage_becomes_a_draft_with_its_risk() {
        let (prime, codes) = (prime(), Codes::embedded());
        let loss = prime.loss(Catalogue::embedded(), None, Timestamp::UNIX_EPOCH).unwrap();
        let insurer = Insurer { acam_code: "02000402".to_owned(), name: "ALLIANZ IARD".to_owned() };
        let contract = prime.new_contract("c1".to_owned(), "u1".to_owned(), insurer, &loss, codes);
        let tenant = TenantId { org: OrgId::new(Timestamp::UNIX_EPOCH, &[1; 10]), mode: Mode::Test };
        let id = DeclarationId::new(Timestamp::UNIX_EPOCH, &[2; 10]);
        let claim = prime.new_claim(tenant, id, &contract, &loss, codes, Timestamp::UNIX_EPOCH);
        assert_eq!((claim.loss_type.as_str(), claim.contract.guarantee.as_str()), ("water_damage", "DegatsDesEaux"));
        let risk = claim.dossier.risk.unwrap();
        assert_eq!((risk.kind.as_str(), risk.relationship.as_deref()), ("Appartement", Some("Locataire")));
        assert_eq!(claim.dossier.loss.unwrap().nature, "DegatsDesEaux");
        assert_eq!(claim.product.custom["insuredTitle"], "1");
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let mut prime = prime();
        prime.loss_type = "METEORITE".to_owned();
        prime.claim_at = Timestamp::from_second(86_400).unwrap();
        let errors = prime.loss(Catalogue::embedded(), None, Timestamp::UNIX_EPOCH).unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["claim.date", "type"]);
        assert!(errors[1].message.contains("DDE"));
        prime.product = Some("MRH".to_owned());
        prime.loss_type = "VOL".to_owned();
        let loss = prime.loss(Catalogue::embedded(), None, Timestamp::from_second(86_400).unwrap()).unwrap();
        assert_eq!((loss.product_type, loss.loss_type.id.as_str()), ("home", "burglary"));
        prime.product = Some("rocket".to_owned());
        let errors = prime.loss(Catalogue::embedded(), None, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(errors.iter().any(|error| error.field == "product"));
    }
}
