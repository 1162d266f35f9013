//! What the clients asked for and heard, and what was done to the servers meanwhile: one JSON object
//! on each line, in the order it happened. With the final state it is all that a verdict needs.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Keeps a slot until its session ends.
    Hold,
    /// Lets go of a slot that was kept.
    Release,
    /// Books a slot.
    Book,
    /// Moves an appointment to another slot.
    Move,
    /// Cancels an appointment.
    Cancel,
    /// Reads an appointment.
    Read,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// The first line: what ran.
    Run {
        /// When it began.
        at: Timestamp,
        /// What the faults and the clients' choices grow from.
        seed: u64,
        /// The database, in words.
        database: String,
        /// How many servers.
        nodes: usize,
        /// How many clients.
        clients: usize,
    },
    /// Something was done to a server, the database or the network.
    Fault {
        /// When.
        at: Timestamp,
        /// What, in words.
        what: String,
    },
    /// Something was put right, or seen to be.
    Repair {
        /// When.
        at: Timestamp,
        /// What, in words.
        what: String,
    },
    /// A client asks. It may have to ask several times: the answers bear the same number.
    Asked {
        /// When.
        at: Timestamp,
        /// Number of the operation, unique in the run.
        op: u64,
        /// Which client.
        client: usize,
        /// What for.
        verb: Verb,
        /// The case, unique in the run: it has one appointment at most.
        case: String,
        /// The `Idempotency-Key`, the same at each try; none for a read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// The time that is wanted, for a booking or a move.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slot: Option<Span>,
    },
    /// One try has ended.
    Heard {
        /// When.
        at: Timestamp,
        /// Number of the operation.
        op: u64,
        /// Which server was asked.
        node: usize,
        /// What it answered.
        answer: Answer,
    },
}

impl Line {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Run { at, .. }
            | Self::Fault { at, .. }
            | Self::Repair { at, .. }
            | Self::Asked { at, .. }
            | Self::Heard { at, .. } => *at,
        }
    }
}

/// From a first to a last instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First.
    pub start: Timestamp,
    /// Last.
    pub end: Timestamp,
}

/// What a client heard of one try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Answer {
    /// Done; the appointment as answered.
    Done {
        /// Its id.
        appointment: String,
        /// Its time.
        slot: Span,
        /// `booked` or `cancelled`.
        status: String,
        /// Who comes.
        expert: String,
    },
    /// The slot is kept.
    Held {
        /// The hold's id, and the appointment's once it is booked.
        hold: String,
        /// What is kept.
        slot: Span,
        /// The instant at which the hold ends.
        until: Timestamp,
    },
    /// The slot is kept no longer.
    Released,
    /// The server has refused it: it was not done by this try.
    Refused {
        /// HTTP status.
        status: u16,
        /// The contract's own number.
        code: i64,
    },
    /// The request never left: the connection was refused.
    NotSent,
    /// It may have been done or not: no answer came, or one that does not say.
    Unknown {
        /// What came instead.
        why: String,
    },
}

impl Answer {
    /// True when it says that what was asked for is done.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Held { .. } | Self::Released)
    }
}

/// A history that is being written.
pub struct Writer {
    file: Mutex<BufWriter<File>>,
    next: AtomicU64,
}

impl Writer {
    /// Starts a new file.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        Ok(Self { file: Mutex::new(BufWriter::new(File::create(path)?)), next: AtomicU64::new(1) })
    }

    /// The number of the next operation.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds a line.
    pub fn add(&self, line: &Line) {
        let text = serde_json::to_string(line).expect("a line is JSON");
        let mut file = self.file.lock().expect("no thread panicked while writing");
        writeln!(file, "{text}").expect("the history can be written");
    }

    /// Everything is in the file.
    pub fn finish(&self) {
        self.file.lock().expect("no thread panicked while writing").flush().expect("the history can be written");
    }
}

/// Reads a history back. An error names its line.
pub fn read(text: &str) -> Result<Vec<Line>, String> {
    let lines = text.lines().enumerate();
    lines.map(|(at, line)| serde_json::from_str(line).map_err(|error| format!("line {}: {error}", at + 1))).collect()
}
