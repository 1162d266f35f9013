//! Which hours hold on which date: templates with effective dates, exceptions, on-call duty.

use std::borrow::Cow;

use constat_domain::FieldError;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::expert::Expert;
use crate::hours::{HourRange, WeeklyHours, check_ranges};

/// Most weeks that alternate in one schedule: a year of them.
const MOST_WEEKS: usize = 53;

/// What a visit is for, as far as it decides which hours may be used.
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
    /// True when the schedule tells the hours of the date.
    pub fn covers(&self, date: Date) -> bool {
        self.from <= date && self.to.is_none_or(|to| date <= to)
    }

    /// The hours of a date, as given; none for a schedule without weeks.
    fn on(&self, date: Date) -> &[HourRange] {
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

/// Dates and hours on which a person stands by for catastrophes, besides the ordinary hours.
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

impl Expert {
    /// The hours of a date: the last exception that covers it, else the schedule's, else the week's.
    /// On call, the on-call hours of the date are added.
    ///
    /// Ordinary hours are as given, perhaps unsorted. Hours with on-call ones are sorted, and those
    /// that overlap or touch are joined.
    pub fn hours_on(&self, date: Date, duty: Duty) -> Cow<'_, [HourRange]> {
        let exception = self.exceptions.iter().rfind(|exception| exception.from <= date && date <= exception.to);
        let ordinary = match exception {
            Some(exception) => exception.hours.as_slice(),
            None => self
                .schedules
                .iter()
                .rfind(|schedule| schedule.covers(date))
                .map_or_else(|| self.week.on(date.weekday()), |schedule| schedule.on(date)),
        };
        if duty == Duty::Ordinary {
            return Cow::Borrowed(ordinary);
        }
        let standing_by = self.on_call.iter().filter(|on_call| on_call.from <= date && date <= on_call.to);
        let mut all: Vec<HourRange> = standing_by.flat_map(|on_call| on_call.hours.iter().copied()).collect();
        if all.is_empty() {
            return Cow::Borrowed(ordinary);
        }
        all.extend_from_slice(ordinary);
        Cow::Owned(HourRange::joined(all))
    }

    /// Refuses templates, exceptions and on-call hours that contradict themselves or each other.
    pub(crate) fn check_hours(&self, errors: &mut Vec<FieldError>) {
        self.week.check("week", errors);
        for (index, schedule) in self.schedules.iter().enumerate() {
            let field = format!("schedules[{index}]");
            if schedule.to.is_some_and(|to| to < schedule.from) {
                errors.push(FieldError::new(format!("{field}.to"), "must not be before `from`"));
            }
            if !(1..=MOST_WEEKS).contains(&schedule.weeks.len()) {
                errors.push(FieldError::new(format!("{field}.weeks"), format!("must be 1 to {MOST_WEEKS} weeks")));
            }
            for (number, week) in schedule.weeks.iter().enumerate() {
                week.check(&format!("{field}.weeks[{number}]"), errors);
            }
            let earlier = self.schedules.iter().take(index).position(|earlier| earlier.meets(schedule));
            if let Some(earlier) = earlier {
                let message = format!("contradicts schedules[{earlier}]: both cover some of the same dates");
                errors.push(FieldError::new(field, message));
            }
        }
        let exceptions = self.exceptions.iter().map(|one| (one.from, one.to, &one.hours));
        let on_call = self.on_call.iter().map(|one| (one.from, one.to, &one.hours));
        check_dates("exceptions", exceptions, errors);
        check_dates("on_call", on_call, errors);
        for (index, on_call) in self.on_call.iter().enumerate() {
            if on_call.hours.is_empty() {
                errors.push(FieldError::new(format!("on_call[{index}].hours"), "must not be empty"));
            }
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

#[cfg(test)]
mod tests {
    use constat_domain::geo::Position;
    use constat_domain::ids::ExpertId;
    use jiff::Timestamp;
    use jiff::civil::date;

    use super::*;

    fn hours(texts: &[&str]) -> Vec<HourRange> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn week(texts: &[&str]) -> WeeklyHours {
        WeeklyHours::weekdays(&hours(texts))
    }

    fn expert() -> Expert {
        let id = ExpertId::new(Timestamp::UNIX_EPOCH, &[1; 10]);
        let base = Position { lat: 48.85, lon: 2.35 };
        Expert { week: week(&["09:00-12:00"]), ..Expert::new(id, "Expert 017", base, "Europe/Paris") }
    }

    fn on(expert: &Expert, day: Date) -> Vec<HourRange> {
        expert.hours_on(day, Duty::Ordinary).into_owned()
    }

    #[test]
    fn the_last_exception_of_a_date_holds() {
        let mut expert = expert();
        let monday = date(2026, 3, 2);
        assert_eq!(on(&expert, monday), hours(&["09:00-12:00"]));
        expert.exceptions.push(Exception { from: monday, to: date(2026, 3, 20), hours: Vec::new() });
        expert.exceptions.push(Exception { from: monday, to: monday, hours: hours(&["10:00-11:00"]) });
        assert_eq!(on(&expert, monday), hours(&["10:00-11:00"]));
        assert!(on(&expert, date(2026, 3, 9)).is_empty());
    }

    #[test]
    fn weeks_alternate_from_the_week_of_the_first_date() {
        let mut expert = expert();
        // From Wednesday 3 June 2026; the week of Monday 1 June is the first.
        let weeks = vec![week(&["08:00-12:00"]), week(&["13:00-17:00"])];
        expert.schedules.push(Schedule { from: date(2026, 6, 3), to: Some(date(2026, 8, 31)), weeks });
        assert_eq!(expert.check(), []);
        assert_eq!(on(&expert, date(2026, 6, 2)), hours(&["09:00-12:00"]), "before it, the plain week");
        assert_eq!(on(&expert, date(2026, 6, 3)), hours(&["08:00-12:00"]));
        assert!(on(&expert, date(2026, 6, 7)).is_empty(), "the first week's Sunday");
        assert_eq!(on(&expert, date(2026, 6, 8)), hours(&["13:00-17:00"]));
        assert_eq!(on(&expert, date(2026, 6, 15)), hours(&["08:00-12:00"]));
        assert_eq!(on(&expert, date(2026, 8, 31)), hours(&["13:00-17:00"]), "thirteen weeks later");
        assert_eq!(on(&expert, date(2026, 9, 1)), hours(&["09:00-12:00"]), "after it, the plain week again");
        expert.exceptions.push(Exception { from: date(2026, 6, 8), to: date(2026, 6, 8), hours: Vec::new() });
        assert!(on(&expert, date(2026, 6, 8)).is_empty(), "an exception goes before the schedule");
    }

    #[test]
    fn alternating_weeks_run_on_over_the_new_year_and_the_clock_changes() {
        let mut expert = expert();
        let weeks = vec![week(&["08:00-12:00"]), week(&["13:00-17:00"])];
        // 2026 has 53 ISO weeks: counting by week number would break the rhythm at new year.
        expert.schedules.push(Schedule { from: date(2026, 9, 7), to: None, weeks });
        let mut monday = date(2026, 9, 7);
        for number in 0..60 {
            let expected = if number % 2 == 0 { "08:00-12:00" } else { "13:00-17:00" };
            assert_eq!(on(&expert, monday), hours(&[expected]), "{monday}");
            monday = monday.checked_add(jiff::Span::new().weeks(1)).unwrap();
        }
    }

    #[test]
    fn on_call_hours_are_added_for_catastrophes_only() {
        let mut expert = expert();
        let weekend = OnCall { from: date(2026, 6, 5), to: date(2026, 6, 7), hours: hours(&["11:00-20:00"]) };
        expert.on_call.push(weekend);
        let (friday, saturday) = (date(2026, 6, 5), date(2026, 6, 6));
        assert_eq!(on(&expert, friday), hours(&["09:00-12:00"]));
        assert_eq!(*expert.hours_on(friday, Duty::OnCall), hours(&["09:00-20:00"]), "overlapping hours are one range");
        assert!(on(&expert, saturday).is_empty());
        assert_eq!(*expert.hours_on(saturday, Duty::OnCall), hours(&["11:00-20:00"]));
        assert!(expert.hours_on(date(2026, 6, 13), Duty::OnCall).is_empty());
    }

    #[test]
    fn contradictory_schedules_are_refused_and_both_are_named() {
        let mut expert = expert();
        let schedule = |from, to| Schedule { from, to, weeks: vec![WeeklyHours::default()] };
        expert.schedules.push(schedule(date(2026, 6, 1), Some(date(2026, 6, 30))));
        expert.schedules.push(schedule(date(2026, 7, 1), None));
        assert_eq!(expert.check(), [], "one ends the day before the other begins");
        expert.schedules.push(schedule(date(2026, 12, 1), Some(date(2026, 12, 24))));
        let errors = expert.check();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].field, "schedules[2]");
        assert!(errors[0].message.contains("schedules[1]"), "{}", errors[0].message);
    }

    #[test]
    fn faults_of_schedules_and_on_call_dates_are_named() {
        let mut expert = expert();
        let broken = week(&["09:00-12:00", "11:00-13:00"]);
        expert.schedules.push(Schedule { from: date(2026, 6, 2), to: Some(date(2026, 6, 1)), weeks: Vec::new() });
        expert.schedules.push(Schedule { from: date(2026, 7, 1), to: None, weeks: vec![broken] });
        expert.on_call.push(OnCall { from: date(2026, 6, 2), to: date(2026, 6, 1), hours: Vec::new() });
        let fields: Vec<_> = expert.check().into_iter().map(|error| error.field).collect();
        assert!(fields.starts_with(&["schedules[0].to".to_owned(), "schedules[0].weeks".to_owned()]), "{fields:?}");
        assert!(fields.contains(&"schedules[1].weeks[0].monday".to_owned()), "{fields:?}");
        assert!(fields.ends_with(&["on_call[0].to".to_owned(), "on_call[0].hours".to_owned()]), "{fields:?}");
        // Whatever is stored all the same is harmless.
        assert_eq!(on(&expert, date(2026, 6, 2)), hours(&["09:00-12:00"]));
        expert.schedules[0].to = None;
        expert.schedules.truncate(1);
        assert!(on(&expert, date(2026, 6, 2)).is_empty());
    }
}
