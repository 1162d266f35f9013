//! How much of a firm's free time on one day a caller holds.

use std::collections::BTreeSet;

use constat_domain::ids::{AppointmentId, ExpertId, SessionId};
use jiff::Timestamp;

use crate::calendar::{Day, ExpertCalendar};
use crate::index::CalendarIndex;
use crate::requirement::Requirement;
use crate::span::{Span, ceil_second, subtract};

const NEAR_SECONDS: i64 = 2 * 24 * 3600;

/// One expert's time that a caller holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldTime {
    /// Whose time.
    pub expert: ExpertId,
    /// The id of the appointment that it is held for.
    pub appointment: AppointmentId,
    /// The session it was taken in.
    pub session: SessionId,
    /// From.
    pub start: Timestamp,
    /// To.
    pub end: Timestamp,
}

/// What a caller holds of one day, of the experts who may take a certain visit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayShare {
    /// Seconds of working time that neither absences, appointments nor the holds of others take.
    pub free_seconds: i64,
    /// Seconds of it that the caller holds.
    pub held_seconds: i64,
    /// How many sessions hold them.
    pub holds: usize,
}

impl CalendarIndex {
    /// What a caller's holds take of the free time of the experts who may take this visit, on the local day of `at`.
    /// `held` is all that the caller holds, whether these calendars know of it or not.
    pub fn day_share(&self, requirement: &Requirement, at: Timestamp, held: &[HeldTime]) -> DayShare {
        let mut share = DayShare::default();
        let mut sessions = BTreeSet::new();
        // A local day lies within two days of any of its instants.
        let near = Span { start: at.as_second() - NEAR_SECONDS, end: at.as_second() + NEAR_SECONDS };
        let held: Vec<(&HeldTime, Span)> =
            held.iter().map(|own| (own, span(own.start, own.end))).filter(|(_, span)| span.meets(near)).collect();
        let (candidates, _) = self.eligible(requirement);
        for number in candidates.iter() {
            let calendar = self.calendar(number, requirement);
            let Some(day) = calendar.day_of(at.as_second()) else { continue };
            let whole = Span { start: day.start, end: day.end };
            let is_own = |id| held.iter().any(|(own, _)| Some(own.appointment) == id);
            let others = calendar.busy().iter().map(|entry| (entry.appointment, span(entry.start, entry.end)));
            let others = others.filter(|(id, span)| span.meets(whole) && !is_own(*id)).map(|(_, span)| span);
            share.free_seconds += seconds(calendar.free_of(day)) - taken(calendar, day, others.collect());
            let own = held.iter().filter(|(own, span)| own.expert == calendar.expert().id && span.meets(whole));
            let own: Vec<_> = own.map(|(own, span)| (own.session, *span)).collect();
            sessions.extend(own.iter().map(|(session, _)| *session));
            share.held_seconds += taken(calendar, day, own.into_iter().map(|(_, span)| span).collect());
        }
        share.holds = sessions.len();
        share
    }
}

fn seconds(spans: &[Span]) -> i64 {
    spans.iter().map(|span| span.end - span.start).sum()
}

/// Seconds of a day's free working time that some spans take together.
fn taken(calendar: &ExpertCalendar, day: &Day, mut spans: Vec<Span>) -> i64 {
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let mut left = Vec::new();
    for range in calendar.free_of(day) {
        subtract(*range, &spans, &mut left);
    }
    seconds(calendar.free_of(day)) - seconds(&left)
}

fn span(start: Timestamp, end: Timestamp) -> Span {
    Span { start: start.as_second(), end: ceil_second(end) }
}
