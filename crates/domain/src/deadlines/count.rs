//! How a term is counted at a place.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::claim::Location;
use crate::holidays::{Holidays, zone_of_department};

/// How long a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Hours, from the instant.
    Hours(u16),
    /// Days from Monday to Friday that are no public holiday of the place (jours ouvrés).
    WorkingDays(u16),
    /// Calendar days.
    Days(u16),
    /// Civil months: the 31st of January and one month is the last of February.
    Months(u16),
    /// Civil years.
    Years(u16),
}

impl Length {
    /// Whether it is more than nothing and less than a working life.
    pub(super) fn is_sensible(self) -> bool {
        match self {
            Self::Hours(hours) => (1..=8760).contains(&hours),
            Self::WorkingDays(days) | Self::Days(days) => (1..=4000).contains(&days),
            Self::Months(months) => (1..=240).contains(&months),
            Self::Years(years) => (1..=30).contains(&years),
        }
    }
}

/// When something happened: the day at the place, and the instant. What is known by its day only
/// counts from that day's first instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    pub(super) on: Date,
}

/// The last day of a term, and the instant at which it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) on: Date,
    pub(super) at: Timestamp,
}

/// What a place has to do with counting: its time zone and its public holidays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    zone: TimeZone,
    department: String,
}

impl Place {
    /// The place of a loss, by its postcode and town, or by its country where these do not tell: `RE` is
    /// La Réunion. An unknown place is in `Europe/Paris` with the national holidays, and so are places abroad.
    ///
    /// ```
    /// # use constat_domain::claim::Location;
    /// # use constat_domain::deadlines::Place;
    /// let location = Location {
    ///     address: "1 rue de Paris".into(), city: "Saint-Denis".into(), country: "France".into(), zipcode: "97400".into(),
    /// };
    /// assert_eq!(Place::of(&location).zone().iana_name(), Some("Indian/Reunion"));
    /// ```
    pub fn of(location: &Location) -> Self {
        Self::of_department(&location.department().unwrap_or_default())
    }

    /// A place in a département: `75`, `2A`, `974`.
    pub fn of_department(department: &str) -> Self {
        let zone = TimeZone::get(zone_of_department(department)).unwrap_or(TimeZone::UTC);
        Self { zone, department: department.to_owned() }
    }

    /// Its time zone.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The day that an instant belongs to here.
    pub fn day_of(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// Whether people work here on a day: Monday to Friday, no public holiday.
    pub fn works_on(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !Holidays::embedded().is_holiday(day, &self.department)
    }

    pub(super) fn at(&self, at: Timestamp) -> Moment {
        Moment { at, on: self.day_of(at) }
    }

    pub(super) fn on(&self, day: Date) -> Option<Moment> {
        Some(Moment { at: self.first_instant(day)?, on: day })
    }

    /// The first instant of a day here. `None` beyond the calendar.
    pub(super) fn first_instant(&self, day: Date) -> Option<Timestamp> {
        day.to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp())
    }

    /// The next day of work at or after a day; at or before it when counting `before`.
    fn rolled(&self, mut day: Date, before: bool) -> Option<Date> {
        while !self.works_on(day) {
            day = if before { day.yesterday() } else { day.tomorrow() }.ok()?;
        }
        Some(day)
    }

    fn working_days_from(&self, mut day: Date, count: u16, before: bool) -> Option<Date> {
        let mut left = count;
        while left > 0 {
            day = if before { day.yesterday() } else { day.tomorrow() }.ok()?;
            left -= u16::from(self.works_on(day));
        }
        Some(day)
    }

    /// The end of a term that starts at a moment, whose day does not count. It is always a day of
    /// work. `None` beyond the calendar.
    pub(super) fn end(&self, start: Moment, length: Length, before: bool) -> Option<End> {
        if let Length::Hours(hours) = length {
            let at = start.at.checked_add(SignedDuration::from_hours(hours.into())).ok()?;
            let on = self.day_of(at);
            return if self.works_on(on) { Some(End { on, at }) } else { self.end_of(self.rolled(on, before)?) };
        }
        let last = match length {
            Length::WorkingDays(count) => self.working_days_from(start.on, count, before)?,
            _ => raw_end(start.on, length, before)?,
        };
        self.end_of(self.rolled(last, before)?)
    }

    fn end_of(&self, day: Date) -> Option<End> {
        Some(End { on: day, at: self.first_instant(day.tomorrow().ok()?)? })
    }
}

/// The last day of a term in calendar days, months or years, wherever it falls. A term in hours or
/// working days has none without a place.
pub(super) fn raw_end(start: Date, length: Length, before: bool) -> Option<Date> {
    let sign = if before { -1 } else { 1 };
    let span = match length {
        Length::Days(days) => Span::new().try_days(sign * i64::from(days)),
        Length::Months(months) => Span::new().try_months(sign * i64::from(months)),
        Length::Years(years) => Span::new().try_years(sign * i64::from(years)),
        Length::Hours(_) | Length::WorkingDays(_) => return None,
    };
    start.checked_add(span.ok()?).ok()
}
