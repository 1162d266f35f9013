//! May this person take this request at all, whatever the time?

use constat_domain::Money;
use constat_domain::geo::Position;

use crate::expert::{Expert, Territory};
use crate::reason::ReasonCode;
use crate::requirement::Requirement;

/// Whether the record allows the request: active, kind, loss nature and trades, authority, insurer,
/// customer, dwelling, territory; the first that does not fit is told.
///
/// What the request does not state refuses nobody, except the place: a territory of départements
/// needs to know the département of an on-site visit.
pub fn eligible(expert: &Expert, requirement: &Requirement) -> Result<(), ReasonCode> {
    let skills = &expert.skills;
    let rule = |holds: bool, code: ReasonCode| if holds { Ok(()) } else { Err(code) };
    rule(expert.active, ReasonCode::Inactive)?;
    rule(skills.kinds.contains(&requirement.kind), ReasonCode::Kind)?;
    rule(allows(skills.loss_natures.as_ref(), requirement.loss_nature.as_ref()), ReasonCode::Skill)?;
    let wanted = &requirement.trades;
    rule(wanted.is_empty() || wanted.iter().any(|trade| skills.trades.contains(trade)), ReasonCode::Skill)?;
    let stakes = &requirement.stakes;
    rule(within(stakes.total, skills.limit_total), ReasonCode::Authority)?;
    rule(within(stakes.contents, skills.limit_contents), ReasonCode::Authority)?;
    rule(within(stakes.building, skills.limit_building), ReasonCode::Authority)?;
    rule(allows(skills.insurers.as_ref(), requirement.insurer.as_ref()), ReasonCode::Insurer)?;
    rule(allows(skills.customers.as_ref(), Some(&requirement.customer)), ReasonCode::Customer)?;
    rule(allows(skills.dwellings.as_ref(), requirement.dwelling.as_ref()), ReasonCode::Dwelling)?;
    match requirement.site {
        Some(site) => rule(serves(expert, requirement, site), ReasonCode::Territory),
        None => Ok(()),
    }
}

fn allows<T: PartialEq>(list: Option<&Vec<T>>, wanted: Option<&T>) -> bool {
    match (list, wanted) {
        (Some(list), Some(wanted)) => list.contains(wanted),
        _ => true,
    }
}

/// Stakes in another currency than the limit's are not within it: nobody can tell.
fn within(stakes: Option<Money>, limit: Option<Money>) -> bool {
    match (stakes, limit) {
        (Some(stakes), Some(limit)) => stakes.currency == limit.currency && stakes.minor <= limit.minor,
        _ => true,
    }
}

fn serves(expert: &Expert, requirement: &Requirement, site: Position) -> bool {
    match &expert.territory {
        Territory::Anywhere => true,
        Territory::Departments(served) => requirement.department.as_ref().is_some_and(|code| served.contains(code)),
        Territory::RadiusKm(radius) => expert.base.distance_m(site) <= radius * 1000.0,
    }
}
