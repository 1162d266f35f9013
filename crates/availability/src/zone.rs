//! Civil time of a zone resolved to seconds since 1970.

use constat_domain::expert::HourRange;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, civil};

use crate::span::{Span, join};

/// The instant of a civil time. A time that occurs twice means its first occurrence; one that is
/// skipped means the instant of the jump, so that hours within the skipped hour are empty.
pub(crate) fn instant(zone: &TimeZone, at: civil::DateTime) -> i64 {
    let ambiguous = zone.to_ambiguous_timestamp(at);
    let skipped = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
    // Both fail only at the very ends of time, 9999 years away; there, nothing is ever free.
    if skipped {
        let Ok(before) = ambiguous.earlier() else {
            return i64::MAX;
        };
        zone.following(before).next().map_or(before.as_second(), |jump| jump.timestamp().as_second())
    } else {
        ambiguous.earlier().map_or(i64::MAX, Timestamp::as_second)
    }
}

/// The instant at which a date starts.
pub(crate) fn midnight(zone: &TimeZone, date: civil::Date) -> i64 {
    instant(zone, date.to_datetime(civil::Time::midnight()))
}

/// The instant of a minute of a date, 0 to 1439.
pub(crate) fn at_minute(zone: &TimeZone, date: civil::Date, minute: u16) -> i64 {
    let time = civil::Time::midnight() + SignedDuration::from_mins(i64::from(minute));
    instant(zone, date.to_datetime(time))
}

/// A date from its first instant to the next date's.
pub(crate) fn day_of(zone: &TimeZone, date: civil::Date) -> Span {
    Span { start: midnight(zone, date), end: midnight(zone, next_day(date)) }
}

/// The week of a date, Monday to Sunday, from its first instant to the next week's.
pub(crate) fn week_of(zone: &TimeZone, date: civil::Date) -> Span {
    let since_monday = i64::from(date.weekday().to_monday_zero_offset());
    let monday = date.saturating_sub(jiff::Span::new().days(since_monday));
    let next = monday.saturating_add(jiff::Span::new().days(7));
    Span { start: midnight(zone, monday), end: midnight(zone, next) }
}

/// The civil date of an instant. Instants beyond time itself count as its ends.
pub(crate) fn date(zone: &TimeZone, second: i64) -> civil::Date {
    zone.to_datetime(timestamp(second)).date()
}

/// The instant as a timestamp, clamped to what one can hold.
pub(crate) fn timestamp(second: i64) -> Timestamp {
    let clamped = second.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(clamped).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The day after, or the same at the end of time.
pub(crate) fn next_day(date: civil::Date) -> civil::Date {
    date.tomorrow().unwrap_or(date)
}

/// The hours of a date as instants, in place of what `out` held: sorted, those that touch or overlap
/// joined. `day` is that date, from its first instant to the next date's.
pub(crate) fn resolve_hours(hours: &[HourRange], zone: &TimeZone, date: civil::Date, day: Span, out: &mut Vec<Span>) {
    // On a day of 24 hours the offset does not change: minutes can be added up.
    let plain = day.end - day.start == 24 * 3600;
    let at = |minute: u16| match minute {
        1440 => day.end,
        _ if plain => day.start + i64::from(minute) * 60,
        _ => at_minute(zone, date, minute),
    };
    out.clear();
    out.extend(hours.iter().map(|range| Span { start: at(range.start_minute()), end: at(range.end_minute()) }));
    join(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_and_repeated_hours() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let at = |text: &str| instant(&paris, text.parse().unwrap());
        let utc = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        assert_eq!(at("2026-03-29T01:59:00"), utc("2026-03-29T00:59:00Z"));
        assert_eq!(at("2026-03-29T02:00:00"), utc("2026-03-29T01:00:00Z"));
        assert_eq!(at("2026-03-29T02:30:00"), utc("2026-03-29T01:00:00Z"));
        assert_eq!(at("2026-03-29T03:00:00"), utc("2026-03-29T01:00:00Z"));
        assert_eq!(at("2026-10-25T02:30:00"), utc("2026-10-25T00:30:00Z"));
        assert_eq!(at("2026-10-25T03:00:00"), utc("2026-10-25T02:00:00Z"));
    }
}
