//! A claim read may be answered from memory, but never from an older state than was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use constat_testkit::{ClaimsCaller, Server, fixtures};
use futures_util::future::join_all;
use serde_json::json;

use crate::claims::start;

/// The same key at another server.
fn at(server: &Server, caller: &ClaimsCaller) -> ClaimsCaller {
    let ClaimsCaller { tenant, key, http, .. } = caller;
    ClaimsCaller { tenant: *tenant, key: key.clone(), url: format!("{}/v2", server.url), http: http.clone() }
}

async fn version(caller: &ClaimsCaller, path: &str) -> i64 {
    caller.get(path).await.header("etag").trim_matches('"').parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_sees_every_change_that_was_acknowledged_before_it_at_any_server() {
    const LAST: i64 = 60;
    let (server, here) = start().await;
    let twin = server.twin().await;
    let there = at(&twin, &here);
    let id = here.declare(&fixtures::stolen_bike()).await;
    let path = format!("/claims/{id}");
    let acknowledged = Arc::new(AtomicI64::new(1));
    let readers = [&here, &there, &here, &there].map(|caller| {
        let (server, path, acknowledged) = (at(&server, caller), path.clone(), Arc::clone(&acknowledged));
        let caller = ClaimsCaller { url: caller.url.clone(), ..server };
        tokio::spawn(async move {
            let mut reads = 0;
            while acknowledged.load(Ordering::SeqCst) < LAST {
                let at_least = acknowledged.load(Ordering::SeqCst);
                let seen = version(&caller, &path).await;
                assert!(seen >= at_least, "read version {seen} after {at_least} was acknowledged");
                reads += 1;
            }
            reads
        })
    });
    for next in 2..=LAST {
        let door = if next % 2 == 0 { &here } else { &there };
        let city = format!("Lyon {next}");
        let edited = door.patch(&path, &json!({ "location": { "city": city } })).await;
        assert_eq!(edited.header("etag"), format!("\"{next}\""));
        acknowledged.store(next, Ordering::SeqCst);
        for reader in [&here, &there] {
            let read = reader.get(&path).await;
            assert_eq!(
                (read.header("etag"), &read.data()["location"]["city"]),
                (&*format!("\"{next}\""), &json!(city))
            );
        }
    }
    for reads in join_all(readers).await {
        assert!(reads.unwrap() > 0);
    }
}

#[tokio::test]
async fn what_is_in_memory_is_given_to_nobody_else() {
    let (server, caller) = start().await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    let path = format!("/claims/{id}");
    let stranger = server.platform("Another platform").await;
    for _again in 0..3 {
        assert_eq!(version(&caller, &path).await, 1);
        stranger.get(&path).await.is_error(404, 2001);
    }
    let live =
        server.caller(constat_domain::tenancy::TenantId { mode: constat_domain::tenancy::Mode::Live, ..caller.tenant });
    live.await.get(&path).await.is_error(404, 2001);
}
