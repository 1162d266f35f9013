//! What a record may leave out, told from the rest of it and from the registry.

use constat_domain::catalogue::Catalogue;
use constat_domain::claim::Contract;
use constat_domain::ids::{ClaimId, DeclarationId, DocumentId, SettlementId};
use constat_domain::tenancy::TenantId;
use constat_store::queries::contracts;
use constat_store::{Connection, StoreError};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::import_export::claims::judge::Judge;
use constat_tables::lines::euros_to_money;
use constat_tables::report::Report;

/// Makes identifiers for what a record leaves out: the same for the same record, so that an import that
/// was interrupted goes on where it stopped.
pub(crate) struct Seed([u8; 32]);

impl Seed {
    pub(crate) fn of(tenant: &TenantId, object: &Map<String, Value>) -> Self {
        let mut digest = Sha256::new();
        digest.update(tenant.to_string());
        digest.update(serde_json::to_string(object).unwrap_or_default());
        Self(digest.finalize().into())
    }

    fn entropy(&self, what: &str) -> [u8; 10] {
        let digest = Sha256::new().chain_update(self.0).chain_update(what).finalize();
        let mut entropy = [0; 10];
        entropy.copy_from_slice(&digest[..10]);
        entropy
    }
}

/// The contract that a record names by its id only.
pub(crate) fn named_contract(
    connection: &mut Connection,
    judge: &Judge<'_>,
    line: u64,
    object: &mut Map<String, Value>,
    report: &mut Report,
) -> Result<Option<Contract>, StoreError> {
    if object.contains_key("contract") {
        return Ok(None);
    }
    let Some(id) = object.shift_remove("contract_id") else {
        report.add(line, "contract_id", "is missing: name a contract of the registry, or give `contract` whole");
        return Ok(None);
    };
    // No id has a NUL, and PostgreSQL would take the question itself for a fault.
    let id = id.as_str().filter(|id| !id.contains('\0')).unwrap_or_default();
    let found = contracts::of_tenant_by_id(connection, &judge.tenant, id)?;
    if found.is_none() {
        report.add(line, "contract_id", "no such contract in the registry; import the contracts first");
    }
    Ok(found)
}

pub(crate) fn fill_from_contract(
    object: &mut Map<String, Value>,
    catalogue: &Catalogue,
    contract: &Contract,
    line: u64,
    report: &mut Report,
) {
    let wanted = object.shift_remove("contract_product_id");
    let wanted = wanted.as_ref().and_then(Value::as_str);
    let product = contract.products.iter().find(|product| wanted.is_none_or(|id| id == product.id));
    let Some(product) = product else {
        report.add(line, "contract_product_id", "no such product on this contract");
        return;
    };
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let known = catalogue.find(&product.product.kind, &text("loss_type"), &text("subtype")).ok();
    let subtype = known.map(|(_, subtype)| subtype);
    let snapshot = contract.snapshot(Some(&product.id), subtype.map(|subtype| subtype.guarantee.as_str()));
    object.insert("contract".to_owned(), json!(snapshot));
    object.entry("product").or_insert_with(|| json!(product.product));
    if let (Some(risk), Some(dossier)) = (&product.risk, object.entry("dossier").or_insert(json!({})).as_object_mut()) {
        dossier.entry("risk").or_insert_with(|| json!(risk));
    }
}

/// Fills in what can be told from the rest.
pub(crate) fn fill_in(object: &mut Map<String, Value>, judge: &Judge<'_>, seed: &Seed) {
    let mut or = |name: &str, value: Value| -> Value {
        let entry = object.entry(name).or_insert(Value::Null);
        if entry.is_null() {
            *entry = value;
        }
        entry.clone()
    };
    let happened = or("claim_at", Value::Null);
    let declared = or("declaration_at", happened);
    let created = or("created_at", declared);
    let at: Timestamp = created.as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
    or("declaration_id", json!(DeclarationId::new(at, &seed.entropy("declaration"))));
    or("version", json!(1));
    let status = or("status", json!("draft"));
    let is_early = matches!(status.as_str(), Some("draft" | "archived"));
    if !is_early {
        or("claim_id", json!(ClaimId::new(at, &seed.entropy("claim"))));
        or("submitted_at", created.clone());
    }
    let dates =
        ["submitted_at", "closed_at", "rejected_at", "reopened_at", "abandoned_at"].map(|name| or(name, Value::Null));
    // RFC 3339 in UTC sorts as text, and anything else is refused in a moment.
    let last = dates.into_iter().chain([created.clone()]).filter(Value::is_string);
    let last = last.max_by(|left, right| left.as_str().cmp(&right.as_str())).unwrap_or_default();
    or("updated_at", last);
    or("answers", json!({}));
    or("documents", json!([]));
    or("settlements", json!([]));
    or("dossier", json!({}));
    let kind = object.get("product").and_then(|product| product.get("type")).and_then(Value::as_str);
    let family = kind.and_then(|kind| judge.catalogue.family_for_product(kind));
    let version = family.map_or(String::new(), |family| family.version.clone());
    object.entry("catalogue_version").or_insert_with(|| json!(version));
    fill_in_parts(object, at, &created, seed);
}

fn fill_in_parts(object: &mut Map<String, Value>, at: Timestamp, created: &Value, seed: &Seed) {
    if let Some(contract) = object.get_mut("contract").and_then(Value::as_object_mut) {
        euros_to_money(contract, "deductible");
    }
    let parts = |object: &mut Map<String, Value>, name: &str| -> Vec<Map<String, Value>> {
        let list = object.get_mut(name).and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        list.into_iter().map(|part| if let Value::Object(part) = part { part } else { Map::new() }).collect()
    };
    let mut settlements = parts(object, "settlements");
    for (index, settlement) in settlements.iter_mut().enumerate() {
        let id = SettlementId::new(at, &seed.entropy(&format!("settlement {index}")));
        settlement.entry("id").or_insert_with(|| json!(id));
        settlement.entry("created_at").or_insert_with(|| created.clone());
        euros_to_money(settlement, "amount");
    }
    object.insert("settlements".to_owned(), json!(settlements));
    let mut documents = parts(object, "documents");
    for (index, document) in documents.iter_mut().enumerate() {
        let id = DocumentId::new(at, &seed.entropy(&format!("document {index}")));
        let uploaded = document.entry("uploaded_at").or_insert_with(|| created.clone()).clone();
        for (name, value) in [
            ("id", json!(id)),
            ("title", json!("")),
            ("filename", json!("")),
            ("mime_type", json!("")),
            ("size", json!(0)),
            ("sha256", json!("")),
            ("status", json!("to_verify")),
            ("updated_at", uploaded),
        ] {
            document.entry(name).or_insert(value);
        }
        // Where bytes lie is this server's own business.
        document.insert("storage_key".to_owned(), json!(""));
    }
    object.insert("documents".to_owned(), json!(documents));
}
