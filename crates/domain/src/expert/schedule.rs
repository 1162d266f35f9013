//! Hours by date: schedules with effective dates, exceptions, on-call duty.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::FieldError;

use super::hours::{HourRange, WeeklyHours, check_ranges};

/// Maximum number of weeks that alternate in one schedule: one year.
const MAX_WEEKS: usize = 53;

/// Which hours a visit may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duty {
    /// Any visit.
    Ordinary,
    /// A visit after a catastrophe: on-call hours count too.
    OnCall,
}

/// Weekly hours that hold from one date to another, such as a summer timetable.
///
/// Several weeks alternate: the first one is the week (Monday to Sunday) that holds `from`, the
/// second one the week after it, and after the last one the first one comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// First date.
    pub from: Date,
    /// Last date, included; without one the schedule goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// The weeks, 1 to 53.
    pub weeks: Vec<WeeklyHours>,
}

impl Schedule {
    /// True when the date lies within the schedule.
    pub fn covers(&self, date: Date) -> bool {
        self.from <= date && self.to.is_none_or(|to| date <= to)
    }

    /// The hours of a date, as given; none for a schedule without weeks.
    pub(super) fn on(&self, date: Date) -> &[HourRange] {
        let weeks_since = (monday_number(date) - monday_number(self.from)) / 7;
        let count = i64::try_from(self.weeks.len()).unwrap_or(i64::MAX).max(1);
        let number = usize::try_from(weeks_since.rem_euclid(count)).unwrap_or(0);
        self.weeks.get(number).map_or(&[], |week| week.on(date.weekday()))
    }

    /// True when some date is covered by both.
    fn meets(&self, other: &Self) -> bool {
        other.to.is_none_or(|to| self.from <= to) && self.to.is_none_or(|to| other.from <= to)
    }
}

/// The Monday of a date's week, in days since 1970-01-01.
fn monday_number(date: Date) -> i64 {
    let days = Date::constant(1970, 1, 1).until(date).map_or(0, |span| i64::from(span.get_days()));
    days - i64::from(date.weekday().since(Weekday::Monday))
}

/// Hours that replace the schedule's or the week's on some dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// First date.
    pub from: Date,
    /// Last date, included.
    pub to: Date,
    /// Hours of each of these dates; empty: not worked.
    #[serde(default)]
    pub hours: Vec<HourRange>,
}

/// Dates and hours on which a person is on call for catastrophes, besides the ordinary hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnCall {
    /// First date.
    pub from: Date,
    /// Last date, included.
    pub to: Date,
    /// Hours of each of these dates.
    pub hours: Vec<HourRange>,
}

/// Refuses templates, exceptions and on-call hours that contradict themselves or each other.
pub(super) fn check(
    week: &WeeklyHours,
    schedules: &[Schedule],
    exceptions: &[Exception],
    on_call: &[OnCall],
    errors: &mut Vec<FieldError>,
) {
    week.check("week", errors);
    for (index, schedule) in schedules.iter().enumerate() {
        let field = format!("schedules[{index}]");
        if schedule.to.is_some_and(|to| to < schedule.from) {
            errors.push(FieldError::new(format!("{field}.to"), "must not be before `from`"));
        }
        if !(1..=MAX_WEEKS).contains(&schedule.weeks.len()) {
            errors.push(FieldError::new(format!("{field}.weeks"), format!("must be 1 to {MAX_WEEKS} weeks")));
        }
        for (number, week) in schedule.weeks.iter().enumerate() {
            week.check(&format!("{field}.weeks[{number}]"), errors);
        }
        let earlier = schedules.iter().take(index).position(|earlier| earlier.meets(schedule));
        if let Some(earlier) = earlier {
            let message = format!("contradicts schedules[{earlier}]: both cover some of the same dates");
            errors.push(FieldError::new(field, message));
        }
    }
    let exception_dates = exceptions.iter().map(|one| (one.from, one.to, &one.hours));
    let on_call_dates = on_call.iter().map(|one| (one.from, one.to, &one.hours));
    check_dates("exceptions", exception_dates, errors);
    check_dates("on_call", on_call_dates, errors);
    for (index, on_call) in on_call.iter().enumerate() {
        if on_call.hours.is_empty() {
            errors.push(FieldError::new(format!("on_call[{index}].hours"), "must not be empty"));
        }
    }
}

fn check_dates<'a>(
    name: &str,
    entries: impl Iterator<Item = (Date, Date, &'a Vec<HourRange>)>,
    errors: &mut Vec<FieldError>,
) {
    for (index, (from, to, hours)) in entries.enumerate() {
        if to < from {
            errors.push(FieldError::new(format!("{name}[{index}].to"), "must not be before `from`"));
        }
        check_ranges(hours, &format!("{name}[{index}].hours"), errors);
    }
}
