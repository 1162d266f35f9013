//! 1, 2 and 4 servers on one PostgreSQL.

use std::time::Duration;

use serde_json::{Value, json};

use super::caller::{Caller, search_request};
use super::cluster::{Cluster, Firm};
use super::{Part, cores, latencies, run_figures};
use crate::load::{Run, Until, drive_all};
use crate::{postgres, rounded};

/// How many servers there are at most.
pub const MAX_NODES: usize = 4;
const COUNTS: [usize; 3] = [1, 2, MAX_NODES];
const SEARCH_CLIENTS: usize = 16;
const BOOKING_CLIENTS: usize = 64;
/// The firm that is searched, as in `cargo xtask bench`: experts, days, visits of each.
const SEARCHED: (usize, i64, usize) = (100, 7, 14);
const BOOKED_EXPERTS: usize = 200;

/// What a number of servers did.
struct Line {
    count: usize,
    firm: Firm,
    searches: Run,
    bookings: Run,
}

/// All counts in turn, several times over, so that a drift of the machine hits all of them.
pub async fn measure(cluster: &Cluster, server: &postgres::Server, quick: bool) -> Part {
    let (rounds, each, bookings) =
        if quick { (1, Duration::from_millis(300), 64) } else { (4, Duration::from_secs(2), 1_000) };
    let (experts, days, visits) = SEARCHED;
    let busy = cluster.firm(experts, (visits, usize::try_from(days).unwrap_or(1))).await;
    let mut lines = Vec::new();
    for count in COUNTS {
        let firm = cluster.firm(BOOKED_EXPERTS, (0, 1)).await;
        for address in cluster.addresses(MAX_NODES) {
            // All servers have read the calendars before anything is timed.
            for (key, days) in [(&busy.key, days), (&firm.key, 7)] {
                Caller::open(address, key)
                    .await
                    .expect("a connection")
                    .must_find(cluster.search(0, (0, days), 10))
                    .await;
            }
        }
        lines.push(Line { count, firm, searches: Run::default(), bookings: Run::default() });
    }
    let searches: Vec<Vec<u8>> =
        (0..500).map(|number| search_request(&busy.key, &cluster.search(number * 7, (0, days), 10))).collect();
    let bare_before = server.bookings_per_second(BOOKING_CLIENTS, each * 2);
    for round in 0..rounds {
        for line in &mut lines {
            let nodes = cluster.addresses(line.count);
            let list = sessions(cluster, &line.firm, round * bookings, bookings).await;
            line.bookings.add(drive_all(&nodes, BOOKING_CLIENTS, &list, Until::ListIsDone).await.expect("a run"));
            let until = Until::For(each);
            line.searches.add(drive_all(&nodes, SEARCH_CLIENTS, &searches, until).await.expect("a run"));
        }
    }
    let bare_after = server.bookings_per_second(BOOKING_CLIENTS, each * 2);
    report(cluster, &lines, (bare_before, bare_after))
}

fn report(cluster: &Cluster, lines: &[Line], (bare_before, bare_after): (f64, f64)) -> Part {
    let bare = f64::midpoint(bare_before, bare_after);
    let (one, cores) = (&lines[0], f64::from(u32::try_from(cores()).unwrap_or(1)));
    let mut text = vec![format!(
        "servers: searches with {SEARCH_CLIENTS} clients (100 experts x 7 days x 14 visits), bookings with {BOOKING_CLIENTS} clients"
    )];
    let (mut rows, mut wrong) = (Vec::new(), 0);
    for line in lines {
        let (searches, bookings) = (line.searches.rate(), line.bookings.rate_of(201));
        let (of_searches, of_bookings) = (searches / one.searches.rate(), bookings / one.bookings.rate_of(201));
        let verdict = cluster.judge(&line.firm, &[]);
        wrong += verdict.overlapping + line.bookings.count(201).abs_diff(verdict.visits);
        text.push(format!(
            "{} server{}: {searches:.0} searches a second ({:.0} for each core; {of_searches:.2} of one server's), \
             {}; {bookings:.0} bookings a second ({of_bookings:.2} of one server's, {:.2} of pgbench's), {}",
            line.count,
            if line.count == 1 { "" } else { "s" },
            searches / cores,
            latencies(&line.searches),
            bookings / bare,
            latencies(&line.bookings),
        ));
        rows.push(json!({
            "servers": line.count,
            "searchesPerSecond": searches.round(),
            "searchesPerSecondAndCore": (searches / cores).round(),
            "searchesToOneServer": rounded(of_searches),
            "searches": run_figures(&line.searches),
            "bookedPerSecond": bookings.round(),
            "bookedToOneServer": rounded(of_bookings),
            "bookedToBare": rounded(bookings / bare),
            "bookings": run_figures(&line.bookings),
        }));
    }
    text.push(format!(
        "pgbench with the statements of a booking, {BOOKING_CLIENTS} clients: {bare_before:.0} before, {bare_after:.0} after"
    ));
    let figures =
        json!({ "rows": Value::Array(rows), "bareBeforeAndAfter": [bare_before.round(), bare_after.round()] });
    Part { lines: text, figures, wrong }
}

/// Prepared bookings of a firm, each of its own session that one of the servers has just
/// searched, at varied places, days and times.
pub async fn sessions(cluster: &Cluster, firm: &Firm, from: usize, count: usize) -> Vec<Vec<u8>> {
    let mut caller = Caller::open(cluster.address(0), &firm.key).await.expect("a connection");
    let mut list = Vec::with_capacity(count);
    for number in from..from + count {
        let day = i64::try_from(number * 13 % 70).unwrap_or(0);
        let offered = caller.must_find(cluster.search(number * 31, (day, 7), 30)).await;
        if offered.count() > 0 {
            list.push(offered.booking(&firm.key, number * 17 % offered.count(), &format!("BENCH-{number}")));
        }
    }
    list
}
