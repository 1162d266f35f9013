//! One run, from an empty database to a verdict.

use std::ops::Range;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use constat_testkit::postgres::Programs;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use crate::client::{Client, Shared};
use crate::clock::now;
use crate::cluster::Cluster;
use crate::faults::{Database, Hand};
use crate::history::{self, Line, Writer};
use crate::node::{self, Node};
use crate::plain::Plain;
use crate::ports::Ports;
use crate::rng::SeededRng;
use crate::state::{self, Row};
use crate::verdict::{self, Verdict};
use crate::wire::Wire;
use crate::world;

/// Which database the servers share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A SQLite file: one server.
    Sqlite,
    /// One PostgreSQL server.
    Plain,
    /// Two PostgreSQL servers under patroni.
    Cluster,
}

impl Plan {
    /// The usual plan: three servers, where the database can be shared, 16 clients, five minutes.
    pub fn new(program: &Path, kind: Kind, out: &Path) -> Self {
        // A cluster needs some seconds to promote, and more to be whole again.
        let database = if kind == Kind::Cluster { 5_000..25_000 } else { 4_000..12_000 };
        Self {
            program: program.to_owned(),
            kind,
            nodes: if kind == Kind::Sqlite { 1 } else { 3 },
            clients: 16,
            experts: 24,
            days: 14,
            length: Duration::from_mins(5),
            seed: 1,
            pause: 50..300,
            faults: [3_000..12_000, 4_000..15_000, database],
            out: out.to_owned(),
        }
    }
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Plain => "one PostgreSQL server",
            Self::Cluster => "two PostgreSQL servers under patroni",
        }
    }
}

/// What is to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The `constat` program.
    pub program: PathBuf,
    /// The database.
    pub kind: Kind,
    /// How many servers; one on SQLite.
    pub nodes: usize,
    /// How many clients.
    pub clients: usize,
    /// How many experts the firm has.
    pub experts: usize,
    /// How many days ahead a searched week may begin.
    pub days: usize,
    /// For how long new cases are begun.
    pub length: Duration,
    /// What the clients' choices and the faults grow from. The same seed does the same things, not at
    /// the same instants: real processes have times of their own.
    pub seed: u64,
    /// Milliseconds between two cases of one client.
    pub pause: Range<u64>,
    /// Milliseconds between two faults of one hand: on nodes, on wires, on the database.
    pub faults: [Range<u64>; 3],
    /// Where history, state and verdict go.
    pub out: PathBuf,
}

/// The files of a run.
#[derive(Debug, Clone)]
pub struct Files {
    /// What was asked, heard and done.
    pub history: PathBuf,
    /// What the database held in the end.
    pub state: PathBuf,
    /// What was made of it.
    pub verdict: PathBuf,
}

impl Files {
    /// The files in a folder.
    pub fn of(folder: &Path) -> Self {
        Self {
            history: folder.join("history.jsonl"),
            state: folder.join("state.jsonl"),
            verdict: folder.join("verdict.json"),
        }
    }
}

/// Judges a kept run again, from its files alone.
pub fn check(folder: &Path) -> Result<Verdict, String> {
    let files = Files::of(folder);
    let text = |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let (asked, found) = (text(&files.history)?, text(&files.state)?);
    let history = history::read(&asked).map_err(|error| format!("{}: {error}", files.history.display()))?;
    let state = state::read(&found).map_err(|error| format!("{}: {error}", files.state.display()))?;
    Ok(verdict::judge(&history, &state))
}

/// Longest wait for clients that still ask after the end: longer than their own patience.
const LAST_ANSWERS: Duration = Duration::from_mins(3);

struct Nodes {
    all: Vec<Arc<Mutex<Node>>>,
    wires: Vec<Wire>,
    urls: Vec<String>,
    ports: Vec<u16>,
}

/// Runs it. An error says why there is no verdict; a verdict says whether everything held.
pub async fn run(plan: &Plan) -> Result<Verdict, String> {
    std::fs::create_dir_all(&plan.out).map_err(|error| format!("{}: {error}", plan.out.display()))?;
    // In a short path that the database's user may enter.
    let folder =
        tempfile::Builder::new().prefix("constat-crash-").tempdir_in("/tmp").map_err(|error| error.to_string())?;
    let open = std::fs::Permissions::from_mode(0o711);
    std::fs::set_permissions(folder.path(), open).map_err(|error| error.to_string())?;
    let mut ports = Ports::new();
    eprintln!("Starting {} ...", plan.kind.words());
    let (database, direct) = start_database(plan.kind, folder.path(), &mut ports).await?;
    let environment = |url: Option<&str>| {
        let mut environment = vec![
            ("CONSTAT_METRICS__LISTEN".to_owned(), String::new()),
            ("CONSTAT_LOG__LEVEL".to_owned(), "warn".to_owned()),
            // A few keys make all requests.
            ("CONSTAT_REQUESTS_PER_MINUTE".to_owned(), "0".to_owned()),
            ("CONSTAT_DATA".to_owned(), folder.path().join("data").to_string_lossy().into_owned()),
        ];
        environment.extend(url.map(|url| ("CONSTAT_DATABASE".to_owned(), url.to_owned())));
        environment
    };
    let by_hand = environment(direct.as_ref().map(|(_, url)| url.as_str()));
    let command = || {
        let mut command = Command::new(&plan.program);
        command.env_clear().envs(by_hand.iter().cloned()).current_dir(folder.path());
        command
    };
    let world = world::make(folder.path(), plan.experts, now(), command)?;
    let nodes = start_nodes(plan, &mut ports, direct.as_ref(), &plan.out, environment).await?;

    let (tell, over) = watch::channel(false);
    let files = Files::of(&plan.out);
    let history = Writer::create(&files.history).map_err(|error| format!("{}: {error}", files.history.display()))?;
    let words = plan.kind.words().to_owned();
    history.add(&Line::Run { at: now(), seed: plan.seed, database: words, nodes: plan.nodes, clients: plan.clients });
    let shared = Arc::new(Shared { world, history, days: plan.days, nodes: nodes.urls.clone(), over });
    let database = work(plan, &shared, &nodes.all, nodes.wires, database, &tell).await?;

    eprintln!("Stopping the servers, and looking at what is there ...");
    for (node, port) in nodes.all.iter().zip(&nodes.ports) {
        if !node::answers(*port, Duration::from_secs(30)).await {
            return Err(format!("the server on port {port} does not answer after the last fault was put right"));
        }
        node.lock().await.stop(Duration::from_secs(30)).await;
    }
    shared.history.finish();
    let audit = command().args(["audit", "verify"]).output().map_err(|error| format!("constat: {error}"))?;
    let state = look(&database, direct.as_ref(), folder.path())?;
    std::fs::write(&files.state, state::write(&state)).map_err(|error| error.to_string())?;
    let text = std::fs::read_to_string(&files.history).map_err(|error| error.to_string())?;
    let mut verdict = verdict::judge(&history::read(&text)?, &state);
    if !audit.status.success() {
        verdict.add_fault(format!("constat audit verify: {}", String::from_utf8_lossy(&audit.stdout).trim()));
    }
    let text = serde_json::to_string_pretty(&verdict).map_err(|error| error.to_string())?;
    std::fs::write(&files.verdict, text).map_err(|error| error.to_string())?;
    Ok(verdict)
}

/// Starts the database. Gives the port that leads to it, and its URL, when it is a server.
async fn start_database(
    kind: Kind,
    folder: &Path,
    ports: &mut Ports,
) -> Result<(Database, Option<(u16, String)>), String> {
    match kind {
        Kind::Sqlite => Ok((Database::Sqlite, None)),
        Kind::Plain => {
            let port = ports.free();
            let home = folder.join("postgres");
            std::fs::create_dir(&home).map_err(|error| error.to_string())?;
            let server = Plain::start(&home, port).await?;
            let url = server.url("constat");
            Ok((Database::Plain(server), Some((port, url))))
        }
        Kind::Cluster => {
            let cluster = Cluster::start(folder, ports).await?;
            let (port, url) = (cluster.port(), cluster.url("constat"));
            Ok((Database::Cluster(Box::new(cluster)), Some((port, url))))
        }
    }
}

/// Starts the servers, each with a wire of its own to the database.
async fn start_nodes(
    plan: &Plan,
    ports: &mut Ports,
    direct: Option<&(u16, String)>,
    logs: &Path,
    environment: impl Fn(Option<&str>) -> Vec<(String, String)>,
) -> Result<Nodes, String> {
    let mut nodes = Nodes { all: Vec::new(), wires: Vec::new(), urls: Vec::new(), ports: Vec::new() };
    for number in 0..plan.nodes {
        let mut url = None;
        if let Some((port, direct)) = direct {
            let wire = ports.free();
            nodes.wires.push(Wire::lay(wire, *port).await.map_err(|error| format!("port {wire}: {error}"))?);
            url = Some(direct.replace(&format!(":{port}/"), &format!(":{wire}/")));
        }
        let port = ports.free();
        let home = logs.join(format!("node-{number}"));
        let mut node = Node::new(&plan.program, &home, port, &[], &environment(url.as_deref()));
        node.start();
        nodes.urls.push(node.url());
        nodes.ports.push(port);
        nodes.all.push(Arc::new(Mutex::new(node)));
    }
    for node in &nodes.all {
        node.lock().await.wait_for_start(Duration::from_mins(1)).await?;
    }
    Ok(nodes)
}

/// Lets clients and faults loose for the length of the run, puts everything right, and waits for the
/// last answers.
async fn work(
    plan: &Plan,
    shared: &Arc<Shared>,
    nodes: &[Arc<Mutex<Node>>],
    wires: Vec<Wire>,
    database: Database,
    tell: &watch::Sender<bool>,
) -> Result<Database, String> {
    eprintln!(
        "{} clients and {} servers for {} s, seed {} ...",
        plan.clients,
        plan.nodes,
        plan.length.as_secs(),
        plan.seed
    );
    let hand = |number: u64, pause: &Range<u64>| Hand {
        shared: Arc::clone(shared),
        rng: SeededRng::new(plan.seed, 1_000_000 + number),
        pause: pause.clone(),
    };
    let mut clients = JoinSet::new();
    for number in 0..plan.clients {
        clients.spawn(Client::new(number, plan.seed, shared).run(plan.pause.clone()));
    }
    let on_nodes = tokio::spawn(hand(1, &plan.faults[0]).on_nodes(nodes.to_vec()));
    let over_nodes = tokio::spawn(hand(2, &(300..500)).over_nodes(nodes.to_vec()));
    let has_wires = !wires.is_empty();
    let on_wires = hand(3, &plan.faults[1]);
    let on_wires = tokio::spawn(async move { if has_wires { on_wires.on_wires(wires).await } else { wires } });
    let on_database = tokio::spawn(hand(4, &plan.faults[2]).on_database(database));
    tokio::select! {
        () = tokio::time::sleep(plan.length) => {}
        _ = tokio::signal::ctrl_c() => eprintln!("Ending early ..."),
    }
    tell.send_replace(true);
    let gone = |_: tokio::task::JoinError| "a hand of the test has panicked".to_owned();
    let wires = on_wires.await.map_err(gone)?;
    let database = on_database.await.map_err(gone)??;
    let came_back = on_nodes.await.map_err(gone)?;
    over_nodes.abort();
    came_back?;
    eprintln!("Everything is put right; waiting for the last answers ...");
    let rest = async { while clients.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_ANSWERS, rest).await.is_err() {
        return Err("clients still wait for answers long after everything was put right".to_owned());
    }
    drop(wires);
    Ok(database)
}

fn look(database: &Database, direct: Option<&(u16, String)>, folder: &Path) -> Result<Vec<Row>, String> {
    match direct {
        None => state::of_sqlite(&folder.join("data/constat.db")),
        Some((_, url)) => {
            let programs = match database {
                Database::Cluster(cluster) => cluster.programs().clone(),
                _ => Programs::find(),
            };
            state::of_postgres(&programs, url)
        }
    }
}
