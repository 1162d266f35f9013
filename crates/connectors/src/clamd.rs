//! A virus scanner that speaks clamd's protocol: `INSTREAM` over TCP or a Unix socket.
//!
//! The command, then pieces of the document, each after its length, then a length of zero; the answer
//! is one line. Source: clamd's manual page, "COMMANDS".

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use constat_claims::{NoScanner, Verdict, VirusScanner};
use constat_core::{DocumentBytes, ScannerSettings};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest answer that is read.
const MAX_ANSWER_BYTES: u64 = 4096;

/// A scanner at an address.
struct Clamd {
    address: String,
    timeout: Duration,
}

/// The scanner that the settings name, or none.
pub fn virus_scanner(settings: &ScannerSettings) -> Arc<dyn VirusScanner> {
    if settings.address.is_empty() {
        return Arc::new(NoScanner);
    }
    Arc::new(Clamd { address: settings.address.clone(), timeout: Duration::from_millis(settings.timeout_ms) })
}

impl VirusScanner for Clamd {
    fn is_there(&self) -> bool {
        true
    }

    fn scan(&self, bytes: DocumentBytes) -> BoxFuture<'_, Option<Verdict>> {
        Box::pin(async move {
            let asked = tokio::time::timeout(self.timeout, self.ask(bytes)).await;
            let answer = asked.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
            match answer {
                Ok(answer) => read(&answer),
                Err(error) => {
                    tracing::warn!(%error, "the virus scanner did not answer");
                    None
                }
            }
        })
    }
}

impl Clamd {
    async fn ask(&self, bytes: DocumentBytes) -> std::io::Result<String> {
        #[cfg(unix)]
        if let Some(path) = self.address.strip_prefix("unix:") {
            return talk(tokio::net::UnixStream::connect(path).await?, bytes).await;
        }
        talk(TcpStream::connect(&self.address).await?, bytes).await
    }
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: DocumentBytes) -> std::io::Result<String> {
    let told = tell(&mut stream, bytes).await;
    if let Err(error) = &told
        && !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
    {
        return told.map(|()| String::new());
    }
    // One that has had enough, of a document beyond its limits, says so and hangs up.
    let mut answer = String::new();
    let read = stream.take(MAX_ANSWER_BYTES).read_to_string(&mut answer).await;
    if answer.is_empty() { told.and(read).map(|_nothing| answer) } else { Ok(answer) }
}

async fn tell(mut stream: impl AsyncWrite + Unpin, mut bytes: DocumentBytes) -> std::io::Result<()> {
    stream.write_all(b"zINSTREAM\0").await?;
    while let Some(piece) = bytes.next().await {
        let piece = piece?;
        for part in piece.chunks(64 * 1024) {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            stream.write_all(&length.to_be_bytes()).await?;
            stream.write_all(part).await?;
        }
    }
    stream.write_all(&[0; 4]).await?;
    stream.flush().await
}

/// `stream: OK`, or `stream: <name> FOUND`; all else is no verdict.
fn read(answer: &str) -> Option<Verdict> {
    let answer = answer.trim_end_matches(['\0', '\n', '\r']);
    if answer == "stream: OK" {
        return Some(Verdict::Clean);
    }
    if let Some(name) = answer.strip_prefix("stream: ").and_then(|found| found.strip_suffix(" FOUND")) {
        tracing::warn!(name, "the virus scanner found something in a document");
        return Some(Verdict::Infected);
    }
    let answer: String = answer.chars().take(200).collect();
    tracing::warn!(?answer, "the virus scanner gave no verdict");
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_answer_is_a_verdict() {
        assert_eq!(read("stream: OK\0"), Some(Verdict::Clean));
        assert_eq!(read("stream: Eicar-Test-Signature FOUND\0"), Some(Verdict::Infected));
        for other in ["", "INSTREAM size limit exceeded. ERROR\0", "stream: OK FOUN", "OK"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
