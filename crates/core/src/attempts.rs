//! Attempts of one request: with an `Idempotency-Key`, all of them get one answer.
//!
//! A later attempt waits for the earlier one and answers as it did, on every server of one database. It does the
//! work itself when the earlier one was undone. A refusal is not kept under the key, and is given only when no
//! attempt of the request is open or has committed. Three things see to that:
//! * on one server the attempts of a request follow each other ([`OpenAttempts`]);
//! * a transaction takes the key before it decides ([`idempotency::take`]), and what refuses without a
//!   transaction looks at the key in the same way before it does ([`Core::refuse`]);
//! * a command that calls a partner firm before its transaction writes a row first ([`Core::open_attempt`]), since
//!   the attempt is open during the call too.
//!
//! A wait has an end ([`MAX_POLLS`]). Then the answer is 503, which says nothing of what was done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use constat_domain::Refusal;
use constat_domain::ids::KeyId;
use constat_store::queries::idempotency::{self, Earlier, Kept, OpenAttempt};
use constat_store::{StoreError, Tx};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::answer::{Answer, Idempotency};
use crate::context::CommandContext;
use crate::error::AppError;

/// Between two looks at an attempt of another server.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How often a later attempt looks at an earlier one: for five seconds together.
const MAX_POLLS: u32 = 100;

/// Longest wait for an earlier attempt on this server.
pub(crate) const WAIT_TIMEOUT: Duration = Duration::from_secs(5);

/// A caller's `Idempotency-Key`.
type Name = (KeyId, String);

/// The attempts that this server works on.
#[derive(Clone, Default)]
pub struct OpenAttempts {
    open: Arc<Mutex<HashMap<Name, watch::Receiver<()>>>>,
}

/// One attempt of a request. As long as a clone of it lives, later attempts of the request wait on this server. That
/// of a request without an `Idempotency-Key` keeps none waiting.
#[derive(Clone, Default)]
pub struct RequestAttempt {
    pub(crate) keyed: Option<Arc<Keyed>>,
    /// Names the row of an attempt that was opened outside of a transaction.
    pub(crate) owner: Option<String>,
}

pub(crate) struct Keyed {
    pub(crate) caller: KeyId,
    pub(crate) idempotency: Idempotency,
    attempts: OpenAttempts,
    /// Closed when the attempt has ended, which wakes those that wait.
    _ended: watch::Sender<()>,
}

impl Drop for Keyed {
    fn drop(&mut self) {
        let name = (self.caller, std::mem::take(&mut self.idempotency.key));
        self.attempts.lock().remove(&name);
    }
}

impl OpenAttempts {
    fn lock(&self) -> MutexGuard<'_, HashMap<Name, watch::Receiver<()>>> {
        // Nothing panics half-way through a change of the map.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next attempt of a request, or the end of the one under way.
    fn enter(&self, caller: KeyId, idempotency: &Idempotency) -> Result<Keyed, watch::Receiver<()>> {
        let name = (caller, idempotency.key.clone());
        let mut open = self.lock();
        if let Some(earlier) = open.get(&name) {
            return Err(earlier.clone());
        }
        let (ended, end) = watch::channel(());
        open.insert(name, end);
        drop(open);
        Ok(Keyed { caller, idempotency: idempotency.clone(), attempts: self.clone(), _ended: ended })
    }

    /// Waits until no other attempt of the request is under way on this server.
    pub(crate) async fn after_others(&self, caller: KeyId, idempotency: &Idempotency) -> Keyed {
        loop {
            match self.enter(caller, idempotency) {
                Ok(keyed) => return keyed,
                // Nothing is ever sent: it fails when the attempt has ended.
                Err(mut earlier) => _ = earlier.changed().await,
            }
        }
    }
}

/// What a look at the earlier attempts, from within a transaction, says to a later one.
pub(crate) enum Next {
    /// Answer as the earlier one.
    Answered(Answer),
    /// An earlier one is open on another server: look again.
    Wait,
    /// Do the work.
    Work,
}

pub(crate) fn too_long() -> AppError {
    StoreError::Busy("an earlier attempt of this request is still under way".to_owned()).into()
}

pub(crate) fn answer_of(kept: &Kept, asked: &Idempotency) -> Result<Answer, AppError> {
    if kept.is_erased() {
        return Err(Refusal::AnswerErased.into());
    }
    if kept.request_digest != asked.request_digest {
        return Err(Refusal::IdempotencyConflict.into());
    }
    let answer = serde_json::from_str(&kept.answer);
    Ok(answer.map_err(|error| StoreError::Corrupt(format!("kept answer: {error}")))?)
}

impl RequestAttempt {
    /// Whether the request carries an `Idempotency-Key`.
    pub const fn is_keyed(&self) -> bool {
        self.keyed.is_some()
    }

    /// Takes the key for the transaction and says what to do. First of all in a transaction.
    pub(crate) fn take(&self, tx: &mut Tx) -> Result<Next, AppError> {
        let Some(keyed) = &self.keyed else { return Ok(Next::Work) };
        match idempotency::take(tx, keyed.caller, &keyed.idempotency.key)? {
            Earlier::Kept(kept) => Ok(Next::Answered(answer_of(&kept, &keyed.idempotency)?)),
            Earlier::InTransaction => Ok(Next::Wait),
            Earlier::Nothing => Ok(Next::Work),
        }
    }

    /// Keeps the answer, in the transaction of what it answers, and closes the attempt.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another server has taken the attempt's place.
    pub(crate) fn keep(&self, tx: &mut Tx, context: &CommandContext, answer: &Answer) -> Result<(), AppError> {
        let Some(keyed) = &self.keyed else { return Ok(()) };
        let Idempotency { key, request_digest } = &keyed.idempotency;
        if let Some(owner) = &self.owner
            && !idempotency::close(tx, keyed.caller, key, owner)?
        {
            return Err(too_long());
        }
        let text = serde_json::to_string(answer).map_err(|error| AppError::Fault(format!("cannot keep: {error}")))?;
        let kept = Kept { request_digest: request_digest.clone(), answer: text };
        Ok(idempotency::keep(tx, keyed.caller, key, &kept, context.at)?)
    }

    /// The transaction that opens the attempt, until an instant.
    pub(crate) fn open(&self, tx: &mut Tx, owner: &str, now: Timestamp, until: Timestamp) -> Result<Next, AppError> {
        let Some(keyed) = &self.keyed else { return Ok(Next::Work) };
        let next = self.take(tx)?;
        if !matches!(next, Next::Work) {
            return Ok(next);
        }
        let Idempotency { key, request_digest } = &keyed.idempotency;
        if let Some(other) = idempotency::find_open(tx, keyed.caller, key)?.filter(|other| other.until > now) {
            let is_same = other.request_digest == *request_digest;
            return if is_same { Ok(Next::Wait) } else { Err(Refusal::IdempotencyConflict.into()) };
        }
        let attempt = OpenAttempt { request_digest: request_digest.clone(), owner: owner.to_owned(), until };
        idempotency::open(tx, keyed.caller, key, &attempt)?;
        Ok(Next::Work)
    }
}

/// Waits before the next look at an attempt of another server.
pub(crate) struct Polls(u32);

impl Polls {
    pub(crate) const fn new() -> Self {
        Self(0)
    }

    /// # Errors
    /// [`StoreError::Busy`] when it has been waited for long enough.
    pub(crate) async fn next(&mut self) -> Result<(), AppError> {
        self.0 += 1;
        if self.0 > MAX_POLLS {
            return Err(too_long());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use constat_domain::ids::Entropy;
    use futures_util::FutureExt as _;

    use super::*;

    fn key(number: u8) -> KeyId {
        KeyId::new(Timestamp::UNIX_EPOCH, &Entropy::from([number; 10]))
    }

    fn asked(name: &str) -> Idempotency {
        Idempotency { key: name.to_owned(), request_digest: "d".to_owned() }
    }

    #[tokio::test]
    async fn attempts_of_one_request_follow_each_other() {
        let attempts = OpenAttempts::default();
        let first = attempts.after_others(key(1), &asked("a")).await;
        let (one, name) = (key(1), asked("a"));
        let mut second = Box::pin(attempts.after_others(one, &name));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        let second = (&mut second).now_or_never().expect("the first has ended");
        assert_eq!(attempts.lock().len(), 1);
        drop(second);
        assert!(attempts.lock().is_empty(), "what has ended is forgotten");
    }

    #[tokio::test]
    async fn other_keys_and_other_callers_do_not_wait() {
        let attempts = OpenAttempts::default();
        let _first = attempts.after_others(key(1), &asked("a")).await;
        assert!(attempts.after_others(key(1), &asked("b")).now_or_never().is_some());
        assert!(attempts.after_others(key(2), &asked("a")).now_or_never().is_some());
    }
}
