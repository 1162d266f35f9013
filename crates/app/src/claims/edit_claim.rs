//! Changing a draft.

use constat_domain::claim::{Claim, Location};
use constat_store::queries::claims;

use super::{claim_to_change, events};
use crate::{Act, AppError, Tx};

/// What changes; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClaimEdit {
    /// What happened, in the insured's words.
    pub description: Option<String>,
    /// Number and street.
    pub address: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Postcode.
    pub zipcode: Option<String>,
}

impl ClaimEdit {
    fn location(&self, now: &Location) -> Location {
        let pick = |new: &Option<String>, old: &String| new.as_ref().unwrap_or(old).clone();
        Location {
            address: pick(&self.address, &now.address),
            city: pick(&self.city, &now.city),
            country: pick(&self.country, &now.country),
            zipcode: pick(&self.zipcode, &now.zipcode),
        }
    }
}

/// Changes the description or parts of the place of a draft.
pub fn edit_claim(
    tx: &mut Tx,
    act: &Act,
    id: &str,
    edit: &ClaimEdit,
    if_match: Option<&[i64]>,
) -> Result<Claim, AppError> {
    let mut claim = claim_to_change(tx, act, id, if_match)?;
    let location = edit.location(&claim.location);
    claim.edit(edit.description.clone(), location, act.at)?;
    claims::update(tx, &claim)?;
    events::record(tx, act, events::DRAFT_EDITED, &claim)?;
    Ok(claim)
}
