//! The sole judge of a booking: compare-and-swap on the expert's day.
//!
//! Read the guards' versions and the rows around the visit, run the function that the search ran,
//! and, once the visit is written, advance the guards: if one has moved, somebody was faster, and
//! the whole decision is made again in a fresh transaction ([`constat_core::Scheduler::command`]). Who is judged,
//! and who instead, is the business of `assign`.

use constat_availability::{Busy, ExpertCalendar, Requirement, feasible, neighbourhood};
use constat_domain::appointment::Appointment;
use constat_domain::ids::{ExpertId, SessionId};
use constat_domain::tenancy::TenantId;
use constat_store::queries::{absences, appointments, expert_days, holds};
use constat_store::{StoreError, Tx};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::Scheduler;
use crate::calendars::{busy, held};
use crate::travel::with_travel;
use constat_core::AppError;

/// Guards cover this much on each side of a visit, so that two visits on both sides of midnight
/// that share a drive share a guard.
const GUARDED_AROUND: SignedDuration = SignedDuration::from_hours(6);

/// For whom a time is judged, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking {
    /// What this session keeps is kept for it.
    pub(crate) session: SessionId,
    /// What others keep is over by then, or not.
    pub(crate) now: Timestamp,
}

/// Somebody who takes a visit.
pub(crate) struct Person {
    /// The data of the person's firm.
    pub(crate) tenant: TenantId,
    pub(crate) expert: ExpertId,
    pub(crate) display_name: String,
}

/// Guarded days with the versions that a decision rests on.
#[derive(Default)]
pub(crate) struct Guards(Vec<(ExpertId, Date, i64)>);

impl Guards {
    /// Reads the guards of one visit, in addition to those already read.
    pub(crate) fn read(
        &mut self,
        tx: &mut Tx,
        expert: ExpertId,
        zone: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(), StoreError> {
        // An unknown zone guards the day in UTC: any name for the day will do while all use it.
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let first = zone.to_datetime(from.saturating_sub(GUARDED_AROUND).unwrap_or(from)).date();
        let last = zone.to_datetime(to.saturating_add(GUARDED_AROUND).unwrap_or(to)).date();
        for day in first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last) {
            self.read_day(tx, expert, day)?;
        }
        Ok(())
    }

    /// Reads the guard of the week, for whoever has a cap of visits a week: two visits of one week share
    /// the guard of its Monday.
    fn read_week(&mut self, tx: &mut Tx, expert: ExpertId, zone: &str, at: Timestamp) -> Result<(), StoreError> {
        let day = TimeZone::get(zone).unwrap_or(TimeZone::UTC).to_datetime(at).date();
        let monday = day.saturating_sub(jiff::Span::new().days(i64::from(day.weekday().to_monday_zero_offset())));
        self.read_day(tx, expert, monday)
    }

    fn read_day(&mut self, tx: &mut Tx, expert: ExpertId, day: Date) -> Result<(), StoreError> {
        if !self.0.iter().any(|(known, date, _)| (*known, *date) == (expert, day)) {
            let version = expert_days::version(tx, expert, day)?;
            self.0.push((expert, day, version));
        }
        Ok(())
    }

    /// Adds guards that were read elsewhere, each once.
    pub(crate) fn join(&mut self, others: Self) {
        for (expert, day, version) in others.0 {
            if !self.0.iter().any(|(known, date, _)| (*known, *date) == (expert, day)) {
                self.0.push((expert, day, version));
            }
        }
    }

    /// Advances every guard, always in one order. A [`StoreError::Conflict`] says that somebody was
    /// faster.
    pub(crate) fn advance(mut self, tx: &mut Tx) -> Result<(), StoreError> {
        self.0.sort_unstable();
        for (expert, day, version) in self.0 {
            if !expert_days::advance(tx, expert, day, version)? {
                return Err(StoreError::Conflict("the expert's day changed meanwhile".to_owned()));
            }
        }
        Ok(())
    }
}

/// Judges one person of a firm on rows fresh from the database. Gives the person with the guards of
/// that time, or nothing.
pub(crate) fn judge(
    tx: &mut Tx,
    scheduler: &Scheduler,
    (tenant, known): (&TenantId, &ExpertCalendar),
    requirement: &Requirement,
    (from, to): (Timestamp, Timestamp),
    asking: Asking,
) -> Result<Option<(Person, Guards)>, AppError> {
    let expert = known.expert();
    let mut guards = Guards::default();
    guards.read(tx, expert.id, &expert.zone, from, to)?;
    if expert.weekly_cap.is_some() {
        guards.read_week(tx, expert.id, &expert.zone, from)?;
    }
    let (first, last) = neighbourhood(expert, from, to);
    let mut taken: Vec<Busy> =
        appointments::busy_of_expert_between(tx, expert.id, first, last)?.iter().map(busy).collect();
    let kept = holds::of_expert_between(tx, expert.id, (first, last), asking.now)?;
    taken.extend(kept.iter().filter(|hold| hold.session != asking.session).map(held));
    let away = absences::of_expert_between(tx, expert.id, first, last)?;
    let verdict = with_travel!(&*scheduler.travel, travel => {
        let calendar = known.afresh(&away, taken, requirement.duty(), (from, to), travel);
        // The snapshot leaves out a record with an unknown zone, so `calendar` cannot fail here.
        calendar.ok().and_then(|calendar| feasible(&calendar, requirement, from, to, travel).ok())
    });
    let person = Person { tenant: *tenant, expert: expert.id, display_name: expert.display_name.clone() };
    Ok(verdict.map(|()| (person, guards)))
}

/// What an appointment takes of its expert's time, as the calendars keep it.
pub(crate) fn taken_by(appointment: &Appointment) -> Busy {
    let Appointment { id, busy_from: start, busy_to: end, .. } = *appointment;
    Busy { start, end, position: appointment.site(), appointment: Some(id) }
}

/// The guards of the time that an appointment leaves. Its expert may have left the firm: then the
/// zone of the place names the days.
pub(crate) fn guards_of(
    tx: &mut Tx,
    scheduler: &Scheduler,
    known: &Appointment,
    now: Timestamp,
    guards: &mut Guards,
) -> Result<(), StoreError> {
    let calendars = scheduler.calendars.people_of(tx, &known.tenant, now)?;
    let zone = calendars.get(known.expert).map_or(known.zone.as_str(), |calendar| calendar.expert().zone.as_str());
    guards.read(tx, known.expert, zone, known.busy_from, known.busy_to)
}

/// Names an appointment in an event: ids, codes and instants only.
pub(crate) fn event_data(appointment: &Appointment) -> serde_json::Value {
    serde_json::json!({
        "expert": appointment.expert,
        "type": appointment.request.kind,
        "start": appointment.slot.start,
        "end": appointment.slot.end,
        "claimId": appointment.request.claim.as_ref().map(|claim| &claim.claim_id),
        "jointWith": appointment.joint.as_ref().map(|joint| joint.main),
    })
}
