//! Webhooks: an extension of the claims API, in its envelope.

mod create;
mod delete;
mod deliveries;
mod edit;
mod list;
pub(crate) mod message;
mod ping;
mod read;
mod replay;
mod rotate;

use aide::axum::routing::{get_with, post_with};
use constat_claims::webhooks::{secret_digest, secret_of};
use constat_core::{Answer, AppError};
use constat_domain::webhook::Webhook;
use constat_wire::claims::{Success, Webhook as WireWebhook};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::answer::entity_tag;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::contract::CLAIMS;
use crate::routes::Routes;
use crate::{Problem, Reply};

/// The id in the path.
#[derive(Deserialize, JsonSchema)]
struct WebhookPath {
    /// The webhook's id.
    id: String,
}

pub(super) fn routes() -> Routes {
    Routes::of(CLAIMS)
        .api_route("/webhooks", post_with(create::create, create::docs).get_with(list::list, list::docs))
        .api_route(
            "/webhooks/{id}",
            get_with(read::read, read::docs)
                .patch_with(edit::edit, edit::docs)
                .delete_with(delete::delete, delete::docs),
        )
        .api_route("/webhooks/{id}/secret", post_with(rotate::rotate, rotate::docs))
        .api_route("/webhooks/{id}/ping", post_with(ping::ping, ping::docs))
        .api_route("/webhooks/{id}/replay", post_with(replay::replay, replay::docs))
        .api_route("/webhooks/{id}/deliveries", get_with(deliveries::deliveries, deliveries::docs))
}

/// 200 with a webhook and its entity tag.
fn answer(webhook: &Webhook, pending: i64, now: Timestamp) -> Result<Answer, AppError> {
    tagged(webhook, WireWebhook::new(webhook, pending, now))
}

/// Names the secret that an answer tells, while it is kept under an idempotency key. Never leaves the server.
const SECRET_OF: &str = "x-secret-of";

/// The same for a webhook with a new secret. What is kept under an idempotency key names the secret only:
/// [`reveal`] puts it in.
fn answer_without_secret(webhook: &Webhook, now: Timestamp) -> Result<Answer, AppError> {
    let answer = answer(webhook, 0, now)?;
    let Some(secret) = webhook.terms.secrets.first() else { return Ok(answer) };
    Ok(answer.with_header(SECRET_OF, format!("{} {}", webhook.id, secret_digest(&secret.secret))))
}

/// Puts the new secret into an answer of [`answer_without_secret`], or of a repeat that gets it again. A repeat
/// after the webhook was deleted, or after the secret was replaced and is over, gets the answer without it.
fn reveal(request: &AuthenticatedRequest<Claims>, Reply(mut answer): Reply) -> Result<Reply, Problem> {
    let Some(at) = answer.headers.iter().position(|(name, _)| name == SECRET_OF) else { return Ok(Reply(answer)) };
    let (_, named) = answer.headers.remove(at);
    let Some((id, digest)) = named.split_once(' ') else { return Ok(Reply(answer)) };
    if let Some(secret) = secret_of(&request.claims, &request.caller, id, digest)? {
        let mut body: Success<WireWebhook> = serde_json::from_str(&answer.body)
            .map_err(|error| AppError::Fault(format!("a webhook's answer: {error}")))?;
        body.data.secret = Some(secret);
        answer.body = Answer::json(answer.status, &body)?.body;
    }
    Ok(Reply(answer))
}

fn tagged(webhook: &Webhook, body: WireWebhook) -> Result<Answer, AppError> {
    Ok(Answer::json(200, &Success::new(body))?.with_header("etag", entity_tag(webhook.version)))
}

/// Judges an address before anything is written: names are resolved outside the transaction.
async fn judge(service: &constat_claims::ClaimService, url: Option<&str>) -> Result<(), Problem> {
    match url {
        Some(url) => service.webhooks.check(url).await.map_err(|fault| Problem::field("url", fault)),
        None => Ok(()),
    }
}
