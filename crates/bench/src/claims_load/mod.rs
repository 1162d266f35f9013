//! `cargo xtask load`: many claims, many clients, a receiver of webhooks that is away for an hour.
//!
//! The server is a process of its own, on a clock that runs faster than the machine's, so that the
//! hour and the pauses between tries fit into the run. Everything else is real: HTTP, the database,
//! durable commits, documents on the disk.

mod clients;
mod counters;
mod receiver;
mod server;

use std::collections::HashSet;
use std::io::BufRead as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clients::{Client, Target};
use counters::Counters;
use receiver::Receiver;
use serde_json::{Value, json};

use crate::load::{Connection, request};

/// The word that makes this program the server.
const SERVER: &str = "load-server";

const HELP: &str = "\
cargo xtask load: many claims, many clients, a receiver of webhooks that is away for an hour.

    --claims N      claims with 5 documents each before it starts [10000]
    --insured N     people who declare them, each by chance [5000]
    --clients N     clients reading and writing at once [200]
    --minutes N     how long they do [10]
    --rate N        requests a second of all clients together [1000]
    --size N        bytes of a document [10000]
    --away N        minutes of the server's clock that the receiver is away [60]
    --speed N       how much faster the server's clock runs than the machine's [12]
    --json          one JSON object on stdout

It ends when every event has reached the receiver; it fails on any answer that is not the right one,
an event that is missing, or one of a claim that came out of order.

Bookings under load, on one server and on several: cargo xtask scale --help.
";

struct Plan {
    claims: usize,
    insured: usize,
    clients: usize,
    minutes: u64,
    rate: u32,
    size: usize,
    away: u64,
    speed: u32,
}

/// Runs the load when the arguments ask for it: `None` when they do not.
pub fn asked(arguments: &[String]) -> Option<bool> {
    match arguments.first()?.as_str() {
        SERVER => {
            let number = |place: usize| arguments.get(place).and_then(|text| text.parse::<u32>().ok());
            let (speed, insured) = (number(2).expect("a speed"), number(3).expect("how many are insured"));
            server::serve(Path::new(&arguments[1]), speed, insured as usize);
            Some(true)
        }
        "load" => Some(run(&arguments[1..])),
        _ => None,
    }
}

fn run(arguments: &[String]) -> bool {
    let mut plan = Plan {
        claims: 10_000,
        insured: 5_000,
        clients: 200,
        minutes: 10,
        rate: 1_000,
        size: 10_000,
        away: 60,
        speed: 12,
    };
    let mut as_json = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|text| text.parse::<u32>().ok()).filter(|number| *number > 0);
        let known = match word.as_str() {
            "--help" | "-h" => {
                print!("{HELP}");
                return true;
            }
            "--json" => {
                as_json = true;
                Some(())
            }
            "--claims" => number().map(|number| plan.claims = number as usize),
            "--insured" => number().map(|number| plan.insured = number as usize),
            "--clients" => number().map(|number| plan.clients = number as usize),
            "--minutes" => number().map(|number| plan.minutes = number.into()),
            "--rate" => number().map(|number| plan.rate = number),
            "--size" => number().map(|number| plan.size = number as usize),
            "--away" => number().map(|number| plan.away = number.into()),
            "--speed" => number().map(|number| plan.speed = number),
            _ => None,
        };
        if known.is_none() {
            eprint!("Cannot read `{word}` and what follows it.\n\n{HELP}");
            return false;
        }
    }
    let beside = std::env::current_exe().expect("the path of this program");
    let folder = tempfile::tempdir_in(beside.parent().expect("a folder")).expect("a temporary folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let report = runtime.block_on(measure(&plan, folder.path()));
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap_or(u64::MAX);
    let faults = ["/run/errors", "/webhooks/missing", "/webhooks/outOfOrder"];
    if as_json {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    faults.iter().all(|pointer| number(pointer) == 0)
}

/// The server's process; killed when dropped.
struct Served {
    child: Child,
    target: Target,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

impl Served {
    fn start(folder: &Path, plan: &Plan) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("the path of this program"));
        command.arg(SERVER).arg(folder).args([plan.speed.to_string(), plan.insured.to_string()]);
        command.stdout(Stdio::piped());
        let mut child = command.spawn().expect("a server");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output");
        std::io::BufReader::new(stdout).read_line(&mut line).expect("its first line");
        let ready: Value = serde_json::from_str(&line).expect("where it is");
        let address = ready["address"].as_str().and_then(|text| text.parse().ok()).expect("an address");
        let key = ready["key"].as_str().expect("a key").to_owned();
        Self { child, target: Target { address, key, document_size: plan.size, insured: plan.insured } }
    }

    /// Resident memory in MiB, where the system tells.
    fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
    }

    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let mut connection = Connection::open(self.target.address).await.expect("a connection");
        let body = body.map(Value::to_string);
        let request = request(method, path, Some(("key", &self.target.key)), body.as_deref());
        let answer = connection.send(&request).await.expect("an answer");
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(answer.status, 200, "{method} {path}: {body}");
        body
    }
}

async fn measure(plan: &Plan, folder: &Path) -> Value {
    let served = Served::start(folder, plan);
    let memory_at_start = served.memory();
    let began = Instant::now();
    let known = Arc::new(fill(&served, plan).await);
    let filled = began.elapsed();
    let memory_when_filled = served.memory();

    let mut receiver = Receiver::down().await;
    served.ask("POST", "/v2/webhooks", Some(&json!({ "url": receiver.url() }))).await;
    let last_before = newest_event(&served).await;
    let length = Duration::from_mins(plan.minutes);
    let pace = Duration::from_secs(1) * u32::try_from(plan.clients).expect("not that many") / plan.rate;
    eprintln!("{} clients for {} minutes, {} requests a second ...", plan.clients, plan.minutes, plan.rate);
    let started = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..plan.clients {
        let client = Client::new(&served.target, number as u64 + 1, &known).await.expect("a connection");
        running.spawn(client.run(started, length, pace));
    }
    let back_after = Duration::from_mins(plan.away) / plan.speed;
    let (mut counters, mut memory, mut is_up) = (Counters::default(), Vec::new(), false);
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    while !running.is_empty() {
        tokio::select! {
            Some(done) = running.join_next() => counters.merge(done.expect("a client ends")),
            _ = ticks.tick() => {
                memory.extend(served.memory());
                if !is_up && started.elapsed() >= back_after {
                    receiver.up().await;
                    is_up = true;
                    eprintln!("The receiver is back after {} minutes of the server's clock", plan.away);
                }
            }
        }
    }
    if !is_up {
        tokio::time::sleep((back_after).saturating_sub(started.elapsed())).await;
        receiver.up().await;
    }
    let ran = started.elapsed();
    let (wanted, caught_up) = await_events(&served, &receiver, last_before, started).await;
    let seen = receiver.seen.lock().expect("no thread panicked");
    json!({
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "fill": { "claims": plan.claims, "documents": plan.claims * 5, "documentBytes": plan.size,
                  "seconds": filled.as_secs() },
        "insured": plan.insured,
        "clients": plan.clients,
        "requestsPerSecond": counters.answers() as u64 / ran.as_secs().max(1),
        "run": counters.report(),
        "memoryMiB": { "atStart": memory_at_start, "whenFilled": memory_when_filled,
                       "eachMinute": memory.iter().step_by(12).collect::<Vec<_>>(), "most": memory.iter().max() },
        "webhooks": {
            "awayMinutes": plan.away,
            "clockSpeed": plan.speed,
            "events": wanted.len(),
            "received": seen.events.len(),
            "missing": wanted.difference(&seen.events).count(),
            "outOfOrder": seen.out_of_order,
            "repeated": seen.repeated,
            "secondsAfterReturn": caught_up.saturating_sub(back_after).as_secs(),
        },
    })
}

/// How many declare at once before the run.
const CLIENTS: usize = 16;

/// Declares the claims that are there before the run, eight in ten of them submitted.
async fn fill(served: &Served, plan: &Plan) -> Vec<String> {
    let bar = indicatif::ProgressBar::new(plan.claims as u64);
    bar.set_style(indicatif::ProgressStyle::with_template("Declaring {bar:40} {pos}/{len} {eta}").expect("a template"));
    let mut running = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let none = Arc::new(Vec::new());
        let mut client = Client::new(&served.target, 10_000 + number as u64, &none).await.expect("a connection");
        let (bar, share) = (bar.clone(), (number..plan.claims).step_by(CLIENTS));
        running.spawn(async move {
            let mut made = Vec::new();
            for claim in share {
                made.push(client.declare_whole(claim % 10 < 8).await.expect("a claim with its documents"));
                bar.inc(1);
            }
            made
        });
    }
    let all = running.join_all().await.concat();
    bar.finish();
    all
}

/// The last event of the feed, if there is any.
async fn newest_event(served: &Served) -> Option<String> {
    let mut last = None;
    loop {
        let (page, next) = page_after(served, last.as_deref()).await;
        if page.is_empty() {
            return last;
        }
        last = next;
    }
}

async fn page_after(served: &Served, after: Option<&str>) -> (Vec<Value>, Option<String>) {
    let after = after.map_or_else(String::new, |after| format!("&after={after}"));
    let mut page = served.ask("GET", &format!("/v2/events?limit=500{after}"), None).await;
    let next = page["cursor"].as_str().map(str::to_owned);
    let Value::Array(events) = page["data"].take() else { return (Vec::new(), next) };
    (events, next)
}

/// All events since `after` that a webhook sends, and when the last of them had come.
async fn await_events(
    served: &Served,
    receiver: &Receiver,
    mut after: Option<String>,
    started: Instant,
) -> (HashSet<String>, Duration) {
    let mut wanted = HashSet::new();
    loop {
        let (page, next) = page_after(served, after.as_deref()).await;
        if page.is_empty() {
            break;
        }
        let sent = page.iter().filter(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("v2.")));
        wanted.extend(sent.filter_map(|event| event["id"].as_str().map(str::to_owned)));
        after = next;
    }
    eprintln!("Waiting for {} events to reach the receiver ...", wanted.len());
    let (mut most, mut since) = (0, Instant::now());
    loop {
        let came = receiver.seen.lock().map_or(0, |seen| seen.events.intersection(&wanted).count());
        if came > most {
            (most, since) = (came, Instant::now());
        }
        // No pause between tries is longer than that in the machine's time.
        if came == wanted.len() || since.elapsed() > Duration::from_mins(10) {
            return (wanted, since.duration_since(started));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
