//! Claims API v2, and the platform's appointments on a claim.

mod appointments;
mod cancel;
mod catalogue;
mod contracts;
mod correct;
mod create;
mod deadlines;
pub(crate) mod docs;
mod document;
mod dossier;
mod download;
mod edit;
mod event;
mod events;
pub(crate) mod export;
mod geo_postcode;
mod geo_suggestions;
mod list;
mod milestones;
mod notes;
mod preview;
pub mod problem;
mod read;
pub(crate) mod rendered;
mod request_document;
mod review;
mod settlements;
mod submit;
mod timeline;
mod transitions;
mod upload;
mod upload_body;
mod upload_throughput;
mod view;
pub(crate) mod webhooks;

use aide::axum::routing::{delete_with, get_with, post_with, put_with};
use axum::extract::DefaultBodyLimit;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::administration;
use crate::authenticated_request::Claims;
use crate::contract::CLAIMS;
use crate::routes::Routes;

/// The id in the path.
#[derive(Deserialize, JsonSchema)]
struct ClaimPath {
    /// The pre-declaration's id or the internal claim id; the UUID form of either is taken too.
    id: String,
}

/// The contract's routes, without their base path.
pub(crate) fn routes() -> Routes {
    Routes::of(CLAIMS)
        .api_route("/claims", post_with(create::create, create::docs).get_with(list::list, list::docs))
        .api_route(
            "/claims/{id}",
            get_with(read::read, read::docs)
                .patch_with(edit::edit, edit::docs)
                .delete_with(cancel::cancel, cancel::docs),
        )
        .api_route("/claims/{id}/submit", post_with(submit::submit, submit::docs))
        .api_route("/claims/{id}/transitions", post_with(transitions::change, transitions::docs))
        .api_route("/claims/{id}/corrections", post_with(correct::correct, correct::docs))
        .api_route("/claims/{id}/note", put_with(notes::set, notes::set_docs))
        .api_route("/claims/{id}/notes", post_with(notes::add, notes::add_docs).get_with(notes::list, notes::list_docs))
        .api_route("/claims/{id}/documents", put_with(upload::upload, upload::docs).layer(DefaultBodyLimit::disable()))
        .api_route("/claims/{id}/documents/{documentId}", get_with(document::document, document::docs))
        .api_route(
            "/claims/{id}/dossier",
            get_with(dossier::read, dossier::read_docs).patch_with(dossier::edit, dossier::edit_docs),
        )
        .api_route("/claims/{id}/timeline", get_with(timeline::timeline, timeline::docs))
        .api_route("/catalogue", get_with(catalogue::catalogue, catalogue::docs))
        .api_route("/claims/{id}/deadlines", get_with(deadlines::of_claim, deadlines::of_claim_docs))
        .api_route("/claims/{id}/milestones", post_with(milestones::record, milestones::record_docs))
        .api_route("/claims/{id}/milestones/{kind}", delete_with(milestones::remove, milestones::remove_docs))
        .api_route("/deadlines", get_with(deadlines::worklist, deadlines::worklist_docs))
        .api_route("/events", get_with(events::events, events::docs))
        .api_route("/claims/{id}/documents/{documentId}/preview", get_with(preview::preview, preview::docs))
        .api_route("/claims/{id}/documents/{documentId}/accept", post_with(review::accept, review::accept_docs))
        .api_route("/claims/{id}/documents/{documentId}/reject", post_with(review::reject, review::reject_docs))
        .api_route("/claims/{id}/export", get_with(export::export, export::docs))
        .api_route("/insured/{userId}/export", get_with(export::export_of_insured, export::docs_of_insured))
        .api_route("/contracts/import", post_with(contracts::import, contracts::import_docs))
        .api_route("/contracts/{id}", get_with(contracts::read, contracts::read_docs))
        .api_route("/claims/{id}/documents/request", post_with(request_document::request, request_document::docs))
        .merge(settlements::routes())
        .merge(appointments::routes())
        .merge(webhooks::routes())
        .merge(administration::key_routes::<Claims>())
        .api_route("/geo/suggestions", get_with(geo_suggestions::suggest, geo_suggestions::docs))
        .api_route("/geo/{country}/{zipcode}", get_with(geo_postcode::communes, geo_postcode::docs))
        .api_route("/files/{token}", get_with(download::download, download::docs))
}
