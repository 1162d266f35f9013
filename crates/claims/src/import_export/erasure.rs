//! Erasing what is known of an insured, while the audit trail still holds.
//!
//! Rows first, in one transaction; then bytes; then the database file is written anew. What a crash
//! between leaves undone, [`finish`] does.

use constat_domain::event_kinds::EventKind;
use std::collections::BTreeSet;

use constat_domain::appointment::{Appointment, ClaimAppointment};
use constat_domain::catalogue::Catalogue;
use constat_domain::claim::{Claim, Contract, ERASED, Insured, Retention, Risk};
use constat_domain::ids::{AppointmentId, DeclarationId, EventId, KeyId, OrgId};
use constat_domain::tenancy::{ApiKey, TenantId};
use constat_store::queries::erasure::ErasureToPassOn;
use constat_store::queries::events::{self, Event};
use constat_store::queries::{api_keys, claim_appointments, claims, contracts, erasure};
use constat_store::{Connection, Documents, Store, StoreError, Tx};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::claim::events::about;
use constat_core::{AppError, SecureRandom};
use constat_core::{booked_for_claim, record_and_erase};

/// Shortest text that is looked for in events, in characters: shorter ones are found everywhere.
const SHORTEST: usize = 3;

/// Whose data is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The platform.
    pub tenant: TenantId,
    /// The insured's user id.
    pub user_id: String,
    /// Why: a code that the event keeps.
    pub reason: &'static str,
    /// Why claims go that should be kept for now, when they do: a code that the event keeps.
    pub overriding: Option<&'static str>,
}

/// What an erasure finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// The insured's claims, each with what keeps it.
    pub claims: Vec<(DeclarationId, Option<Retention>)>,
    /// How many documents they have.
    pub documents: usize,
    /// How many appointments the platform has recorded.
    pub appointments: usize,
    /// How many rows of theirs are in the calendars of firms on this server.
    pub at_firms: usize,
    /// How many are at firms elsewhere, which are asked to erase them.
    pub elsewhere: usize,
    /// How many contracts the insured holds.
    pub contracts: usize,
}

impl Findings {
    /// Whether nothing is known of the insured.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty() && self.contracts == 0
    }

    /// Whether something must be kept for now.
    pub fn is_kept(&self) -> bool {
        self.claims.iter().any(|(_, retention)| retention.is_some())
    }
}

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Erased {
    /// Claims.
    pub claims: usize,
    /// Contracts.
    pub contracts: usize,
    /// Files of documents.
    pub files: usize,
    /// Appointments in the calendars of firms on this server.
    pub at_firms: usize,
    /// Appointments at firms elsewhere, which a running server asks to erase them.
    pub elsewhere: usize,
    /// Answers that were kept for repeated requests.
    pub answers: u64,
    /// Events whose data said too much.
    pub events: u64,
}

/// Looks at what an erasure would touch, and changes nothing.
pub fn look(store: &Store, erasure: &Erasure, now: Timestamp) -> Result<Findings, StoreError> {
    store.read(|connection| Ok(Person::load(connection, &erasure.tenant, &erasure.user_id)?.findings(now)))
}

/// Erases. What keeps a claim must have been looked at before, and is looked at again.
pub async fn erase(
    store: &Store,
    documents: &Documents,
    catalogue: &Catalogue,
    wanted: &Erasure,
    now: Timestamp,
    secure_random: &dyn SecureRandom,
) -> Result<Erased, AppError> {
    let erasure = wanted.clone();
    // One event for each claim and each firm's appointment, and one; drawn here, as the writer has no randomness.
    let found = look(store, wanted, now)?;
    let count = found.claims.len() + found.at_firms + 1;
    let ids: Vec<EventId> = (0..count).map(|_| EventId::new(now, &secure_random.entropy())).collect();
    let catalogue = catalogue.clone();
    let rows = move |tx: &mut Tx| erase_rows(tx, &erasure, &catalogue, &ids, now);
    let mut erased: Erased = store.write(rows).await?;
    erased.files = finish(store, documents).await?;
    Ok(erased)
}

/// Ends what an erasure began, or several that were interrupted: removes bytes that were given up, and
/// writes the database anew. Gives how many files went.
pub async fn finish(store: &Store, documents: &Documents) -> Result<usize, AppError> {
    let keys = store.read(erasure::bytes_to_remove)?;
    for key in &keys {
        documents.remove(key).await?;
    }
    let count = keys.len();
    let forgotten: Result<(), StoreError> = store.write(move |tx| erasure::forget_bytes(tx, &keys)).await;
    forgotten?;
    store.scrub()?;
    Ok(count)
}

/// All rows about an insured.
struct Person {
    claims: Vec<Claim>,
    appointments: Vec<ClaimAppointment>,
    /// The rows in the calendars of firms on this server.
    at_firms: Vec<Appointment>,
    contracts: Vec<Contract>,
}

/// Every way in which others write a claim's ids.
fn names_of(claim: &Claim) -> Vec<String> {
    let mut names = vec![claim.declaration_id.to_string(), claim.declaration_id.uuid().to_string()];
    if let Some(id) = claim.claim_id() {
        names.extend([id.to_string(), id.uuid().to_string()]);
    }
    names
}

impl Person {
    fn load(connection: &mut Connection, tenant: &TenantId, user_id: &str) -> Result<Self, StoreError> {
        let mut found = Self {
            claims: Vec::new(),
            appointments: Vec::new(),
            at_firms: Vec::new(),
            contracts: contracts::list_of_tenant_by_user(connection, tenant, user_id)?,
        };
        for id in claims::ids_of_tenant_by_user(connection, tenant, user_id)? {
            found.claims.extend(claims::of_tenant_by_either_id(connection, tenant, &id.to_string())?);
            found.appointments.extend(claim_appointments::list_of_claim(connection, tenant, id)?);
        }
        let names: Vec<String> = found.claims.iter().flat_map(names_of).collect();
        let recorded: Vec<AppointmentId> =
            found.appointments.iter().filter_map(|one| one.partner_appointment_id.parse().ok()).collect();
        found.at_firms = booked_for_claim(connection, (tenant.org, tenant.mode), &names, &recorded)?;
        Ok(found)
    }

    fn findings(&self, now: Timestamp) -> Findings {
        Findings {
            claims: self.claims.iter().map(|claim| (claim.declaration_id, claim.retention(now))).collect(),
            documents: self.claims.iter().map(|claim| claim.documents.len()).sum(),
            appointments: self.appointments.len(),
            at_firms: self.at_firms.len(),
            elsewhere: self.elsewhere().count(),
            contracts: self.contracts.len(),
        }
    }

    /// The appointments whose rows are on another server.
    fn elsewhere(&self) -> impl Iterator<Item = &ClaimAppointment> {
        let is_here = |recorded: &ClaimAppointment| {
            let id = recorded.partner_appointment_id.parse::<AppointmentId>();
            id.is_ok_and(|id| self.at_firms.iter().any(|row| row.id == id))
        };
        self.appointments.iter().filter(move |recorded| !is_here(recorded))
    }

    /// The keys whose kept answers may tell of the person: those of the platform's own API, those that it books
    /// with, and the firms' own.
    fn keys(&self, tenant: &TenantId, all: Vec<ApiKey>) -> Vec<KeyId> {
        let firms: BTreeSet<OrgId> = self.at_firms.iter().map(|row| row.tenant.org).collect();
        let is_theirs = |key: &ApiKey| {
            let is_firms = firms.contains(&key.issuer) && (key.holder == key.issuer || key.holder == tenant.org);
            key.mode == tenant.mode && (key.issuer == tenant.org || is_firms)
        };
        all.into_iter().filter(is_theirs).map(|key| key.id).collect()
    }

    /// The texts that tell who it is.
    fn traits(&self, user_id: &str) -> BTreeSet<String> {
        let mut texts = BTreeSet::from([user_id.to_owned()]);
        let mut person = |insured: &Insured| {
            texts.extend([&insured.first_name, &insured.last_name, &insured.phone_number].map(Clone::clone));
            texts.extend(insured.email.iter().chain(&insured.company).cloned());
        };
        self.claims.iter().for_each(|claim| person(&claim.insured));
        self.contracts.iter().for_each(|contract| person(&contract.holder));
        let risks = self.claims.iter().filter_map(|claim| claim.dossier.risk.as_ref());
        let held = self.contracts.iter().flat_map(|contract| &contract.products).filter_map(|held| held.risk.as_ref());
        texts.extend(risks.chain(held).map(|risk: &Risk| risk.address.street1.clone()));
        for claim in &self.claims {
            texts.extend([claim.location.address.clone(), claim.description.clone()]);
            texts.extend(claim.note.as_deref().into_iter().chain(claim.abandon_reason()).map(str::to_owned));
            texts.extend(claim.internal_notes.iter().map(|note| note.text.clone()));
        }
        texts.extend(self.at_firms.iter().flat_map(Appointment::personal_texts).map(str::to_owned));
        texts.retain(|text| text.chars().count() >= SHORTEST && text != ERASED);
        texts
    }

    /// What a kept answer about the person contains: one of the person's ids, which no other person's answer has.
    /// Names and other texts are not looked for: other people have the same ones.
    fn marks(&self, user_id: &str) -> Vec<Vec<String>> {
        let mut ids: BTreeSet<String> = BTreeSet::new();
        for claim in &self.claims {
            ids.extend(names_of(claim));
            ids.extend(claim.documents.iter().map(|document| document.id.to_string()));
        }
        ids.extend(self.appointments.iter().map(|appointment| appointment.id.to_string()));
        ids.extend(self.at_firms.iter().map(|appointment| appointment.id.to_string()));
        let mut marks: Vec<Vec<String>> = ids.into_iter().map(|id| vec![id]).collect();
        // A user id is any text, so that the field's name must stand before it.
        marks.push(vec![in_kept_answer("userId", user_id)]);
        // The answer to an internal note has no id: the instant and the key tell it from the same words elsewhere.
        marks.extend(self.claims.iter().flat_map(|claim| &claim.internal_notes).map(|note| {
            vec![
                in_kept_answer("text", &note.text),
                in_kept_answer("at", &note.at.to_string()),
                in_kept_answer("by", &note.by.to_string()),
            ]
        }));
        marks
    }
}

fn erase_rows(
    tx: &mut Tx,
    erasure: &Erasure,
    catalogue: &Catalogue,
    ids: &[EventId],
    now: Timestamp,
) -> Result<Erased, AppError> {
    let Erasure { tenant, user_id, reason, overriding } = erasure;
    let mut person = Person::load(tx, tenant, user_id)?;
    let findings = person.findings(now);
    if findings.is_kept() && overriding.is_none() {
        return Err(StoreError::Conflict("a claim must be kept for now".to_owned()).into());
    }
    let (Some(first), true) = (ids.first(), ids.len() > person.claims.len() + person.at_firms.len()) else {
        return Err(StoreError::Conflict("the insured has new claims or appointments".to_owned()).into());
    };
    let traits = person.traits(user_id);
    let marks = person.marks(user_id);
    let is_about = |answer: &str| marks.iter().any(|mark| mark.iter().all(|part| answer.contains(part)));
    let keys = person.keys(tenant, api_keys::all(tx)?);
    for recorded in person.elsewhere() {
        let wanted = ErasureToPassOn {
            appointment: recorded.id,
            tenant: *tenant,
            declaration: recorded.declaration,
            attempts: 0,
        };
        erasure::pass_on(tx, &wanted, now)?;
    }
    let mut erased = Erased {
        claims: person.claims.len(),
        contracts: person.contracts.len(),
        elsewhere: findings.elsewhere,
        answers: erasure::empty_answers_where(tx, &keys, is_about)?,
        ..Erased::default()
    };
    let declarations: Vec<DeclarationId> = person.claims.iter().map(|claim| claim.declaration_id).collect();
    erasure::delete_sign_in_links(tx, &declarations)?;
    // What an id of ours looks like, without its kind.
    let name = format!("erased_{}", first.to_string().trim_start_matches("evt_"));
    let says_too_much = |data: &str| {
        traits.iter().any(|text| data.contains(&as_json(text)))
            || serde_json::from_str::<Value>(data).is_ok_and(|data| has_words(&data))
    };
    let mut at_firms_ids = ids.iter().skip(person.claims.len() + 1).copied();
    let at_firms = std::mem::take(&mut person.at_firms);
    erased.at_firms = record_and_erase(tx, at_firms, reason, now, &mut at_firms_ids)?;
    for appointment in &mut person.appointments {
        appointment.erase(now);
        claim_appointments::update(tx, appointment)?;
    }
    for contract in &mut person.contracts {
        contract.erase(&name);
        contracts::upsert_of_tenant(tx, tenant, contract)?;
    }
    for (claim, id) in person.claims.iter_mut().zip(ids) {
        let subject = claim.declaration_id.to_string();
        erased.events += erasure::erase_event_data(tx, tenant, &subject, says_too_much)?;
        for document in &claim.documents {
            erasure::give_up_bytes(tx, &document.storage_key)?;
        }
        claim.erase(catalogue, &name, now);
        claims::update(tx, claim)?;
        let data = about(claim, json!({ "reason": reason, "overriding": overriding }));
        events::append(tx, &Event::by_system(*id, *tenant, subject, EventKind::InsuredErased, now, data))?;
    }
    if person.claims.is_empty() {
        let data = json!({ "contracts": erased.contracts, "reason": reason, "overriding": overriding });
        events::append(tx, &Event::by_system(*first, *tenant, tenant.org, EventKind::InsuredErased, now, data))?;
    }
    Ok(erased)
}

/// A text as it stands inside JSON.
fn as_json(text: &str) -> String {
    let quoted = json!(text).to_string();
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or(&quoted).to_owned()
}

/// A field with this text, as it stands in a kept answer, whose JSON body is a text in JSON itself.
fn in_kept_answer(field: &str, text: &str) -> String {
    as_json(&format!("{}:{}", json!(field), json!(text)))
}

/// Whether anything in it is more than an id, a code or an instant: those have no spaces. What a deadline
/// is called and where it is written are the rules' own words.
fn has_words(data: &Value) -> bool {
    match data {
        Value::Object(object) if object.contains_key("rule") => {
            object.iter().any(|(name, value)| !matches!(name.as_str(), "label" | "article") && has_words(value))
        }
        Value::String(text) => text.contains(char::is_whitespace),
        Value::Array(list) => list.iter().any(has_words),
        Value::Object(object) => object.values().any(has_words),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_deadline_is_called_says_nothing_of_the_insured() {
        let mut data = json!({
            "rule": "theft_declaration", "label": "Vol : déclarer", "article": "Code des assurances, L113-2",
            "dueOn": "2026-11-20", "status": "in_progress",
        });
        assert!(!has_words(&data));
        data["status"] = json!("chez Jean Dupont");
        assert!(has_words(&data) && has_words(&json!({ "label": "chez Jean" })));
    }
}
