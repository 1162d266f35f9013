//! The main job, walked over HTTP with the typed client: from the declaration of a water damage to
//! an expert firm that holds the file. Every step checks what it was answered.

use constat_client::wire::appointments::{BookClaimAppointment, ClaimAppointment, ClaimSlots, SearchAppointments};
use constat_client::wire::claims::{Claim, CreateClaim, DocumentMeta, PatchClaim, UploadDocument};
use constat_client::{ClaimsClient, ClientError, DossierClient, Options, PartnerClient};
use constat_core::Clock as _;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::contracts::{BIKE, HOME};
use super::printer::Printer;
use super::world::World;
use crate::clock_and_random::SystemClock;
use crate::failure::Failure;

/// A photograph, as far as a machine can tell: a PNG of one pixel, already in base64.
const PHOTO_BASE64: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==";

/// A quote, as far as a machine can tell: a PDF with nothing on it.
const QUOTE: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// The documents' types, by their French labels as on the wire.
const DAMAGE_PHOTO: &str = "Photo des dommages";
const REPAIR_QUOTE: &str = "Devis de remise en état";

/// The clients of the demonstration.
pub struct Cast {
    /// The insured's front end, with the platform's key.
    pub claims: ClaimsClient,
    /// The claims key of another organisation.
    other: ClaimsClient,
    /// The expert firm's own view of its calendar.
    firm: PartnerClient,
    /// The expert firm, pulling files.
    firm_files: DossierClient,
    /// The repair network, pulling files.
    network_files: DossierClient,
}

impl Cast {
    /// Clients of the server at `base_url`, whose exchanges are printed.
    pub fn new(base_url: &str, world: &World, printer: &Printer) -> Result<Self, Failure> {
        let options = || Options::observed(printer.observer());
        let claims = |key: &str| ClaimsClient::new(&format!("{base_url}/v2"), key, options());
        let dossier = |key: &str| DossierClient::new(&format!("{base_url}/v1"), key, options());
        Ok(Self {
            claims: claims(&world.claims_key)?,
            other: claims(&world.other_tenant_claims_key)?,
            firm: PartnerClient::new(&format!("{base_url}/claims/api/v1"), &world.firm_key, options())?,
            firm_files: dossier(&world.dossier_key)?,
            network_files: dossier(&world.ren_dossier_key)?,
        })
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::new(error.to_string())
    }
}

/// Fails with what should have been.
fn ensure(holds: bool, expected: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(format!("expected {expected}"))) }
}

/// The error with which a call must be refused.
fn refused<T>(outcome: Result<T, ClientError>, status: u16, expected: &str) -> Result<ClientError, Failure> {
    match outcome {
        Err(error) if error.status() == Some(status) => Ok(error),
        Err(error) => Err(error.into()),
        Ok(_) => Err(Failure::new(format!("expected {expected}"))),
    }
}

/// A request from its JSON: a slip in it is a fault of the demonstration.
fn request<T: DeserializeOwned>(body: Value) -> Result<T, Failure> {
    serde_json::from_value(body).map_err(|error| Failure::new(format!("the demonstration's own request: {error}")))
}

fn days_from_now(days: i64) -> Timestamp {
    let now = SystemClock.now();
    now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(now)
}

/// The declaration of a water damage at 48 boulevard des Batignolles, 75017 Paris.
fn water_damage(questions: &Value) -> Result<CreateClaim, Failure> {
    let surface = |name: &str, size: f64, covering: &str| json!({ "name": name, "size": size, "covering": { "type": { "name": covering }, "state": 2, "quality": 2 } });
    request(json!({
        "userId": HOME.0,
        "contractId": HOME.1,
        "contractProductId": HOME.2,
        "type": "water_damage",
        "subtype": "pipe_leak",
        "claimAt": days_from_now(-2),
        "description": "Une canalisation encastrée de la salle de bains a fui pendant la nuit ; le plafond du salon est taché et le parquet gondole.",
        "questions": questions,
        "insured": { "firstName": "Jean", "lastName": "Dupont", "phoneNumber": "+33612345678", "email": "jean.dupont@example.com" },
        "location": { "address": "48 boulevard des Batignolles", "city": "Paris", "country": "France", "zipcode": "75017" },
        "valuation": { "totalCost": { "value": 3200.0, "currency": "EUR" }, "buildingDamagesCost": { "value": 3200.0, "currency": "EUR" } },
        "declaredDamages": { "buildingDamages": [{ "roomDamages": [{
            "name": "Salon", "size": 21.0,
            "surfaces": [surface("Plafond", 6.0, "PeintureMate"), surface("Sol", 12.0, "ParquetChene")],
        }] }] },
    }))
}

fn all_answers() -> Value {
    json!({
        "leak_origin": "own_home",
        "leak_stopped": true,
        "leak_repaired": false,
        "leak_search_done": false,
        "neighbours_damaged": false,
        "joint_report_signed": false,
        "building_damage": true,
        "contents_damage": false,
    })
}

fn photo() -> Result<UploadDocument, Failure> {
    request(
        json!({ "type": DAMAGE_PHOTO, "title": "Plafond du salon", "filename": "plafond.png", "content": PHOTO_BASE64 }),
    )
}

fn quote() -> Result<DocumentMeta, Failure> {
    request(json!({ "type": REPAIR_QUOTE, "title": "Devis du peintre" }))
}

fn search(kind: &str, moves: Option<&ClaimAppointment>) -> Result<SearchAppointments, Failure> {
    let mut body = json!({ "type": kind, "dateFrom": days_from_now(0), "dateTo": days_from_now(21), "limit": 8 });
    if let (Some(moved), Some(fields)) = (moves, body.as_object_mut()) {
        fields.insert("appointmentId".to_owned(), json!(moved.id));
    }
    request(body)
}

/// A booking of one of the offered slots; the first unless it is the time already had.
fn booking(slots: &ClaimSlots) -> Result<BookClaimAppointment, Failure> {
    let first = slots.timeslots.first().ok_or_else(|| Failure::new("expected at least one free slot"))?;
    request(json!({ "sessionID": slots.session_id, "timeslot": first }))
}

/// The claim's id as the dossier contract wants it: a UUID.
fn uuid_of(claim: &Claim) -> Result<String, Failure> {
    let id = claim.claim_id.as_deref().ok_or_else(|| Failure::new("expected the submitted claim to have a claimId"))?;
    let id: constat_domain::ids::ClaimId = id.parse().map_err(|error| Failure::new(format!("claimId: {error}")))?;
    Ok(id.uuid().to_string())
}

/// Declares, documents and submits a water damage and has an expert booked by phone: the claim that
/// scripts start from. Gives its id in UUID form.
pub async fn prepare_claim(cast: &Cast) -> Result<String, Failure> {
    let claim = cast.claims.create_claim(&water_damage(&all_answers())?).await?;
    cast.claims.upload_documents(&claim.id, &[photo()?], false).await?;
    cast.claims.upload_file(&claim.id, &quote()?, "devis.pdf", QUOTE.to_vec(), false).await?;
    cast.claims.submit_claim(&claim.id).await?;
    let slots = cast.claims.search_appointments(&claim.id, &search("TELE", None)?).await?;
    cast.claims.book_appointment(&claim.id, &booking(&slots)?).await?;
    uuid_of(&cast.claims.read_claim(&claim.id).await?)
}

/// Walks the main job. The first step that does not hold ends it.
pub async fn walk(cast: &Cast, printer: &Printer) -> Result<(), Failure> {
    let claim = declare(cast, printer).await?;
    let id = claim.id.as_str();
    let uuid = uuid_of(&claim)?;

    let expert = book_an_expert(cast, printer, id).await?;
    pull_the_file(cast, printer, &uuid).await?;
    let repair = book_a_repair(cast, printer, id, &uuid).await?;
    let moved = reschedule(cast, printer, id, &expert).await?;

    printer.step(
        "the insured's front end, claims API",
        "The repair is no longer needed: cancel it",
        &["/reason"],
        &["/data/status", "/data/cancellation"],
    );
    let reason = request(json!({ "reason": "RendezVousNonUtile" }))?;
    let cancelled = cast.claims.cancel_appointment(id, &repair.id, &reason).await?;
    ensure(json!(cancelled.status) == json!("cancelled"), "the repair to be cancelled")?;
    let outcome = cast.network_files.pull_claim(&uuid).await;
    refused(outcome, 404, "the repair network to lose the file with its appointment")?;
    printer.held("the repair network lost its mandate, and with it the file");

    printer.step("the insured's front end, claims API", "Read the claim's appointments", &[], &["/data"]);
    let all = cast.claims.list_appointments(id).await?;
    let live: Vec<&ClaimAppointment> = all.iter().filter(|one| json!(one.status) == json!("booked")).collect();
    ensure(all.len() == 2 && live.len() == 1, "two appointments, one of them live")?;
    ensure(live.iter().all(|one| one.timeslot.start_time == moved.timeslot.start_time), "the new time to be kept")?;
    printer.held("one visit stands, at the new time");
    Ok(())
}

async fn declare(cast: &Cast, printer: &Printer) -> Result<Claim, Failure> {
    let front = "the insured's front end, claims API";
    printer.step(
        front,
        "Declare a water damage, answers missing",
        &["/type", "/subtype", "/questions"],
        &["/error/code", "/error/message", "/error/details"],
    );
    let outcome = cast.claims.create_claim(&water_damage(&json!({ "leak_stopped": true }))?).await;
    let error = refused(outcome, 400, "a declaration without answers to be refused")?;
    ensure(error.refused().is_some_and(|refused| refused.code == 1001), "code 1001")?;
    printer.held("refused: the catalogue's questions are named, nothing was saved");

    let shown = &["/data/id", "/data/status", "/data/canSubmit", "/data/documentEntries"];
    printer.step(
        front,
        "Declare it with all answers",
        &["/type", "/subtype", "/questions", "/location/zipcode"],
        shown,
    );
    let claim = cast.claims.create_claim(&water_damage(&all_answers())?).await?;
    let waiting = claim.document_entries.iter().any(|entry| entry.kind == DAMAGE_PHOTO && entry.document.is_none());
    ensure(waiting && !claim.can_submit, "a draft that waits for a photograph")?;
    printer.held("a draft; the answers decide which documents it needs");

    printer.step(front, "Complete the description", &["/description"], &["/data/status", "/data/description"]);
    let longer = "Une canalisation encastrée de la salle de bains a fui pendant la nuit ; plafond du salon taché, parquet gondolé sur 12 m².";
    let patched = cast.claims.patch_claim(&claim.id, &request::<PatchClaim>(json!({ "description": longer }))?).await?;
    ensure(patched.description == longer, "the new description")?;
    printer.held("a draft may still be changed");

    printer.step(front, "Submit too early", &[], &["/error/code", "/error/message", "/error/details"]);
    let outcome = cast.claims.submit_claim(&claim.id).await;
    let error = refused(outcome, 409, "a claim without its documents to be refused")?;
    ensure(error.refused().is_some_and(|refused| refused.code == 3004), "code 3004")?;
    printer.held("refused: a mandatory document is missing");

    printer.step(
        front,
        "Upload the photograph (base64) and a quote (multipart)",
        &["/0/type", "/type", "/title"],
        &["/data"],
    );
    cast.claims.upload_documents(&claim.id, &[photo()?], false).await?;
    cast.claims.upload_file(&claim.id, &quote()?, "devis.pdf", QUOTE.to_vec(), false).await?;
    printer.held("types detected from the content, never from the caller's word");

    printer.step(
        front,
        "Submit",
        &[],
        &["/data/claimId", "/data/status", "/data/canSubmit", "/data/submittedAt", "/data/contractId"],
    );
    let submitted = cast.claims.submit_claim(&claim.id).await?;
    let claim = cast.claims.read_claim(&submitted.claim_id).await?;
    ensure(json!(claim.status) == json!("submitted") && claim.id == submitted.id, "the submitted claim by either id")?;
    let outcome = cast.other.read_claim(&claim.id).await;
    refused(outcome, 404, "another tenant's claim to be unknown")?;
    printer.held("handed in; another tenant does not even learn that it exists");
    Ok(claim)
}

async fn book_an_expert(cast: &Cast, printer: &Printer, id: &str) -> Result<ClaimAppointment, Failure> {
    let platform = "the platform asks its partner";
    printer.step(
        platform,
        "Search a visit by an expert (ESS)",
        &["/type", "/dateFrom", "/dateTo"],
        &["/data/partner", "/data/timeslots", "/data/expiresAt"],
    );
    let slots = cast.claims.search_appointments(id, &search("ESS", None)?).await?;
    ensure(slots.timeslots.len() > 1, "several free slots in Paris within three weeks")?;
    printer.held(&format!(
        "{} slots of {}, sealed for 300 s; nothing was written",
        slots.timeslots.len(),
        slots.partner
    ));

    printer.step(
        platform,
        "Book the first",
        &["/timeslot"],
        &["/data/id", "/data/status", "/data/timeslot", "/data/expert", "/data/partnerAppointmentId"],
    );
    let booked = cast.claims.book_appointment(id, &booking(&slots)?).await?;
    ensure(booked.timeslot.start_time == slots.timeslots[0].start_time, "the time that was offered")?;
    let outcome = cast
        .claims
        .book_appointment(
            id,
            &request(json!({
                "sessionID": slots.session_id, "timeslot": slots.timeslots[1],
            }))?,
        )
        .await;
    let _refused = outcome
        .err()
        .filter(|error| error.status().is_some_and(|status| (400..500).contains(&status)))
        .ok_or_else(|| Failure::new("expected a session to book once"))?;
    printer.held("booked; a session books once, its other slots are free again");

    printer.step(
        "the platform, then the expert firm",
        "Read it back from both sides",
        &[],
        &[
            "/data/status",
            "/data/expert",
            "/data/location/address/street1",
            "/data/0/status",
            "/data/0/expert",
            "/data/0/schedule",
        ],
    );
    let read = cast.claims.read_appointment(id, &booked.id).await?;
    ensure(read.timeslot.start_time == booked.timeslot.start_time, "the same appointment")?;
    cast.firm.read_appointment(&booked.partner_appointment_id).await?;
    printer.held("the platform's record and the firm's calendar agree");
    Ok(booked)
}

async fn pull_the_file(cast: &Cast, printer: &Printer, uuid: &str) -> Result<(), Failure> {
    printer.step(
        "the expert firm, dossier API",
        "Pull the claim file and a document",
        &[],
        &["/guarantee", "/company/id", "/accident/characteristics/nature", "/risk/address/street1", "/documents"],
    );
    let file = cast.firm_files.pull_claim(uuid).await?;
    ensure(file.documents.len() == 2, "both documents in the file")?;
    let with_id = file.documents.iter().find_map(|document| Some((document, document.id.as_deref()?)));
    let (document, document_id) = with_id.ok_or_else(|| Failure::new("expected documents with an id"))?;
    let pulled = cast.firm_files.pull_file(uuid, document_id).await?;
    let linked = cast.firm_files.download(&document.href).await?;
    ensure(!pulled.bytes.is_empty() && pulled.bytes == linked.bytes, "the same bytes by id and by signed link")?;
    printer.held(&format!(
        "{} bytes of {}, by id and by a link that lives one hour",
        pulled.bytes.len(),
        pulled.content_type
    ));

    printer.step("the repair network, dossier API", "Try to pull it without an appointment", &[], &["/description"]);
    let outcome = cast.network_files.pull_claim(uuid).await;
    refused(outcome, 404, "the file to be closed to who holds no appointment")?;
    printer.held("404: without an appointment there is no mandate");
    Ok(())
}

async fn book_a_repair(cast: &Cast, printer: &Printer, id: &str, uuid: &str) -> Result<ClaimAppointment, Failure> {
    printer.step(
        "the platform asks the repair network",
        "Search and book a repair in kind (REN)",
        &["/type", "/partner", "/timeslot"],
        &["/data/partner", "/data/timeslots", "/data/id", "/data/status", "/data/timeslot", "/data/expert"],
    );
    let slots = cast.claims.search_appointments(id, &search("REN", None)?).await?;
    let booked = cast.claims.book_appointment(id, &booking(&slots)?).await?;
    printer.held("the damages declared decided which trades were asked");

    printer.step(
        "the repair network, dossier API",
        "Pull the file, now with an appointment",
        &[],
        &["/guarantee", "/reference", "/documents"],
    );
    cast.network_files.pull_claim(uuid).await?;
    printer.held("an appointment is a mandate");
    Ok(booked)
}

async fn reschedule(
    cast: &Cast,
    printer: &Printer,
    id: &str,
    booked: &ClaimAppointment,
) -> Result<ClaimAppointment, Failure> {
    printer.step(
        "the platform asks its partner",
        "Move the expert's visit",
        &["/type", "/appointmentId", "/timeslot", "/reason"],
        &["/data/timeslots", "/data/status", "/data/timeslot", "/data/expert"],
    );
    let slots = cast.claims.search_appointments(id, &search("ESS", Some(booked))?).await?;
    let other = slots.timeslots.iter().find(|slot| slot.start_time != booked.timeslot.start_time);
    let other = other.ok_or_else(|| Failure::new("expected another free slot"))?;
    let to = request(json!({ "sessionID": slots.session_id, "timeslot": other, "reason": "ClientIndisponible" }))?;
    let moved = cast.claims.move_appointment(id, &booked.id, &to).await?;
    ensure(
        moved.id == booked.id && moved.timeslot.start_time == other.start_time,
        "the same appointment at the new time",
    )?;
    printer.held("moved; the old time is free again");
    Ok(moved)
}

/// The ids of the stolen-bike example: user, contract, product.
pub const STOLEN_BIKE: (&str, &str, &str) = BIKE;
