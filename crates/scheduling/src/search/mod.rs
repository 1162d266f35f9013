//! Searches free slots, and seals them into tokens.

mod by_road;
mod request;
mod slot_search;

use constat_availability::{Offer as FoundOffer, Outcome, Reason, Score};
use constat_core::{AppError, Seal};
use constat_domain::appointment::Slot;
use constat_domain::gazetteer::SearchedPlace;
use constat_domain::geo::Place;
use constat_domain::ids::ExpertId;
use constat_domain::service::ServiceRequest;
use constat_domain::tenancy::Caller;
use constat_domain::territory::misplaced;
use jiff::Timestamp;

use crate::offer::criteria::Criteria;
use crate::offer::token::{Offer, Participant, Session};
use crate::scheduler::Scheduler;
use crate::search::by_road::search_by_road;
use crate::search::slot_search::SlotSearch;
use crate::travel::roads::Roads;

/// The answer to a search.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSlots {
    /// The sealed session.
    pub session_id: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The offered slots, best first.
    pub slots: Vec<OfferedSlot>,
    /// Why no expert is free; empty when something is offered.
    pub reasons: Vec<Reason>,
    /// The place of the search; `None` for a remote appointment without a place.
    pub searched: Option<SearchedPlace>,
}

/// A slot with its sealed token.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedSlot {
    /// The slot.
    pub slot: Slot,
    /// Its id: the sealed offer.
    pub token: String,
    /// The expert.
    pub expert: ExpertId,
    /// The expert's name.
    pub expert_name: String,
    /// The points of its rank.
    pub score: Score,
}

/// Maximum repeated searches when other searches have offered the same slots meanwhile.
const MAX_REPEATS: usize = 3;

/// The same with a routing server, which may use its time budget at each search.
const MAX_REPEATS_BY_ROAD: usize = 1;

impl Scheduler {
    /// Searches the firm's calendars: locates the address, waits for `admission`, and searches with the drive times of
    /// the routing server, if there is one. Slots that were offered to others, and may still be booked, rank behind.
    ///
    /// The output of `admission` is dropped when the search is done.
    ///
    /// # Errors
    /// Those of `admission`, and [`Refusal::Invalid`](constat_domain::Refusal::Invalid).
    pub async fn search<P, E: From<AppError>>(
        &self,
        caller: &Caller,
        mut request: ServiceRequest,
        admission: impl Future<Output = Result<P, E>>,
    ) -> Result<FoundSlots, E> {
        self.geocode(&mut request).await;
        let _permit = admission.await?;
        let mut search = SlotSearch::prepare(self, caller, request)?;
        let mut repeats = if self.travel.routed().is_some() { MAX_REPEATS_BY_ROAD } else { MAX_REPEATS };
        loop {
            search.read_open_offers(self);
            let outcome = match &*self.travel {
                Roads::Estimated(estimator) => search.run(&search.firms, estimator),
                Roads::Routed(routed) => search_by_road(routed, &search).await,
            };
            if search.register_offers(self, &outcome, repeats == 0) {
                return Ok(self.seal_offers(caller, search, outcome)?);
            }
            repeats = repeats.saturating_sub(1);
        }
    }

    /// Sets the position of a French address on site that has none, by the geocoder. Without an answer the search uses
    /// the gazetteer.
    async fn geocode(&self, request: &mut ServiceRequest) {
        let on_site = request.kind.is_on_site();
        let unplaced = |place: &&mut Place| on_site && place.position.is_none() && place.address.country_code == "FR";
        if let Some(place) = request.place.as_mut().filter(unplaced) {
            // A position outside the address's territory is wrong.
            let found = self.geocoder.locate(&place.address).await;
            place.position = found.filter(|found| misplaced(*found, &place.address).is_none());
        }
    }

    /// Seals the session and each offer. Stores nothing.
    fn seal_offers(&self, caller: &Caller, search: SlotSearch, outcome: Outcome) -> Result<FoundSlots, AppError> {
        let expires_at = search.expires_at();
        let others = |found: &FoundOffer| -> Vec<Participant> {
            let others = search.experts(found).skip(1).filter_map(|(index, expert)| {
                let firm = search.firms.get(index)?;
                let insurer = if index == 0 { None } else { firm.requirement.insurer.clone() };
                Some(Participant { tenant: firm.tenant, expert, insurer })
            });
            others.collect()
        };
        let others: Vec<Vec<Participant>> = outcome.offers.iter().map(others).collect();
        let SlotSearch { now, session: id, request, place, searched, firms, .. } = search;
        let firm = firms.into_iter().next().ok_or_else(|| AppError::Fault("a search of no firm".to_owned()))?;
        let criteria = Criteria::of(&firm.requirement, &place, request.all_trades);
        let session = Session { id, tenant: caller.tenant, holder: caller.holder, asked_at: now, expires_at, request };
        let sealer = &self.core.sealer;
        let slots = outcome.offers.iter().zip(others).map(|(found, others)| {
            let offer = Offer {
                session: session.id,
                tenant: session.tenant,
                holder: session.holder,
                asked_at: now,
                expires_at,
                expert: found.expert,
                others,
                slot: found.slot,
                busy_from: found.busy_from,
                busy_to: found.busy_to,
                criteria: criteria.clone(),
            };
            let expert_name = firm.calendars.get(found.expert).map(|calendar| calendar.expert().display_name.clone());
            Ok(OfferedSlot {
                slot: found.slot,
                token: sealer.seal(Seal::Slot, &offer)?,
                expert: found.expert,
                expert_name: expert_name.unwrap_or_default(),
                score: found.score,
            })
        });
        let slots: Vec<OfferedSlot> = slots.collect::<Result<_, AppError>>()?;
        let reasons = if slots.is_empty() { outcome.reasons } else { Vec::new() };
        self.core.counts.searches.increment();
        if slots.is_empty() {
            self.core.counts.searches_without_offers.increment();
        }
        Ok(FoundSlots { session_id: sealer.seal(Seal::Session, &session)?, expires_at, slots, reasons, searched })
    }
}
