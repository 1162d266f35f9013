//! One `constat serve`, as a plain process.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::plain::signal;

/// A server that is started, killed and started again on the same address.
pub struct Node {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    /// Where it listens.
    pub port: u16,
    child: Option<Child>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Node {
    /// A server that is not started yet. Its log goes into its folder.
    pub fn new(program: &Path, folder: &Path, port: u16, arguments: &[&str], environment: &[(String, String)]) -> Self {
        std::fs::create_dir_all(folder).expect("a folder for a node");
        let listen = format!("127.0.0.1:{port}");
        let mut all: Vec<String> = ["serve", "--listen", &listen].map(str::to_owned).to_vec();
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        Self {
            program: program.to_owned(),
            arguments: all,
            environment: environment.to_vec(),
            folder: folder.to_owned(),
            port,
            child: None,
        }
    }

    /// Starts it, when it does not run. It may take a while until it answers, or fail: see its log.
    pub fn start(&mut self) {
        if self.runs() {
            return;
        }
        let log = OpenOptions::new().create(true).append(true).open(self.folder.join("log")).expect("a log");
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        self.child = Some(command.spawn().expect("the server starts"));
    }

    /// True while its process is there.
    pub fn runs(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }

    /// Stops the process where it is (SIGSTOP), or lets it go on (SIGCONT), as when a machine is paused.
    pub fn freeze(&self, frozen: bool) {
        if let Some(child) = &self.child {
            signal(if frozen { "STOP" } else { "CONT" }, &child.id().to_string());
        }
    }

    /// Tells it to stop (SIGTERM), and waits so long at most; then it is killed. True when it ended by
    /// itself.
    pub async fn stop(&mut self, patience: Duration) -> bool {
        let Some(child) = &self.child else { return true };
        signal("TERM", &child.id().to_string());
        let ended = async {
            while self.runs() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let in_time = tokio::time::timeout(patience, ended).await.is_ok();
        self.kill();
        in_time
    }

    /// Waits until it answers for the first time. A server that ends instead is reported at once.
    ///
    /// # Errors
    /// What happened, with the end of its log.
    pub async fn wait_for_start(&mut self, patience: Duration) -> Result<(), String> {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if is_healthy(self.port).await {
                return Ok(());
            }
            if !self.runs() {
                return Err(format!("the server on port {} ended while it started:\n{}", self.port, self.log_end()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("the server on port {} does not answer after {patience:?}:\n{}", self.port, self.log_end()))
    }

    /// The last lines of its log.
    fn log_end(&self) -> String {
        const LINES: usize = 20;
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    /// Base of the partner API.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/claims/api/v1", self.port)
    }
}

/// Waits until a server answers `GET /health`. False when it does not in time.
pub async fn answers(port: u16, patience: Duration) -> bool {
    let answered = async {
        while !is_healthy(port).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(patience, answered).await.is_ok()
}

/// Longest wait for one answer to `GET /health`: a connection that hangs is tried again on a new one.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

async fn is_healthy(port: u16) -> bool {
    let asked = tokio::time::timeout(HEALTH_TIMEOUT, ask_health(port)).await;
    asked.is_ok_and(|answered| answered.unwrap_or(false))
}

async fn ask_health(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n").await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    Ok(head.ends_with(b" 200"))
}
