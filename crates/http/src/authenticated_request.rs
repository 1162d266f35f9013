//! Who asks, as handlers take it: the authenticated caller and the request's circumstances.

use std::marker::PhantomData;
use std::sync::Arc;

use aide::OperationInput;
use axum::extract::FromRequestParts;
use constat_claims::ClaimService;
use constat_core::{Answer, AppError, CommandContext, Core, Idempotency, RequestAttempt, authenticate_request};
use constat_domain::Refusal;
use constat_domain::catalogue::Catalogue;
use constat_domain::tenancy::{Api, Caller};
use constat_scheduling::Scheduler;
use http::header::IF_MATCH;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Uri};
use sha2::{Digest as _, Sha256};

use crate::admission::{Permit, Priority, Rank};
use crate::contract::{CLAIMS, Contract, DOSSIER, PARTNER};
use crate::peer::Peer;
use crate::problem::Cause;
use crate::{Problem, Reply, Shared};

/// The query parameter of a command that is only to be tried.
pub(crate) const DRY_RUN: &str = "dryRun";

/// Says at compile time which contract a handler belongs to.
pub trait ApiContract: Send + Sync + 'static {
    /// The contract.
    const CONTRACT: Contract;
}

/// Handlers of the claims API.
pub struct Claims;
/// Handlers of the partner API.
pub struct Partner;
/// Handlers of the dossier API.
pub struct Dossier;

impl ApiContract for Claims {
    const CONTRACT: Contract = CLAIMS;
}
impl ApiContract for Partner {
    const CONTRACT: Contract = PARTNER;
}
impl ApiContract for Dossier {
    const CONTRACT: Contract = DOSSIER;
}

/// The authenticated caller without the request: enough for a plain read, which acquires a permit only if it
/// has work to do. As an argument of a handler it makes an API key mandatory.
pub(crate) struct AuthenticatedCaller<S> {
    /// State shared by all handlers.
    pub(crate) shared: Shared,
    /// The caller.
    pub(crate) caller: Caller,
    priority: Priority,
    speaks: PhantomData<S>,
}

impl<S: ApiContract> FromRequestParts<Shared> for AuthenticatedCaller<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let Some(secret) = S::CONTRACT.key(&parts.headers) else {
            shared.key_failures.count_missing();
            return Err(AppError::MissingKey.into());
        };
        let (core, api) = (&shared.core, S::CONTRACT.api);
        let caller = match authenticate_request(core, api, &secret).await {
            Ok(caller) => caller,
            Err(fault) => {
                let peer = parts.extensions.get::<Peer>().copied();
                shared.key_failures.refused(peer, &parts.headers, api, &secret, &fault).await;
                return Err(AppError::from(fault).into());
            }
        };
        shared.rates.take(caller.key, core.settings.requests_per_minute, core.clock.now())?;
        Ok(Self { shared: shared.clone(), caller, priority: priority(&parts.headers), speaks: PhantomData })
    }
}

impl<S> OperationInput for AuthenticatedCaller<S> {}

impl<S> AuthenticatedCaller<S> {
    /// Acquires a permit, held while the request works.
    pub(crate) async fn permit(&self) -> Result<Permit, Problem> {
        Ok(self.shared.admission.acquire(self.caller.key, self.priority).await?)
    }
}

/// An authenticated request.
pub struct AuthenticatedRequest<S> {
    /// The database, time, settings.
    pub core: Arc<Core>,
    /// Appointments of partner firms.
    pub scheduler: Arc<Scheduler>,
    /// Claims.
    pub claims: Arc<ClaimService>,
    /// The caller.
    pub caller: Caller,
    /// The request's headers.
    pub headers: HeaderMap,
    shared: Shared,
    method: Method,
    uri: Uri,
    dry_run: bool,
    priority: Priority,
    /// Released when the handler is done.
    _permit: Permit,
    speaks: PhantomData<S>,
}

/// The priority of a request, from the urgency of RFC 9218 (0 to 7, default 3, lower is more urgent). It orders
/// the requests of one key only.
fn priority(headers: &HeaderMap) -> Priority {
    let Some(priority) = headers.get("priority").and_then(|value| value.to_str().ok()) else { return Priority::Usual };
    let urgency = priority.split(',').find_map(|part| part.trim().strip_prefix("u="));
    if matches!(urgency, Some("0" | "1" | "2")) { Priority::Urgent } else { Priority::Usual }
}

impl<S: ApiContract> FromRequestParts<Shared> for AuthenticatedRequest<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let AuthenticatedCaller { shared, caller, priority, speaks } =
            AuthenticatedCaller::<S>::from_request_parts(parts, shared).await?;
        let dry_run = S::CONTRACT.api == Api::Claims && asks_for_dry_run(parts)?;
        let permit = shared.admission.acquire(caller.key, priority).await?;
        Ok(Self {
            core: Arc::clone(&shared.core),
            scheduler: Arc::clone(&shared.scheduler),
            claims: Arc::clone(&shared.claims),
            caller,
            headers: parts.headers.clone(),
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            dry_run,
            shared,
            priority,
            _permit: permit,
            speaks,
        })
    }
}

/// Whether a command is only to be tried: `?dryRun=true`. One that writes the name otherwise means the
/// same, and must not find out by what was done.
fn asks_for_dry_run(parts: &Parts) -> Result<bool, Refusal> {
    let query = parts.uri.query().filter(|_| parts.method != Method::GET).unwrap_or_default();
    let is_like = |name: &str| {
        let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        letters.eq_ignore_ascii_case(DRY_RUN) && name != DRY_RUN
    };
    if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| is_like(&name)) {
        return Err(Refusal::field(DRY_RUN, "is written dryRun"));
    }
    let mut request = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == DRY_RUN);
    match request.next().as_ref().map(|(_, value)| value.as_ref()) {
        _ if request.next().is_some() => Err(Refusal::field(DRY_RUN, "is given twice")),
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Refusal::field(DRY_RUN, "expected true or false")),
    }
}

impl<S> OperationInput for AuthenticatedRequest<S> {}

impl<S: ApiContract> AuthenticatedRequest<S> {
    /// The version that `If-Match` asks for, if it does. A tag that is none of ours matches nothing.
    pub fn if_match(&self) -> Option<Vec<i64>> {
        let tags = self.headers.get(IF_MATCH)?.to_str().ok()?;
        if tags.trim() == "*" {
            return None;
        }
        Some(tags.split(',').filter_map(|tag| tag.trim().trim_matches('"').parse().ok()).collect())
    }

    /// The catalogue of the organisation whose data is asked for.
    pub fn catalogue(&self) -> &Catalogue {
        self.core.catalogues.of(&self.caller.tenant)
    }

    /// Runs a command and gives its answer, or the one it gave before to the same
    /// `Idempotency-Key`. `body` is the request's raw body.
    pub async fn command<F>(&self, body: &[u8], decide: F) -> Result<Reply, Problem>
    where
        F: Fn(&mut constat_core::Tx, &CommandContext) -> Result<Answer, AppError> + Send + Sync + 'static,
    {
        let idempotency = self.idempotency(body)?;
        Ok(Reply(self.core.command(self.context(), idempotency, decide).await?))
    }

    /// Begins an attempt of the request, once no other attempt of it is under way here. For a handler that may
    /// refuse before its transaction, or call something outside of it.
    pub async fn attempt(&self, body: &[u8]) -> Result<RequestAttempt, Problem> {
        let idempotency = self.idempotency(body)?;
        Ok(self.core.attempt(&self.context(), idempotency).await?)
    }

    /// [`AuthenticatedRequest::command`] for an attempt that has begun.
    pub async fn command_of<F>(&self, attempt: &RequestAttempt, decide: F) -> Result<Reply, Problem>
    where
        F: Fn(&mut constat_core::Tx, &CommandContext) -> Result<Answer, AppError> + Send + Sync + 'static,
    {
        Ok(Reply(self.core.command_of(attempt, self.context(), decide).await?))
    }

    /// Returns a refusal that was decided without a transaction, or the stored answer if an earlier attempt of
    /// the request succeeded.
    pub async fn refuse(&self, attempt: &RequestAttempt, refusal: Problem) -> Result<Reply, Problem> {
        if !matches!(refusal.cause(), Cause::App(error) if error.is_refusal()) {
            return Err(refusal);
        }
        self.core.earlier_answer(attempt).await?.map(Reply).ok_or(refusal)
    }

    /// Acquires a permit to compute a search. Urgent searches go before others of their key.
    pub(crate) async fn search_permit(&self, urgent: bool) -> Result<Permit, Problem> {
        let priority = if urgent { Priority::Urgent } else { self.priority };
        Ok(self.shared.searches.acquire(self.caller.key, priority).await?)
    }

    /// Acquires a permit to render a preview. The platform's own keys go before others.
    pub(crate) async fn preview_permit(&self) -> Result<Permit, Problem> {
        let rank = if self.caller.owns_the_data() { Rank::First } else { Rank::Usual };
        Ok(self.shared.previews.acquire_ranked(self.caller.key, self.priority, rank).await?)
    }

    /// The circumstances of a command.
    pub fn context(&self) -> CommandContext {
        let mut context = self.core.context(self.caller);
        context.dry_run = self.dry_run;
        context
    }

    /// What a command needs of the request. `body` is its raw body.
    pub fn for_command(&self, body: &[u8]) -> Result<(CommandContext, Option<Idempotency>), Problem> {
        Ok((self.context(), self.idempotency(body)?))
    }

    /// The request's `Idempotency-Key` with its digest, when it carries one.
    pub fn idempotency(&self, body: &[u8]) -> Result<Option<Idempotency>, Problem> {
        const NAME: &str = "Idempotency-Key";
        let Some(value) = self.headers.get(NAME) else { return Ok(None) };
        let key = value
            .to_str()
            .ok()
            .map(str::trim)
            .filter(|key| (1..=255).contains(&key.len()))
            .ok_or_else(|| Refusal::field(NAME, "expected 1 to 255 printable ASCII characters"))?;
        let asked_for = self.uri.path_and_query().map_or("", PathAndQuery::as_str);
        let below_base = asked_for.strip_prefix(S::CONTRACT.base).unwrap_or(asked_for);
        let mut digest = Sha256::new();
        digest.update(format!("{} {below_base}", self.method));
        digest.update([0]);
        digest.update(body);
        Ok(Some(Idempotency { key: key.to_owned(), request_digest: format!("{:x}", digest.finalize()) }))
    }
}
