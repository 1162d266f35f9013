//! A partner's service request, made from a claim. Pure.

use constat_domain::Refusal;
use constat_domain::claim::{Claim, Location};
use constat_domain::geo::{Place, PostalAddress};
use constat_domain::ids::ClaimId;
use constat_domain::service::{ClaimBrief, Dwelling, ServiceKind, ServiceRequest};

use super::SearchClaimAppointments;
use super::damages::building_damages;

/// Most characters of an address line. Source: partner API v0.9.1.
const LINE: usize = 38;
/// Most characters of a town. Source: partner API v0.9.1.
const CITY: usize = 32;
/// Most characters of a postcode. Source: partner API v0.9.1.
const ZIP: usize = 5;

/// The mission of a repair request that does not say: repair ordered without an expertise before.
const USUAL_REPAIR_MISSION: &str = "RenDirecte";

/// The name that the insurer or else the platform has for the claim: what a partner files it under.
pub(super) fn case_number(claim: &Claim) -> String {
    claim.dossier.insurer_reference.clone().unwrap_or_else(|| claim.declaration_id.to_string())
}

/// Where a visit for the claim is: at the risk, else where the loss happened. `None` when neither
/// can be written as a partner's postal address.
pub(super) fn usual_place(claim: &Claim) -> Option<Place> {
    let risk = claim.dossier.risk.as_ref();
    let at_risk = risk.map(|risk| Place { address: risk.address.clone(), position: risk.position });
    at_risk.or_else(|| place_of(&claim.location))
}

/// A place for a visit of this kind, or the field to blame: a remote meeting needs one too, because
/// the partner files the appointment under it.
pub(super) fn required_place(claim: &Claim, given: Option<&Place>) -> Result<Place, Refusal> {
    given.cloned().or_else(|| usual_place(claim)).ok_or_else(|| {
        Refusal::field("location", "is required: the claim's own address has no French postcode of 5 digits")
    })
}

/// The request to a partner.
pub(super) fn service_request(claim: &Claim, search: &SearchClaimAppointments, place: &Place) -> ServiceRequest {
    let repair = search.kind == ServiceKind::RepairInKind;
    let declared = claim.dossier.declared_damages.as_ref().filter(|_| repair);
    let mission_type = search.mission_type.clone();
    ServiceRequest {
        kind: search.kind,
        kind_label: None,
        claim: Some(brief(claim)),
        from: search.from,
        to: search.to,
        limit: search.limit,
        place: Some(place.clone()),
        dwelling: claim.dossier.risk.as_ref().map(|risk| dwelling(&risk.kind)),
        customer: claim.contract.customer_type,
        insurer_claim_id: case_number(claim),
        mission_type: mission_type.or_else(|| repair.then(|| USUAL_REPAIR_MISSION.to_owned())),
        damages: declared.map(building_damages).unwrap_or_default(),
        granularity: search.granularity,
        process: search.process.clone(),
        reschedules: None,
    }
}

fn brief(claim: &Claim) -> ClaimBrief {
    ClaimBrief {
        date: claim.declaration_at,
        guarantee: claim.contract.guarantee.clone(),
        insurer: claim.contract.insurer.clone(),
        // The UUID form: the dossier contract asks for one.
        claim_id: claim.claim_id.map_or_else(|| claim.declaration_id.uuid(), ClaimId::uuid).to_string(),
        loss_at: Some(claim.claim_at),
        loss: claim.dossier.loss.clone(),
        loss_place: place_of(&claim.location),
        valuation: claim.dossier.valuation,
    }
}

fn dwelling(risk_type: &str) -> Dwelling {
    match risk_type {
        "Appartement" => Dwelling::Flat,
        "MaisonParticuliere" => Dwelling::House,
        _ => Dwelling::Other,
    }
}

/// The claims contract's one-line address in the lines of the partner contract.
fn place_of(location: &Location) -> Option<Place> {
    let country_code = country_code(&location.country)?;
    let zip_code = location.zipcode.trim().to_owned();
    if zip_code.is_empty() || zip_code.chars().count() > ZIP {
        return None;
    }
    let mut lines = lines_of(&location.address).into_iter();
    let street1 = lines.next()?;
    let city: String = location.city.trim().chars().take(CITY).collect();
    if city.is_empty() {
        return None;
    }
    let address = PostalAddress {
        street1,
        more_lines: lines.collect(),
        zip_code,
        city,
        country_code,
        country: None,
        state: None,
    };
    Some(Place { address, position: None })
}

/// `FR` for France in any spelling, a code as it is. Other names are not guessed.
fn country_code(country: &str) -> Option<String> {
    let country = country.trim();
    if country.is_empty() || country.eq_ignore_ascii_case("france") {
        return Some("FR".to_owned());
    }
    let is_code = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then(|| country.to_ascii_uppercase())
}

/// An address in at most four lines of 38 characters, broken between words where that is possible.
/// What is beyond is left out.
fn lines_of(address: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in address.split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + length <= LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.chars().take(LINE).collect()),
        }
    }
    lines.truncate(4);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(address: &str, zipcode: &str, country: &str) -> Location {
        Location {
            address: address.to_owned(),
            city: "Paris".to_owned(),
            country: country.to_owned(),
            zipcode: zipcode.to_owned(),
        }
    }

    #[test]
    fn a_long_address_is_broken_between_words_into_lines_of_mail() {
        let long = "Résidence des Quatre Vents, bâtiment C, escalier 2, 48 boulevard des Batignolles";
        let place = place_of(&location(long, "75017", "France")).unwrap();
        assert_eq!(place.address.street1, "Résidence des Quatre Vents, bâtiment");
        assert!(place.address.more_lines.iter().all(|line| line.chars().count() <= LINE));
        assert_eq!(place.address.more_lines.concat().replace(' ', ""), "C,escalier2,48boulevarddesBatignolles");
        assert_eq!(lines_of(&"x".repeat(50)), ["x".repeat(38)]);
    }

    #[test]
    fn an_address_that_partners_cannot_write_is_none() {
        assert_eq!(
            place_of(&location("48 boulevard des Batignolles", "75017", "FRANCE")).unwrap().address.country_code,
            "FR"
        );
        assert_eq!(place_of(&location("Rue Haute 1", "1000", "be")).unwrap().address.country_code, "BE");
        assert_eq!(place_of(&location("1 Downing Street", "SW1A 2AA", "GB")), None);
        assert_eq!(place_of(&location("Rue Haute 1", "1000", "Royaume de Belgique")), None);
        assert_eq!(place_of(&location(" ", "75017", "FR")), None);
    }
}
