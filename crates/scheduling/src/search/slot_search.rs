//! One search: a checked and located request, ready for the engine.

use constat_availability::{
    Offer as FoundOffer, OpenOffer, Outcome, Party, PlaceFacts, Requirement, Spot, Travel, search, search_team,
    search_together,
};
use constat_core::AppError;
use constat_domain::Refusal;
use constat_domain::appointment::SESSION_SECONDS;
use constat_domain::gazetteer::SearchedPlace;
use constat_domain::ids::{ExpertId, SessionId};
use constat_domain::service::ServiceRequest;
use constat_domain::tenancy::Caller;
use jiff::{SignedDuration, Timestamp};

use crate::offer::firm_requirement::FirmRequirement;
use crate::offer::open_offers::{SearchIdentity, SessionOffers};
use crate::offer::parties::check_parties;
use crate::place::{is_holiday, locate};
use crate::scheduler::Scheduler;
use crate::search::request::{check_codes, complete_from_appointment};

/// A request that was checked and located.
pub(crate) struct SlotSearch {
    pub(crate) now: Timestamp,
    pub(crate) session: SessionId,
    identity: SearchIdentity,
    /// The request, its codes in canonical spelling and its place located.
    pub(crate) request: ServiceRequest,
    pub(crate) place: PlaceFacts,
    /// The place as the answer shows it.
    pub(crate) searched: Option<SearchedPlace>,
    /// The firm that is searched, then the other parties.
    pub(crate) firms: Vec<FirmRequirement>,
    /// For each firm, the last open offer that this search knows of.
    last_seen: Vec<u64>,
}

impl SlotSearch {
    /// Checks and locates a request, and reads the calendars of its firms.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every field that is wrong.
    pub(crate) fn prepare(
        scheduler: &Scheduler,
        caller: &Caller,
        mut request: ServiceRequest,
    ) -> Result<Self, AppError> {
        let core = &scheduler.core;
        let now = core.clock.now();
        let mut errors = check_codes(&mut request);
        let rescheduled = complete_from_appointment(scheduler, caller, &mut request)?.unwrap_or_else(|error| {
            errors.push(error);
            Vec::new()
        });
        let parties = check_parties(scheduler, caller, &request, &mut errors)?;
        let place = locate(request.kind, request.place.as_mut()).map_err(|error| errors.push(error)).ok();
        Refusal::unless_empty(errors)?;
        let found = place.ok_or_else(|| AppError::Fault("a request without a place passed".to_owned()))?;
        let (place, searched) = (found.facts, found.searched);
        let mut requirement = Requirement::derive(&request, &place, &core.settings.availability, &is_holiday, now)
            .map_err(Refusal::Invalid)?;
        requirement.reschedules = rescheduled;
        let department = place.department.as_deref();
        requirement.withheld_percent =
            scheduler.known_catastrophes.withheld_from(&core.store, &request, department, now)?;
        let calendars = &scheduler.calendars;
        let mut firms = vec![FirmRequirement::read(calendars, caller.tenant, requirement, now)?];
        for (tenant, party) in parties.into_iter().zip(&request.parties) {
            firms.push(firms[0].for_party(calendars, tenant, party.insurer.as_ref(), now)?);
        }
        let session = SessionId::new(now, &core.secure_random.entropy());
        let identity = SearchIdentity::of(caller, &request);
        Ok(Self { now, session, identity, request, place, searched, firms, last_seen: Vec::new() })
    }

    /// Runs the engine. `firms` are those of the search, perhaps with other calendars or a higher limit.
    pub(crate) fn run<'a, T: Travel>(&self, firms: &'a [FirmRequirement], travel: &T) -> Outcome {
        match firms {
            [firm] if self.request.all_trades => search_team(&firm.calendars, &firm.requirement, travel),
            [firm] => search(&firm.calendars, &firm.requirement, travel),
            firms => {
                let party =
                    |firm: &'a FirmRequirement| Party { index: &firm.calendars, requirement: &firm.requirement };
                search_together(&firms.iter().map(party).collect::<Vec<_>>(), travel)
            }
        }
    }

    /// Takes the open offers of other sessions into account.
    pub(crate) fn read_open_offers(&mut self, scheduler: &Scheduler) {
        let window = (self.request.from, self.request.to);
        let last_seen = self.firms.iter_mut().map(|firm| {
            let (open, last) = scheduler.open_offers.of_others(&self.identity, &firm.tenant, window, self.now);
            firm.requirement.open = open;
            last
        });
        self.last_seen = last_seen.collect();
    }

    /// Registers the offers of an outcome. False when another search has offered one of them meanwhile, unless this is
    /// the `last` try.
    pub(crate) fn register_offers(&self, scheduler: &Scheduler, outcome: &Outcome, last: bool) -> bool {
        let count = u16::try_from(outcome.offers.len()).unwrap_or(u16::MAX).max(1);
        self.firms.iter().zip(&self.last_seen).enumerate().all(|(number, (firm, last_seen))| {
            let site = firm.requirement.site.map(Spot::new);
            let of_firm = |(rank, found): (usize, &FoundOffer)| -> Vec<OpenOffer> {
                // One of them is booked: most callers take the first.
                let per_mille = if rank == 0 { 1000 } else { 1000 / count };
                let experts = self.experts(found).filter(|(firm, _)| *firm == number);
                let (start, end) = (found.busy_from, found.busy_to);
                experts.map(|(_, expert)| OpenOffer { expert, start, end, site, per_mille }).collect()
            };
            let offers = outcome.offers.iter().enumerate().flat_map(of_firm).collect();
            let offers = SessionOffers { session: self.session, until: self.expires_at(), offers };
            let last_seen = if last { u64::MAX } else { *last_seen };
            scheduler.open_offers.register(&self.identity, &firm.tenant, offers, (last_seen, self.now))
        })
    }

    /// The experts of an offer, each with the index of the expert's firm.
    pub(crate) fn experts(&self, found: &FoundOffer) -> impl Iterator<Item = (usize, ExpertId)> {
        let has_parties = self.firms.len() > 1;
        let experts = [found.expert].into_iter().chain(found.others.clone());
        experts.enumerate().map(move |(index, expert)| (if has_parties { index } else { 0 }, expert))
    }

    /// The instant from which nothing of the session can be booked.
    pub(crate) fn expires_at(&self) -> Timestamp {
        self.now.saturating_add(SignedDuration::from_secs(SESSION_SECONDS)).unwrap_or(self.now)
    }
}
