//! May this person take this request at all, whatever the time?
//!
//! The rules are independent of each other, one for each [`ReasonCode`] that a record can earn.
//! This is the reference, written to be read: a commit asks it. A search asks `pool`, which answers for
//! all records at once and must agree with it.

use constat_domain::Money;
use constat_domain::expert::{Expert, Territory};
use constat_domain::service::LossTriple;

use crate::reason::ReasonCode;
use crate::requirement::Requirement;
use crate::travel::Spot;

/// True when the record allows the request as far as one rule goes.
type Rule = fn(&Expert, &Requirement) -> bool;

/// Every rule with the reason it refuses for, in the order of the codes.
const RULES: [(ReasonCode, Rule); 11] = [
    (ReasonCode::Inactive, is_active),
    (ReasonCode::Kind, does_kind),
    (ReasonCode::Skill, is_skilled),
    (ReasonCode::Authority, has_authority),
    (ReasonCode::Insurer, is_approved),
    (ReasonCode::Customer, serves_customer),
    (ReasonCode::Dwelling, visits_dwelling),
    (ReasonCode::Language, speaks),
    (ReasonCode::Excluded, is_not_excluded),
    (ReasonCode::ConflictOfInterest, is_independent),
    (ReasonCode::Territory, goes_there),
];

/// Whether the record allows the request; otherwise the first rule that refuses it.
///
/// A field that the request leaves out excludes no expert. Exception: a territory of départements needs
/// the département of an on-site visit.
pub fn eligible(expert: &Expert, requirement: &Requirement) -> Result<(), ReasonCode> {
    match RULES.iter().find(|(_, allows)| !allows(expert, requirement)) {
        Some((reason, _)) => Err(*reason),
        None => Ok(()),
    }
}

fn is_active(expert: &Expert, _: &Requirement) -> bool {
    expert.active
}

fn does_kind(expert: &Expert, requirement: &Requirement) -> bool {
    expert.skills.kinds.contains(&requirement.kind)
}

/// Knows what happened, and holds at least one of the trades wanted.
fn is_skilled(expert: &Expert, requirement: &Requirement) -> bool {
    let knows_loss = match (&expert.skills.loss_natures, &requirement.loss) {
        (Some(known), Some(loss)) => known.iter().any(|entry| covers(entry, loss)),
        _ => true,
    };
    let wanted = &requirement.trades;
    knows_loss && (wanted.is_empty() || wanted.iter().any(|trade| expert.skills.trades.contains(trade)))
}

/// The stakes, all in all and by part, are within the limits.
fn has_authority(expert: &Expert, requirement: &Requirement) -> bool {
    let (skills, stakes) = (&expert.skills, &requirement.stakes);
    within(stakes.total, skills.limit_total)
        && within(stakes.contents, skills.limit_contents)
        && within(stakes.building, skills.limit_building)
}

fn is_approved(expert: &Expert, requirement: &Requirement) -> bool {
    lists(expert.skills.insurers.as_ref(), requirement.insurer.as_ref())
}

fn serves_customer(expert: &Expert, requirement: &Requirement) -> bool {
    lists(expert.skills.customers.as_ref(), Some(&requirement.customer))
}

fn visits_dwelling(expert: &Expert, requirement: &Requirement) -> bool {
    lists(expert.skills.dwellings.as_ref(), requirement.dwelling.as_ref())
}

fn speaks(expert: &Expert, requirement: &Requirement) -> bool {
    lists(expert.skills.languages.as_ref(), requirement.language.as_ref())
}

fn is_not_excluded(expert: &Expert, requirement: &Requirement) -> bool {
    let excluded = |list: &[String], wanted: Option<&String>| wanted.is_some_and(|wanted| list.contains(wanted));
    !excluded(&expert.exclusions.insurers, requirement.insurer.as_ref())
        && !excluded(&expert.exclusions.cases, requirement.insurer_claim.as_ref())
}

/// No tie to the insurer of a drought claim (Code des assurances, R125-8).
fn is_independent(expert: &Expert, requirement: &Requirement) -> bool {
    !requirement.is_drought() || !requirement.insurer.as_ref().is_some_and(|insurer| expert.ties.contains(insurer))
}

/// Serves the place; remote interventions know no territory.
fn goes_there(expert: &Expert, requirement: &Requirement) -> bool {
    let Some(site) = requirement.site else { return true };
    match &expert.territory {
        Territory::Anywhere => true,
        Territory::Departments(served) => requirement.department.as_ref().is_some_and(|code| served.contains(code)),
        Territory::RadiusKm(radius) => Spot::new(expert.base).metres_to(&Spot::new(site)) <= radius * 1000.0,
    }
}

/// True when a skill entry (`Nature`, `Nature/Cause` or `Nature/Cause/Detail`) covers the loss. A
/// cause or detail that the request leaves open is covered: it may still turn out to be that one.
pub(crate) fn covers(entry: &str, loss: &LossTriple) -> bool {
    let stated = [Some(&loss.nature), loss.cause.as_ref(), loss.detail.as_ref()];
    entry.split('/').zip(stated).all(|(known, stated)| stated.is_none_or(|stated| stated == known))
}

fn lists<T: PartialEq>(list: Option<&Vec<T>>, wanted: Option<&T>) -> bool {
    match (list, wanted) {
        (Some(list), Some(wanted)) => list.contains(wanted),
        _ => true,
    }
}

/// Whether the stakes are within a limit. Stakes in another currency than the limit's are not.
pub(crate) fn within(stakes: Option<Money>, limit: Option<Money>) -> bool {
    match (stakes, limit) {
        (Some(stakes), Some(limit)) => stakes.currency == limit.currency && stakes.minor <= limit.minor,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(nature: &str, cause: Option<&str>, detail: Option<&str>) -> LossTriple {
        LossTriple { nature: nature.to_owned(), cause: cause.map(str::to_owned), detail: detail.map(str::to_owned) }
    }

    #[test]
    fn rules_come_in_the_order_of_the_codes() {
        assert!(RULES.is_sorted_by_key(|(code, _)| *code));
        assert_eq!(RULES.last().map(|(code, _)| *code), Some(ReasonCode::Territory));
    }

    #[test]
    fn a_skill_covers_all_below_it_and_what_is_left_open() {
        let burst = loss("DegatsDesEaux", Some("FuiteRupture"), Some("CanalisationEnterree"));
        for entry in ["DegatsDesEaux", "DegatsDesEaux/FuiteRupture", "DegatsDesEaux/FuiteRupture/CanalisationEnterree"]
        {
            assert!(covers(entry, &burst), "{entry}");
            assert!(covers(entry, &loss("DegatsDesEaux", None, None)), "{entry}");
        }
        for entry in ["Vol", "DegatsDesEaux/Condensation", "DegatsDesEaux/FuiteRupture/Autre", "DegatsDesEau", ""] {
            assert!(!covers(entry, &burst), "{entry}");
        }
    }
}
