//! Experts (and repair workers): what they know, where they go, when they work.

use constat_domain::geo::Position;
use constat_domain::ids::{AbsenceId, ExpertId};
use constat_domain::service::{CustomerType, Dwelling, ServiceKind};
use constat_domain::{FieldError, Money};
use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::hours::{HourRange, WeeklyHours, check_ranges};
use crate::trades::Trade;

/// A person who can be booked. Stored and imported as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expert {
    /// The identifier.
    pub id: ExpertId,
    /// The name as the insured will read it.
    pub display_name: String,
    /// Off: keeps what is booked, gets nothing new.
    #[serde(default = "yes")]
    pub active: bool,
    /// Where the day starts and ends.
    pub base: Position,
    /// IANA zone of the working hours, such as `Europe/Paris`.
    pub zone: String,
    /// What the person may do.
    pub skills: Skills,
    /// Where the person goes. Remote interventions know no territory.
    #[serde(default)]
    pub territory: Territory,
    /// Working hours of a plain week.
    #[serde(default)]
    pub week: WeeklyHours,
    /// Dates whose hours differ. Of several for one date the last one holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
    /// Most visits that may start on one local day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_cap: Option<u8>,
    /// Minutes kept free between two appointments besides the drive; the settings' when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_minutes: Option<u16>,
    /// Minutes between now and the earliest visit; the settings' when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_minutes: Option<u32>,
    /// No visits on public holidays of the place.
    #[serde(default = "yes")]
    pub holidays_off: bool,
}

const fn yes() -> bool {
    true
}

/// What a person may do. `None` and absent mean no restriction.
///
/// A restriction refuses only what the request states: a request that does not name its insurer is
/// refused by nobody for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Skills {
    /// Kinds of intervention. Empty: none.
    pub kinds: Vec<ServiceKind>,
    /// Codes of `loss_nature.csv`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_natures: Option<Vec<String>>,
    /// Trades held, for repair in kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trades: Vec<Trade>,
    /// ACAM codes of the insurers that approve the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insurers: Option<Vec<String>>,
    /// Types of customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers: Option<Vec<CustomerType>>,
    /// Types of dwelling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dwellings: Option<Vec<Dwelling>>,
    /// Highest stakes, all in all (TTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_total: Option<Money>,
    /// Highest stakes of contents (TTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_contents: Option<Money>,
    /// Highest stakes of the building (TTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_building: Option<Money>,
}

/// Where a person goes for a visit on site.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Territory {
    /// Wherever the drive fits.
    #[default]
    Anywhere,
    /// Département codes: `75`, `2A`, `974`.
    Departments(Vec<String>),
    /// Within so many kilometres of the base, as the crow flies.
    RadiusKm(f64),
}

/// Hours that replace the week's on some dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// First date.
    pub from: civil::Date,
    /// Last date, included.
    pub to: civil::Date,
    /// Hours of each of these dates; empty: not worked.
    #[serde(default)]
    pub hours: Vec<HourRange>,
}

impl Expert {
    /// The hours of a date, as given: the last exception that covers it, else the week's.
    pub fn hours_on(&self, date: civil::Date) -> &[HourRange] {
        let exception = self.exceptions.iter().rfind(|exception| exception.from <= date && date <= exception.to);
        exception.map_or_else(|| self.week.on(date.weekday()), |exception| &exception.hours)
    }

    /// Everything that an import must refuse, field by field. Empty when the record is sound; an
    /// expert without hours is (and is never offered).
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.display_name.trim().is_empty() {
            errors.push(FieldError::new("display_name", "must not be empty"));
        }
        if Position::new(self.base.lat, self.base.lon).is_none() {
            let message = "must lie within -90 to 90 degrees of latitude and -180 to 180 of longitude";
            errors.push(FieldError::new("base", message));
        }
        if TimeZone::get(&self.zone).is_err() {
            errors.push(FieldError::new("zone", "unknown time zone, expected an IANA name such as Europe/Paris"));
        }
        match &self.territory {
            Territory::RadiusKm(radius) if !(radius.is_finite() && *radius >= 0.0) => {
                errors.push(FieldError::new("territory.radius_km", "must be a number of kilometres, 0 or more"));
            }
            _ => {}
        }
        self.week.check("week", &mut errors);
        for (index, exception) in self.exceptions.iter().enumerate() {
            if exception.to < exception.from {
                errors.push(FieldError::new(format!("exceptions[{index}].to"), "must not be before `from`"));
            }
            check_ranges(&exception.hours, &format!("exceptions[{index}].hours"), &mut errors);
        }
        let limits = [
            ("skills.limit_total", self.skills.limit_total),
            ("skills.limit_contents", self.skills.limit_contents),
            ("skills.limit_building", self.skills.limit_building),
        ];
        for (field, limit) in limits {
            if limit.is_some_and(|limit| limit.minor < 0) {
                errors.push(FieldError::new(field, "must not be negative"));
            }
        }
        errors
    }
}

/// A time when a person does not work. May last days and overlap others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// The identifier.
    pub id: AbsenceId,
    /// Whose.
    pub expert: ExpertId,
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
    /// Why, in the firm's words. May be personal: never logged, never on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Absence {
    /// Everything that an import must refuse.
    pub fn check(&self) -> Vec<FieldError> {
        if self.end > self.start { Vec::new() } else { vec![FieldError::new("end", "must be after `start`")] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expert(json: &str) -> Expert {
        let id = ExpertId::new(Timestamp::UNIX_EPOCH, &[1; 10]);
        serde_json::from_str(&json.replacen('{', &format!(r#"{{"id": "{id}", "#), 1)).unwrap()
    }

    #[test]
    fn a_short_record_is_enough_and_reads_back() {
        let short = expert(
            r#"{"display_name": "Expert 017", "base": {"lat": 48.85, "lon": 2.35}, "zone": "Europe/Paris",
                "skills": {"kinds": ["ESS"]}, "territory": {"departments": ["75"]}, "week": {"monday": ["09:00-12:00"]}}"#,
        );
        assert_eq!(short.check(), []);
        assert!(short.active && short.holidays_off);
        let json = serde_json::to_string(&short).unwrap();
        assert_eq!(serde_json::from_str::<Expert>(&json).unwrap(), short);
    }

    #[test]
    fn every_fault_of_a_record_is_named() {
        let bad = expert(
            r#"{"display_name": " ", "base": {"lat": 95.0, "lon": 2.35}, "zone": "Europe/Lutetia",
                "skills": {"kinds": [], "limit_total": {"minor": -1, "currency": "EUR"}}, "territory": {"radius_km": -3.0},
                "week": {"monday": ["09:00-12:00", "11:00-13:00"]},
                "exceptions": [{"from": "2026-08-10", "to": "2026-08-01", "hours": ["08:00-10:00", "09:00-11:00"]}]}"#,
        );
        let fields: Vec<_> = bad.check().into_iter().map(|error| error.field).collect();
        assert_eq!(
            fields,
            [
                "display_name",
                "base",
                "zone",
                "territory.radius_km",
                "week.monday",
                "exceptions[0].to",
                "exceptions[0].hours",
                "skills.limit_total"
            ]
        );
    }

    #[test]
    fn the_last_exception_of_a_date_holds() {
        let mut expert = expert(
            r#"{"display_name": "Expert 017", "base": {"lat": 48.85, "lon": 2.35}, "zone": "Europe/Paris",
                "skills": {}, "week": {"monday": ["09:00-12:00"]}}"#,
        );
        let monday = civil::date(2026, 3, 2);
        assert_eq!(expert.hours_on(monday), ["09:00-12:00".parse().unwrap()]);
        expert.exceptions.push(Exception { from: monday, to: civil::date(2026, 3, 20), hours: Vec::new() });
        let half = vec!["10:00-11:00".parse().unwrap()];
        expert.exceptions.push(Exception { from: monday, to: monday, hours: half.clone() });
        assert_eq!(expert.hours_on(monday), half);
        assert!(expert.hours_on(civil::date(2026, 3, 9)).is_empty());
    }

    #[test]
    fn an_absence_ends_after_it_starts() {
        let id = AbsenceId::new(Timestamp::UNIX_EPOCH, &[1; 10]);
        let expert = ExpertId::new(Timestamp::UNIX_EPOCH, &[1; 10]);
        let at = Timestamp::UNIX_EPOCH;
        assert_eq!(Absence { id, expert, start: at, end: at, reason: None }.check().len(), 1);
    }
}
