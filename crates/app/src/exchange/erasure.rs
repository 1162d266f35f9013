//! Erasing what is known of an insured, while the audit trail still holds.
//!
//! Rows first, in one transaction; then bytes; then the database file is written anew. What a crash
//! between leaves undone, [`finish`] does.

use std::collections::BTreeSet;

use constat_domain::appointment::ClaimAppointment;
use constat_domain::catalogue::Catalogue;
use constat_domain::claim::{Claim, Contract, ERASED, Insured, Retention, Risk};
use constat_domain::ids::{DeclarationId, EventId, KeyId};
use constat_domain::tenancy::TenantId;
use constat_store::queries::events::{self, Event};
use constat_store::queries::{api_keys, claim_appointments, claims, contracts, erasure};
use constat_store::{Connection, Documents, Store, StoreError, Tx};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::claims::events::about;
use crate::{AppError, Chance};

/// Shortest text that is looked for in kept answers and events: shorter ones are found everywhere.
const SHORTEST: usize = 3;

/// What the audit trail keeps of an erasure.
const ERASED_EVENT: &str = "insured.erased";

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
    /// How many appointments.
    pub appointments: usize,
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
    chance: &dyn Chance,
) -> Result<Erased, AppError> {
    let erasure = wanted.clone();
    // At most as many events as there are claims, and one; drawn outside, as the writer knows no chance.
    let count = look(store, wanted, now)?.claims.len() + 1;
    let ids: Vec<EventId> = (0..count).map(|_| EventId::new(now, &chance.entropy())).collect();
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
    contracts: Vec<Contract>,
}

impl Person {
    fn load(connection: &mut Connection, tenant: &TenantId, user_id: &str) -> Result<Self, StoreError> {
        let mut found = Self {
            claims: Vec::new(),
            appointments: Vec::new(),
            contracts: contracts::list_of_tenant_by_user(connection, tenant, user_id)?,
        };
        for id in claims::ids_of_tenant_by_user(connection, tenant, user_id)? {
            found.claims.extend(claims::of_tenant_by_either_id(connection, tenant, &id.to_string())?);
            found.appointments.extend(claim_appointments::list_of_claim(connection, tenant, id)?);
        }
        Ok(found)
    }

    fn findings(&self, now: Timestamp) -> Findings {
        Findings {
            claims: self.claims.iter().map(|claim| (claim.declaration_id, claim.retention(now))).collect(),
            documents: self.claims.iter().map(|claim| claim.documents.len()).sum(),
            appointments: self.appointments.len(),
            contracts: self.contracts.len(),
        }
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
            texts.extend(claim.note.iter().chain(&claim.abandon_reason).cloned());
            texts.extend(claim.internal_notes.iter().map(|note| note.text.clone()));
        }
        texts.retain(|text| text.chars().count() >= SHORTEST && text != ERASED);
        texts
    }

    /// The ids by which answers speak of them.
    fn ids(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for claim in &self.claims {
            ids.insert(claim.declaration_id.to_string());
            ids.extend(claim.claim_id.map(|id| id.to_string()));
            ids.extend(claim.documents.iter().map(|document| document.id.to_string()));
        }
        ids.extend(self.appointments.iter().map(|appointment| appointment.id.to_string()));
        ids
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
    let (Some(first), true) = (ids.first(), ids.len() > person.claims.len()) else {
        return Err(StoreError::Conflict("the insured has new claims".to_owned()).into());
    };
    let traits = person.traits(user_id);
    let needles: BTreeSet<String> = traits.union(&person.ids()).map(|text| as_json(text)).collect();
    let keys: Vec<KeyId> = api_keys::all(tx)?
        .into_iter()
        .filter(|key| key.issuer == tenant.org && key.mode == tenant.mode)
        .map(|key| key.id)
        .collect();
    let mut erased = Erased {
        claims: person.claims.len(),
        contracts: person.contracts.len(),
        answers: erasure::empty_answers_with(tx, &keys, &needles)?,
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
        events::append(tx, &Event::by_system(*id, *tenant, subject, ERASED_EVENT, now, data))?;
    }
    if person.claims.is_empty() {
        let data = json!({ "contracts": erased.contracts, "reason": reason, "overriding": overriding });
        events::append(tx, &Event::by_system(*first, *tenant, tenant.org, ERASED_EVENT, now, data))?;
    }
    Ok(erased)
}

/// A text as it stands inside JSON.
fn as_json(text: &str) -> String {
    let quoted = json!(text).to_string();
    quoted.trim_start_matches('"').trim_end_matches('"').to_owned()
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
