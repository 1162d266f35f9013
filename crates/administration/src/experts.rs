//! Experts and repair workers of a partner firm.

use std::collections::{HashMap, HashSet};

use constat_core::AppError;
use constat_domain::Refusal;
use constat_domain::codes::{Codes, Table};
use constat_domain::contact::without_blanks;
use constat_domain::event_kinds::EventKind;
use constat_domain::expert::Expert;
use constat_domain::gazetteer::{Commune, Gazetteer};
use constat_domain::ids::ExpertId;
use constat_domain::postcode::read_french;
use constat_domain::refusal::{AdministrationRefusal, BookingRefusal};
use constat_domain::restore_postcode;
use constat_domain::tenancy::{Caller, TenantId};
use constat_store::queries::experts;
use constat_store::{Connection, StoreError, Tx};
use serde_json::{Map, Value, json};

use crate::Actor;
use constat_tables::cells::Cell;
use constat_tables::lines::{
    Column, Record, column, euros_to_money, into_type, refuse_unknown, remove_nulls, settle_json,
};
use constat_tables::report::Report;

/// The columns of a CSV file.
pub const COLUMNS: &[Column] = &[
    column("reference", "reference", Cell::Id),
    column("display_name", "display_name", Cell::Text),
    column("active", "active", Cell::Bool),
    column("lat", "base.lat", Cell::Degrees),
    column("lon", "base.lon", Cell::Degrees),
    column("zip", "base.zip", Cell::Postcode),
    column("city", "base.city", Cell::Text),
    column("zone", "zone", Cell::Text),
    column("kinds", "skills.kinds", Cell::List),
    column("trades", "skills.trades", Cell::List),
    column("loss_natures", "skills.loss_natures", Cell::List),
    column("insurers", "skills.insurers", Cell::ListOf(&Cell::Insurer)),
    column("customers", "skills.customers", Cell::List),
    column("dwellings", "skills.dwellings", Cell::List),
    column("languages", "skills.languages", Cell::List),
    column("limit_total", "skills.limit_total", Cell::Number),
    column("limit_contents", "skills.limit_contents", Cell::Number),
    column("limit_building", "skills.limit_building", Cell::Number),
    column("departments", "territory.departments", Cell::ListOf(&Cell::Department)),
    column("radius_km", "territory.radius_km", Cell::Number),
    column("excluded_insurers", "exclusions.insurers", Cell::ListOf(&Cell::Insurer)),
    column("excluded_cases", "exclusions.cases", Cell::ListOf(&Cell::Id)),
    column("ties", "ties", Cell::ListOf(&Cell::Insurer)),
    column("monday", "week.monday", Cell::List),
    column("tuesday", "week.tuesday", Cell::List),
    column("wednesday", "week.wednesday", Cell::List),
    column("thursday", "week.thursday", Cell::List),
    column("friday", "week.friday", Cell::List),
    column("saturday", "week.saturday", Cell::List),
    column("sunday", "week.sunday", Cell::List),
    column("daily_cap", "daily_cap", Cell::Number),
    column("weekly_cap", "weekly_cap", Cell::Number),
    column("buffer_before_minutes", "buffer_before_minutes", Cell::Number),
    column("buffer_after_minutes", "buffer_after_minutes", Cell::Number),
    column("notice_minutes", "notice_minutes", Cell::Number),
    column("holidays_off", "holidays_off", Cell::Bool),
];

/// Longest reference of an expert, in characters.
const MAX_REFERENCE_CHARS: usize = 200;

const KNOWN: &[&str] = &[
    "display_name",
    "active",
    "base",
    "zone",
    "skills",
    "territory",
    "week",
    "schedules",
    "exceptions",
    "on_call",
    "exclusions",
    "ties",
    "daily_cap",
    "weekly_cap",
    "buffer_before_minutes",
    "buffer_after_minutes",
    "notice_minutes",
    "holidays_off",
];

const KNOWN_SKILLS: &[&str] = &[
    "kinds",
    "trades",
    "loss_natures",
    "insurers",
    "customers",
    "dwellings",
    "languages",
    "limit_total",
    "limit_contents",
    "limit_building",
];

/// An expert with the firm's own reference, ready to be saved.
pub struct Ready {
    reference: String,
    expert: Expert,
}

/// What has no column in a table: an import from one leaves it as it is.
const WITHOUT_COLUMN: [&str; 3] = ["schedules", "exceptions", "on_call"];

/// Reads and checks every record. Those already known by their reference keep their identifier. From a
/// table they keep what has no column there.
pub fn prepare(
    connection: &mut Connection,
    tenant: &TenantId,
    records: Vec<Record>,
    is_table: bool,
    actor: &Actor,
    report: &mut Report,
) -> Result<Vec<Ready>, StoreError> {
    let mut ready = Vec::new();
    let mut first_lines: HashMap<String, u64> = HashMap::new();
    for Record { line, mut object } in records {
        remove_nulls(&mut object, &[]);
        settle_json(&mut object, COLUMNS, "", true, |field, message| report.add(line, field, message));
        let Some(reference) = take_reference(line, &mut object, report) else { continue };
        if let Some(first) = first_lines.insert(reference.clone(), line) {
            report.add(line, "reference", format!("line {first} has the same"));
        }
        let known = experts::of_tenant_by_reference(connection, tenant, &reference)?;
        if let Some(id) = known.filter(|_| is_table) {
            keep_without_column(connection, tenant, id, &mut object)?;
        }
        let id = known.unwrap_or_else(|| ExpertId::new(actor.at(), &actor.entropy()));
        ready.extend(read_expert(line, id, object, report).map(|expert| Ready { reference, expert }));
    }
    Ok(ready)
}

/// An expert as saved by the firm.
pub struct SavedExpert {
    /// The firm's own reference.
    pub reference: String,
    /// The record.
    pub expert: Expert,
}

/// One expert of the caller's firm, by id or by the firm's reference.
///
/// # Errors
/// [`BookingRefusal::ExpertNotFound`]; [`AdministrationRefusal::NotOwner`] for a platform's key.
pub fn find_expert(connection: &mut Connection, caller: &Caller, named: &str) -> Result<SavedExpert, AppError> {
    require_owner(caller)?;
    if has_control(named) {
        return Err(BookingRefusal::ExpertNotFound.into());
    }
    let found = experts::of_tenant_by_name(connection, &caller.tenant, named)?;
    let (reference, expert) = found.ok_or(BookingRefusal::ExpertNotFound)?;
    Ok(SavedExpert { reference, expert })
}

/// Adds an expert, or replaces the whole record of one. `record` is a JSON object as an import reads it; it need not
/// repeat the reference, and another reference in it renames the expert. Booked visits stay.
///
/// # Errors
/// The fields that are wrong; [`BookingRefusal::ExpertNotFound`] for an unknown id;
/// [`AdministrationRefusal::NotOwner`] for a platform's key.
pub fn save_expert(
    tx: &mut Tx,
    actor: &Actor,
    caller: &Caller,
    named: &str,
    mut record: Map<String, Value>,
) -> Result<SavedExpert, AppError> {
    require_owner(caller)?;
    if has_control(named) {
        return Err(Refusal::field("reference", CONTROL_CHARACTERS).into());
    }
    let (known_reference, id) = match experts::of_tenant_by_name(tx, &caller.tenant, named)? {
        Some((reference, known)) => (reference, known.id),
        None if named.parse::<ExpertId>().is_ok() => return Err(BookingRefusal::ExpertNotFound.into()),
        None => (named.to_owned(), ExpertId::new(actor.at(), &actor.entropy())),
    };
    let mut report = Report::default();
    remove_nulls(&mut record, &[]);
    record.entry("reference").or_insert_with(|| json!(known_reference));
    settle_json(&mut record, COLUMNS, "", true, |field, message| report.add(0, field, message));
    let reference = take_reference(0, &mut record, &mut report);
    let expert = read_expert(0, id, record, &mut report);
    Refusal::unless_empty(report.of_record())?;
    let (Some(reference), Some(expert)) = (reference, expert) else {
        return Err(Refusal::field("", "is not the record of an expert").into());
    };
    experts::upsert_of_tenant(tx, &caller.tenant, &reference, &expert).map_err(|error| match error {
        StoreError::Conflict(_) => Refusal::field("reference", "another expert of the firm has it").into(),
        error => AppError::from(error),
    })?;
    actor.record(tx, caller.tenant, id, EventKind::ExpertSaved, json!({}))?;
    Ok(SavedExpert { reference, expert })
}

/// Refuses a key that the firm does not hold itself.
pub(crate) fn require_owner(caller: &Caller) -> Result<(), AdministrationRefusal> {
    if caller.owns_the_data() { Ok(()) } else { Err(AdministrationRefusal::NotOwner) }
}

const CONTROL_CHARACTERS: &str = "may not contain control characters";

/// Control characters, which PostgreSQL cannot store all of, are in no reference.
pub(crate) fn has_control(named: &str) -> bool {
    named.chars().any(char::is_control)
}

/// Takes the firm's reference out of a record, or reports what is wrong with it.
fn take_reference(line: u64, object: &mut Map<String, Value>, report: &mut Report) -> Option<String> {
    match object.remove("reference") {
        Some(Value::String(reference)) if has_control(&reference) => {
            report.add(line, "reference", CONTROL_CHARACTERS);
        }
        Some(Value::String(reference))
            if !reference.trim().is_empty() && reference.chars().count() <= MAX_REFERENCE_CHARS =>
        {
            return Some(reference);
        }
        Some(_) => report.add(line, "reference", format!("must be a text of 1 to {MAX_REFERENCE_CHARS} characters")),
        None => report.add(line, "reference", "is missing"),
    }
    None
}

/// Reads and checks the record of an expert without its reference.
fn read_expert(line: u64, id: ExpertId, mut object: Map<String, Value>, report: &mut Report) -> Option<Expert> {
    refuse_unknown(line, "", &object, KNOWN, report);
    if let Some(Value::Object(skills)) = object.get_mut("skills") {
        refuse_unknown(line, "skills.", skills, KNOWN_SKILLS, report);
        for limit in ["limit_total", "limit_contents", "limit_building"] {
            euros_to_money(skills, limit);
        }
    }
    place_base(line, &mut object, report);
    object.entry("zone").or_insert_with(|| json!("Europe/Paris"));
    object.entry("skills").or_insert_with(|| json!({}));
    object.insert("id".to_owned(), json!(id));
    let mut expert = into_type::<Expert>(line, object, report)?;
    expert.display_name = without_blanks(&expert.display_name).to_string();
    report.add_all(line, expert.check());
    settle_losses(line, &mut expert, report);
    check_codes(line, &expert, report);
    Some(expert)
}

/// Adds to an expert read from a table what the stored one has and no column holds.
fn keep_without_column(
    connection: &mut Connection,
    tenant: &TenantId,
    id: ExpertId,
    object: &mut Map<String, Value>,
) -> Result<(), StoreError> {
    let stored = experts::of_tenant_by_id(connection, tenant, id)?.map(|expert| json!(expert));
    for name in WITHOUT_COLUMN {
        if let Some(value) = stored.as_ref().and_then(|stored| stored.get(name)) {
            object.insert(name.to_owned(), value.clone());
        }
    }
    Ok(())
}

/// Puts a base given by postcode where the commune lies.
fn place_base(line: u64, object: &mut Map<String, Value>, report: &mut Report) {
    let Some(base) = object.get_mut("base") else { return };
    if base.get("lat").is_some() {
        return;
    }
    let Some(zip) = base.get("zip").and_then(Value::as_str) else { return };
    let city = base.get("city").and_then(Value::as_str);
    let zip = read_french(zip).unwrap_or_else(|_fault| zip.to_owned());
    // A spreadsheet may have taken off a leading zero; experts start in France.
    let restored = restore_postcode(&zip, city.unwrap_or_default());
    match Gazetteer::embedded().find(restored.as_deref().unwrap_or(&zip), city) {
        Ok(located) => *base = json!({ "lat": located.position.lat, "lon": located.position.lon }),
        Err(why) => {
            if why.is_of_city() {
                report.add(line, "base.city", format!("{}, or give lat and lon, in degrees", why.message()));
            } else {
                report.add(
                    line,
                    "base.zip",
                    "unknown postcode: write all five digits, or give lat and lon, in degrees",
                );
            }
            *base = json!({ "lat": 0.0, "lon": 0.0 });
        }
    }
}

/// Puts losses into the spelling of the table, which is what requests are compared with.
fn settle_losses(line: u64, expert: &mut Expert, report: &mut Report) {
    let codes = Codes::embedded();
    for entry in expert.skills.loss_natures.iter_mut().flatten() {
        let mut parts = entry.split('/').map(str::trim);
        let (nature, cause, detail) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let Some(nature) = codes.canonical(Table::LossNature, nature) else {
            report.add(line, "skills.loss_natures", codes.unknown(Table::LossNature, nature));
            continue;
        };
        let spelt =
            |table, code: Option<&str>| code.map(|code| codes.canonical(table, code).unwrap_or(code).to_owned());
        let cause = spelt(Table::LossCause, cause);
        let detail = spelt(Table::LossCauseDetail, detail);
        let is_known = cause.is_none()
            || codes.triples().iter().any(|triple| {
                triple.nature == nature && triple.cause == cause && (detail.is_none() || triple.detail == detail)
            });
        if is_known {
            *entry =
                [Some(nature), cause.as_deref(), detail.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("/");
        } else if let Err(unknown) = codes.resolve_triple(nature, cause.as_deref(), detail.as_deref()) {
            report.add(line, "skills.loss_natures", unknown.to_string());
        }
    }
}

fn check_codes(line: u64, expert: &Expert, report: &mut Report) {
    let codes = Codes::embedded();
    let insurers = [
        ("skills.insurers", expert.skills.insurers.as_ref()),
        ("exclusions.insurers", Some(&expert.exclusions.insurers)),
        ("ties", Some(&expert.ties)),
    ];
    for (field, given) in insurers {
        if given.into_iter().flatten().any(|insurer| codes.insurers_of(insurer).is_empty()) {
            report.add(line, field, "unknown insurer: expected ACAM codes of insurer_acam.csv, eight digits");
        }
    }
    if let constat_domain::expert::Territory::Departments(departments) = &expert.territory {
        let known: HashSet<&str> = Gazetteer::embedded().communes().iter().map(Commune::department).collect();
        if departments.iter().any(|department| !known.contains(department.as_str())) {
            report.add(line, "territory.departments", "expected département codes such as 75, 2A or 974");
        }
    }
}

/// Saves all of them.
pub fn save(tx: &mut Tx, tenant: &TenantId, ready: &[Ready], step: impl Fn()) -> Result<(), StoreError> {
    for Ready { reference, expert } in ready {
        experts::upsert_of_tenant(tx, tenant, reference, expert)?;
        step();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use constat_domain::ids::OrgId;
    use constat_domain::tenancy::Mode;
    use constat_store::Store;
    use constat_tables::lines::{Format, Lines};
    use jiff::Timestamp;

    use super::*;

    const JSON: &str = r#"{"reference":"E1","display_name":"Expert 017","base":{"lat":48.85,"lon":2.35},"skills":{"kinds":["ESS"]},
        "week":{"monday":["09:00-12:00"]},"schedules":[{"from":"2026-06-01","to":"2026-08-31","weeks":[{"friday":["09:00-12:00"]}]}],
        "exceptions":[{"from":"2026-12-24","to":"2026-12-24","hours":[]}],
        "on_call":[{"from":"2026-06-06","to":"2026-06-07","hours":["09:00-12:00"]}],"daily_cap":4}"#;

    /// Other bytes each time.
    #[derive(Default)]
    struct Counting(std::sync::atomic::AtomicU8);

    impl constat_core::SecureRandom for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    #[tokio::test]
    async fn a_table_of_hours_keeps_exceptions_schedules_and_on_call_hours_that_came_by_json() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("constat.db")).unwrap();
        let tenant = TenantId { org: OrgId::new(Timestamp::UNIX_EPOCH, &[1; 10]), mode: Mode::Test };
        let actor = Actor::operator(Timestamp::UNIX_EPOCH, Arc::new(Counting::default()));
        let import = async |text: &str, format: Format| {
            let mut report = Report::default();
            let records = Lines::new(text.as_bytes(), format).read_all(COLUMNS, &mut report).unwrap();
            let prepared: Result<Vec<Ready>, StoreError> =
                store.read(|c| prepare(c, &tenant, records, format.is_table(), &actor, &mut report));
            let Ok(ready) = prepared else { panic!("the store can be read") };
            assert!(report.is_empty(), "{}", report.text(None));
            let ready = Arc::new(ready);
            let saved: Result<(), StoreError> = store.write(move |tx| save(tx, &tenant, &ready, || ())).await;
            saved.unwrap();
            let all: Result<Vec<Expert>, StoreError> = store.read(|c| experts::all_of_tenant(c, &tenant));
            json!(all.unwrap().pop().unwrap())
        };
        let first = import(&JSON.replace('\n', " "), Format::JsonLines).await;
        let table = "reference;display_name;lat;lon;kinds;tuesday\nE1;Expert 017;48,85;2,35;ESS;10:00-16:00\n";
        let second = import(table, Format::Csv).await;
        for kept in ["id", "schedules", "exceptions", "on_call"] {
            assert!(!second[kept].is_null(), "{kept}");
            assert_eq!(second[kept], first[kept], "{kept}");
        }
        // What has a column is as the table says, the hours among it.
        assert_ne!(second["week"], first["week"]);
        assert!(second["daily_cap"].is_null());
        // JSON says all of it, so that it can take things away.
        let third = JSON.replace('\n', " ").replace("\"exceptions\":[{", "\"other\":[{");
        let third = third.replace("\"other\":[{\"from\":\"2026-12-24\",\"to\":\"2026-12-24\",\"hours\":[]}],", "");
        assert!(import(&third, Format::JsonLines).await["exceptions"].is_null());
    }
}
