//! The schemas have clean, unique names in each document, and say what the contracts say.

use constat_wire::appointments::{BookClaimAppointment, ClaimAppointment, ClaimSlots, SearchAppointments};
use constat_wire::common::ResponseStatus;
use constat_wire::{claims, dossier, partner};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

fn names(add: impl FnOnce(&mut SchemaGenerator)) -> Map<String, Value> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    add(&mut generator);
    let all = generator.take_definitions(true);
    for name in all.keys() {
        let clean = name.chars().all(|letter| letter.is_ascii_alphanumeric())
            && !name.ends_with(|last: char| last.is_ascii_digit());
        assert!(clean, "{name} is no clean and unique name");
    }
    all
}

fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
    generator.subschema_for::<T>();
}

#[test]
fn the_claims_document_has_clean_names() {
    let all = names(|generator| {
        add::<claims::CreateClaim>(generator);
        add::<claims::PatchClaim>(generator);
        add::<claims::CancelClaim>(generator);
        add::<claims::DocumentUploads>(generator);
        add::<claims::DocumentMeta>(generator);
        add::<claims::Success<claims::Claim>>(generator);
        add::<claims::SuccessPage<claims::ClaimSummary>>(generator);
        add::<claims::Success<claims::ClaimDocumentWithUrl>>(generator);
        add::<claims::Success<claims::SubmitResponse>>(generator);
        add::<claims::UploadAnswer>(generator);
        add::<claims::CancelAnswer>(generator);
        add::<claims::Failure>(generator);
        add::<SearchAppointments>(generator);
        add::<BookClaimAppointment>(generator);
        add::<claims::Success<ClaimSlots>>(generator);
        add::<claims::Success<ClaimAppointment>>(generator);
        add::<claims::SuccessList<ClaimAppointment>>(generator);
    });
    for name in ["SuccessClaim", "SuccessClaimSummaryPage", "SuccessClaimAppointmentList", "Claim", "CreateClaim"] {
        assert!(all.contains_key(name), "{name} is missing from {:?}", all.keys().collect::<Vec<_>>());
    }
    // Every field of a claim is there, null or not.
    let claim = &all["Claim"];
    assert_eq!(claim["required"].as_array().unwrap().len(), claim["properties"].as_object().unwrap().len());
    assert_eq!(claim["properties"]["closedAt"]["type"], serde_json::json!(["string", "null"]));
    let with_url = all["ClaimDocumentWithUrl"]["required"].as_array().unwrap();
    // The contract's fourteen, and two of our own.
    assert_eq!(with_url.len(), 14 + 2);
    assert!(with_url.contains(&"duplicateOf".into()) && with_url.contains(&"photo".into()));
    let required: Vec<&str> =
        all["CreateClaim"]["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(
        required,
        [
            "userId",
            "contractId",
            "contractProductId",
            "type",
            "subtype",
            "claimAt",
            "description",
            "questions",
            "insured",
            "location"
        ]
    );
    assert_eq!(all["CreateClaim"]["properties"]["description"]["minLength"], 50);
    let of_appointment = all["ClaimAppointment"]["required"].as_array().unwrap();
    assert!(of_appointment.contains(&"claimId".into()) && !of_appointment.contains(&"expert".into()));
    assert_eq!(all["ClaimAppointment"]["properties"]["claimId"]["type"], serde_json::json!(["string", "null"]));
}

#[test]
fn the_partner_document_has_clean_names() {
    let all = names(|generator| {
        add::<partner::ServiceRequest>(generator);
        add::<partner::SearchAnswer>(generator);
        add::<partner::BookingRequest>(generator);
        add::<partner::BookingAnswer>(generator);
        add::<partner::AppointmentList>(generator);
        add::<partner::AppointmentEnvelope>(generator);
        add::<partner::AppointmentUpdate>(generator);
        add::<partner::MoveAppointment>(generator);
        add::<partner::CancelAppointment>(generator);
        add::<ResponseStatus>(generator);
    });
    for name in ["ServiceRequest", "Timeslot", "Appointment", "PostalAddress", "ResponseStatus", "FieldError"] {
        assert!(all.contains_key(name), "{name} is missing");
    }
    assert_eq!(all["PostalAddress"]["properties"]["street1"]["maxLength"], 38);
    assert_eq!(all["ServiceRequest"]["properties"]["limit"]["maximum"], 30);
    assert_eq!(all["Timeslot"]["properties"]["startTime"]["format"], "date-time");
    let required: Vec<&str> =
        all["Appointment"]["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(required, ["type", "schedule"]);
}

#[test]
fn the_dossier_document_has_clean_names() {
    let all = names(|generator| {
        add::<dossier::Claim>(generator);
        add::<dossier::PrimeRequest>(generator);
        add::<dossier::PrimeAnswer>(generator);
        add::<ResponseStatus>(generator);
    });
    let required: Vec<&str> = all["Claim"]["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(required, ["date", "company", "guarantee"]);
    assert!(all.contains_key("BreakInDamage") && all.contains_key("Attachment"));
}
