//! Proposes a better order of a day, or of a team's day. Changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use constat_availability::{Change, Member, PlaceFacts, Proposal, Requirement, propose};
use constat_core::AppError;
use constat_domain::appointment::Appointment;
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::refusal::BookingRefusal;
use constat_domain::service::{ServiceKind, ServiceRequest};
use constat_domain::tenancy::Caller;
use constat_domain::{FieldError, Refusal};
use constat_store::StoreError;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::day::day_records::{DayRecords, around, legs};
use crate::day::experts::require_firm;
use crate::day::plan::ExpertDay;
use crate::place::{is_holiday, locate};
use crate::scheduler::Scheduler;
use crate::travel::roads::with_travel;

/// Maximum experts of one proposal.
pub const MAX_EXPERTS: usize = 10;

/// Maximum visits of one expert on the date of a proposal.
pub const MAX_VISITS: usize = 15;

/// Maximum requests to the routing server for one proposal.
const MAX_ROUNDS: usize = 3;

/// Days read on each side of a date: its whole week, for weekly caps, and the days around it.
const WEEK: i64 = 7;

/// The experts of a proposal.
#[derive(Debug, Clone)]
pub enum Team {
    /// One expert, named by the path.
    One(ExpertId),
    /// Several, named by the body's `experts`; visits may change hands.
    Many(Vec<ExpertId>),
}

/// A proposal.
#[derive(Debug, Clone)]
pub struct ProposedDays {
    /// The date.
    pub date: Date,
    /// Seconds of driving now, of all experts.
    pub seconds_before: i64,
    /// Seconds of driving as proposed.
    pub seconds_after: i64,
    /// The days as proposed; unchanged when nothing is proposed.
    pub days: Vec<ExpertDay>,
    /// The changes; empty when nothing is proposed.
    pub changes: Vec<Change>,
}

impl Scheduler {
    /// Proposes a better order of a day, and for a team a better distribution of its visits.
    ///
    /// # Errors
    /// [`BookingRefusal::NotAllowed`] for a platform's key; [`BookingRefusal::ExpertNotFound`] for an unknown expert in
    /// the path; [`Refusal::Invalid`] for an unknown or repeated expert in a list, more than [`MAX_EXPERTS`], and days
    /// of more than [`MAX_VISITS`].
    pub async fn propose_days(
        self: &Arc<Self>,
        caller: &Caller,
        team: Team,
        date: Date,
    ) -> Result<ProposedDays, AppError> {
        propose_days(self, caller, team, date).await
    }
}

async fn propose_days(
    scheduler: &Arc<Scheduler>,
    caller: &Caller,
    team: Team,
    date: Date,
) -> Result<ProposedDays, AppError> {
    require_firm(caller)?;
    let records = Arc::new(records(scheduler, caller, &team, date)?);
    let now = scheduler.core.clock.now();
    let mut proposal = search(scheduler, &records, date, now).await?;
    if let Some(routed) = scheduler.travel.routed() {
        let drives = |proposal: &Proposal| legs(proposal.before.iter().chain(&proposal.after));
        for _ in 0..MAX_ROUNDS {
            let legs = drives(&proposal);
            if routed.unsettled(&legs).is_empty() {
                break;
            }
            let learned = routed.within_budget(routed.learn(&legs)).await;
            proposal = search(scheduler, &records, date, now).await?;
            if !matches!(learned, Some(Ok(()))) {
                break;
            }
        }
        routed.count_estimated(&routed.known(), &drives(&proposal));
    }
    let (seconds_before, seconds_after) = (proposal.seconds_before(), proposal.seconds_after());
    let appointments: HashMap<AppointmentId, Appointment> =
        records.iter().flat_map(|of_expert| of_expert.appointments.clone()).collect();
    let days = proposal.after.into_iter().zip(records.iter()).map(|(plan, of_expert)| {
        let ids = plan.visits.iter().map(|planned| planned.visit.appointment);
        let own = ids.filter_map(|id| Some((id, appointments.get(&id)?.clone()))).collect();
        ExpertDay { plan, display_name: of_expert.expert.display_name.clone(), appointments: own }
    });
    Ok(ProposedDays { date, seconds_before, seconds_after, days: days.collect(), changes: proposal.changes })
}

/// The records of the experts.
fn records(scheduler: &Scheduler, caller: &Caller, team: &Team, date: Date) -> Result<Vec<DayRecords>, AppError> {
    let ids = match team {
        Team::One(id) => std::slice::from_ref(id),
        Team::Many(ids) => ids,
    };
    if !(1..=MAX_EXPERTS).contains(&ids.len()) {
        return Err(Refusal::field("experts", format!("expected 1 to {MAX_EXPERTS} experts")).into());
    }
    let settings = &scheduler.core.settings.availability;
    let read: Vec<Option<DayRecords>> = scheduler.core.store.read(|connection| {
        let read = |id| DayRecords::read(connection, &caller.tenant, id, around(date, WEEK), settings);
        ids.iter().copied().map(read).collect::<Result<_, StoreError>>()
    })?;
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    let mut records = Vec::new();
    for (index, (id, of_expert)) in ids.iter().zip(read).enumerate() {
        let field = match team {
            Team::One(_) => "id".to_owned(),
            Team::Many(_) => format!("experts[{index}]"),
        };
        let Some(of_expert) = of_expert else {
            if matches!(team, Team::One(_)) {
                return Err(BookingRefusal::ExpertNotFound.into());
            }
            errors.push(FieldError::new(field, "the firm has no such expert"));
            continue;
        };
        if !seen.insert(*id) {
            errors.push(FieldError::new(field, "is named twice"));
        } else if let Some(count) = too_many(&of_expert, date) {
            let message = format!("has {count} visits on that date; {MAX_VISITS} at most can be re-ordered");
            errors.push(FieldError::new(field, message));
        }
        records.push(of_expert);
    }
    Refusal::unless_empty(errors)?;
    Ok(records)
}

/// The number of visits of a day, when it is more than [`MAX_VISITS`].
fn too_many(of_expert: &DayRecords, date: Date) -> Option<usize> {
    let zone = jiff::tz::TimeZone::get(&of_expert.expert.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let count = of_expert.visits.iter().filter(|visit| zone.to_datetime(visit.slot.start).date() == date).count();
    (count > MAX_VISITS).then_some(count)
}

/// Searches on a thread for long computations.
async fn search(
    scheduler: &Arc<Scheduler>,
    records: &Arc<Vec<DayRecords>>,
    date: Date,
    now: Timestamp,
) -> Result<Proposal, AppError> {
    let (scheduler, records) = (Arc::clone(scheduler), Arc::clone(records));
    let searching = tokio::task::spawn_blocking(move || {
        let members: Vec<Member<'_>> = records
            .iter()
            .map(|of_expert| Member {
                expert: &of_expert.expert,
                absences: &of_expert.absences,
                visits: &of_expert.visits,
            })
            .collect();
        // With one expert there is no other to take a visit.
        let requirements = if members.len() > 1 { requirements(&scheduler, &records, now) } else { BTreeMap::new() };
        let settings = &scheduler.core.settings.availability;
        with_travel!(&*scheduler.travel, travel => propose(&members, &requirements, date, now, settings, travel))
    });
    let found = searching.await.map_err(|error| AppError::Fault(format!("a proposal was not finished: {error}")))?;
    // Records with an unknown zone were left out.
    found.map_err(|error| AppError::Fault(format!("a day could not be planned: {}", error.message)))
}

/// The requirement of each visit that another expert may take. Visits of several parties stay with their expert, and
/// so do those whose requirement cannot be derived any more.
fn requirements(scheduler: &Scheduler, records: &[DayRecords], now: Timestamp) -> BTreeMap<AppointmentId, Requirement> {
    let booked = records.iter().flat_map(|of_expert| of_expert.appointments.values());
    let is_single = |known: &&Appointment| known.joint.is_none() && known.request.kind != ServiceKind::Adversarial;
    let movable = booked.filter(is_single);
    movable.filter_map(|appointment| Some((appointment.id, requirement(scheduler, appointment, now)?))).collect()
}

fn requirement(scheduler: &Scheduler, appointment: &Appointment, now: Timestamp) -> Option<Requirement> {
    let mut place = appointment.place.clone();
    let facts: PlaceFacts = locate(appointment.request.kind, Some(&mut place)).ok()?.facts;
    let request = ServiceRequest {
        from: appointment.slot.start,
        to: appointment.slot.end,
        place: Some(place),
        reschedules: Some(appointment.id),
        ..appointment.request.clone()
    };
    Requirement::derive(&request, &facts, &scheduler.core.settings.availability, &is_holiday, now).ok()
}
