//! A private PostgreSQL for tests: a server of our own, and in it a database for each test.
//!
//! The tests run as many processes at once. The first that needs the server starts it, under a file
//! lock; the others, and later runs, find it. A shell stands over it and ends it once no test has
//! asked for a database for ten minutes, so that nothing stays for ever. It listens on a socket in
//! `/tmp` alone, writes nothing durably, and starts anew from an empty folder each time: what a killed
//! test left behind goes with it.

mod programs;

use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

pub use programs::Programs;

/// The variable that says which database the servers of the tests use.
const WANTED: &str = "CONSTAT_TEST_DATABASE";

/// Which database a test's server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestDatabase {
    /// A file in its temporary folder.
    Sqlite,
    /// A database of its own on the private server.
    Postgres,
}

impl TestDatabase {
    /// What `CONSTAT_TEST_DATABASE` asks for: `sqlite`, also when it is not set, or `postgres`.
    pub fn wanted() -> Self {
        match std::env::var(WANTED).as_deref() {
            Err(_) | Ok("" | "sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok(other) => panic!("{WANTED}={other}: sqlite or postgres"),
        }
    }
}

/// How the private server runs. Nothing is durable: it holds test data only.
const SETTINGS: &str = "
listen_addresses = ''
max_connections = 600
shared_buffers = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
autovacuum = off
jit = off
log_min_messages = fatal
log_min_error_statement = panic
";

/// Runs the server and stops it when the process that asked for it ends: `$1` the program, `$2` its data,
/// `$3` the file that tests touch.
const OVERSEER: &str = r#"
(
  "$1" -D "$2" & server=$!
  while sleep 5 && kill -0 $server 2>/dev/null; do
    [ -n "$(find "$3" -mmin -10)" ] || kill -QUIT $server
  done
) &
"#;

/// Longest wait for the server to start.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// An empty database for one test. Dropped with this value, even with open connections.
#[derive(Debug)]
pub struct FreshDatabase {
    /// How to reach it: `postgres:///name?host=...&user=...`.
    pub url: String,
    name: String,
    server: Private,
}

impl Drop for FreshDatabase {
    fn drop(&mut self) {
        // Not waited for: the server drops it while the next tests run.
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let mut psql = std::process::Command::new(self.server.programs.folder().join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--command", &drop, "--dbname", &self.server.url("postgres")]);
        psql.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        // When it cannot be run the database goes with the server.
        let _left = psql.spawn();
    }
}

/// Gives a new, empty database. Panics, with what to do, when PostgreSQL is not installed.
pub fn fresh_database() -> FreshDatabase {
    let server = Private::of_this_user();
    server.database("template0")
}

/// Gives a new database whose schema was made by `migrate`, which gets a URL. It runs once for each
/// build of the tests: what it made is copied.
pub fn migrated_database(migrate: impl FnOnce(&str)) -> FreshDatabase {
    let server = Private::of_this_user();
    let template = server.template(migrate);
    server.database(&template)
}

/// All that the tables of a database say, as text.
pub fn dump(url: &str) -> Vec<u8> {
    let mut pg_dump = std::process::Command::new(Programs::find().folder().join("pg_dump"));
    let dumped = pg_dump.args(["--data-only", "--dbname", url]).output().expect("pg_dump runs");
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    dumped.stdout
}

/// The server of all tests of one user on this machine.
#[derive(Debug, Clone)]
struct Private {
    programs: Programs,
    /// Its folder, with a short path: the name of a socket has at most 107 bytes.
    home: PathBuf,
}

impl Private {
    /// The server, running.
    fn of_this_user() -> Self {
        let user = programs::own_user();
        let home = PathBuf::from(format!("/tmp/constat-postgres-{user}"));
        std::fs::create_dir_all(&home).expect("a folder in /tmp");
        let owner = std::fs::metadata(&home).expect("the folder").uid();
        assert_eq!(owner, user, "{} belongs to another user", home.display());
        let server = Self { programs: Programs::find(), home };
        server.touch();
        let _lock = server.lock();
        if !server.answers() {
            server.start();
        }
        server
    }

    fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=constat", self.home.display())
    }

    fn touch(&self) {
        std::fs::write(self.home.join("used"), "").expect("the file that says when it was used");
    }

    /// Held by the process that starts the server or makes a template. The system lets go of it however the
    /// process ends.
    fn lock(&self) -> File {
        let lock = File::create(self.home.join("lock")).expect("a lock file");
        lock.lock().expect("the lock");
        lock
    }

    /// A socket may be there without a server, never the other way round. The process that starts it holds
    /// the lock until it takes work.
    fn answers(&self) -> bool {
        UnixStream::connect(self.home.join(".s.PGSQL.5432")).is_ok()
    }

    fn start(&self) {
        let data = self.home.join("data");
        if data.exists() {
            std::fs::remove_dir_all(&data).expect("the old data can be removed");
        }
        // The server, which may be another user, puts its socket here; no other user may enter.
        self.programs.give(&self.home).and_then(|()| self.keep_ownership()).expect("the folder can be shared");
        self.programs.make_cluster(&data);
        let socket = format!("unix_socket_directories = '{}'\n", self.home.display());
        std::fs::write(data.join("postgresql.auto.conf"), format!("{SETTINGS}{socket}")).expect("its settings");
        let log = File::create(self.home.join("log")).expect("a log");
        let mut overseer = self.programs.foreign(Path::new("/bin/sh"));
        overseer.args(["-c", OVERSEER, "overseer"]);
        overseer.arg(self.programs.folder().join("postgres")).arg(&data).arg(self.home.join("used"));
        overseer.stdout(Stdio::null()).stderr(log).process_group(0);
        let begun = overseer.status().expect("a shell");
        assert!(begun.success(), "the server cannot be started: {begun}");
        await_answer(&self.programs, &self.url("postgres"), START_TIMEOUT);
    }

    /// The folder stays ours, and the server's user may write to it.
    fn keep_ownership(&self) -> std::io::Result<()> {
        let user = programs::own_user();
        std::os::unix::fs::chown(&self.home, Some(user), None)?;
        std::fs::set_permissions(&self.home, std::fs::Permissions::from_mode(0o770))
    }

    fn database(&self, template: &str) -> FreshDatabase {
        let name = format!("test_{}_{:x}", std::process::id(), random());
        let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
        self.programs.psql(&self.url("postgres"), &[&create]).expect("a new database");
        FreshDatabase { url: self.url(&name), name, server: self.clone() }
    }

    /// The name of the template of this build of the tests; made if it is not there.
    fn template(&self, migrate: impl FnOnce(&str)) -> String {
        let name = format!("template_{:x}", this_build());
        let _lock = self.lock();
        let (server, ask) = (self.url("postgres"), format!("SELECT 1 FROM pg_database WHERE datname = '{name}'"));
        if self.programs.psql(&server, &[&ask]).expect("a list of databases").is_empty() {
            let rough = format!("rough_{:x}", random());
            let create = format!("CREATE DATABASE {rough} TEMPLATE template0");
            self.programs.psql(&server, &[&create]).expect("a new template");
            migrate(&self.url(&rough));
            // Its connections are closed before another client connects: a template must have none.
            let close = format!("ALTER DATABASE {rough} ALLOW_CONNECTIONS false");
            let leave =
                format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{rough}'");
            let rename = format!("ALTER DATABASE {rough} RENAME TO {name}");
            self.programs.psql(&server, &[&close, &leave, &rename]).expect("a finished template");
        }
        name
    }
}

/// Waits until a server takes work. Panics when it does not in time.
fn await_answer(programs: &Programs, url: &str, patience: Duration) {
    let begun = Instant::now();
    loop {
        match programs.psql(url, &["SELECT 1"]) {
            Ok(_) => return,
            Err(error) if begun.elapsed() > patience => panic!("PostgreSQL does not start: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// What no other build of the tests shares: where the program is, how long it is, when it was built.
fn this_build() -> u64 {
    let program = std::env::current_exe().expect("a running test");
    let known = std::fs::metadata(&program).expect("its file");
    let mut digest = std::hash::DefaultHasher::new();
    digest.write(program.as_os_str().as_encoded_bytes());
    for number in [known.mtime(), known.mtime_nsec()] {
        digest.write_i64(number);
    }
    digest.write_u64(known.len());
    digest.finish()
}

/// A number that no other caller gets.
fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn psql(database: &FreshDatabase, statement: &str) -> Result<String, String> {
        Programs::find().psql(&database.url, &[statement])
    }

    #[test]
    fn two_fresh_databases_are_two_and_go_with_their_values() {
        let (first, second) = (fresh_database(), fresh_database());
        psql(&first, "CREATE TABLE mine (n int)").unwrap();
        psql(&first, "INSERT INTO mine VALUES (7)").unwrap();
        assert_eq!(psql(&first, "SELECT n FROM mine").unwrap(), "7");
        assert!(psql(&second, "SELECT n FROM mine").unwrap_err().contains("mine"));
        let (url, name) = (first.server.url("postgres"), first.name.clone());
        drop(first);
        let ask = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
        let begun = Instant::now();
        while Programs::find().psql(&url, &[&ask]).unwrap() != "0" {
            assert!(begun.elapsed() < START_TIMEOUT, "{name} is still there");
            std::thread::yield_now();
        }
        assert_eq!(psql(&second, "SELECT 1").unwrap(), "1");
    }

    #[test]
    fn a_migrated_database_is_a_copy_of_what_was_made_once() {
        let mut runs = 0;
        let mut copies = Vec::new();
        for _ in 0..3 {
            copies.push(migrated_database(|url| {
                runs += 1;
                Programs::find().psql(url, &["CREATE TABLE once (n int)"]).unwrap();
            }));
        }
        // None when an earlier run of this build made it.
        assert!(runs <= 1);
        psql(&copies[0], "INSERT INTO once VALUES (1)").unwrap();
        assert_eq!(psql(&copies[1], "SELECT count(*) FROM once").unwrap(), "0");
    }
}
