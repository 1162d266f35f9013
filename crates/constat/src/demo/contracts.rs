//! The made-up contract registry: the published examples, and some dozens more. The only insured
//! person with a name is the examples' own, Jean Dupont; all others are numbered.

use std::collections::BTreeMap;

use constat_domain::Money;
use constat_domain::claim::{Contract, ContractProduct, Insured, Product, Risk};
use constat_domain::gazetteer::{Gazetteer, Precision};
use constat_domain::geo::{Position, PostalAddress};
use constat_domain::service::{CustomerType, Insurer};

use super::rng::SeededRng;

/// The user of the published stolen-bike example, with its contract and bike.
pub const BIKE: (&str, &str, &str) = ("A1234567890", "contract_abc123", "product_def456");

/// The user of the home contract, with the contract and the flat.
pub const HOME: (&str, &str, &str) = ("B1234567890", "contract_mrh17", "product_home17");

/// Contracts besides the two examples.
const OTHERS: usize = 48;

/// The examples' insured.
pub fn jean_dupont() -> Insured {
    Insured {
        first_name: "Jean".to_owned(),
        last_name: "Dupont".to_owned(),
        phone_number: "+33612345678".to_owned(),
        email: Some("jean.dupont@example.com".to_owned()),
        company: None,
    }
}

fn product(kind: &str, subtype: Option<&str>, brand: Option<&str>, model: Option<&str>) -> Product {
    Product {
        kind: kind.to_owned(),
        subtype: subtype.map(str::to_owned),
        brand: brand.map(str::to_owned),
        model: model.map(str::to_owned),
        product_marked: None,
        internal_id: None,
        custom: serde_json::Map::new(),
    }
}

fn contract(
    (user, id, product_id): (&str, &str, &str),
    insurer: &Insurer,
    (name, guarantee): (&str, &str),
    product: Product,
    risk: Option<Risk>,
) -> Contract {
    Contract {
        id: id.to_owned(),
        user_id: user.to_owned(),
        number: format!("DEMO-{id}"),
        name: name.to_owned(),
        insurer: insurer.clone(),
        guarantee: guarantee.to_owned(),
        customer_type: CustomerType::Individual,
        holder: jean_dupont(),
        deductible: Some(Money::euro_cents(15_000)),
        products: vec![ContractProduct { id: product_id.to_owned(), product, risk }],
        effective_from: None,
        effective_to: None,
    }
}

fn risk(
    kind: &str,
    relationship: &str,
    rooms: f64,
    street: &str,
    (zip, city): (&str, &str),
    position: Option<Position>,
) -> Risk {
    Risk {
        kind: kind.to_owned(),
        relationship: Some(relationship.to_owned()),
        measures: BTreeMap::from([("NombreDePieces".to_owned(), rooms)]),
        address: PostalAddress {
            street1: street.to_owned(),
            more_lines: Vec::new(),
            zip_code: zip.to_owned(),
            city: city.to_owned(),
            country_code: "FR".to_owned(),
            country: None,
            state: None,
        },
        position,
        description: None,
    }
}

const BIKE_COVER: (&str, &str) = ("Assurance vélo", "Vol");
const HOME_COVER: (&str, &str) = ("Assurance multirisque habitation", "DegatsDesEaux");

fn bike() -> Product {
    let bike = product("bike", Some("electric"), Some("VanMoof"), Some("S3"));
    Product { product_marked: Some("marked".to_owned()), internal_id: Some("bk-123456789".to_owned()), ..bike }
}

/// The bike contract of the published example, at any insurer.
pub fn bike_contract(insurer: &Insurer) -> Contract {
    contract(BIKE, insurer, BIKE_COVER, bike(), None)
}

/// A home contract for a flat at 48 boulevard des Batignolles, 75017 Paris.
pub fn home_contract(insurer: &Insurer) -> Contract {
    // The flat's own position: what a person's address search would have found.
    let position = Position::new(48.882_4, 2.319_9);
    let risk = risk("Appartement", "Locataire", 3.0, "48 boulevard des Batignolles", ("75017", "Paris"), position);
    contract(HOME, insurer, HOME_COVER, product("home", None, None, None), Some(risk))
}

/// The platform's registry: the examples, and homes and bikes all over France.
pub fn registry(rng: &mut SeededRng, insurers: &[Insurer]) -> Vec<Contract> {
    let mut contracts = Vec::new();
    let Some(first) = insurers.first() else { return contracts };
    contracts.push(bike_contract(first));
    contracts.push(home_contract(first));
    let is_town = |commune: &&constat_domain::gazetteer::Commune| {
        commune.precision == Precision::Commune && commune.population > 2_000 && commune.name.chars().count() <= 32
    };
    let towns: Vec<_> = Gazetteer::embedded().communes().iter().filter(is_town).collect();
    for number in 1..=OTHERS {
        let (user, id, thing) = (
            format!("demo-user-{number:03}"),
            format!("demo-contract-{number:03}"),
            format!("demo-product-{number:03}"),
        );
        let names = (user.as_str(), id.as_str(), thing.as_str());
        let insurer = rng.pick(insurers).unwrap_or(first);
        let town = rng.pick(&towns).and_then(|commune| Some((commune.postcodes().next()?, commune.name)));
        let made = match town {
            Some(town) if number % 4 != 0 => {
                let (kind, relationship) =
                    if rng.percent(60) { ("MaisonParticuliere", "Proprietaire") } else { ("Appartement", "Locataire") };
                let street = format!("{} place de la Mairie", 1 + rng.below(30));
                let risk = risk(kind, relationship, 4.0, &street, town, None);
                contract(names, insurer, HOME_COVER, product("home", None, None, None), Some(risk))
            }
            _ => contract(names, insurer, BIKE_COVER, bike(), None),
        };
        let holder = Insured {
            first_name: "Assuré".to_owned(),
            last_name: format!("{number:03}"),
            phone_number: "+33102030405".to_owned(),
            email: None,
            company: None,
        };
        contracts.push(Contract { holder, ..made });
    }
    contracts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contract_would_pass_an_import() {
        let insurer = |code: &str| Insurer { acam_code: code.to_owned(), name: "Assureur (démo)".to_owned() };
        let all = registry(&mut SeededRng::new(2026), &[insurer("02000402"), insurer("21000402")]);
        assert_eq!(all.len(), OTHERS + 2);
        for contract in &all {
            assert_eq!(contract.check(constat_domain::catalogue::Catalogue::embedded()), [], "{}", contract.id);
        }
    }
}
