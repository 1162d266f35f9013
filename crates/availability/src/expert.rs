//! Experts (and repair workers): what they know, where they go, when they work.

use constat_domain::contact::name_fault;
use constat_domain::geo::Position;
use constat_domain::ids::{AbsenceId, ExpertId};
use constat_domain::service::{CustomerType, Dwelling, ServiceKind};
use constat_domain::territory::is_swapped;
use constat_domain::{FieldError, Money};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::hours::WeeklyHours;
use crate::schedule::{Exception, OnCall, Schedule};
use crate::settings::Settings;
use crate::trades::Trade;
use crate::zone;

/// Longest buffer on one side of an appointment, in minutes: half a day.
const LONGEST_BUFFER_MINUTES: u16 = 720;

/// Longest reference of a claim (partner API: `insurerClaimId`), in characters.
const LONGEST_CASE: usize = 100;

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
    /// Insurers and files that the person is never sent for.
    #[serde(default, skip_serializing_if = "Exclusions::is_empty")]
    pub exclusions: Exclusions,
    /// ACAM codes of the insurers with whom the person has a tie of salary, capital, economic
    /// dependence or regular works: drought claims of theirs are not for this person (Code des
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
    /// When the person stands by for catastrophes, besides the ordinary hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_call: Vec<OnCall>,
    /// Most visits that may start on one local day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_cap: Option<u8>,
    /// Most visits that may start in one local week, Monday to Sunday.
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

/// What a person may do. `None` and absent mean no restriction.
///
/// A restriction refuses only what the request states: a request that does not name its insurer is
/// refused by nobody for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Skills {
    /// Kinds of intervention. Empty: none.
    pub kinds: Vec<ServiceKind>,
    /// Losses by nature, cause and detail: `Vol`, `DegatsDesEaux/FuiteRupture` or
    /// `Nature/Cause/Detail`, codes of `loss_nature_cause_detail.csv`. An entry covers all below it.
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
    /// Languages spoken, French included when it is: primary tags of BCP 47 in lower case, such as
    /// `fr`. Absent: not known, so nobody is refused for the language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub languages: Option<Vec<String>>,
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

/// Insurers and files that a person is never sent for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exclusions {
    /// ACAM codes of insurers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub insurers: Vec<String>,
    /// Insurers' references of claims (`insurerClaimId`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<String>,
}

impl Exclusions {
    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.insurers.is_empty() && self.cases.is_empty()
    }
}

impl Expert {
    /// An active person who can do nothing yet: without skills, hours, caps or restrictions. What
    /// differs is written over it.
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

    /// Seconds kept free between two appointments besides the drive: what follows the first one and
    /// what precedes the second one, both of this person.
    pub fn buffer_seconds(&self, settings: &Settings) -> i64 {
        let before = self.buffer_before_minutes.unwrap_or(0);
        let after = self.buffer_after_minutes.unwrap_or(settings.buffer_minutes);
        (i64::from(before) + i64::from(after)) * 60
    }

    /// Seconds between now and the earliest visit.
    pub(crate) fn notice_seconds(&self, settings: &Settings) -> i64 {
        i64::from(self.notice_minutes.unwrap_or(settings.notice_minutes)) * 60
    }

    /// Everything that an import must refuse, field by field. Empty when the record is sound; an
    /// expert without hours is (and is never offered).
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
        errors.extend(zone::named(&self.zone).err());
        match &self.territory {
            Territory::RadiusKm(radius) if !(radius.is_finite() && *radius >= 0.0) => {
                errors.push(FieldError::new("territory.radius_km", "must be a number of kilometres, 0 or more"));
            }
            _ => {}
        }
        self.check_hours(&mut errors);
        let buffers = [
            ("buffer_before_minutes", self.buffer_before_minutes),
            ("buffer_after_minutes", self.buffer_after_minutes),
        ];
        for (field, minutes) in buffers {
            if minutes.is_some_and(|minutes| minutes > LONGEST_BUFFER_MINUTES) {
                errors.push(FieldError::new(field, format!("must be {LONGEST_BUFFER_MINUTES} at most")));
            }
        }
        self.check_skills(&mut errors);
        if self.exclusions.cases.iter().any(|case| case.is_empty() || case.chars().count() > LONGEST_CASE) {
            let message = format!("expected insurers' references of claims, 1 to {LONGEST_CASE} characters each");
            errors.push(FieldError::new("exclusions.cases", message));
        }
        errors
    }

    fn check_skills(&self, errors: &mut Vec<FieldError>) {
        for entry in self.skills.loss_natures.iter().flatten() {
            if entry.split('/').count() > 3 || entry.split('/').any(str::is_empty) {
                let message = "expected Nature, Nature/Cause or Nature/Cause/Detail";
                errors.push(FieldError::new("skills.loss_natures", message));
            }
        }
        let is_tag = |tag: &String| matches!(tag.len(), 2 | 3) && tag.bytes().all(|byte| byte.is_ascii_lowercase());
        if !self.skills.languages.iter().flatten().all(is_tag) {
            let message = "expected language tags of two or three lower-case letters, such as fr";
            errors.push(FieldError::new("skills.languages", message));
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

    #[test]
    fn both_buffers_lie_between_two_appointments() {
        let mut expert = expert(
            r#"{"display_name": "Expert 017", "base": {"lat": 48.85, "lon": 2.35}, "zone": "Europe/Paris", "skills": {}}"#,
        );
        let settings = Settings { buffer_minutes: 10, ..Settings::default() };
        assert_eq!(expert.buffer_seconds(&settings), 600);
        expert.buffer_before_minutes = Some(5);
        assert_eq!(expert.buffer_seconds(&settings), 900);
        expert.buffer_after_minutes = Some(0);
        assert_eq!(expert.buffer_seconds(&settings), 300);
    }

    #[test]
    fn an_absence_ends_after_it_starts() {
        let id = AbsenceId::new(Timestamp::UNIX_EPOCH, &[1; 10]);
        let expert = ExpertId::new(Timestamp::UNIX_EPOCH, &[1; 10]);
        let at = Timestamp::UNIX_EPOCH;
        assert_eq!(Absence { id, expert, start: at, end: at, reason: None }.check().len(), 1);
    }
}
