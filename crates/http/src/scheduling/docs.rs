//! OpenAPI descriptions that several endpoints share: errors, further media types, form bodies.

use aide::openapi::{MediaType, ReferenceOr, SchemaObject, StatusCode};
use aide::transform::TransformOperation;
use axum::Json;
use constat_wire::common::ResponseStatus;
use schemars::{JsonSchema, json_schema};

use crate::openapi::UNAVAILABLE;

/// An answer with a JSON body.
pub(crate) fn answers<'t, const STATUS: u16, T: JsonSchema + serde::Serialize>(
    op: TransformOperation<'t>,
    text: &str,
) -> TransformOperation<'t> {
    op.response_with::<STATUS, Json<T>, _>(|response| response.description(text))
}

/// An error that the contract lists.
pub(crate) fn refuses<'t, const STATUS: u16>(op: TransformOperation<'t>, text: &str) -> TransformOperation<'t> {
    answers::<STATUS, ResponseStatus>(op, text)
}

/// The errors that every endpoint may answer with.
pub(super) fn usual(op: TransformOperation<'_>) -> TransformOperation<'_> {
    let op = refuses::<400>(op, "The request is incomplete or malformed; `errors` names the fields.");
    let op = refuses::<401>(op, "The key is missing or not valid.");
    let op = refuses::<429>(op, "Too many requests: wait for `Retry-After` seconds.");
    let op = refuses::<500>(op, "A fault of the server; nothing was changed.");
    refuses::<503>(op, UNAVAILABLE)
}

/// The further errors of an endpoint that takes a body.
pub(super) fn usual_with_body(op: TransformOperation<'_>) -> TransformOperation<'_> {
    let op = refuses::<413>(usual(op), "The body is larger than 1 MiB.");
    refuses::<415>(op, "The body's media type is not taken.")
}

/// The further errors of an endpoint that writes.
pub(crate) fn usual_of_a_write(op: TransformOperation<'_>) -> TransformOperation<'_> {
    refuses::<422>(usual_with_body(op), "The `Idempotency-Key` was already used for another request.")
}

/// The further errors of an endpoint that changes one appointment.
pub(super) fn usual_of_a_change(op: TransformOperation<'_>) -> TransformOperation<'_> {
    let op = refuses::<404>(usual_of_a_write(op), "No such appointment for this key.");
    let op = refuses::<409>(op, "The appointment is cancelled or over.");
    refuses::<412>(op, "`If-Match` names another version than the present one.")
}

/// The errors of an endpoint for the firm's own key.
pub(crate) fn usual_of_the_firm(op: TransformOperation<'_>) -> TransformOperation<'_> {
    refuses::<403>(usual(op), "The key is not the firm's own.")
}

/// An answer may also come as another media type, with a schema of its own.
pub(super) fn also_as<'t, T: JsonSchema>(
    mut op: TransformOperation<'t>,
    status: u16,
    media_type: &str,
) -> TransformOperation<'t> {
    let schema = aide::generate::in_context(|context| context.schema.subschema_for::<T>());
    let responses = op.inner_mut().responses.as_mut();
    let response = responses.and_then(|all| all.responses.get_mut(&StatusCode::Code(status)));
    if let Some(ReferenceOr::Item(response)) = response {
        response.content.insert(media_type.to_owned(), media(schema));
    }
    op
}

/// The body may also come as a form with the JSON in its field `data`.
pub(super) fn also_as_form(mut op: TransformOperation<'_>) -> TransformOperation<'_> {
    if let Some(ReferenceOr::Item(body)) = op.inner_mut().request_body.as_mut() {
        let schema = json_schema!({
            "type": "object",
            "required": ["data"],
            "properties": { "data": { "type": "string", "description": "The JSON body." } },
        });
        body.content.insert("application/x-www-form-urlencoded".to_owned(), media(schema));
    }
    op
}

/// An answer may also come as XML.
pub(super) fn also_as_xml(mut op: TransformOperation<'_>, status: u16) -> TransformOperation<'_> {
    let responses = op.inner_mut().responses.as_mut();
    let response = responses.and_then(|all| all.responses.get_mut(&StatusCode::Code(status)));
    if let Some(ReferenceOr::Item(response)) = response {
        let schema = json_schema!({ "type": "string", "description": "`<appointment><appointmentID>`" });
        response.content.insert("application/xml".to_owned(), media(schema));
    }
    op
}

fn media(schema: schemars::Schema) -> MediaType {
    let schema = SchemaObject { json_schema: schema, external_docs: None, example: None };
    MediaType { schema: Some(schema), ..MediaType::default() }
}
