//! `cargo xtask bench`: what this machine does, measured in one run, over real HTTP, with durable
//! commits. The load generator runs on the same cores as the server.
#![expect(clippy::expect_used, reason = "a measurement that cannot be made stops loudly")]

mod bare;
mod claims_load;
mod clock;
mod load;
mod postgres;
mod scale;
mod schedule;
mod store_write;
mod world;

use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use constat_store::Database;
use load::{Connection, Run, Until, drive, request};
use serde_json::{Value, json};
use world::World;

/// The allocator of the `constat` binary, so that the same server is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXPERTS: usize = 200;

/// What is searched: experts, days, visits of each expert, and how many searches a long run makes.
const SEARCHED: [(usize, i64, usize, usize); 3] =
    [(EXPERTS, 14, 0, 3_000), (100, 7, 14, 3_000), (1_000, 30, 60, 2_000)];
const BOOKING_CLIENTS: usize = 64;
const BOOKINGS_A_ROUND: usize = 500;
/// The rounds that fall into a calendar that is still mostly empty: 3,000 bookings.
const FIRST_ROUNDS: usize = 6;
const READ_CLIENTS: usize = 16;

/// How long each part runs.
struct Length {
    each: Duration,
    /// A run makes one in this number of its searches.
    searches_by: usize,
    bookings: usize,
    /// Visits of each of 200 experts in the store benchmark.
    visits: usize,
}

const HELP: &str = "\
cargo xtask bench: searches, bookings and claim reads over HTTP, on this machine.

    --reads, --searches, --bookings, --store    only these parts
    --postgres    on a new PostgreSQL server instead of SQLite; without --store
    --quick       a shorter run
    --json        one JSON object on stdout

Under load for minutes: cargo xtask load --help. Several servers, bursts, full calendars: cargo xtask scale --help.";

fn main() {
    const KNOWN: [&str; 7] = ["--json", "--quick", "--reads", "--searches", "--bookings", "--store", "--postgres"];
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(held) = claims_load::asked(&arguments).or_else(|| scale::asked(&arguments)) {
        std::process::exit(i32::from(!held));
    }
    if arguments.iter().any(|word| word == "--help" || word == "-h") {
        println!("{HELP}");
        return;
    }
    if let Some(unknown) = arguments.iter().find(|word| !KNOWN.contains(&word.as_str())) {
        eprintln!("Unknown argument `{unknown}`.\n\n{HELP}");
        std::process::exit(2);
    }
    let given = |word: &str| arguments.iter().any(|argument| argument == word);
    let parts: Vec<&str> = KNOWN[2..6].iter().copied().filter(|part| given(part)).collect();
    let length = if given("--quick") {
        Length { each: Duration::from_millis(700), searches_by: 10, bookings: 3_000, visits: 100 }
    } else {
        Length { each: Duration::from_secs(3), searches_by: 1, bookings: 20_000, visits: 100 }
    };
    // On the disk that holds the build, not in memory: durable commits are what is measured.
    let beside = std::env::current_exe().expect("the path of this program");
    let folder = tempfile::tempdir_in(beside.parent().expect("a folder")).expect("a temporary folder");
    let server = given("--postgres").then(|| postgres::Server::start(folder.path()));
    let report = measure(folder.path(), &length, &parts, server.as_ref());
    if given("--json") {
        println!("{report}");
    } else {
        print_report(&report);
    }
}

/// The server gets a runtime of its own with one worker for each core; the load has one thread.
fn measure(folder: &Path, length: &Length, parts: &[&str], postgres: Option<&postgres::Server>) -> Value {
    let wanted = |part: &str| parts.is_empty() || parts.contains(&part);
    let server = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let load = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    eprintln!("Building a world of {EXPERTS} experts ...");
    let database = match postgres {
        Some(server) => Database::server(server.url("constat")),
        None => Database::File(folder.join("constat.db")),
    };
    let world = server.block_on(world::build(folder, database, EXPERTS));
    let address = world.address;
    load.block_on(async {
        let reads = if wanted("--reads") { reads(address, &world, length).await } else { Value::Null };
        let searches = if wanted("--searches") { searches(address, &world, length).await } else { Value::Null };
        let bookings = if wanted("--bookings") {
            bookings(address, &world, length, |each| match postgres {
                Some(server) => server.bookings_per_second(BOOKING_CLIENTS, each),
                None => bare::durable_inserts_per_second(folder, each).expect("bare inserts"),
            })
            .await
        } else {
            Value::Null
        };
        let store = if wanted("--store") && postgres.is_none() {
            store_write(folder, &server, length.visits).await
        } else {
            Value::Null
        };
        json!({
            "database": if postgres.is_some() { "postgres" } else { "sqlite" },
            "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            "experts": EXPERTS,
            "reads": reads,
            "searches": searches,
            "bookings": bookings,
            "store": store,
        })
    })
}

/// Bookings through the store compared with the same statements alone: the median of three pairs.
async fn store_write(folder: &Path, server: &tokio::runtime::Runtime, visits: usize) -> Value {
    eprintln!("Through the store ...");
    let mut pairs = Vec::new();
    for _ in 0..3 {
        let folder = folder.to_owned();
        let pair = server.spawn(async move { store_write::measure(&folder, BOOKING_CLIENTS, visits).await });
        pairs.push(pair.await.expect("a run"));
    }
    pairs.sort_by(|a, b| (a.through / a.bare).total_cmp(&(b.through / b.bare)));
    let store_write::StoreWrite { through, bare, batch } = pairs[pairs.len() / 2];
    let ratios: Vec<f64> = pairs.iter().map(|pair| rounded(pair.through / pair.bare)).collect();
    json!({
        "clients": BOOKING_CLIENTS,
        "storePerSecond": through.round(),
        "barePerSecond": bare.round(),
        "bookingsInATransaction": batch,
        "ratio": rounded(through / bare),
        "ratios": ratios,
    })
}

/// Claim reads beside the empty JSON endpoint, in turn, so that a drift of the machine hits both.
async fn reads(address: SocketAddr, world: &World, length: &Length) -> Value {
    eprintln!("Reading claims ...");
    let empty = [request("GET", "/health", None, None)];
    let path = format!("/v2/claims/{}", world.claim_id);
    let claim = [request("GET", &path, Some(("key", &world.claims_key)), None)];
    let mut pairs = Vec::new();
    for round in 0..4 {
        let of_empty = drive(address, READ_CLIENTS, &empty, Until::For(length.each)).await.expect("a run");
        let of_claim = drive(address, READ_CLIENTS, &claim, Until::For(length.each)).await.expect("a run");
        assert_eq!(of_claim.statuses.keys().collect::<Vec<_>>(), [&200], "every read succeeds");
        if round > 0 {
            pairs.push((of_empty.rate(), of_claim.rate()));
        }
    }
    pairs.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
    let (empty, claim) = pairs[pairs.len() / 2];
    json!({
        "clients": READ_CLIENTS,
        "emptyPerSecond": empty.round(),
        "claimPerSecond": claim.round(),
        "ratio": rounded(claim / empty),
    })
}

/// Slot searches of each firm: one client for the latency, eight for the rate.
async fn searches(address: SocketAddr, world: &World, length: &Length) -> Value {
    let keys = [&world.partner_key, &world.small_firm_key, &world.large_firm_key];
    let mut report = Vec::new();
    for (key, (experts, days, visits, count)) in keys.into_iter().zip(SEARCHED) {
        eprintln!("Searching slots among {experts} experts over {days} days ...");
        let list: Vec<_> = (0..count / length.searches_by)
            .map(|number| search_request(key, &world::search(world, number * 7, 0, days, 10)))
            .collect();
        let warm_up = &list[..list.len() / 10];
        drive(address, 1, warm_up, Until::ListIsDone).await.expect("a run");
        let one = drive(address, 1, &list, Until::ListIsDone).await.expect("a run");
        let eight = drive(address, 8, &list, Until::For(length.each)).await.expect("a run");
        assert_eq!(one.statuses.keys().collect::<Vec<_>>(), [&200], "every search succeeds");
        report.push(json!({
            "experts": experts,
            "days": days,
            "visitsOfEach": visits,
            "p50Ms": rounded(one.percentile_ms(0.50)),
            "p99Ms": rounded(one.percentile_ms(0.99)),
            "eightClientsPerSecond": eight.rate().round(),
        }));
    }
    json!(report)
}

fn search_request(key: &str, body: &str) -> Vec<u8> {
    request("POST", "/claims/api/v1/intervention", Some(("pid", key)), Some(body))
}

/// Bookings, in rounds: sessions are searched first, as a platform does shortly before it books,
/// then each is booked once by all clients together. Only the booking is timed.
///
/// `bare` tells what the database does by itself: a file's durable single-row inserts a second, or the
/// bookings a second of pgbench on a server. Measured before and after.
async fn bookings(address: SocketAddr, world: &World, length: &Length, bare: impl Fn(Duration) -> f64) -> Value {
    eprintln!("Booking ...");
    let bare_before = bare(length.each);
    let mut run = Run::default();
    let mut first = Value::Null;
    for round in 0..length.bookings / BOOKINGS_A_ROUND {
        let list = sessions(address, world, round * BOOKINGS_A_ROUND..(round + 1) * BOOKINGS_A_ROUND).await;
        run.add(drive(address, BOOKING_CLIENTS, &list, Until::ListIsDone).await.expect("a run"));
        if round + 1 == FIRST_ROUNDS {
            first = booking_figures(&run);
        }
    }
    let bare_after = bare(length.each);
    let bare = f64::midpoint(bare_before, bare_after);
    let mut report = json!({
        "clients": BOOKING_CLIENTS,
        "barePerSecond": bare.round(),
        "bareBeforeAndAfter": [bare_before.round(), bare_after.round()],
        "first": first,
        "whole": booking_figures(&run),
    });
    for part in ["first", "whole"] {
        let rate = report[part]["bookedPerSecond"].as_f64().unwrap_or(f64::NAN);
        report[part]["ratio"] = json!(rounded(rate / bare));
    }
    report
}

/// What a run of bookings amounts to.
fn booking_figures(run: &Run) -> Value {
    let statuses = run.statuses.iter().map(|(status, count)| (status.to_string(), json!(count)));
    json!({
        "offered": run.latencies.len(),
        "booked": run.count(201),
        "statuses": statuses.collect::<serde_json::Map<_, _>>(),
        "bookedPerSecond": run.rate_of(201).round(),
        "p50Ms": rounded(run.percentile_ms(0.50)),
        "p99Ms": rounded(run.percentile_ms(0.99)),
    })
}

/// One booking request for each numbered session, at varied places, days and times.
async fn sessions(address: SocketAddr, world: &World, numbers: Range<usize>) -> Vec<Vec<u8>> {
    let mut connection = Connection::open(address).await.expect("a connection");
    let mut list = Vec::with_capacity(numbers.len());
    for number in numbers {
        let day = i64::try_from(number * 13 % 70).unwrap_or(0);
        let body = world::search(world, number * 31, day, 7, 30);
        let answer = connection.send(&search_request(&world.partner_key, &body)).await.expect("an answer");
        let found: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let slots = found["timeslots"].as_array().map_or(&[][..], Vec::as_slice);
        let Some(slot) = slots.get(number * 17 % slots.len().max(1)) else { continue };
        let searched: Value = serde_json::from_str(&body).expect("JSON");
        let booking = json!({
            "timeslot": slot,
            "sessionID": found["sessionID"],
            "location": searched["appointmentLocation"],
            "caseNumber": format!("BENCH-{number}"),
        });
        let key = Some(("pid", world.partner_key.as_str()));
        list.push(request("POST", "/claims/api/v1/appointments", key, Some(&booking.to_string())));
    }
    list
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn print_report(report: &Value) {
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
    println!("On {} cores, which the load generator shares:", report["cores"]);
    if report["searches"].is_array() {
        println!("\nSlot search over HTTP, all experts eligible");
        for row in report["searches"].as_array().into_iter().flatten() {
            let figure = |name: &str| row[name].as_f64().unwrap_or(f64::NAN);
            println!(
                "  {:>5} experts x {:>2} days x {:>2} visits: one client p50 {:.2} ms, p99 {:.2} ms; eight clients {:.0} a second",
                figure("experts"),
                figure("days"),
                figure("visitsOfEach"),
                figure("p50Ms"),
                figure("p99Ms"),
                figure("eightClientsPerSecond")
            );
        }
    }
    if !report["bookings"].is_null() {
        println!("\nBookings over HTTP, durable commits, {BOOKING_CLIENTS} clients");
        for (part, name) in [("first", "into an empty calendar"), ("whole", "until the calendar is full")] {
            let figure = |name: &str| number(&format!("/bookings/{part}/{name}"));
            println!(
                "  {name}: {:.0} a second   p50 {:.1} ms   p99 {:.1} ms   ({:.0} booked of {:.0} offered); ratio {:.2}",
                figure("bookedPerSecond"),
                figure("p50Ms"),
                figure("p99Ms"),
                figure("booked"),
                figure("offered"),
                figure("ratio"),
            );
        }
        let (bare, mark) = if report["database"] == "postgres" {
            ("pgbench with the statements of a booking, as many clients", "0.80")
        } else {
            ("bare single-row durable inserts on the same disk", "2.00")
        };
        println!("  {bare}: {:.0} a second   (mark: ratio {mark})", number("/bookings/barePerSecond"));
    }
    if !report["store"].is_null() {
        println!("\nThrough the store, {BOOKING_CLIENTS} clients");
        println!(
            "  {:.0} bookings per second; the same statements alone, {:.0} bookings per transaction: {:.0}; ratio {:.2} of {}   (mark: 0.60)",
            number("/store/storePerSecond"),
            number("/store/bookingsInATransaction"),
            number("/store/barePerSecond"),
            number("/store/ratio"),
            report["store"]["ratios"],
        );
    }
    if !report["reads"].is_null() {
        println!("\nClaim reads over HTTP, {READ_CLIENTS} clients");
        println!(
            "  {:.0} a second; the empty JSON endpoint of the same server: {:.0}; ratio {:.2}   (mark: 0.60)",
            number("/reads/claimPerSecond"),
            number("/reads/emptyPerSecond"),
            number("/reads/ratio"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As short as it can be and still say something: what it says of speed means nothing.
    fn short(parts: &[&str], has_server: bool) -> Value {
        let length =
            Length { each: Duration::from_millis(200), searches_by: 50, bookings: BOOKINGS_A_ROUND, visits: 3 };
        let folder = tempfile::tempdir().unwrap();
        let server = has_server.then(|| postgres::Server::start(folder.path()));
        measure(folder.path(), &length, parts, server.as_ref())
    }

    fn all_is_booked_beside_something(report: &Value) {
        let whole = &report["bookings"]["whole"];
        assert_eq!(whole["offered"], BOOKINGS_A_ROUND);
        assert_eq!(whole["booked"], whole["offered"], "a nearly empty calendar: {whole}");
        assert!(whole["ratio"].as_f64().unwrap() > 0.0, "{report}");
    }

    #[test]
    fn a_short_run_on_sqlite_measures_every_part() {
        let report = short(&["--reads", "--bookings", "--store"], false);
        all_is_booked_beside_something(&report);
        assert!(report["reads"]["ratio"].as_f64().unwrap() > 0.0, "{report}");
        assert!(report["store"]["ratio"].as_f64().unwrap() > 0.0, "{report}");
    }

    #[test]
    fn a_short_run_on_postgresql_books_all_of_it_beside_pgbench() {
        all_is_booked_beside_something(&short(&["--bookings"], true));
    }
}
