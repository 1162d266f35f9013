//! `POST /appointments`: book one slot of a session.

use aide::transform::TransformOperation;
use constat_core::{Answer, AppError, WARNING_HEADER};
use constat_scheduling::{BookAppointment, BookedAppointment, RequestedSlot, SameReference};
use constat_wire::partner::{BookingAnswer, BookingRequest, BookingWarning};
use http::HeaderMap;
use http::header::{ETAG, LOCATION};
use schemars::JsonSchema;
use serde::Serialize;

use super::docs;
use crate::answer::{entity_tag, first_accepted};
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::JsonOrForm;
use crate::contract::PARTNER;
use crate::{Problem, Reply};

/// The two shapes of the JSON answer.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "documents the answer; each shape is rendered on its own")]
enum Booked {
    /// The appointment.
    Full(Box<BookingAnswer>),
    /// With `Prefer: return=minimal`: its id alone.
    Id(String),
}

/// How the caller wants to read the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Full,
    Id,
    Xml,
}

impl Shape {
    fn wanted(headers: &HeaderMap) -> Self {
        let ours = ["application/json", "application/xml", "text/xml", "application/*", "*/*"];
        if matches!(first_accepted(headers, &ours), Some("application/xml" | "text/xml")) {
            return Self::Xml;
        }
        let mut preferred = headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok());
        let is_minimal = |part: &str| part.to_ascii_lowercase().replace(' ', "") == "return=minimal";
        let minimal = preferred.any(|value| value.split([',', ';']).any(is_minimal));
        if minimal { Self::Id } else { Self::Full }
    }

    fn render(self, booked: &BookedAppointment) -> Result<Answer, AppError> {
        let made = &booked.appointment;
        let warning = |known: &SameReference| {
            BookingWarning::already_booked(known.is_readable.then(|| known.id.to_string()), known.start)
        };
        let warnings: Vec<BookingWarning> = booked.same_reference.iter().map(warning).collect();
        let is_warned = !warnings.is_empty();
        let id = made.id.to_string();
        let location = format!("{}/appointments/{id}", PARTNER.base);
        let answer = match self {
            Self::Full => Answer::json(201, &BookingAnswer::new(made, warnings))?,
            Self::Id => Answer::json(201, &id)?.with_header("preference-applied", "return=minimal"),
            // An id is letters, digits and an underscore: nothing to escape.
            Self::Xml => Answer {
                status: 201,
                headers: Vec::new(),
                content_type: "application/xml".to_owned(),
                body: format!("<appointment><appointmentID>{id}</appointmentID></appointment>"),
            },
        };
        let answer =
            if is_warned { answer.with_header(WARNING_HEADER, BookingWarning::ALREADY_BOOKED) } else { answer };
        Ok(answer.with_header(LOCATION.as_str(), location).with_header(ETAG.as_str(), entity_tag(made.version)))
    }
}

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    body: JsonOrForm<BookingRequest>,
) -> Result<Reply, Problem> {
    let shape = Shape::wanted(&request.headers);
    let booking = body.value.into_domain().map_err(Problem::invalid)?;
    let command = BookAppointment {
        slot: RequestedSlot { session_id: booking.session_id, slot_id: booking.slot_id, slot: booking.slot },
        place: booking.place,
        case_number: booking.case_number,
        contact: booking.contact,
        notes: booking.notes,
        process: booking.process,
    };
    let (context, idempotency) = request.for_command(&body.raw)?;
    let answer = request.scheduler.book(context, idempotency, command, move |booked| shape.render(booked)).await?;
    Ok(Reply(answer))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("bookAppointment").summary("Book one slot of a session").description(
        "Books the slot for the expert it was offered with, or, when another booking took that expert's time, \
         for another who is free at the same time. A session books once; nothing of it can be booked from its \
         300th second on. The same `Idempotency-Key` and body get the same answer again; without the header \
         the pair (`sessionID`, `caseNumber`) has this role. A joint slot books all its experts or none: the answer is \
         your appointment with this firm, and its `joint` names those of the others. When another appointment of this \
         kind is open at this firm under the same `insurerClaimId`, `warnings` says so (header `appointment-warning`). `Prefer: return=minimal` asks for the bare id, \
         `Accept: application/xml` for XML.",
    );
    let op = docs::answers::<201, Booked>(op, "The appointment; `Location` says where it is.");
    let op = docs::also_as_xml(docs::also_as_form(op), 201);
    let op = docs::refuses::<404>(op, "The slot or its session is unknown to this key.");
    let op = docs::refuses::<409>(op, "The slot is taken, or the session was already used.");
    let op = docs::refuses::<410>(op, "The session's 300 seconds are over: search again.");
    docs::usual_of_a_write(op)
}
