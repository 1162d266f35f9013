//! A receiver of webhooks: a real HTTP server that a test can make refuse, or take down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub raw: String,
    pub body: Value,
    pub answered: u16,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn kind(&self) -> &str {
        self.body["event_type"].as_str().unwrap()
    }

    /// The claim by its pre-declaration's id.
    pub fn claim(&self) -> &str {
        self.body["event"]["claim"].as_str().unwrap()
    }

    /// How many of the signatures are right for a secret.
    pub fn signatures_of(&self, secret: &str) -> usize {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let text = format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.raw);
        let right = format!("v1,{}", STANDARD.encode(hmac_sha256(&key, text.as_bytes())));
        self.header("webhook-signature").split(' ').filter(|given| *given == right).count()
    }
}

/// HMAC as RFC 2104 says it, from nothing but the hash.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().into()
}

#[derive(Default)]
struct Seen {
    messages: Vec<Received>,
    /// Answers by claim; the empty name is for all others.
    answers: HashMap<String, u16>,
    under_way: HashMap<String, usize>,
    overlaps: usize,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Seen>,
    came: Notify,
}

pub struct Receiver {
    shared: Arc<Shared>,
    address: std::net::SocketAddr,
    task: Option<JoinHandle<()>>,
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, raw: String) -> (StatusCode, HeaderMap) {
    let body: Value = serde_json::from_str(&raw).unwrap();
    let claim = body["event"]["claim"].as_str().unwrap_or_default().to_owned();
    {
        let mut seen = shared.seen.lock().unwrap();
        let under_way = seen.under_way.entry(claim.clone()).or_default();
        *under_way += 1;
        if *under_way > 1 {
            seen.overlaps += 1;
        }
    }
    // Long enough for a second message of the claim to overtake, if one were sent.
    tokio::time::sleep(Duration::from_millis(2)).await;
    let mut seen = shared.seen.lock().unwrap();
    *seen.under_way.entry(claim.clone()).or_default() -= 1;
    let answered = seen.answers.get(&claim).or_else(|| seen.answers.get("")).copied().unwrap_or(204);
    seen.messages.push(Received { headers, raw, body, answered });
    shared.came.notify_waiters();
    let mut answer = HeaderMap::new();
    answer.insert("location", "/elsewhere".parse().unwrap());
    (StatusCode::from_u16(answered).unwrap(), answer)
}

fn serve(listener: TcpListener, shared: Arc<Shared>) -> JoinHandle<()> {
    let router = axum::Router::new().fallback(receive).with_state(shared);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() })
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shared) = (listener.local_addr().unwrap(), Arc::new(Shared::default()));
        let task = Some(serve(listener, Arc::clone(&shared)));
        Self { shared, address, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/events", self.address)
    }

    /// Answers every message with this status, or those of one claim.
    pub fn answer(&self, claim: &str, status: u16) {
        self.shared.seen.lock().unwrap().answers.insert(claim.to_owned(), status);
    }

    /// Takes the receiver down: connections are refused.
    pub async fn down(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            let _aborted = task.await;
        }
    }

    pub async fn up(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.task = Some(serve(listener, Arc::clone(&self.shared)));
    }

    pub fn messages(&self) -> Vec<Received> {
        self.shared.seen.lock().unwrap().messages.clone()
    }

    /// The messages that were taken, not refused.
    pub fn taken(&self) -> Vec<Received> {
        self.messages().into_iter().filter(|message| (200..300).contains(&message.answered)).collect()
    }

    pub fn clear(&self) {
        self.shared.seen.lock().unwrap().messages.clear();
    }

    /// How often a message came while another of the same claim was under way.
    pub fn overlaps(&self) -> usize {
        self.shared.seen.lock().unwrap().overlaps
    }

    /// Waits until this number of messages has come.
    pub async fn wait_for(&self, count: usize) {
        let enough = async {
            loop {
                let came = self.shared.came.notified();
                if self.messages().len() >= count {
                    return;
                }
                came.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), enough).await.expect("the messages come");
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
