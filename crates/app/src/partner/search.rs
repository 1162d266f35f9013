//! Search: who is free, when?

use std::sync::Arc;

use constat_availability::{CalendarIndex, Outcome, PlaceFacts, Reason, Requirement};
use constat_domain::FieldError;
use constat_domain::Refusal;
use constat_domain::appointment::{SESSION_SECONDS, Slot};
use constat_domain::codes::{Codes, Table};
use constat_domain::ids::SessionId;
use constat_domain::service::{LossTriple, ServiceRequest};
use constat_domain::tenancy::Caller;
use jiff::{SignedDuration, Timestamp};

use super::place::{is_holiday, locate};
use super::read::open_appointment;
use super::{Criteria, Offer, Session};
use crate::{App, AppError, Seal};

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
}

/// A slot with its sealed token.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedSlot {
    /// What is promised.
    pub slot: Slot,
    /// Its id.
    pub token: String,
}

/// A request that can be searched: checked, placed and measured.
pub(super) struct Asked {
    /// When.
    now: Timestamp,
    /// The request, its codes in their own spelling and its place located.
    request: ServiceRequest,
    place: PlaceFacts,
    /// What it asks for.
    pub(super) requirement: Requirement,
    /// The firm's calendars at that moment.
    pub(super) calendars: Arc<CalendarIndex>,
}

/// Checks a request and gets ready to search it.
pub(super) fn ask(app: &App, caller: &Caller, request: ServiceRequest) -> Result<Asked, AppError> {
    let now = app.clock.now();
    let mut request = request;
    let mut errors = check_codes(&mut request);
    if let Err(refused) = continue_appointment(app, caller, &mut request) {
        errors.push(refused?);
    }
    let place = locate(request.kind, request.place.as_mut()).map_err(|error| errors.push(error)).ok();
    Refusal::unless_empty(errors)?;
    let place = place.ok_or_else(|| AppError::Fault("a request without a place passed".to_owned()))?;
    let settings = &app.settings.availability;
    let requirement = Requirement::derive(&request, &place, settings, &is_holiday, now).map_err(Refusal::Invalid)?;
    let calendars = app.calendars.of(&caller.tenant, now)?;
    Ok(Asked { now, request, place, requirement, calendars })
}

/// Seals what was found. Stores nothing: the session and each slot are sealed tokens.
pub(super) fn answer(app: &App, caller: &Caller, asked: Asked, outcome: Outcome) -> Result<Found, AppError> {
    let Asked { now, request, place, requirement, .. } = asked;
    let criteria = Criteria::of(&requirement, &place);
    let expires_at = now.saturating_add(SignedDuration::from_secs(SESSION_SECONDS)).unwrap_or(now);
    let session = Session {
        id: SessionId::new(now, &app.chance.entropy()),
        tenant: caller.tenant,
        holder: caller.holder,
        asked_at: now,
        expires_at,
        request,
    };
    let slots = outcome.offers.iter().map(|found| {
        let offer = Offer {
            session: session.id,
            tenant: session.tenant,
            holder: session.holder,
            asked_at: now,
            expires_at,
            expert: found.expert,
            slot: found.slot,
            busy_from: found.busy_from,
            busy_to: found.busy_to,
            criteria: criteria.clone(),
        };
        Ok(OfferedSlot { slot: found.slot, token: app.sealer.seal(Seal::Slot, &offer)? })
    });
    let slots: Vec<OfferedSlot> = slots.collect::<Result<_, AppError>>()?;
    let reasons = if slots.is_empty() { outcome.reasons } else { Vec::new() };
    app.counts.searches.one();
    if slots.is_empty() {
        app.counts.searches_without_offers.one();
    }
    Ok(Found { session_id: app.sealer.seal(Seal::Session, &session)?, expires_at, slots, reasons })
}

/// A search in order to move an appointment: it must be the caller's and open, and of the same kind.
/// The place is the appointment's unless another is given.
///
/// The outer error is what went wrong: a field of the request, or (inner `Err`) a failure.
fn continue_appointment(
    app: &App,
    caller: &Caller,
    request: &mut ServiceRequest,
) -> Result<(), Result<FieldError, AppError>> {
    let Some(id) = request.reschedules else { return Ok(()) };
    let known = match open_appointment(app, caller, id) {
        Ok(known) => known,
        Err(AppError::Refused(Refusal::Booking(_))) => {
            return Err(Ok(FieldError::new("appointmentId", "no such open appointment")));
        }
        Err(failure) => return Err(Err(failure)),
    };
    if known.request.kind != request.kind {
        let message = format!("expected {}, the type of the appointment to move", known.request.kind.wire());
        return Err(Ok(FieldError::new("type.name", message)));
    }
    if request.place.is_none() {
        request.place = Some(known.place);
    }
    if request.claim.is_none() {
        request.claim = known.request.claim;
    }
    if request.language.is_none() {
        request.language = known.request.language;
    }
    Ok(())
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
