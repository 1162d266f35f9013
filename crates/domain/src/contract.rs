//! Contracts: what the registry knows of the cover, what a claim remembers of it, and what a contract
//! must be before the registry takes it.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::claim::Insured;
use crate::codes::{Codes, Table};
use crate::country::{Country, EXPECTED_COUNTRY};
use crate::geo::{Position, PostalAddress};
use crate::holidays::zone_of_department;
use crate::money::Money;
use crate::postcode;
use crate::refusal::FieldError;
use crate::service::{CustomerType, Insurer};
use crate::territory::misplaced;
use crate::text::place_key;

/// Longest text of a field, in characters.
const MAX_TEXT_CHARS: usize = 200;

/// The insured thing, as it was when the loss was declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// Catalogue family: `bike`, `phone`, `home`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Kind within the family: `electric`.
    pub subtype: Option<String>,
    /// Brand.
    pub brand: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Anti-theft marking: `marked`, `not_marked`, or as registered.
    pub product_marked: Option<String>,
    /// The owner's own reference of it.
    pub internal_id: Option<String>,
    /// Free properties of the registry.
    #[serde(default)]
    pub custom: serde_json::Map<String, serde_json::Value>,
}

/// One insured thing on a contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContractProduct {
    /// Its id on the contract: `contractProductId`.
    pub id: String,
    /// What it is.
    #[serde(flatten)]
    pub product: Product,
    /// For buildings: what and where the risk is.
    pub risk: Option<Risk>,
}

/// A building or place at risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// Code of `risk_type.csv`.
    pub kind: String,
    /// Code of `risk_relationship.csv`: what the insured is to it (owner, tenant, ...).
    pub relationship: Option<String>,
    /// Measures by code of `risk_measure.csv`: number of rooms, surface in square metres.
    #[serde(default)]
    pub measures: BTreeMap<String, f64>,
    /// Where.
    pub address: PostalAddress,
    /// Position, when known.
    pub position: Option<Position>,
    /// In words.
    pub description: Option<String>,
}

/// A contract of the registry: what the platform knows of the cover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// Its id in the registry: `contractId`.
    pub id: String,
    /// The insured's user id.
    pub user_id: String,
    /// The insurer's number of the contract.
    pub number: String,
    /// The product's commercial name.
    pub name: String,
    /// Whose risk it is.
    pub insurer: Insurer,
    /// Code of `guarantee_type.csv` that claims fall under unless their loss says otherwise.
    pub guarantee: String,
    /// Private person or business.
    pub customer_type: CustomerType,
    /// The policyholder.
    pub holder: Insured,
    /// What the insured bears.
    pub deductible: Option<Money>,
    /// What is insured.
    pub products: Vec<ContractProduct>,
    /// First day of cover, when known.
    pub effective_from: Option<jiff::civil::Date>,
    /// Day after the last day of cover, when known.
    pub effective_to: Option<jiff::civil::Date>,
}

/// The contract as the claim remembers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContractSnapshot {
    /// `contractId`.
    pub id: String,
    /// `contractProductId`.
    pub product_id: Option<String>,
    /// The insurer's number.
    pub number: String,
    /// Commercial name.
    pub name: String,
    /// Whose risk.
    pub insurer: Insurer,
    /// Guarantee code.
    pub guarantee: String,
    /// Private person or business.
    pub customer_type: CustomerType,
    /// What the insured bears.
    pub deductible: Option<Money>,
    /// From when to when it covers.
    #[serde(default, skip_serializing_if = "CoverTerms::is_unknown")]
    pub cover: CoverTerms,
}

/// From when to when a contract covers, and where its days are counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CoverTerms {
    /// First day of cover, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<jiff::civil::Date>,
    /// Day after the last day of cover, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_to: Option<jiff::civil::Date>,
    /// IANA time zone of the risk's address. `None` where the contract names no place: days are then those
    /// of the place of the loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

impl CoverTerms {
    /// Whether neither date is known.
    pub const fn is_unknown(&self) -> bool {
        self.effective_from.is_none() && self.effective_to.is_none()
    }
}

impl Contract {
    /// From when to when it covers one of its products; all of them start and end with the contract.
    pub fn cover_terms(&self, product_id: Option<&str>) -> CoverTerms {
        let product = self.products.iter().find(|product| Some(product.id.as_str()) == product_id);
        let risk = product.or_else(|| self.products.first()).and_then(|product| product.risk.as_ref());
        let terms = CoverTerms { effective_from: self.effective_from, effective_to: self.effective_to, zone: None };
        if terms.is_unknown() {
            return terms;
        }
        // A risk abroad has the days of Paris, as its terms have.
        let department = risk.map(|risk| risk.address.department().unwrap_or_default());
        CoverTerms { zone: department.map(|code| zone_of_department(&code).to_owned()), ..terms }
    }

    /// Writes countries and postcodes of its risks in one way, and takes the blanks around the holder's data
    /// off. What cannot be read stays as it is:
    /// [`Contract::check`] names it.
    pub fn normalise(&mut self) {
        for risk in self.products.iter_mut().filter_map(|product| product.risk.as_mut()) {
            risk.address.normalise();
        }
        self.holder.normalise();
    }

    /// Whether this is how someone writes the policyholder who knows them: the same last name, in any
    /// spelling, and the same phone number or e-mail address. Phone numbers are compared by their last nine
    /// digits, so that `06 12 34 56 78` and `+33612345678` are the same.
    pub fn is_held_by(&self, insured: &Insured) -> bool {
        let holder = &self.holder;
        let name = |person: &Insured| place_key(&person.last_name);
        let phone = |person: &Insured| {
            let digits: String = person.phone_number.chars().filter(char::is_ascii_digit).collect();
            digits.len().checked_sub(9).map(|from| digits[from..].to_owned())
        };
        let email = |person: &Insured| person.email.as_deref().map(|email| email.trim().to_lowercase());
        let is_same = |left: Option<String>, right: Option<String>| left.is_some() && left == right;
        !name(holder).trim().is_empty()
            && name(holder) == name(insured)
            && (is_same(phone(holder), phone(insured)) || is_same(email(holder), email(insured)))
    }

    /// What a claim remembers of the contract. The loss decides the guarantee; the contract's own
    /// stands in where the loss names none.
    pub fn snapshot(&self, product_id: Option<&str>, guarantee: Option<&str>) -> ContractSnapshot {
        ContractSnapshot {
            id: self.id.clone(),
            product_id: product_id.map(str::to_owned),
            number: self.number.clone(),
            name: self.name.clone(),
            insurer: self.insurer.clone(),
            guarantee: guarantee.unwrap_or(&self.guarantee).to_owned(),
            customer_type: self.customer_type,
            deductible: self.deductible,
            cover: self.cover_terms(product_id),
        }
    }

    /// Everything that a registry with this catalogue must refuse, field by field: empty or oversized
    /// texts, codes that are in no table, product types that no family covers, products given twice, a
    /// cover that ends before it starts. Empty when the record is sound.
    pub fn check(&self, catalogue: &Catalogue) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let texts = [
            ("id", &self.id),
            ("user_id", &self.user_id),
            ("number", &self.number),
            ("name", &self.name),
            ("holder.first_name", &self.holder.first_name),
            ("holder.last_name", &self.holder.last_name),
            ("holder.phone_number", &self.holder.phone_number),
        ];
        for (field, text) in texts {
            if text.trim().is_empty() || text.chars().count() > MAX_TEXT_CHARS {
                errors.push(FieldError::new(field, format!("must have 1 to {MAX_TEXT_CHARS} characters")));
            }
        }
        errors.extend(self.holder.faults("holder"));
        let codes = Codes::embedded();
        if codes.insurers_of(&self.insurer.acam_code).is_empty() {
            let message = "unknown insurer: expected an ACAM code of insurer_acam.csv, eight digits";
            errors.push(FieldError::new("insurer.acam_code", message));
        }
        check_code(Table::GuaranteeType, &self.guarantee, "guarantee", &mut errors);
        if self.deductible.is_some_and(|amount| amount.minor < 0) {
            errors.push(FieldError::new("deductible", "must not be negative"));
        }
        if self.products.is_empty() {
            errors.push(FieldError::new("products", "must list at least one product"));
        }
        let mut seen = HashSet::new();
        for (index, product) in self.products.iter().enumerate() {
            let field = format!("products[{index}]");
            if !seen.insert(product.id.as_str()) {
                errors.push(FieldError::new(format!("{field}.id"), "another product of the contract has this id"));
            }
            check_product(product, &field, catalogue, &mut errors);
        }
        if let (Some(from), Some(to)) = (self.effective_from, self.effective_to)
            && to <= from
        {
            errors.push(FieldError::new("effective_to", "must be after `effective_from`"));
        }
        errors
    }
}

fn check_code(table: Table, code: &str, field: &str, errors: &mut Vec<FieldError>) {
    let codes = Codes::embedded();
    if !codes.contains(table, code) {
        errors.push(FieldError::new(field, codes.unknown(table, code)));
    }
}

fn check_product(product: &ContractProduct, field: &str, catalogue: &Catalogue, errors: &mut Vec<FieldError>) {
    if product.id.trim().is_empty() || product.id.chars().count() > MAX_TEXT_CHARS {
        errors.push(FieldError::new(format!("{field}.id"), format!("must have 1 to {MAX_TEXT_CHARS} characters")));
    }
    if catalogue.family_for_product(&product.product.kind).is_none() {
        let known: Vec<&str> = catalogue.product_types().map(|named| named.id.as_str()).collect();
        let message = format!("no catalogue covers this product type; known: {}", known.join(", "));
        errors.push(FieldError::new(format!("{field}.type"), message));
    }
    if let Some(risk) = &product.risk {
        check_risk(risk, &format!("{field}.risk"), errors);
    }
}

fn check_risk(risk: &Risk, field: &str, errors: &mut Vec<FieldError>) {
    check_code(Table::RiskType, &risk.kind, &format!("{field}.kind"), errors);
    if let Some(relationship) = &risk.relationship {
        check_code(Table::RiskRelationship, relationship, &format!("{field}.relationship"), errors);
    }
    for (measure, value) in &risk.measures {
        check_code(Table::RiskMeasure, measure, &format!("{field}.measures"), errors);
        if !value.is_finite() || *value < 0.0 {
            errors.push(FieldError::new(format!("{field}.measures.{measure}"), "must be a number, 0 or more"));
        }
    }
    let address = &risk.address;
    // The lengths are those of the partner contract, which the address is sent through.
    let lines = [("street1", &address.street1, 38), ("zip_code", &address.zip_code, 5), ("city", &address.city, 32)];
    for (name, text, longest) in lines {
        if text.trim().is_empty() || text.chars().count() > longest {
            errors.push(FieldError::new(
                format!("{field}.address.{name}"),
                format!("must have 1 to {longest} characters"),
            ));
        }
    }
    match Country::read(&address.country_code) {
        None => errors.push(FieldError::new(format!("{field}.address.country_code"), EXPECTED_COUNTRY)),
        // A blank or oversized one was named above.
        Some(country) if (1..=5).contains(&address.zip_code.trim().chars().count()) => {
            if let Err(fault) = postcode::read(&address.zip_code, country) {
                errors.push(FieldError::new(format!("{field}.address.zip_code"), fault.to_string()));
            }
        }
        Some(_) => {}
    }
    if let Some(position) = risk.position {
        let message = if Position::new(position.lat, position.lon).is_none() {
            Some("must lie within -90 to 90 degrees of latitude and -180 to 180 of longitude".to_owned())
        } else {
            misplaced(position, address).map(|fault| fault.message(position))
        };
        errors.extend(message.map(|message| FieldError::new(format!("{field}.position"), message)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(json: serde_json::Value) -> Contract {
        serde_json::from_value(json).unwrap()
    }

    fn sound() -> serde_json::Value {
        serde_json::json!({
            "id": "contract-1", "user_id": "user-1", "number": "N-1", "name": "MRH",
            "insurer": { "acam_code": "02000402", "name": "Assureur A" },
            "guarantee": "DegatsDesEaux", "customer_type": "individual",
            "holder": { "first_name": "Jean", "last_name": "Dupont", "phone_number": "+33102030405" },
            "products": [{
                "id": "home-1", "type": "home",
                "risk": {
                    "kind": "Appartement", "relationship": "Locataire", "measures": { "Superficie": 62.0 },
                    "address": { "street1": "48 boulevard des Batignolles", "zip_code": "75017", "city": "Paris", "country_code": "FR" }
                }
            }],
            "effective_from": "2024-01-01", "effective_to": "2027-01-01"
        })
    }

    #[test]
    fn a_risk_lies_where_its_address_is() {
        let check = |lat: f64, lon: f64| {
            let mut json = sound();
            json["products"][0]["risk"]["position"] = serde_json::json!({ "lat": lat, "lon": lon });
            contract(json).check(Catalogue::embedded())
        };
        assert_eq!(check(48.8824, 2.3199), []);
        for (lat, lon, hint) in [(2.3199, 48.8824, "swapped?"), (-20.9, 55.4, "outside"), (148.0, 2.3, "-90 to 90")] {
            let errors = check(lat, lon);
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(errors[0].field.ends_with("risk.position") && errors[0].message.contains(hint), "{errors:?}");
        }
    }

    #[test]
    fn a_sound_contract_passes() {
        assert_eq!(contract(sound()).check(Catalogue::embedded()), []);
    }

    #[test]
    fn the_place_of_a_risk_is_read_as_people_write_it() {
        let read = |zip: &str, city: &str, country: &str| {
            let mut record = sound();
            let address = &mut record["products"][0]["risk"]["address"];
            address["zip_code"] = zip.into();
            address["city"] = city.into();
            address["country_code"] = country.into();
            let mut contract = contract(record);
            contract.normalise();
            let faults = contract.check(Catalogue::embedded()).into_iter().map(|fault| fault.field);
            let faults: Vec<String> = faults.collect();
            let address = contract.products[0].risk.clone().unwrap().address;
            (address.zip_code, address.country_code, faults.join(" "))
        };
        let good = |zip: &str, country: &str| (zip.to_owned(), country.to_owned(), String::new());
        assert_eq!(read("75 017", "Paris", "FRA"), good("75017", "FR"));
        assert_eq!(read("F-75017", "Paris", "France métropolitaine"), good("75017", "FR"));
        assert_eq!(read("97410", "Saint-Pierre", "La Réunion"), good("97410", "FR"));
        assert_eq!(read("1000", "Bruxelles", "Belgique"), good("1000", "BE"));
        // A lost zero is put back where the town has that postcode, and only there.
        assert_eq!(read("1000", "BOURG EN BRESSE", "FR"), good("01000", "FR"));
        let (zip, country) = ("products[0].risk.address.zip_code", "products[0].risk.address.country_code");
        assert_eq!(read("1000", "Bruxelles", "FR"), ("1000".to_owned(), "FR".to_owned(), zip.to_owned()));
        assert_eq!(read("abcde", "Paris", "FR").2, zip);
        assert_eq!(read("75017", "Mamoudzou", "YT").2, zip);
        assert_eq!(read("75017", "Paris", "Atlantide").2, country);
    }

    #[test]
    fn every_fault_of_a_contract_is_named() {
        let mut bad = sound();
        bad["number"] = "".into();
        bad["insurer"]["acam_code"] = "99999999".into();
        bad["guarantee"] = "DegatsDesEau".into();
        bad["deductible"] = serde_json::json!({ "minor": -1, "currency": "EUR" });
        bad["effective_to"] = "2023-01-01".into();
        bad["products"][0]["type"] = "spaceship".into();
        bad["products"][0]["risk"]["kind"] = "Tente".into();
        bad["products"][0]["risk"]["measures"] = serde_json::json!({ "Superficie": -1.0 });
        bad["products"][0]["risk"]["address"]["zip_code"] = "750170".into();
        let twin = bad["products"][0].clone();
        bad["products"].as_array_mut().unwrap().push(twin);
        let errors = contract(bad).check(Catalogue::embedded());
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(
            fields[..8],
            [
                "number",
                "insurer.acam_code",
                "guarantee",
                "deductible",
                "products[0].type",
                "products[0].risk.kind",
                "products[0].risk.measures.Superficie",
                "products[0].risk.address.zip_code"
            ]
        );
        assert!(fields.contains(&"products[1].id") && fields.contains(&"effective_to"), "{fields:?}");
        assert!(errors[2].message.contains("DegatsDesEaux"), "{}", errors[2].message);
    }
}
