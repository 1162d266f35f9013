//! Recurring absences: a rule (RRULE of RFC 5545, section 3.3.10) and the first occurrence give all.
//!
//! Occurrences keep their civil time in the expert's zone when the clocks change. The rule is
//! followed in civil time and each occurrence is resolved to instants on its own.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, civil};
use rrule::RRuleSet;

/// Most occurrences of one rule.
const MAX_OCCURRENCES: u16 = 1000;

/// Longest time from the first occurrence to the last, in years.
const MAX_YEARS: i64 = 3;

/// Parts of a rule that are followed. Those of the time of day are not: the first occurrence has it.
const FOLLOWED: [&str; 11] = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYDAY",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
];

/// The first occurrence, in civil time of the zone. It may last days.
#[derive(Debug, Clone, Copy)]
pub struct First {
    /// When it starts.
    pub start: civil::DateTime,
    /// When it ends; after `start`.
    pub end: civil::DateTime,
}

/// Every occurrence of a rule, in order. One that the clock change leaves no time for is left out.
///
/// # Errors
/// What is wrong with the rule, in words fit for the report of an import.
pub fn occurrences(rule: &str, first: First, zone: &TimeZone) -> Result<Vec<(Timestamp, Timestamp)>, String> {
    let parts = read_parts(rule)?;
    check_parts(&parts)?;
    let starts = follow(&parts, first.start, zone)?;
    if starts.is_empty() {
        return Err("makes no occurrence".to_owned());
    }
    if starts.first() != Some(&first.start) {
        return Err("does not fall on the start, which must be the first occurrence".to_owned());
    }
    let limit = first.start.checked_add(MAX_YEARS.years()).unwrap_or(civil::DateTime::MAX);
    if starts.last().is_some_and(|last| *last > limit) {
        return Err(format!("goes on for more than {MAX_YEARS} years after the first occurrence"));
    }
    if starts.len() > usize::from(MAX_OCCURRENCES) {
        return Err(format!("makes more than {MAX_OCCURRENCES} occurrences"));
    }
    let days = first.start.date().until(first.end.date()).map_err(|_beyond| out_of_range())?;
    let mut resolved = Vec::with_capacity(starts.len());
    for start in starts {
        let last_day = start.date().checked_add(days).map_err(|_beyond| out_of_range())?;
        let end = last_day.to_datetime(first.end.time());
        let instant = |civil| zone.to_timestamp(civil).map_err(|_beyond| out_of_range());
        let (start, end) = (instant(start)?, instant(end)?);
        if end > start {
            resolved.push((start, end));
        }
    }
    Ok(resolved)
}

fn out_of_range() -> String {
    "leaves the calendar".to_owned()
}

/// A rule's parts: name in capitals, value.
fn read_parts(rule: &str) -> Result<Vec<(String, String)>, String> {
    const EXPECTED: &str = "expected a rule such as FREQ=WEEKLY;BYDAY=MO;UNTIL=20270630";
    let rule = rule.trim().to_ascii_uppercase();
    let rule = rule.strip_prefix("RRULE:").unwrap_or(&rule);
    let mut parts: Vec<(String, String)> = Vec::new();
    for part in rule.split(';').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or(EXPECTED)?;
        let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b',' | b'+' | b'-');
        if value.is_empty() || !value.bytes().all(is_sound) {
            return Err(EXPECTED.to_owned());
        }
        if !FOLLOWED.contains(&name) {
            let followed = FOLLOWED.join(", ");
            return Err(format!(
                "has a part that is not followed; followed: {followed}. The start has the time of day"
            ));
        }
        if parts.iter().any(|(known, _)| known == name) {
            return Err(format!("has {name} twice"));
        }
        parts.push((name.to_owned(), value.to_owned()));
    }
    if parts.is_empty() { Err(EXPECTED.to_owned()) } else { Ok(parts) }
}

fn value<'a>(parts: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// What can be told before the rule is followed.
fn check_parts(parts: &[(String, String)]) -> Result<(), String> {
    if !matches!(value(parts, "FREQ"), Some("DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY")) {
        return Err("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY".to_owned());
    }
    match (value(parts, "UNTIL"), value(parts, "COUNT")) {
        (None, None) => return Err("never ends: give UNTIL or COUNT".to_owned()),
        (Some(_), Some(_)) => return Err("has UNTIL and COUNT: give one of them".to_owned()),
        (None, Some(count)) if !is_between(count, MAX_OCCURRENCES) => {
            return Err(format!("COUNT must be 1 to {MAX_OCCURRENCES}"));
        }
        _ => {}
    }
    if value(parts, "INTERVAL").is_some_and(|interval| !is_between(interval, MAX_OCCURRENCES)) {
        return Err(format!("INTERVAL must be 1 to {MAX_OCCURRENCES}"));
    }
    // The library takes what stands before a weekday for nothing when it is no number, or when the
    // frequency has no use for it.
    let counts_weekdays =
        matches!(value(parts, "FREQ"), Some("MONTHLY" | "YEARLY")) && value(parts, "BYWEEKNO").is_none();
    let is_weekday = |day: &str| {
        let (number, name) = day.split_at(day.len().saturating_sub(2));
        ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].contains(&name)
            && (number.is_empty() || counts_weekdays && number.parse::<i16>().is_ok_and(|number| number != 0))
    };
    if value(parts, "BYDAY").is_some_and(|days| !days.split(',').all(is_weekday)) {
        return Err("BYDAY must be weekdays such as MO,TU or, with MONTHLY and YEARLY, 2TU or -1FR".to_owned());
    }
    Ok(())
}

fn is_between(number: &str, most: u16) -> bool {
    number.parse::<u16>().is_ok_and(|number| (1..=most).contains(&number))
}

/// The civil starts: one more than allowed at most. The library is given civil time as if it were
/// UTC, where no clock ever changes.
fn follow(parts: &[(String, String)], start: civil::DateTime, zone: &TimeZone) -> Result<Vec<civil::DateTime>, String> {
    let mut given = Vec::new();
    for (name, value) in parts {
        let value = if name == "UNTIL" {
            let until = read_until(value, zone)?;
            if until < start {
                return Err("UNTIL must not be before the start".to_owned());
            }
            as_utc(until)
        } else {
            value.clone()
        };
        given.push(format!("{name}={value}"));
    }
    let read = |rule: &str| format!("DTSTART:{}\nRRULE:{rule}", as_utc(start)).parse::<RRuleSet>();
    let Ok(set) = read(&given.join(";")) else {
        let frequency = value(parts, "FREQ").unwrap_or_default();
        let is_wrong = |(name, value): &&(String, String)| {
            name.starts_with("BY") && name != "BYSETPOS" && read(&format!("FREQ={frequency};{name}={value}")).is_err()
        };
        return Err(match parts.iter().find(is_wrong) {
            Some((name, _)) => format!("{name} is out of range, or does not go with FREQ={frequency} (RFC 5545)"),
            None => "is not a sound rule of RFC 5545".to_owned(),
        });
    };
    let found = set.all(MAX_OCCURRENCES + 1).dates;
    let civil = |instant: i64| {
        Timestamp::from_second(instant)
            .map(|instant| TimeZone::UTC.to_datetime(instant))
            .map_err(|_beyond| out_of_range())
    };
    found.iter().map(|start| civil(start.timestamp())).collect()
}

/// The last civil time that an occurrence may start at: a date is taken to its end, an instant is
/// brought into the zone.
fn read_until(text: &str, zone: &TimeZone) -> Result<civil::DateTime, String> {
    let expected = || "UNTIL must be such as 20270630, 20270630T120000 or 20270630T120000Z".to_owned();
    if let Ok(date) = civil::Date::strptime("%Y%m%d", text) {
        return Ok(date.at(23, 59, 59, 0));
    }
    let (local, is_utc) = text.strip_suffix('Z').map_or((text, false), |local| (local, true));
    let civil = civil::DateTime::strptime("%Y%m%dT%H%M%S", local).map_err(|_neither| expected())?;
    if !is_utc {
        return Ok(civil);
    }
    let instant = TimeZone::UTC.to_timestamp(civil).map_err(|_beyond| expected())?;
    Ok(zone.to_datetime(instant))
}

fn as_utc(civil: civil::DateTime) -> String {
    civil.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample;

    use super::*;

    fn first(start: &str, end: &str) -> First {
        First { start: start.parse().unwrap(), end: end.parse().unwrap() }
    }

    fn paris(rule: &str, first: First) -> Result<Vec<(Timestamp, Timestamp)>, String> {
        occurrences(rule, first, &TimeZone::get("Europe/Paris").unwrap())
    }

    fn starts(rule: &str, first: First) -> Vec<String> {
        paris(rule, first).unwrap().iter().map(|(start, _)| start.to_string()).collect()
    }

    #[test]
    fn every_other_monday_keeps_its_hour_when_the_clocks_change() {
        // 25 October 2026 the clocks go back.
        let monday = first("2026-10-12T09:00", "2026-10-12T12:00");
        let expected = ["2026-10-12T07:00:00Z", "2026-10-26T08:00:00Z", "2026-11-09T08:00:00Z"];
        assert_eq!(starts("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=3", monday), expected);
        assert_eq!(starts("RRULE:freq=weekly;interval=2;until=20261109", monday), expected);
        assert_eq!(starts("FREQ=WEEKLY;INTERVAL=2;UNTIL=20261109T080000Z", monday), expected);
        assert_eq!(starts("FREQ=WEEKLY;INTERVAL=2;UNTIL=20261109T080000", monday), expected[..2]);
        let all = paris("FREQ=WEEKLY;INTERVAL=2;COUNT=3", monday).unwrap();
        assert!(all.iter().all(|(start, end)| end.duration_since(*start).as_hours() == 3));
    }

    #[test]
    fn whole_days_are_whole_days_of_the_zone() {
        // Each last Sunday of the month, two of which have 25 and 23 hours.
        let sunday = first("2026-10-25T00:00", "2026-10-26T00:00");
        let all = paris("FREQ=MONTHLY;BYDAY=-1SU;COUNT=6", sunday).unwrap();
        let hours: Vec<i64> = all.iter().map(|(start, end)| end.duration_since(*start).as_hours()).collect();
        assert_eq!(hours, [25, 24, 24, 24, 24, 23]);
    }

    #[test]
    fn an_hour_that_does_not_exist_is_left_out() {
        let night = first("2027-03-27T02:00", "2027-03-27T03:00");
        assert_eq!(starts("FREQ=DAILY;COUNT=3", night), ["2027-03-27T01:00:00Z", "2027-03-29T00:00:00Z"]);
    }

    #[test]
    fn rules_that_cannot_be_followed_are_refused_with_what_is_wrong() {
        let monday = first("2026-10-12T09:00", "2026-10-12T12:00");
        for (rule, told) in [
            ("FREQ=WEEKLY", "never ends"),
            ("FREQ=WEEKLY;COUNT=3;UNTIL=20261231", "one of them"),
            ("FREQ=DAILY;COUNT=1001", "COUNT must be 1 to 1000"),
            ("FREQ=DAILY;COUNT=0", "COUNT must be 1 to 1000"),
            ("FREQ=DAILY;COUNT=-1", "COUNT must be 1 to 1000"),
            ("FREQ=DAILY;UNTIL=99991231", "more than"),
            ("FREQ=DAILY;UNTIL=20291001", "more than 1000 occurrences"),
            ("FREQ=WEEKLY;UNTIL=20301001", "more than 3 years"),
            ("FREQ=YEARLY;COUNT=5", "more than 3 years"),
            ("FREQ=WEEKLY;INTERVAL=0;COUNT=3", "INTERVAL"),
            ("FREQ=WEEKLY;UNTIL=20261011", "UNTIL must not be before"),
            ("FREQ=WEEKLY;UNTIL=tomorrow", "UNTIL must be such as"),
            ("FREQ=HOURLY;COUNT=3", "FREQ must be"),
            ("COUNT=3", "FREQ must be"),
            ("FREQ=WEEKLY;BYHOUR=9;COUNT=3", "not followed"),
            ("FREQ=YEARLY;BYEASTER=1;COUNT=3", "not followed"),
            ("RSCALE=CHINESE;FREQ=YEARLY;COUNT=3", "not followed"),
            ("FREQ=WEEKLY;FREQ=DAILY;COUNT=3", "FREQ twice"),
            ("FREQ=WEEKLY;BYDAY=LUNDI;COUNT=3", "BYDAY"),
            ("FREQ=WEEKLY;BYDAY=2MO;COUNT=3", "BYDAY"),
            ("FREQ=WEEKLY;BYDAY=M\u{e9};COUNT=3", "expected a rule"),
            ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=2MO;COUNT=3", "BYDAY"),
            ("FREQ=MONTHLY;BYDAY=99MO;COUNT=3", "BYDAY"),
            ("FREQ=MONTHLY;BYMONTHDAY=32;COUNT=3", "BYMONTHDAY"),
            ("FREQ=WEEKLY;BYMONTHDAY=12;COUNT=3", "BYMONTHDAY"),
            ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3", "no occurrence"),
            ("FREQ=WEEKLY;BYDAY=TU;COUNT=3", "does not fall on the start"),
            ("every Monday", "expected a rule"),
            ("FREQ=DAILY;COUNT=2\nRDATE:20270101T000000Z", "expected a rule"),
            ("", "expected a rule"),
        ] {
            let said = paris(rule, monday).unwrap_err();
            assert!(said.contains(told), "{rule}: {said}");
        }
    }

    proptest! {
        /// Whatever the parts: an answer, in bounds and in order, or a refusal.
        #[test]
        fn any_rule_ends_or_is_refused(
            frequency in sample::select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
            end in sample::select(vec!["COUNT=1", "COUNT=9", "COUNT=1000", "UNTIL=20261012", "UNTIL=20290101", "UNTIL=99991231T235959Z"]),
            others in vec((
                sample::select(vec!["INTERVAL", "BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST"]),
                sample::select(vec!["1", "2", "-1", "0", "31", "53", "-53", "366", "-366", "999", "70000", "MO", "SU", "2MO", "-1FR", "-400SA", "MO,TU", "1,15,-1", "+1", "X"]),
            ), 0..4),
            text in "[A-Z0-9=;,+\\-: \\n\u{e9}]{0,40}",
        ) {
            let monday = first("2026-10-12T09:00", "2026-10-13T08:00");
            let others: Vec<String> = others.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            for rule in [format!("FREQ={frequency};{end};{}", others.join(";")), text] {
                let Ok(all) = paris(&rule, monday) else { continue };
                prop_assert!(!all.is_empty() && all.len() <= 1000);
                prop_assert_eq!(all[0].0.to_string(), "2026-10-12T07:00:00Z");
                prop_assert!(all.is_sorted() && all.iter().all(|(start, end)| start < end));
                prop_assert!(all.last().unwrap().0.to_string().as_str() < "2029-10-13");
            }
        }

        /// The commonest rule, counted out on the fingers.
        #[test]
        fn weekdays_of_every_nth_week_are_those_of_a_calendar(
            interval in 1..5_i64,
            weekdays in sample::subsequence(vec!["TU", "WE", "TH", "FR", "SA", "SU"], 0..=6),
            count in 1..40_usize,
        ) {
            let monday = first("2026-10-12T09:00", "2026-10-12T12:00");
            let days = [&["MO"], weekdays.as_slice()].concat();
            let rule = format!("FREQ=WEEKLY;INTERVAL={interval};BYDAY={};COUNT={count}", days.join(","));
            let names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
            let expected: Vec<String> = (0..)
                .filter(|day| (day / 7) % interval == 0 && days.contains(&names[usize::try_from(day % 7).unwrap()]))
                .map(|day: i64| monday.start.checked_add(day.days()).unwrap())
                .map(|civil| TimeZone::get("Europe/Paris").unwrap().to_timestamp(civil).unwrap().to_string())
                .take(count)
                .collect();
            prop_assert_eq!(starts(&rule, monday), expected);
        }
    }
}
