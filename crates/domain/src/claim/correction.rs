//! What a handler corrects of a claim after it was handed in: the place, the insured, the facts of the loss.

use jiff::Timestamp;

use super::{Claim, ClaimStatus, Risk};
use crate::clock::lies_ahead;
use crate::codes::Codes;
use crate::refusal::{ClaimRefusal, Refusal};
use crate::service::LossTriple;

/// Changes of a claim; `None` leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Correction {
    /// When the loss happened.
    pub claim_at: Option<Timestamp>,
    /// What happened, in words.
    pub description: Option<String>,
    /// Where it happened.
    pub location: LocationEdit,
    /// The insured person.
    pub insured: InsuredEdit,
    /// What happened, as codes.
    pub loss: Option<LossTriple>,
    /// The building or place at risk.
    pub risk: Option<Risk>,
}

/// What changes of a location.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocationEdit {
    /// Number and street.
    pub address: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Postcode.
    pub zipcode: Option<String>,
}

/// What changes of the insured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InsuredEdit {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Phone number.
    pub phone_number: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Company.
    pub company: Option<String>,
}

/// Takes over a value that was given, and notes the field when it differs.
fn replace<T: Clone + PartialEq>(changed: &mut Vec<&'static str>, field: &'static str, new: Option<&T>, now: &mut T) {
    if let Some(new) = new.filter(|new| *new != now) {
        now.clone_from(new);
        changed.push(field);
    }
}

impl Claim {
    /// Refuses unless its facts may be corrected: a claim that has ended is reopened first, if it can be.
    pub(super) const fn may_correct(&self) -> Result<(), ClaimRefusal> {
        match self.status() {
            ClaimStatus::Draft | ClaimStatus::Submitted | ClaimStatus::InProgress | ClaimStatus::PendingInfo => Ok(()),
            ClaimStatus::Closed | ClaimStatus::Rejected | ClaimStatus::Abandoned | ClaimStatus::Archived => {
                Err(ClaimRefusal::StatusLocked)
            }
        }
    }

    /// Corrects facts, and gives the fields that changed, as the claims contract writes them. None: nothing
    /// differed, and the claim stays in its version.
    ///
    /// # Errors
    /// The claim has ended; the place or the codes are not valid; the loss lies after its declaration.
    pub fn correct(
        &mut self,
        codes: &Codes,
        correction: &Correction,
        at: Timestamp,
    ) -> Result<Vec<&'static str>, Refusal> {
        self.may_correct()?;
        let mut corrected = self.clone();
        let mut changed = Vec::new();
        replace(&mut changed, "claimAt", correction.claim_at.as_ref(), &mut corrected.claim_at);
        if lies_ahead(corrected.claim_at, self.declaration_at) && !changed.is_empty() {
            return Err(Refusal::field("claimAt", "lies after the declaration"));
        }
        replace(&mut changed, "description", correction.description.as_ref(), &mut corrected.description);
        changed.extend(corrected.edit_location(&correction.location)?);
        changed.extend(corrected.correct_insured(&correction.insured));
        if let Some(given) = &correction.loss {
            let resolved = codes.resolve_triple(&given.nature, given.cause.as_deref(), given.detail.as_deref());
            let loss = resolved.map_err(|unknown| Refusal::field("loss", unknown.to_string()))?;
            replace(&mut changed, "loss", Some(&Some(loss)), &mut corrected.dossier.loss);
        }
        if let Some(risk) = &correction.risk {
            let known = corrected.dossier.risk.as_ref().filter(|known| known.address == risk.address);
            let position = risk.position.or(known.and_then(|known| known.position));
            let risk = Risk { position, ..risk.clone() };
            let of_risk = super::Dossier { risk: Some(risk.clone()), ..super::Dossier::default() };
            Refusal::unless_empty(super::code_faults(&of_risk, codes))?;
            replace(&mut changed, "risk", Some(&Some(risk)), &mut corrected.dossier.risk);
        }
        if !changed.is_empty() {
            corrected.touch(at);
            *self = corrected;
        }
        Ok(changed)
    }

    /// Takes over the parts of the place that are given, and gives those that changed. Country and postcode
    /// are judged when one of them is given: what was there before may be wrong.
    pub(super) fn edit_location(&mut self, edit: &LocationEdit) -> Result<Vec<&'static str>, Refusal> {
        let mut location = self.location.clone();
        for (new, now) in [
            (&edit.address, &mut location.address),
            (&edit.city, &mut location.city),
            (&edit.country, &mut location.country),
            (&edit.zipcode, &mut location.zipcode),
        ] {
            if let Some(new) = new {
                now.clone_from(new);
            }
        }
        if edit.country.is_some() || edit.zipcode.is_some() {
            location.normalise().map_err(|mut faults| {
                for fault in &mut faults {
                    fault.field.insert_str(0, "location.");
                }
                Refusal::Invalid(faults)
            })?;
        }
        let mut changed = Vec::new();
        replace(&mut changed, "location.address", Some(&location.address), &mut self.location.address);
        replace(&mut changed, "location.city", Some(&location.city), &mut self.location.city);
        replace(&mut changed, "location.country", Some(&location.country), &mut self.location.country);
        replace(&mut changed, "location.zipcode", Some(&location.zipcode), &mut self.location.zipcode);
        Ok(changed)
    }

    fn correct_insured(&mut self, edit: &InsuredEdit) -> Vec<&'static str> {
        let InsuredEdit { first_name, last_name, phone_number, email, company } = edit;
        let insured = &mut self.insured;
        let mut changed = Vec::new();
        replace(&mut changed, "insured.firstName", first_name.as_ref(), &mut insured.first_name);
        replace(&mut changed, "insured.lastName", last_name.as_ref(), &mut insured.last_name);
        replace(&mut changed, "insured.phoneNumber", phone_number.as_ref(), &mut insured.phone_number);
        let given = |text: &Option<String>| text.clone().map(Some);
        replace(&mut changed, "insured.email", given(email).as_ref(), &mut insured.email);
        replace(&mut changed, "insured.company", given(company).as_ref(), &mut insured.company);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::tests::{draft, now, state_at, submitted};

    fn zipcode(zipcode: &str) -> Correction {
        let location = LocationEdit { zipcode: Some(zipcode.to_owned()), ..LocationEdit::default() };
        Correction { location, ..Correction::default() }
    }

    #[test]
    fn a_handler_corrects_place_insured_and_loss_of_a_submitted_claim() {
        let codes = Codes::embedded();
        let mut claim = submitted();
        let before = claim.clone();
        let correction = Correction {
            claim_at: Some(claim.claim_at - jiff::SignedDuration::from_hours(24)),
            insured: InsuredEdit { phone_number: Some("+33699999999".to_owned()), ..InsuredEdit::default() },
            ..zipcode("69 003")
        };
        let changed = claim.correct(codes, &correction, now()).unwrap();
        assert_eq!(changed, ["claimAt", "location.zipcode", "insured.phoneNumber"]);
        assert_eq!((claim.location.zipcode.as_str(), claim.version), ("69003", before.version + 1));
        assert_eq!(claim.insured.first_name, before.insured.first_name);
        // The same once more changes nothing.
        assert_eq!(claim.correct(codes, &correction, now()), Ok(Vec::new()));
        assert_eq!(claim.version, before.version + 1);
        // A draft as well.
        assert_eq!(draft().correct(codes, &zipcode("69003"), now()), Ok(vec!["location.zipcode"]));
    }

    #[test]
    fn what_is_wrong_changes_nothing() {
        let codes = Codes::embedded();
        let mut claim = submitted();
        let before = claim.clone();
        let late = Correction {
            claim_at: Some(claim.declaration_at + jiff::SignedDuration::from_hours(24)),
            ..zipcode("69003")
        };
        let mut abroad = zipcode("1000");
        abroad.location.country = Some("Atlantide".to_owned());
        let loss = LossTriple { nature: "Deluge".to_owned(), cause: None, detail: None };
        let unknown = Correction { loss: Some(loss), ..zipcode("69003") };
        for (wrong, field) in [
            (zipcode("1000"), "location.zipcode"),
            (zipcode("abcde"), "location.zipcode"),
            (abroad, "location.country"),
            (late, "claimAt"),
            (unknown, "loss"),
        ] {
            let Err(Refusal::Invalid(faults)) = claim.correct(codes, &wrong, now()) else { panic!("{wrong:?}") };
            assert_eq!(faults[0].field, field);
            assert_eq!(claim, before);
        }
        for status in [ClaimStatus::Closed, ClaimStatus::Rejected, ClaimStatus::Abandoned, ClaimStatus::Archived] {
            claim.state = state_at(status, now());
            let refused = claim.correct(codes, &zipcode("69003"), now());
            assert_eq!(refused, Err(ClaimRefusal::StatusLocked.into()), "{status:?}");
        }
    }

    #[test]
    fn a_wrong_postcode_of_before_does_not_keep_a_town_from_being_corrected() {
        let mut claim = submitted();
        claim.location.zipcode = "abcde".to_owned();
        let location = LocationEdit { city: Some("Lyon".to_owned()), ..LocationEdit::default() };
        let town = Correction { location, ..Correction::default() };
        assert_eq!(claim.correct(Codes::embedded(), &town, now()), Ok(vec!["location.city"]));
    }
}
