//! Offers made to other callers, who may still book them.

use std::sync::Arc;

use constat_domain::ids::ExpertId;
use jiff::Timestamp;

use crate::travel::Spot;

/// A time offered to another caller, who may still book it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenOffer {
    /// The expert.
    pub expert: ExpertId,
    /// Start of the busy time in the expert's day.
    pub start: Timestamp,
    /// End of the busy time in the expert's day.
    pub end: Timestamp,
    /// The place; `None` for a remote one.
    pub site: Option<Spot>,
    /// The chance that it is booked, 0 to 1,000 in 1,000.
    pub per_mille: u16,
}

/// Open offers, by expert. A clone shares them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OpenOffers(Option<Arc<[OpenOffer]>>);

impl OpenOffers {
    /// Some open offers, in any order.
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
