//! An appointment as a day plan takes it, and an expert with the records of the days around.

use constat_domain::appointment::{Slot, SlotKind};
use constat_domain::expert::{Absence, Expert};
use constat_domain::geo::Position;
use constat_domain::ids::AppointmentId;

use crate::span::{Span, ceil_second};

/// An appointment as a day plan takes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visit {
    /// Which.
    pub appointment: AppointmentId,
    /// The time agreed with the insured.
    pub slot: Slot,
    /// Where; `None` for a remote one.
    pub site: Option<Position>,
    /// After a catastrophe: on-call hours count too.
    pub on_call: bool,
}

/// When a visit may begin, in seconds since 1970, and how many seconds it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct AgreedTime {
    pub(super) earliest: i64,
    pub(super) latest: i64,
    pub(super) lasting: i64,
}

impl AgreedTime {
    /// The latest end.
    pub(super) const fn end(self) -> i64 {
        self.latest + self.lasting
    }
}

impl Visit {
    pub(super) fn agreed_time(&self) -> AgreedTime {
        let (earliest, end) = (self.slot.start.as_second(), ceil_second(self.slot.end));
        let whole = (end - earliest).max(0);
        let lasting = match self.slot.kind {
            SlotKind::Fixed => whole,
            SlotKind::Window => whole.min(i64::from(self.slot.duration_minutes) * 60),
        };
        AgreedTime { earliest, latest: end.max(earliest) - lasting, lasting }
    }

    /// A visit belongs to the date of its earliest agreed start.
    pub(super) fn is_within(&self, day: Span) -> bool {
        (day.start..day.end).contains(&self.agreed_time().earliest)
    }
}

/// An expert whose day takes part.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// The record.
    pub expert: &'a Expert,
    /// The person's absences around the date.
    pub absences: &'a [Absence],
    /// The person's visits of the date's week (Monday to Sunday), and of a day before and after.
    pub visits: &'a [Visit],
}
