//! One command, one transaction, one answer that can be given again.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use constat_store::queries::idempotency::{self, Earlier};
use constat_store::{StoreError, Tx, UnitError};
use jiff::SignedDuration;

use crate::answer::{Answer, DRY_RUN_HEADER, Idempotency};
use crate::attempts::{Next, Polls, RequestAttempt, WAIT_TIMEOUT, answer_of, too_long};
use crate::context::CommandContext;
use crate::core::Core;
use crate::error::AppError;

/// Maximum attempts of a decision that conflicts with concurrent changes.
const MAX_ATTEMPTS: u64 = 6;

/// Runs work in a separate task, so that it completes even if the request is cancelled: for commands with effects
/// outside their transaction, which must not be left half done.
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
    pub async fn command_of<F>(
        &self,
        attempt: &RequestAttempt,
        context: CommandContext,
        decide: F,
    ) -> Result<Answer, AppError>
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
                Err(AppError::Store(StoreError::Conflict(_))) if tries + 1 < MAX_ATTEMPTS => {
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
    attempt: &RequestAttempt,
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

/// How many calls to a partner firm one command makes at most.
const MAX_PARTNER_CALLS: u64 = 4;

/// Seconds that an attempt which calls a partner firm may take besides the calls.
const OPEN_SECONDS: u64 = 10;

impl Core {
    /// Begins an attempt of a request, once no other attempt of it is under way on this server.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the earlier attempt takes more than five seconds.
    pub async fn attempt(
        &self,
        context: &CommandContext,
        idempotency: Option<Idempotency>,
    ) -> Result<RequestAttempt, AppError> {
        let Some(idempotency) = idempotency.filter(|_| !context.dry_run) else { return Ok(RequestAttempt::default()) };
        let entered = self.open_attempts.after_others(context.caller.key, &idempotency);
        let keyed = tokio::time::timeout(WAIT_TIMEOUT, entered).await.map_err(|_too_long| too_long())?;
        Ok(RequestAttempt { keyed: Some(Arc::new(keyed)), owner: None })
    }

    /// The answer that an earlier attempt of the request got, if one has committed. Waits for those that are in a
    /// transaction.
    ///
    /// # Errors
    /// [`Refusal::IdempotencyConflict`] when the key was used for another request, [`Refusal::AnswerErased`] when the
    /// answer was erased, [`StoreError::Busy`] when an
    /// earlier attempt takes more than five seconds.
    pub async fn earlier_answer(&self, attempt: &RequestAttempt) -> Result<Option<Answer>, AppError> {
        let Some(keyed) = &attempt.keyed else { return Ok(None) };
        let mut polls = Polls::new();
        loop {
            match self.store.earlier_attempts(keyed.caller, &keyed.idempotency.key).await? {
                Earlier::Kept(kept) => return answer_of(&kept, &keyed.idempotency).map(Some),
                Earlier::Nothing => return Ok(None),
                Earlier::InTransaction => polls.next().await?,
            }
        }
    }

    /// Gives a refusal that was decided without a transaction, unless an earlier attempt of the request has done
    /// what was asked for: then its answer. A failure that is no refusal is given as it is.
    ///
    /// # Errors
    /// The refusal.
    pub async fn refuse(&self, attempt: &RequestAttempt, refusal: AppError) -> Result<Answer, AppError> {
        // While its row is there, no other attempt of the request does anything.
        if attempt.owner.is_some() || !refusal.is_refusal() {
            return Err(refusal);
        }
        self.earlier_answer(attempt).await?.ok_or(refusal)
    }

    /// Opens an attempt that calls a partner firm before its transaction. Gives it, or the answer of an earlier one.
    /// [`Core::close_attempt`] records its outcome.
    ///
    /// # Errors
    /// As [`Core::attempt`], and [`Refusal::IdempotencyConflict`].
    pub async fn open_attempt(
        &self,
        context: &CommandContext,
        idempotency: Option<Idempotency>,
    ) -> Result<Result<RequestAttempt, Answer>, AppError> {
        let attempt = self.attempt(context, idempotency).await?;
        if attempt.keyed.is_none() {
            return Ok(Ok(attempt));
        }
        let seconds = OPEN_SECONDS + MAX_PARTNER_CALLS * self.settings.partner_timeout_seconds.max(1);
        let length = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        let owner = context.entropy().iter().fold(String::new(), |mut name, byte| {
            let _infallible = write!(name, "{byte:02x}");
            name
        });
        let mut polls = Polls::new();
        loop {
            let now = self.clock.now();
            let until = now.saturating_add(length).unwrap_or(now);
            let (opened, name) = (attempt.clone(), owner.clone());
            match self.store.write(move |tx| opened.open(tx, &name, now, until)).await? {
                Next::Answered(answer) => return Ok(Err(answer)),
                Next::Wait => polls.next().await?,
                Next::Work => return Ok(Ok(RequestAttempt { owner: Some(owner), ..attempt })),
            }
        }
    }

    /// Closes an attempt that came to nothing, so that the next one need not wait for its time to be over. One that
    /// has kept its answer is closed already.
    pub async fn close_attempt<T>(&self, attempt: RequestAttempt, outcome: Result<T, AppError>) -> Result<T, AppError> {
        let (Err(error), Some(keyed), Some(owner)) = (&outcome, attempt.keyed, attempt.owner) else { return outcome };
        let store = self.store.clone();
        let close = async move {
            let close =
                move |tx: &mut Tx| idempotency::close(tx, keyed.caller, &keyed.idempotency.key, &owner).map(drop);
            if let Err(error) = store.write(close).await {
                tracing::warn!(%error, "an attempt stays open until its time is over");
            }
        };
        if matches!(error, AppError::Store(_)) {
            // A database that fails is not waited for.
            tokio::spawn(close);
        } else {
            close.await;
        }
        outcome
    }
}
