//! The drives that the feasibility of a visit depends on, so that a caller can look up road times first.

use constat_domain::geo::Position;
use jiff::{SignedDuration, Timestamp};

use crate::calendar::{ExpertCalendar, REACH_SECONDS};
use crate::requirement::Requirement;

impl ExpertCalendar {
    /// The drives, from where to where, that decide whether a visit from `from` to `to` can be driven: from
    /// the visit before it or the base, to the one after it or the base, and those that it would stand
    /// between. Some may turn out not to count when the gaps are built.
    pub fn drives_around(
        &self,
        requirement: &Requirement,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = (Position, Position)> + use<> {
        // A day more than a drive can reach, for the hull of the day's working time.
        let reach = SignedDuration::from_secs(2 * REACH_SECONDS);
        let stays = |id| !requirement.reschedules.contains(&id);
        let on_site = || {
            let others = self.busy().iter().filter(|busy| busy.appointment.is_none_or(stays));
            others.filter_map(|busy| Some((busy.start, busy.position?)))
        };
        let before = on_site().take_while(|(start, _)| *start < to).last();
        let before = before.filter(|(start, _)| from.duration_since(*start) < reach).map(|(_, at)| at);
        let after = on_site().find(|(start, _)| *start >= to);
        let after = after.filter(|(start, _)| start.duration_since(to) < reach).map(|(_, at)| at);
        let (base, site) = (Some(self.expert().base), requirement.site);
        let pairs =
            [(base, site), (site, base), (before, site), (site, after), (before, after), (before, base), (base, after)];
        pairs.into_iter().filter_map(|(from, to)| Some((from?, to?)))
    }
}
