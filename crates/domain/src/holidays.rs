//! Public holidays and time zones of a place, told from its département.
//!
//! Holidays are data (`data/rules/holidays.toml`), effective-dated; only Easter is computed.
//! The sources are named in the file.

use std::sync::LazyLock;

use jiff::civil;
use serde::Deserialize;

static EMBEDDED: LazyLock<Holidays> = LazyLock::new(|| {
    Holidays::parse(include_str!("../../../data/rules/holidays.toml"))
        .unwrap_or_else(|error| panic!("data/rules/holidays.toml: {error}"))
});

/// One public holiday.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// Stable id: `good_friday`.
    pub id: String,
    /// Its French name.
    pub label: String,
    /// Month, 1 to 12, of a holiday with a fixed date.
    pub month: Option<i8>,
    /// Day of the month of a holiday with a fixed date.
    pub day: Option<i8>,
    /// Days after Easter Sunday, of a movable holiday.
    pub easter_offset: Option<i32>,
    /// Codes of the only départements it holds in; empty: everywhere.
    #[serde(default)]
    pub departments: Vec<String>,
    /// First civil date it holds, when known.
    pub from: Option<civil::Date>,
    /// Last civil date it holds, when it ended.
    pub to: Option<civil::Date>,
}

impl Holiday {
    fn falls_on(&self, date: civil::Date) -> bool {
        if self.from.is_some_and(|from| date < from) || self.to.is_some_and(|to| date > to) {
            return false;
        }
        match (self.easter_offset, self.month, self.day) {
            (Some(offset), ..) => {
                let easter = easter(date.year());
                easter.is_some_and(|easter| (date - easter).get_days() == offset)
            }
            (None, Some(month), Some(day)) => (date.month(), date.day()) == (month, day),
            _ => false,
        }
    }

    fn holds_in(&self, department: &str) -> bool {
        self.departments.is_empty() || self.departments.iter().any(|code| code == department)
    }
}

/// The public holidays of France.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holidays {
    /// All of them, in the order of the file.
    #[serde(rename = "holiday")]
    pub all: Vec<Holiday>,
}

impl Holidays {
    /// The holidays that came with the program.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads holidays from TOML.
    ///
    /// # Errors
    /// What is wrong with the text: its syntax, a field, or a holiday without exactly one kind of
    /// date.
    pub fn parse(text: &str) -> Result<Self, String> {
        let holidays: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        for holiday in &holidays.all {
            let fixed = match (holiday.month, holiday.day) {
                // 2000 is a leap year: 29 February is a date.
                (Some(month), Some(day)) => {
                    civil::Date::new(2000, month, day).map_err(|error| format!("{}: {error}", holiday.id))?;
                    true
                }
                (None, None) => false,
                _ => return Err(format!("{}: month and day go together", holiday.id)),
            };
            if fixed == holiday.easter_offset.is_some() {
                return Err(format!("{}: give month and day, or easter_offset", holiday.id));
            }
        }
        Ok(holidays)
    }

    /// The holiday on a civil date at a place, if there is one. The département is that of the
    /// place's commune (`67`, `2A`, `974`; 977 and 978 for Saint-Barthélemy and Saint-Martin,
    /// whose postcodes look like Guadeloupe's: ask the gazetteer).
    ///
    /// ```
    /// # use constat_domain::holidays::Holidays;
    /// let date = jiff::civil::date(2026, 12, 26);
    /// assert!(Holidays::embedded().on(date, "67").is_some());
    /// assert!(Holidays::embedded().on(date, "75").is_none());
    /// ```
    pub fn on(&self, date: civil::Date, department: &str) -> Option<&Holiday> {
        self.all.iter().find(|holiday| holiday.holds_in(department) && holiday.falls_on(date))
    }

    /// True when the civil date is a public holiday at the place.
    pub fn is_holiday(&self, date: civil::Date, department: &str) -> bool {
        self.on(date, department).is_some()
    }
}

/// Easter Sunday of a year in the Gregorian calendar, after the method printed anonymously in
/// *Nature*, 20 April 1876 (Meeus, *Astronomical Algorithms*, chapter 8). `None` for years before
/// 1583, which the Gregorian calendar does not have.
pub fn easter(year: i16) -> Option<civil::Date> {
    if year < 1583 {
        return None;
    }
    let wide = i32::from(year);
    let (golden, century, in_century) = (wide % 19, wide / 100, wide % 100);
    let moon_correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - moon_correction + 15) % 30;
    let to_sunday = (32 + 2 * (century % 4) + 2 * (in_century / 4) - epact - in_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * to_sunday) / 451;
    let days = epact + to_sunday - 7 * late + 114;
    let month = i8::try_from(days / 31).ok()?;
    let day = i8::try_from(days % 31 + 1).ok()?;
    civil::Date::new(year, month, day).ok()
}

/// The IANA time zone of a place, by its département. Anything that is not overseas, or not known,
/// is in `Europe/Paris`.
pub fn zone_of_department(department: &str) -> &'static str {
    match department {
        "971" | "977" | "978" => "America/Guadeloupe",
        "972" => "America/Martinique",
        "973" => "America/Cayenne",
        "974" => "Indian/Reunion",
        "975" => "America/Miquelon",
        "976" => "Indian/Mayotte",
        "984" => "Indian/Kerguelen",
        "986" => "Pacific/Wallis",
        "987" => "Pacific/Tahiti",
        "988" => "Pacific/Noumea",
        _ => "Europe/Paris",
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;

    fn on(year: i16, month: i8, day: i8, department: &str) -> Option<&'static str> {
        Holidays::embedded().on(date(year, month, day), department).map(|holiday| holiday.id.as_str())
    }

    #[test]
    fn easter_falls_where_almanacs_say() {
        for (year, month, day) in [
            (1954, 4, 18),
            (1961, 4, 2),
            (2000, 4, 23),
            (2008, 3, 23),
            (2011, 4, 24),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2027, 3, 28),
            (2038, 4, 25),
        ] {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
        assert_eq!(easter(1500), None);
        assert!((1583..=9998).all(|year| easter(year).unwrap().weekday() == jiff::civil::Weekday::Sunday));
    }

    #[test]
    fn a_year_in_paris_has_eleven_holidays() {
        let days: Vec<String> = date(2026, 1, 1)
            .series(1.day())
            .take_while(|day| day.year() == 2026)
            .filter(|day| Holidays::embedded().is_holiday(*day, "75"))
            .map(|day| day.strftime("%d/%m").to_string())
            .collect();
        assert_eq!(
            days,
            ["01/01", "06/04", "01/05", "08/05", "14/05", "25/05", "14/07", "15/08", "01/11", "11/11", "25/12"]
        );
    }

    #[test]
    fn some_places_have_days_of_their_own() {
        for department in ["57", "67", "68"] {
            assert_eq!(on(2026, 12, 26, department), Some("second_christmas_day"));
            assert_eq!(on(2026, 4, 3, department), Some("good_friday"));
        }
        assert_eq!(on(2026, 12, 26, "75"), None);
        assert_eq!(on(2026, 4, 3, "54"), None);
        for (month, day, department) in [
            (5, 22, "972"),
            (5, 27, "971"),
            (6, 10, "973"),
            (12, 20, "974"),
            (4, 27, "976"),
            (10, 9, "977"),
            (5, 28, "978"),
        ] {
            assert_eq!(on(2026, month, day, department).map(|id| &id[..9]), Some("abolition"));
            assert_eq!(on(2026, month, day, "75"), None);
        }
    }

    #[test]
    fn the_pacific_has_holidays_of_its_own() {
        assert_eq!(on(2026, 4, 28, "986"), Some("saint_peter_chanel"));
        assert_eq!(on(2026, 7, 29, "986"), Some("wallis_futuna_territory"));
        assert_eq!(on(2026, 3, 5, "987"), Some("polynesia_gospel"));
        assert_eq!(on(2026, 4, 3, "987"), Some("polynesia_good_friday"));
        assert_eq!((on(2024, 6, 29, "987"), on(2025, 6, 29, "987")), (Some("polynesia_autonomy"), None));
        assert_eq!((on(2024, 11, 20, "987"), on(2025, 11, 20, "987")), (None, Some("polynesia_matarii")));
        assert_eq!(on(2026, 9, 24, "988"), Some("new_caledonia_citizenship"));
        for (month, day) in [(4, 28), (6, 29), (7, 29), (3, 5), (4, 3), (9, 24)] {
            assert_eq!((on(2026, month, day, "974"), on(2026, month, day, "75")), (None, None));
        }
    }

    #[test]
    fn a_holiday_holds_from_its_first_day() {
        assert_eq!(on(1981, 5, 8, "75"), None);
        assert_eq!(on(1982, 5, 8, "75"), Some("victory_1945"));
    }

    #[test]
    fn a_wrong_file_is_refused_with_the_holiday_named() {
        let broken = "[[holiday]]\nid = \"x\"\nlabel = \"X\"\nmonth = 2\nday = 30\n";
        assert!(Holidays::parse(broken).unwrap_err().starts_with("x:"));
        let undated = "[[holiday]]\nid = \"x\"\nlabel = \"X\"\n";
        assert!(Holidays::parse(undated).is_err());
    }

    #[test]
    fn the_zone_follows_the_place_and_exists() {
        assert_eq!(zone_of_department("75"), "Europe/Paris");
        assert_eq!(zone_of_department("974"), "Indian/Reunion");
        for department in ["971", "972", "973", "974", "975", "976", "977", "978", "984", "986", "987", "988", "2A"] {
            assert!(jiff::tz::TimeZone::get(zone_of_department(department)).is_ok());
        }
    }
}
