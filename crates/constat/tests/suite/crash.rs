//! Servers and the database are killed while clients book: short here, long as `cargo xtask crash`.

use std::path::Path;
use std::time::Duration;

use constat_crash::{Kind, Plan, check, run};
use constat_testkit::postgres::TestDatabase;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_once_after_kill_9() {
    crate::cli::install_tls();
    let kind = match TestDatabase::wanted() {
        TestDatabase::Sqlite => Kind::Sqlite,
        TestDatabase::Postgres => Kind::Plain,
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let usual = Plan::new(Path::new(env!("CARGO_BIN_EXE_constat")), kind, folder.path());
    let plan = Plan {
        clients: 8,
        experts: 6,
        days: 3,
        length: Duration::from_secs(15),
        pause: 10..100,
        faults: [1_000..4_000, 1_000..4_000, 2_000..6_000],
        ..usual
    };
    let verdict = run(&plan).await.expect("a run that comes to its end");
    assert!(verdict.holds(), "{verdict:#?}");
    for what in ["bookings acknowledged", "moves acknowledged", "cancellations acknowledged", "faults made"] {
        assert!(verdict.counts.get(what).is_some_and(|count| *count > 0), "no {what}: {verdict:#?}");
    }
    assert_eq!(check(folder.path()).expect("kept files"), verdict, "anyone can judge the kept files");
}
