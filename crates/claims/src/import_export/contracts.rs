//! The contract registry of a platform.

use constat_domain::event_kinds::EventKind;
use std::collections::HashMap;

use constat_domain::Currency;
use constat_domain::catalogue::Catalogue;
use constat_domain::claim::{Claim, Contract, Risk};
use constat_domain::codes::Codes;
use constat_domain::ids::EventId;
use constat_domain::tenancy::TenantId;
use constat_store::queries::contracts;
use constat_store::queries::events::{self, Event};
use constat_store::{StoreError, Tx};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::claim::cover::CoverRenewal;
use constat_tables::cells::Cell;
use constat_tables::lines::{
    Column, Record, cell_text, column, euros_to_money, into_type, is_french, refuse_unknown, remove_nulls,
    restore_phone_in, settle_json,
};
use constat_tables::report::Report;

/// The columns of a CSV file: a line for each insured thing.
pub const COLUMNS: &[Column] = &[
    column("id", "id", Cell::Id),
    column("user_id", "user_id", Cell::Id),
    column("number", "number", Cell::Id),
    column("name", "name", Cell::Text),
    column("insurer_acam_code", "insurer.acam_code", Cell::Insurer),
    column("insurer_name", "insurer.name", Cell::Text),
    column("guarantee", "guarantee", Cell::Text),
    column("customer_type", "customer_type", Cell::Text),
    column("holder_first_name", "holder.first_name", Cell::Text),
    column("holder_last_name", "holder.last_name", Cell::Text),
    column("holder_phone_number", "holder.phone_number", Cell::Phone),
    column("holder_email", "holder.email", Cell::Text),
    column("holder_company", "holder.company", Cell::Text),
    column("deductible", "deductible", Cell::Number),
    column("effective_from", "effective_from", Cell::Date),
    column("effective_to", "effective_to", Cell::Date),
    column("product_id", "product.id", Cell::Id),
    column("product_type", "product.type", Cell::Text),
    column("product_subtype", "product.subtype", Cell::Text),
    column("product_brand", "product.brand", Cell::Text),
    column("product_model", "product.model", Cell::Id),
    column("product_marked", "product.product_marked", Cell::Text),
    column("product_internal_id", "product.internal_id", Cell::Id),
    column("risk_type", "product.risk.kind", Cell::Text),
    column("risk_relationship", "product.risk.relationship", Cell::Text),
    column("risk_street1", "product.risk.address.street1", Cell::Text),
    column("risk_zip_code", "product.risk.address.zip_code", Cell::Postcode),
    column("risk_city", "product.risk.address.city", Cell::Text),
    column("risk_country_code", "product.risk.address.country_code", Cell::Text),
    column("risk_rooms", "product.risk.measures.NombreDePieces", Cell::Number),
    column("risk_surface", "product.risk.measures.Superficie", Cell::Number),
];

/// What the paths of a product's columns start with.
const PRODUCT: &str = "product.";

const KNOWN: &[&str] = &[
    "id",
    "user_id",
    "number",
    "name",
    "insurer",
    "guarantee",
    "customer_type",
    "holder",
    "deductible",
    "products",
    "effective_from",
    "effective_to",
];

/// Reads and checks every record. Lines of a CSV file with the same contract id are one contract
/// with several products. A contract with a fault in any of its lines is left out.
pub fn prepare(records: Vec<Record>, catalogue: &Catalogue, report: &mut Report) -> Vec<Contract> {
    let mut merged: Vec<Record> = Vec::new();
    // The lines that follow a contract's first.
    let mut further: HashMap<u64, Vec<u64>> = HashMap::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for Record { line, mut object } in records {
        remove_nulls(&mut object, &["custom"]);
        settle_json(&mut object, COLUMNS, "", true, |field, message| report.add(line, field, message));
        let product = object.remove("product");
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(first) = places.get(&id).and_then(|place| merged.get_mut(*place)).filter(|_| !id.is_empty()) {
            further.entry(first.line).or_default().push(line);
            if product.is_some() {
                add_product(line, first, &object, product, report);
            } else {
                report.add(line, "id", format!("line {} has the same", first.line));
            }
            continue;
        }
        if let Some(product) = product {
            object.insert("products".to_owned(), Value::Array(vec![product]));
        }
        places.insert(id, merged.len());
        merged.push(Record { line, object });
    }
    let read = |record: Record, report: &mut Report| {
        let (line, more) = (record.line, further.get(&record.line));
        let mut faults = Report::default();
        let contract = read_one(record, catalogue, &mut faults);
        // What is wrong with a further product is on the line of that product.
        report.append_moved(&mut faults, |field| {
            let place = field.strip_prefix("products[")?.split_once(']')?.0.parse::<usize>().ok()?;
            more?.get(place.checked_sub(1)?).copied()
        });
        contract.map(|contract| (line, contract))
    };
    let read: Vec<(u64, Contract)> = merged.into_iter().filter_map(|record| read(record, report)).collect();
    let faulty = report.lines();
    let is_sound = |line: &u64| !faulty.contains(line);
    let all_sound = |line: u64| is_sound(&line) && further.get(&line).into_iter().flatten().all(is_sound);
    read.into_iter().filter(|(line, _)| all_sound(*line)).map(|(_, contract)| contract).collect()
}

fn read_one(record: Record, catalogue: &Catalogue, report: &mut Report) -> Option<Contract> {
    let Record { line, mut object } = record;
    let products = object.get_mut("products").and_then(Value::as_array_mut).into_iter().flatten();
    for (index, product) in products.enumerate() {
        if let Some(product) = product.as_object_mut() {
            settle_json(product, COLUMNS, PRODUCT, true, |field, message| {
                let field = field.strip_prefix(PRODUCT).unwrap_or(field);
                report.add(line, &format!("products[{index}].{field}"), message);
            });
        }
    }
    refuse_unknown(line, "", &object, KNOWN, report);
    complete(&mut object);
    restore_phone(line, &mut object, report);
    let mut contract = into_type::<Contract>(line, object, report)?;
    contract.normalise();
    report.add_all(line, contract.check(catalogue));
    if contract.deductible.is_some_and(|deductible| deductible.currency != Currency::EUR) {
        report.add(line, "deductible", "must be in euros: currency EUR");
    }
    Some(contract)
}

/// Restores the leading zero that a spreadsheet took off the phone of a holder whose insured buildings are all in
/// France. Postcodes are restored by [`Contract::normalise`].
fn restore_phone(line: u64, object: &mut Map<String, Value>, report: &mut Report) {
    let mut places = 0;
    let mut french = 0;
    for product in object.get("products").and_then(Value::as_array).into_iter().flatten() {
        let Some(address) = product.pointer("/risk/address") else { continue };
        places += 1;
        let country = address.get("country_code").and_then(Value::as_str).unwrap_or_default();
        french += usize::from(is_french(country));
    }
    if let Some(phone) = object.get_mut("holder").and_then(|holder| holder.get_mut("phone_number")) {
        restore_phone_in(phone, places > 0 && french == places, |message| {
            report.add(line, "holder.phone_number", message);
        });
    }
}

fn add_product(
    line: u64,
    first: &mut Record,
    object: &Map<String, Value>,
    product: Option<Value>,
    report: &mut Report,
) {
    for (name, value) in object {
        if first.object.get(name) != Some(value) {
            report.add(line, name, format!("differs from line {}, which has the same contract id", first.line));
        }
    }
    if let Some(Value::Array(products)) = first.object.get_mut("products") {
        products.extend(product);
    }
}

/// Fills in what a file may leave out: the insurer's name by its code, the country, money in euros.
fn complete(object: &mut Map<String, Value>) {
    euros_to_money(object, "deductible");
    if let Some(Value::Object(insurer)) = object.get_mut("insurer")
        && !insurer.contains_key("name")
    {
        let code = insurer.get("acam_code").and_then(Value::as_str).unwrap_or_default();
        let name = Codes::embedded().insurers_of(code).first().map_or(String::new(), ToString::to_string);
        insurer.insert("name".to_owned(), json!(name));
    }
    for product in object.get_mut("products").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(address) = product.pointer_mut("/risk/address").and_then(Value::as_object_mut) {
            address.entry("country_code").or_insert_with(|| json!("FR"));
        }
    }
}

/// A contract read from a table, with what the stored one has and no column holds: free properties, further
/// address lines, other measures and the description of its products, by their id. The position stays where the
/// address does.
pub(crate) fn with_stored(tx: &mut Tx, tenant: &TenantId, contract: &Contract) -> Result<Contract, StoreError> {
    let mut contract = contract.clone();
    let Some(stored) = contracts::of_tenant_by_id(tx, tenant, &contract.id)? else { return Ok(contract) };
    for product in &mut contract.products {
        let Some(known) = stored.products.iter().find(|known| known.id == product.id) else { continue };
        product.product.custom.clone_from(&known.product.custom);
        if let (Some(risk), Some(known)) = (&mut product.risk, &known.risk) {
            keep_of_risk(risk, known);
        }
    }
    Ok(contract)
}

fn keep_of_risk(risk: &mut Risk, stored: &Risk) {
    risk.description.clone_from(&stored.description);
    for (measure, value) in &stored.measures {
        let path = format!("{PRODUCT}risk.measures.{measure}");
        if !COLUMNS.iter().any(|column| column.path == path) {
            risk.measures.insert(measure.clone(), *value);
        }
    }
    let (now, before) = (&mut risk.address, &stored.address);
    if now.spelling_key() == before.spelling_key() && now.country_code == before.country_code {
        now.more_lines.clone_from(&before.more_lines);
        now.country.clone_from(&before.country);
        now.state.clone_from(&before.state);
        risk.position = stored.position;
    }
}

/// Saves all of them; those of a table keep what has no column there. The claims on a contract follow its dates, each with an event of the server's own;
/// `event_id` makes their ids.
pub fn save(
    tx: &mut Tx,
    tenant: &TenantId,
    ready: &[Contract],
    is_table: bool,
    now: Timestamp,
    event_id: impl Fn() -> EventId,
    step: impl Fn(),
) -> Result<(), StoreError> {
    let renewal = CoverRenewal::of(tx, tenant, now)?;
    let record = |tx: &mut Tx, claim: &Claim, kind: EventKind, data: Value| {
        events::append(tx, &Event::by_system(event_id(), *tenant, claim.declaration_id, kind, now, data))
    };
    for contract in ready {
        let contract = &if is_table { with_stored(tx, tenant, contract)? } else { contract.clone() };
        contracts::upsert_of_tenant(tx, tenant, contract)?;
        renewal.renew(tx, contract, &record)?;
        step();
    }
    Ok(())
}

/// A contract as a line of a JSON lines file has it: what [`prepare`] reads again.
pub fn to_record(contract: &Contract) -> Value {
    json!(contract)
}

/// A contract as the rows of a CSV file have it, one for each insured thing, in the order of
/// [`COLUMNS`]. What has no column (free properties, further address lines, other measures) is left out.
pub fn to_rows(contract: &Contract) -> Vec<Vec<String>> {
    let mut record = json!(contract);
    let deductible = contract.deductible.map(|amount| json!(amount.to_major()));
    record["deductible"] = deductible.unwrap_or_default();
    let row = |product: &Value| record_with(&record, product);
    contract.products.iter().map(|product| row(&json!(product))).collect()
}

fn record_with(record: &Value, product: &Value) -> Vec<String> {
    let cell = |column: &Column| match column.path.strip_prefix(PRODUCT) {
        Some(path) => cell_text(product, path),
        None => cell_text(record, column.path),
    };
    COLUMNS.iter().map(cell).collect()
}
