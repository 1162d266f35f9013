//! One rule as data, and what is wrong with it.

use jiff::civil::Date;
use serde::Deserialize;

use super::count::Length;
use super::facts::Fact;
use crate::claim::Claim;
use crate::codes::{Codes, Table};
use crate::service::LossTriple;

/// Which of several facts a term counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartOf {
    /// The first of the list that is known.
    #[default]
    FirstKnown,
    /// The latest, once all are known.
    Latest,
    /// The latest of those that are known.
    LatestKnown,
}

/// Losses: what is left out may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Losses {
    /// Catalogue family of the insured thing.
    pub product: Option<String>,
    /// Type of the declaration.
    #[serde(rename = "type")]
    pub loss_type: Option<String>,
    /// Subtype of the declaration.
    pub subtype: Option<String>,
    /// Code of `loss_nature.csv`.
    pub nature: Option<String>,
    /// Code of `loss_cause.csv`.
    pub cause: Option<String>,
}

impl Losses {
    fn hold(&self, claim: &Claim) -> bool {
        let told = [
            (&self.product, &claim.product.kind),
            (&self.loss_type, &claim.loss_type),
            (&self.subtype, &claim.subtype),
        ];
        told.into_iter().all(|(wanted, is)| wanted.as_ref().is_none_or(|wanted| wanted == is))
            && (self.nature.is_none() && self.cause.is_none()
                || claim.dossier.loss.as_ref().is_some_and(|loss| self.hold_for(loss)))
    }

    fn hold_for(&self, loss: &LossTriple) -> bool {
        self.nature.as_ref().is_none_or(|nature| *nature == loss.nature)
            && (self.cause.is_none() || self.cause == loss.cause)
    }
}

/// One deadline rule. The header of `data/rules/deadlines.toml` describes each field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a line of the rule's file")]
pub struct Rule {
    /// Stable id.
    pub id: String,
    /// What must be done, in French.
    pub label: String,
    /// Where it is written.
    pub article: String,
    /// The facts that it counts from.
    pub starts: Vec<Fact>,
    /// Which of them.
    #[serde(default)]
    pub start_of: StartOf,
    /// How long.
    pub length: Length,
    /// Whether it counts backwards.
    #[serde(default)]
    pub before: bool,
    /// The facts that meet it.
    pub met_by: Vec<Fact>,
    /// The facts that lift it.
    #[serde(default)]
    pub waived_by: Vec<Fact>,
    /// Whether what happened before the start does not meet it.
    #[serde(default)]
    pub after_start: bool,
    /// The losses that it holds for; all when empty.
    #[serde(default)]
    pub applies_to: Vec<Losses>,
    /// The losses that it does not hold for.
    #[serde(default)]
    pub except: Vec<Losses>,
    /// The rules that do not hold where this one does.
    #[serde(default)]
    pub instead_of: Vec<String>,
    /// Whether it is not shown before its start is known.
    #[serde(default)]
    pub once_started: bool,
    /// Whether it runs on after the claim's end.
    #[serde(default)]
    pub after_end: bool,
    /// First day of declaration that it holds for.
    pub from: Option<Date>,
    /// Last day of declaration that it holds for.
    pub to: Option<Date>,
    /// Days before its last day from which on it is said to approach.
    pub warn_days: Option<u16>,
    /// Whether searches for appointments mind it.
    #[serde(default)]
    pub ranks_visits: bool,
    /// Whether it was read in two places or in the law's text.
    pub sure: bool,
    /// Whether it counts, unless an operator says otherwise.
    pub enabled: bool,
    /// What a reader should know.
    pub note: Option<String>,
}

impl Rule {
    /// Whether it holds for a claim that was declared on a day.
    pub(super) fn holds(&self, claim: &Claim, declared_on: Date) -> bool {
        self.is_in_force(declared_on)
            && (self.applies_to.is_empty() || self.applies_to.iter().any(|losses| losses.hold(claim)))
            && !self.except.iter().any(|losses| losses.hold(claim))
    }

    /// Whether it holds for a loss of which only the codes are known.
    pub(super) fn holds_for(&self, loss: &LossTriple, day: Date) -> bool {
        self.is_in_force(day)
            && self.applies_to.iter().any(|losses| losses.hold_for(loss))
            && !self.except.iter().any(|losses| losses.hold_for(loss))
    }

    fn is_in_force(&self, day: Date) -> bool {
        self.enabled && self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// What is wrong with it, but for what it says of other rules.
    pub(super) fn check(&self, codes: &Codes) -> Result<(), String> {
        let refuse = |wrong: bool, message: &str| if wrong { Err(message.to_owned()) } else { Ok(()) };
        let is_id = !self.id.is_empty() && self.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        refuse(!is_id, "an id is made of small letters and underscores")?;
        refuse(self.label.trim().is_empty() || self.article.trim().is_empty(), "needs a label and an article")?;
        refuse(self.starts.is_empty(), "starts: needs a fact to count from")?;
        refuse(!self.length.is_sensible(), "length: must be at least 1, and at most a year in hours or 30 years")?;
        let backwards = matches!(self.length, Length::Days(_) | Length::WorkingDays(_));
        refuse(self.before && !backwards, "before: counts days or working_days only")?;
        refuse(self.before && self.after_start, "before and after_start contradict each other")?;
        refuse(self.from.zip(self.to).is_some_and(|(from, to)| to < from), "to lies before from")?;
        refuse(self.warn_days.is_some_and(|days| days > 1000), "warn_days: must be at most 1000")?;
        let by_place = matches!(self.length, Length::Hours(_) | Length::WorkingDays(_));
        let by_codes = self.applies_to.iter().all(|losses| losses.nature.is_some());
        refuse(
            self.ranks_visits && (by_place || self.before || self.applies_to.is_empty() || !by_codes),
            "ranks_visits: needs days, months or years, and losses by their nature",
        )?;
        for losses in self.applies_to.iter().chain(&self.except) {
            refuse(*losses == Losses::default(), "a loss without anything that tells it")?;
            for (table, code) in [(Table::LossNature, &losses.nature), (Table::LossCause, &losses.cause)] {
                if let Some(code) = code
                    && !codes.contains(table, code)
                {
                    return Err(codes.unknown(table, code));
                }
            }
        }
        Ok(())
    }
}
