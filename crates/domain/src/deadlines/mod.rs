//! Statutory deadlines: which clocks run on a claim, which were met, which were missed.
//!
//! The rules are data (`data/rules/deadlines.toml`), effective-dated, each with its article; here is
//! how they are read, counted (`count`) and laid on a claim, and what is to be told of them (`watch`).
//! A rule warns and counts. It never refuses anything.

mod count;
mod facts;
mod rule;
#[cfg(test)]
mod tests;
mod watch;

pub use count::{Length, Place};
pub use facts::Fact;
pub use rule::{Losses, Rule, StartOf};
pub use watch::{Look, Notice, look};

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::Deserialize;

use crate::claim::{Claim, ClaimStatus};
use crate::codes::Codes;
use crate::service::LossTriple;
use count::{End, Moment, raw_end};

static EMBEDDED: LazyLock<Deadlines> = LazyLock::new(|| {
    Deadlines::parse(include_str!("../../../../data/rules/deadlines.toml"))
        .unwrap_or_else(|error| panic!("data/rules/deadlines.toml: {error}"))
});

/// The rules that are known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadlines {
    /// All of them, in the order of the file.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
}

/// Where a deadline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeadlineState {
    /// What it counts from has not happened, or is not known.
    Waiting,
    /// It counts.
    Running,
    /// It was done in time.
    Met,
    /// It is over, and was not done, or too late.
    Missed,
    /// The claim ended before it did: it no longer counts.
    Stopped,
}

/// One rule on one claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// Its status.
    pub state: DeadlineState,
    /// The day that it counts from, which does not count itself.
    pub starts_on: Option<Date>,
    /// Its last day at the place of the loss.
    pub due_on: Option<Date>,
    /// The instant at which it is over: the end of that day there.
    pub due_at: Option<Timestamp>,
    /// From when on it is said to approach.
    pub warn_at: Option<Timestamp>,
    /// The day on which it was done, in time or not.
    pub met_on: Option<Date>,
    /// The instant of that, or the first of its day.
    pub met_at: Option<Timestamp>,
}

impl Deadline<'_> {
    /// When the first of those that run is over: until then none of them changes by itself.
    pub fn first_to_end(deadlines: &[Self]) -> Option<Timestamp> {
        let running = deadlines.iter().filter(|deadline| deadline.state == DeadlineState::Running);
        running.filter_map(|deadline| deadline.due_at).min()
    }
}

impl Deadlines {
    /// The rules that came with the program.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads rules from TOML.
    ///
    /// # Errors
    /// What is wrong with the text, naming the rule: its syntax, a field, a fact or code that does not
    /// exist, a length that makes no sense, an id that is used twice, another rule that is not there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let deadlines: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut ids = BTreeSet::new();
        for rule in &deadlines.rules {
            rule.check(Codes::embedded()).map_err(|error| format!("{}: {error}", rule.id))?;
            if !ids.insert(rule.id.as_str()) {
                return Err(format!("{}: another rule has this id", rule.id));
            }
        }
        for rule in &deadlines.rules {
            if let Some(unknown) = rule.instead_of.iter().find(|id| **id == rule.id || !ids.contains(id.as_str())) {
                return Err(format!("{}: instead_of: no other rule is called {unknown}", rule.id));
            }
        }
        Ok(deadlines)
    }

    /// The rules with some turned on and some off.
    ///
    /// # Errors
    /// The first id that no rule has, or that is in both lists.
    pub fn with(&self, enable: &[String], disable: &[String]) -> Result<Self, String> {
        let mut chosen = self.clone();
        for (ids, enabled) in [(enable, true), (disable, false)] {
            for id in ids {
                let rule = chosen.rules.iter_mut().find(|rule| rule.id == *id);
                rule.ok_or_else(|| format!("no deadline is called {id}"))?.enabled = enabled;
            }
        }
        match enable.iter().find(|id| disable.contains(id)) {
            Some(both) => Err(format!("{both} is both enabled and disabled")),
            None => Ok(chosen),
        }
    }

    /// The deadlines of a claim, in the order of the rules.
    pub fn of_claim(&self, claim: &Claim, now: Timestamp) -> Vec<Deadline<'_>> {
        let place = Place::of(&claim.location);
        let declared_on = place.day_of(claim.declaration_at);
        let holding: Vec<&Rule> = self.rules.iter().filter(|rule| rule.holds(claim, declared_on)).collect();
        let replaced: BTreeSet<&str> =
            holding.iter().flat_map(|rule| rule.instead_of.iter().map(String::as_str)).collect();
        holding
            .into_iter()
            .filter(|rule| !replaced.contains(rule.id.as_str()))
            .filter_map(|rule| deadline_of(rule, claim, &place, now))
            .collect()
    }

    /// The last day on which a visit is in time for a loss of that day; `None` when no rule asks for
    /// one. For who knows nothing of the claim but its codes and its day. It is not moved to a working
    /// day: a search would rather be early.
    ///
    /// ```
    /// # use constat_domain::deadlines::Deadlines;
    /// # use constat_domain::service::LossTriple;
    /// # use jiff::civil::date;
    /// let flood = LossTriple { nature: "CatastropheNaturelle".to_owned(), cause: None, detail: None };
    /// assert_eq!(Deadlines::embedded().last_visit_day(&flood, date(2026, 1, 31)), Some(date(2026, 2, 28)));
    /// ```
    pub fn last_visit_day(&self, loss: &LossTriple, day: Date) -> Option<Date> {
        let holding = self.rules.iter().filter(|rule| rule.ranks_visits && rule.holds_for(loss, day));
        holding.filter_map(|rule| raw_end(day, rule.length, false)).min()
    }
}

/// A rule on a claim that it holds for; `None` when there is nothing to show.
fn deadline_of<'r>(rule: &'r Rule, claim: &Claim, place: &Place, now: Timestamp) -> Option<Deadline<'r>> {
    if rule.waived_by.iter().any(|fact| fact.first(claim, place).is_some()) {
        return None;
    }
    let start = start_of(rule, claim, place);
    let end = start.and_then(|start| place.end(start, rule.length, rule.before));
    let met = rule
        .met_by
        .iter()
        .flat_map(|fact| fact.moments(claim, place))
        .filter(|met| !rule.after_start || start.is_some_and(|start| met.on >= start.on))
        .min();
    let ended = ended_at(claim).filter(|_| !rule.after_end);
    let state = match (end, met) {
        (None, _) if rule.once_started => return None,
        (None, None) if ended.is_some() => return None,
        (None, None) => DeadlineState::Waiting,
        (None, Some(_)) => DeadlineState::Met,
        (Some(end), Some(met)) if met.at < end.at => DeadlineState::Met,
        (Some(_), Some(_)) => DeadlineState::Missed,
        (Some(end), None) if ended.is_some_and(|ended| ended <= end.at) => DeadlineState::Stopped,
        (Some(end), None) if now >= end.at => DeadlineState::Missed,
        (Some(_), None) => DeadlineState::Running,
    };
    Some(Deadline {
        rule,
        state,
        starts_on: start.map(|start| start.on),
        due_on: end.map(|end| end.on),
        due_at: end.map(|end| end.at),
        warn_at: end.and_then(|end| warn_at(rule, end, place)),
        met_on: met.map(|met| met.on),
        met_at: met.map(|met| met.at),
    })
}

fn start_of(rule: &Rule, claim: &Claim, place: &Place) -> Option<Moment> {
    let mut known = rule.starts.iter().map(|fact| fact.first(claim, place));
    match rule.start_of {
        StartOf::FirstKnown => known.flatten().next(),
        StartOf::Latest => known.try_fold(None, |latest: Option<Moment>, one| one.map(|one| latest.max(Some(one))))?,
        StartOf::LatestKnown => known.flatten().max(),
    }
}

fn warn_at(rule: &Rule, end: End, place: &Place) -> Option<Timestamp> {
    let day = end.on.checked_sub(Span::new().days(rule.warn_days?)).ok()?;
    place.first_instant(day)
}

/// When the claim ended, if it did.
fn ended_at(claim: &Claim) -> Option<Timestamp> {
    match claim.status() {
        ClaimStatus::Draft | ClaimStatus::Submitted | ClaimStatus::InProgress | ClaimStatus::PendingInfo => None,
        ClaimStatus::Closed => Some(claim.state.closed_at().unwrap_or(claim.updated_at)),
        ClaimStatus::Rejected => Some(claim.state.rejected_at().unwrap_or(claim.updated_at)),
        ClaimStatus::Abandoned | ClaimStatus::Archived => Some(claim.abandoned_at().unwrap_or(claim.updated_at)),
    }
}
