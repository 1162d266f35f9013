//! `cargo xtask scale`: several servers on one database, the burst of a catastrophe, how many offers are
//! honoured, how soon a caller hears of a conflict.

mod burst;
mod caller;
mod cluster;
mod conflicts;
mod figures;
mod nodes;
mod offers;

use std::path::Path;
use std::sync::Arc;

use constat_core::Clock;
use constat_store::Database;
use constat_testkit::TestClock;
use serde_json::{Value, json};

use crate::clock::{RunningClock, monday};
use crate::load::Run;
use crate::{postgres, rounded};
use cluster::Cluster;

const HELP: &str = "\
cargo xtask scale: what booking is like with many servers, many people, full calendars.

USAGE
    cargo xtask scale [PARTS] [--sqlite | --postgres] [--quick] [--json]

PARTS (all of them when none is named)
    --nodes       1, 2 and 4 servers on one PostgreSQL, in turn: searches a second, bookings a second with
                  64 clients, beside pgbench with the statements of a booking.
    --burst       A catastrophe: 5,000 insured arrive within a minute at a firm of 300 experts, each at a time
                  of its own drawn from a seed; each searches, thinks for 5 to 25 s, books one of the offers
                  by chance, and searches again when it is taken, up to three times. Catastrophe mode is on.
    --offers      How many bookings of an offered slot succeed when 50, 80 and 95 % of the visits that the
                  firm's calendars hold are booked, while 64 (and 8, and 2) callers book between each other's search
                  and booking.
    --conflicts   Time until a caller whose slot is taken, with no other expert free, gets the refusal: with nothing else
                  going on, beside 64 clients that book, and when 64 want the same time at once.

OPTIONS
    --sqlite      Only on a SQLite file.
    --postgres    Only on a PostgreSQL server of its own. Without either: on both, one after the other.
    --one-server  One server on PostgreSQL too, where two are the rule.
    --quick       A much shorter run, to see that it works; its figures mean little.
    --json        One JSON object on stdout.

HTTP, commits and their durability are real. Several servers (two on PostgreSQL where nothing else is said) run
in this process, each with connections, calendars and bounds of its own: they share the database and the cores,
and nothing else. Clients and servers share the machine. It fails when an answer was wrong: a visit
acknowledged that is not in the calendars, two visits of one expert at once, more than one booking of one time.

EXAMPLES
    cargo xtask scale
    cargo xtask scale --offers --postgres
    cargo xtask scale --quick --json
";

const PARTS: [&str; 4] = ["--nodes", "--burst", "--offers", "--conflicts"];
const OTHERS: [&str; 5] = ["--sqlite", "--postgres", "--one-server", "--quick", "--json"];

/// What a part found.
struct Part {
    /// For people.
    lines: Vec<String>,
    /// For programs.
    figures: Value,
    /// Answers that were wrong.
    wrong: usize,
}

/// Runs it when the arguments ask for it: `None` when they do not, else whether no answer was wrong.
pub fn asked(arguments: &[String]) -> Option<bool> {
    let (first, rest) = arguments.split_first()?;
    (first == "scale").then(|| run(rest))
}

fn run(arguments: &[String]) -> bool {
    let given = |word: &str| arguments.iter().any(|argument| argument == word);
    if given("--help") || given("-h") {
        print!("{HELP}");
        return true;
    }
    if let Some(unknown) = arguments.iter().find(|word| !PARTS.iter().chain(&OTHERS).any(|known| known == word)) {
        eprint!("Unknown argument `{unknown}`.\n\n{HELP}");
        return false;
    }
    let wanted: Vec<&str> = PARTS.into_iter().filter(|part| given(part)).collect();
    let wanted = if wanted.is_empty() { PARTS.to_vec() } else { wanted };
    if wanted == ["--nodes"] && given("--sqlite") && !given("--postgres") {
        eprintln!("--nodes needs PostgreSQL: a SQLite file has one server. Leave --sqlite out.");
        return false;
    }
    let (quick, as_json) = (given("--quick"), given("--json"));
    let usual = if given("--one-server") { 1 } else { 2 };
    let (mut wrong, mut all) = (0, serde_json::Map::new());
    let beside = std::env::current_exe().expect("the path of this program");
    for (name, excluded) in [("sqlite", "--postgres"), ("postgres", "--sqlite")] {
        if given(excluded) && !given(&format!("--{name}")) {
            continue;
        }
        // On the disk that holds the build, not in memory: durable commits are what is measured.
        let folder = tempfile::tempdir_in(beside.parent().expect("a folder")).expect("a temporary folder");
        let server = (name == "postgres").then(|| postgres::Server::start(folder.path()));
        for part in &wanted {
            // A file takes one server.
            if *part == "--nodes" && server.is_none() {
                continue;
            }
            let found = measure(part, folder.path(), server.as_ref(), (usual, quick));
            wrong += found.wrong;
            if !as_json {
                println!("\n{name}, {}", found.lines.join("\n  "));
            }
            all.insert(format!("{name}{}", part.replace("--", ".")), found.figures);
        }
    }
    all.insert("cores".to_owned(), json!(cores()));
    all.insert("wrongAnswers".to_owned(), json!(wrong));
    if as_json {
        println!("{}", Value::Object(all));
    } else {
        println!("\nOn {} cores, which clients and servers share. Wrong answers: {wrong}.", cores());
    }
    wrong == 0
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The servers get a runtime of their own with one worker for each core; the clients have one thread.
fn measure(part: &str, folder: &Path, server: Option<&postgres::Server>, (usual, quick): (usize, bool)) -> Part {
    let servers = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let clients = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let name = part.trim_start_matches('-');
    eprintln!("{name} on {} ...", if server.is_some() { "PostgreSQL" } else { "SQLite" });
    let database = match server {
        Some(server) => Database::server(server.database(name)),
        None => Database::File(folder.join(format!("{name}.db"))),
    };
    // A still clock, so that no session ends while it waits to be booked; a burst takes its time.
    let clock: Arc<dyn Clock> =
        if part == "--burst" { Arc::new(RunningClock::start(1)) } else { Arc::new(TestClock::at(monday())) };
    let count = if server.is_none() {
        1
    } else if part == "--nodes" {
        nodes::MAX_NODES
    } else {
        usual
    };
    let cluster = servers.block_on(Cluster::start(folder, &database, count, clock));
    let found = clients.block_on(async {
        match (part, server) {
            ("--nodes", Some(server)) => nodes::measure(&cluster, server, quick).await,
            ("--burst", _) => burst::measure(&cluster, quick).await,
            ("--offers", _) => offers::measure(&cluster, quick).await,
            _ => conflicts::measure(&cluster, quick).await,
        }
    });
    servers.shutdown_background();
    found
}

/// Latencies of a run, as they are shown.
fn latencies(run: &Run) -> String {
    let worst = run.percentile_ms(1.0);
    format!("p50 {:.1} ms, p99 {:.1} ms, at most {worst:.1} ms", run.percentile_ms(0.50), run.percentile_ms(0.99))
}

/// A run, for programs.
fn run_figures(run: &Run) -> Value {
    json!({
        "answers": run.latencies.len(),
        "statuses": statuses(run),
        "p50Ms": rounded(run.percentile_ms(0.50)),
        "p99Ms": rounded(run.percentile_ms(0.99)),
        "mostMs": rounded(run.percentile_ms(1.0)),
    })
}

/// How often each status came.
fn statuses(run: &Run) -> Value {
    run.statuses
        .iter()
        .map(|(status, count)| (status.to_string(), json!(count)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The same in words: `201: 4990, 409: 12`.
fn answer_counts(run: &Run) -> String {
    let each: Vec<String> = run.statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect();
    each.join(", ")
}

#[cfg(test)]
mod tests {
    use super::run;

    fn is_right(arguments: &[&str]) -> bool {
        run(&arguments.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_short_run_on_a_file_gives_no_wrong_answer() {
        assert!(is_right(&["--quick", "--sqlite"]));
    }

    #[test]
    fn a_short_run_on_postgresql_with_several_servers_gives_no_wrong_answer() {
        assert!(is_right(&["--quick", "--postgres"]));
    }

    #[test]
    fn a_word_that_is_not_known_is_refused() {
        assert!(!is_right(&["--quickly"]));
    }
}
