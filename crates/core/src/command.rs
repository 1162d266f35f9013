//! One command, one transaction, one answer that can be given again.

use std::sync::Arc;
use std::time::Duration;

use constat_store::{StoreError, Tx, UnitError};
use serde::{Deserialize, Serialize};

use crate::attempts::Attempt;
use crate::attempts::{Next, Polls};
use crate::context::CommandContext;
use crate::core::Core;
use crate::error::AppError;

/// How often a decision is made again when somebody else was faster.
const MOST_TRIES: u64 = 6;

/// Marks the answer to a command of which nothing was kept.
pub const DRY_RUN_HEADER: &str = "x-dry-run";

/// Says that a booking was made although something about it looks wrong: `BookingWarning` in the partner contract.
pub const WARNING_HEADER: &str = "appointment-warning";

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
pub async fn run_to_completion<T, E, F>(work: F) -> Result<T, E>
where
    T: Send + 'static,
    E: From<AppError> + Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let ended = tokio::spawn(work).await;
    ended.unwrap_or_else(|error| Err(AppError::Fault(format!("a task of its own: {error}")).into()))
}

impl Core {
    /// Runs a command in a transaction: `decide` reads, decides and writes; what it answers is kept
    /// under the idempotency key in the same transaction. A later attempt of the request waits for the
    /// earlier one and gets its answer; another request under the same key is
    /// [`Refusal::IdempotencyConflict`](constat_domain::Refusal::IdempotencyConflict).
    ///
    /// `decide` may run several times, each time in a fresh transaction, when another writer was
    /// faster. When the act is a dry run the transaction is rolled back whatever it decides, its effects
    /// are dropped, and the answer is kept under no key.
    ///
    /// # Errors
    /// What `decide` refuses; [`StoreError::Busy`] when an earlier attempt takes more than five seconds.
    pub async fn command<F>(
        &self,
        context: CommandContext,
        idempotency: Option<Idempotency>,
        decide: F,
    ) -> Result<Answer, AppError>
    where
        F: Fn(&mut Tx, &CommandContext) -> Result<Answer, AppError> + Send + Sync + 'static,
    {
        let attempt = self.attempt(&context, idempotency).await?;
        self.command_of(&attempt, context, decide).await
    }

    /// The same for an attempt that has begun.
    pub async fn command_of<F>(&self, attempt: &Attempt, context: CommandContext, decide: F) -> Result<Answer, AppError>
    where
        F: Fn(&mut Tx, &CommandContext) -> Result<Answer, AppError> + Send + Sync + 'static,
    {
        if context.dry_run {
            return self.try_out(context, decide).await;
        }
        let decide = Arc::new(decide);
        let (mut tries, mut polls) = (0, Polls::new());
        loop {
            // The unit holds the attempt: a caller that goes away leaves it in the queue.
            let (context, attempt, decide) = (context.clone(), attempt.clone(), Arc::clone(&decide));
            match self.store.write(move |tx| run_once(tx, &context, &attempt, decide.as_ref())).await {
                Err(AppError::Store(StoreError::Conflict(_))) if tries + 1 < MOST_TRIES => {
                    tries += 1;
                    tokio::time::sleep(self.backoff(tries)).await;
                }
                Err(error) => return Err(error),
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => polls.next().await?,
            }
        }
    }

    /// Nothing at first, then up to two milliseconds more each time, by chance: so that two nodes which got
    /// in each other's way do not do so again.
    fn backoff(&self, tries: u64) -> Duration {
        let secure_random =
            self.secure_random.entropy().into_iter().fold(0_u64, |sum, byte| (sum << 8) ^ u64::from(byte));
        Duration::from_micros(secure_random % (2_000 * (tries - 1)).max(1))
    }

    /// Decides in a transaction that is then rolled back.
    async fn try_out<F>(&self, context: CommandContext, decide: F) -> Result<Answer, AppError>
    where
        F: Fn(&mut Tx, &CommandContext) -> Result<Answer, AppError> + Send + Sync + 'static,
    {
        let decide = Arc::new(decide);
        let undone = self.store.write(move |tx| Err::<(), _>(Undone(decide(tx, &context)))).await;
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

/// One transaction. `None` when an earlier attempt of the request is in another one.
fn run_once(
    tx: &mut Tx,
    context: &CommandContext,
    attempt: &Attempt,
    decide: &(impl Fn(&mut Tx, &CommandContext) -> Result<Answer, AppError> + ?Sized),
) -> Result<Option<Answer>, AppError> {
    match attempt.take(tx)? {
        Next::Answered(answer) => return Ok(Some(answer)),
        Next::Wait => return Ok(None),
        Next::Work => {}
    }
    let answer = decide(tx, context)?;
    attempt.keep(tx, context, &answer)?;
    Ok(Some(answer))
}
