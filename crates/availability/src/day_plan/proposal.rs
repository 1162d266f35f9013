//! A better order of a day, or a better sharing of a team's day: proposed, never applied.

use std::collections::BTreeMap;

use constat_domain::FieldError;

use constat_domain::ids::{AppointmentId, ExpertId};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::day_plan::frame::Roads;
use crate::day_plan::plan::{DayPlan, timeline};
use crate::day_plan::search::Search;
use crate::day_plan::visit::{Member, Visit};
use crate::requirement::Requirement;
use crate::settings::Settings;
use crate::travel::Travel;

/// What becomes different for one visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub appointment: AppointmentId,
    /// Who has it now.
    pub from_expert: ExpertId,
    /// Who would take it.
    pub to_expert: ExpertId,
    /// When it would begin as things are.
    pub start_before: Timestamp,
    /// When it would begin.
    pub start_after: Timestamp,
}

/// A proposal for one date.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The days as they are, one for each member.
    pub before: Vec<DayPlan>,
    /// The days as proposed; the same as before when nothing is proposed.
    pub after: Vec<DayPlan>,
    /// What would change. Empty: nothing is proposed.
    pub changes: Vec<Change>,
}

impl Proposal {
    /// Seconds at the wheel as things are.
    pub fn seconds_before(&self) -> i64 {
        self.before.iter().map(|day| day.driving_seconds).sum()
    }

    /// Seconds at the wheel as proposed.
    pub fn seconds_after(&self) -> i64 {
        self.after.iter().map(|day| day.driving_seconds).sum()
    }
}

/// Searches for a better order of the team's visits on a date.
///
/// Every agreed time is kept: exact times stay, windows stay windows. A visit moves to another expert only
/// if `requirements` holds its requirement, that expert is eligible for it, it fits that expert's hours,
/// caps, notice and holidays, and it has not begun at `now`. An expert keeps an own visit even if the
/// record no longer allows it. A day that cannot be on time in any order is left unchanged.
///
/// # Errors
/// When a record's zone is unknown.
pub fn propose<T: Travel + ?Sized>(
    members: &[Member<'_>],
    requirements: &BTreeMap<AppointmentId, Requirement>,
    date: Date,
    now: Timestamp,
    settings: &Settings,
    travel: &T,
) -> Result<Proposal, FieldError> {
    let bases = members.iter().map(|member| member.expert.base);
    let sites = members.iter().flat_map(|member| member.visits).filter_map(|visit| visit.site);
    let roads = Roads::between(bases.chain(sites), travel);
    let mut search = Search::new(members, requirements, date, now, settings, &roads)?;
    let orders_before = search.tours.clone();
    let found = search.run();
    let lay_out = |orders: &[Vec<usize>]| -> Vec<DayPlan> {
        let members = members.iter().zip(&search.frames).zip(orders);
        members
            .map(|((member, frame), order)| {
                let visits: Vec<Visit> = order.iter().map(|visit| search.visits[*visit]).collect();
                timeline(member.expert, date, frame, &roads, &visits)
            })
            .collect()
    };
    let before = lay_out(&orders_before);
    let after = found.map_or_else(|| before.clone(), |orders| lay_out(&orders));
    let changes = changes(&before, &after);
    Ok(Proposal { before, after, changes })
}

fn changes(before: &[DayPlan], after: &[DayPlan]) -> Vec<Change> {
    let was = |appointment: AppointmentId| {
        before.iter().find_map(|day| {
            let planned = day.visits.iter().find(|planned| planned.visit.appointment == appointment)?;
            Some((day.expert, planned.start))
        })
    };
    let all = after.iter().flat_map(|day| day.visits.iter().map(move |planned| (day.expert, planned)));
    all.filter_map(|(to_expert, planned)| {
        let appointment = planned.visit.appointment;
        let (from_expert, start_before) = was(appointment)?;
        let change = Change { appointment, from_expert, to_expert, start_before, start_after: planned.start };
        ((from_expert, start_before) != (to_expert, planned.start)).then_some(change)
    })
    .collect()
}
