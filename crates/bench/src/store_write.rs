//! Compares the statements of a booking run through [`Store::write`] with the same statements run directly,
//! prepared once, in transactions of the same size. The difference is the cost of the queue, the savepoints,
//! the serialisation of rows and the hashes of the event chain.

use constat_domain::event_kinds::EventKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use constat_domain::appointment::Appointment;
use constat_domain::expert::{Expert, Skills, WeeklyHours};
use constat_domain::gazetteer::Gazetteer;
use constat_domain::geo::Position;
use constat_domain::ids::{EventId, ExpertId, OrgId};
use constat_domain::tenancy::{Mode, Organisation, OrganisationKind, TenantId};
use constat_store::queries::events::Event;
use constat_store::queries::{
    absences, appointments, calendar_changes, events, expert_days, experts, holds, organisations,
};
use constat_store::{Store, StoreError, Tx};
use constat_testkit::SeededRandom;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::schedule;

const EXPERTS: usize = 200;
/// Monday 23 November 2026, midnight UTC.
const MONDAY: i64 = 1_795_392_000;
/// The time around a visit that a commit reads: two days each way, as `constat_availability::neighbourhood`.
const AROUND: SignedDuration = SignedDuration::from_hours(48);

/// The measured rates.
#[derive(Debug, Clone, Copy)]
pub struct StoreWrite {
    /// Bookings per second through the store.
    pub through: f64,
    /// Bookings per second of the statements alone.
    pub bare: f64,
    /// Average bookings per commit, used as the transaction size of the statements alone.
    pub batch: usize,
}

/// Makes the same bookings through the store, with `clients` concurrent callers, and with the statements alone,
/// each in a new file of this folder.
pub async fn measure(folder: &Path, clients: usize, visits_of_each: usize) -> StoreWrite {
    let (staff, visits) = world(visits_of_each);
    let through = folder.join("store.db");
    let store = Store::open(&through).expect("a new database");
    fill(&store, &staff).await;
    let (rate, batch) = through_the_store(store, &visits, clients).await;
    let beside = folder.join("bare.db");
    let store = Store::open(&beside).expect("a new database");
    fill(&store, &staff).await;
    drop(store);
    let bare = bare(&beside, &visits, batch).expect("the bare statements run");
    for path in [through, beside] {
        let _removed_again_by_tempdir = std::fs::remove_file(path);
    }
    StoreWrite { through: rate, bare, batch }
}

fn tenant() -> TenantId {
    TenantId { org: OrgId::new(instant(MONDAY), &[7; 10]), mode: Mode::Test }
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("an instant in range")
}

/// Experts and their visits, ordered round-robin over the experts.
fn world(visits_of_each: usize) -> (Vec<Expert>, Vec<Appointment>) {
    let secure_random = SeededRandom::new(64);
    let place = |at: &constat_domain::gazetteer::Commune| {
        Some((at.postcodes().next()?.to_owned(), at.name.chars().take(32).collect(), at.position))
    };
    let communes = Gazetteer::embedded().communes();
    let places: Vec<(String, String, Position)> =
        communes.iter().filter(|commune| commune.department() == "92").filter_map(place).collect();
    let entropy = || constat_core::SecureRandom::entropy(&secure_random);
    let staff: Vec<Expert> = (0..EXPERTS)
        .map(|number| Expert {
            skills: Skills::default(),
            week: WeeklyHours::default(),
            ..Expert::new(
                ExpertId::new(instant(MONDAY), &entropy()),
                format!("Expert {number:03}"),
                places[number % places.len()].2,
                "Europe/Paris",
            )
        })
        .collect();
    let of_each: Vec<Vec<Appointment>> = staff
        .iter()
        .enumerate()
        .map(|(seed, expert)| schedule::visits(tenant(), expert, seed, (visits_of_each, 14), instant(MONDAY), &places))
        .collect();
    let visits = (0..visits_of_each).flat_map(|round| of_each.iter().map(move |visits| visits[round].clone()));
    (staff.clone(), visits.collect())
}

async fn fill(store: &Store, staff: &[Expert]) {
    let staff = staff.to_vec();
    let hired = store.write(move |tx| {
        let tenant = tenant();
        let (id, kind, created_at) = (tenant.org, OrganisationKind::Partner, instant(MONDAY));
        organisations::insert(tx, &Organisation { id, kind, name: "Firm".to_owned(), acam_code: None, created_at })?;
        for expert in &staff {
            experts::upsert_of_tenant(tx, &tenant, &expert.display_name, expert)?;
        }
        Ok::<_, StoreError>(())
    });
    hired.await.expect("experts are saved");
}

/// Bookings per second, and average bookings per commit.
async fn through_the_store(store: Store, visits: &[Appointment], clients: usize) -> (f64, usize) {
    let visits: Arc<[Appointment]> = visits.into();
    let next = Arc::new(AtomicUsize::new(0));
    let groups = store.events_appended();
    let before = *groups.borrow();
    let started = Instant::now();
    let of_clients = (0..clients).map(|_| {
        let (store, visits, next) = (store.clone(), Arc::clone(&visits), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= visits.len() {
                    return;
                }
                let visits = Arc::clone(&visits);
                store.write(move |tx| book(tx, &visits[number])).await.expect("a booking");
            }
        })
    });
    for client in of_clients.collect::<Vec<_>>() {
        client.await.expect("a client");
    }
    let rate = per_second(visits.len(), started);
    let groups = usize::try_from(*groups.borrow() - before).unwrap_or(1).max(1);
    (rate, visits.len().div_ceil(groups))
}

/// The statements of `constat_scheduling::Scheduler::book`, without its decisions.
fn book(tx: &mut Tx, visit: &Appointment) -> Result<(), StoreError> {
    calendar_changes::version_of_tenant(tx, &visit.tenant)?;
    holds::of_session(tx, visit.session)?;
    appointments::use_session(tx, visit.session, visit.id, visit.created_at)?;
    let day = visit.civil_start.date();
    let version = expert_days::version(tx, visit.expert, day)?;
    let (from, to) = (visit.busy_from - AROUND, visit.busy_to + AROUND);
    appointments::busy_of_expert_between(tx, visit.expert, from, to)?;
    holds::of_expert_between(tx, visit.expert, (from, to), visit.created_at)?;
    absences::of_expert_between(tx, visit.expert, from, to)?;
    appointments::insert(tx, visit)?;
    let mut entropy = [0; 10];
    entropy.copy_from_slice(&visit.id.uuid().as_bytes()[6..]);
    let id = EventId::new(visit.created_at, &entropy);
    let data = serde_json::json!({ "expert": visit.expert, "start": visit.slot.start, "end": visit.slot.end });
    let (subject, kind, actor) = (visit.id.to_string(), EventKind::AppointmentBooked.into(), "system".to_owned());
    events::append(tx, &Event { id, tenant: visit.tenant, subject, kind, at: visit.created_at, actor, data })?;
    let advanced = expert_days::advance(tx, visit.expert, day, version)?;
    assert!(advanced, "one writer: no other is faster");
    Ok(())
}

/// A booking's rows as texts and numbers, prepared before the measurement.
struct Bare {
    id: String,
    session: String,
    expert: String,
    day: i64,
    from: i64,
    to: i64,
    position: Option<Position>,
    created_at: i64,
    zip: String,
    body: String,
    event: String,
    data: String,
}

impl Bare {
    fn of(visit: &Appointment) -> Self {
        Self {
            id: visit.id.to_string(),
            session: visit.session.to_string(),
            expert: visit.expert.to_string(),
            day: visit.busy_from.as_second() / 86_400,
            from: visit.busy_from.as_microsecond(),
            to: visit.busy_to.as_microsecond(),
            position: visit.place.position,
            created_at: visit.created_at.as_microsecond(),
            zip: visit.place.address.zip_code.clone(),
            body: serde_json::to_string(visit).expect("JSON"),
            event: visit.id.to_string().replace("apt_", "evt_"),
            data: serde_json::json!({ "expert": visit.expert, "start": visit.slot.start, "end": visit.slot.end })
                .to_string(),
        }
    }
}

/// Bookings per second of the statements alone, `batch` bookings per transaction.
fn bare(path: &Path, visits: &[Appointment], batch: usize) -> rusqlite::Result<f64> {
    let rows: Vec<Bare> = visits.iter().map(Bare::of).collect();
    let tenant = tenant().to_string();
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 16000;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    let started = Instant::now();
    let mut position = 0;
    for group in rows.chunks(batch) {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for row in group {
            statements(&connection, &tenant, row)?;
        }
        position = append(&connection, &tenant, group, position)?;
        connection.execute_batch("COMMIT")?;
    }
    Ok(per_second(rows.len(), started))
}

fn statements(connection: &Connection, tenant: &str, row: &Bare) -> rusqlite::Result<()> {
    let around = i64::try_from(AROUND.as_micros()).unwrap_or(0);
    let (first, last) = (row.from - around, row.to + around);
    drain(connection, "SELECT version FROM calendar_changes WHERE tenant = ?", params![tenant])?;
    drain(
        connection,
        "SELECT id, tenant, expert, session, holder, busy_from, busy_to, lat, lon, expires_at FROM holds \
         WHERE session = ? ORDER BY id",
        params![row.session],
    )?;
    let used = "INSERT INTO used_sessions (session, appointment, used_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    connection.prepare_cached(used)?.execute(params![row.session, row.id, row.created_at])?;
    let version: Option<i64> = connection
        .prepare_cached("SELECT version FROM expert_days WHERE expert = ? AND day = ?")?
        .query_row(params![row.expert, row.day], |found| found.get(0))
        .optional()?;
    drain(
        connection,
        "SELECT id, expert, busy_from, busy_to, lat, lon FROM appointments WHERE expert = ? AND status = 'booked' \
         AND busy_to > ? AND busy_from < ? ORDER BY busy_from",
        params![row.expert, first, last],
    )?;
    drain(
        connection,
        "SELECT id, tenant, expert, session, holder, busy_from, busy_to, lat, lon, expires_at FROM holds \
         WHERE expert = ? AND busy_to > ? AND busy_from < ? AND expires_at > ?",
        params![row.expert, first, last, row.created_at],
    )?;
    drain(
        connection,
        "SELECT id, tenant, expert, starts_at, ends_at, reason, series FROM absences WHERE expert = ? \
         AND ends_at > ? AND starts_at < ? ORDER BY starts_at",
        params![row.expert, first, last],
    )?;
    connection
        .prepare_cached(
            "INSERT INTO appointments (id, tenant, expert, status, busy_from, busy_to, lat, lon, booked_by, claim_id, \
             zip, starts_at, created_at, search_text, version, body) \
             VALUES (?, ?, ?, 'booked', ?, ?, ?, ?, ?, NULL, ?, ?, ?, 'bench', 1, ?)",
        )?
        .execute(params![
            row.id,
            tenant,
            row.expert,
            row.from,
            row.to,
            row.position.map(|at| at.lat),
            row.position.map(|at| at.lon),
            tenant,
            row.zip,
            row.from,
            row.created_at,
            row.body
        ])?;
    let guard = if version.is_none() {
        "INSERT INTO expert_days (expert, day, version) VALUES (?, ?, 1) ON CONFLICT DO NOTHING"
    } else {
        "UPDATE expert_days SET version = version + 1 WHERE expert = ? AND day = ?"
    };
    connection.prepare_cached(guard)?.execute(params![row.expert, row.day])?;
    Ok(())
}

/// The events of a transaction, with made-up hashes, and the chain's new end.
fn append(connection: &Connection, tenant: &str, group: &[Bare], mut position: i64) -> rusqlite::Result<i64> {
    let hash = [7_u8; 32];
    drain(connection, "SELECT length, hash FROM event_chains WHERE tenant = ?", params![tenant])?;
    for row in group {
        position += 1;
        connection
            .prepare_cached(
                "INSERT INTO events (id, tenant, position, subject, kind, at, actor, data, data_hash, previous, hash) \
                 VALUES (?, ?, ?, ?, 'appointment.booked', ?, 'system', ?, ?, ?, ?)",
            )?
            .execute(params![row.event, tenant, position, row.id, row.created_at, row.data, hash, hash, hash])?;
    }
    connection
        .prepare_cached(
            "INSERT INTO event_chains (tenant, length, hash) VALUES (?, ?, ?) \
             ON CONFLICT (tenant) DO UPDATE SET length = excluded.length, hash = excluded.hash",
        )?
        .execute(params![tenant, position, hash])?;
    Ok(position)
}

/// Reads every row of a query.
fn drain(connection: &Connection, query: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        std::hint::black_box(row.get_ref(0)?);
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn per_second(count: usize, started: Instant) -> f64 {
    count as f64 / started.elapsed().as_secs_f64()
}
