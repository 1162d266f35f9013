//! The burst of a catastrophe: 5,000 insured within a minute, and what becomes of each of them.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use constat_administration::{Actor, start_catastrophe};
use constat_domain::catastrophe::{Catastrophe, USUAL_STAGES};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::json;

use super::caller::Caller;
use super::cluster::{Cluster, Firm, Verdict};
use super::figures::arrivals;
use super::{Part, answer_counts, latencies, run_figures};
use crate::load::Run;
use crate::rounded;
use crate::schedule::Commune;
use crate::world::search_at;
use fastrand::Rng;

const SEED: u64 = 5_000;
/// Where the storm struck: all callers live there.
const STRUCK: [&str; 2] = ["93", "94"];
/// Number of ten insured people who cannot live at home.
const URGENT_OF_TEN: usize = 1;
/// Days ahead in which all callers want a visit, and offers of a search.
const WINDOW: (i64, i64) = (0, 14);
const OFFERS: u8 = 10;
/// Number of further searches of a caller whose choice was taken.
const SEARCHES_AGAIN: usize = 3;
/// What a platform waits when the server has too much to do.
const COME_BACK: Duration = Duration::from_secs(1);

/// How large the burst is.
struct Size {
    insured: usize,
    within: Duration,
    /// Shortest and longest time that a caller thinks about the offers.
    think: (Duration, Duration),
    experts: usize,
    /// What the experts have on already in the days ahead: visits of each, days.
    visits: (usize, usize),
}

/// Outcome of all callers.
#[derive(Default)]
struct Counters {
    searches: Run,
    bookings: Run,
    acknowledged: Vec<(String, Option<Timestamp>)>,
    /// Hours from now to the visit: of those who could wait, and of the urgent.
    waits: [Vec<f64>; 2],
    /// How many got a visit with their first choice, their second, and so on.
    choices: [usize; SEARCHES_AGAIN + 1],
    without_offer: usize,
    gave_up: usize,
    /// Connections that broke.
    broken: usize,
}

struct Burst<'a> {
    cluster: &'a Cluster,
    firm: &'a Firm,
    size: &'a Size,
    places: Vec<&'a Commune>,
    started: Instant,
    /// Idle connections of each server.
    idle: RefCell<Vec<Vec<Caller>>>,
    counters: RefCell<Counters>,
}

pub async fn measure(cluster: &Cluster, quick: bool) -> Part {
    let secs = Duration::from_secs;
    let size = if quick {
        let think = (Duration::from_millis(200), secs(1));
        Size { insured: 100, within: secs(2), think, experts: 30, visits: (15, 14) }
    } else {
        Size {
            insured: 5_000,
            within: Duration::from_mins(1),
            think: (secs(5), secs(25)),
            experts: 300,
            visits: (30, 14),
        }
    };
    let firm = cluster.firm(size.experts, size.visits).await;
    let before = cluster.judge(&firm, &[]).visits;
    let storm = Catastrophe {
        name: "Storm".to_owned(),
        departments: STRUCK.map(str::to_owned).to_vec(),
        postcodes: Vec::new(),
        natures: Vec::new(),
        stages: USUAL_STAGES.to_vec(),
        started_at: cluster.now(),
        ended_at: None,
    };
    let operator = Actor::operator(cluster.now(), Arc::clone(&cluster.core().secure_random));
    cluster.core().store.write(move |tx| start_catastrophe(tx, &operator, &storm)).await.expect("a catastrophe");
    let places: Vec<&Commune> = cluster.places.iter().filter(|place| STRUCK.contains(&&place.0[..2])).collect();
    for client in 0..cluster.len() {
        // Each server has read the calendars and the catastrophe before the first comes.
        let mut caller = Caller::open(cluster.address(client), &firm.key).await.expect("a connection");
        caller.must_find(search_at(places[0], cluster.now(), WINDOW, OFFERS)).await;
    }
    let due = arrivals(size.insured, size.within, &mut Rng::with_seed(SEED));
    let burst = Burst {
        cluster,
        firm: &firm,
        size: &size,
        places,
        started: Instant::now(),
        idle: RefCell::new((0..cluster.len()).map(|_| Vec::new()).collect()),
        counters: RefCell::default(),
    };
    join_all(due.iter().enumerate().map(|(number, due)| burst.insured(number, *due))).await;
    let took = burst.started.elapsed();
    let connections = burst.idle.borrow().iter().map(Vec::len).sum();
    let counters = burst.counters.into_inner();
    let verdict = cluster.judge(&firm, &counters.acknowledged);
    let unasked = (verdict.visits - before).abs_diff(counters.acknowledged.len());
    report(&size, counters, &verdict, unasked, (connections, took))
}

impl Burst<'_> {
    /// One insured, from arrival to a visit or to giving up. Everything is timed from when it was due.
    async fn insured(&self, number: usize, arrival: Duration) {
        let mut rng = Rng::with_seed(SEED + 1 + number as u64);
        let urgent = rng.usize(..10) < URGENT_OF_TEN;
        let place = self.places[rng.usize(..self.places.len().max(1))];
        let mut due = self.started + arrival;
        for choice in 0..=SEARCHES_AGAIN {
            // A platform sends each request to any of the servers.
            let node = rng.usize(..self.cluster.len().max(1));
            let mut search = search_at(place, self.cluster.now(), WINDOW, OFFERS);
            search["insurerClaimId"] = json!(format!("STORM-{number}"));
            search["urgency"] = json!({ "uninhabitable": urgent, "vulnerablePerson": false });
            tokio::time::sleep_until(due.into()).await;
            let Some(mut caller) = self.caller(node).await else { return };
            let Ok((status, offered)) = caller.search(search).await else { return self.broke() };
            self.counters.borrow_mut().searches.note(status, due.elapsed());
            self.idle.borrow_mut()[node].push(caller);
            if status != 200 {
                due = Instant::now() + COME_BACK;
                continue;
            }
            if offered.count() == 0 {
                self.counters.borrow_mut().without_offer += 1;
                return;
            }
            let slot = rng.usize(..offered.count().max(1));
            let (shortest, longest) = self.size.think;
            due = Instant::now()
                + shortest
                + longest.saturating_sub(shortest).mul_f64(super::figures::share(rng.usize(..1_000), 1_000));
            tokio::time::sleep_until(due.into()).await;
            let node = rng.usize(..self.cluster.len().max(1));
            let Some(mut caller) = self.caller(node).await else { return };
            let case = format!("STORM-{number}");
            let Ok((status, id)) = caller.book(&offered, slot, &case).await else { return self.broke() };
            self.counters.borrow_mut().bookings.note(status, due.elapsed());
            self.idle.borrow_mut()[node].push(caller);
            if status == 201 {
                let start = offered.start(slot);
                let mut counters = self.counters.borrow_mut();
                counters.choices[choice] += 1;
                if let Some(start) = start {
                    let wait = start.duration_since(self.cluster.now());
                    counters.waits[usize::from(urgent)].push(wait.as_secs_f64() / 3_600.0);
                }
                counters.acknowledged.push((id, start));
                return;
            }
            due = if matches!(status, 409 | 410) { Instant::now() } else { Instant::now() + COME_BACK };
        }
        self.counters.borrow_mut().gave_up += 1;
    }

    /// An idle connection, or a new one.
    async fn caller(&self, node: usize) -> Option<Caller> {
        let idle = self.idle.borrow_mut()[node].pop();
        if idle.is_some() {
            return idle;
        }
        let opened = Caller::open(self.cluster.address(node), &self.firm.key).await.ok();
        if opened.is_none() {
            self.broke();
        }
        opened
    }

    fn broke(&self) {
        self.counters.borrow_mut().broken += 1;
    }
}

fn report(size: &Size, mut counters: Counters, verdict: &Verdict, unasked: usize, rest: (usize, Duration)) -> Part {
    let (connections, took) = rest;
    let medians = counters.waits.each_mut().map(|waits| {
        waits.sort_by(f64::total_cmp);
        waits.get(waits.len() / 2).copied().unwrap_or(f64::NAN)
    });
    let [waiting, urgent] = medians;
    let visits = counters.acknowledged.len();
    let lines = vec![
        format!(
            "burst: {} insured within {} s, {} experts with {} visits each in {} days; all done after {:.0} s",
            size.insured,
            size.within.as_secs(),
            size.experts,
            size.visits.0,
            size.visits.1,
            took.as_secs_f64(),
        ),
        format!(
            "search, from when it was due: {} ({})",
            latencies(&counters.searches),
            answer_counts(&counters.searches)
        ),
        format!(
            "booking, from when it was due: {} ({})",
            latencies(&counters.bookings),
            answer_counts(&counters.bookings)
        ),
        format!(
            "{visits} got a visit (by their first, second, third, fourth choice: {:?}); {} were offered nothing, \
             {} gave up, {} lost their connection",
            counters.choices, counters.without_offer, counters.gave_up, counters.broken
        ),
        format!(
            "half of the urgent are visited within {urgent:.0} h ({} of them), half of the others within {waiting:.0} h",
            counters.waits[1].len()
        ),
        format!(
            "two visits at once: {}; acknowledged and not there: {}; there and not acknowledged: {unasked}",
            verdict.overlapping, verdict.missing
        ),
    ];
    let wrong = verdict.overlapping + verdict.missing.max(unasked) + counters.broken;
    let figures = json!({
        "insured": size.insured,
        "withinSeconds": size.within.as_secs(),
        "experts": size.experts,
        "searches": run_figures(&counters.searches),
        "bookings": run_figures(&counters.bookings),
        "visits": visits,
        "byChoice": counters.choices,
        "offeredNothing": counters.without_offer,
        "gaveUp": counters.gave_up,
        "broken": counters.broken,
        "connections": connections,
        "medianHoursToVisit": { "urgent": rounded(urgent), "others": rounded(waiting) },
        "overlapping": verdict.overlapping,
        "missing": verdict.missing,
        "unasked": unasked,
    });
    Part { lines, figures, wrong }
}
