//! Verifies one exact visit of one expert, and gives the reason if it is not possible.

use jiff::Timestamp;

use crate::calendar::{Day, ExpertCalendar};
use crate::eligibility::eligible;
use crate::gaps::Ask;
use crate::reason::ReasonCode;
use crate::requirement::Requirement;
use crate::span::{Span, subtract};
use crate::travel::{Legs, Spot, Travel};

/// Verifies one exact visit, from `start` to `end`, in one expert's calendar: the expert is eligible, the time is
/// free, and the day stays drivable. Every offer of a search passes on the same rows.
///
/// `start` to `end` is the busy time (the whole arrival window of an HorairePlage), in whole seconds.
pub fn feasible<T: Travel + ?Sized>(
    calendar: &ExpertCalendar,
    requirement: &Requirement,
    start: Timestamp,
    end: Timestamp,
    travel: &T,
) -> Result<(), ReasonCode> {
    eligible(calendar.expert(), requirement)?;
    let visit = Span { start: start.as_second(), end: end.as_second() };
    Judge::new(requirement, travel).judge(calendar, visit).map(|_| ())
}

/// The cost of a visit in a day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verdict {
    /// Seconds of driving that it adds.
    pub(crate) added_travel: i32,
    /// Points for the expert's visits of that day and week.
    pub(crate) load: u16,
}

/// A requirement, prepared for many calendars.
pub(crate) struct Judge<'a, T: ?Sized> {
    requirement: &'a Requirement,
    site: Option<Spot>,
    travel: &'a T,
    legs: Legs,
}

impl<'a, T: Travel + ?Sized> Judge<'a, T> {
    pub(crate) fn new(requirement: &'a Requirement, travel: &'a T) -> Self {
        Self { requirement, site: requirement.site.map(Spot::new), travel, legs: Legs::default() }
    }

    /// Verifies one visit.
    pub(crate) fn judge(&mut self, calendar: &ExpertCalendar, visit: Span) -> Result<Verdict, ReasonCode> {
        let requirement = self.requirement;
        if let Some(moved) = calendar.without(&requirement.reschedules, self.travel) {
            return self.judge_visit(&moved, visit);
        }
        self.judge_visit(calendar, visit)
    }

    fn judge_visit(&mut self, calendar: &ExpertCalendar, visit: Span) -> Result<Verdict, ReasonCode> {
        let requirement = self.requirement;
        if visit.end <= visit.start || visit.start < requirement.from || visit.end > requirement.to {
            return Err(ReasonCode::NotWorking);
        }
        let day = calendar.day_of(visit.start).filter(|day| visit.end <= day.end).ok_or(ReasonCode::NotWorking)?;
        let holds = |span: &Span| span.start <= visit.start && visit.end <= span.end;
        if !calendar.free_of(day).iter().any(holds) {
            return Err(if holds(&day.hours) { ReasonCode::Absent } else { ReasonCode::NotWorking });
        }
        if visit.start < requirement.earliest(calendar.gaps.search_row.notice) {
            return Err(ReasonCode::Notice);
        }
        let origin = calendar.origin;
        let (start, end) = (origin.seconds(visit.start), origin.seconds(visit.end));
        let number = calendar.gaps.around(start, end).ok_or(ReasonCode::FullyBooked)?;
        let closed = requirement.closed_for(calendar);
        if closed.iter().any(|closed| closed.meets(visit)) {
            let is_holiday = requirement.holidays.iter().any(|holiday| holiday.meets(visit));
            return Err(if is_holiday { ReasonCode::PublicHoliday } else { ReasonCode::RemoteHours });
        }
        if requirement.withheld_spans(calendar).iter().any(|kept| kept.meets(visit)) {
            return Err(ReasonCode::FullyBooked);
        }
        if let Some(site) = &self.site {
            calendar.gaps.ask_all_drives(site, self.travel, &mut self.legs);
        }
        let ask = Ask { earliest: start, to: end, occupied: end - start, closed: &[], on_site: self.site.is_some() };
        let starts = calendar.gaps.starts(number, &ask, &self.legs);
        let load = calendar.gaps.load(number);
        let verdict = Verdict { added_travel: starts.added_travel, load };
        if starts.contains(start) { Ok(verdict) } else { Err(ReasonCode::TooFar) }
    }

    /// True when a calendar holds a start of the requirement's grid.
    pub(crate) fn has_start(&mut self, calendar: &ExpertCalendar) -> bool {
        let requirement = self.requirement;
        let origin = calendar.origin;
        if let Some(site) = &self.site {
            calendar.gaps.ask_all_drives(site, self.travel, &mut self.legs);
        }
        let seconds = |second: i64| origin.seconds(second);
        let shut = requirement.shut_in(calendar);
        let closed: Vec<_> = shut.iter().map(|span| (seconds(span.start), seconds(span.end))).collect();
        let ask = Ask {
            earliest: seconds(requirement.earliest(calendar.gaps.search_row.notice)),
            to: seconds(requirement.to),
            occupied: requirement.occupied_seconds(),
            closed: &closed,
            on_site: self.site.is_some(),
        };
        let search_row = &calendar.gaps.search_row;
        let part = search_row.part(seconds(requirement.from), ask.to);
        (part.from..part.from + search_row.of(part).len()).any(|number| {
            let starts = calendar.gaps.starts(number, &ask, &self.legs);
            let (first, last) = (origin.0 + i64::from(starts.first), origin.0 + i64::from(starts.last));
            let mut at = requirement.on_grid(first);
            while at <= last {
                if starts.contains(seconds(at)) {
                    return true;
                }
                at += requirement.grid;
            }
            false
        })
    }

    /// Why a calendar has no possible start.
    pub(crate) fn why_not(&mut self, calendar: &ExpertCalendar) -> ReasonCode {
        let requirement = self.requirement;
        if let Some(fault) = requirement.window_fault() {
            return fault;
        }
        let (occupied, earliest) = (requirement.occupied, requirement.earliest(calendar.gaps.search_row.notice));
        let closed = requirement.closed_for(calendar);
        let fits = |span: &Span, from: i64| span.end.min(requirement.to) - span.start.max(from) >= occupied;
        let mut open = Vec::new();
        let mut is_open = |day: &Day| {
            open.clear();
            for free in calendar.free_of(day) {
                subtract(*free, closed, &mut open);
            }
            open.iter().any(|span| fits(span, earliest))
        };
        let mut reason = ReasonCode::NotWorking;
        for day in calendar.days.iter().filter(|day| fits(&day.hours, requirement.from)) {
            reason = reason.max(if !fits(&day.hours, earliest) {
                ReasonCode::Notice
            } else if !calendar.free_of(day).iter().any(|span| fits(span, earliest)) {
                if day.has_absence { ReasonCode::Absent } else { ReasonCode::NotWorking }
            } else if is_open(day) {
                // There is working time for the visit; without a gap it is taken.
                ReasonCode::FullyBooked
            } else if requirement.holidays.iter().any(|holiday| holiday.meets(day.hours)) {
                ReasonCode::PublicHoliday
            } else {
                ReasonCode::RemoteHours
            });
        }
        let seconds = |second: i64| calendar.origin.seconds(second);
        let shut = requirement.shut_in(calendar);
        let closed: Vec<_> = shut.iter().map(|span| (seconds(span.start), seconds(span.end))).collect();
        let ask = Ask {
            earliest: seconds(earliest),
            to: seconds(requirement.to),
            occupied: requirement.occupied_seconds(),
            closed: &closed,
            on_site: self.site.is_some(),
        };
        let room = calendar.gaps.has_room(&ask);
        if room { reason.max(ReasonCode::TooFar) } else { reason }
    }
}
