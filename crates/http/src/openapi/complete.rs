//! Fills in what every operation of a contract has in common, so that no endpoint has to say it
//! again, and none can forget it: the errors that any request may meet, the error body, the request's
//! name, descriptions of answers.

use constat_domain::tenancy::Api;
use constat_wire::claims::Failure;
use constat_wire::common::ResponseStatus;
use http::StatusCode;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::UNAVAILABLE;
use crate::authenticated_request::DRY_RUN;

/// The methods of a path that may hold an operation.
pub(crate) const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// Completes a contract's document.
pub(super) fn complete(document: &mut Value, api: Api) {
    let (error, definitions) = match api {
        Api::Claims => schema_of::<Failure>(),
        Api::Partner | Api::Dossier => schema_of::<ResponseStatus>(),
    };
    let known = object(object(object_of(document), "components"), "schemas");
    for (name, definition) in definitions {
        known.entry(name).or_insert(definition);
    }
    let paths = object(object_of(document), "paths");
    for (path, item) in paths.iter_mut() {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                complete_operation(operation, method, path, api, &error);
            }
        }
    }
}

/// A type's schema as a reference, and the definitions that it needs.
pub(super) fn schema_of<T: JsonSchema>() -> (Value, Map<String, Value>) {
    let settings = SchemaSettings::draft07().with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = SchemaGenerator::new(settings);
    let reference = generator.subschema_for::<T>();
    (reference.into(), generator.take_definitions(true))
}

fn complete_operation(operation: &mut Map<String, Value>, method: &str, path: &str, api: Api, error: &Value) {
    operation.entry("operationId").or_insert_with(|| operation_id(method, path).into());
    let tag = path.split('/').find(|part| !part.is_empty() && !part.starts_with('{')).unwrap_or("root");
    operation.entry("tags").or_insert_with(|| json!([tag]));
    let needs_key = !operation.get("security").and_then(Value::as_array).is_some_and(|ways| ways.iter().any(is_empty));
    let has_body = operation.contains_key("requestBody");
    let writes = method != "get";
    // A search writes nothing. A claim is primed once by its number: a kept answer would keep the secret
    // of the insured's link.
    let is_command = writes && !path.ends_with("/search") && !path.ends_with("/prime");
    if is_command {
        add_idempotency_key(operation);
    }
    if is_command && api == Api::Claims {
        add_dry_run(operation);
    }
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let has = |place: &str| parameters.is_some_and(|all| all.iter().any(|parameter| parameter["in"] == place));
    let usual = [
        (401, needs_key, "The key is missing or not valid."),
        (404, has("path"), "Unknown, or not this caller's."),
        (
            400,
            has_body || writes || has("query") || has("path"),
            "The request is not valid; the answer names each field that is wrong.",
        ),
        (413, has_body && api != Api::Claims, "The body is too large."),
        (415, has_body && api != Api::Claims, "The body's media type is not taken here."),
        (422, writes && api != Api::Claims, "The `Idempotency-Key` was already used for another request."),
        (429, needs_key, "The key made too many requests; `Retry-After` says how many seconds to wait."),
        (500, true, "A fault of the server; nothing was changed."),
        (503, true, UNAVAILABLE),
    ];
    let responses = object(operation, "responses");
    for (status, applies, description) in usual {
        if applies {
            let response = object(responses, &status.to_string());
            response.entry("description").or_insert_with(|| description.into());
        }
    }
    for (status, response) in responses.iter_mut() {
        complete_response(object_of(response), status, error);
    }
    responses.sort_keys();
}

fn complete_response(response: &mut Map<String, Value>, status: &str, error: &Value) {
    let is_error = status.starts_with(['4', '5']);
    if response.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
        response.insert("description".to_owned(), reason(status).unwrap_or("The answer").into());
    }
    if is_error {
        response.entry("content").or_insert_with(|| json!({ "application/json": { "schema": error } }));
    }
    let headers = object(response, "headers");
    headers.entry("X-Execution-Id").or_insert_with(|| {
        json!({ "description": "Names this very request: quote it when you ask for help.", "schema": { "type": "string" } })
    });
    if status == "401" {
        headers.entry("WWW-Authenticate").or_insert_with(
            || json!({ "description": "The ways to give a key: one value for each.", "schema": { "type": "string" } }),
        );
    }
    if matches!(status, "429" | "503") {
        headers.entry("Retry-After").or_insert_with(
            || json!({ "description": "Seconds to wait before the next try.", "schema": { "type": "integer" } }),
        );
    }
}

/// True for a security requirement that asks for nothing.
fn is_empty(requirement: &Value) -> bool {
    requirement.as_object().is_some_and(Map::is_empty)
}

/// The canonical words of a status.
fn reason(status: &str) -> Option<&'static str> {
    StatusCode::from_u16(status.parse().ok()?).ok()?.canonical_reason()
}

/// Every write takes an `Idempotency-Key`.
fn add_idempotency_key(operation: &mut Map<String, Value>) {
    const NAME: &str = "Idempotency-Key";
    let Some(parameters) = operation.entry("parameters").or_insert_with(|| json!([])).as_array_mut() else { return };
    if !parameters.iter().any(|parameter| parameter["name"] == NAME) {
        parameters.push(json!({
            "name": NAME,
            "in": "header",
            "description": "Any text of the caller's choice: a repeat of the same request with the same key gets \
                            the same answer and does nothing again.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
        }));
    }
}

/// Every command of the claims contract may be tried out.
fn add_dry_run(operation: &mut Map<String, Value>) {
    let Some(parameters) = operation.entry("parameters").or_insert_with(|| json!([])).as_array_mut() else { return };
    parameters.push(json!({
        "name": DRY_RUN,
        "in": "query",
        "description": "`true`: everything is checked and answered as usual, with `X-Dry-Run: true`, but nothing is \
                        stored, sent, or requested of a partner. Ids in the answer do not exist.",
        "schema": { "type": "boolean" },
    }));
}

/// `get /claims/{id}/documents` becomes `get_claims_id_documents`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// The value as an object; made one when it is none.
pub(super) fn object_of(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(fields) => fields,
        _ => unreachable!("made an object above"),
    }
}

/// The object in a field; made when it is not there.
pub(super) fn object<'a>(fields: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    object_of(fields.entry(name).or_insert(Value::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_gets_the_errors_that_any_request_may_meet_and_keeps_its_own_words() {
        let mut document = json!({ "paths": { "/things/{id}": { "put": {
            "requestBody": {},
            "parameters": [{ "name": "id", "in": "path" }],
            "responses": { "200": { "description": "" }, "404": { "description": "No such thing." } },
        } } } });
        complete(&mut document, Api::Partner);
        let operation = &document["paths"]["/things/{id}"]["put"];
        assert_eq!(operation["operationId"], "put_things_id");
        assert_eq!(operation["tags"], json!(["things"]));
        assert_eq!(operation["parameters"][1]["name"], "Idempotency-Key");
        let responses = operation["responses"].as_object().unwrap();
        let statuses: Vec<&str> = responses.keys().map(String::as_str).collect();
        assert_eq!(statuses, ["200", "400", "401", "404", "413", "415", "422", "429", "500", "503"]);
        assert_eq!(responses["200"]["description"], "OK");
        assert!(responses["200"].get("content").is_none());
        assert_eq!(responses["404"]["description"], "No such thing.");
        let reference = &responses["404"]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(reference, "#/components/schemas/ResponseStatus");
        assert!(document["components"]["schemas"]["FieldError"].is_object());
    }
}
