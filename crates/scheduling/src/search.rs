//! Search: who is free, when?

use constat_availability::{
    Offer as Proposal, OpenOffer, Outcome, Party, PlaceFacts, Reason, Requirement, Score, Spot, Travel, search,
    search_team, search_together,
};
use constat_domain::FieldError;
use constat_domain::Refusal;
use constat_domain::appointment::{SESSION_SECONDS, Slot};
use constat_domain::codes::{Codes, Table};
use constat_domain::ids::{AppointmentId, ExpertId, SessionId};
use constat_domain::service::{LossTriple, ServiceRequest};
use constat_domain::tenancy::Caller;
use jiff::{SignedDuration, Timestamp};

use crate::Scheduler;
use crate::offer::criteria::Criteria;
use crate::offer::open_offers::{Promise, Question};
use crate::offer::participants::Side;
use crate::offer::parties::check_parties;
use crate::offer::token::{Offer, Participant, Session};
use crate::place::{is_holiday, locate};
use crate::read::open_appointment;
use crate::travel::Roads;
use crate::travel::look_up::by_road;
use constat_core::{AppError, Seal};
use constat_domain::gazetteer::SearchedPlace;

/// The answer to a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The sealed session.
    pub session_id: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// What is offered, best first.
    pub slots: Vec<OfferedSlot>,
    /// Why nobody was free; told when nothing is offered.
    pub reasons: Vec<Reason>,
    /// Where it was searched; `None` for a remote appointment without a place.
    pub searched: Option<SearchedPlace>,
}

/// A slot with its sealed token.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedSlot {
    /// What is promised.
    pub slot: Slot,
    /// Its id.
    pub token: String,
    /// Who would come or call.
    pub expert: ExpertId,
    /// That person's name.
    pub expert_name: String,
    /// Why it stands where it stands.
    pub score: Score,
}

/// How often a search is made again because others were offered the same meanwhile.
const MOST_AGAIN: usize = 3;

/// The same where drives are asked of a routing server, which may take its budget of time at each try.
const MOST_AGAIN_BY_ROAD: usize = 1;

/// Searches the firm's calendars; its offers rest on the routing server's drives, if there is one. What
/// others were offered, and may still book, is offered after other times.
pub async fn search_slots(scheduler: &Scheduler, caller: &Caller, request: ServiceRequest) -> Result<Found, AppError> {
    let mut asked = ask(scheduler, caller, request)?;
    let mut left = if matches!(&*scheduler.travel, Roads::Routed(_)) { MOST_AGAIN_BY_ROAD } else { MOST_AGAIN };
    loop {
        asked.look_at_promises(scheduler);
        let outcome = match &*scheduler.travel {
            Roads::Estimated(estimator) => asked.search(&asked.sides, estimator),
            Roads::Routed(routed) => by_road(routed, &asked).await,
        };
        if asked.promise(scheduler, &outcome, left == 0) {
            return answer(scheduler, caller, asked, outcome);
        }
        left = left.saturating_sub(1);
    }
}

/// A request that can be searched: checked, placed and measured.
pub(crate) struct Asked {
    /// When.
    now: Timestamp,
    session: SessionId,
    question: Question,
    /// The request, its codes in their own spelling and its place located.
    request: ServiceRequest,
    place: PlaceFacts,
    searched: Option<SearchedPlace>,
    /// Whose calendars: the firm that is asked, then the other parties.
    pub(crate) sides: Vec<Side>,
    /// How much of what others were offered is known of each side.
    seen: Vec<u64>,
}

impl Asked {
    /// Searches; `sides` are those of the request, perhaps with other calendars or a higher limit.
    pub(crate) fn search<'a, T: Travel>(&self, sides: &'a [Side], travel: &T) -> Outcome {
        match sides {
            [side] if self.request.all_trades => search_team(&side.calendars, &side.requirement, travel),
            [side] => search(&side.calendars, &side.requirement, travel),
            sides => {
                let party = |side: &'a Side| Party { index: &side.calendars, requirement: &side.requirement };
                search_together(&sides.iter().map(party).collect::<Vec<_>>(), travel)
            }
        }
    }

    /// Takes into account what others were offered until now.
    fn look_at_promises(&mut self, scheduler: &Scheduler) {
        let window = (self.request.from, self.request.to);
        let seen = self.sides.iter_mut().map(|side| {
            let (open, seen) = scheduler.open_offers.seen_by(&self.question, &side.tenant, window, self.now);
            side.requirement.open = open;
            seen
        });
        self.seen = seen.collect();
    }

    /// Remembers what is offered. False when others were offered some of it meanwhile, unless it is the
    /// `last` try.
    fn promise(&self, scheduler: &Scheduler, outcome: &Outcome, last: bool) -> bool {
        let count = u16::try_from(outcome.offers.len()).unwrap_or(u16::MAX).max(1);
        self.sides.iter().zip(&self.seen).enumerate().all(|(number, (side, seen))| {
            let site = side.requirement.site.map(Spot::new);
            let of_side = |(place, found): (usize, &Proposal)| -> Vec<OpenOffer> {
                // One of them is booked: most take the first.
                let per_mille = if place == 0 { 1000 } else { 1000 / count };
                let people = self.people(found).filter(|(of, _)| *of == number);
                let (start, end) = (found.busy_from, found.busy_to);
                people.map(|(_, expert)| OpenOffer { expert, start, end, site, per_mille }).collect()
            };
            let offers = outcome.offers.iter().enumerate().flat_map(of_side).collect();
            let promise = Promise { session: self.session, until: expiry(self.now), offers };
            let seen = if last { u64::MAX } else { *seen };
            scheduler.open_offers.note(&self.question, &side.tenant, promise, (seen, self.now))
        })
    }

    /// Everybody that an offer names, with the number of the person's side.
    pub(crate) fn people(&self, found: &Proposal) -> impl Iterator<Item = (usize, ExpertId)> {
        let has_parties = self.sides.len() > 1;
        let people = [found.expert].into_iter().chain(found.others.clone());
        people.enumerate().map(move |(place, expert)| (if has_parties { place } else { 0 }, expert))
    }
}

/// Checks a request and gets ready to search it.
fn ask(scheduler: &Scheduler, caller: &Caller, mut request: ServiceRequest) -> Result<Asked, AppError> {
    let now = scheduler.core.clock.now();
    let mut errors = check_codes(&mut request);
    let moved = continue_appointment(scheduler, caller, &mut request)?.unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    });
    let parties = check_parties(scheduler, caller, &request, &mut errors)?;
    let place = locate(request.kind, request.place.as_mut()).map_err(|error| errors.push(error)).ok();
    Refusal::unless_empty(errors)?;
    let found = place.ok_or_else(|| AppError::Fault("a request without a place passed".to_owned()))?;
    let (place, searched) = (found.facts, found.searched);
    let settings = &scheduler.core.settings.availability;
    let mut requirement =
        Requirement::derive(&request, &place, settings, &is_holiday, now).map_err(Refusal::Invalid)?;
    requirement.reschedules = moved;
    requirement.withheld_percent = scheduler.withheld_from(&request, place.department.as_deref(), now)?;
    let mut sides = vec![Side::of(scheduler, caller.tenant, requirement, now)?];
    for (tenant, party) in parties.into_iter().zip(&request.parties) {
        sides.push(sides[0].beside(scheduler, tenant, party.insurer.as_ref(), now)?);
    }
    let (session, question) =
        (SessionId::new(now, &scheduler.core.secure_random.entropy()), Question::of(caller, &request));
    Ok(Asked { now, session, question, request, place, searched, sides, seen: Vec::new() })
}

/// The instant from which nothing of a search can be booked.
fn expiry(asked_at: Timestamp) -> Timestamp {
    asked_at.saturating_add(SignedDuration::from_secs(SESSION_SECONDS)).unwrap_or(asked_at)
}

/// Seals what was found. Stores nothing: the session and each slot are sealed tokens.
fn answer(scheduler: &Scheduler, caller: &Caller, asked: Asked, outcome: Outcome) -> Result<Found, AppError> {
    let participants = |found: &Proposal| -> Vec<Participant> {
        let others = asked.people(found).skip(1).filter_map(|(side, expert)| {
            let tenant = asked.sides.get(side)?.tenant;
            let insurer = if side == 0 { None } else { asked.sides[side].requirement.insurer.clone() };
            Some(Participant { tenant, expert, insurer })
        });
        others.collect()
    };
    let others: Vec<Vec<Participant>> = outcome.offers.iter().map(participants).collect();
    let Asked { now, session: id, request, place, searched, sides, .. } = asked;
    let main = sides.into_iter().next().ok_or_else(|| AppError::Fault("a search of no firm".to_owned()))?;
    let criteria = Criteria::of(&main.requirement, &place, request.all_trades);
    let expires_at = expiry(now);
    let session = Session { id, tenant: caller.tenant, holder: caller.holder, asked_at: now, expires_at, request };
    let slots = outcome.offers.iter().zip(others).map(|(found, others)| {
        let offer = Offer {
            session: session.id,
            tenant: session.tenant,
            holder: session.holder,
            asked_at: now,
            expires_at,
            expert: found.expert,
            others,
            slot: found.slot,
            busy_from: found.busy_from,
            busy_to: found.busy_to,
            criteria: criteria.clone(),
        };
        let expert_name = main.calendars.get(found.expert).map(|calendar| calendar.expert().display_name.clone());
        Ok(OfferedSlot {
            slot: found.slot,
            token: scheduler.core.sealer.seal(Seal::Slot, &offer)?,
            expert: found.expert,
            expert_name: expert_name.unwrap_or_default(),
            score: found.score,
        })
    });
    let slots: Vec<OfferedSlot> = slots.collect::<Result<_, AppError>>()?;
    let reasons = if slots.is_empty() { outcome.reasons } else { Vec::new() };
    scheduler.core.counts.searches.increment();
    if slots.is_empty() {
        scheduler.core.counts.searches_without_offers.increment();
    }
    Ok(Found { session_id: scheduler.core.sealer.seal(Seal::Session, &session)?, expires_at, slots, reasons, searched })
}

/// A search in order to move an appointment: it must be the caller's and open, and of the same kind.
/// What is left out (place, claim, language, damages, mission, dwelling, urgency) is the appointment's; the
/// parties are its own. Answers the appointments whose time counts as free: all of a joint one.
///
/// The inner error is a fault of the request, by field.
fn continue_appointment(
    scheduler: &Scheduler,
    caller: &Caller,
    request: &mut ServiceRequest,
) -> Result<Result<Vec<AppointmentId>, FieldError>, AppError> {
    let refuse = |field: &str, message: &str| Ok(Err(FieldError::new(field, message)));
    let Some(id) = request.reschedules else { return Ok(Ok(Vec::new())) };
    let known = match open_appointment(scheduler, caller, id) {
        Ok(known) => known,
        Err(AppError::Refused(Refusal::Booking(_))) => {
            return refuse("appointmentId", "no such open appointment");
        }
        Err(failure) => return Err(failure),
    };
    if known.request.kind != request.kind {
        let message = format!("expected {}, the type of the appointment to move", known.request.kind.wire());
        return refuse("type.name", &message);
    }
    if known.is_linked() {
        let message = "is a part of a joint appointment: it moves with the main one, see its joint.main";
        return refuse("appointmentId", message);
    }
    if !request.parties.is_empty() && request.parties != known.request.parties {
        let message = "are not those of the appointment to move: leave them out, or cancel and book anew";
        return refuse("parties", message);
    }
    if request.all_trades && !known.request.all_trades {
        let message = "the appointment to move was booked without it: leave it out, or cancel and book anew";
        return refuse("allTrades", message);
    }
    let moved = known.joint.iter().flat_map(|joint| &joint.parties).map(|party| party.appointment);
    let moved = [id].into_iter().chain(moved.filter(|party| *party != id)).collect();
    request.parties.clone_from(&known.request.parties);
    request.all_trades = known.request.all_trades;
    if request.place.is_none() {
        request.place = Some(known.place);
    }
    if request.claim.is_none() {
        request.claim = known.request.claim;
    }
    if request.language.is_none() {
        request.language = known.request.language;
    }
    // Without them anybody would do: a plumber's visit would go to whoever holds no trade at all.
    if request.damages.is_empty() {
        request.damages = known.request.damages;
    }
    if request.mission_type.is_none() {
        request.mission_type = known.request.mission_type;
    }
    if request.dwelling.is_none() {
        request.dwelling = known.request.dwelling;
    }
    if request.urgency.is_usual() {
        request.urgency = known.request.urgency;
    }
    Ok(Ok(moved))
}

/// Checks the codes that the contract lists, and puts them in their own spelling. Guarantees and
/// companies are not listed: any is taken.
fn check_codes(request: &mut ServiceRequest) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(code) = &mut request.mission_type {
        settle_code(Table::MissionType, "missionType".to_owned(), code, &mut errors);
    }
    for (index, damage) in request.damages.iter_mut().enumerate() {
        let field = |name: &str| format!("damages[{index}].{name}");
        settle_code(Table::DamageNature, field("damageNature"), &mut damage.nature, &mut errors);
        if let Some(detail) = &mut damage.detail {
            settle_code(Table::DamageDetail, field("damageDetail"), detail, &mut errors);
        }
    }
    if let Some(loss) = request.claim.as_mut().and_then(|claim| claim.loss.as_mut()) {
        match settle_loss(loss) {
            Ok(triple) => *loss = triple,
            Err(message) => errors.push(FieldError::new("claim.accident.characteristics", message)),
        }
    }
    errors
}

fn settle_code(table: Table, field: String, code: &mut String, errors: &mut Vec<FieldError>) {
    if let Some(canonical) = Codes::embedded().canonical(table, code) {
        canonical.clone_into(code);
    } else {
        errors.push(FieldError::new(field, Codes::embedded().unknown(table, code)));
    }
}

/// The triple that is meant. Cause and detail may be left open: then the start of a known triple
/// will do.
fn settle_loss(loss: &LossTriple) -> Result<LossTriple, String> {
    let codes = Codes::embedded();
    let unknown = match codes.resolve_triple(&loss.nature, loss.cause.as_deref(), loss.detail.as_deref()) {
        Ok(triple) => return Ok(triple),
        Err(unknown) => unknown,
    };
    let cause = loss.cause.as_deref().map(|code| codes.canonical(Table::LossCause, code).unwrap_or(code));
    let starts = |triple: &&LossTriple| {
        triple.nature == loss.nature && cause.is_none_or(|cause| triple.cause.as_deref() == Some(cause))
    };
    if loss.detail.is_none() && codes.triples().iter().any(|triple| starts(&triple)) {
        return Ok(LossTriple { nature: loss.nature.clone(), cause: cause.map(str::to_owned), detail: None });
    }
    Err(unknown.to_string())
}
