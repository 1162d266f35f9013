//! Book a slot for a claim: at the partner first, then on the claim.
//!
//! The partner's calendar is the judge of the time, our transaction of the claim. Between the two
//! there is no common transaction, so that each failure has its answer:
//! * the partner refuses or does not answer: nothing is recorded. Its call carries a key made of
//!   claim, session and slot: a repeat of the booking gets the appointment that was made;
//! * our transaction refuses after the partner booked: the appointment is cancelled at the partner;
//! * the database fails after the partner booked: the appointment stays, since it may be recorded. The caller hears 503,
//!   and a repeat records it;
//! * the caller goes away meanwhile: the work goes on without it.

use constat_domain::event_kinds::EventKind;
use std::sync::Arc;

use constat_domain::appointment::{AppointmentStatus, ClaimAppointment, Contact, Slot};
use constat_domain::claim::Claim;
use constat_domain::ids::{ClaimAppointmentId, MissionId, OrgId};
use constat_domain::refusal::BookingRefusal;
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Api, ApiKey};
use constat_store::Connection;
use constat_store::queries::{api_keys, claim_appointments, claims};

use crate::ClaimService;
use crate::claim::find;
use crate::claim_appointments::gateway::{PartnerAppointment, PartnerBooking};
use crate::claim_appointments::request::case_number;
use crate::claim_appointments::session::Session;
use crate::claim_appointments::{WriteAnswer, digest, event_data, partners, require_open};
use constat_core::PartnerLink;
use constat_core::WARNING_HEADER;
use constat_core::{Answer, AppError, CommandContext, Idempotency, RequestAttempt, hash_secret, run_to_completion};
use constat_store::Tx;

/// The reason told to a partner whose appointment cannot be kept.
const WITHDRAWN: &str = "ErreurDeSaisie";

/// What to book for a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct BookClaimAppointment {
    /// The session of the search, sealed.
    pub session: String,
    /// The partner's name of the slot; opaque.
    pub slot_id: String,
    /// The slot.
    pub slot: Slot,
    /// Who will be met, when it is not the insured.
    pub contact: Option<Contact>,
    /// Free notes.
    pub notes: Option<String>,
}

/// A booking with all that it rests on.
struct Plan {
    link: PartnerLink,
    kind: ServiceKind,
    booking: PartnerBooking,
    booked_from: String,
}

/// Books the slot, and keeps the appointment on the claim. A repeat gets the record already made.
pub async fn book_claim_appointment(
    service: Arc<ClaimService>,
    context: CommandContext,
    idempotency: Option<Idempotency>,
    claim: String,
    command: BookClaimAppointment,
    write: WriteAnswer,
) -> Result<Answer, AppError> {
    run_to_completion(async move { book(&service, context, idempotency, &claim, &command, write).await }).await
}

async fn book(
    service: &ClaimService,
    context: CommandContext,
    idempotency: Option<Idempotency>,
    claim: &str,
    command: &BookClaimAppointment,
    write: WriteAnswer,
) -> Result<Answer, AppError> {
    let attempt = match service.core.open_attempt(&context, idempotency).await? {
        Ok(attempt) => attempt,
        Err(answer) => return Ok(answer),
    };
    let outcome = book_once(service, context, &attempt, claim, command, write).await;
    service.core.close_attempt(attempt, outcome).await
}

async fn book_once(
    service: &ClaimService,
    context: CommandContext,
    attempt: &RequestAttempt,
    claim: &str,
    command: &BookClaimAppointment,
    write: WriteAnswer,
) -> Result<Answer, AppError> {
    let (claim, known) = service.core.store.read(|connection| {
        let claim = find(connection, &context.caller, claim)?;
        let known = claim_appointments::list_of_claim(connection, context.tenant(), claim.declaration_id)?;
        Ok::<_, AppError>((claim, known))
    })?;
    // A repeat names the same session and slot, and is answered even when the session is over.
    let booked_from = digest(&[&command.session, &command.slot_id]);
    if let Some(made) = known.iter().find(|made| made.booked_from == booked_from) {
        let answer = write(made)?;
        return service.core.command_of(attempt, context, move |_, _| Ok(answer.clone())).await;
    }
    require_open(&claim)?;
    let plan = plan(service, &context, &claim, command, booked_from)?;
    require_room(&known, &plan)?;
    let key = digest(&[&claim.declaration_id.to_string(), &plan.booked_from]);
    let booked = if context.dry_run {
        PartnerAppointment::default()
    } else {
        service.partners.book_appointment(&plan.link, &plan.booking, &key).await?
    };
    let (plan, id, dry_run) = (Arc::new(plan), booked.id.clone(), context.dry_run);
    let recorded = {
        let (plan, claim_id) = (Arc::clone(&plan), claim.declaration_id.to_string());
        let decide = move |tx: &mut Tx, context: &CommandContext| {
            let answer = write(&keep(tx, context, &claim_id, &plan, &booked)?)?;
            Ok(booked.warnings.iter().fold(answer, |answer, code| answer.with_header(WARNING_HEADER, code)))
        };
        service.core.command_of(attempt, context.clone(), decide).await
    };
    if let Err(error) = &recorded
        && !dry_run
    {
        if error.is_refusal() {
            withdraw(service, &claim, &plan, &id).await;
        } else {
            // It may be recorded, if the commit was cut off. The partner answers a repeat with the same appointment.
            tracing::error!(partner = %plan.link.name, claim = %claim.declaration_id, %error, "booked at the partner, not yet in our record");
        }
    }
    recorded
}

/// What is booked where: as it was searched.
fn plan(
    service: &ClaimService,
    context: &CommandContext,
    claim: &Claim,
    command: &BookClaimAppointment,
    booked_from: String,
) -> Result<Plan, AppError> {
    let searched = Session::open(&service.core.sealer, claim, &command.session, context.at)?;
    let link = partners::holder(&service.core.settings, context.tenant(), searched.kind, &searched.partner)?.clone();
    let booking = PartnerBooking {
        session: searched.theirs,
        slot_id: command.slot_id.clone(),
        slot: command.slot,
        place: searched.place,
        case_number: case_number(claim),
        contact: command.contact.clone(),
        notes: command.notes.clone(),
    };
    Ok(Plan { link, kind: searched.kind, booking, booked_from })
}

/// One open appointment per mission: of one kind, with one partner, on one claim.
fn require_room(known: &[ClaimAppointment], plan: &Plan) -> Result<(), BookingRefusal> {
    let taken = known.iter().any(|other| {
        other.status == AppointmentStatus::Booked && other.kind == plan.kind && other.partner == plan.link.name
    });
    if taken { Err(BookingRefusal::MissionHasAppointment) } else { Ok(()) }
}

/// Records what the partner booked.
fn keep(
    tx: &mut Tx,
    context: &CommandContext,
    claim: &str,
    plan: &Plan,
    booked: &PartnerAppointment,
) -> Result<ClaimAppointment, AppError> {
    let mut claim = find(tx, &context.caller, claim)?;
    let known = claim_appointments::list_of_claim(tx, context.tenant(), claim.declaration_id)?;
    // A concurrent repeat of the same booking: the partner made it once.
    if let Some(made) = known.iter().find(|made| made.booked_from == plan.booked_from) {
        return Ok(made.clone());
    }
    require_open(&claim)?;
    require_room(&known, plan)?;
    let appointment = ClaimAppointment {
        id: ClaimAppointmentId::new(context.at, &context.entropy()),
        tenant: *context.tenant(),
        declaration: claim.declaration_id,
        claim: claim.claim_id(),
        partner: plan.link.name.clone(),
        partner_org: firm_of(tx, context, &plan.link)?,
        partner_appointment_id: booked.id.clone(),
        booked_from: plan.booked_from.clone(),
        kind: plan.kind,
        status: AppointmentStatus::Booked,
        slot: booked.slot.unwrap_or(plan.booking.slot),
        expert_name: booked.expert_name.clone(),
        place: plan.kind.is_on_site().then(|| plan.booking.place.clone()),
        contact: plan.booking.contact.clone(),
        notes: plan.booking.notes.clone(),
        connection: booked.connection.clone(),
        cancellation: None,
        version: 1,
        created_at: context.at,
        updated_at: context.at,
    };
    claim_appointments::insert(tx, &appointment)?;
    // The claim's version guards the rule of one open appointment, whatever the database.
    if claim.dossier.mission.is_none() {
        claim.dossier.mission = Some(MissionId::new(context.at, &context.entropy()));
    }
    claim.version += 1;
    claim.updated_at = context.at;
    claims::update(tx, &claim)?;
    let mut data = event_data(&appointment);
    if !booked.warnings.is_empty() {
        data["warnings"] = booked.warnings.clone().into();
    }
    context.record(tx, appointment.declaration, EventKind::ClaimAppointmentBooked, data)?;
    Ok(appointment)
}

/// The partner's organisation on this server: as configured, or else the issuer of the key that the platform
/// books with. The firm's mandate on the claim rests on it.
fn firm_of(
    connection: &mut Connection,
    context: &CommandContext,
    link: &PartnerLink,
) -> Result<Option<OrgId>, AppError> {
    if link.organisation.is_some() {
        return Ok(link.organisation);
    }
    let issued = api_keys::by_hash(connection, &hash_secret(&link.key))?;
    let is_ours = |key: &ApiKey| key.api == Api::Partner && key.holder == context.tenant().org;
    Ok(issued.filter(is_ours).map(|key| key.issuer))
}

/// Gives an appointment back that our transaction refused, unless another request has recorded it.
async fn withdraw(service: &ClaimService, claim: &Claim, plan: &Plan, id: &str) {
    let known = service
        .core
        .store
        .read(|connection| claim_appointments::list_of_claim(connection, &claim.tenant, claim.declaration_id));
    match known {
        Ok(known) if known.iter().any(|made| made.booked_from == plan.booked_from) => return,
        Ok(_) => {}
        Err(error) => {
            tracing::error!(partner = %plan.link.name, claim = %claim.declaration_id, %error, "booked at the partner, and it is not known whether another request has recorded it");
            return;
        }
    }
    let key = digest(&["withdraw", &plan.booked_from]);
    match service.partners.cancel_appointment(&plan.link, id, WITHDRAWN, None, &key).await {
        Ok(()) => {
            tracing::warn!(partner = %plan.link.name, claim = %claim.declaration_id, "booked at the partner, could not be kept, given back");
        }
        Err(error) => {
            tracing::error!(partner = %plan.link.name, claim = %claim.declaration_id, %error, "booked at the partner, could not be kept, and could not be given back");
        }
    }
}
