//! Write timeouts of connections.
//!
//! A client that sends requests and reads no answers would otherwise hold its connection and its buffers without a
//! time limit.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// Bytes per second from which on a reader is never cut off: less than a telephone on a 2G line reads.
const MIN_BYTES_PER_SECOND: u64 = 1024;

/// How often a blocked write is tried again although the system has not reported room: it does so only once
/// a third of the send buffer is free, which takes a slow reader a minute or more.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// A TCP stream with a time limit on its writes.
///
/// The client has `max_stall` of time in which it may read nothing. Time during which a write waits for it
/// is taken off; each KiB that it takes gives one second back, up to `max_stall`. With none left the write
/// fails with [`io::ErrorKind::TimedOut`].
pub(crate) struct Paced {
    stream: TcpStream,
    max_stall: Duration,
    left: Duration,
    blocked: Option<Blocked>,
}

/// A write that waits for the client.
struct Blocked {
    /// Until when its time has been taken off.
    counted_until: Instant,
    retry: Pin<Box<Sleep>>,
}

impl Paced {
    pub(crate) const fn new(stream: TcpStream, max_stall: Duration) -> Self {
        Self { stream, max_stall, left: max_stall, blocked: None }
    }

    /// Takes the time since the last look off. Whether any is left.
    fn count_time(&mut self) -> bool {
        if let Some(blocked) = &mut self.blocked {
            let now = Instant::now();
            self.left = self.left.saturating_sub(now - blocked.counted_until);
            blocked.counted_until = now;
        }
        !self.left.is_zero()
    }

    fn wrote(&mut self, bytes: usize) {
        self.count_time();
        self.blocked = None;
        let earned = Duration::from_millis((bytes as u64).saturating_mul(1000) / MIN_BYTES_PER_SECOND);
        self.left = self.left.saturating_add(earned).min(self.max_stall);
    }

    /// What becomes of a write. `bytes` begins what was to be written.
    fn judge(
        &mut self,
        context: &mut Context<'_>,
        attempt: Poll<io::Result<usize>>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(outcome) = attempt {
            if let Ok(written) = &outcome {
                self.wrote(*written);
            }
            return Poll::Ready(outcome);
        }
        loop {
            let next = RETRY_INTERVAL.min(self.left);
            let blocked = self.blocked.get_or_insert_with(|| Blocked {
                counted_until: Instant::now(),
                retry: Box::pin(tokio::time::sleep(next)),
            });
            ready!(blocked.retry.as_mut().poll(context));
            if !bytes.is_empty() {
                match SockRef::from(&self.stream).send(bytes) {
                    Ok(written) => {
                        self.wrote(written);
                        return Poll::Ready(Ok(written));
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
            if !self.count_time() {
                // What is in the system's send buffer goes with the connection, not minutes later.
                let _stays_for_a_while = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")));
            }
            let next = RETRY_INTERVAL.min(self.left);
            if let Some(blocked) = &mut self.blocked {
                blocked.retry.as_mut().reset(Instant::now() + next);
            }
        }
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, attempt, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        let first = parts.iter().find(|part| !part.is_empty()).map_or(&[][..], |part| part);
        self.judge(context, attempt, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
