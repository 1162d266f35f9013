//! `POST /intervention`: search slots.

use aide::transform::TransformOperation;
use constat_scheduling::{OfferedSlot, Score};
use constat_wire::partner::{
    Expert, Explanation, Points, Reason, SearchAnswer, SearchQuery, SearchedLocation, ServiceRequest, Timeslot,
};

use super::docs;
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::{Json, Params};
use crate::{Problem, Reply};

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Params(query): Params<SearchQuery>,
    body: Json<ServiceRequest>,
) -> Result<Reply, Problem> {
    if query.explain && !request.caller.owns_the_data() {
        return Err(Problem::field("explain", "only with a key that the firm holds itself"));
    }
    let wanted = body.value.into_domain().map_err(Problem::invalid)?;
    let admission = request.search_permit(wanted.urgency.is_urgent());
    let found = request.scheduler.search(&request.caller, wanted, admission).await?;
    let reasons = found.slots.is_empty().then(|| {
        let reasons = found.reasons.iter();
        reasons.map(|reason| Reason { code: reason.code.as_str().to_owned(), count: reason.count.into() }).collect()
    });
    let explanations = query.explain.then(|| found.slots.iter().map(explain).collect());
    Reply::ok(&SearchAnswer {
        session_id: found.session_id,
        timeslots: found.slots.into_iter().map(|slot| Timeslot::new(&slot.slot, slot.token)).collect(),
        expires_at: Some(found.expires_at.into()),
        explanations,
        reasons,
        location: found
            .searched
            .map(|searched| SearchedLocation::new(searched.position, searched.precision, searched.commune)),
    })
}

fn explain(slot: &OfferedSlot) -> Explanation {
    let Score { travel, load, trades, delay, term, spread, promised, total } = slot.score;
    Explanation {
        expert: Expert { id: slot.expert.to_string(), display_name: slot.expert_name.clone() },
        points: Points { travel, load, trades, delay, term, spread, promised, total },
    }
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("searchSlots").summary("Search free slots").description(
        "Answers the best free slots within the window, and a session: for 300 seconds one of the slots can be \
         booked, or an appointment moved to it. A visit on site needs `appointmentLocation`; its position is \
         looked up when it is not given: by address where the server has a geocoder, else by postcode and town. A town \
         that leaves several communes of the postcode possible is refused, with their names; `location.precision` says \
         how well the position is known. A window that is over, or full, is answered with \
         an empty list and the reasons. `?explain=true` (the firm's own keys only) adds what each slot's place in \
         the list is made of. With `parties` (an adversarial expertise) or `allTrades` (a repair) every slot is one at \
         which all required experts are free; booking it books all of them.",
    );
    let op = docs::answers::<200, SearchAnswer>(op, "The slots, best first; perhaps none.");
    docs::usual_with_body(op)
}
