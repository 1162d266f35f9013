//! A PostgreSQL server that is as durable as in earnest, and what it can do by itself: pgbench running the
//! statements of a booking.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use constat_store::{Database, Store};
use constat_testkit::postgres::Programs;

/// What differs from PostgreSQL's defaults: where it listens, how many may connect, and enough space between
/// two checkpoints that none falls into a short run. Commits are durable: `fsync` and `synchronous_commit`
/// are on.
const SETTINGS: &str = "
listen_addresses = ''
max_connections = 300
shared_buffers = 256MB
max_wal_size = 4GB
jit = off
";

/// The statements of one booking.
const BOOKING: &str = include_str!("booking.sql");

/// A server of this measurement's own; it ends with the value.
pub struct Server {
    programs: Programs,
    socket: tempfile::TempDir,
    data: PathBuf,
    process: Child,
}

impl Server {
    /// Starts a server whose data is in this folder.
    pub fn start(folder: &Path) -> Self {
        let programs = Programs::find();
        // The server's user must reach its data.
        std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a folder");
        let data = folder.join("postgres");
        programs.make_cluster(&data);
        let socket = tempfile::tempdir_in("/tmp").expect("a short path");
        programs.give(socket.path()).expect("a folder for the socket");
        let place = format!("unix_socket_directories = '{}'\n", socket.path().display());
        std::fs::write(data.join("postgresql.auto.conf"), format!("{SETTINGS}{place}")).expect("its settings");
        let mut server = programs.command("postgres");
        let process = server.arg("-D").arg(&data).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let server = Self { programs, socket, data, process: process.expect("the server starts") };
        for _ in 0..200 {
            if server.programs.psql(&server.url("postgres"), &["SELECT 1"]).is_ok() {
                server.run("postgres", &["CREATE DATABASE constat"]);
                server.run("postgres", &["CREATE DATABASE bare"]);
                return server;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL does not start");
    }

    /// A new, empty database: how to reach it.
    pub fn database(&self, name: &str) -> String {
        self.run("postgres", &[&format!("CREATE DATABASE {name}")]);
        self.url(name)
    }

    /// How to reach one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=constat", self.socket.path().display())
    }

    fn run(&self, database: &str, statements: &[&str]) {
        self.programs.psql(&self.url(database), statements).expect("statements");
    }

    /// Bookings a second that pgbench sustains with these statements and `clients` clients, in tables like
    /// ours.
    pub fn bookings_per_second(&self, clients: usize, length: Duration) -> f64 {
        let _schema = Store::of(Database::server(self.url("bare"))).expect("the schema");
        self.run(
            "bare",
            &[
                "TRUNCATE appointments, used_sessions, events, event_chains, expert_days, experts CASCADE",
                "INSERT INTO experts SELECT 'exp_' || n, 'org_1/test', n::text, '{}' FROM generate_series(1, 200) n",
                "INSERT INTO expert_days SELECT 'exp_' || n, day, 1 FROM generate_series(1, 200) n, \
                 generate_series(20000, 20069) day",
                "INSERT INTO event_chains VALUES ('org_1/test', 0, '\\x00')",
                "ANALYZE",
            ],
        );
        let script = self.data.with_file_name("booking.sql");
        std::fs::write(&script, BOOKING).expect("a script");
        // As long as those of the server's own appointments and events in this measurement.
        let (body, data) = (format!("body={}", "x".repeat(1_900)), format!("data={}", "x".repeat(230)));
        let mut pgbench = std::process::Command::new(self.programs.folder().join("pgbench"));
        pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--define=slot=0"]);
        pgbench.arg(format!("--client={clients}")).arg(format!("--time={}", length.as_secs().max(1)));
        pgbench.arg(format!("--define={body}")).arg(format!("--define={data}"));
        let output = pgbench.arg("--file").arg(&script).arg(self.url("bare")).output().expect("pgbench runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.unwrap_or_else(|| panic!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT, PostgreSQL's fast shutdown; what hangs is killed.
        let pid = self.process.id().to_string();
        let _status = std::process::Command::new("kill").args(["-INT", &pid]).status();
        for _ in 0..100 {
            if self.process.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _killed = self.process.kill();
    }
}
