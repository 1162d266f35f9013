//! Working hours: civil times of a weekday, in the expert's own zone.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};

use crate::FieldError;

const MINUTES_PER_DAY: u16 = 24 * 60;

/// A range of civil time within one day, written `09:00-12:30`. The end may be `24:00`. It is also read from
/// `9:00-12:30`, `9h-12h30`, `9h00 – 12h30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HourRange {
    start: u16,
    end: u16,
}

impl HourRange {
    /// 08:00 to 20:00.
    pub const DAYTIME: Self = Self { start: 8 * 60, end: 20 * 60 };

    /// A range from one minute of the day to a later one (1440 is the end of the day); `None` when
    /// it is empty or outside the day.
    pub const fn new(start: u16, end: u16) -> Option<Self> {
        if start < end && end <= MINUTES_PER_DAY { Some(Self { start, end }) } else { None }
    }

    /// First minute of the day, 0 to 1439.
    pub const fn start_minute(self) -> u16 {
        self.start
    }

    /// The minute of the day it ends with, 1 to 1440.
    pub const fn end_minute(self) -> u16 {
        self.end
    }

    /// The ranges sorted, those that overlap or touch joined into one.
    pub(super) fn joined(mut ranges: Vec<Self>) -> Vec<Self> {
        ranges.sort_unstable();
        ranges.dedup_by(|next, kept| {
            let joins = next.start <= kept.end;
            if joins {
                kept.end = kept.end.max(next.end);
            }
            joins
        });
        ranges
    }
}

impl fmt::Display for HourRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, end } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

impl FromStr for HourRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let minute = |part: &str| -> Option<u16> {
            let (hours, minutes) = part.trim().split_once([':', 'h', 'H'])?;
            // `9h` has no minutes; `9:` is cut off.
            let minutes = if minutes.is_empty() && !part.contains(':') { "00" } else { minutes };
            let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let are_sound = (1..=2).contains(&hours.len()) && minutes.len() == 2;
            if !are_sound || !are_digits(hours) || !are_digits(minutes) {
                return None;
            }
            let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
            (minutes < 60).then_some(hours * 60 + minutes)
        };
        let ends =
            text.split_once(['-', '‑', '–', '—', '−']).and_then(|(start, end)| Some((minute(start)?, minute(end)?)));
        let (start, end) = ends.ok_or("expected hours such as 09:00-12:30")?;
        Self::new(start, end).ok_or_else(|| "the hours must end after they start, at 24:00 at the latest".to_owned())
    }
}

impl TryFrom<String> for HourRange {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<HourRange> for String {
    fn from(range: HourRange) -> Self {
        range.to_string()
    }
}

/// Hours of each weekday. A day without ranges is not worked; an empty week is harmless.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WeeklyHours {
    /// Monday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub monday: Vec<HourRange>,
    /// Tuesday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tuesday: Vec<HourRange>,
    /// Wednesday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wednesday: Vec<HourRange>,
    /// Thursday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thursday: Vec<HourRange>,
    /// Friday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub friday: Vec<HourRange>,
    /// Saturday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub saturday: Vec<HourRange>,
    /// Sunday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sunday: Vec<HourRange>,
}

impl WeeklyHours {
    /// The same hours from Monday to Friday.
    pub fn weekdays(ranges: &[HourRange]) -> Self {
        let day = || ranges.to_vec();
        Self { monday: day(), tuesday: day(), wednesday: day(), thursday: day(), friday: day(), ..Self::default() }
    }

    /// The same hours on all seven days.
    pub fn every_day(ranges: &[HourRange]) -> Self {
        Self { saturday: ranges.to_vec(), sunday: ranges.to_vec(), ..Self::weekdays(ranges) }
    }

    /// The hours of one weekday, as given (perhaps unsorted).
    pub fn on(&self, weekday: Weekday) -> &[HourRange] {
        match weekday {
            Weekday::Monday => &self.monday,
            Weekday::Tuesday => &self.tuesday,
            Weekday::Wednesday => &self.wednesday,
            Weekday::Thursday => &self.thursday,
            Weekday::Friday => &self.friday,
            Weekday::Saturday => &self.saturday,
            Weekday::Sunday => &self.sunday,
        }
    }

    /// Refuses days whose ranges overlap, naming the day under `field`.
    pub(super) fn check(&self, field: &str, errors: &mut Vec<FieldError>) {
        for (weekday, name) in Weekday::Monday.cycle_forward().zip(DAY_NAMES) {
            check_ranges(self.on(weekday), &format!("{field}.{name}"), errors);
        }
    }
}

const DAY_NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Refuses ranges of one day that overlap. Ranges that touch are fine.
pub(super) fn check_ranges(ranges: &[HourRange], field: &str, errors: &mut Vec<FieldError>) {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let overlap = sorted.iter().zip(sorted.iter().skip(1)).find(|(one, next)| next.start < one.end);
    if let Some((one, next)) = overlap {
        errors.push(FieldError::new(field, format!("the hours {one} and {next} overlap")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_read_and_write_as_people_write_them() {
        let range: HourRange = "08:30-24:00".parse().unwrap();
        assert_eq!((range.start_minute(), range.end_minute()), (510, 1440));
        assert_eq!(range.to_string(), "08:30-24:00");
        for written in ["9h-12h30", "9h00-12h30", "9:00-12:30", "09:00–12:30", "9H — 12H30", "09h00 - 12:30"] {
            assert_eq!(written.parse::<HourRange>().unwrap().to_string(), "09:00-12:30", "{written}");
        }
        assert_eq!("9h-24h".parse::<HourRange>().unwrap().to_string(), "09:00-24:00");
        for bad in ["9h-25h", "9h5-12h", "9:-12:", "h-12h", "9h-12", "009h-12h", "9hh-12h"] {
            assert!(bad.parse::<HourRange>().is_err(), "{bad}");
        }
        for bad in ["12:00-09:00", "09:00-09:00", "9-12", "09:00-24:01", "09:60-10:00", "+9:00-10:00", "", "09:00"] {
            assert!(bad.parse::<HourRange>().is_err(), "{bad}");
        }
    }

    #[test]
    fn overlapping_hours_are_refused_and_touching_ones_are_not() {
        let week: WeeklyHours = serde_json::from_str(
            r#"{"monday": ["08:00-12:00", "12:00-17:00"], "friday": ["14:00-18:00", "08:00-14:30"]}"#,
        )
        .unwrap();
        let mut errors = Vec::new();
        week.check("week", &mut errors);
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].field, "week.friday");
        assert_eq!(errors[0].message, "the hours 08:00-14:30 and 14:00-18:00 overlap");
    }
}
