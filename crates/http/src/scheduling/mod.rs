//! Partner appointment API.

mod book;
mod cancel;
mod day;
pub(crate) mod docs;
mod erase;
mod find;
mod find_schedule;
mod hold;
mod list;
mod list_experts;
mod modify;
pub mod problem;
mod propose_day;
mod propose_team_day;
mod read_day;
mod read_team_day;
mod recheck;
mod reschedule;
mod search;
mod set_contact;

use aide::axum::routing::{delete_with, get_with, post_with, put_with};
use constat_core::{Answer, AppError};
use constat_domain::appointment::Appointment;
use constat_domain::ids::AppointmentId;
use constat_domain::refusal::BookingRefusal;
use constat_wire::partner::AppointmentEnvelope;
use http::header::ETAG;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Problem;
use crate::administration;
use crate::answer::entity_tag;
use crate::authenticated_request::Partner;
use crate::contract::PARTNER;
use crate::routes::Routes;

/// The path of one appointment.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct AppointmentPath {
    /// The appointment's id.
    id: String,
}

impl AppointmentPath {
    /// The id. A text that cannot be an id is that of no appointment.
    fn id(&self) -> Result<AppointmentId, Problem> {
        self.id.parse().map_err(|_not_an_id| BookingRefusal::AppointmentNotFound.into())
    }
}

/// The answer to a change of one appointment: the appointment, and its new version.
fn changed(now: &Appointment) -> Result<Answer, AppError> {
    let body = AppointmentEnvelope::ok(now.into());
    Ok(Answer::json(200, &body)?.with_header(ETAG.as_str(), entity_tag(now.version)))
}

/// The contract's routes, without their base path.
pub(crate) fn routes() -> Routes {
    Routes::of(PARTNER)
        .api_route("/intervention", post_with(search::handle, search::docs))
        .api_route("/availabilities/{id}", get_with(recheck::handle, recheck::docs))
        .api_route("/appointments", post_with(book::handle, book::docs).get_with(list::handle, list::docs))
        .api_route(
            "/appointments/{id}",
            get_with(find::handle, find::docs)
                .put_with(modify::handle, modify::docs)
                .delete_with(cancel::delete, cancel::delete_docs),
        )
        .api_route("/appointments/{id}/cancel", post_with(cancel::handle, cancel::docs))
        .api_route("/appointments/{id}/erase", post_with(erase::handle, erase::docs))
        .api_route("/appointments/{id}/contact", put_with(set_contact::handle, set_contact::docs))
        .api_route(
            "/appointments/{id}/schedule",
            put_with(reschedule::handle, reschedule::docs).get_with(find_schedule::handle, find_schedule::docs),
        )
        .api_route("/holds", post_with(hold::handle, hold::docs))
        .api_route("/holds/{id}", delete_with(hold::release, hold::release_docs))
        .api_route("/experts", get_with(list_experts::handle, list_experts::docs))
        .api_route("/experts/{id}/day/{date}", get_with(read_day::handle, read_day::docs))
        .api_route("/experts/{id}/day/{date}/proposal", post_with(propose_day::handle, propose_day::docs))
        .api_route("/day/{date}", get_with(read_team_day::handle, read_team_day::docs))
        .api_route("/day/{date}/proposal", post_with(propose_team_day::handle, propose_team_day::docs))
        .merge(administration::expert_routes())
        .merge(administration::key_routes::<Partner>())
        // Singular, as published.
        .api_route("/appointment/{id}/schedule", get_with(find_schedule::handle, find_schedule::published_docs))
}
