//! Checks a search request: its codes, and the appointment that it reschedules.

use constat_core::AppError;
use constat_domain::codes::{Codes, Table};
use constat_domain::ids::AppointmentId;
use constat_domain::service::{LossTriple, ServiceRequest};
use constat_domain::tenancy::Caller;
use constat_domain::{FieldError, Refusal};

use crate::scheduler::Scheduler;

/// Completes a search that reschedules an appointment of the caller. Fields left out (place, claim, language, damages,
/// mission, dwelling, urgency) and the parties are those of the appointment. Gives the appointments whose time counts
/// as free: all of a joint one; none when the search reschedules nothing.
///
/// # Errors
/// The inner error names the field: the appointment must be open and of the same kind, parties and trades.
pub(crate) fn complete_from_appointment(
    scheduler: &Scheduler,
    caller: &Caller,
    request: &mut ServiceRequest,
) -> Result<Result<Vec<AppointmentId>, FieldError>, AppError> {
    let refuse = |field: &str, message: &str| Ok(Err(FieldError::new(field, message)));
    let Some(id) = request.reschedules else { return Ok(Ok(Vec::new())) };
    let known = match scheduler.find_open_appointment(caller, id) {
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
    request.place = request.place.take().or(Some(known.place));
    request.claim = request.claim.take().or(known.request.claim);
    request.language = request.language.take().or(known.request.language);
    // Without damages the visit of a plumber would suit an expert without any trade.
    if request.damages.is_empty() {
        request.damages = known.request.damages;
    }
    request.mission_type = request.mission_type.take().or(known.request.mission_type);
    request.dwelling = request.dwelling.take().or(known.request.dwelling);
    if request.urgency.is_usual() {
        request.urgency = known.request.urgency;
    }
    Ok(Ok(moved))
}

/// Checks the codes that the contract lists, and puts them in their canonical spelling. Guarantees and companies are
/// not listed: any value passes.
pub(crate) fn check_codes(request: &mut ServiceRequest) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(code) = &mut request.mission_type {
        check_code(Table::MissionType, "missionType".to_owned(), code, &mut errors);
    }
    for (index, damage) in request.damages.iter_mut().enumerate() {
        let field = |name: &str| format!("damages[{index}].{name}");
        check_code(Table::DamageNature, field("damageNature"), &mut damage.nature, &mut errors);
        if let Some(detail) = &mut damage.detail {
            check_code(Table::DamageDetail, field("damageDetail"), detail, &mut errors);
        }
    }
    if let Some(loss) = request.claim.as_mut().and_then(|claim| claim.loss.as_mut()) {
        match canonical_loss(loss) {
            Ok(triple) => *loss = triple,
            Err(message) => errors.push(FieldError::new("claim.accident.characteristics", message)),
        }
    }
    errors
}

fn check_code(table: Table, field: String, code: &mut String, errors: &mut Vec<FieldError>) {
    if let Some(canonical) = Codes::embedded().canonical(table, code) {
        canonical.clone_into(code);
    } else {
        errors.push(FieldError::new(field, Codes::embedded().unknown(table, code)));
    }
}

/// The canonical triple. Cause and detail may be left out, if a known triple starts with the rest.
fn canonical_loss(loss: &LossTriple) -> Result<LossTriple, String> {
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
