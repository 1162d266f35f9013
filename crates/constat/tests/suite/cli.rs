//! The binary as its users meet it: typed commands, a server started and stopped.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use constat_store::{Database, Store};
use constat_testkit::postgres::{FreshDatabase, Programs, TestDatabase, fresh_database};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The binary in a folder of its own, deaf to the machine's environment. On a server's database when the
/// folder has one.
pub fn constat(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_constat"));
    command.current_dir(folder).env_clear();
    if let Ok(url) = std::fs::read_to_string(folder.join(URL_FILE)) {
        command.env("CONSTAT_DATABASE", url);
    }
    command
}

/// Tells [`constat`] which database belongs to a folder.
const URL_FILE: &str = "url-of-the-database";

/// A folder of a test's own, and a database on the private server when the tests run on PostgreSQL.
pub struct Folder {
    folder: TempDir,
    /// Dropped with it.
    database: Option<FreshDatabase>,
}

impl Folder {
    pub fn new() -> Self {
        Self::on(TestDatabase::wanted())
    }

    /// One with a database of that kind.
    pub fn on(kind: TestDatabase) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = (kind == TestDatabase::Postgres).then(fresh_database);
        if let Some(database) = &database {
            std::fs::write(folder.path().join(URL_FILE), &database.url).expect("a file");
        }
        Self { folder, database }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder's database, opened beside the binary.
    pub fn store(&self) -> Store {
        match &self.database {
            Some(database) => Store::of(Database::server(&database.url)),
            None => Store::open(&self.path().join("constat-data/constat.db")),
        }
        .expect("a database")
    }

    /// Where its PostgreSQL database is.
    pub fn url(&self) -> &str {
        &self.database.as_ref().expect("a database on the server").url
    }

    /// Runs statements on the database, beside the running server.
    pub fn run_sql(&self, statements: &str) {
        if let Some(database) = &self.database {
            Programs::find().psql(&database.url, &[statements]).expect("statements run");
            return;
        }
        let file = self.path().join("constat-data/constat.db");
        let mut connection = SqliteConnection::establish(file.to_str().expect("a path")).expect("a database");
        connection.batch_execute(statements).expect("statements run");
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    constat(folder).args(arguments).output().expect("the binary runs")
}

/// Runs a command that must succeed and gives what it printed.
pub fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Runs a command that must fail and gives what it said.
pub fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).expect("text")
}

/// A server process. Killed, without mercy, when dropped.
pub struct Running {
    pub child: Child,
    pub url: String,
    /// What it said when it started.
    said: Vec<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Running {
    pub fn serve(folder: &Path) -> Self {
        Self::told(folder, "")
    }

    /// A server whose metrics listen there.
    fn told(folder: &Path, metrics: &str) -> Self {
        Self::with(folder, &[("CONSTAT_METRICS__LISTEN", metrics)])
    }

    /// A server with this environment; without metrics unless that says otherwise.
    pub fn with(folder: &Path, environment: &[(&str, &str)]) -> Self {
        Starting::with(folder, environment).serving()
    }

    /// What it said until it served, line by line.
    pub fn said(&self) -> &[String] {
        &self.said
    }

    /// Tells it to stop (SIGTERM), and waits until it has. Whether it ended well.
    #[cfg(unix)]
    pub fn terminate(mut self) -> bool {
        let told = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        told.success() && self.child.wait().expect("it ends").success()
    }
}

/// A server process that does not serve yet. Killed when dropped.
pub struct Starting {
    running: Running,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Starting {
    pub fn with(folder: &Path, environment: &[(&str, &str)]) -> Self {
        Self::of(constat(folder), environment)
    }

    /// One of another program, which ends up as the server.
    pub fn program(program: &Path, folder: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear();
        Self::of(command, environment)
    }

    fn of(mut command: Command, environment: &[(&str, &str)]) -> Self {
        command.env("CONSTAT_METRICS__LISTEN", "").envs(environment.iter().copied());
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        Self { running: Running { child, url: String::new(), said: Vec::new() }, lines }
    }

    /// Reads what it says until a line has these words, and gives that line.
    pub fn until(&mut self, words: &str) -> String {
        loop {
            let Some(line) = self.lines.next() else { panic!("it ended: {:?}", self.running.said) };
            let line = line.expect("text");
            self.running.said.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Stops it after a moment, and gives all that it said until then.
    pub async fn rest(self) -> Vec<String> {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let Self { mut running, lines } = self;
        running.child.kill().expect("it is stopped");
        let rest = tokio::task::spawn_blocking(move || lines.map_while(Result::ok).collect::<Vec<_>>());
        let mut said = std::mem::take(&mut running.said);
        said.extend(rest.await.expect("lines"));
        said
    }

    /// The server, once it serves.
    pub fn serving(mut self) -> Running {
        let listens = self.until("Constat listens on");
        let url = listens.split_whitespace().find(|word| word.starts_with("http://")).expect("a URL").to_owned();
        self.until("Stop with");
        let Self { mut running, lines } = self;
        // What else it says must be read, or the pipe fills.
        std::thread::spawn(move || lines.for_each(drop));
        running.url = url;
        running
    }
}

pub fn folder() -> Folder {
    Folder::new()
}

async fn status_with_key(url: &str, header: &str, key: &str) -> u16 {
    let request = reqwest::Client::new().get(url).header(header, key);
    request.send().await.expect("an answer").status().as_u16()
}

pub fn install_tls() {
    let _installed = rustls::crypto::ring::default_provider().install_default();
}

#[test]
fn help_teaches_and_the_default_configuration_is_printed_and_accepted() {
    let folder = folder();
    let help = done(folder.path(), &["keys", "create", "--help"]);
    assert!(help.contains("Examples:") && help.contains("constat keys create --api partner"), "{help}");
    let defaults = done(folder.path(), &["config"]);
    std::fs::write(folder.path().join("constat.toml"), &defaults).unwrap();
    done(folder.path(), &["organisations", "list"]);
    std::fs::write(folder.path().join("constat.toml"), format!("listn = 1\n{defaults}")).unwrap();
    let said = refused(folder.path(), &["organisations", "list"]);
    assert!(said.contains("constat.toml") && said.contains("`listn`"), "{said}");
}

#[tokio::test]
async fn a_key_is_shown_once_opens_its_contract_and_can_be_revoked() {
    install_tls();
    let folder = folder();
    let path = folder.path();
    done(path, &["organisations", "add", "--kind", "platform", "--name", "Plateforme"]);
    let said = refused(path, &["organisations", "add", "--kind", "partner", "--name", "Plateforme"]);
    assert!(said.contains("already registered"), "{said}");
    let said =
        refused(path, &["organisations", "add", "--kind", "insurer", "--name", "Assureur", "--acam", "99999999"]);
    assert!(said.contains("--acam"), "{said}");
    let create =
        ["keys", "create", "--api", "claims", "--issuer", "Plateforme", "--holder", "Plateforme", "--mode", "test"];
    let secret = done(path, &create);
    assert!(secret.starts_with("test_"), "{secret}");
    let said = refused(
        path,
        &["keys", "create", "--api", "claims", "--issuer", "Stranger", "--holder", "Plateforme", "--mode", "test"],
    );
    assert!(said.contains("\"Stranger\"") && said.contains("\"Plateforme\""), "{said}");

    let listed = done(path, &["keys", "list", "--json"]);
    assert!(!listed.contains(&secret), "a secret is shown once");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let id = listed[0]["id"].as_str().unwrap();
    assert!(done(path, &["keys", "list"]).contains(id));

    done(path, &["import", "contracts", &sample("contracts.csv"), "--organisation", "Plateforme", "--mode", "test"]);
    let server = Running::serve(path);
    let somewhere = format!("{}/v2/claims?userId=user-1", server.url);
    assert_eq!(status_with_key(&somewhere, "key", &secret).await, 200);
    assert_eq!(status_with_key(&somewhere, "key", &secret.replace("test_", "live_")).await, 401);
    drop(server);
    done(path, &["keys", "revoke", id]);
    let server = Running::serve(path);
    let somewhere = format!("{}/v2/claims?userId=user-1", server.url);
    assert_eq!(status_with_key(&somewhere, "key", &secret).await, 401);
    let listed: Value = serde_json::from_str(&done(path, &["keys", "list", "--json"])).unwrap();
    assert!(listed[0]["revokedAt"].is_string());
}

#[cfg(unix)]
#[test]
fn a_server_stops_when_told_and_says_why_it_cannot_start() {
    let (first, second) = (folder(), folder());
    let server = Running::serve(first.path());
    let address = server.url.trim_start_matches("http://").to_owned();
    let said = refused(second.path(), &["serve", "--listen", &address]);
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
    // Several servers may share a database server; a file belongs to one.
    if TestDatabase::wanted() == TestDatabase::Sqlite {
        let said = refused(first.path(), &["serve", "--listen", "127.0.0.1:0"]);
        assert!(said.contains("another server already runs") && said.contains("--data"), "{said}");
    }
    std::fs::write(second.path().join("a-file"), "").unwrap();
    let said = refused(second.path(), &["serve", "--data", "a-file"]);
    assert!(said.contains("a-file"), "{said}");
    assert!(server.terminate(), "SIGTERM ends it well");
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_is_told_to_stop_says_that_it_is_not_ready_before_it_goes() {
    install_tls();
    let folder = folder();
    let mut server = Running::with(folder.path(), &[("CONSTAT_REQUESTS__NOTICE_SECONDS", "2")]);
    let ready = format!("{}/health/ready", server.url);
    let http = reqwest::Client::new();
    assert_eq!(http.get(&ready).send().await.unwrap().text().await.unwrap(), r#"{"status":"ready"}"#);
    let told = Command::new("kill").arg(server.child.id().to_string()).status().expect("kill runs");
    assert!(told.success());
    let stopping = async {
        loop {
            let answer = http.get(&ready).send().await.expect("it still answers");
            if answer.status() == 503 {
                return answer.text().await.unwrap();
            }
        }
    };
    let stopping = tokio::time::timeout(std::time::Duration::from_secs(20), stopping).await;
    assert_eq!(stopping.expect("it says that it stops"), r#"{"status":"stopping"}"#);
    // A client that still comes is served, and asked to go elsewhere next time.
    let answer = http.get(format!("{}/v2/claims", server.url)).send().await.expect("it still serves");
    assert_eq!((answer.status().as_u16(), answer.headers()["connection"].to_str().unwrap()), (401, "close"));
    assert!(server.child.wait().expect("it ends").success());
}

#[tokio::test]
async fn a_server_can_be_watched_on_an_address_of_its_own_and_serves_without() {
    install_tls();
    let (first, second) = (folder(), folder());
    let watched = Running::told(first.path(), "127.0.0.1:0");
    let told = watched.said.iter().find(|line| line.contains("metrics on")).expect("where the metrics are");
    let url = told.split_whitespace().find(|word| word.starts_with("http://")).expect("a URL").to_owned();
    let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
    assert!(text.contains("constat_bookings_total 0"), "{text}");

    let taken = url.trim_start_matches("http://").trim_end_matches("/metrics");
    let unwatched = Running::told(second.path(), taken);
    assert!(unwatched.said.iter().any(|line| line.contains("no metrics") && line.contains(taken)));
    assert_eq!(reqwest::get(format!("{}/health", unwatched.url)).await.unwrap().status(), 200);
    drop(Running::told(folder().path(), ""));
}

/// A folder with a platform and a partner firm registered.
pub fn folder_with_organisations() -> Folder {
    let folder = folder();
    done(folder.path(), &["organisations", "add", "--kind", "platform", "--name", "Plateforme"]);
    done(folder.path(), &["organisations", "add", "--kind", "partner", "--name", "Cabinet"]);
    folder
}

pub fn sample(name: &str) -> String {
    format!("{}/../../data/samples/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_sample_files_are_imported_and_again_without_harm() {
    let folder = folder_with_organisations();
    let import = |what, file: &str, organisation| {
        done(folder.path(), &["import", what, &sample(file), "--organisation", organisation, "--mode", "test"])
    };
    for _again in 0..2 {
        assert!(import("experts", "experts.csv", "Cabinet").starts_with("3 experts imported"));
        assert!(import("experts", "experts.jsonl", "Cabinet").starts_with("2 experts imported"));
        assert!(import("absences", "absences.csv", "Cabinet").starts_with("4 absences imported"));
        assert!(import("contracts", "contracts.csv", "Plateforme").starts_with("2 contracts imported"));
    }
    let said = refused(
        folder.path(),
        &["import", "experts", &sample("experts.csv"), "--organisation", "Plateforme", "--mode", "test"],
    );
    assert!(said.contains("partner firms"), "{said}");
}

#[test]
fn one_bad_line_imports_nothing_and_every_fault_is_told_by_line_and_field() {
    let folder = folder_with_organisations();
    let path = folder.path();
    let file = path.join("experts.csv");
    let text = "reference,display_name,zip,lat,lon,kinds,monday,limit_total\n\
                E1,Expert 001,75017,,,ESS,09:00-12:00,1000\n\
                E2,Expert 002,,95.0,2.0,ESS,09:00-12:00;11:00-13:00,1000\n\
                E3,Expert 003,75017,,,SKATE,09:00-12:00,\n\
                E4,,75017,,,ESS,9 to 5,many\n\
                E1,Expert 005,00000,,,ESS,,\n";
    std::fs::write(&file, text).unwrap();
    let arguments = ["import", "experts", "experts.csv", "--organisation", "Cabinet", "--mode", "test"];
    let said = refused(path, &arguments);
    assert!(said.contains("nothing imported"), "{said}");
    for told in [
        "line 3 base:",
        "line 3 monday:",
        "line 4 kinds",
        "line 5 limit_total:",
        "line 6 reference: line 2 has the same",
        "line 6 zip:",
    ] {
        assert!(said.contains(told), "{told} is not in\n{said}");
    }
    // Nothing of it is there: an absence of the one sound expert finds no expert.
    std::fs::write(path.join("absences.csv"), "expert,start,end\nE1,2026-12-24,2026-12-24\n").unwrap();
    let absences = ["import", "absences", "absences.csv", "--organisation", "Cabinet", "--mode", "test"];
    assert!(refused(path, &absences).contains("line 2 expert:"));

    // A dry run of a sound file changes nothing either; the real one does.
    std::fs::write(&file, text.lines().take(2).collect::<Vec<_>>().join("\n")).unwrap();
    let dry: Vec<&str> = arguments.into_iter().chain(["--dry-run"]).collect();
    assert!(done(path, &dry).starts_with("1 experts are sound"));
    assert!(refused(path, &absences).contains("line 2 expert:"));
    done(path, &arguments);
    done(path, &absences);
    // Test data is not live data.
    let live = ["import", "absences", "absences.csv", "--organisation", "Cabinet", "--mode", "live"];
    assert!(refused(path, &live).contains("line 2 expert:"));
}

#[test]
fn a_long_report_is_counted_and_a_strange_file_is_refused() {
    let folder = folder_with_organisations();
    let path = folder.path();
    let bad = "{\"reference\": true}\n".repeat(60);
    std::fs::write(path.join("experts.jsonl"), bad).unwrap();
    let import = |file| refused(path, &["import", "experts", file, "--organisation", "Cabinet", "--mode", "test"]);
    let said = import("experts.jsonl");
    assert!(said.contains("60 errors") && said.contains("and 10 more"), "{said}");
    std::fs::write(path.join("experts.txt"), "").unwrap();
    assert!(import("experts.txt").contains(".csv or .jsonl"));
    std::fs::write(path.join("latin.csv"), [b'r', 0xe9]).unwrap();
    assert!(import("latin.csv").contains("line 1 ré: unknown column"));
    std::fs::write(path.join("mixed.csv"), [b'r', 0xe9, 0xc3, 0xa9]).unwrap();
    assert!(import("mixed.csv").contains("UTF-8"));
    std::fs::write(path.join("odd.csv"), "reference,colour\nE1,red\n").unwrap();
    assert!(import("odd.csv").contains("line 1 colour: unknown column"));
    assert!(import("absent.csv").contains("absent.csv"));
}

/// The machine's own clock: these servers run on it.
#[expect(clippy::disallowed_methods, reason = "a server process under test runs on the machine's clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Asks a server and gives status and body.
pub async fn ask(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_booking_acknowledged_before_kill_9_is_there_after_restart() {
    install_tls();
    let folder = folder_with_organisations();
    let path = folder.path();
    done(path, &["import", "experts", &sample("experts.csv"), "--organisation", "Cabinet", "--mode", "test"]);
    let create =
        ["keys", "create", "--api", "partner", "--issuer", "Cabinet", "--holder", "Plateforme", "--mode", "test"];
    let key = done(path, &create);
    let http = reqwest::Client::new();
    let address =
        json!({ "street1": "48 boulevard des Batignolles", "zipCode": "75017", "city": "Paris", "countryCode": "FR" });

    let server = Running::serve(path);
    let base = format!("{}/claims/api/v1", server.url);
    let search = json!({
        "type": { "name": "ESS" }, "dateFrom": now(), "dateTo": now() + SignedDuration::from_hours(24 * 21),
        "customerType": "individual", "insurerClaimId": "K9", "appointmentLocation": { "address": address },
    });
    let (status, found) = ask(http.post(format!("{base}/intervention")).header("pid", &key).json(&search)).await;
    assert_eq!(status, 200, "{found}");
    let booking = json!({
        "timeslot": found["timeslots"][0], "sessionID": found["sessionID"], "caseNumber": "K9-1",
        "location": { "address": address },
    });
    let (status, booked) = ask(http.post(format!("{base}/appointments")).header("pid", &key).json(&booking)).await;
    assert_eq!(status, 201, "{booked}");
    let id = booked["appointmentID"].as_str().unwrap();
    // Dropping sends SIGKILL: nothing is flushed, closed or said goodbye to.
    drop(server);

    let server = Running::serve(path);
    let base = format!("{}/claims/api/v1", server.url);
    let (status, read) = ask(http.get(format!("{base}/appointments/{id}")).header("pid", &key)).await;
    assert_eq!(status, 200, "{read}");
    assert_eq!(read["data"][0]["schedule"]["startTime"], found["timeslots"][0]["startTime"]);
    // Its session stays used: the same booking again is the same appointment, not a second one.
    let (status, again) = ask(http.post(format!("{base}/appointments")).header("pid", &key).json(&booking)).await;
    assert_eq!((status, &again["appointmentID"]), (201, &booked["appointmentID"]));
    let (_, all) = ask(http.get(format!("{base}/appointments")).header("pid", &key)).await;
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_imported_is_seen_by_a_server_that_already_runs() {
    install_tls();
    let folder = folder_with_organisations();
    let path = folder.path();
    let create =
        ["keys", "create", "--api", "partner", "--issuer", "Cabinet", "--holder", "Plateforme", "--mode", "test"];
    let key = done(path, &create);
    let server = Running::serve(path);
    let search = json!({
        "type": { "name": "VISIO" }, "dateFrom": now(), "dateTo": now() + SignedDuration::from_hours(24 * 21),
        "customerType": "individual", "insurerClaimId": "I1",
    });
    let intervention = || {
        let url = format!("{}/claims/api/v1/intervention", server.url);
        reqwest::Client::new().post(url).header("pid", &key).json(&search)
    };
    let (status, before) = ask(intervention()).await;
    assert_eq!((status, before["timeslots"].as_array().map(Vec::len)), (200, Some(0)), "{before}");
    done(path, &["import", "experts", &sample("experts.csv"), "--organisation", "Cabinet", "--mode", "test"]);
    let (status, after) = ask(intervention()).await;
    assert_eq!(status, 200);
    assert!(!after["timeslots"].as_array().unwrap().is_empty(), "{after}");
}

#[test]
fn the_demonstration_walks_the_main_job_and_says_that_every_step_held() {
    let folder = folder();
    let told = done(folder.path(), &["demo", "--once"]);
    let last = told.lines().last().expect("words");
    assert!(last.starts_with("All ") && last.contains("steps held"), "{told}");
    for part in ["Declare", "Upload", "Submit", "Search", "Book", "Pull the claim file", "REN", "Move", "cancel"] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    // Not on a terminal: no colours. A folder in use is not walked over.
    assert!(!told.contains('\u{1b}'), "{told}");
    done(folder.path(), &["organisations", "add", "--kind", "platform", "--name", "P", "--data", "used"]);
    let said = refused(folder.path(), &["demo", "--once", "--data", "used"]);
    assert!(said.contains("already in use"), "{said}");
}

#[tokio::test]
async fn the_demonstration_gives_scripts_one_line_with_everything_they_need() {
    install_tls();
    let folder = folder();
    let mut command = constat(folder.path());
    command.args(["demo", "--json", "--port", "0", "--data", "world"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the demonstration starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let ready: Value = serde_json::from_str(&line).expect("JSON");
    let text = |name: &str| ready[name].as_str().unwrap_or_else(|| panic!("{name} in {line}")).to_owned();
    let server = Running { child, url: text("baseUrl"), said: Vec::new() };
    let names = [
        "baseUrl",
        "claimsKey",
        "otherTenantClaimsKey",
        "userId",
        "contractId",
        "contractProductId",
        "claimId",
        "partnerKey",
        "renPartnerKey",
        "dossierKey",
        "insurerAcamCode",
    ];
    let given: Vec<&String> = ready.as_object().expect("an object").keys().collect();
    assert_eq!(given, names);

    let http = reqwest::Client::new();
    let (url, claim_id) = (&server.url, text("claimId"));
    let stolen = json!({
        "userId": text("userId"), "contractId": text("contractId"), "contractProductId": text("contractProductId"),
        "type": "theft", "subtype": "total_theft", "claimAt": "2024-01-15T14:30:00Z",
        "description": "Vélo volé le 15 janvier 2024 vers 14h30 devant la gare de Lyon, attaché à un arceau.",
        "questions": {
            "tied_to_fixed_point": true, "tied_with_supplied_lock": true, "private_place_break_in": false,
            "electric": true, "battery_on_bike": true, "final_police_report": true,
        },
        "insured": { "firstName": "Jean", "lastName": "Dupont", "phoneNumber": "+33612345678" },
        "location": { "address": "Gare de Lyon", "city": "Paris", "country": "France", "zipcode": "75012" },
    });
    for key in ["claimsKey", "otherTenantClaimsKey"] {
        let create = http.post(format!("{url}/v2/claims")).header("key", text(key)).json(&stolen);
        let (status, body) = ask(create).await;
        assert_eq!((status, &body["data"]["status"]), (200, &json!("draft")), "{key}: {body}");
    }

    // The claim is the platform's alone, and has a live appointment by phone.
    let read = |key| http.get(format!("{url}/v2/claims/{claim_id}")).header("key", text(key));
    assert_eq!(ask(read("claimsKey")).await.0, 200);
    assert_eq!(ask(read("otherTenantClaimsKey")).await.0, 404);
    let appointments = http.get(format!("{url}/v2/claims/{claim_id}/appointments")).header("key", text("claimsKey"));
    let (_, appointments) = ask(appointments).await;
    assert_eq!(appointments["data"].as_array().map(Vec::len), Some(1), "{appointments}");
    assert_eq!(
        (&appointments["data"][0]["type"], &appointments["data"][0]["status"]),
        (&json!("TELE"), &json!("booked"))
    );
    let file = http.get(format!("{url}/v1/claims/{claim_id}")).header("ctoken", text("dossierKey"));
    let (status, file) = ask(file).await;
    assert_eq!(status, 200, "{file}");
    assert_eq!(file["company"]["id"], text("insurerAcamCode").as_str());
    assert!(!file["documents"].as_array().expect("documents").is_empty());

    for (key, kind) in [("partnerKey", "ESS"), ("renPartnerKey", "REN")] {
        let search = json!({
            "type": { "name": kind }, "dateFrom": now(), "customerType": "individual", "insurerClaimId": "D1",
            "appointmentLocation": { "address": {
                "street1": "48 boulevard des Batignolles", "zipCode": "75017", "city": "Paris", "countryCode": "FR",
            } },
        });
        let (status, found) =
            ask(http.post(format!("{url}/claims/api/v1/intervention")).header("pid", text(key)).json(&search)).await;
        assert_eq!(status, 200, "{found}");
        assert!(!found["timeslots"].as_array().expect("slots").is_empty(), "{key}: {found}");
    }
}
