//! Offers made to other callers, who may still book them.

use std::sync::Arc;

use constat_domain::ids::ExpertId;
use jiff::Timestamp;

use crate::travel::Spot;

/// A time offered to another caller, who may still book it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenOffer {
    /// The named expert.
    pub expert: ExpertId,
    /// Start of the busy time in the expert's day.
    pub start: Timestamp,
    /// End of the busy time in the expert's day.
    pub end: Timestamp,
    /// The position of an on-site visit; `None` for a remote one.
    pub site: Option<Spot>,
    /// Probability of a booking, in thousandths.
    pub per_mille: u16,
}

/// Open offers, sorted by expert. Clones share them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OpenOffers(Option<Arc<[OpenOffer]>>);

impl OpenOffers {
    /// Builds the list from offers in any order.
    pub fn new(mut offers: Vec<OpenOffer>) -> Self {
        if offers.is_empty() {
            return Self(None);
        }
        if !offers.is_sorted_by_key(|offer| offer.expert) {
            offers.sort_by_key(|offer| offer.expert);
        }
        Self(Some(offers.into()))
    }

    pub(crate) fn all(&self) -> &[OpenOffer] {
        self.0.as_deref().unwrap_or_default()
    }
}
