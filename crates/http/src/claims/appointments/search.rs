//! `POST /claims/{id}/appointments/search`

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_claims::claim_appointments::{ClaimOffers, SearchClaimAppointments as Command, search_claim_appointments};
use constat_wire::appointments::{ClaimSlots, SearchAppointments};
use constat_wire::claims::Success;
use constat_wire::partner::{Reason, SearchedLocation, Timeslot};

use super::partner_failures;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::Json;
use crate::claims::{ClaimPath, docs as say};
use crate::{Problem, Reply};

pub(super) async fn search(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ClaimPath>,
    body: Json<SearchAppointments>,
) -> Result<Reply, Problem> {
    let wanted = body.value.into_domain().map_err(Problem::invalid)?;
    let command = Command {
        kind: wanted.kind,
        from: wanted.from,
        to: wanted.to,
        limit: wanted.limit,
        granularity: wanted.granularity,
        mission_type: wanted.mission_type,
        partner: wanted.partner,
        place: wanted.place,
        process: wanted.process,
        reschedules: wanted.reschedules,
        parties: wanted.parties,
        all_trades: wanted.all_trades,
        urgency: wanted.urgency,
    };
    let found = search_claim_appointments(&request.claims, &request.caller, &path.id, &command).await?;
    Reply::ok(&Success::new(slots(found)))
}

fn slots(found: ClaimOffers) -> ClaimSlots {
    let offers = found.offers;
    let reasons = offers.reasons.into_iter().map(|(code, count)| Reason { code, count }).collect::<Vec<_>>();
    ClaimSlots {
        partner: found.partner,
        session_id: found.session,
        expires_at: offers.expires_at.map(Into::into),
        timeslots: offers.offers.into_iter().map(|offer| Timeslot::new(&offer.slot, offer.id)).collect(),
        reasons: Some(reasons).filter(|reasons| !reasons.is_empty()),
        location: offers
            .searched
            .map(|searched| SearchedLocation::new(searched.position, searched.precision, searched.commune)),
    }
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ClaimSlots>>(
        operation.id("searchClaimAppointments"),
        "Search free slots for a claim",
        "The platform asks a configured partner on the claim's behalf: it sends insurer, guarantee, loss, stakes, \
         dwelling and place from the claim. Book one of the slots within 300 seconds. To move an appointment, search \
         with its `appointmentId`. `parties` and `allTrades` ask for several people at one time: all of them are \
         booked, moved and cancelled together.",
        "The slots, best first; an empty list says why",
    );
    let operation = say::failure::<404>(operation, "2001 no such claim, 2004 no such appointment to move");
    let operation = say::failure::<409>(operation, "3003 the claim is not open, or the appointment to move is over");
    partner_failures(operation)
}
