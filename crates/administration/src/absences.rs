//! Absences of a partner firm's experts.

use std::collections::{BTreeSet, HashMap, HashSet};

use constat_core::AppError;
use constat_domain::Refusal;
use constat_domain::appointment::{Appointment, AppointmentStatus};
use constat_domain::event_kinds::EventKind;
use constat_domain::expert::Absence;
use constat_domain::ids::{AbsenceId, ExpertId};
use constat_domain::refusal::AdministrationRefusal;
use constat_domain::tenancy::{Caller, TenantId};
use constat_store::queries::{absences, appointments, expert_days, experts as stored_experts};
use constat_store::{Connection, StoreError, Tx};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::recurrence::{self, First};
use crate::{Actor, experts};
use constat_tables::cells::{Cell, next_midnight};
use constat_tables::lines::{Column, Record, column, into_type, remove_nulls, settle_json};
use constat_tables::report::Report;

/// The columns of a CSV file.
pub const COLUMNS: &[Column] = &[
    column("reference", "reference", Cell::Id),
    column("expert", "expert", Cell::Id),
    column("start", "start", Cell::Time),
    column("end", "end", Cell::Time),
    column("reason", "reason", Cell::Text),
    column("rrule", "rrule", Cell::Text),
    column("exdates", "exdates", Cell::ListOf(&Cell::Date)),
];

/// Longest absence, in days: a longer one is a slip of the pen, or the expert is not active.
const MAX_DAYS: i64 = 1100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    reference: Option<String>,
    expert: String,
    start: String,
    end: String,
    #[serde(default)]
    reason: String,
    rrule: Option<String>,
    #[serde(default)]
    exdates: Vec<civil::Date>,
}

/// An absence ready to be saved: one row, or those of a rule's occurrences.
pub struct Ready {
    line: u64,
    /// The firm's reference of the expert.
    reference: String,
    expert: ExpertId,
    series: AbsenceId,
    rows: Vec<Absence>,
    zone: TimeZone,
}

/// Reads and checks every record.
pub fn prepare(
    connection: &mut Connection,
    tenant: &TenantId,
    records: Vec<Record>,
    report: &mut Report,
) -> Result<Vec<Ready>, StoreError> {
    let mut ready = Vec::new();
    let mut experts_seen: HashMap<String, Option<(ExpertId, TimeZone)>> = HashMap::new();
    let mut first_lines: HashMap<AbsenceId, u64> = HashMap::new();
    for Record { line, mut object } in records {
        remove_nulls(&mut object, &[]);
        settle_json(&mut object, COLUMNS, "", true, |field, message| report.add(line, field, message));
        let Some(given) = into_type::<Line>(line, object, report) else { continue };
        if !experts_seen.contains_key(&given.expert) {
            experts_seen.insert(given.expert.clone(), find_expert(connection, tenant, &given.expert)?);
        }
        let Some(Some((expert, zone))) = experts_seen.get(&given.expert) else {
            report.add(line, "expert", "no expert of this organisation has this reference; import experts first");
            continue;
        };
        let start = read_time(&given.start, zone, Edge::First);
        let end = read_time(&given.end, zone, Edge::Last);
        for (field, time) in [("start", &start), ("end", &end)] {
            if let Err(message) = time
                && !report.blames(line, field)
            {
                report.add(line, field, *message);
            }
        }
        let (Ok(start), Ok(end)) = (start, end) else { continue };
        if end <= start || end.duration_since(start) > SignedDuration::from_hours(24 * MAX_DAYS) {
            report.add(line, "end", format!("must be after the start, by {MAX_DAYS} days at most"));
            continue;
        }
        let id = identifier(tenant, *expert, given.reference.as_deref(), start, end);
        if let Some(first) = first_lines.insert(id, line) {
            report.add(line, "reference", format!("line {first} is the same absence"));
        }
        let times = match given.times(start, end, zone) {
            Ok(times) => times,
            Err((field, message)) => {
                report.add(line, field, message);
                continue;
            }
        };
        let recurs = given.rrule.is_some();
        let reason = Some(given.reason.clone()).filter(|reason| !reason.is_empty());
        let row = |(start, end)| {
            let id = if recurs { identify(&format!("{id}\n{start}")) } else { id };
            Absence { id, expert: *expert, start, end, reason: reason.clone() }
        };
        let rows = times.into_iter().map(row).collect();
        ready.push(Ready { line, reference: given.expert, expert: *expert, series: id, rows, zone: zone.clone() });
    }
    Ok(ready)
}

impl Line {
    /// From when to when: once, or as often as the rule says.
    fn times(
        &self,
        start: Timestamp,
        end: Timestamp,
        zone: &TimeZone,
    ) -> Result<Vec<(Timestamp, Timestamp)>, (&'static str, String)> {
        let Some(rule) = &self.rrule else {
            let nothing = self.exdates.is_empty();
            return if nothing { Ok(vec![(start, end)]) } else { Err(("exdates", "needs an rrule".to_owned())) };
        };
        let first = First { start: zone.to_datetime(start), end: zone.to_datetime(end) };
        let mut times = recurrence::occurrences(rule, first, zone).map_err(|message| ("rrule", message))?;
        for date in &self.exdates {
            let before = times.len();
            times.retain(|(start, _)| zone.to_datetime(*start).date() != *date);
            if times.len() == before {
                return Err(("exdates", format!("no occurrence begins on {date}")));
            }
        }
        if times.is_empty() { Err(("exdates", "leave no occurrence".to_owned())) } else { Ok(times) }
    }
}

fn find_expert(
    connection: &mut Connection,
    tenant: &TenantId,
    named: &str,
) -> Result<Option<(ExpertId, TimeZone)>, StoreError> {
    if experts::has_control(named) {
        return Ok(None);
    }
    let found = stored_experts::of_tenant_by_name(connection, tenant, named)?;
    Ok(found.and_then(|(_reference, expert)| Some((expert.id, TimeZone::get(&expert.zone).ok()?))))
}

#[derive(Clone, Copy)]
enum Edge {
    First,
    Last,
}

/// An instant with its offset, a civil time in the expert's zone, or a date: the first day's
/// beginning, or the last day's end.
fn read_time(text: &str, zone: &TimeZone, edge: Edge) -> Result<Timestamp, &'static str> {
    const EXPECTED: &str =
        "expected a date (2026-12-24), a local time (2026-12-24T09:00) or an instant with its offset";
    let text = &*next_midnight(text);
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let civil = if let Ok(date) = civil::Date::strptime("%Y-%m-%d", text) {
        let date = match edge {
            Edge::First => date,
            Edge::Last => date.checked_add(1.day()).map_err(|_too_late| EXPECTED)?,
        };
        date.at(0, 0, 0, 0)
    } else if text.contains('T') {
        text.parse::<civil::DateTime>().map_err(|_neither| EXPECTED)?
    } else {
        return Err(EXPECTED);
    };
    zone.to_timestamp(civil).map_err(|_beyond| EXPECTED)
}

/// The same absence gets the same identifier, so that a file imported twice changes nothing. An
/// absence with a reference may change its times; one without is known by them.
fn identifier(
    tenant: &TenantId,
    expert: ExpertId,
    reference: Option<&str>,
    start: Timestamp,
    end: Timestamp,
) -> AbsenceId {
    let text = match reference {
        Some(reference) => format!("{tenant}\n{expert}\nreference\n{reference}"),
        None => format!("{tenant}\n{expert}\n{start}\n{end}"),
    };
    identify(&text)
}

fn identify(text: &str) -> AbsenceId {
    let digest: [u8; 32] = Sha256::digest(text).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    AbsenceId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

fn days_between(start: Timestamp, end: Timestamp, zone: &TimeZone) -> Vec<civil::Date> {
    let last = zone.to_datetime(end).date();
    std::iter::successors(Some(zone.to_datetime(start).date()), |day| day.tomorrow().ok())
        .take_while(|day| *day <= last)
        .collect()
}

/// Saves all of them, in place of what their references stood for before. Advances the versions of the days that they
/// touch, or touched, so that a booking under way decides again.
pub fn save(tx: &mut Tx, tenant: &TenantId, ready: &[Ready], step: impl Fn()) -> Result<(), StoreError> {
    for Ready { expert, series, rows, zone, .. } in ready {
        let before = absences::replace_series_of_tenant(tx, tenant, *series, rows)?;
        touch_days(tx, *expert, before.iter().chain(rows), zone)?;
        step();
    }
    Ok(())
}

fn touch_days<'a>(
    tx: &mut Tx,
    expert: ExpertId,
    rows: impl Iterator<Item = &'a Absence>,
    zone: &TimeZone,
) -> Result<(), StoreError> {
    let days: BTreeSet<civil::Date> = rows.flat_map(|row| days_between(row.start, row.end, zone)).collect();
    days.into_iter().try_for_each(|day| expert_days::bump(tx, expert, day))
}

/// A booked visit that lies in an absence.
pub struct VisitWithin {
    /// The line of the file with the absence.
    pub line: u64,
    /// The firm's reference of the expert, as the absence has it.
    pub expert: String,
    /// The visit.
    pub visit: Appointment,
}

/// The booked visits that lie in the absences and are not over. An absence cancels nothing: the firm reschedules or
/// cancels them.
pub fn visits_within(
    connection: &mut Connection,
    tenant: &TenantId,
    ready: &[Ready],
    now: Timestamp,
) -> Result<Vec<VisitWithin>, StoreError> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for Ready { line, reference, expert, rows, .. } in ready {
        for row in rows.iter().filter(|row| row.end > now) {
            for visit in appointments::of_tenant_by_expert_between(connection, tenant, *expert, row.start, row.end)? {
                if visit.status == AppointmentStatus::Booked && visit.busy_to > now && seen.insert(visit.id) {
                    found.push(VisitWithin { line: *line, expert: reference.clone(), visit });
                }
            }
        }
    }
    Ok(found)
}

/// An absence as saved by the firm.
pub struct SavedAbsence {
    /// Identifies the absence with all its occurrences.
    pub id: AbsenceId,
    /// Its occurrences; one, unless it recurs.
    pub occurrences: Vec<Absence>,
    /// The booked visits that lie in it.
    pub visits: Vec<Appointment>,
}

/// Adds an absence of one expert, or replaces the one with the same reference. `record` is a JSON object as an import
/// reads it, without `expert`.
///
/// # Errors
/// The fields that are wrong; [`constat_domain::refusal::BookingRefusal::ExpertNotFound`];
/// [`AdministrationRefusal::NotOwner`] for a platform's key.
pub fn save_absence(
    tx: &mut Tx,
    actor: &Actor,
    caller: &Caller,
    expert: &str,
    mut record: Map<String, Value>,
) -> Result<SavedAbsence, AppError> {
    let expert = experts::find_expert(tx, caller, expert)?;
    record.insert("expert".to_owned(), json!(expert.expert.id));
    let mut report = Report::default();
    let records = vec![Record { line: 0, object: record }];
    let ready = prepare(tx, &caller.tenant, records, &mut report)?;
    Refusal::unless_empty(report.of_record())?;
    save(tx, &caller.tenant, &ready, || ())?;
    let visits = visits_within(tx, &caller.tenant, &ready, actor.at())?;
    let Some(Ready { series, expert, rows, .. }) = ready.into_iter().next() else {
        return Err(Refusal::field("", "is not the record of an absence").into());
    };
    record_event(tx, actor, caller, EventKind::AbsenceSaved, (series, expert, rows.len()))?;
    Ok(SavedAbsence { id: series, occurrences: rows, visits: visits.into_iter().map(|within| within.visit).collect() })
}

/// Removes an absence of one expert, or one occurrence of a recurring absence. Returns the removed occurrences,
/// each with the id of its absence.
///
/// # Errors
/// [`AdministrationRefusal::AbsenceNotFound`], [`constat_domain::refusal::BookingRefusal::ExpertNotFound`],
/// [`AdministrationRefusal::NotOwner`] for a platform's key.
pub fn remove_absence(
    tx: &mut Tx,
    actor: &Actor,
    caller: &Caller,
    expert: &str,
    id: AbsenceId,
) -> Result<Vec<(AbsenceId, Absence)>, AppError> {
    let expert = experts::find_expert(tx, caller, expert)?.expert;
    let removed = absences::delete_of_tenant_and_expert(tx, &caller.tenant, expert.id, id)?;
    if removed.is_empty() {
        return Err(AdministrationRefusal::AbsenceNotFound.into());
    }
    let zone = TimeZone::get(&expert.zone).unwrap_or(TimeZone::UTC);
    touch_days(tx, expert.id, removed.iter().map(|(_series, row)| row), &zone)?;
    record_event(tx, actor, caller, EventKind::AbsenceRemoved, (id, expert.id, removed.len()))?;
    Ok(removed)
}

/// The absences of one expert that overlap the time from `from` (included) to `to` (excluded), by start. Each is with
/// the id of the absence that it is an occurrence of.
///
/// # Errors
/// [`constat_domain::refusal::BookingRefusal::ExpertNotFound`]; [`AdministrationRefusal::NotOwner`] for a platform's key.
pub fn list_absences(
    connection: &mut Connection,
    caller: &Caller,
    expert: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(AbsenceId, Absence)>, AppError> {
    let expert = experts::find_expert(connection, caller, expert)?.expert.id;
    Ok(absences::listed_of_tenant_and_expert_between(connection, &caller.tenant, expert, from, to)?)
}

fn record_event(
    tx: &mut Tx,
    actor: &Actor,
    caller: &Caller,
    kind: EventKind,
    (absence, expert, occurrences): (AbsenceId, ExpertId, usize),
) -> Result<(), StoreError> {
    let data = json!({ "expert": expert, "occurrences": occurrences });
    actor.record(tx, caller.tenant, absence, kind, data)
}

#[cfg(test)]
mod tests {
    use constat_domain::expert::Expert;
    use constat_domain::geo::Position;
    use constat_domain::ids::OrgId;
    use constat_domain::tenancy::Mode;
    use constat_store::Store;
    use jiff::civil::date;
    use std::sync::Arc;

    use super::*;

    /// A firm with one expert in Paris, known as E1.
    async fn firm(store: &Store) -> (TenantId, ExpertId) {
        let tenant = TenantId { org: OrgId::new(Timestamp::UNIX_EPOCH, &[1; 10]), mode: Mode::Test };
        let id = ExpertId::new(Timestamp::UNIX_EPOCH, &[1; 10]);
        let expert = Expert::new(id, "Expert 017", Position { lat: 48.85, lon: 2.35 }, "Europe/Paris");
        store.write(move |tx| stored_experts::upsert_of_tenant(tx, &tenant, "E1", &expert)).await.unwrap();
        (tenant, id)
    }

    fn prepared(store: &Store, tenant: &TenantId, object: serde_json::Value) -> Result<Vec<Ready>, String> {
        let serde_json::Value::Object(object) = object else { panic!("an object") };
        let mut report = Report::default();
        let records = vec![Record { line: 1, object }];
        let prepared: Result<Vec<Ready>, StoreError> =
            store.read(|connection| prepare(connection, tenant, records, &mut report));
        let Ok(ready) = prepared else { panic!("the store can be read") };
        if report.is_empty() { Ok(ready) } else { Err(report.text(None)) }
    }

    #[tokio::test]
    async fn the_same_reference_again_replaces_the_whole_series() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("constat.db")).unwrap();
        let (tenant, expert) = firm(&store).await;
        let import = async |object| {
            let ready = Arc::new(prepared(&store, &tenant, object).unwrap());
            store.write(move |tx| save(tx, &tenant, &ready, || ())).await.unwrap();
            let all: Result<_, StoreError> = store.read(|c| absences::all_of_tenant_after(c, &tenant, Timestamp::MIN));
            all.unwrap().iter().map(|row| row.start.to_string()).collect::<Vec<_>>()
        };
        let version = |day| {
            let version: Result<i64, StoreError> = store.read(|c| expert_days::version(c, expert, day));
            version.unwrap()
        };
        let mondays = json!({
            "reference": "A1", "expert": "E1", "start": "2026-10-19T09:00", "end": "2026-10-19T12:00",
            "rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=3", "exdates": ["2026-10-26"],
        });
        let expected = ["2026-10-19T07:00:00Z", "2026-11-02T08:00:00Z"];
        assert_eq!(import(mondays.clone()).await, expected);
        assert_eq!(import(mondays).await, expected, "again, without harm");
        let before = version(date(2026, 11, 2));
        let once = json!({ "reference": "A1", "expert": "E1", "start": "2026-12-24T09:00", "end": "2026-12-24T12:00" });
        assert_eq!(import(once).await, ["2026-12-24T08:00:00Z"], "nothing is left of the series");
        assert!(version(date(2026, 11, 2)) > before, "a day that was freed counts as changed");
        assert_eq!(version(date(2026, 12, 24)), 1);
    }

    #[tokio::test]
    async fn absences_and_rules_that_make_no_sense_are_refused_by_field() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("constat.db")).unwrap();
        let (tenant, _) = firm(&store).await;
        let given = |end: &str, rule: Option<&str>, exdates: &[&str]| {
            let mut object = json!({ "expert": "E1", "start": "2026-10-19T09:00", "end": end, "exdates": exdates });
            if let Some(rule) = rule {
                object["rrule"] = rule.into();
            }
            prepared(&store, &tenant, object).map(|_| ()).unwrap_err()
        };
        let noon = "2026-10-19T12:00";
        for (said, told) in [
            (given("2026-10-19T08:00", None, &[]), "end: must be after the start"),
            (given("2026-10-19T09:00", None, &[]), "end: must be after the start"),
            (given("2030-10-19", None, &[]), "end: must be after the start, by 1100 days at most"),
            (given(noon, Some("FREQ=WEEKLY"), &[]), "rrule: never ends"),
            (given(noon, Some("FREQ=WEEKLY;COUNT=2"), &["2026-10-20"]), "exdates: no occurrence begins on 2026-10-20"),
            (given(noon, Some("FREQ=WEEKLY;COUNT=1"), &["2026-10-19"]), "exdates: leave no occurrence"),
            (given(noon, Some("FREQ=WEEKLY;COUNT=1"), &["Monday"]), "exdates[0]"),
            (given(noon, None, &["2026-10-19"]), "exdates: needs an rrule"),
        ] {
            assert!(said.contains(told), "{told} is not in {said}");
        }
    }

    #[test]
    fn dates_are_whole_days_of_the_experts_own_zone() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let time = |text, edge| read_time(text, &paris, edge).map(|instant| instant.to_string());
        assert_eq!(time("2026-10-25", Edge::First).unwrap(), "2026-10-24T22:00:00Z");
        assert_eq!(time("2026-10-25", Edge::Last).unwrap(), "2026-10-25T23:00:00Z");
        assert_eq!(time("2026-12-24T09:00", Edge::First).unwrap(), "2026-12-24T08:00:00Z");
        assert_eq!(time("2026-12-24T09:00:00+04:00", Edge::First).unwrap(), "2026-12-24T05:00:00Z");
        assert!(
            ["", "24/12/2026", "tomorrow", "2026-13-01", "2026-12-24 09:00"]
                .iter()
                .all(|bad| time(bad, Edge::First).is_err())
        );
    }
}
