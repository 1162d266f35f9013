//! One command, one transaction, one answer that can be given again.

use std::sync::Arc;
use std::time::Duration;

use constat_domain::Refusal;
use constat_store::queries::idempotency::{self, Kept};
use constat_store::{Connection, StoreError, Tx, UnitError};
use serde::{Deserialize, Serialize};

use crate::{Act, App, AppError};

/// How often a decision is made again when somebody else was faster.
const MOST_TRIES: u64 = 6;

/// Marks the answer to a command of which nothing was kept.
pub const DRY_RUN_HEADER: &str = "x-dry-run";

/// What the edge answers to a command: kept whole when the request carried an `Idempotency-Key`, so
/// that the same request gets the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Further headers, lower-case names.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Media type of the body.
    pub content_type: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A JSON answer.
    pub fn json(status: u16, body: &impl Serialize) -> Result<Self, AppError> {
        let body = serde_json::to_string(body).map_err(|error| AppError::Fault(format!("cannot render: {error}")))?;
        Ok(Self { status, headers: Vec::new(), content_type: "application/json".to_owned(), body })
    }

    /// The same with one more header (name in lower case).
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// The `Idempotency-Key` of a request, with a digest of the request it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The key, 1 to 255 characters.
    pub key: String,
    /// SHA-256 of method, path and body, lower-case hex.
    pub request_digest: String,
}

/// Does work on a task of its own, so that it goes on to its end when whoever asked for it goes away: for
/// commands that do something outside their transaction, which must not be left half done.
pub async fn to_its_end<T, E, F>(work: F) -> Result<T, E>
where
    T: Send + 'static,
    E: From<AppError> + Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let ended = tokio::spawn(work).await;
    ended.unwrap_or_else(|error| Err(AppError::Fault(format!("a task of its own: {error}")).into()))
}

impl App {
    /// The answer that was kept for this very request, if it was made before. For commands that do
    /// something before their transaction; the transaction looks again.
    pub fn kept_answer(&self, act: &Act, idempotency: Option<&Idempotency>) -> Result<Option<Answer>, AppError> {
        idempotency
            .filter(|_| !act.dry_run)
            .map_or(Ok(None), |asked| self.store.read(|connection| kept(connection, act, asked)))
    }

    /// Runs a command in a transaction: `decide` reads, decides and writes; what it answers is kept
    /// under the idempotency key in the same transaction. A repeat of the request gets the kept
    /// answer; another request under the same key is [`Refusal::IdempotencyConflict`].
    ///
    /// `decide` may run several times, each time in a fresh transaction, when another writer was
    /// faster. When the act is a dry run the transaction is rolled back whatever it decides, its effects
    /// are dropped, and the answer is kept under no key.
    pub async fn command<F>(&self, act: Act, idempotency: Option<Idempotency>, decide: F) -> Result<Answer, AppError>
    where
        F: Fn(&mut Tx, &Act) -> Result<Answer, AppError> + Send + Sync + 'static,
    {
        if act.dry_run {
            return self.try_out(act, decide).await;
        }
        let decide = Arc::new(decide);
        let mut tries = 0;
        loop {
            tries += 1;
            let (act, idempotency, decide) = (act.clone(), idempotency.clone(), Arc::clone(&decide));
            let outcome = self.store.write(move |tx| run_once(tx, &act, idempotency.as_ref(), decide.as_ref())).await;
            match outcome {
                Err(AppError::Store(StoreError::Conflict(_))) if tries < MOST_TRIES => {
                    tokio::time::sleep(self.a_moment(tries)).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Nothing at first, then up to two milliseconds more each time, by chance: so that two nodes which got
    /// in each other's way do not do so again.
    fn a_moment(&self, tries: u64) -> Duration {
        let chance = self.chance.entropy().into_iter().fold(0_u64, |sum, byte| (sum << 8) ^ u64::from(byte));
        Duration::from_micros(chance % (2_000 * (tries - 1)).max(1))
    }

    /// Decides in a transaction that is then rolled back.
    async fn try_out<F>(&self, act: Act, decide: F) -> Result<Answer, AppError>
    where
        F: Fn(&mut Tx, &Act) -> Result<Answer, AppError> + Send + Sync + 'static,
    {
        let decide = Arc::new(decide);
        let undone = self.store.write(move |tx| Err::<(), _>(Undone(decide(tx, &act)))).await;
        let Err(Undone(outcome)) = undone else {
            return Err(AppError::Fault("a dry run was kept".to_owned()));
        };
        Ok(outcome?.with_header(DRY_RUN_HEADER, "true"))
    }
}

/// What a unit of work decided that is to leave no trace: an error to the store, which rolls it back.
struct Undone(Result<Answer, AppError>);

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self(Err(error.into()))
    }
}

impl UnitError for Undone {
    fn store_error(&self) -> Option<&StoreError> {
        if let Err(AppError::Store(error)) = &self.0 { Some(error) } else { None }
    }
}

fn run_once(
    tx: &mut Tx,
    act: &Act,
    idempotency: Option<&Idempotency>,
    decide: &(impl Fn(&mut Tx, &Act) -> Result<Answer, AppError> + ?Sized),
) -> Result<Answer, AppError> {
    let Some(asked) = idempotency else {
        return decide(tx, act);
    };
    if let Some(answer) = kept(tx, act, asked)? {
        return Ok(answer);
    }
    let Idempotency { key, request_digest } = asked;
    let answer = decide(tx, act)?;
    let text = serde_json::to_string(&answer).map_err(|error| AppError::Fault(format!("cannot keep: {error}")))?;
    let kept = Kept { request_digest: request_digest.clone(), answer: text };
    idempotency::keep(tx, act.caller.key, key, &kept, act.at)?;
    Ok(answer)
}

fn kept(connection: &mut Connection, act: &Act, asked: &Idempotency) -> Result<Option<Answer>, AppError> {
    let Some(kept) = idempotency::find(connection, act.caller.key, &asked.key)? else { return Ok(None) };
    if kept.request_digest != asked.request_digest {
        return Err(Refusal::IdempotencyConflict.into());
    }
    let answer = serde_json::from_str(&kept.answer);
    Ok(Some(answer.map_err(|error| StoreError::Corrupt(format!("kept answer: {error}")))?))
}
