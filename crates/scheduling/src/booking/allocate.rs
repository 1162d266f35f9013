//! Allocates experts to an offered time: those that the offer names, else others of the same firm.
//!
//! An offer guarantees a time, not a person. A joint appointment is allocated as a whole or not at all: one expert
//! of each firm, or a team of workers of one firm.

use std::sync::Arc;

use constat_availability::{CalendarIndex, pick_team, who_can};
use constat_core::AppError;
use constat_domain::ids::ExpertId;
use constat_domain::refusal::BookingRefusal;
use constat_store::Tx;
use constat_store::queries::holds::HoldRow;
use jiff::Timestamp;

use crate::booking::attempt::BookingAttempt;
use crate::booking::day_versions::DayVersions;
use crate::booking::verify::{AssignedExpert, HoldScope, verify_feasible};
use crate::offer::participants::OfferParticipants;
use crate::offer::parties::may_still_book;
use crate::scheduler::Scheduler;
use crate::travel::roads::with_travel;

/// The experts of a visit, and the day versions that the decision rests on.
pub(crate) struct Allocation {
    /// Never empty: the experts of the firm that made the offer first.
    pub(crate) experts: Vec<AssignedExpert>,
    pub(crate) day_versions: DayVersions,
}

/// Allocates experts to the time of an attempt, first those that the session's holds reserve.
///
/// # Errors
/// [`BookingRefusal::SlotTaken`] when an expert is missing, a firm takes no more bookings from the caller, or the slot
/// has begun: no expert can take it any more.
pub(crate) fn allocate(
    tx: &mut Tx,
    scheduler: &Scheduler,
    booking: &BookingAttempt,
    held: &[HoldRow],
    now: Timestamp,
) -> Result<Allocation, AppError> {
    let (offer, time) = (&booking.offer, booking.busy_span());
    if offer.slot.start < now {
        return Err(BookingRefusal::SlotTaken.into());
    }
    let scope = HoldScope { session: offer.session, now };
    let mut allocation = Allocation { experts: Vec::new(), day_versions: DayVersions::default() };
    for participants in &booking.participants {
        let calendars = scheduler.calendars.as_searched(tx, &participants.tenant, now)?;
        if !may_still_book(tx, offer, &participants.tenant)? {
            return Err(BookingRefusal::SlotTaken.into());
        }
        let preferred = booking.preferred_experts(participants, held, now);
        let mut firm = FirmAllocator {
            tx: &mut *tx,
            scheduler,
            participants,
            preferred,
            calendars,
            scope,
            time,
            verified: Vec::new(),
        };
        let found =
            if offer.criteria.is_for_a_team() { firm.find_team()? } else { firm.find_expert()?.map(|one| vec![one]) };
        for (expert, day_versions) in found.ok_or(BookingRefusal::SlotTaken)? {
            allocation.experts.push(expert);
            allocation.day_versions.merge(day_versions);
        }
    }
    for assigned in &allocation.experts {
        scheduler.calendars.note_taken(&assigned.tenant, assigned.expert, time.0, time.1);
    }
    Ok(allocation)
}

/// Experts who may come instead of the preferred ones.
struct Candidates {
    free: Vec<ExpertId>,
    /// A transaction that has committed since the snapshot, or probably will, takes their time.
    probably_taken: Vec<ExpertId>,
}

impl Candidates {
    /// All of them, the probably taken ones last.
    fn all(self) -> impl Iterator<Item = ExpertId> {
        self.free.into_iter().chain(self.probably_taken)
    }
}

/// Whether all members of a team are free.
enum TeamCheck {
    Free(Vec<(AssignedExpert, DayVersions)>),
    /// The first member that is not.
    Missing(ExpertId),
}

/// Allocates the experts of one firm.
struct FirmAllocator<'a> {
    tx: &'a mut Tx,
    scheduler: &'a Scheduler,
    participants: &'a OfferParticipants,
    /// The experts to try first.
    preferred: Vec<ExpertId>,
    /// The calendars as they are in memory, with the present records of the experts. Later snapshots differ in busy times
    /// only, and those are verified on fresh rows.
    calendars: Arc<CalendarIndex>,
    scope: HoldScope,
    time: (Timestamp, Timestamp),
    /// Team members that were verified and are free.
    verified: Vec<(ExpertId, (AssignedExpert, DayVersions))>,
}

impl FirmAllocator<'_> {
    fn verify(&mut self, expert: ExpertId) -> Result<Option<(AssignedExpert, DayVersions)>, AppError> {
        let OfferParticipants { tenant, requirement, .. } = self.participants;
        let Some(calendar) = self.calendars.get(expert) else { return Ok(None) };
        verify_feasible(self.tx, self.scheduler, (tenant, calendar), requirement, self.time, self.scope)
    }

    /// The other experts that are free according to these calendars, best first.
    fn candidates(&self, calendars: &CalendarIndex) -> Candidates {
        let OfferParticipants { tenant, requirement, .. } = self.participants;
        let (from, to) = self.time;
        let mut free = with_travel!(&*self.scheduler.travel, travel => {
            who_can(calendars, requirement, from, to, travel)
        });
        let taken = self.scheduler.calendars.taken_since(tenant, from, to);
        // Experts in open offers of other sessions come last: they are likely to be booked soon.
        let offered =
            self.scheduler.open_offers.offered_to_others(tenant, self.scope.session, (from, to), self.scope.now);
        free.sort_by_key(|expert| offered.contains(expert));
        let others = free.into_iter().filter(|expert| !self.preferred.contains(expert));
        let (free, probably_taken) = others.partition(|expert| !taken.contains(expert));
        Candidates { free, probably_taken }
    }

    /// Finds a preferred expert, else the best of the others. Tries the present snapshot first, because rebuilding it in
    /// the transaction would delay all other writes. Rebuilds it only when no expert is found: a cancellation may have
    /// freed one.
    fn find_expert(&mut self) -> Result<Option<(AssignedExpert, DayVersions)>, AppError> {
        let mut tried: Vec<ExpertId> = Vec::new();
        let mut first_free = |firm: &mut Self, experts: Vec<ExpertId>| {
            for expert in experts {
                if !tried.contains(&expert) {
                    tried.push(expert);
                    if let Some(found) = firm.verify(expert)? {
                        return Ok(Some(found));
                    }
                }
            }
            Ok::<_, AppError>(None)
        };
        if let Some(found) = first_free(self, self.preferred.clone())? {
            return Ok(Some(found));
        }
        let candidates = self.candidates(&self.calendars);
        if let Some(found) = first_free(self, candidates.free)? {
            return Ok(Some(found));
        }
        let fresh = self.scheduler.calendars.of(&self.participants.tenant, self.scope.now)?;
        first_free(self, self.candidates(&fresh).all().collect())
    }

    /// Finds the preferred workers, else the smallest team that covers all trades.
    fn find_team(&mut self) -> Result<Option<Vec<(AssignedExpert, DayVersions)>>, AppError> {
        let OfferParticipants { tenant, requirement, .. } = self.participants;
        let calendars = Arc::clone(&self.calendars);
        // The preferred workers, if they still cover all trades.
        let team = pick_team(&calendars, requirement, &self.preferred);
        if let Some(team) = team
            && let TeamCheck::Free(found) = self.verify_team(&team)?
        {
            return Ok(Some(found));
        }
        let fresh = self.scheduler.calendars.of(tenant, self.scope.now)?;
        let others = self.candidates(&fresh).all();
        let mut experts: Vec<ExpertId> = self.preferred.iter().copied().chain(others).collect();
        while let Some(team) = pick_team(&calendars, requirement, &experts) {
            match self.verify_team(&team)? {
                TeamCheck::Free(found) => return Ok(Some(found)),
                TeamCheck::Missing(missing) => experts.retain(|expert| *expert != missing),
            }
        }
        Ok(None)
    }

    /// Verifies all members of a team.
    fn verify_team(&mut self, team: &[ExpertId]) -> Result<TeamCheck, AppError> {
        for expert in team {
            if self.verified.iter().any(|(known, _)| known == expert) {
                continue;
            }
            match self.verify(*expert)? {
                Some(found) => self.verified.push((*expert, found)),
                None => return Ok(TeamCheck::Missing(*expert)),
            }
        }
        let position = |expert: &ExpertId| team.iter().position(|member| member == expert);
        let mut found: Vec<_> = std::mem::take(&mut self.verified);
        found.retain(|(expert, _)| position(expert).is_some());
        found.sort_by_key(|(expert, _)| position(expert));
        Ok(TeamCheck::Free(found.into_iter().map(|(_, found)| found).collect()))
    }
}
