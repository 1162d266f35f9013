//! How a day, or a team's day, could be driven better. Proposed, never applied.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use constat_availability::{Change, Member, PlaceFacts, Proposal, Requirement, propose};
use constat_domain::appointment::Appointment;
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::refusal::BookingRefusal;
use constat_domain::service::{ServiceKind, ServiceRequest};
use constat_domain::tenancy::Caller;
use constat_domain::{FieldError, Refusal};
use constat_store::StoreError;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::Scheduler;
use crate::day::diary::{Diary, around, legs};
use crate::day::firm_only;
use crate::day::plan::ExpertDay;
use crate::place::{is_holiday, locate};
use crate::travel::with_travel;
use constat_core::AppError;

/// Most experts of one proposal.
pub const MOST_EXPERTS: usize = 10;

/// Most visits that one expert may have on the date of a proposal.
pub const MOST_VISITS: usize = 15;

/// How often the routing server is asked for one proposal.
const MOST_ROUNDS: usize = 3;

/// Days on each side of a date that hold its whole week, for weekly caps, and its neighbours.
const WEEK: i64 = 7;

/// Whose day is to be looked at.
#[derive(Debug, Clone)]
pub enum Team {
    /// One expert, named by the path.
    One(ExpertId),
    /// Several, named by the body's `experts`; visits may change hands.
    Many(Vec<ExpertId>),
}

/// What is proposed.
#[derive(Debug, Clone)]
pub struct ProposedDays {
    /// The date.
    pub date: Date,
    /// Seconds at the wheel as things are, everybody together.
    pub seconds_before: i64,
    /// Seconds at the wheel as proposed.
    pub seconds_after: i64,
    /// The days as proposed; as they are when nothing is.
    pub days: Vec<ExpertDay>,
    /// What would change. Empty: nothing is proposed.
    pub changes: Vec<Change>,
}

/// Looks for a better order of a day, and for a team for a better sharing of it too.
///
/// # Errors
/// [`BookingRefusal::NotAllowed`] for a platform's key; [`BookingRefusal::ExpertNotFound`] when the
/// path names nobody's expert; a list that does, names somebody twice or too many, and a day of too
/// many visits are refused by field.
pub async fn propose_days(
    scheduler: &Arc<Scheduler>,
    caller: &Caller,
    team: Team,
    date: Date,
) -> Result<ProposedDays, AppError> {
    firm_only(caller)?;
    let diaries = Arc::new(diaries(scheduler, caller, &team, date)?);
    let now = scheduler.core.clock.now();
    let mut proposal = search(scheduler, &diaries, date, now).await?;
    if let Some(routed) = scheduler.travel.routed() {
        let drives = |proposal: &Proposal| legs(proposal.before.iter().chain(&proposal.after));
        for _ in 0..MOST_ROUNDS {
            let legs = drives(&proposal);
            if routed.unsettled(&legs).is_empty() {
                break;
            }
            let learned = routed.within_budget(routed.learn(&legs)).await;
            proposal = search(scheduler, &diaries, date, now).await?;
            if !matches!(learned, Some(Ok(()))) {
                break;
            }
        }
        routed.count_estimated(&routed.known(), &drives(&proposal));
    }
    let (seconds_before, seconds_after) = (proposal.seconds_before(), proposal.seconds_after());
    let appointments: HashMap<AppointmentId, Appointment> =
        diaries.iter().flat_map(|diary| diary.appointments.clone()).collect();
    let days = proposal.after.into_iter().zip(diaries.iter()).map(|(plan, diary)| {
        let ids = plan.visits.iter().map(|planned| planned.visit.appointment);
        let own = ids.filter_map(|id| Some((id, appointments.get(&id)?.clone()))).collect();
        ExpertDay { plan, display_name: diary.expert.display_name.clone(), appointments: own }
    });
    Ok(ProposedDays { date, seconds_before, seconds_after, days: days.collect(), changes: proposal.changes })
}

/// Everybody's diary; bounded.
fn diaries(scheduler: &Scheduler, caller: &Caller, team: &Team, date: Date) -> Result<Vec<Diary>, AppError> {
    let ids = match team {
        Team::One(id) => std::slice::from_ref(id),
        Team::Many(ids) => ids,
    };
    if !(1..=MOST_EXPERTS).contains(&ids.len()) {
        return Err(Refusal::field("experts", format!("expected 1 to {MOST_EXPERTS} experts")).into());
    }
    let settings = &scheduler.core.settings.availability;
    let read: Vec<Option<Diary>> = scheduler.core.store.read(|connection| {
        let read = |id| Diary::read(connection, &caller.tenant, id, around(date, WEEK), settings);
        ids.iter().copied().map(read).collect::<Result<_, StoreError>>()
    })?;
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    let mut diaries = Vec::new();
    for (index, (id, diary)) in ids.iter().zip(read).enumerate() {
        let field = match team {
            Team::One(_) => "id".to_owned(),
            Team::Many(_) => format!("experts[{index}]"),
        };
        let Some(diary) = diary else {
            if matches!(team, Team::One(_)) {
                return Err(BookingRefusal::ExpertNotFound.into());
            }
            errors.push(FieldError::new(field, "the firm has no such expert"));
            continue;
        };
        if !seen.insert(*id) {
            errors.push(FieldError::new(field, "is named twice"));
        } else if let Some(count) = too_many(&diary, date) {
            let message = format!("has {count} visits on that date; {MOST_VISITS} at most can be re-ordered");
            errors.push(FieldError::new(field, message));
        }
        diaries.push(diary);
    }
    Refusal::unless_empty(errors)?;
    Ok(diaries)
}

/// How many visits a day has, when they are too many to be re-ordered.
fn too_many(diary: &Diary, date: Date) -> Option<usize> {
    let zone = jiff::tz::TimeZone::get(&diary.expert.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let count = diary.visits.iter().filter(|visit| zone.to_datetime(visit.slot.start).date() == date).count();
    (count > MOST_VISITS).then_some(count)
}

/// Searches on a thread that may compute for a while.
async fn search(
    scheduler: &Arc<Scheduler>,
    diaries: &Arc<Vec<Diary>>,
    date: Date,
    now: Timestamp,
) -> Result<Proposal, AppError> {
    let (scheduler, diaries) = (Arc::clone(scheduler), Arc::clone(diaries));
    let searching = tokio::task::spawn_blocking(move || {
        let members: Vec<Member<'_>> = diaries
            .iter()
            .map(|diary| Member { expert: &diary.expert, absences: &diary.absences, visits: &diary.visits })
            .collect();
        // Nobody else could take a visit of one person alone.
        let requirements = if members.len() > 1 { requirements(&scheduler, &diaries, now) } else { BTreeMap::new() };
        let settings = &scheduler.core.settings.availability;
        with_travel!(&*scheduler.travel, travel => propose(&members, &requirements, date, now, settings, travel))
    });
    let found = searching.await.map_err(|error| AppError::Fault(format!("a proposal was not finished: {error}")))?;
    // A diary is read of sound records only.
    found.map_err(|error| AppError::Fault(format!("a day could not be planned: {}", error.message)))
}

/// What each visit asks of whoever takes it. A visit that several parties' experts attend stays with
/// its expert, and so does one whose requirement cannot be told any more.
fn requirements(scheduler: &Scheduler, diaries: &[Diary], now: Timestamp) -> BTreeMap<AppointmentId, Requirement> {
    let booked = diaries.iter().flat_map(|diary| diary.appointments.values());
    let alone = |known: &&Appointment| known.joint.is_none() && known.request.kind != ServiceKind::Adversarial;
    let movable = booked.filter(alone);
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
