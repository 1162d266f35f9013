//! `GET /appointments`: what is booked.

use aide::transform::TransformOperation;
use constat_scheduling::Filter;
use constat_wire::partner::{AppointmentList, AppointmentQuery, SortBy, SortOrder};

use super::docs;
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::Params;
use crate::{Problem, Reply};

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Params(query): Params<AppointmentQuery>,
) -> Result<Reply, Problem> {
    let wanted = query.into_domain().map_err(Problem::invalid)?;
    let filter = Filter {
        booked_by: None,
        zip: wanted.zip,
        search_text: wanted.search_text,
        from: wanted.from,
        to: wanted.to,
        limit: wanted.limit.map(i64::from),
        by_creation: wanted.sort_by == SortBy::Created,
        descending: wanted.sort_order == SortOrder::Desc,
    };
    let known = request.scheduler.list_appointments(&request.caller, filter)?;
    Reply::ok(&AppointmentList::ok(known.iter().map(Into::into).collect()))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("listAppointments").summary("List appointments").description(
        "The appointments that this key may see, cancelled ones included: a platform sees what it booked, the \
         firm's own key everything.",
    );
    docs::usual(docs::answers::<200, AppointmentList>(op, "The appointments."))
}
