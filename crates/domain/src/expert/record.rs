//! An expert's record, and its checks.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::hours::WeeklyHours;
use super::schedule::{self, Exception, OnCall, Schedule};
use super::skills::Skills;
use super::territory::{Exclusions, Territory};
use crate::FieldError;
use crate::contact::name_fault;
use crate::geo::Position;
use crate::ids::ExpertId;
use crate::territory::is_swapped;

/// Maximum buffer on one side of an appointment, in minutes: half a day.
const MAX_BUFFER_MINUTES: u16 = 720;

/// An expert or a repair worker: a person who can be booked. Stored and imported as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expert {
    /// The identifier.
    pub id: ExpertId,
    /// The name that the insured reads.
    pub display_name: String,
    /// Whether the expert takes new visits. Booked visits stay.
    #[serde(default = "yes")]
    pub active: bool,
    /// Where the day starts and ends.
    pub base: Position,
    /// IANA zone of the working hours, such as `Europe/Paris`.
    pub zone: String,
    /// What the expert may do.
    pub skills: Skills,
    /// Where the expert goes. It does not limit remote interventions.
    #[serde(default)]
    pub territory: Territory,
    /// Insurers and claims that the expert never takes.
    #[serde(default, skip_serializing_if = "Exclusions::is_empty")]
    pub exclusions: Exclusions,
    /// ACAM codes of the insurers with whom the expert has a tie of salary, capital, economic
    /// dependence or regular works. The expert takes no drought claim of these insurers (Code des
    /// assurances, R125-8).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<String>,
    /// Working hours of a plain week: of every date that no schedule covers.
    #[serde(default)]
    pub week: WeeklyHours,
    /// Hours with effective dates. No date is covered by two of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<Schedule>,
    /// Dates whose hours differ. Of several for one date the last one holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
    /// On-call duty for catastrophes, besides the ordinary hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_call: Vec<OnCall>,
    /// Maximum number of visits that start on one local day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_cap: Option<u8>,
    /// Maximum number of visits that start in one local week, Monday to Sunday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekly_cap: Option<u16>,
    /// Minutes kept free before an appointment besides the drive, 0 to 720; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_before_minutes: Option<u16>,
    /// Minutes kept free after an appointment besides the drive, 0 to 720; the settings' when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_after_minutes: Option<u16>,
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

impl Expert {
    /// An active expert without skills, hours, caps or restrictions.
    pub fn new(id: ExpertId, display_name: impl Into<String>, base: Position, zone: impl Into<String>) -> Self {
        Self {
            id,
            display_name: display_name.into(),
            active: true,
            base,
            zone: zone.into(),
            skills: Skills::default(),
            territory: Territory::default(),
            exclusions: Exclusions::default(),
            ties: Vec::new(),
            week: WeeklyHours::default(),
            schedules: Vec::new(),
            exceptions: Vec::new(),
            on_call: Vec::new(),
            daily_cap: None,
            weekly_cap: None,
            buffer_before_minutes: None,
            buffer_after_minutes: None,
            notice_minutes: None,
            holidays_off: true,
        }
    }

    /// The time zone of the working hours.
    ///
    /// # Errors
    /// Under `zone`, when the name is not an IANA zone.
    pub fn time_zone(&self) -> Result<TimeZone, FieldError> {
        let message = "unknown time zone, expected an IANA name such as Europe/Paris";
        TimeZone::get(&self.zone).map_err(|_| FieldError::new("zone", message))
    }

    /// The faults that an import refuses, field by field. Empty when the record is sound. An expert
    /// without hours is sound, and is never offered.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.display_name.trim().is_empty() {
            errors.push(FieldError::new("display_name", "must not be empty"));
        } else if let Some(fault) = name_fault(&self.display_name) {
            errors.push(FieldError::new("display_name", fault));
        }
        if Position::new(self.base.lat, self.base.lon).is_none() {
            let message = "must lie within -90 to 90 degrees of latitude and -180 to 180 of longitude";
            errors.push(FieldError::new("base", message));
        } else if is_swapped(self.base) {
            let message =
                "latitude and longitude swapped? The base lies in no part of France, but does the other way round";
            errors.push(FieldError::new("base", message));
        }
        errors.extend(self.time_zone().err());
        self.territory.check(&mut errors);
        schedule::check(&self.week, &self.schedules, &self.exceptions, &self.on_call, &mut errors);
        let buffers = [
            ("buffer_before_minutes", self.buffer_before_minutes),
            ("buffer_after_minutes", self.buffer_after_minutes),
        ];
        for (field, minutes) in buffers {
            if minutes.is_some_and(|minutes| minutes > MAX_BUFFER_MINUTES) {
                errors.push(FieldError::new(field, format!("must be {MAX_BUFFER_MINUTES} at most")));
            }
        }
        self.skills.check(&mut errors);
        self.exclusions.check(&mut errors);
        errors
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

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
    fn a_full_record_reads_back() {
        let full = expert(
            r#"{"display_name": "Expert 017", "base": {"lat": 48.85, "lon": 2.35}, "zone": "Europe/Paris",
                "skills": {"kinds": ["ESS"], "languages": ["fr", "en"],
                           "loss_natures": ["Vol", "DegatsDesEaux/FuiteRupture"]},
                "exclusions": {"insurers": ["02000402"], "cases": ["SIN-1"]}, "ties": ["02000402"],
                "week": {}, "weekly_cap": 12, "buffer_before_minutes": 5, "buffer_after_minutes": 15,
                "schedules": [{"from": "2026-06-01", "to": "2026-08-31", "weeks": [{"monday": ["08:00-12:00"]}, {}]}],
                "on_call": [{"from": "2026-06-06", "to": "2026-06-07", "hours": ["08:00-20:00"]}]}"#,
        );
        assert_eq!(full.check(), []);
        let json = serde_json::to_string(&full).unwrap();
        assert_eq!(serde_json::from_str::<Expert>(&json).unwrap(), full);
    }

    #[test]
    fn faults_of_skills_exclusions_and_buffers_are_named() {
        let bad = expert(
            r#"{"display_name": "Expert 017", "base": {"lat": 48.85, "lon": 2.35}, "zone": "Europe/Paris",
                "skills": {"languages": ["fr", "English"], "loss_natures": ["Vol//Tag", "A/B/C/D"]},
                "exclusions": {"cases": [""]}, "buffer_before_minutes": 721, "buffer_after_minutes": 900}"#,
        );
        let fields: Vec<_> = bad.check().into_iter().map(|error| error.field).collect();
        assert_eq!(
            fields,
            [
                "buffer_before_minutes",
                "buffer_after_minutes",
                "skills.loss_natures",
                "skills.loss_natures",
                "skills.languages",
                "exclusions.cases"
            ]
        );
    }
}
