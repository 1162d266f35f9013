//! Insured people and integrators: each client declares, reads, uploads, edits and submits claims at
//! its own pace, and knows what each answer has to be.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use constat_testkit::fixtures::{self, STOLEN_BIKE_MANDATORY};
use serde_json::{Value, json};

use super::counters::Counters;
use crate::load::{Connection, request};
use fastrand::Rng;

/// All documents that a stolen bike may come with.
const DOCUMENTS: [&str; 5] = [
    STOLEN_BIKE_MANDATORY[0],
    STOLEN_BIKE_MANDATORY[1],
    "Contrat de location",
    "Facture d'achat",
    "Certificat de marquage",
];

/// One of those who have a contract for a bike, by the ids of the contract.
pub struct Insured {
    /// The insured's own id.
    pub user: String,
    /// The contract's.
    pub contract: String,
    /// The bike's.
    pub product: String,
}

impl Insured {
    /// The insured of this number.
    pub fn number(number: usize) -> Self {
        let named = |kind: &str| format!("{kind}_{number:06}");
        Self { user: named("insured"), contract: named("contract"), product: named("bike") }
    }

    /// Declares that the bike was stolen.
    fn declaration(&self) -> Value {
        let mut declaration = fixtures::stolen_bike();
        declaration["userId"] = json!(self.user);
        declaration["contractId"] = json!(self.contract);
        declaration["contractProductId"] = json!(self.product);
        declaration
    }
}

/// Where to, and with which key.
#[derive(Clone)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// A key of the claims API.
    pub key: String,
    /// Bytes of one document.
    pub document_size: usize,
    /// How many people have a contract.
    pub insured: usize,
}

/// One client: a connection, and the drafts that are its own.
pub struct Client {
    target: Target,
    connection: Connection,
    rng: Rng,
    drafts: Vec<String>,
    known: Arc<Vec<String>>,
}

impl Client {
    /// A client that reads the claims in `known` and writes its own.
    pub async fn new(target: &Target, seed: u64, known: &Arc<Vec<String>>) -> std::io::Result<Self> {
        let connection = Connection::open(target.address).await?;
        let (target, known) = (target.clone(), Arc::clone(known));
        Ok(Self { target, connection, rng: Rng::with_seed(seed), drafts: Vec::new(), known })
    }

    /// A random insured person with a contract.
    fn random_insured(&mut self) -> Insured {
        Insured::number(self.rng.usize(..self.target.insured))
    }

    async fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<(u16, Value)> {
        let body = body.map(Value::to_string);
        let request = request(method, path, Some(("key", &self.target.key)), body.as_deref());
        let answer = self.connection.send(&request).await?;
        Ok((answer.status, serde_json::from_slice(&answer.body).unwrap_or_default()))
    }

    /// Declares a claim with all its documents; gives its id. `submit`: hands it in as well.
    pub async fn declare_whole(&mut self, submit: bool) -> std::io::Result<String> {
        let declaration = self.random_insured().declaration();
        let (status, answer) = self.ask("POST", "/v2/claims", Some(&declaration)).await?;
        let id = id_of(status, &answer)?;
        let all: Vec<Value> = DOCUMENTS.iter().map(|kind| self.document(kind)).collect();
        let path = format!("/v2/claims/{id}/documents?autoSubmit={submit}");
        let (status, answer) = self.ask("PUT", &path, Some(&Value::Array(all))).await?;
        if status == 200 { Ok(id) } else { Err(unexpected(status, &answer)) }
    }

    /// A document whose bytes were not sent before: a PDF by its content, filled up.
    fn document(&mut self, kind: &str) -> Value {
        let mut content = fixtures::pdf();
        while content.len() < self.target.document_size {
            content.extend_from_slice(&self.rng.usize(..).to_be_bytes());
        }
        json!({ "type": kind, "title": "Pièce", "filename": "piece.pdf", "content": STANDARD.encode(content) })
    }

    /// Goes on until the end: one request every `pace`, each timed from when it was due, so that a
    /// server that stalls is not asked less.
    pub async fn run(mut self, started: Instant, length: Duration, pace: Duration) -> Counters {
        let mut counters = Counters::default();
        let mut due = pace / 1_000 * u32::try_from(self.rng.usize(..1_000)).unwrap_or(0);
        while due < length {
            tokio::time::sleep_until((started + due).into()).await;
            match self.step().await {
                Ok((kind, 200, _)) => counters.add(kind, due, started.elapsed().saturating_sub(due)),
                Ok((kind, status, body)) => counters.fail(format!("{kind}: {status} {body}")),
                Err(error) => {
                    counters.fail(error.to_string());
                    match Connection::open(self.target.address).await {
                        Ok(connection) => self.connection = connection,
                        Err(_down) => break,
                    }
                }
            }
            due += pace;
        }
        counters
    }

    /// One request: four reads in five.
    async fn step(&mut self) -> std::io::Result<(&'static str, u16, Value)> {
        let any = self.known[self.rng.usize(..self.known.len().max(1))].clone();
        let asked = |kind, (status, body)| (kind, status, body);
        match self.rng.usize(..100) {
            0..50 => Ok(asked("read a claim", self.ask("GET", &format!("/v2/claims/{any}"), None).await?)),
            50..60 => Ok(asked("timeline", self.ask("GET", &format!("/v2/claims/{any}/timeline"), None).await?)),
            60..70 => {
                let path = format!("/v2/claims?userId={}&limit=20", self.random_insured().user);
                Ok(asked("list", self.ask("GET", &path, None).await?))
            }
            70..80 => Ok(asked("feed", self.ask("GET", "/v2/events?limit=20", None).await?)),
            80..90 => {
                let declaration = self.random_insured().declaration();
                let (status, body) = self.ask("POST", "/v2/claims", Some(&declaration)).await?;
                if let Some(id) = body.pointer("/data/id").and_then(Value::as_str) {
                    self.drafts.push(id.to_owned());
                }
                Ok(("declare", status, body))
            }
            90..94 if !self.drafts.is_empty() => {
                let draft = self.drafts[self.rng.usize(..self.drafts.len().max(1))].clone();
                let body =
                    json!({ "description": "Le vélo était attaché dans la cour de l'immeuble, et n'y est plus." });
                Ok(asked("edit", self.ask("PATCH", &format!("/v2/claims/{draft}"), Some(&body)).await?))
            }
            _ => match self.drafts.pop() {
                Some(draft) => {
                    let mandatory: Vec<Value> = STOLEN_BIKE_MANDATORY.iter().map(|kind| self.document(kind)).collect();
                    let path = format!("/v2/claims/{draft}/documents?autoSubmit=true");
                    Ok(asked("upload and submit", self.ask("PUT", &path, Some(&Value::Array(mandatory))).await?))
                }
                None => Ok(asked("read a claim", self.ask("GET", &format!("/v2/claims/{any}"), None).await?)),
            },
        }
    }
}

fn id_of(status: u16, answer: &Value) -> std::io::Result<String> {
    let id = answer.pointer("/data/id").and_then(Value::as_str).map(str::to_owned);
    id.ok_or_else(|| unexpected(status, answer))
}

fn unexpected(status: u16, answer: &Value) -> std::io::Error {
    std::io::Error::other(format!("{status} {answer}"))
}
