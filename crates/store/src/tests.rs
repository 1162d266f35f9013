//! What the rooms above rely on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use constat_domain::ids::{EventId, ExpertId, OrgId};
use constat_domain::tenancy::{Mode, Organisation, OrganisationKind, TenantId};
use diesel::prelude::*;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use jiff::civil::date;

use crate::queries::{events, expert_days, organisations};
use crate::{Documents, Store, StoreError};

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
        kind: "test".to_owned(),
        at: now(),
        actor: "system".to_owned(),
        data: serde_json::json!({ "number": number }),
    }
}

fn temporary() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("constat.db")).unwrap();
    (folder, store)
}

#[tokio::test]
async fn a_unit_that_fails_leaves_no_trace_and_disturbs_nobody() {
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
async fn whoever_shares_a_transaction_with_one_that_refuses_is_kept_once() {
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
    let told: Vec<bool> = futures_util::future::join_all(gathered).await.iter().map(Result::is_ok).collect();
    assert_eq!(told, [true, true, true, false, true, true]);
    let stored: Vec<String> = store.read(organisations::all).unwrap().into_iter().map(|firm| firm.name).collect();
    assert_eq!(stored, ["Firm 1", "Firm 2", "Firm 3", "Firm 5", "Firm 6"]);
    let chain = store.read(|c| events::of_tenant_after(c, &tenant, 0, 10)).unwrap();
    let order: Vec<_> = chain.iter().map(|(_, event)| event.data["number"].as_u64().unwrap()).collect();
    assert_eq!((order, effects.load(Ordering::SeqCst)), (vec![1, 2, 3, 5, 6], 5));
    // The first four ran twice, since the fourth refused after three that had not.
    assert_eq!(runs.load(Ordering::SeqCst), 10);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let (folder, store) = temporary();
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
    let store = Store::open(&folder.path().join("constat.db")).unwrap();
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
struct Step {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[test]
fn a_series_of_absences_is_found_without_reading_all_of_the_firms() {
    let (_folder, store) = temporary();
    let query = "EXPLAIN QUERY PLAN SELECT * FROM absences WHERE series = 'a' AND tenant = 'b'";
    let plan: Result<Vec<Step>, StoreError> = store.read(|c| Ok(diesel::sql_query(query).load(c)?));
    let plan: Vec<String> = plan.unwrap().into_iter().map(|step| step.detail).collect();
    assert!(plan.len() == 1 && plan[0].contains("series=?"), "{plan:?}");
}

#[tokio::test]
async fn a_mark_stays_until_somebody_commits_whoever_it_is() {
    let (folder, store) = temporary();
    let mark = store.mark().unwrap();
    let count = |store: &Store| store.read(|c| Ok::<_, StoreError>(organisations::all(c)?.len())).unwrap();
    assert_eq!((count(&store), store.mark()), (0, Some(mark)));
    store.write(|tx| organisations::insert(tx, &organisation(1))).await.unwrap();
    let after_ours = store.mark().unwrap();
    assert_ne!(after_ours, mark);
    // Another process has connections of its own to the same file.
    let other = Store::open(&folder.path().join("constat.db")).unwrap();
    other.write(|tx| organisations::insert(tx, &organisation(2))).await.unwrap();
    let after_theirs = store.mark().unwrap();
    assert_ne!(after_theirs, after_ours);
    assert_eq!((other.mark(), count(&store)), (Some(after_theirs), 2));
    // When the other one goes, ours still sees what is committed, and its locks still hold.
    drop(other);
    store.write(|tx| organisations::insert(tx, &organisation(3))).await.unwrap();
    assert_ne!(store.mark(), Some(after_theirs));
    store.scrub().unwrap();
    let clean = store.mark();
    store.write(|tx| organisations::insert(tx, &organisation(4))).await.unwrap();
    assert_ne!(store.mark(), clean);
    assert_eq!(count(&store), 4);
}
