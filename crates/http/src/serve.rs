//! Connections: accepted, bounded, and ended well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use constat_app::RequestSettings;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long to leave the listener alone when the system has no more to give: open files, usually.
const OUT_OF_FILES_PAUSE: Duration = Duration::from_millis(50);

/// What one connection too many is told, whatever it wanted to ask.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Serves until `stop` resolves; then takes no more connections, lets requests under way finish, and
/// resolves when they have.
///
/// A connection that does not bring the head of a request within `head_seconds` is closed, be it new,
/// idle or slow; with more than `connections` open, each further one is told 503.
pub async fn serve(listener: TcpListener, router: Router, settings: &RequestSettings, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(settings.head_seconds));
    let (tell, told) = watch::channel(false);
    // Each connection holds a receiver: the channel is closed when the last has ended.
    let (open, is_open) = watch::channel(());
    let count = Arc::new(AtomicU32::new(0));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _peer)) => {
                let Some(counted) = Counted::among(&count, settings.connections) else {
                    tokio::spawn(turn_away(stream));
                    continue;
                };
                let held = (is_open.clone(), counted);
                tokio::spawn(connection(stream, http.clone(), router.clone(), told.clone(), held));
            }
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(OUT_OF_FILES_PAUSE).await;
            }
        }
    }
    drop((listener, is_open));
    tell.send_replace(true);
    open.closed().await;
}

async fn connection<T>(
    stream: TcpStream,
    http: http1::Builder,
    router: Router,
    mut told: watch::Receiver<bool>,
    held: T,
) {
    // Small answers leave at once. When it cannot be set they leave a little later.
    let _slower = stream.set_nodelay(true);
    let served = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut served = std::pin::pin!(served);
    let stopping = async move {
        let _told = told.wait_for(|stop| *stop).await.is_ok();
    };
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stopping => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection broke");
    }
    drop(held);
}

/// Says that there is no room. What the other side sent is read, or the answer would be lost on its way.
async fn turn_away(mut stream: TcpStream) {
    let told = async {
        stream.write_all(NO_ROOM).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    let _gone = tokio::time::timeout(Duration::from_secs(1), told).await;
}

/// Faults of one connection, not of the listener.
fn is_of_the_peer(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionAborted | Kind::ConnectionReset | Kind::ConnectionRefused)
}

/// One of the connections that are open.
struct Counted(Arc<AtomicU32>);

impl Counted {
    fn among(count: &Arc<AtomicU32>, most: u32) -> Option<Self> {
        let one_more = |open: u32| (open < most).then_some(open + 1);
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Self(Arc::clone(count)))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
