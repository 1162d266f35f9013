//! The catastrophes that are on, as every node knows them: read from the database every few seconds.

use std::sync::{Arc, PoisonError, RwLock};

use constat_domain::catastrophe::{Catastrophe, Struck, withheld_percent};
use constat_domain::service::ServiceRequest;
use constat_store::StoreError;
use constat_store::queries::catastrophes;
use jiff::{SignedDuration, Timestamp};

use crate::Scheduler;

/// How long what was read is trusted: as long a node may be behind the operator's switch.
const TRUSTED_FOR: SignedDuration = SignedDuration::from_secs(5);

/// What was read last, and until when it is trusted.
#[derive(Default)]
pub(crate) struct KnownCatastrophes(RwLock<Option<(Timestamp, Arc<[Catastrophe]>)>>);

impl Scheduler {
    /// The catastrophes that are on, at most five seconds late.
    fn catastrophes(&self, now: Timestamp) -> Result<Arc<[Catastrophe]>, StoreError> {
        let known = &self.known_catastrophes.0;
        if let Some((until, all)) = &*known.read().unwrap_or_else(PoisonError::into_inner)
            && now < *until
        {
            return Ok(Arc::clone(all));
        }
        let mut all = self.core.store.read(catastrophes::all)?;
        all.retain(|one| one.ended_at.is_none());
        let all: Arc<[Catastrophe]> = all.into();
        let until = now.saturating_add(TRUSTED_FOR).unwrap_or(now);
        *known.write().unwrap_or_else(PoisonError::into_inner) = Some((until, Arc::clone(&all)));
        Ok(all)
    }

    /// The share of each expert's day that a request may not have now, in percent: it is kept for those
    /// whom a catastrophe puts first.
    pub(crate) fn withheld_from(
        &self,
        request: &ServiceRequest,
        department: Option<&str>,
        now: Timestamp,
    ) -> Result<u8, StoreError> {
        let all = self.catastrophes(now)?;
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
