//! Partner appointment API.

mod appointments_book;
mod appointments_cancel;
mod appointments_contact;
mod appointments_erase;
mod appointments_find;
mod appointments_list;
mod appointments_modify;
mod availabilities_find;
mod day;
mod day_propose;
mod day_read;
mod docs;
mod experts_list;
mod holds;
mod intervention;
pub mod problem;
mod schedule_find;
mod schedule_move;
mod team_day_propose;
mod team_day_read;

use aide::axum::routing::{delete_with, get_with, post_with, put_with};
use constat_core::{Answer, AppError};
use constat_domain::Refusal;
use constat_domain::appointment::Appointment;
use constat_domain::ids::AppointmentId;
use constat_domain::refusal::BookingRefusal;
use constat_wire::partner::AppointmentEnvelope;
use http::header::ETAG;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::answer::entity_tag;
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::contract::PARTNER;
use crate::problem::Cause;
use crate::routes::Routes;
use crate::{Problem, Reply};

/// The path of one appointment.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct AppointmentPath {
    /// The appointment's id.
    id: String,
}

impl AppointmentPath {
    /// The id; one that cannot be an id is nobody's.
    fn id(&self) -> Result<AppointmentId, Problem> {
        self.id.parse().map_err(|_not_an_id| BookingRefusal::AppointmentNotFound.into())
    }
}

/// The answer to a change of one appointment: the appointment, and its new version.
fn changed(now: &Appointment) -> Result<Answer, AppError> {
    let body = AppointmentEnvelope::ok(now.into());
    Ok(Answer::json(200, &body)?.with_header(ETAG.as_str(), entity_tag(now.version)))
}

/// Counts a booking, a move or a hold that came too late.
fn counted(request: &AuthenticatedRequest<Partner>, outcome: Result<Reply, Problem>) -> Result<Reply, Problem> {
    let refusal = outcome.as_ref().err().map(Problem::cause);
    if let Some(Cause::App(AppError::Refused(Refusal::Booking(refusal)))) = refusal
        && matches!(refusal, BookingRefusal::SlotTaken | BookingRefusal::SessionUsed)
    {
        request.core.counts.conflicts.increment();
    }
    outcome
}

/// The contract's routes, without their base path.
pub(crate) fn routes() -> Routes {
    Routes::of(PARTNER)
        .api_route("/intervention", post_with(intervention::handle, intervention::docs))
        .api_route("/availabilities/{id}", get_with(availabilities_find::handle, availabilities_find::docs))
        .api_route(
            "/appointments",
            post_with(appointments_book::handle, appointments_book::docs)
                .get_with(appointments_list::handle, appointments_list::docs),
        )
        .api_route(
            "/appointments/{id}",
            get_with(appointments_find::handle, appointments_find::docs)
                .put_with(appointments_modify::handle, appointments_modify::docs)
                .delete_with(appointments_cancel::delete, appointments_cancel::delete_docs),
        )
        .api_route("/appointments/{id}/cancel", post_with(appointments_cancel::handle, appointments_cancel::docs))
        .api_route("/appointments/{id}/erase", post_with(appointments_erase::handle, appointments_erase::docs))
        .api_route("/appointments/{id}/contact", put_with(appointments_contact::handle, appointments_contact::docs))
        .api_route(
            "/appointments/{id}/schedule",
            put_with(schedule_move::handle, schedule_move::docs).get_with(schedule_find::handle, schedule_find::docs),
        )
        .api_route("/holds", post_with(holds::handle, holds::docs))
        .api_route("/holds/{id}", delete_with(holds::release, holds::release_docs))
        .api_route("/experts", get_with(experts_list::handle, experts_list::docs))
        .api_route("/experts/{id}/day/{date}", get_with(day_read::handle, day_read::docs))
        .api_route("/experts/{id}/day/{date}/proposal", post_with(day_propose::handle, day_propose::docs))
        .api_route("/day/{date}", get_with(team_day_read::handle, team_day_read::docs))
        .api_route("/day/{date}/proposal", post_with(team_day_propose::handle, team_day_propose::docs))
        // Singular, as published.
        .api_route("/appointment/{id}/schedule", get_with(schedule_find::handle, schedule_find::published_docs))
}
