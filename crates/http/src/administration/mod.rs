//! What an organisation administers over HTTP with a key that it holds itself: its keys in the claims API and in the
//! partner API, experts and absences in the partner API.

mod issue_key;
mod key_contract;
mod list_absences;
mod list_keys;
mod read_expert;
mod remove_absence;
mod revoke_key;
mod rotate_key;
mod save_absence;
mod save_expert;

use std::sync::Arc;

use aide::axum::routing::{delete_with, get_with, post_with};
use constat_administration::{Actor, IssuedTo};
use constat_core::{Answer, AppError, CommandContext, Core, KeyMaterial};
use constat_domain::ids::KeyId;
use constat_domain::refusal::AdministrationRefusal;
use constat_wire::common::Key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::contract::PARTNER;
use crate::routes::Routes;
use crate::{Problem, Reply};

use key_contract::KeyContract;

/// The path of one key.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct KeyPath {
    /// The key's id.
    id: String,
}

impl KeyPath {
    /// The id. A text that cannot be an id is that of no key.
    fn id(&self) -> Result<KeyId, Problem> {
        self.id.parse().map_err(|_not_an_id| AdministrationRefusal::KeyNotFound.into())
    }
}

/// The path of one expert.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ExpertPath {
    /// The expert's id, or the firm's own reference.
    id: String,
}

/// The path of one absence.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AbsencePath {
    /// The expert's id, or the firm's own reference.
    id: String,
    /// The id of an absence, or of one occurrence of a recurring absence.
    absence_id: String,
}

/// The routes of keys, the same in both contracts.
pub(crate) fn key_routes<C: KeyContract>() -> Routes {
    Routes::of(C::CONTRACT)
        .api_route(
            "/keys",
            get_with(list_keys::handle::<C>, list_keys::docs::<C>)
                .post_with(issue_key::handle::<C>, issue_key::docs::<C>),
        )
        .api_route("/keys/{id}", delete_with(revoke_key::handle::<C>, revoke_key::docs::<C>))
        .api_route("/keys/{id}/rotate", post_with(rotate_key::handle::<C>, rotate_key::docs::<C>))
}

/// The routes of experts and absences, in the partner API.
pub(crate) fn expert_routes() -> Routes {
    Routes::of(PARTNER)
        .api_route(
            "/experts/{id}",
            get_with(read_expert::handle, read_expert::docs).put_with(save_expert::handle, save_expert::docs),
        )
        .api_route(
            "/experts/{id}/absences",
            get_with(list_absences::handle, list_absences::docs).post_with(save_absence::handle, save_absence::docs),
        )
        .api_route("/experts/{id}/absences/{absenceId}", delete_with(remove_absence::handle, remove_absence::docs))
}

/// The actor of a request's events: its key.
fn actor(core: &Core, context: &CommandContext) -> Actor {
    Actor::of_request(context, Arc::clone(&core.secure_random))
}

/// A body as the record that an import reads.
fn record_of(body: &impl Serialize) -> Result<Map<String, Value>, AppError> {
    serde_json::to_value(body)
        .and_then(serde_json::from_value)
        .map_err(|error| AppError::Fault(format!("a body as a record: {error}")))
}

fn key_of(issued: &IssuedTo) -> Key {
    Key::new(&issued.key, &issued.holder_name)
}

/// Puts the secret into the answer to a request that has just issued a key. The stored answer never has it: a dry run
/// and a repeat under the same `Idempotency-Key` get the answer without.
fn with_secret<C: KeyContract>(
    mut answer: Answer,
    context: &CommandContext,
    material: &KeyMaterial,
) -> Result<Reply, Problem> {
    if !context.dry_run {
        let mut body = C::parse_key(&answer.body)?;
        let key = C::key_in(&mut body);
        if key.id == material.id(context.at).to_string() {
            key.secret = Some(material.secret(context.caller.tenant.mode));
            answer.body = Answer::json(answer.status, &body)?.body;
        }
    }
    Ok(Reply(answer))
}
