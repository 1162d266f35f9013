//! The layer around each contract's routes: assigns the execution id and writes errors in the contract's
//! format, whether they come from a handler, an extractor, the router or a panic.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use constat_core::AppError;
use constat_domain::ids::ExecutionId;
use futures_util::FutureExt as _;
use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tower::{Layer, Service};

use crate::problem::Cause;
use crate::{Contract, Problem, Shared, drain_body};

/// Identifies each answer, so that an operator can find it in the log.
pub const EXECUTION_HEADER: HeaderName = HeaderName::from_static("x-execution-id");

/// Wraps a contract's routes, given with their full paths, and answers unknown paths and methods.
pub(crate) fn wrap(routes: Router<Shared>, contract: Contract, shared: &Shared) -> Router<Shared> {
    let nowhere = || async { Problem::from(Cause::NoSuchPath) };
    let wrong_method = || async { Problem::from(Cause::MethodNotAllowed) };
    Router::new()
        // A nest does not match its base path with a trailing slash.
        .route(&format!("{}/", contract.base), any(nowhere))
        // The fallback lives under the base path, so that each contract answers for its own paths.
        .nest(contract.base, Router::new().fallback(nowhere))
        .merge(routes.method_not_allowed_fallback(wrong_method))
        .layer(Envelope { contract, shared: shared.clone() })
}

/// A layer instead of a middleware function, which would clone the inner routes once more per request.
#[derive(Clone)]
struct Envelope {
    contract: Contract,
    shared: Shared,
}

impl<S> Layer<S> for Envelope {
    type Service = Enveloped<S>;

    fn layer(&self, inner: S) -> Enveloped<S> {
        Enveloped { envelope: self.clone(), inner }
    }
}

/// A route in its envelope.
#[derive(Clone)]
struct Enveloped<S> {
    envelope: Envelope,
    inner: S,
}

impl<S> Service<Request> for Enveloped<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Envelope { contract, shared } = self.envelope.clone();
        let began = Instant::now();
        let route = request.extensions().get::<MatchedPath>().cloned();
        let method = request.method().clone();
        let (request, unread) = drain_body::returnable(request);
        let answering = self.inner.call(request);
        Box::pin(async move {
            let handled = AssertUnwindSafe(answering).catch_unwind().await;
            let mut response = handled.unwrap_or_else(|_panic| {
                Ok(Problem::from(AppError::Fault("a handler panicked".to_owned())).into_response())
            })?;
            let execution = ExecutionId::new(shared.core.clock.now(), &shared.core.secure_random.entropy());
            if let Some(problem) = problem_of(&mut response) {
                log(&problem, contract, execution);
                unread.discard(Duration::from_secs(shared.core.settings.requests.body_seconds)).await;
                let allow = response.headers_mut().remove(ALLOW);
                response = contract.write(&problem, execution);
                if let Some(allow) = allow {
                    response.headers_mut().insert(ALLOW, allow);
                }
            }
            if response.status() == StatusCode::UNAUTHORIZED {
                contract.challenge(response.headers_mut());
            }
            protect(response.headers_mut());
            if let Ok(value) = HeaderValue::try_from(execution.to_string()) {
                response.headers_mut().insert(EXECUTION_HEADER, value);
            }
            if shared.shutdown.is_ending() {
                // The client's next connection goes to another server.
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            shared.metrics.count(route.as_ref(), &method, response.status(), began.elapsed());
            Ok(response)
        })
    }
}

/// Default headers of every answer: not stored by intermediaries, and no content sniffing. A handler may set
/// its own `Cache-Control`.
fn protect(headers: &mut HeaderMap) {
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
}

/// The problem of an answer: a handler's own, or the equivalent of a bare rejection by the framework.
fn problem_of(response: &mut Response) -> Option<Problem> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Some(problem);
    }
    if response.extensions().get::<Written>().is_some() {
        return None;
    }
    match response.status() {
        StatusCode::NOT_FOUND => Some(Cause::NoSuchPath.into()),
        StatusCode::METHOD_NOT_ALLOWED => Some(Cause::MethodNotAllowed.into()),
        StatusCode::BAD_REQUEST => Some(Problem::field("", "the path or query cannot be read")),
        StatusCode::INTERNAL_SERVER_ERROR => Some(AppError::Fault("a bare server error".to_owned()).into()),
        _ => None,
    }
}

/// Marks an error answer that is already complete and must not be rewritten.
#[derive(Clone, Copy)]
pub(crate) struct Written;

/// Logs failures for the operator. Refusals are not logged.
fn log(problem: &Problem, contract: Contract, execution: ExecutionId) {
    if let Cause::App(error @ (AppError::Store(_) | AppError::Fault(_) | AppError::Partner(_))) = problem.cause() {
        tracing::error!(%execution, api = contract.api.as_str(), %error, "a request failed");
    }
}
