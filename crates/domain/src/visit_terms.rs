//! Statutory terms by which a visit should have taken place or been ordered.
//!
//! Data (`data/rules/visit_terms.toml`), effective-dated; the articles are named in the file.

use std::sync::LazyLock;

use jiff::{ToSpan as _, civil};
use serde::Deserialize;

use crate::codes::{Codes, Table};
use crate::service::LossTriple;

static EMBEDDED: LazyLock<VisitTerms> = LazyLock::new(|| {
    VisitTerms::parse(include_str!("../../../data/rules/visit_terms.toml"))
        .unwrap_or_else(|error| panic!("data/rules/visit_terms.toml: {error}"))
});

/// One term.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitTerm {
    /// Stable id: `natural_catastrophe_order_expertise`.
    pub id: String,
    /// What must be done, in French.
    pub label: String,
    /// Where it is written.
    pub article: String,
    /// Code of `loss_nature.csv`.
    pub nature: String,
    /// Code of `loss_cause.csv`; without one, every cause.
    pub cause: Option<String>,
    /// Civil months from the day of the claim.
    #[serde(default)]
    pub months: i8,
    /// Days besides.
    #[serde(default)]
    pub days: i16,
    /// First day of claims that it holds for.
    pub from: Option<civil::Date>,
    /// Last day of claims that it holds for.
    pub to: Option<civil::Date>,
    /// Whether it counts.
    pub enabled: bool,
}

impl VisitTerm {
    fn holds_for(&self, loss: &LossTriple, day: civil::Date) -> bool {
        self.enabled
            && self.nature == loss.nature
            && self.cause.as_ref().is_none_or(|cause| Some(cause) == loss.cause.as_ref())
            && self.from.is_none_or(|from| from <= day)
            && self.to.is_none_or(|to| day <= to)
    }

    fn last_day(&self, day: civil::Date) -> Option<civil::Date> {
        day.checked_add(self.months.months()).and_then(|day| day.checked_add(self.days.days())).ok()
    }
}

/// The terms that are known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitTerms {
    /// All of them, in the order of the file.
    #[serde(rename = "term")]
    pub all: Vec<VisitTerm>,
}

impl VisitTerms {
    /// The terms that came with the program.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads terms from TOML.
    ///
    /// # Errors
    /// What is wrong with the text: its syntax, a field, an unknown nature or cause of loss, or a term
    /// that is over before it begins.
    pub fn parse(text: &str) -> Result<Self, String> {
        let terms: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let codes = Codes::embedded();
        for term in &terms.all {
            let cause = term.cause.as_ref().map(|cause| (Table::LossCause, cause));
            for (table, code) in [(Table::LossNature, &term.nature)].into_iter().chain(cause) {
                if !codes.contains(table, code) {
                    return Err(format!("{}: {}", term.id, codes.unknown(table, code)));
                }
            }
            if term.months < 0 || term.days < 0 || (term.months == 0 && term.days == 0) {
                return Err(format!("{}: months and days must not be negative, and not both be 0", term.id));
            }
        }
        Ok(terms)
    }

    /// The last day on which the visit for a claim of that day is in time; `None` when no term holds.
    ///
    /// ```
    /// # use constat_domain::service::LossTriple;
    /// # use constat_domain::visit_terms::VisitTerms;
    /// # use jiff::civil::date;
    /// let flood = LossTriple { nature: "CatastropheNaturelle".to_owned(), cause: None, detail: None };
    /// assert_eq!(VisitTerms::embedded().last_day(&flood, date(2026, 1, 31)), Some(date(2026, 2, 28)));
    /// ```
    pub fn last_day(&self, loss: &LossTriple, day: civil::Date) -> Option<civil::Date> {
        let holding = self.all.iter().filter(|term| term.holds_for(loss, day));
        holding.filter_map(|term| term.last_day(day)).min()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn loss(nature: &str) -> LossTriple {
        LossTriple { nature: nature.to_owned(), cause: None, detail: None }
    }

    #[test]
    fn only_what_a_term_names_has_one() {
        let terms = VisitTerms::embedded();
        assert_eq!(terms.last_day(&loss("CatastropheNaturelle"), date(2026, 3, 10)), Some(date(2026, 4, 10)));
        assert_eq!(terms.last_day(&loss("Vol"), date(2026, 3, 10)), None);
    }

    #[test]
    fn of_several_terms_the_first_to_end_counts_and_disabled_ones_do_not() {
        let term = |id: &str, more: &str| {
            format!("[[term]]\nid = \"{id}\"\nlabel = \"\"\narticle = \"\"\nnature = \"Vol\"\n{more}\n")
        };
        let text = [
            term("long", "months = 2\nenabled = true"),
            term("short", "days = 10\nenabled = true\nfrom = \"2026-01-01\""),
            term("off", "days = 1\nenabled = false"),
        ]
        .concat();
        let terms = VisitTerms::parse(&text).unwrap();
        assert_eq!(terms.last_day(&loss("Vol"), date(2026, 3, 10)), Some(date(2026, 3, 20)));
        assert_eq!(terms.last_day(&loss("Vol"), date(2025, 3, 10)), Some(date(2025, 5, 10)));
        for bad in ["enabled = true", "days = -1\nenabled = true", "days = 1\ncause = \"Nothing\"\nenabled = true"] {
            assert!(VisitTerms::parse(&term("bad", bad)).is_err(), "{bad}");
        }
    }
}
