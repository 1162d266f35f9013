//! Who declared a claim, and so which integrator sees it.

use std::borrow::Cow;

use super::{Asker, Claim, ClaimStatus, Cover, CoverTerms, Product, Risk};
use crate::ids::OrgId;
use crate::tenancy::Caller;

impl Claim {
    /// The organisation that declared it: an integrator, or the platform itself.
    pub fn declarer(&self) -> OrgId {
        self.declared_by.unwrap_or(self.tenant.org)
    }

    /// Keeps who declared it.
    pub fn set_declarer(&mut self, declarer: OrgId) {
        self.declared_by = (declarer != self.tenant.org).then_some(declarer);
    }

    /// Whether it is there for this caller of the claims API ([`Caller::may_see`]).
    pub fn is_seen_by(&self, caller: &Caller) -> bool {
        caller.may_see(self.tenant, self.declarer())
    }

    /// Withholds what the registry knows of the contract from the integrator that declared the claim: number,
    /// deductible, dates of cover and the like, the insured thing, and the risk unless the declaration gave it
    /// (`gave_risk`).
    pub fn withhold_contract(&mut self, gave_risk: bool) {
        self.is_contract_withheld = true;
        self.is_risk_withheld = !gave_risk && self.dossier.risk.is_some();
    }

    /// Whether the reader may know what the registry tells of the contract.
    pub fn shows_contract_to(&self, asker: Asker) -> bool {
        asker == Asker::Handler || !self.is_contract_withheld
    }

    /// The insured thing, as far as the reader may know it: only its kind when the contract is withheld.
    pub fn product_for(&self, asker: Asker) -> Cow<'_, Product> {
        if self.shows_contract_to(asker) {
            return Cow::Borrowed(&self.product);
        }
        Cow::Owned(Product {
            kind: self.product.kind.clone(),
            subtype: None,
            brand: None,
            model: None,
            product_marked: None,
            internal_id: None,
            custom: serde_json::Map::new(),
        })
    }

    /// Whether the contract covered the day of the loss, as far as the reader may know it: unknown when the contract
    /// is withheld, and the day is that of the place of the loss then.
    pub fn cover_for(&self, asker: Asker) -> Cover {
        if self.shows_contract_to(asker) { self.cover() } else { self.cover_by(&CoverTerms::default()) }
    }

    /// The risk, as far as the reader may know it.
    pub fn risk_for(&self, asker: Asker) -> Option<&Risk> {
        self.dossier.risk.as_ref().filter(|_| asker == Asker::Handler || !self.is_risk_withheld)
    }

    /// Whether a firm with an appointment on it may pull its file: it was handed in, and not given up.
    pub const fn is_open_to_firms(&self) -> bool {
        match self.status() {
            ClaimStatus::Submitted
            | ClaimStatus::InProgress
            | ClaimStatus::PendingInfo
            | ClaimStatus::Closed
            | ClaimStatus::Rejected => true,
            ClaimStatus::Draft | ClaimStatus::Abandoned | ClaimStatus::Archived => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::claim::Insured;
    use crate::claim::tests::contract;

    #[test]
    fn the_policyholder_is_known_by_last_name_and_a_number_or_address() {
        let mut contract = contract();
        contract.holder = Insured {
            first_name: "Zoé".to_owned(),
            last_name: "Lefèvre".to_owned(),
            phone_number: "+33612345678".to_owned(),
            email: Some("zoe@example.com".to_owned()),
            company: None,
        };
        let told = |last_name: &str, phone: &str, email: Option<&str>| Insured {
            first_name: "Z.".to_owned(),
            last_name: last_name.to_owned(),
            phone_number: phone.to_owned(),
            email: email.map(str::to_owned),
            company: None,
        };
        for (last_name, phone, email) in [
            ("Lefèvre", "+33612345678", None),
            ("LEFEVRE", "06 12 34 56 78", None),
            ("lefevre", "+33700000000", Some(" ZOE@example.com ")),
        ] {
            assert!(contract.is_held_by(&told(last_name, phone, email)), "{last_name} {phone} {email:?}");
        }
        for (last_name, phone, email) in [
            ("Martin", "+33612345678", Some("zoe@example.com")),
            ("Lefèvre", "+33700000000", None),
            ("Lefèvre", "78", None),
            ("Lefèvre", "", Some("zoe+1@example.com")),
            ("", "+33612345678", None),
        ] {
            assert!(!contract.is_held_by(&told(last_name, phone, email)), "{last_name} {phone} {email:?}");
        }
        // A holder of whom nothing is known is shown by no declaration.
        contract.holder = told("", "", None);
        assert!(!contract.is_held_by(&told("", "", None)));
    }
}
