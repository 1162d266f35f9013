//! Who receives the webhooks: a server that can go away and come back, and remembers what came.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(Default)]
pub struct Seen {
    /// Every event that came, once each.
    pub events: HashSet<String>,
    /// The version of the claim in the last event of each claim: it must not go back.
    versions: HashMap<String, i64>,
    /// Events of a claim that came after a later one.
    pub out_of_order: usize,
    /// Events that came again.
    pub repeated: usize,
}

/// The receiver.
pub struct Receiver {
    /// What came so far.
    pub seen: Arc<Mutex<Seen>>,
    address: SocketAddr,
    task: Option<JoinHandle<()>>,
}

impl Receiver {
    /// One that is down, at an address that is its own.
    pub async fn down() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        Self { seen: Arc::default(), address, task: None }
    }

    /// Where it is reached when it is up.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Comes (back) up.
    pub async fn up(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("its own port");
        let router = Router::new().route("/hook", post(take)).with_state(Arc::clone(&self.seen));
        self.task = Some(tokio::spawn(async move { axum::serve(listener, router).await.expect("the receiver runs") }));
    }
}

async fn take(State(seen): State<Arc<Mutex<Seen>>>, body: Bytes) -> StatusCode {
    let Ok(message) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let (Some(event), Some(claim)) = (text("/event/id"), text("/event/claim")) else { return StatusCode::BAD_REQUEST };
    let version = message.pointer("/event/data/version").and_then(Value::as_i64).unwrap_or_default();
    let Ok(mut seen) = seen.lock() else { return StatusCode::INTERNAL_SERVER_ERROR };
    if seen.events.insert(event) {
        let last = seen.versions.insert(claim, version).unwrap_or_default();
        seen.out_of_order += usize::from(version < last);
    } else {
        seen.repeated += 1;
    }
    StatusCode::NO_CONTENT
}
