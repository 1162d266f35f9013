//! Connections: accepted, bounded, and ended well.

use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use constat_core::{RequestSettings, logged_prefix};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::connections::{Connections, Excess, Permit};
use crate::paced::Paced;
use crate::peer::Peer;
use crate::sparse::Sparse;

/// How long to leave the listener alone when the system has no more to give: open files, usually.
const OUT_OF_FILES_PAUSE: Duration = Duration::from_millis(50);

/// Most bytes that are buffered of what a client sends, which bounds the head of a request, and of answers.
const MAX_BUFFER_BYTES: usize = 128 * 1024;

/// Bytes that the system buffers of what is sent to one client (Linux doubles it). Its own choice grows to
/// several MiB for each connection, which a client that does not read would hold.
const SEND_BUFFER_BYTES: usize = 256 * 1024;

/// How long answering a refused connection may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// The answer to one connection too many, for any request.
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Serves until `stop` resolves; then takes no more connections, lets requests under way finish, and
/// resolves when they have.
///
/// A connection is closed when it does not bring the head of a request within `head_seconds`, be it new,
/// idle or slow, and when its client leaves an answer unread for `write_seconds`. With more than
/// `connections` open, or `connections_per_address` from one client, each further one is answered 503.
pub async fn serve(listener: TcpListener, router: Router, settings: &RequestSettings, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(settings.head_seconds))
        .max_buf_size(MAX_BUFFER_BYTES);
    if let Err(error) = SockRef::from(&listener).set_send_buffer_size(SEND_BUFFER_BYTES) {
        tracing::warn!(%error, "the send buffers of connections cannot be bounded");
    }
    let max_stall = Duration::from_secs(settings.write_seconds);
    let (tell, told) = watch::channel(false);
    // Each connection holds a receiver: the channel is closed when the last has ended.
    let (open, is_open) = watch::channel(());
    let connections = Connections::new(settings);
    let refusals = Sparse::default();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let address = peer.ip();
                let permit = match connections.admit(address) {
                    Ok(permit) => permit,
                    Err(excess) => {
                        log_refusal(&refusals, excess, address);
                        if let Some(permit) = connections.admit_refusal() {
                            tokio::spawn(refuse(stream, permit));
                        }
                        continue;
                    }
                };
                let held = (is_open.clone(), permit);
                let stream = (stream, max_stall, Peer(address));
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
    (stream, max_stall, peer): (TcpStream, Duration, Peer),
    http: http1::Builder,
    router: Router,
    mut told: watch::Receiver<bool>,
    held: T,
) {
    // Small answers leave at once. When it cannot be set they leave a little later.
    let _slower = stream.set_nodelay(true);
    let inner = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        inner.call(request)
    });
    let served = http.serve_connection(TokioIo::new(Paced::new(stream, max_stall)), service);
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

/// Logs that connections are refused: at most one line in a minute, whatever comes.
fn log_refusal(refusals: &Sparse, excess: Excess, address: IpAddr) {
    let Some(refused) = refusals.count() else { return };
    let setting = match excess {
        Excess::Total => "requests.connections",
        Excess::OfClient => "requests.connections_per_address",
    };
    tracing::warn!(refused, setting, address = logged_prefix(address), "connections are refused: too many are open");
}

/// Answers that there is no room. What the client sent is read, or the answer would be lost on its way.
async fn refuse(mut stream: TcpStream, _permit: Permit) {
    let answered = async {
        stream.write_all(REFUSAL).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    let _gone = tokio::time::timeout(REFUSAL_TIMEOUT, answered).await;
}

/// Faults of one connection, not of the listener.
fn is_of_the_peer(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionAborted | Kind::ConnectionReset | Kind::ConnectionRefused)
}
