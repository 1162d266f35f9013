//! The insured's single-use sign-in link, as pages: `GET` shows a button, `POST` uses the link up.
//! A scanner of mail that follows the link spends nothing.

mod pages;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use constat_claims::dossier::{LinkState, look_at_link, use_link};
use http::StatusCode;

use crate::Shared;
use crate::page::{answer as page, try_again};

const PATH: &str = "/declaration";

/// The address of a link.
pub(crate) fn url(public_url: &str, secret: &str) -> String {
    format!("{public_url}{PATH}/{secret}")
}

/// The pages' routes.
pub(crate) fn routes() -> Router<Shared> {
    Router::new().route(&format!("{PATH}/{{secret}}"), get(look).post(enter))
}

async fn look(State(shared): State<Shared>, Path(secret): Path<String>) -> Response {
    let Ok(_permit) = shared.acquire_without_key().await else { return busy() };
    match look_at_link(&shared.claims, &secret) {
        Ok(LinkState::Ready) => page(StatusCode::OK, pages::ready()),
        Ok(state) => refused(&state),
        Err(error) => failed(&error),
    }
}

async fn enter(State(shared): State<Shared>, Path(secret): Path<String>) -> Response {
    let Ok(_permit) = shared.acquire_without_key().await else { return busy() };
    match use_link(&shared.claims, &secret).await {
        Ok(Ok(signed_in)) => page(StatusCode::OK, pages::declaration(&signed_in)),
        Ok(Err(state)) => refused(&state),
        Err(error) => failed(&error),
    }
}

fn refused(state: &LinkState) -> Response {
    match state {
        LinkState::Used => page(StatusCode::GONE, pages::used()),
        LinkState::Expired => page(StatusCode::GONE, pages::expired()),
        LinkState::Unknown | LinkState::Ready => page(StatusCode::NOT_FOUND, pages::unknown()),
    }
}

fn failed(error: &constat_core::AppError) -> Response {
    tracing::error!(%error, "a sign-in page failed");
    busy()
}

fn busy() -> Response {
    try_again(pages::busy())
}
