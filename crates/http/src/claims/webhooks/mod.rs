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
use constat_app::{Answer, AppError};
use constat_domain::webhook::Webhook;
use constat_wire::claims::{Success, Webhook as WireWebhook};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Problem;
use crate::answer::entity_tag;
use crate::contract::CLAIMS;
use crate::routes::Routes;

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

/// The same with its newest secret.
fn answer_with_secret(webhook: &Webhook, now: Timestamp) -> Result<Answer, AppError> {
    tagged(webhook, WireWebhook::new(webhook, 0, now).with_secret(webhook))
}

fn tagged(webhook: &Webhook, body: WireWebhook) -> Result<Answer, AppError> {
    Ok(Answer::json(200, &Success::new(body))?.with_header("etag", entity_tag(webhook.version)))
}

/// Judges an address before anything is written: names are resolved outside the transaction.
async fn judge(app: &constat_app::App, url: Option<&str>) -> Result<(), Problem> {
    match url {
        Some(url) => app.webhooks.check(url).await.map_err(|fault| Problem::field("url", fault)),
        None => Ok(()),
    }
}
