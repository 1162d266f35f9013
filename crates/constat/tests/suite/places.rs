//! Visits at towns as people write them: the commune that is meant is found, or the caller is asked;
//! the answer says how well the position is known.

use constat_domain::gazetteer::Gazetteer;
use constat_domain::geo::Position;
use constat_domain::service::ServiceKind;
use constat_store::queries::appointments;
use constat_testkit::expert;
use serde_json::{Value, json};

use crate::partner_support::{Got, Partner, by_video, on_site};
use crate::platform_support::{World, photo, read, refused, search, water_damage};

fn at(zip: &str, city: &str) -> Value {
    let mut request = on_site();
    request["appointmentLocation"]["address"]["zipCode"] = zip.into();
    request["appointmentLocation"]["address"]["city"] = city.into();
    request
}

async fn searched(partner: &Partner, zip: &str, city: &str) -> Got {
    partner.post("/intervention", &at(zip, city)).await
}

/// Kilometres from the commune with this INSEE code.
fn km_from(insee: &str, location: &Value) -> f64 {
    let lat = location["position"]["lat"].as_f64().unwrap();
    let long = location["position"]["long"].as_f64().unwrap();
    let commune = Gazetteer::embedded().by_insee(insee).unwrap();
    commune.position.distance_m(Position::new(lat, long).unwrap()) / 1_000.0
}

#[tokio::test]
async fn a_misspelt_or_abbreviated_town_is_searched_where_it_is_meant() {
    let partner = Partner::with(vec![expert(1)]).await;
    for (zip, city, insee) in [
        ("41400", "ST GEORGES S/ CHER", "41211"),
        ("41400", "Saint Georges-sur-Chre", "41211"),
        ("94120", "FONTENAY S/S BOIS", "94033"),
        ("94240", "L HAY LES ROSES", "94038"),
        ("51290", "ST REMY EN BOUZEMONT ST GENEST E", "51513"),
        ("75017", "PARIS 17EME", "75117"),
        ("50100", "Cherbourg Octeville", "50129"),
    ] {
        let answer = searched(&partner, zip, city).await.expect(200);
        let location = &answer["location"];
        let name = Gazetteer::embedded().by_insee(insee).unwrap().name;
        assert_eq!((&location["commune"], &location["precision"]), (&json!(name), &json!("commune")), "{zip} {city}");
        assert!(km_from(insee, location) < 5.0, "{zip} {city}: {location}");
    }
    // What is booked lies there too.
    let request = at("94120", "FONTENAY S/S BOIS");
    let mut body = partner.first_booking(&request, "ONE").await;
    body["location"] = request["appointmentLocation"].clone();
    let booked = partner.post("/appointments", &body).await.expect(201);
    let id = booked["appointmentID"].as_str().unwrap().parse().unwrap();
    let tenant = partner.firm.tenant;
    let known =
        partner.server.services.core.store.read(|connection| appointments::of_tenant_by_id(connection, &tenant, id));
    let fontenay = Gazetteer::embedded().by_insee("94033").unwrap();
    assert_eq!(known.unwrap().unwrap().place.position, Some(fontenay.position));
}

#[tokio::test]
async fn a_town_that_may_be_several_is_refused_with_the_communes_of_the_postcode() {
    let partner = Partner::with(vec![expert(1)]).await;
    for (zip, city, named) in [
        ("41400", "Nulle Part", &["Saint-Georges-sur-Cher", "Pontlevoy", "Montrichard Val de Cher"][..]),
        // The next town, and a town far away: the postcode or the town is wrong.
        ("41400", "AMBOISE", &["Saint-Georges-sur-Cher"]),
        ("75017", "LYON", &["Paris 17e Arrondissement"]),
        ("75017", "PARIS 16", &["Paris 17e Arrondissement"]),
    ] {
        let got = searched(&partner, zip, city).await;
        got.expect(400);
        assert_eq!(got.fields(), ["appointmentLocation.address.city"], "{zip} {city}");
        for commune in named {
            assert!(got.text.contains(commune), "{zip} {city}: {}", got.text);
        }
        assert!(got.text.len() < 1_500, "the list is bounded");
        // With a position nothing is asked, and a remote appointment needs none.
        let mut placed = at(zip, city);
        placed["appointmentLocation"]["position"] = json!({ "lat": 47.33, "long": 1.13 });
        let answer = partner.search(&placed).await;
        assert_eq!(answer["location"]["precision"], "address", "{zip} {city}");
    }
    let mut remote = by_video();
    remote["appointmentLocation"] = at("41400", "Nulle Part")["appointmentLocation"].clone();
    assert!(partner.search(&remote).await.get("location").is_none());
    let unknown = searched(&partner, "00000", "Lyon").await;
    assert_eq!((unknown.status, unknown.fields()), (400, vec!["appointmentLocation.address.zipCode".to_owned()]));
}

#[tokio::test]
async fn a_postcode_without_a_town_is_searched_at_its_middle() {
    let partner = Partner::with(vec![expert(1)]).await;
    for city in ["-", "41400", "CEDEX"] {
        let answer = searched(&partner, "41400", city).await.expect(200);
        let location = &answer["location"];
        assert_eq!(location["precision"], "postcode", "{city}");
        assert!(location.get("commune").is_none(), "{city}: {location}");
        assert!(km_from("41211", location) < 20.0);
    }
}

#[tokio::test]
async fn cedex_addresses_are_searched_in_their_commune_or_departement() {
    let partner = Partner::with(vec![expert(1)]).await;
    for (zip, city, commune, precision) in [
        ("97744", "SAINT DENIS CEDEX 9", json!("Saint-Denis"), "commune"),
        ("20700", "AJACCIO CEDEX 9", json!("Ajaccio"), "commune"),
        ("75850", "PARIS 17 CEDEX", json!("Paris 17e Arrondissement"), "commune"),
        ("92908", "PARIS LA DEFENSE CEDEX", json!("Puteaux"), "postcode"),
        ("95715", "ROISSY CH DE GAULLE CEDEX", json!("Roissy-en-France"), "postcode"),
        ("69431", "LYON CEDEX 03", json!("Lyon 3e Arrondissement"), "commune"),
        ("97852", "ST PIERRE CEDEX", json!("Saint-Pierre"), "commune"),
        ("33999", "CENTRE DE TRI CEDEX", Value::Null, "department"),
    ] {
        let answer = searched(&partner, zip, city).await.expect(200);
        let location = &answer["location"];
        assert_eq!((&location["commune"], &location["precision"]), (&commune, &json!(precision)), "{zip} {city}");
    }
}

#[tokio::test]
async fn a_claims_search_tells_its_place_or_names_the_communes() {
    let world = World::with(vec![expert(1)], &[ServiceKind::OnSite]).await;
    let submitted = async |zip: &str, city: &str| {
        let mut declaration = water_damage();
        declaration.location.zipcode = zip.to_owned();
        declaration.location.city = city.to_owned();
        let address = &at(zip, city)["appointmentLocation"]["address"];
        declaration.risk = Some(read(json!({ "type": { "name": "MaisonParticuliere" }, "address": address })));
        let claim = world.claims.create_claim(&declaration).await.unwrap();
        let png = constat_testkit::fixtures::png();
        world.claims.upload_file(&claim.id, &photo(), "degats.png", png, false).await.unwrap();
        world.claims.submit_claim(&claim.id).await.unwrap();
        claim.id
    };
    let found = submitted("41400", "ST GEORGES S/ CHER").await;
    let found = world.claims.search_appointments(&found, &search("ESS")).await.unwrap();
    let location = serde_json::to_value(found.location.unwrap()).unwrap();
    assert_eq!((&location["commune"], &location["precision"]), (&json!("Saint-Georges-sur-Cher"), &json!("commune")));

    let unclear = submitted("41400", "Nulle Part").await;
    let asked = refused(world.claims.search_appointments(&unclear, &search("ESS")).await);
    assert_eq!((asked.status, asked.code), (400, 1000));
    assert_eq!(asked.fields[0].field, "location.address.city");
    assert!(asked.fields[0].message.contains("Saint-Georges-sur-Cher"), "{asked:?}");
    // The caller chooses: a place in the search replaces the claim's.
    let mut chosen = search("ESS");
    chosen.location = Some(read(at("41400", "Pontlevoy")["appointmentLocation"].clone()));
    let found = world.claims.search_appointments(&unclear, &chosen).await.unwrap();
    assert_eq!(found.location.unwrap().commune.as_deref(), Some("Pontlevoy"));
}
