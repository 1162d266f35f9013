//! One PostgreSQL server of our own, durable, which is killed and started again.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use constat_testkit::postgres::Programs;

use crate::ports::Ports;

/// Longest wait for a database to take work again.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// A server.
pub struct Plain {
    programs: Programs,
    data: PathBuf,
    log: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Plain {
    /// Starts a new server, on a port that stays reserved while it is down.
    pub async fn on_a_free_port(folder: &Path) -> Result<Self, String> {
        Self::start(folder, Ports::new().free()).await
    }

    /// Starts a new server with an empty database `constat`.
    pub async fn start(folder: &Path, port: u16) -> Result<Self, String> {
        let programs = Programs::find();
        let data = folder.join("data");
        programs.make_cluster(&data);
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nmax_connections = 300\n\
             jit = off\nlog_min_error_statement = panic\n"
        );
        let file = data.join("postgresql.auto.conf");
        std::fs::write(&file, settings).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut server = Self { programs, data, log: folder.join("log"), port, child: None };
        server.start_again().await?;
        server.programs.psql(&server.url("postgres"), &["CREATE DATABASE constat"])?;
        Ok(server)
    }

    /// How to reach a database of it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://constat@127.0.0.1:{}/{database}", self.port)
    }

    /// `kill -9` of the server. Its processes end on their own once they notice.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }

    /// Starts it, and waits until it takes work: it refuses as long as a process of the old one is
    /// there, and then goes through its log.
    pub async fn start_again(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            if !self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None))) {
                let log = File::options().create(true).append(true).open(&self.log);
                let log = log.map_err(|error| format!("{}: {error}", self.log.display()))?;
                let mut command = self.programs.command("postgres");
                command.arg("-D").arg(&self.data).stdout(Stdio::null()).stderr(log);
                self.child = Some(command.spawn().map_err(|error| format!("postgres: {error}"))?);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            match self.programs.psql(&self.url("postgres"), &["SELECT 1"]) {
                Ok(_) => return Ok(()),
                Err(error) if begun.elapsed() > START_TIMEOUT => {
                    return Err(format!("PostgreSQL does not start: {error}"));
                }
                Err(_) => {}
            }
        }
    }
}

/// Sends a signal to a process that we started.
pub fn signal(name: &str, process: &str) {
    let _status = Command::new("kill").args(["-s", name, process]).stderr(Stdio::null()).status();
}
