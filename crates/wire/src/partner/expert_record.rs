//! An expert's whole record, as the firm saves it: the JSON of `constat import experts`.

use constat_domain::expert::Expert;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{CustomerType, Dwelling, Kind};

/// The record of an expert or repair worker. A field that is left out has its default: saving a record replaces the
/// earlier one whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpertRecord {
    /// The firm's own reference, unique within the firm. May be left out when saving; another one renames the expert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), example = &"E017")]
    pub reference: Option<String>,
    /// The name that the insured reads.
    #[schemars(length(min = 1, max = 200), example = &"Camille Durand")]
    pub display_name: String,
    /// False: booked visits stay, and nothing new is offered. True when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Where the day starts and ends.
    pub base: ExpertBase,
    /// IANA zone of the hours; `Europe/Paris` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Europe/Paris")]
    pub zone: Option<String>,
    /// What the expert may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skills: Option<ExpertSkills>,
    /// Where the expert goes; anywhere that the drive allows when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub territory: Option<ExpertTerritory>,
    /// Insurers and claims that the expert never takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusions: Option<ExpertExclusions>,
    /// ACAM codes of the insurers with whom the expert has a tie: no drought claim of theirs (Code des assurances,
    /// R125-8).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<String>,
    /// Hours of every date that no schedule covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub week: Option<ExpertWeek>,
    /// Hours with effective dates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<ExpertSchedule>,
    /// Dates whose hours differ; empty hours: not worked. Of several for one date the last one holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExpertHours>,
    /// On-call duty for catastrophes, besides the ordinary hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_call: Vec<ExpertHours>,
    /// Maximum number of visits that start on one day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 255))]
    pub daily_cap: Option<i64>,
    /// Maximum number of visits that start in one week, Monday to Sunday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 65535))]
    pub weekly_cap: Option<i64>,
    /// Minutes kept free before a visit, besides the drive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 720))]
    pub buffer_before_minutes: Option<i64>,
    /// Minutes kept free after a visit, besides the drive; the server's setting when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 720))]
    pub buffer_after_minutes: Option<i64>,
    /// Minutes between now and the earliest visit; the server's setting when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 4_294_967_295_i64))]
    pub notice_minutes: Option<i64>,
    /// False: works on public holidays too. True when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holidays_off: Option<bool>,
}

/// Where an expert's day starts and ends: `lat` and `lon`, or `zip` and `city`. Answers have the position.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpertBase {
    /// Latitude, WGS 84 degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -90, max = 90))]
    pub lat: Option<f64>,
    /// Longitude, WGS 84 degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -180, max = 180))]
    pub lon: Option<f64>,
    /// A French postcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"75017")]
    pub zip: Option<String>,
    /// Its town.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
}

/// What an expert may do. A restriction that is left out does not restrict.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpertSkills {
    /// Kinds of intervention; without any the expert is never offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
    /// Trades held, for repair in kind: `plumbing`, `painting`, `flooring`, `joinery`, `electricity`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trades: Vec<String>,
    /// Losses: `Nature`, `Nature/Cause` or `Nature/Cause/Detail`, codes of `loss_nature_cause_detail.csv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_natures: Option<Vec<String>>,
    /// ACAM codes of the insurers that approve the expert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurers: Option<Vec<String>>,
    /// Types of customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customers: Option<Vec<CustomerType>>,
    /// Types of dwelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dwellings: Option<Vec<Dwelling>>,
    /// Languages spoken, French included: tags such as `fr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub languages: Option<Vec<String>>,
    /// Highest stakes in all, euros with tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_total: Option<f64>,
    /// Highest stakes of contents, euros with tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_contents: Option<f64>,
    /// Highest stakes of the building, euros with tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_building: Option<f64>,
}

/// Where an expert goes for a visit on site: one of the two.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpertTerritory {
    /// Codes of départements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub departments: Option<Vec<String>>,
    /// Kilometres from the base, as the crow flies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub radius_km: Option<f64>,
}

/// Insurers and claims that an expert never takes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpertExclusions {
    /// ACAM codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub insurers: Vec<String>,
    /// Insurers' references of claims (`insurerClaimId`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<String>,
}

/// Hours of each weekday, such as `09:00-12:30`, in the expert's zone. A day without hours is not worked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExpertWeek {
    /// Monday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub monday: Vec<String>,
    /// Tuesday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tuesday: Vec<String>,
    /// Wednesday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wednesday: Vec<String>,
    /// Thursday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thursday: Vec<String>,
    /// Friday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub friday: Vec<String>,
    /// Saturday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub saturday: Vec<String>,
    /// Sunday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sunday: Vec<String>,
}

/// Hours that hold from one date to another. Several weeks alternate: the first one is the week that holds `from`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpertSchedule {
    /// First date.
    #[schemars(extend("format" = "date"))]
    pub from: String,
    /// Last date, included; without one the schedule has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date"))]
    pub to: Option<String>,
    /// The weeks, 1 to 53.
    #[schemars(length(min = 1, max = 53))]
    pub weeks: Vec<ExpertWeek>,
}

/// Hours of some dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpertHours {
    /// First date.
    #[schemars(extend("format" = "date"))]
    pub from: String,
    /// Last date, included.
    #[schemars(extend("format" = "date"))]
    pub to: String,
    /// Hours of each of these dates, such as `09:00-12:30`.
    #[serde(default)]
    pub hours: Vec<String>,
}

/// An expert of the firm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SavedExpert {
    /// The expert's id.
    #[schemars(example = &"exp_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    pub id: String,
    /// The record, with every default filled in.
    pub record: ExpertRecord,
}

impl SavedExpert {
    /// An expert as answered. Limits are euros, as in the record that was saved.
    ///
    /// # Errors
    /// When the stored record has a field that the contract does not know.
    pub fn new(reference: &str, expert: &Expert) -> Result<Self, serde_json::Error> {
        let mut record = serde_json::to_value(expert)?;
        let limits = [
            ("limit_total", expert.skills.limit_total),
            ("limit_contents", expert.skills.limit_contents),
            ("limit_building", expert.skills.limit_building),
        ];
        for (name, limit) in limits {
            if let Some(limit) = limit {
                record["skills"][name] = json!(limit.to_major());
            }
        }
        if let Some(fields) = record.as_object_mut() {
            fields.remove("id");
            fields.retain(|name, value| name != "territory" || value.is_object());
            fields.insert("reference".to_owned(), json!(reference));
        }
        Ok(Self { id: expert.id.to_string(), record: serde_json::from_value(record)? })
    }
}
