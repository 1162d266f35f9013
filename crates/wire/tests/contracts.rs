//! The contracts' published examples travel through the types unharmed, and faults are all told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use constat_domain::FieldError;
use constat_domain::appointment::SlotKind;
use constat_domain::claim::{ClaimEdit, LocationEdit};
use constat_domain::service::ServiceKind;
use constat_wire::appointments::SearchAppointments;
use constat_wire::claims::{Answer, Claim, CreateClaim, DocumentUploads, Failure, PatchClaim, Success};
use constat_wire::common::{StatusCode, read_json};
use constat_wire::partner::{AppointmentQuery, BookingReply, BookingRequest, SearchAnswer, ServiceRequest};
use constat_wire::{dossier, partner};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const BIKE_CREATE: &str = include_str!("fixtures/stolen-bike-create.json");
const BIKE_CLAIM: &str = include_str!("fixtures/stolen-bike-claim.json");
const WATER_REQUEST: &str = include_str!("fixtures/water-damage-request.json");
const FIVE_SLOTS: &str = include_str!("fixtures/five-slots.json");
const DOSSIER: &str = include_str!("fixtures/dossier-claim.json");
const PRIME: &str = include_str!("fixtures/prime-request.json");

fn read<T: DeserializeOwned + JsonSchema>(text: &str) -> T {
    read_json(text.as_bytes()).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn same_both_ways<T: DeserializeOwned + JsonSchema + Serialize>(text: &str) {
    let expected: Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_value(read::<T>(text)).unwrap(), expected);
}

fn fields(errors: &[FieldError]) -> Vec<&str> {
    errors.iter().map(|error| error.field.as_str()).collect()
}

fn changed(text: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value = serde_json::from_str(text).unwrap();
    change(&mut value);
    value.to_string()
}

#[test]
fn published_answers_are_read_and_written_back_exactly() {
    same_both_ways::<Success<Claim>>(BIKE_CLAIM);
    same_both_ways::<SearchAnswer>(FIVE_SLOTS);
    same_both_ways::<dossier::Claim>(DOSSIER);
}

#[test]
fn the_five_slots_mix_exact_times_and_windows() {
    let answer: SearchAnswer = read(FIVE_SLOTS);
    let kinds: Vec<SlotKind> = answer.timeslots.iter().map(|slot| slot.kind.into()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == SlotKind::Window).count(), 2);
    assert_eq!(kinds.len(), 5);
}

#[test]
fn the_stolen_bike_is_declared() {
    let declaration = read::<CreateClaim>(BIKE_CREATE).into_domain().unwrap();
    assert_eq!(declaration.claim_at.to_string(), "2024-01-15T14:30:00Z");
    assert_eq!(declaration.answers.len(), 2);
    assert_eq!(declaration.dossier, constat_domain::claim::Dossier::default());
    assert_eq!(declaration.location.to_postal().unwrap().country_code, "FR");
}

#[test]
fn the_water_damage_request_survives_the_domain() {
    let request: ServiceRequest = read(WATER_REQUEST);
    let domain = request.clone().into_domain().unwrap();
    assert_eq!(domain.kind, ServiceKind::OnSite);
    assert_eq!(domain.limit, 5);
    let claim = domain.claim.as_ref().unwrap();
    assert_eq!(claim.valuation.total.unwrap().minor, 235_050);
    // A line left out between two others keeps its place.
    assert_eq!(domain.place.as_ref().unwrap().address.more_lines, ["", "3e étage"]);

    let again = ServiceRequest::from(&domain);
    assert_eq!(again.appointment_location, request.appointment_location);
    assert_eq!(again.claim, request.claim);
    assert_eq!(again.into_domain().unwrap(), domain);
}

#[test]
fn what_is_left_out_gets_the_contracts_defaults() {
    let text = json!({
        "type": { "name": "TELE" }, "dateFrom": "2021-08-02T00:00:00Z",
        "customerType": "professional", "insurerClaimId": "X", "somethingNew": { "is": "ignored" }
    });
    let domain = read::<ServiceRequest>(&text.to_string()).into_domain().unwrap();
    assert_eq!((domain.limit, domain.to.to_string().as_str()), (10, "2021-08-16T00:00:00Z"));
}

#[test]
fn every_missing_or_mistyped_field_is_named_at_once() {
    let errors = read_json::<ServiceRequest>(b"{}").unwrap_err();
    assert_eq!(fields(&errors), ["type", "dateFrom", "customerType", "insurerClaimId"]);
    assert!(errors.iter().all(|error| error.message == "is required"));

    let text = json!({
        "type": { "name": "ESSS" }, "dateFrom": "2021-08-02T00:00:00", "customerType": 3,
        "insurerClaimId": ["secret"], "limit": "5", "claim": { "date": "2021-08-02" },
        "appointmentLocation": { "address": { "street1": "48 boulevard des Batignolles" }, "position": { "lat": "x" } },
        "damages": [{ "damageNature": "Ok" }, {}, "secret"]
    });
    let errors = read_json::<ServiceRequest>(text.to_string().as_bytes()).unwrap_err();
    let mut named = fields(&errors);
    named.sort_unstable();
    assert_eq!(
        named,
        [
            "appointmentLocation.address.city",
            "appointmentLocation.address.zipCode",
            "appointmentLocation.position.lat",
            "appointmentLocation.position.long",
            "claim.claimId",
            "claim.company",
            "claim.date",
            "claim.guarantee",
            "customerType",
            "damages[1].damageNature",
            "damages[2]",
            "dateFrom",
            "insurerClaimId",
            "limit",
            "type.name",
        ]
    );
    let message = |field: &str| errors.iter().find(|error| error.field == field).unwrap().message.as_str();
    assert!(message("dateFrom").contains("with its offset"), "{}", message("dateFrom"));
    assert_eq!(message("type.name"), "expected one of: ESS, VISIO, EAD, TELE, CONTRADICTOIRE, REN");
    assert_eq!(message("limit"), "expected a whole number, got a string");
    assert_eq!(message("damages[2]"), "expected an object, got a string");
    assert!(!format!("{errors:?}").contains("secret"), "what was sent is never repeated");
}

#[test]
fn what_is_no_json_is_told_by_place() {
    let errors = read_json::<ServiceRequest>(b"{\"type\": ").unwrap_err();
    assert_eq!(errors[0].field, "");
    assert!(errors[0].message.contains("line 1"), "{}", errors[0].message);
    let twice = changed(WATER_REQUEST, |_| {}).replacen('{', "{\"limit\":1,", 1);
    assert_eq!(
        read_json::<ServiceRequest>(twice.as_bytes()).unwrap_err()[0].message.split(" at ").next(),
        Some("is given twice")
    );
}

#[test]
fn every_fault_of_meaning_is_named_at_once() {
    let text = changed(WATER_REQUEST, |request| {
        request["limit"] = json!(31);
        request["dateTo"] = request["dateFrom"].clone();
        request["appointmentLocation"]["address"]["zipCode"] = json!("750170");
        request["appointmentLocation"]["address"]["countryCode"] = json!("atlantide");
        request["appointmentLocation"]["position"] = json!({ "lat": 91, "long": -180.5 });
        request["claim"]["valuation"]["totalCost"] = json!({ "value": -1, "currency": "euro" });
        request["claim"]["accident"]["characteristics"] = json!({ "nature": "Vol", "detail": "X" });
        request["damages"] = json!([{ "damageNature": " " }]);
        request["appointmentId"] = json!("nonsense");
    });
    let errors = read::<ServiceRequest>(&text).into_domain().unwrap_err();
    let mut named = fields(&errors);
    named.sort_unstable();
    assert_eq!(
        named,
        [
            "appointmentId",
            "appointmentLocation.address.countryCode",
            "appointmentLocation.address.zipCode",
            "appointmentLocation.position.lat",
            "appointmentLocation.position.long",
            "claim.accident.characteristics.cause",
            "claim.valuation.totalCost.currency",
            "claim.valuation.totalCost.value",
            "damages[0].damageNature",
            "dateTo",
            "limit",
        ]
    );
}

#[test]
fn a_description_is_counted_in_characters_not_bytes() {
    let declare = |description: String| {
        read::<CreateClaim>(&changed(BIKE_CREATE, |claim| claim["description"] = json!(description))).into_domain()
    };
    assert!(declare("é".repeat(50)).is_ok());
    let errors = declare("é".repeat(49)).unwrap_err();
    assert_eq!(errors, [FieldError::new("description", "expected at least 50 characters, got 49")]);
    assert!(declare(" ".repeat(60)).is_err());
    assert_eq!(fields(&declare(format!("{}\u{1}", "x".repeat(60))).unwrap_err()), ["description"]);
}

#[test]
fn the_character_nul_is_named_wherever_it_stands() {
    let refused = |change: &dyn Fn(&mut Value)| {
        read_json::<CreateClaim>(changed(BIKE_CREATE, |claim| change(claim)).as_bytes()).unwrap_err()
    };
    let errors = refused(&|claim| claim["description"] = "a\0b".into());
    assert_eq!(errors, [FieldError::new("description", "must not contain the character U+0000")]);
    assert_eq!(fields(&refused(&|claim| claim["answers"]["x"] = json!(["fine", "a\0"]))), ["answers.x[1]"]);
    // Six characters that only look like one.
    read::<CreateClaim>(&changed(BIKE_CREATE, |claim| claim["description"] = "\\u0000".repeat(20).into()));
}

#[test]
fn a_declaration_carries_the_dossier_and_its_faults_are_deep() {
    let dossier: Value = serde_json::from_str(DOSSIER).unwrap();
    let accident = &dossier["accident"];
    let full = changed(BIKE_CREATE, |claim| {
        claim["loss"] = accident["characteristics"].clone();
        claim["declaredDamages"] = accident["declaredDamages"].clone();
        claim["causeRemoval"] = accident["causeRemoval"].clone();
        claim["qualification"] = accident["qualification"].clone();
        claim["conservationMeasures"] = json!(true);
        claim["risk"] = dossier["risk"].clone();
        claim["valuation"] = dossier["valuation"].clone();
        claim["insurerClaimId"] = json!("DDE-2021-0042");
    });
    let kept = read::<CreateClaim>(&full).into_domain().unwrap().dossier;
    assert_eq!(kept.declared_damages.as_ref(), Some(&accident["declaredDamages"]));
    assert_eq!(kept.risk.unwrap().measures["NombreDePieces"].to_string(), "3");

    let bad = changed(&full, |claim| {
        let damages = &mut claim["declaredDamages"];
        damages["contentDamages"][0]["name"] = json!("");
        damages["buildingDamages"][0]["roomDamages"][0]["surfaces"][0]["covering"]["state"] = json!(4);
        claim["insured"]["email"] = json!("no address");
        claim["risk"]["address"]["street1"] = json!("x".repeat(39));
    });
    let errors = read::<CreateClaim>(&bad).into_domain().unwrap_err();
    assert_eq!(
        fields(&errors),
        [
            "declaredDamages.contentDamages[0].name",
            "declaredDamages.buildingDamages[0].roomDamages[0].surfaces[0].covering.state",
            "risk.address.street1",
            "insured.email",
        ]
    );
}

#[test]
fn answers_to_questions_are_texts_or_booleans_only() {
    let claim = read::<CreateClaim>(BIKE_CREATE);
    assert_eq!(claim.questions["tied_to_fixed_point"], Answer::Bool(true));
    let bad = changed(BIKE_CREATE, |claim| claim["questions"]["tied_to_fixed_point"] = json!(3));
    let errors = read_json::<CreateClaim>(bad.as_bytes()).unwrap_err();
    assert_eq!(
        errors,
        [FieldError::new("questions.tied_to_fixed_point", "expected true or false or a string, got a number")]
    );
}

#[test]
fn a_booking_needs_all_of_it_and_lists_its_faults() {
    assert_eq!(
        fields(&read_json::<BookingRequest>(b"{}").unwrap_err()),
        ["timeslot", "sessionID", "location", "caseNumber"]
    );
    let slots: Value = serde_json::from_str(FIVE_SLOTS).unwrap();
    let request: Value = serde_json::from_str(WATER_REQUEST).unwrap();
    let booking = json!({
        "timeslot": slots["timeslots"][1], "sessionID": "s", "caseNumber": "C-1",
        "location": { "address": request["appointmentLocation"]["address"] },
        "contact": { "firstName": "Jean", "lastName": "Dupont", "userInfo": { "mobilePhone": "+33612345678" } }
    })
    .to_string();
    let good = read::<BookingRequest>(&booking).into_domain().unwrap();
    assert_eq!((good.slot_id.as_str(), good.slot.kind), ("slot-2", SlotKind::Window));
    let bad = changed(&booking, |body| {
        body["timeslot"]["endTime"] = body["timeslot"]["startTime"].clone();
        body["timeslot"]["duration"] = json!(0);
        body["contact"]["userInfo"] =
            json!({ "mobilePhone": "0".repeat(21), "email": format!("{}@example.com", "x".repeat(50)) });
        body["caseNumber"] = json!("");
    });
    let errors = read::<BookingRequest>(&bad).into_domain().unwrap_err();
    assert_eq!(
        fields(&errors),
        [
            "caseNumber",
            "timeslot.endTime",
            "timeslot.duration",
            "contact.userInfo.mobilePhone",
            "contact.userInfo.email"
        ]
    );
}

#[test]
fn a_partner_may_answer_a_booking_in_three_ways() {
    let reply = |value: Value| serde_json::from_value::<BookingReply>(value).unwrap();
    assert_eq!(reply(json!("apt-1")).appointment_id(), "apt-1");
    let brief = reply(json!({ "appointmentID": "apt-2", "connection": { "url": "https://visio.example/1" } }));
    assert_eq!((brief.appointment_id(), brief.connection().is_some()), ("apt-2", true));
    let slots: Value = serde_json::from_str(FIVE_SLOTS).unwrap();
    let full = reply(json!({ "appointmentID": "apt-3", "type": "Visio", "schedule": slots["timeslots"][0] }));
    assert_eq!((full.appointment_id(), full.appointment().is_some()), ("apt-3", true));
}

#[test]
fn prime_takes_booleans_and_numbers_as_texts_and_as_themselves() {
    let texts = read::<dossier::PrimeRequest>(PRIME).into_domain().unwrap();
    let typed = changed(PRIME, |body| {
        body["contract"]["isRecentSubscription"] = json!(false);
        body["contract"]["deductableAmount"] = json!(150);
        body["insured"]["status"] = json!(5);
        body["insured"]["title"] = json!(1);
        body["contract"]["anteriority"] = json!(true);
    });
    assert_eq!(read::<dossier::PrimeRequest>(&typed).into_domain().unwrap(), texts);
    assert_eq!(texts.is_recent, Some(false));
    assert_eq!(texts.deductible.unwrap().minor, 15_000);
    assert_eq!(texts.location.address, "48 boulevard des Batignolles 3e étage");

    let bad = changed(PRIME, |body| {
        body["insured"]["title"] = json!("3");
        body["insured"]["status"] = json!("6");
        body["contract"]["deductableAmount"] = json!("beaucoup");
    });
    let errors = read::<dossier::PrimeRequest>(&bad).into_domain().unwrap_err();
    assert_eq!(fields(&errors), ["insured.title", "insured.status", "contract.deductableAmount"]);
    let maybe = changed(PRIME, |body| body["contract"]["isRecentSubscription"] = json!("maybe"));
    let errors = read_json::<dossier::PrimeRequest>(maybe.as_bytes()).unwrap_err();
    assert_eq!(fields(&errors), ["contract.isRecentSubscription"]);
    assert_eq!(errors[0].message, "expected one of: true, false");
    let blanks = changed(PRIME, |body| {
        body["insured"]["email"] = json!(" jean@example.fr\u{a0}");
        body["insured"]["mobile"] = json!("+33612345678 ");
        body["contract"]["deductableAmount"] = json!("150.50");
    });
    let insured = read::<dossier::PrimeRequest>(&blanks).into_domain().unwrap().insured;
    assert_eq!((insured.email.as_deref(), &*insured.phone_number), (Some("jean@example.fr"), "+33612345678"));
    for ambiguous in ["1.234", "1,234", "12.500"] {
        let body = changed(PRIME, |body| body["contract"]["deductableAmount"] = json!(ambiguous));
        let errors = read::<dossier::PrimeRequest>(&body).into_domain().unwrap_err();
        assert_eq!(fields(&errors), ["contract.deductableAmount"], "{ambiguous}");
    }
    let twice = PRIME.replacen("\"firstName\"", "\"firstName\": \"x\", \"firstName\"", 1);
    let errors = read_json::<dossier::PrimeRequest>(twice.as_bytes()).unwrap_err();
    assert_eq!(fields(&errors), ["insured.firstName"]);
}

#[test]
fn documents_come_alone_or_in_an_array() {
    let one = json!({ "type": "Dépôt de plainte", "title": "Plainte du 15/01/2024", "filename": "plainte.pdf", "content": "" });
    let errors = |body: Value| -> Vec<FieldError> {
        read::<DocumentUploads>(&body.to_string())
            .into_items()
            .iter()
            .flat_map(|(path, item)| item.check(path))
            .collect()
    };
    assert_eq!(fields(&errors(one.clone())), ["content"]);
    assert_eq!(fields(&errors(json!([one, one]))), ["[0].content", "[1].content"]);
    let missing = read_json::<DocumentUploads>(json!([one, { "type": "x" }]).to_string().as_bytes()).unwrap_err();
    assert_eq!(fields(&missing), ["[1].title", "[1].filename", "[1].content"]);
}

#[test]
fn a_patch_of_nothing_is_refused() {
    assert_eq!(fields(&read::<PatchClaim>("{}").into_domain().unwrap_err()), [""]);
    let patch = read::<PatchClaim>("{\"location\":{\"city\":\"Lyon\"}}").into_domain().unwrap();
    let location = LocationEdit { city: Some("Lyon".to_owned()), ..LocationEdit::default() };
    assert_eq!(patch, ClaimEdit { location, ..ClaimEdit::default() });
}

#[test]
fn a_search_for_a_claim_lists_its_faults() {
    let body = json!({ "type": "REN", "dateFrom": "2021-08-02T00:00:00Z", "dateTo": "2021-08-01T00:00:00Z", "limit": 0, "appointmentId": "x" });
    let errors = read::<SearchAppointments>(&body.to_string()).into_domain().unwrap_err();
    assert_eq!(fields(&errors), ["dateTo", "limit", "appointmentId"]);
}

#[test]
fn a_list_query_reads_zero_as_all() {
    let filter = AppointmentQuery { num_results: Some(0), ..AppointmentQuery::default() }.into_domain().unwrap();
    assert_eq!(filter.limit, None);
    let query =
        AppointmentQuery { num_results: Some(-1), zip: Some("750170".to_owned()), ..AppointmentQuery::default() };
    assert_eq!(fields(&query.into_domain().unwrap_err()), ["zip", "num_results"]);
}

#[test]
fn errors_wear_each_contracts_clothes() {
    let faults = vec![FieldError::new("limit", "expected a whole number from 1 to 30")];
    let status = partner_error(faults.clone());
    assert_eq!(
        status,
        json!({
            "value": 1, "description": "INVALID_PARAMETERS: the request is not valid",
            "errors": [{ "field": "limit", "message": "expected a whole number from 1 to 30" }], "executionId": "exe_1"
        })
    );
    let failure = serde_json::to_value(Failure::new(1000, "VALIDATION_ERROR", faults, None)).unwrap();
    assert_eq!(failure["success"], json!(false));
    assert_eq!(failure["error"]["details"][0]["field"], json!("limit"));
    for (value, code) in StatusCode::ALL.into_iter().enumerate() {
        assert_eq!(usize::try_from(code.value()).unwrap(), value);
    }
}

fn partner_error(faults: Vec<FieldError>) -> Value {
    use constat_wire::common::ResponseStatus;
    let status = ResponseStatus::new(StatusCode::InvalidParameters, "the request is not valid");
    serde_json::to_value(status.with_errors(faults).with_execution_id("exe_1")).unwrap()
}

#[test]
fn an_appointment_of_a_partner_travels_whole() {
    let slots: Value = serde_json::from_str(FIVE_SLOTS).unwrap();
    let text = json!({
        "appointmentID": "apt-1", "type": "Site", "schedule": slots["timeslots"][0],
        "address": { "street1": "48 boulevard des Batignolles", "zipCode": "75017", "city": "Paris", "countryCode": "FR" },
        "createdAt": "2021-08-01T09:01:00Z", "lastUpdated": "2021-08-01T09:01:00Z",
        "customer": { "firstName": "Jean", "lastName": "Dupont", "userInfo": {}, "adress": {
            "street1": "48 boulevard des Batignolles", "zipCode": "75017", "city": "Paris", "countryCode": "FR" } },
        "id": "apt-1", "status": "booked", "caseNumber": "C-1", "expert": { "id": "exp-1", "displayName": "Expert 017" }
    });
    same_both_ways::<partner::BookingAnswer>(&text.to_string());
}
