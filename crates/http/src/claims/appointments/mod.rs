//! Appointments of a claim: the platform requests them from a partner firm and stores the result.

mod book;
mod cancel;
mod done;
mod list;
mod modify;
mod read;
mod reschedule;
mod search;

use aide::axum::routing::{get_with, post_with, put_with};
use aide::transform::TransformOperation;
use constat_core::{Answer, AppError};
use constat_domain::appointment;
use constat_wire::appointments::ClaimAppointment;
use constat_wire::claims::Success;
use schemars::JsonSchema;
use serde::Deserialize;

use super::docs as say;
use crate::answer::entity_tag;
use crate::contract::CLAIMS;
use crate::routes::Routes;

/// The ids in the path.
#[derive(Deserialize, JsonSchema)]
struct AppointmentPath {
    /// The pre-declaration's id or the internal claim id; the UUID form of either is taken too.
    id: String,
    /// The appointment's id, as it was answered here.
    #[serde(rename = "appointmentId")]
    appointment_id: String,
}

/// The routes, below the contract's base path.
pub(super) fn routes() -> Routes {
    Routes::of(CLAIMS)
        .api_route("/claims/{id}/appointments/search", post_with(search::search, search::docs))
        .api_route("/claims/{id}/appointments", post_with(book::book, book::docs).get_with(list::list, list::docs))
        .api_route(
            "/claims/{id}/appointments/{appointmentId}",
            get_with(read::read, read::docs)
                .patch_with(modify::modify, modify::docs)
                .delete_with(cancel::cancel, cancel::docs_of_delete),
        )
        .api_route(
            "/claims/{id}/appointments/{appointmentId}/schedule",
            put_with(reschedule::reschedule, reschedule::docs),
        )
        .api_route("/claims/{id}/appointments/{appointmentId}/cancel", post_with(cancel::cancel, cancel::docs))
        .api_route("/claims/{id}/appointments/{appointmentId}/done", post_with(done::done, done::docs))
}

/// 200 with the appointment and its entity tag.
fn answer(appointment: &appointment::ClaimAppointment) -> Result<Answer, AppError> {
    let body = Success::new(ClaimAppointment::from(appointment));
    Ok(Answer::json(200, &body)?.with_header("etag", entity_tag(appointment.version)))
}

/// What every call that asks a partner may answer besides.
fn partner_failures(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    let operation = say::failure::<400>(operation, "1000 not valid, or the partner finds it wrong; 1006 content type");
    let operation = say::failure::<502>(operation, "1000 the partner did not answer as agreed; nothing was recorded");
    say::usual_failures(operation)
}
