//! The store's tests, on the database that `CONSTAT_TEST_DATABASE` names: `sqlite` (the default) or `postgres`.

use constat_domain::event_kinds::EventKind;
use std::ops::DerefMut;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use constat_domain::ids::{AbsenceId, EventId, ExpertId, OrgId, SessionId};
use constat_domain::tenancy::{Mode, Organisation, OrganisationKind, TenantId};
use diesel::connection::{Connection as _, InstrumentationEvent, SimpleConnection as _};
use diesel::prelude::*;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use jiff::civil::date;

use crate::queries::{absences, api_keys, appointments, claims, events, expert_days, experts, holds, organisations};
use crate::{Connection, Database, Documents, Store, StoreError};

#[path = "../../testkit/src/postgres/mod.rs"]
#[expect(dead_code, reason = "the tests of other crates use the rest")]
mod postgres;

use postgres::{FreshDatabase, TestDatabase, fresh_database};

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

fn organisation(number: u8) -> Organisation {
    Organisation {
        id: OrgId::new(now(), &[number; 10]),
        kind: OrganisationKind::Partner,
        name: format!("Firm {number}"),
        acam_code: None,
        created_at: now(),
    }
}

fn event(number: u8, tenant: TenantId) -> events::Event {
    events::Event {
        id: EventId::new(now(), &[number; 10]),
        tenant,
        subject: "exp_1".to_owned(),
        kind: EventKind::ClaimCreated.into(),
        at: now(),
        actor: "system".to_owned(),
        data: serde_json::json!({ "number": number }),
    }
}

/// An empty database, removed with this value.
enum TestStore {
    File(tempfile::TempDir),
    Server(FreshDatabase),
}

impl TestStore {
    fn new() -> Self {
        match TestDatabase::wanted() {
            TestDatabase::Sqlite => Self::File(tempfile::tempdir().unwrap()),
            TestDatabase::Postgres => Self::Server(fresh_database()),
        }
    }

    /// Opens it with one writer, as a node of its own.
    fn open(&self) -> Store {
        let database = match self {
            Self::File(folder) => Database::File(folder.path().join("constat.db")),
            Self::Server(server) => Database::Server { url: server.url.clone(), writers: 1, readers: 2 },
        };
        Store::of(database).unwrap()
    }
}

fn temporary() -> (TestStore, Store) {
    let database = TestStore::new();
    let store = database.open();
    (database, store)
}

#[tokio::test]
async fn a_failed_unit_leaves_no_trace_and_the_others_are_committed() {
    let (_folder, store) = temporary();
    let effects = Arc::new(AtomicUsize::new(0));
    let mut units = Vec::new();
    for number in 0..40_u8 {
        let (store, effects) = (store.clone(), Arc::clone(&effects));
        units.push(tokio::spawn(async move {
            store
                .write(move |tx| {
                    organisations::insert(tx, &organisation(number))?;
                    let effects = Arc::clone(&effects);
                    tx.after_commit(move || {
                        effects.fetch_add(1, Ordering::SeqCst);
                    });
                    match number % 4 {
                        0 => Err(StoreError::Conflict("refused by the rules".to_owned())),
                        1 => panic!("a fault in one unit"),
                        _ => Ok(number),
                    }
                })
                .await
        }));
    }
    let mut kept = 0;
    for unit in units {
        kept += usize::from(unit.await.unwrap().is_ok());
    }
    let stored = store.read(organisations::all).unwrap();
    assert_eq!((kept, stored.len(), effects.load(Ordering::SeqCst)), (20, 20, 20));
}

#[tokio::test]
async fn units_that_share_a_transaction_with_a_refused_one_are_committed_once() {
    let (_folder, store) = temporary();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = Arc::new(std::sync::Mutex::new(wait));
    // While this one is at work, the others gather.
    let first = store.clone();
    let first = tokio::spawn(async move {
        first.write(move |_tx| wait.lock().unwrap().recv().map_err(|gone| StoreError::Busy(gone.to_string()))).await
    });
    let (runs, effects) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let firm = organisation(0);
    let tenant = TenantId { org: firm.id, mode: Mode::Test };
    let mut gathered = Vec::new();
    for number in 1..=6_u8 {
        let (store, runs, effects) = (store.clone(), Arc::clone(&runs), Arc::clone(&effects));
        let mut unit = Box::pin(async move {
            let unit = move |tx: &mut crate::Tx| {
                runs.fetch_add(1, Ordering::SeqCst);
                organisations::insert(tx, &organisation(number))?;
                events::append(tx, &event(number, tenant))?;
                tx.after_commit(move || {
                    effects.fetch_add(1, Ordering::SeqCst);
                });
                if number == 4 { Err(StoreError::Conflict("refused by the rules".to_owned())) } else { Ok(()) }
            };
            store.write(unit).await
        });
        // Queued, and not done.
        assert!(futures_util::poll!(&mut unit).is_pending());
        gathered.push(unit);
    }
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    let kept: Vec<bool> = futures_util::future::join_all(gathered).await.iter().map(Result::is_ok).collect();
    assert_eq!(kept, [true, true, true, false, true, true]);
    let stored: Vec<String> = store.read(organisations::all).unwrap().into_iter().map(|firm| firm.name).collect();
    assert_eq!(stored, ["Firm 1", "Firm 2", "Firm 3", "Firm 5", "Firm 6"]);
    let chain = store.read(|c| events::of_tenant_after(c, &tenant, 0, 10)).unwrap();
    let order: Vec<_> = chain.iter().map(|(_, event)| event.data["number"].as_u64().unwrap()).collect();
    assert_eq!((order, effects.load(Ordering::SeqCst)), (vec![1, 2, 3, 5, 6], 5));
    assert_eq!(runs.load(Ordering::SeqCst), 6, "each ran once: the refused one was rolled back alone");
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let (database, store) = temporary();
    let firm = organisation(1);
    let tenant = TenantId { org: firm.id, mode: Mode::Test };
    let saved = firm.clone();
    store
        .write(move |tx| {
            organisations::insert(tx, &saved)?;
            events::append(tx, &event(1, tenant))?;
            events::append(tx, &event(2, tenant))
        })
        .await
        .unwrap();
    drop(store);
    let store = database.open();
    assert_eq!(store.read(|c| organisations::by_name(c, "Firm 1")).unwrap(), Some(firm.clone()));
    let seen = store.read(|c| events::of_tenant_after(c, &tenant, 0, 10)).unwrap();
    assert_eq!(seen.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1, 2]);
    let live = TenantId { mode: Mode::Live, ..tenant };
    assert!(store.read(|c| events::of_tenant_after(c, &live, 0, 10)).unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_conflict() {
    let (_folder, store) = temporary();
    store.write(|tx| organisations::insert(tx, &organisation(1))).await.unwrap();
    let twin = Organisation { id: OrgId::new(now(), &[9; 10]), ..organisation(1) };
    let refused = store.write(move |tx| organisations::insert(tx, &twin)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
}

#[tokio::test]
async fn a_day_advances_only_from_the_version_that_was_read() {
    let (_folder, store) = temporary();
    let expert = ExpertId::new(now(), &[3; 10]);
    let day = date(2026, 11, 23);
    let outcome = store
        .write(move |tx| {
            let mut seen = vec![expert_days::advance(tx, expert, day, 0)?];
            seen.push(expert_days::advance(tx, expert, day, 0)?);
            seen.push(expert_days::advance(tx, expert, day, 1)?);
            expert_days::bump(tx, expert, day)?;
            seen.push(expert_days::advance(tx, expert, day, 2)?);
            Ok::<_, StoreError>((seen, expert_days::version(tx, expert, day)?))
        })
        .await
        .unwrap();
    assert_eq!(outcome, (vec![true, false, true, false], 3));
}

#[tokio::test]
async fn documents_come_back_whole_or_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let documents = Documents::local(&folder.path().join("documents")).unwrap();
    documents.put("a/b", Bytes::from_static(b"0123456789")).await.unwrap();
    let read = |range| {
        let documents = documents.clone();
        async move {
            let parts: Vec<Bytes> = documents.get("a/b", range).await.unwrap().unwrap().try_collect().await.unwrap();
            parts.concat()
        }
    };
    assert_eq!(read(None).await, b"0123456789");
    assert_eq!(read(Some(2..5)).await, b"234");
    documents.remove("a/b").await.unwrap();
    assert!(documents.get("a/b", None).await.unwrap().is_none());
}

#[derive(QueryableByName)]
struct SqlitePlan {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresPlan {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    detail: String,
}

/// Runs queries, and returns the plan of the first statement that they send.
fn plan_of<C: DerefMut<Target = Connection>>(
    connection: &mut C,
    queries: impl FnOnce(&mut C) -> Result<(), StoreError>,
) -> Result<String, StoreError> {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            seen.lock().unwrap().push(query.to_string());
        }
    });
    queries(connection)?;
    connection.set_instrumentation(|_: InstrumentationEvent<'_>| {});
    let first = sent.lock().unwrap()[0].clone();
    let (statement, _binds) = first.split_once(" -- binds").unwrap();
    let lines: Vec<String> = match &mut **connection {
        Connection::Sqlite(one) => {
            let plan: Vec<SqlitePlan> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(one)?;
            plan.into_iter().map(|step| step.detail).collect()
        }
        Connection::Postgres(one) => {
            // A plan for any parameters. The tables are empty: without the settings they would be scanned.
            let settings = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off";
            one.batch_execute(&format!("{settings}; PREPARE planned AS {statement}"))?;
            let count = (1..100).take_while(|number| statement.contains(&format!("${number}"))).count();
            let parameters = vec!["NULL"; count].join(", ");
            let plan: Vec<PostgresPlan> =
                diesel::sql_query(format!("EXPLAIN EXECUTE planned ({parameters})")).load(one)?;
            one.batch_execute("DEALLOCATE planned")?;
            plan.into_iter().map(|step| step.detail).collect()
        }
    };
    Ok(lines.join("\n"))
}

#[test]
fn the_queries_of_each_request_use_their_indexes() {
    let (_database, store) = temporary();
    let tenant = TenantId { org: organisation(1).id, mode: Mode::Test };
    let expert = ExpertId::new(now(), &[3; 10]);
    let session = SessionId::new(now(), &[5; 10]);
    let check = |index: &str, queries: &dyn Fn(&mut Connection) -> Result<(), StoreError>| {
        let plan = store.read(|mut connection| plan_of(&mut connection, |connection| queries(connection))).unwrap();
        assert!(plan.contains(index), "{index}:\n{plan}");
        assert!(!plan.lines().any(|line| line.starts_with("SCAN") || line.contains("Seq Scan")), "{index}:\n{plan}");
    };
    check("appointments_by_expert", &|c| appointments::busy_of_expert_between(c, expert, now(), now()).map(drop));
    check("appointments_by_start", &|c| {
        let filter = appointments::Filter { from: Some(now()), ..Default::default() };
        appointments::list_of_tenant(c, &tenant, &filter).map(drop)
    });
    check("holds_by_expert", &|c| holds::of_expert_between(c, expert, (now(), now()), now()).map(drop));
    check("holds_by_session", &|c| holds::of_session(c, session).map(drop));
    check("claims_by_user", &|c| claims::ids_of_tenant_by_user(c, &tenant, "u").map(drop));
    check("claims_by_contract", &|c| claims::list_of_tenant_by_contract(c, &tenant, "c").map(drop));
    check("events_by_subject", &|c| events::of_tenant_about(c, &tenant, "s").map(drop));
    check("absences_by_expert", &|c| {
        absences::listed_of_tenant_and_expert_between(c, &tenant, expert, now(), now()).map(drop)
    });
    check("api_keys_by_issuer", &|c| api_keys::of_issuer(c, tenant.org).map(drop));
    check("experts", &|c| experts::of_tenant_by_name(c, &tenant, "E1").map(drop));
}

#[tokio::test]
async fn a_series_of_absences_is_found_by_its_index() {
    let (_database, store) = temporary();
    let tenant = TenantId { org: organisation(1).id, mode: Mode::Test };
    let series = AbsenceId::new(now(), &[4; 10]);
    let plan =
        store.write(move |tx| plan_of(tx, |tx| absences::replace_series_of_tenant(tx, &tenant, series, &[]).map(drop)));
    let plan = plan.await.unwrap();
    assert!(plan.contains("absences_by_tenant") && plan.contains("series"), "{plan}");
}

#[tokio::test]
async fn a_commit_counter_changes_with_each_commit_of_any_process() {
    let (database, store) = temporary();
    // PostgreSQL has no counter that is read without a query.
    if matches!(database, TestStore::Server(_)) {
        assert_eq!(store.commit_counter(), None);
        return;
    }
    let before = store.commit_counter().unwrap();
    let count = |store: &Store| store.read(|c| Ok::<_, StoreError>(organisations::all(c)?.len())).unwrap();
    assert_eq!((count(&store), store.commit_counter()), (0, Some(before)));
    store.write(|tx| organisations::insert(tx, &organisation(1))).await.unwrap();
    let after_ours = store.commit_counter().unwrap();
    assert_ne!(after_ours, before);
    // As another process: with its own connections to the same file.
    let other = database.open();
    other.write(|tx| organisations::insert(tx, &organisation(2))).await.unwrap();
    let after_theirs = store.commit_counter().unwrap();
    assert_ne!(after_theirs, after_ours);
    assert_eq!((other.commit_counter(), count(&store)), (Some(after_theirs), 2));
    // When the other one goes, ours still sees what is committed, and its locks still hold.
    drop(other);
    store.write(|tx| organisations::insert(tx, &organisation(3))).await.unwrap();
    assert_ne!(store.commit_counter(), Some(after_theirs));
    store.scrub().unwrap();
    let clean = store.commit_counter();
    store.write(|tx| organisations::insert(tx, &organisation(4))).await.unwrap();
    assert_ne!(store.commit_counter(), clean);
    assert_eq!(count(&store), 4);
}
