//! The hours of an expert on a date: schedules, exceptions and on-call duty combined.

use std::borrow::Cow;

use jiff::civil::Date;

use super::hours::HourRange;
use super::record::Expert;
use super::schedule::Duty;

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
        let on_call_now = self.on_call.iter().filter(|on_call| on_call.from <= date && date <= on_call.to);
        let mut all: Vec<HourRange> = on_call_now.flat_map(|on_call| on_call.hours.iter().copied()).collect();
        if all.is_empty() {
            return Cow::Borrowed(ordinary);
        }
        all.extend_from_slice(ordinary);
        Cow::Owned(HourRange::joined(all))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;

    use super::*;
    use crate::expert::{Exception, OnCall, Schedule, WeeklyHours};
    use crate::geo::Position;
    use crate::ids::ExpertId;

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
        // A stored record with these faults does no harm.
        assert_eq!(on(&expert, date(2026, 6, 2)), hours(&["09:00-12:00"]));
        expert.schedules[0].to = None;
        expert.schedules.truncate(1);
        assert!(on(&expert, date(2026, 6, 2)).is_empty());
    }
}
