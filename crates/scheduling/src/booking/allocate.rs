//! Who keeps an offered time: the people it names, else whoever else can. What was promised is the
//! time.
//!
//! For a joint appointment everybody is found or nobody: each firm's expert by itself, a firm's team
//! of workers together.

use constat_availability::{CalendarIndex, pick_team, who_can};
use constat_domain::ids::ExpertId;
use constat_domain::refusal::BookingRefusal;
use constat_store::Tx;
use constat_store::queries::holds::HoldRow;
use jiff::Timestamp;

use crate::Scheduler;
use crate::booking::hold::with_kept;
use crate::booking::verify::{Asking, Guards, Person, judge};
use crate::offer::participants::{Named, Side, named_by};
use crate::offer::parties::may_still_book;
use crate::offer::token::Offer;
use crate::travel::with_travel;
use constat_core::AppError;

/// Who takes a visit, under which guards.
pub(crate) struct Assigned {
    /// Never empty: the firm's own first.
    pub(crate) people: Vec<Person>,
    pub(crate) guards: Guards,
}

/// Finds everybody for an offered time; first those whose time its session keeps for it.
///
/// # Errors
/// [`BookingRefusal::SlotTaken`] when somebody is missing, or a firm takes no more bookings from the
/// caller.
pub(crate) fn assign(
    tx: &mut Tx,
    scheduler: &Scheduler,
    offer: &Offer,
    kept: &[HoldRow],
    now: Timestamp,
) -> Result<Assigned, AppError> {
    let (from, to) = (offer.busy_from, offer.busy_to);
    if offer.slot.start < now {
        return Err(BookingRefusal::SlotTaken.into());
    }
    let asking = Asking { session: offer.session, now };
    let offer = &with_kept(offer, kept, now);
    let mut assigned = Assigned { people: Vec::new(), guards: Guards::default() };
    for named in named_by(scheduler, offer, |tenant| scheduler.calendars.people_of(tx, tenant, now))? {
        if !may_still_book(tx, offer, &named.side.tenant)? {
            return Err(BookingRefusal::SlotTaken.into());
        }
        let mut judging =
            Judging { tx: &mut *tx, scheduler, named: &named, asking, time: (from, to), able: Vec::new() };
        let found = if offer.criteria.is_for_a_team() { judging.team()? } else { judging.one()?.map(|one| vec![one]) };
        for (person, guards) in found.ok_or(BookingRefusal::SlotTaken)? {
            assigned.people.push(person);
            assigned.guards.join(guards);
        }
    }
    for person in &assigned.people {
        scheduler.calendars.promise(&person.tenant, person.expert, from, to);
    }
    Ok(assigned)
}

/// One side while it is judged.
struct Judging<'a> {
    tx: &'a mut Tx,
    scheduler: &'a Scheduler,
    named: &'a Named,
    asking: Asking,
    time: (Timestamp, Timestamp),
    /// Who was judged and can.
    able: Vec<(ExpertId, (Person, Guards))>,
}

impl Judging<'_> {
    fn judge(&mut self, expert: ExpertId) -> Result<Option<(Person, Guards)>, AppError> {
        let Side { tenant, calendars, requirement } = &self.named.side;
        let Some(calendar) = calendars.get(expert) else { return Ok(None) };
        judge(self.tx, self.scheduler, (tenant, calendar), requirement, self.time, self.asking)
    }

    /// Everybody else who can as far as these calendars know, best first; then those who have probably
    /// given the time away since.
    fn others(&self, calendars: &CalendarIndex) -> (Vec<ExpertId>, Vec<ExpertId>) {
        let Named { side: Side { tenant, requirement, .. }, people } = self.named;
        let (from, to) = self.time;
        let mut able = with_travel!(&*self.scheduler.travel, travel => {
            who_can(calendars, requirement, from, to, travel)
        });
        let taken = self.scheduler.calendars.taken_since(tenant, from, to);
        // Whoever is offered to somebody else comes last: that one is about to be booked too.
        let named =
            self.scheduler.open_offers.named_by_others(tenant, self.asking.session, (from, to), self.asking.now);
        able.sort_by_key(|expert| named.contains(expert));
        able.into_iter().filter(|expert| !people.contains(expert)).partition(|expert| !taken.contains(expert))
    }

    /// The expert who was named, else the best of the others. Others are looked for in the calendars as
    /// they were laid last: to lay what was booked since would keep the writer, and all who wait for it.
    /// Only when nobody is found that way is it done, as somebody may have become free.
    fn one(&mut self) -> Result<Option<(Person, Guards)>, AppError> {
        let Side { tenant, calendars, .. } = &self.named.side;
        let mut judged: Vec<ExpertId> = Vec::new();
        let mut first_able = |judging: &mut Self, people: Vec<ExpertId>| {
            for expert in people {
                if !judged.contains(&expert) {
                    judged.push(expert);
                    if let Some(found) = judging.judge(expert)? {
                        return Ok(Some(found));
                    }
                }
            }
            Ok::<_, AppError>(None)
        };
        if let Some(found) = first_able(self, self.named.people.clone())? {
            return Ok(Some(found));
        }
        let (others, _taken_since) = self.others(calendars);
        if let Some(found) = first_able(self, others)? {
            return Ok(Some(found));
        }
        let fresh = self.scheduler.calendars.of(tenant, self.asking.now)?;
        let (others, taken_since) = self.others(&fresh);
        first_able(self, others.into_iter().chain(taken_since).collect())
    }

    /// The workers who were named, else the fewest who hold every trade wanted.
    fn team(&mut self) -> Result<Option<Vec<(Person, Guards)>>, AppError> {
        let Named { side: Side { tenant, calendars, requirement }, people: named } = self.named;
        // Those who were named, as long as they still hold everything.
        let team = pick_team(calendars, requirement, named);
        if let Some(found) = team.map(|team| self.all(&team)).transpose()?.and_then(Result::ok) {
            return Ok(Some(found));
        }
        let fresh = self.scheduler.calendars.of(tenant, self.asking.now)?;
        let (others, taken_since) = self.others(&fresh);
        let mut people: Vec<ExpertId> = named.iter().copied().chain(others).chain(taken_since).collect();
        while let Some(team) = pick_team(calendars, requirement, &people) {
            match self.all(&team)? {
                Ok(found) => return Ok(Some(found)),
                Err(missing) => people.retain(|expert| *expert != missing),
            }
        }
        Ok(None)
    }

    /// All of some people, or the first of them who cannot.
    fn all(&mut self, team: &[ExpertId]) -> Result<Result<Vec<(Person, Guards)>, ExpertId>, AppError> {
        for expert in team {
            if self.able.iter().any(|(known, _)| known == expert) {
                continue;
            }
            match self.judge(*expert)? {
                Some(found) => self.able.push((*expert, found)),
                None => return Ok(Err(*expert)),
            }
        }
        let place = |expert: &ExpertId| team.iter().position(|member| member == expert);
        let mut found: Vec<_> = std::mem::take(&mut self.able);
        found.retain(|(expert, _)| place(expert).is_some());
        found.sort_by_key(|(expert, _)| place(expert));
        Ok(Ok(found.into_iter().map(|(_, found)| found).collect()))
    }
}
