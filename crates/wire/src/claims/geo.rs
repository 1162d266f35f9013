//! Suggestions of communes for address forms.

use constat_domain::FieldError;
use constat_domain::country::{Country, EXPECTED_COUNTRY};
use constat_domain::gazetteer::{self, Fit, Gazetteer};
use constat_domain::holidays::zone_of_department;
use constat_domain::postcode::{self, PostcodeFault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Checker, Position};

/// An example.
const POSTCODES: [&str; 1] = ["75017"];

/// Suggestions when the query does not say how many.
const USUAL_LIMIT: i64 = 10;
/// Maximum number of suggestions of an answer.
const MAX_LIMIT: i64 = 30;
/// Longest query: no name of a commune with its postcode is nearly as long.
const MAX_QUERY_CHARS: usize = 100;

/// How well a position is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// The commune's own main settlement.
    Commune,
    /// The mean of the communes that share its postcode: some kilometres.
    Postcode,
    /// The mean of a wider area: ten kilometres and more.
    Area,
}

impl From<gazetteer::Precision> for Precision {
    fn from(precision: gazetteer::Precision) -> Self {
        use gazetteer::Precision as P;
        match precision {
            P::Commune => Self::Commune,
            P::Postcode => Self::Postcode,
            P::Intercommunality | P::Arrondissement | P::Department => Self::Area,
        }
    }
}

/// A commune of France, or a municipal arrondissement of Paris, Lyon or Marseille.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Commune {
    /// Official name, with its accents.
    #[schemars(example = &"Paris 17e Arrondissement")]
    pub name: String,
    /// INSEE code. Not a postcode.
    #[schemars(example = &"75117")]
    pub insee_code: String,
    /// Its postcodes; of Paris, Lyon and Marseille as a whole those of their arrondissements.
    #[schemars(example = POSTCODES)]
    pub zipcodes: Vec<String>,
    /// Code of the département it lies in, which the postcode does not always tell.
    #[schemars(example = &"75")]
    pub department: String,
    /// Inhabitants; null where INSEE does not count them.
    pub population: Option<u32>,
    /// Where it is.
    pub position: Position,
    /// How well that is known.
    pub precision: Precision,
    /// Time zone, by its IANA name.
    #[schemars(example = &"Europe/Paris")]
    pub timezone: String,
}

impl From<&gazetteer::Commune> for Commune {
    fn from(commune: &gazetteer::Commune) -> Self {
        let department = commune.department();
        Self {
            name: commune.name.to_owned(),
            insee_code: commune.insee.to_owned(),
            zipcodes: Gazetteer::embedded().postcodes_of(commune).into_iter().map(str::to_owned).collect(),
            department: department.to_owned(),
            population: Some(commune.population).filter(|count| *count > 0),
            position: commune.position.into(),
            precision: commune.precision.into(),
            timezone: zone_of_department(department).to_owned(),
        }
    }
}

/// How a suggestion fits the query, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// The whole name, with or without its article, or the whole postcode.
    Exact,
    /// The start of the name or of a postcode.
    Prefix,
    /// The start of a later word of the name.
    Word,
    /// The name or its start, but for a slip of the pen.
    Typo,
}

impl From<Fit> for Match {
    fn from(fit: Fit) -> Self {
        match fit {
            Fit::Exact => Self::Exact,
            Fit::Prefix => Self::Prefix,
            Fit::Word => Self::Word,
            Fit::Typo => Self::Typo,
        }
    }
}

/// A commune that may be meant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Suggestion {
    /// How it fits the query.
    #[serde(rename = "match")]
    pub fit: Match,
    /// The commune.
    pub commune: Commune,
    /// The name of a former commune that fits the query, today a part of this one. Absent when the
    /// commune's own name fits.
    #[serde(rename = "matchedName", default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Seynod")]
    pub matched_name: Option<String>,
}

impl From<gazetteer::Suggestion<'_>> for Suggestion {
    fn from(found: gazetteer::Suggestion<'_>) -> Self {
        Self {
            fit: found.fit.into(),
            commune: found.commune.into(),
            matched_name: found.former_name.map(str::to_owned),
        }
    }
}

/// The path of `GET /geo/{country}/{zipcode}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct PostcodePath {
    /// `FR`, or the own code of a part of France overseas such as `RE`; three letters and names are read too.
    #[schemars(example = &"FR")]
    pub country: String,
    /// Five digits.
    #[schemars(example = &"75017")]
    pub zipcode: String,
}

impl PostcodePath {
    /// Country in capitals and postcode, or what is wrong with them.
    pub fn into_domain(self) -> Result<(String, String), Vec<FieldError>> {
        let mut checker = Checker::new();
        let country = Country::read(&self.country);
        match country {
            None => checker.fail("country", EXPECTED_COUNTRY),
            // The postcode may be right there: it is not judged by France's rules.
            Some(other) if !other.is_french() => {
                let known = Country::with_postcodes().collect::<Vec<_>>().join(", ");
                let name = other.french;
                checker.fail("country", format!("no postcodes are known of {name}: expected France, one of {known}"));
                return checker.finish(None);
            }
            Some(_) => {}
        }
        let zipcode = match postcode::read_french(&self.zipcode) {
            // Five digits that belong nowhere serve no commune, which is the answer.
            Err(PostcodeFault::Nowhere) => self.zipcode.trim().to_owned(),
            Ok(zipcode) => zipcode,
            Err(fault) => {
                checker.fail("zipcode", fault.to_string());
                self.zipcode
            }
        };
        checker.finish(country.map(|country| (country.alpha2.to_owned(), zipcode)))
    }
}

/// The query of `GET /geo/suggestions`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SuggestionQuery {
    /// What was typed: a name or its start, the start of a postcode, or a name and its postcode.
    #[schemars(length(min = 1, max = 100), example = &"st eti")]
    pub query: String,
    /// Maximum number of suggestions to answer; 10 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 30))]
    pub limit: Option<i64>,
}

impl SuggestionQuery {
    /// The query and the most suggestions wanted, or what is wrong with them.
    pub fn into_domain(self) -> Result<(String, usize), Vec<FieldError>> {
        let mut checker = Checker::new();
        checker.text("query", &self.query, 1, MAX_QUERY_CHARS);
        let limit = self.limit.unwrap_or(USUAL_LIMIT);
        checker.integer("limit", limit, 1, MAX_LIMIT);
        let limit = usize::try_from(limit).ok();
        checker.finish(limit.map(|limit| (self.query, limit)))
    }
}
