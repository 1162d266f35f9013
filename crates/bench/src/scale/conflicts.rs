//! Time until a caller gets the refusal of a conflict: its slot is taken, and no other expert is free.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::json;

use super::caller::Caller;
use super::cluster::{Cluster, Firm};
use super::nodes::sessions;
use super::{Part, answer_counts, latencies, run_figures};
use crate::load::{Connection, Run, Until, drive_all};

/// Experts of the firm whose time is taken, all of them.
const EXPERTS: usize = 20;
const CLIENTS: usize = 64;
/// What 64 clients that are not in a hurry book a second, together.
const PACE: u32 = 200;

/// How much is measured.
struct Size {
    conflicts: usize,
    bookings: usize,
    races: usize,
}

pub async fn measure(cluster: &Cluster, quick: bool) -> Part {
    let size = if quick {
        Size { conflicts: 20, bookings: 64, races: 2 }
    } else {
        Size { conflicts: 1_000, bookings: 6_000, races: 40 }
    };
    let firm = cluster.firm(EXPERTS, (0, 1)).await;
    let (taken, booked) = taken_time(cluster, &firm, size.conflicts).await;
    let alone = refused(cluster, &firm, &taken, &Cell::new(false)).await;

    let busy = cluster.firm(200, (0, 1)).await;
    let (calm, calm_bookings) = {
        let list = sessions(cluster, &busy, 0, size.bookings / 4).await;
        beside(cluster, &firm, &taken, paced(cluster, &list)).await
    };
    let (loaded, bookings) = {
        let list = sessions(cluster, &busy, size.bookings, size.bookings).await;
        let nodes = cluster.addresses(cluster.len());
        beside(cluster, &firm, &taken, async {
            drive_all(&nodes, CLIENTS, &list, Until::ListIsDone).await.expect("a run")
        })
        .await
    };
    let (raced, more_than_one) = races(cluster, size.races).await;

    let parts = [
        ("nothing else going on", "alone", &alone),
        ("beside 64 clients that book 200 a second", "beside200ASecond", &calm),
        ("beside 64 clients that book as fast as they can", "besideAll", &loaded),
        ("64 clients want the same time at once: those who do not get it", "raced", &raced),
    ];
    let mut lines =
        vec![format!("conflicts: from sending a booking of a taken time, {EXPERTS} experts all taken, to the refusal")];
    let mut figures = serde_json::Map::new();
    let mut wrong = more_than_one;
    for (name, field, run) in parts {
        lines.push(format!("{name}: {} (answers {})", latencies(run), answer_counts(run)));
        figures.insert(field.to_owned(), run_figures(run));
        wrong += run.count(201);
    }
    for (name, field, run) in [("200 a second", "bookings200ASecond", &calm_bookings), ("fast", "bookings", &bookings)]
    {
        let rate = run.rate_of(201);
        lines.push(format!(
            "the bookings beside it, {name}: {rate:.0} a second, {} ({})",
            latencies(run),
            answer_counts(run)
        ));
        figures.insert(field.to_owned(), json!({ "perSecond": rate.round(), "run": run_figures(run) }));
    }
    let verdict = cluster.judge(&firm, &[]);
    wrong += verdict.overlapping + verdict.visits.abs_diff(booked);
    wrong += cluster.judge(&busy, &[]).overlapping;
    Part { lines, figures: figures.into(), wrong }
}

/// Bookings of one time, each of a session of its own, each of which must be refused: every expert who could
/// keep it is booked. Tells how many were.
async fn taken_time(cluster: &Cluster, firm: &Firm, count: usize) -> (Vec<Vec<u8>>, usize) {
    let mut caller = Caller::open(cluster.address(0), &firm.key).await.expect("a connection");
    let mut offers = Vec::new();
    for _ in 0..=count + EXPERTS {
        offers.push(caller.must_find(cluster.search(0, (0, 1), 1)).await);
    }
    let start = offers[0].start(0);
    assert!(start.is_some() && offers.iter().all(|offered| offered.start(0) == start), "one time for all");
    let mut booked = 0;
    for offered in offers.iter().take(EXPERTS + 1) {
        let (status, _id) = caller.book(offered, 0, "FIRST").await.expect("an answer");
        booked += usize::from(status == 201);
    }
    let written =
        |(number, offered): (usize, &super::caller::Offered)| offered.booking(&firm.key, 0, &format!("LATE-{number}"));
    (offers.iter().skip(EXPERTS + 1).enumerate().map(written).collect(), booked)
}

/// Sends them one after the other: all of them once, or, while something else goes on, round and round
/// until it is done.
async fn refused(cluster: &Cluster, firm: &Firm, list: &[Vec<u8>], something_goes_on: &Cell<bool>) -> Run {
    let mut callers = Vec::new();
    for client in 0..cluster.len() {
        callers.push(Caller::open(cluster.address(client), &firm.key).await.expect("a connection"));
    }
    let (mut run, mut number) = (Run::default(), 0);
    let (started, goes_on) = (Instant::now(), something_goes_on.get());
    while if goes_on { something_goes_on.get() } else { number < list.len() } {
        let node = number % callers.len();
        let sent = Instant::now();
        let (status, _body) = callers[node].send(&list[number % list.len()]).await.expect("an answer");
        run.note(status, sent.elapsed());
        number += 1;
    }
    run.elapsed = started.elapsed();
    run
}

/// Conflicts while something else goes on, and what that came to.
async fn beside(cluster: &Cluster, firm: &Firm, taken: &[Vec<u8>], other: impl Future<Output = Run>) -> (Run, Run) {
    let goes_on = Cell::new(true);
    let until_done = async {
        let run = other.await;
        goes_on.set(false);
        run
    };
    join(refused(cluster, firm, taken, &goes_on), until_done).await
}

/// 64 clients book, each at its pace.
async fn paced(cluster: &Cluster, list: &[Vec<u8>]) -> Run {
    let started = Instant::now();
    let clients = join_all((0..CLIENTS).map(|client| async move {
        let mut connection = Connection::open(cluster.address(client)).await.expect("a connection");
        let mut run = Run::default();
        for number in (client..list.len()).step_by(CLIENTS) {
            let due = started + Duration::from_secs(1) / PACE * u32::try_from(number).unwrap_or(u32::MAX);
            tokio::time::sleep_until(due.into()).await;
            let answer = connection.send(&list[number]).await.expect("an answer");
            run.note(answer.status, due.elapsed());
        }
        run
    }))
    .await;
    let mut total = Run::default();
    for run in clients {
        total.add(run);
    }
    total.elapsed = started.elapsed();
    total
}

/// 64 clients, each with an offer of the same time of the only expert, book at once, over and over. Gives
/// the refusals, and how often it was not exactly one who got it.
async fn races(cluster: &Cluster, count: usize) -> (Run, usize) {
    let firm = cluster.firm(1, (0, 1)).await;
    let mut callers = Vec::new();
    for client in 0..CLIENTS {
        callers.push(Caller::open(cluster.address(client), &firm.key).await.expect("a connection"));
    }
    let (mut refusals, mut wrong) = (Run::default(), 0);
    for race in 0..count {
        let mut offers = Vec::new();
        for caller in &mut callers {
            offers.push(caller.must_find(cluster.search(race, (0, 60), 1)).await);
        }
        let case = format!("RACE-{race}");
        let answers = join_all(callers.iter_mut().zip(&offers).map(async |(caller, offered)| {
            let sent = Instant::now();
            let (status, _id) = caller.book(offered, 0, &case).await.expect("an answer");
            (status, sent.elapsed())
        }))
        .await;
        let won = answers.iter().filter(|(status, _)| *status == 201).count();
        wrong += won.abs_diff(1);
        for (status, latency) in answers.into_iter().filter(|(status, _)| *status != 201) {
            refusals.note(status, latency);
        }
    }
    wrong += cluster.judge(&firm, &[]).overlapping;
    (refusals, wrong)
}
