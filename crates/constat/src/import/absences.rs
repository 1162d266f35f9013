//! Absences of a partner firm's experts.

use std::collections::HashMap;

use constat_app::Tx;
use constat_availability::Expert;
use constat_domain::ids::{AbsenceId, ExpertId};
use constat_domain::tenancy::TenantId;
use constat_store::queries::absences::{self, AbsenceRow};
use constat_store::queries::{expert_days, experts};
use constat_store::{Store, StoreError};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::lines::{Cell, Column, Record, column, into_type};
use super::report::Report;
use crate::failure::Failure;

/// The columns of a CSV file.
pub const COLUMNS: &[Column] = &[
    column("reference", "reference", Cell::Text),
    column("expert", "expert", Cell::Text),
    column("start", "start", Cell::Text),
    column("end", "end", Cell::Text),
    column("reason", "reason", Cell::Text),
];

/// Longest absence, in days: a longer one is a slip of the pen, or the expert is not active.
const LONGEST_DAYS: i64 = 1100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    reference: Option<String>,
    expert: String,
    start: String,
    end: String,
    #[serde(default)]
    reason: String,
}

/// An absence ready to be saved, with the local days it touches.
pub struct Ready {
    row: AbsenceRow,
    days: Vec<civil::Date>,
}

/// Reads and checks every record.
pub fn prepare(
    store: &Store,
    tenant: &TenantId,
    records: Vec<Record>,
    report: &mut Report,
) -> Result<Vec<Ready>, Failure> {
    let mut ready = Vec::new();
    let mut experts_seen: HashMap<String, Option<(ExpertId, TimeZone)>> = HashMap::new();
    let mut first_lines: HashMap<AbsenceId, u64> = HashMap::new();
    for Record { line, object } in records {
        let Some(given) = into_type::<Line>(line, object, report) else { continue };
        if !experts_seen.contains_key(&given.expert) {
            experts_seen.insert(given.expert.clone(), find_expert(store, tenant, &given.expert)?);
        }
        let Some(Some((expert, zone))) = experts_seen.get(&given.expert) else {
            report.add(line, "expert", "no expert of this organisation has this reference; import experts first");
            continue;
        };
        let start = read_time(&given.start, zone, Edge::First);
        let end = read_time(&given.end, zone, Edge::Last);
        for (field, time) in [("start", &start), ("end", &end)] {
            if let Err(message) = time {
                report.add(line, field, *message);
            }
        }
        let (Ok(start), Ok(end)) = (start, end) else { continue };
        if end <= start || end.duration_since(start) > SignedDuration::from_hours(24 * LONGEST_DAYS) {
            report.add(line, "end", format!("must be after the start, by {LONGEST_DAYS} days at most"));
            continue;
        }
        let id = identifier(tenant, *expert, given.reference.as_deref(), start, end);
        if let Some(first) = first_lines.insert(id, line) {
            report.add(line, "reference", format!("line {first} is the same absence"));
        }
        let days = days_between(start, end, zone);
        ready.push(Ready { row: AbsenceRow { id, expert: *expert, start, end, reason: given.reason }, days });
    }
    Ok(ready)
}

fn find_expert(store: &Store, tenant: &TenantId, reference: &str) -> Result<Option<(ExpertId, TimeZone)>, Failure> {
    let found = store.read(|connection| {
        let by_reference = experts::of_tenant_by_reference(connection, tenant, reference)?;
        let Some(id) = by_reference.or_else(|| reference.parse().ok()) else { return Ok(None) };
        experts::of_tenant_by_id::<Expert>(connection, tenant, id)
    });
    let found: Result<Option<Expert>, StoreError> = found;
    Ok(found?.and_then(|expert| Some((expert.id, TimeZone::get(&expert.zone).ok()?))))
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

/// Saves all of them. The days they touch are marked as changed, so that a booking which is being
/// decided at this moment decides again.
pub fn save(tx: &mut Tx, tenant: &TenantId, ready: &[Ready], step: impl Fn()) -> Result<(), StoreError> {
    for Ready { row, days } in ready {
        absences::upsert_of_tenant(tx, tenant, row)?;
        for day in days {
            expert_days::bump(tx, row.expert, *day)?;
        }
        step();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
