//! Partner API: who may be sent at all, and that a booking is held to it as the search was.

use constat_testkit::expert;
use serde_json::{Value, json};

use crate::partner_support::{Partner, booking, on_site};

/// The insurer of [`on_site`].
const INSURER: &str = "02000402";

fn offers(found: &Value) -> usize {
    found["timeslots"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn a_language_is_asked_for_by_its_tag() {
    let mut speaks_french = expert(1);
    speaks_french.skills.languages = Some(vec!["fr".to_owned()]);
    let mut speaks_both = expert(2);
    speaks_both.skills.languages = Some(vec!["fr".to_owned(), "en".to_owned()]);
    let partner = Partner::with(vec![speaks_french, speaks_both]).await;
    let mut request = on_site();
    for (tag, found) in [("fr-FR", true), ("EN-gb", true), ("es", false)] {
        request["language"] = tag.into();
        let answer = partner.search(&request).await;
        assert_eq!(offers(&answer) > 0, found, "{tag}: {answer}");
        if !found {
            assert_eq!(answer["reasons"], json!([{ "code": "language", "count": 2 }]));
        }
    }
    for bad in ["", "f", "french", "fr_FR", "fr-", "12"] {
        request["language"] = bad.into();
        assert_eq!(partner.post("/intervention", &request).await.fields(), ["language"], "{bad}");
    }
    // Moving an appointment asks for the same language without being told.
    request["language"] = "en".into();
    let booked = partner.booked(&request, "EN").await;
    assert_eq!(booked["expert"]["displayName"], "Expert 002");
    let mut moving = on_site();
    moving["appointmentId"] = booked["appointmentID"].clone();
    let found = partner.search(&moving).await;
    let change =
        json!({ "timeslot": found["timeslots"][0], "sessionID": found["sessionID"], "reason": "ClientIndisponible" });
    let path = format!("/appointments/{}", booked["appointmentID"].as_str().unwrap());
    partner.put(&format!("{path}/schedule"), &change).await.expect(200);
    assert_eq!(partner.get(&path).await.expect(200)["data"][0]["expert"]["displayName"], "Expert 002");
}

#[tokio::test]
async fn nobody_is_sent_for_an_insurer_or_on_a_file_that_the_firm_excluded() {
    let mut not_for_them = expert(1);
    not_for_them.exclusions.insurers = vec![INSURER.to_owned()];
    let mut not_on_this = expert(2);
    not_on_this.exclusions.cases = vec!["SIN-2026-001".to_owned()];
    let partner = Partner::with(vec![not_for_them, not_on_this]).await;
    assert_eq!(partner.search(&on_site()).await["reasons"], json!([{ "code": "excluded", "count": 2 }]));
    let mut another = on_site();
    another["insurerClaimId"] = "SIN-2026-002".into();
    assert_eq!(partner.booked(&another, "OTHER").await["expert"]["displayName"], "Expert 002");
}

#[tokio::test]
async fn a_tie_to_the_insurer_is_a_conflict_for_drought_and_for_nothing_else() {
    let mut tied = expert(1);
    tied.ties = vec![INSURER.to_owned()];
    let partner = Partner::with(vec![tied]).await;
    assert!(offers(&partner.search(&on_site()).await) > 0);
    let mut drought = on_site();
    drought["claim"]["accident"]["characteristics"] =
        json!({ "nature": "CatastropheNaturelle", "cause": "Secheresse" });
    let found = partner.search(&drought).await;
    assert_eq!((offers(&found), &found["reasons"]), (0, &json!([{ "code": "conflict_of_interest", "count": 1 }])));
    drought["claim"]["company"]["id"] = "00000001".into();
    assert!(offers(&partner.search(&drought).await) > 0);
}

#[tokio::test]
async fn a_slot_that_is_gone_is_not_given_to_somebody_who_may_not_go() {
    let mut excluded = expert(2);
    excluded.exclusions.cases = vec!["SIN-2026-001".to_owned()];
    let mut foreign = expert(3);
    foreign.skills.languages = Some(vec!["es".to_owned()]);
    let mut tied = expert(4);
    tied.ties = vec![INSURER.to_owned()];
    let mut other_loss = expert(5);
    other_loss.skills.loss_natures = Some(vec!["CatastropheNaturelle/Inondation".to_owned()]);
    let partner = Partner::with(vec![expert(1), excluded, foreign, tied, other_loss]).await;
    let mut request = on_site();
    request["language"] = "fr".into();
    request["claim"]["accident"]["characteristics"] =
        json!({ "nature": "CatastropheNaturelle", "cause": "Secheresse" });
    let (first, second) = (partner.search(&request).await, partner.search(&request).await);
    assert_eq!(first["timeslots"][0]["startTime"], second["timeslots"][0]["startTime"]);
    let booked = partner.post("/appointments", &booking(&first, 0, "ONE")).await.expect(201);
    assert_eq!(booked["expert"]["displayName"], "Expert 001");
    partner.post("/appointments", &booking(&second, 0, "TWO")).await.expect(409);
}

#[tokio::test]
async fn the_firm_itself_may_ask_what_a_slots_place_is_made_of() {
    let partner = Partner::with(vec![expert(1), expert(2)]).await;
    let refused = partner.post("/intervention?explain=true", &on_site()).await;
    assert_eq!((refused.status, refused.fields()), (400, vec!["explain".to_owned()]), "a platform's key");
    let plain = partner.search(&on_site()).await;
    assert!(plain.get("explanations").is_none());
    let own = Partner { key: partner.firm.own_key.clone(), ..partner };
    let answer = own.post("/intervention?explain=true", &on_site()).await.expect(200);
    let explanations = answer["explanations"].as_array().unwrap();
    assert_eq!(explanations.len(), answer["timeslots"].as_array().unwrap().len());
    for explanation in explanations {
        assert!(explanation["expert"]["displayName"].as_str().unwrap().starts_with("Expert 00"));
        let points = explanation["points"].as_object().unwrap();
        let total: u64 =
            points.iter().filter(|(name, _)| *name != "total").map(|(_, term)| term.as_u64().unwrap()).sum();
        assert_eq!(points["total"], total, "{points:?}");
    }
}
