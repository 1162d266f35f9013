//! Claims of another system, or of another server of this software, with their history.
//!
//! A record is the claim as this server keeps it, without what belongs to this server alone (whose it
//! is, where bytes lie): what an export writes, an import reads back to the letter. A record written by
//! hand may leave out what can be told from the rest.

use std::path::PathBuf;

use constat_domain::catalogue::Catalogue;
use constat_domain::claim::{Answer, Claim, ClaimStatus, Photo, ScanState, StoredState, safe_filename};
use constat_domain::codes::Codes;
use constat_domain::tenancy::Api;
use constat_store::queries::{api_keys, claims};
use constat_store::{Connection, StoreError};
use serde_json::{Map, Value, json};

use crate::import_export::claims::fill::{Seed, fill_from_contract, fill_in, named_contract};
use crate::import_export::claims::judge::Judge;
use crate::import_export::claims::ready::ReadyClaim;
use crate::import_export::files;
use crate::import_export::files::FileFacts;
use constat_tables::cells::Cell;
use constat_tables::lines::{
    Column, cell_text, column, into_type, is_french, remove_nulls, restore_phone_in, restored_postcode, settle_json,
};
use constat_tables::report::Report;

/// The columns of a CSV file: the flat fields.
pub const COLUMNS: &[Column] = &[
    column("declaration_id", "declaration_id", Cell::Id),
    column("claim_id", "claim_id", Cell::Id),
    column("user_id", "user_id", Cell::Id),
    column("status", "status", Cell::Text),
    column("loss_type", "loss_type", Cell::Text),
    column("subtype", "subtype", Cell::Text),
    column("contract_id", "contract_id", Cell::Id),
    column("contract_product_id", "contract_product_id", Cell::Id),
    column("claim_at", "claim_at", Cell::Instant),
    column("declaration_at", "declaration_at", Cell::Instant),
    column("submitted_at", "submitted_at", Cell::Instant),
    column("closed_at", "closed_at", Cell::Instant),
    column("rejected_at", "rejected_at", Cell::Instant),
    column("reopened_at", "reopened_at", Cell::Instant),
    column("abandoned_at", "abandoned_at", Cell::Instant),
    column("abandon_reason", "abandon_reason", Cell::Text),
    column("description", "description", Cell::Text),
    column("insured_first_name", "insured.first_name", Cell::Text),
    column("insured_last_name", "insured.last_name", Cell::Text),
    column("insured_phone_number", "insured.phone_number", Cell::Phone),
    column("insured_email", "insured.email", Cell::Text),
    column("insured_company", "insured.company", Cell::Text),
    column("location_address", "location.address", Cell::Text),
    column("location_city", "location.city", Cell::Text),
    column("location_country", "location.country", Cell::Text),
    column("location_zipcode", "location.zipcode", Cell::Postcode),
    column("note", "note", Cell::Text),
    column("insurer_reference", "dossier.insurer_reference", Cell::Id),
    column("created_at", "created_at", Cell::Instant),
    column("updated_at", "updated_at", Cell::Instant),
    column("declared_by", "declared_by", Cell::Text),
];

/// A claim as the row of a CSV file has it, in the order of [`COLUMNS`]. Answers, documents,
/// settlements and damages have no column.
pub fn to_row(claim: &Claim) -> Vec<String> {
    let mut record = json!(claim);
    record["contract_id"] = json!(claim.contract.id);
    record["contract_product_id"] = json!(claim.contract.product_id);
    COLUMNS.iter().map(|column| cell_text(&record, column.path)).collect()
}

/// Reads the values of a record as the cells of a table are read, and restores leading zeros that a
/// spreadsheet took off where there is no doubt. `exact` are the paths of a table's cells that are marked
/// as they must be; in JSON every text is as it must be, and only numbers are changed.
pub fn settle(line: u64, object: &mut Map<String, Value>, exact: Option<&[&'static str]>, report: &mut Report) {
    const PHONE: (&str, &str) = ("insured", "phone_number");
    const ZIP: (&str, &str) = ("location", "zipcode");
    let is_open = |object: &Map<String, Value>, (part, name): (&str, &str)| match exact {
        Some(exact) => !exact.contains(&format!("{part}.{name}").as_str()),
        None => object.get(part).and_then(|part| part.get(name)).is_some_and(Value::is_number),
    };
    let (phone_is_open, zip_is_open) = (is_open(object, PHONE), is_open(object, ZIP));
    settle_json(object, COLUMNS, "", true, |field, message| report.add(line, field, message));
    let text = |object: &Map<String, Value>, name: &str| {
        let place = object.get("location").and_then(|place| place.get(name));
        place.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let country = text(object, "country");
    if phone_is_open && let Some(phone) = object.get_mut(PHONE.0).and_then(|part| part.get_mut(PHONE.1)) {
        restore_phone_in(phone, !country.is_empty() && is_french(&country), |message| {
            report.add(line, "insured.phone_number", message);
        });
    }
    if zip_is_open && is_french(&country) {
        match restored_postcode(&text(object, "zipcode"), &text(object, "city")) {
            Ok(Some(zip)) => {
                if let Some(place) = object.get_mut(ZIP.0).and_then(Value::as_object_mut) {
                    place.insert(ZIP.1.to_owned(), json!(zip));
                }
            }
            Ok(None) => {}
            Err(message) => report.add(line, "location.zipcode", message),
        }
    }
}

/// Reads and checks one record. Faults go to the report; `None` when there are any.
pub fn prepare(
    connection: &mut Connection,
    judge: &Judge<'_>,
    line: u64,
    mut object: Map<String, Value>,
    report: &mut Report,
) -> Result<Option<ReadyClaim>, StoreError> {
    let faults = report.len();
    let seed = Seed::of(&judge.tenant, &object);
    remove_nulls(&mut object, &["custom", "declared_damages", "qualification", "answers"]);
    let paths = take_files(&mut object);
    // Whose data it becomes is not the file's to say.
    if object.insert("tenant".to_owned(), json!(judge.tenant)).is_some_and(|given| given != json!(judge.tenant)) {
        report.add(line, "tenant", "is not the organisation and mode that the import is for; leave it out");
    }
    if let Some(contract) = named_contract(connection, judge, line, &mut object, report)? {
        fill_from_contract(&mut object, judge.catalogue, &contract, line, report);
    }
    fill_in(&mut object, judge, &seed);
    if !check_state(line, &mut object, report) {
        return Ok(None);
    }
    let given = object.clone();
    let Some(mut claim) = into_type::<Claim>(line, object, report) else { return Ok(None) };
    refuse_lost(line, "", &Value::Object(given), &json!(claim), report);
    settle_declarer(connection, &mut claim, judge, line, report)?;
    settle_names(&mut claim, judge.catalogue, line, report);
    claim.normalise_places();
    claim.insured.normalise();
    report.add_all(line, claim.check_transferred(judge.catalogue, Codes::embedded(), judge.now));
    for fault in (judge.shape)(&claim.dossier) {
        report.add(line, &format!("dossier.{}", fault.field), fault.message);
    }
    let files = take_bytes(&mut claim, judge, &paths, line, report);
    if let Some(other) = claims::by_declaration_id(connection, claim.declaration_id)?
        && other.tenant != judge.tenant
    {
        report.add(line, "declaration_id", "is taken on this server; leave it out to get a new one");
    }
    if let Some(id) = claim.claim_id()
        && claims::declaration_by_claim_id(connection, id)?.is_some_and(|other| other != claim.declaration_id)
    {
        report.add(line, "claim_id", "is taken on this server; leave it out to get a new one");
    }
    Ok((report.len() == faults).then_some(ReadyClaim { claim, files }))
}

/// Refuses what the claim has no place for, so that a misspelt field is not quietly lost.
fn refuse_lost(line: u64, path: &str, given: &Value, kept: &Value, report: &mut Report) {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    };
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => {
            for (name, value) in given {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match kept.get(name) {
                    Some(kept) => refuse_lost(line, &path, value, kept, report),
                    None if is_empty(value) => {}
                    None => report.add(line, &path, "unknown field"),
                }
            }
        }
        (Value::Array(given), Value::Array(kept)) => {
            for (index, (given, kept)) in given.iter().zip(kept).enumerate() {
                refuse_lost(line, &format!("{path}[{index}]"), given, kept, report);
            }
        }
        _ => {}
    }
}

/// The declarer of a claim sees it with its keys, so it must hold a key of this platform.
fn settle_declarer(
    connection: &mut Connection,
    claim: &mut Claim,
    judge: &Judge<'_>,
    line: u64,
    report: &mut Report,
) -> Result<(), StoreError> {
    let declarer = claim.declarer();
    claim.set_declarer(declarer);
    if claim.declared_by.is_some() {
        let keys = api_keys::of_issuer_and_holder(connection, judge.tenant.org, declarer)?;
        if !keys.iter().any(|key| key.api == Api::Claims && key.mode == judge.tenant.mode) {
            let message = "holds no key of this platform's claims API; leave it out when the platform declared it";
            report.add(line, "declared_by", message);
        }
    }
    Ok(())
}

/// Longest key of an unknown answer that a fault repeats, in characters.
const MAX_NAME_CHARS: usize = 80;

/// Questions and document types may be given by their French names: stable ids inside.
fn settle_names(claim: &mut Claim, catalogue: &Catalogue, line: u64, report: &mut Report) {
    let Some((_family, subtype)) = claim.declared_as(catalogue) else { return };
    if claim.dossier.loss.is_none() {
        claim.dossier.loss.clone_from(&subtype.triple);
    }
    let answers = std::mem::take(&mut claim.answers);
    for (name, answer) in answers {
        let value = Value::from(answer.clone());
        let Some(question) = subtype.question(&name) else {
            // A question that another version of the catalogue asks stays under the id it has there.
            if is_asked_in_some_version(catalogue, claim, &name) {
                claim.answers.insert(name, answer);
            } else {
                let shown: String = name.chars().take(MAX_NAME_CHARS).collect();
                report.add(line, &format!("answers.{shown}"), subtype.no_such_question(&name));
            }
            continue;
        };
        let id = question.id.clone();
        let read = subtype.read_answers([(&name, &value)]);
        let read: Option<Answer> = read.ok().and_then(|mut read| read.remove(&id));
        claim.answers.insert(id, read.unwrap_or(answer));
    }
    let kinds: Vec<Option<String>> =
        claim.documents.iter().map(|document| claim.document_kind(catalogue, &document.kind)).collect();
    for (index, (document, kind)) in claim.documents.iter_mut().zip(kinds).enumerate() {
        match kind {
            Some(kind) => document.kind = kind,
            None => report.add(line, &format!("documents[{index}].type"), "the catalogue has no such document type"),
        }
    }
}

/// Whether any version of the catalogue asks this question, by its id, of such a loss.
fn is_asked_in_some_version(catalogue: &Catalogue, claim: &Claim, id: &str) -> bool {
    let of_product = catalogue.versions().filter_map(|one| catalogue.family_at(&claim.product.kind, &one.version));
    of_product
        .filter_map(|family| family.subtype(&claim.loss_type, &claim.subtype))
        .any(|subtype| subtype.questions.iter().any(|question| question.id == id))
}

/// The paths of the documents' files, taken out of the record.
fn take_files(object: &mut Map<String, Value>) -> Vec<Option<String>> {
    let documents = object.get_mut("documents").and_then(Value::as_array_mut).into_iter().flatten();
    let file = |document: &mut Value| match document.as_object_mut()?.shift_remove("file")? {
        Value::Null => None,
        Value::String(path) => Some(path),
        // No path at all: told as one that is not there.
        _ => Some(String::new()),
    };
    documents.map(file).collect()
}

/// Looks at the files of the documents, and tells where their bytes will lie.
fn take_bytes(
    claim: &mut Claim,
    judge: &Judge<'_>,
    paths: &[Option<String>],
    line: u64,
    report: &mut Report,
) -> Vec<(usize, PathBuf)> {
    let mut found = Vec::new();
    let prefix = format!("documents/{}/{}", claim.tenant, claim.declaration_id);
    for (index, document) in claim.documents.iter_mut().enumerate() {
        document.storage_key = format!("{prefix}/{}", document.id);
        let Some(path) = paths.get(index).and_then(Option::as_ref) else { continue };
        let field = format!("documents[{index}].file");
        let full = match files::below(judge.folder, path) {
            Ok(full) => full,
            Err(message) => {
                report.add(line, &field, message);
                continue;
            }
        };
        match files::look_at(&full) {
            Ok(FileFacts { size, sha256, mime_type, photo, may_be_encrypted }) => {
                if !document.sha256.is_empty() && document.sha256 != sha256 {
                    report.add(line, &field, "is not the file that was exported: its SHA-256 differs");
                }
                // A record that was exported by this program knows whether it takes a password.
                document.protected |= may_be_encrypted && document.sha256.is_empty();
                if document.filename.is_empty() {
                    let name = full.file_name().map(|name| name.to_string_lossy().into_owned());
                    document.filename = safe_filename(&name.unwrap_or_default(), mime_type);
                }
                if document.title.is_empty() {
                    document.title.clone_from(&document.filename);
                }
                (document.size, document.sha256, document.mime_type) = (size, sha256, mime_type.to_owned());
                if document.photo.as_deref().is_none_or(|known| known.rules < Photo::RULES) {
                    document.photo = photo;
                }
                if judge.scanned && document.scan != ScanState::Infected {
                    document.scan = ScanState::Pending;
                }
                found.push((index, full));
            }
            Err(message) => report.add(line, &field, message),
        }
    }
    found
}

/// Reports the fields that contradict the claim's status. The record then continues as a draft, so that one run shows
/// its other faults too. False when a field cannot be read.
fn check_state(line: u64, object: &mut Map<String, Value>, report: &mut Report) -> bool {
    let state = object.iter().filter(|(name, _)| StoredState::FIELDS.contains(&name.as_str()));
    let state: Map<String, Value> = state.map(|(name, value)| (name.clone(), value.clone())).collect();
    let Some(state) = into_type::<StoredState>(line, state, report) else { return false };
    let faults = state.faults();
    if !faults.is_empty() {
        for name in StoredState::FIELDS {
            object.remove(name);
        }
        object.insert("status".to_owned(), json!(ClaimStatus::Draft));
    }
    report.add_all(line, faults);
    true
}
