//! Catastrophes that are on, cached for a few seconds, and the share of the calendars that they withhold.

use std::sync::{Arc, PoisonError, RwLock};

use constat_domain::catastrophe::{Catastrophe, Struck, withheld_percent};
use constat_domain::service::ServiceRequest;
use constat_store::queries::catastrophes;
use constat_store::{Store, StoreError};
use jiff::{SignedDuration, Timestamp};

/// How long the cached list is used: this long a server may be behind the operator's command.
const CACHE_TTL: SignedDuration = SignedDuration::from_secs(5);

/// The cached list, and the instant until which it is used.
#[derive(Default)]
pub(crate) struct KnownCatastrophes(RwLock<Option<(Timestamp, Arc<[Catastrophe]>)>>);

impl KnownCatastrophes {
    /// The catastrophes that are on, at most [`CACHE_TTL`] late.
    fn current(&self, store: &Store, now: Timestamp) -> Result<Arc<[Catastrophe]>, StoreError> {
        if let Some((until, all)) = &*self.0.read().unwrap_or_else(PoisonError::into_inner)
            && now < *until
        {
            return Ok(Arc::clone(all));
        }
        let mut all = store.read(catastrophes::all)?;
        all.retain(|one| one.ended_at.is_none());
        let all: Arc<[Catastrophe]> = all.into();
        let until = now.saturating_add(CACHE_TTL).unwrap_or(now);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((until, Arc::clone(&all)));
        Ok(all)
    }

    /// The share of each expert's day that is withheld from a request, in percent: it is reserved for claims that a
    /// catastrophe puts first.
    pub(crate) fn withheld_from(
        &self,
        store: &Store,
        request: &ServiceRequest,
        department: Option<&str>,
        now: Timestamp,
    ) -> Result<u8, StoreError> {
        let all = self.current(store, now)?;
        if all.is_empty() {
            return Ok(0);
        }
        let loss = request.claim.as_ref().and_then(|claim| claim.loss.as_ref());
        let struck = Struck {
            department,
            postcode: request.place.as_ref().map(|place| place.address.zip_code.as_str()),
            nature: loss.map(|loss| loss.nature.as_str()),
            urgency: request.urgency,
        };
        Ok(withheld_percent(&all, &struck, now))
    }
}
