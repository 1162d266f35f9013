//! A load generator that costs as little as it can: keep-alive connections, requests written out
//! beforehand, one thread. It shares the machine with the server it measures.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One keep-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

fn broken(what: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, what.to_owned())
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request that was written out whole, and reads the answer.
    pub async fn send(&mut self, request: &[u8]) -> std::io::Result<Answer> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(broken("the server closed the connection"));
            }
            if let Some((head, length)) = head_of(&self.buffer)? {
                while self.buffer.len() < head + length {
                    if self.stream.read_buf(&mut self.buffer).await? == 0 {
                        return Err(broken("the server closed the connection inside a body"));
                    }
                }
                let status = std::str::from_utf8(&self.buffer[9..12]).ok().and_then(|text| text.parse().ok());
                let status = status.ok_or_else(|| broken("no status"))?;
                return Ok(Answer { status, body: self.buffer[head..head + length].to_vec() });
            }
        }
    }
}

/// Length of the head (with its blank line) and of the body, once the head is complete.
fn head_of(bytes: &[u8]) -> std::io::Result<Option<(usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_not_text| broken("the head is not text"))?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .ok_or_else(|| broken("no content-length"))?;
    Ok(Some((end + 4, length)))
}

/// Writes a request out.
pub fn request(method: &str, path: &str, key: Option<(&str, &str)>, body: Option<&str>) -> Vec<u8> {
    let key = key.map_or_else(String::new, |(name, value)| format!("{name}: {value}\r\n"));
    let body = body.map_or_else(
        || "\r\n".to_owned(),
        |body| format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
    );
    format!("{method} {path} HTTP/1.1\r\nHost: bench\r\n{key}{body}").into_bytes()
}

/// Latencies and statuses of one run.
#[derive(Default)]
pub struct Run {
    /// Of each answer, unsorted.
    pub latencies: Vec<Duration>,
    /// How often each status came.
    pub statuses: std::collections::BTreeMap<u16, usize>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

impl Run {
    /// Adds another run, made after this one.
    pub fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.elapsed += other.elapsed;
    }

    /// Adds one answer.
    pub fn note(&mut self, status: u16, latency: Duration) {
        self.latencies.push(latency);
        *self.statuses.entry(status).or_default() += 1;
    }

    /// How many answers had a status.
    pub fn count(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    /// Answers of any status a second.
    pub fn rate(&self) -> f64 {
        per_second(self.latencies.len(), self.elapsed)
    }

    /// Answers of one status a second.
    pub fn rate_of(&self, status: u16) -> f64 {
        per_second(self.count(status), self.elapsed)
    }

    /// The latency that a share (0 to 1) of the answers stayed within, in milliseconds.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
        sorted.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn per_second(count: usize, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

/// When a run ends.
#[derive(Clone, Copy)]
pub enum Until {
    /// After a time.
    For(Duration),
    /// When every request of the list was sent once.
    ListIsDone,
}

/// Sends requests over `connections` connections at once: each takes the next of the list, round
/// and round or once through.
pub async fn drive(address: SocketAddr, connections: usize, list: &[Vec<u8>], until: Until) -> std::io::Result<Run> {
    drive_all(&[address], connections, list, until).await
}

/// The same, the connections dealt out to several servers in turn.
pub async fn drive_all(
    addresses: &[SocketAddr],
    connections: usize,
    list: &[Vec<u8>],
    until: Until,
) -> std::io::Result<Run> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut open = Vec::new();
    for address in addresses.iter().cycle().take(connections) {
        open.push(Connection::open(*address).await?);
    }
    let started = Instant::now();
    let workers = open.into_iter().map(|mut connection| {
        let next = &next;
        async move {
            let mut run = Run::default();
            loop {
                let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let request = match until {
                    Until::For(limit) if started.elapsed() >= limit => break,
                    Until::For(_) => &list[index % list.len()],
                    Until::ListIsDone => match list.get(index) {
                        Some(request) => request,
                        None => break,
                    },
                };
                let sent = Instant::now();
                let answer = connection.send(request).await?;
                run.note(answer.status, sent.elapsed());
            }
            Ok::<_, std::io::Error>(run)
        }
    });
    let mut total = Run::default();
    for run in futures_util::future::join_all(workers).await {
        total.add(run?);
    }
    total.elapsed = started.elapsed();
    Ok(total)
}
