//! Decides whether an expert can take a time: the only decision that counts. Appointments, holds and absences are read
//! fresh from the database; the expert's record comes from calendars that are loaded again when a record has changed.
//!
//! It runs the function that the search ran ([`feasible`]). The day versions that it reads are advanced once the
//! visit is written: when one has changed, [`constat_core::Core::command`] decides again in a fresh transaction.

use constat_availability::{Busy, ExpertCalendar, Requirement, feasible, neighbourhood};
use constat_core::AppError;
use constat_domain::ids::{ExpertId, SessionId};
use constat_domain::tenancy::TenantId;
use constat_store::Tx;
use constat_store::queries::{absences, appointments, holds};
use jiff::Timestamp;

use crate::booking::day_versions::DayVersions;
use crate::calendars::rows::{busy, held};
use crate::scheduler::Scheduler;
use crate::travel::roads::with_travel;

/// Which holds block a visit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HoldScope {
    /// Holds of this session do not block it.
    pub(crate) session: SessionId,
    /// Holds that expire by then do not count.
    pub(crate) now: Timestamp,
}

/// An expert who takes a visit.
pub(crate) struct AssignedExpert {
    /// The expert's firm.
    pub(crate) tenant: TenantId,
    pub(crate) expert: ExpertId,
    pub(crate) display_name: String,
}

/// Verifies that one expert of a firm can take a time. Gives the expert with the day versions of that time, or
/// `None`.
pub(crate) fn verify_feasible(
    tx: &mut Tx,
    scheduler: &Scheduler,
    (tenant, known): (&TenantId, &ExpertCalendar),
    requirement: &Requirement,
    (from, to): (Timestamp, Timestamp),
    scope: HoldScope,
) -> Result<Option<(AssignedExpert, DayVersions)>, AppError> {
    let expert = known.expert();
    let mut day_versions = DayVersions::default();
    day_versions.read(tx, expert.id, &expert.zone, from, to)?;
    if expert.weekly_cap.is_some() {
        day_versions.read_week(tx, expert.id, &expert.zone, from)?;
    }
    let (first, last) = neighbourhood(expert, from, to);
    let mut taken: Vec<Busy> =
        appointments::busy_of_expert_between(tx, expert.id, first, last)?.iter().map(busy).collect();
    let holds = holds::of_expert_between(tx, expert.id, (first, last), scope.now)?;
    taken.extend(holds.iter().filter(|hold| hold.session != scope.session).map(held));
    let away = absences::of_expert_between(tx, expert.id, first, last)?;
    let is_feasible = with_travel!(&*scheduler.travel, travel => {
        let calendar = known.with_fresh_rows(&away, taken, requirement.duty(), (from, to), travel);
        // The snapshot leaves out a record with an unknown zone, so `calendar` cannot fail here.
        calendar.is_ok_and(|calendar| feasible(&calendar, requirement, from, to, travel).is_ok())
    });
    let assigned = AssignedExpert { tenant: *tenant, expert: expert.id, display_name: expert.display_name.clone() };
    Ok(is_feasible.then_some((assigned, day_versions)))
}
