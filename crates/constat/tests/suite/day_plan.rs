//! Partner API: the firm's own view of its experts' days, and what it could do better.

use constat_client::wire::partner::{Geometry, ProposalOutcome};
use constat_client::{Options, PartnerClient};
use constat_domain::expert::{Exception, Expert, HourRange, WeeklyHours};
use constat_domain::geo::Position;
use constat_testkit::{PARIS, expert};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::partner_support::{Got, Partner, by_video, on_site, send};

const VERSAILLES: Position = Position { lat: 48.8014, lon: 2.1301 };
const MEAUX: Position = Position { lat: 48.9603, lon: 2.8883 };
const SAINT_DENIS: Position = Position { lat: -20.8789, lon: 55.4481 };

fn request(partner: &Partner, method: Method, path: &str) -> reqwest::RequestBuilder {
    let url = format!("{}/claims/api/v1{path}", partner.server.url);
    partner.server.http.request(method, url).header("pid", &partner.firm.own_key)
}

async fn get(partner: &Partner, path: &str) -> Got {
    send(request(partner, Method::GET, path)).await
}

async fn post(partner: &Partner, path: &str, body: &Value) -> Got {
    send(request(partner, Method::POST, path).json(body)).await
}

fn client(partner: &Partner) -> PartnerClient {
    let base = format!("{}{}", partner.server.url, PartnerClient::BASE_PATH);
    PartnerClient::new(&base, &partner.firm.own_key, Options::default()).unwrap()
}

/// A request for exactly this time, perhaps somewhere else.
fn at(mut request: Value, from: &str, to: &str, place: Option<(Position, &str, &str)>) -> Value {
    request["dateFrom"] = from.into();
    request["dateTo"] = to.into();
    if let Some((position, zip, city)) = place {
        request["appointmentLocation"] = json!({
            "address": { "street1": "1 place du Marché", "zipCode": zip, "city": city, "countryCode": "FR" },
            "position": { "lat": position.lat, "long": position.lon },
        });
    }
    request
}

/// Searches, and books the first slot at the place that was asked for.
async fn booked(partner: &Partner, request: &Value, case_number: &str) -> Value {
    let mut body = partner.first_booking(request, case_number).await;
    body["location"] = json!({ "address": request["appointmentLocation"]["address"] });
    partner.post("/appointments", &body).await.expect(201)
}

fn based(number: u16, base: Position) -> Expert {
    Expert { base, ..expert(number) }
}

fn hours(texts: &[&str]) -> Vec<HourRange> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[tokio::test]
async fn a_day_tells_visits_drives_and_how_much_each_may_slip() {
    let partner = Partner::with(vec![expert(1)]).await;
    let first = at(on_site(), "2026-11-24T10:00:00+01:00", "2026-11-24T11:00:00+01:00", None);
    let call = at(by_video(), "2026-11-24T11:30:00+01:00", "2026-11-24T12:00:00+01:00", None);
    let place = Some((VERSAILLES, "78000", "Versailles"));
    let mut window = at(on_site(), "2026-11-24T14:00:00+01:00", "2026-11-24T18:00:00+01:00", place);
    window["desiredGranularity"] = "halfday".into();
    let mut ids = Vec::new();
    for (request, case) in [(window, "THREE"), (call, "TWO"), (first, "ONE")] {
        ids.insert(0, booked(&partner, &request, case).await["appointmentID"].clone());
    }
    let client = client(&partner);
    let experts = client.list_experts().await.unwrap();
    assert_eq!((experts[0].reference.as_str(), experts[0].active, experts.len()), ("Expert 001", true, 1));

    let day = client.read_expert_day(&experts[0].id, "2026-11-24").await.unwrap();
    assert_eq!((day.drivable, day.warnings.len(), day.zone.as_str()), (true, 0, "Europe/Paris"));
    assert_eq!(day.working_hours[0].start.local, "2026-11-24T09:00:00");
    assert_eq!(day.working_hours[0].start.at.to_string(), "2026-11-24T08:00:00Z");
    let order: Vec<Value> = day.visits.iter().map(|visit| visit.appointment_id.as_str().into()).collect();
    assert_eq!(order, ids);
    let cases: Vec<&str> = day.visits.iter().map(|visit| visit.case_number.as_str()).collect();
    assert_eq!(cases, ["ONE", "TWO", "THREE"]);
    let [one, call, window] = day.visits.as_slice() else { panic!("{day:?}") };
    assert_eq!((one.start.local.as_str(), one.end.local.as_str()), ("2026-11-24T10:00:00", "2026-11-24T11:00:00"));
    assert_eq!(one.latest_arrival, one.start, "an exact time is kept");
    assert_eq!((call.address.is_none(), call.position), (true, None));
    assert_eq!(window.promised.end_time.0.duration_since(window.promised.start_time.0), SignedDuration::from_hours(2));
    assert_eq!(window.earliest_arrival.at, window.promised.start_time);
    assert_eq!(window.latest_arrival.at.0, window.promised.end_time.0 - SignedDuration::from_mins(60));
    assert!(window.slack_minutes.unwrap() >= 60, "{window:?}");

    // Three drives: the call at noon breaks none.
    let drives: Vec<(&str, &str)> = day.legs.iter().map(|leg| (leg.from.as_str(), leg.to.as_str())).collect();
    let (one_id, window_id) = (one.appointment_id.as_str(), window.appointment_id.as_str());
    assert_eq!(drives, [("base", one_id), (one_id, window_id), (window_id, "base")]);
    assert!(day.legs[0].arrival.at <= one.start.at);
    let to_versailles = &day.legs[1];
    assert!(to_versailles.departure.at >= one.end.at && to_versailles.arrival.at <= window.start.at);
    assert!(
        to_versailles.arrival.at <= call.start.at || to_versailles.departure.at >= call.end.at,
        "one drives in one piece"
    );
    assert!(to_versailles.departure.at <= to_versailles.leave_by.as_ref().unwrap().at);
    let minutes: i64 = day.legs.iter().map(|leg| leg.minutes).sum();
    assert!((minutes - day.driving_minutes).abs() <= 1 && (80..120).contains(&minutes), "{:?}", day.legs);

    // The same on a map, asked for either way.
    let map = client.map_expert_day(&experts[0].id, "2026-11-24").await.unwrap();
    let points = map.features.iter().filter(|feature| matches!(feature.geometry, Some(Geometry::Point(_)))).count();
    let lines = map.features.iter().filter(|feature| matches!(feature.geometry, Some(Geometry::LineString(_)))).count();
    let nowhere = map.features.iter().filter(|feature| feature.geometry.is_none()).count();
    assert_eq!((points, lines, nowhere), (3, 3, 1));
    assert_eq!(map.features[0].geometry, Some(Geometry::Point([PARIS.lon, PARIS.lat])));
    let path = format!("/experts/{}/day/2026-11-24", experts[0].id);
    let accepting = |media: &'static str| request(&partner, Method::GET, &path).header("accept", media);
    for (media, given) in [
        ("application/geo+json", "application/geo+json"),
        ("application/json, application/geo+json", "application/json"),
        ("text/html, application/geo+json;q=0.9, */*;q=0.1", "application/geo+json"),
        ("*/*", "application/json"),
    ] {
        let got = send(accepting(media)).await;
        assert_eq!((got.status, got.headers["content-type"].to_str().unwrap()), (200, given), "{media}");
    }
    assert_eq!(send(accepting("application/geo+json")).await.json(), serde_json::to_value(&map).unwrap());

    // The team's day is everybody's.
    let team = client.read_team_day(&[], "2026-11-24").await.unwrap();
    assert_eq!(team, [day]);
    assert_eq!(client.read_team_day(&[], "2026-11-25").await.unwrap(), []);
    let named = client.read_team_day(std::slice::from_ref(&experts[0].id), "2026-11-25").await.unwrap();
    assert_eq!((named.len(), named[0].visits.len(), named[0].drivable), (1, 0, true));
}

#[tokio::test]
async fn days_are_for_the_firm_alone() {
    let partner = Partner::with(vec![expert(1)]).await;
    let other = partner.server.firm_with_experts("Autre cabinet", vec![expert(2)]).await;
    let own = partner.firm.experts[0];
    let paths = ["/experts".to_owned(), format!("/experts/{own}/day/2026-11-24"), "/day/2026-11-24".to_owned()];
    for path in &paths {
        assert_eq!(partner.get(path).await.expect(403)["value"], 8, "{path}");
    }
    let proposals = [format!("/experts/{own}/day/2026-11-24/proposal"), "/day/2026-11-24/proposal".to_owned()];
    for path in &proposals {
        assert_eq!(partner.post(path, &json!({ "experts": [own] })).await.expect(403)["value"], 8, "{path}");
    }
    let theirs = other.experts[0];
    for id in [theirs.to_string(), "exp_nobody".to_owned(), "%20".to_owned()] {
        assert_eq!(get(&partner, &format!("/experts/{id}/day/2026-11-24")).await.expect(404)["value"], 7);
        let path = format!("/experts/{id}/day/2026-11-24/proposal");
        assert_eq!(post(&partner, &path, &json!({})).await.expect(404)["value"], 7);
    }
    let got = get(&partner, &format!("/day/2026-11-24?experts={own},{theirs}")).await;
    assert_eq!((got.status, got.fields()), (400, vec!["experts".to_owned()]), "{}", got.text);
    let got = post(&partner, "/day/2026-11-24/proposal", &json!({ "experts": [own, theirs] })).await;
    assert_eq!((got.status, got.fields()), (400, vec!["experts[1]".to_owned()]));
}

#[tokio::test]
async fn what_is_malformed_is_named() {
    let partner = Partner::with(vec![expert(1)]).await;
    let own = partner.firm.experts[0];
    for date in ["2026-11-31", "tomorrow", "24-11-2026", "2026-11-24T10:00:00Z", "9999-12-31", "-000001-01-01", "%00"] {
        for path in [format!("/experts/{own}/day/{date}"), format!("/day/{date}")] {
            let got = get(&partner, &path).await;
            assert_eq!((got.status, got.fields()), (400, vec!["date".to_owned()]), "{path}");
            let got = post(&partner, &format!("{path}/proposal"), &json!({ "experts": [own] })).await;
            assert_eq!((got.status, got.fields()), (400, vec!["date".to_owned()]), "{path}");
        }
    }
    for (path, field) in [
        (format!("/experts/{own}/day/2026-11-24?format=pdf"), "format"),
        ("/day/2026-11-24?format=".to_owned(), "format"),
        ("/day/2026-11-24?experts=me".to_owned(), "experts"),
        (format!("/day/2026-11-24?experts={own},"), "experts"),
    ] {
        let got = get(&partner, &path).await;
        assert_eq!((got.status, got.fields()), (400, vec![field.to_owned()]), "{path}");
    }
    let eleven: Vec<String> = std::iter::repeat_n(own.to_string(), 11).collect();
    for (body, field) in [
        (json!({}), "experts"),
        (json!({ "experts": [] }), "experts"),
        (json!({ "experts": eleven }), "experts"),
        (json!({ "experts": "all" }), "experts"),
        (json!({ "experts": [own, "me"] }), "experts[1]"),
        (json!({ "experts": [own, own] }), "experts[1]"),
    ] {
        let got = post(&partner, "/day/2026-11-24/proposal", &body).await;
        assert_eq!((got.status, got.fields()), (400, vec![field.to_owned()]), "{body} {}", got.text);
    }
}

#[tokio::test]
async fn an_empty_day_is_a_day() {
    let partner = Partner::with(vec![expert(1)]).await;
    let own = partner.firm.experts[0];
    for date in ["2026-11-24", "2026-11-29", "1900-01-01", "2199-12-31"] {
        let day = get(&partner, &format!("/experts/{own}/day/{date}")).await.expect(200);
        let day = &day["data"];
        assert_eq!((&day["visits"], &day["legs"], &day["drivable"]), (&json!([]), &json!([]), &json!(true)), "{date}");
        let proposal = post(&partner, &format!("/experts/{own}/day/{date}/proposal"), &json!({})).await.expect(200);
        assert_eq!(
            (&proposal["data"]["outcome"], &proposal["data"]["minutesSaved"]),
            (&json!("nothing_to_save"), &json!(0))
        );
    }
}

#[tokio::test]
async fn absences_and_changed_hours_are_warned_of() {
    let partner = Partner::with(vec![expert(1)]).await;
    let own = partner.firm.experts[0];
    booked(&partner, &at(on_site(), "2026-11-24T10:00:00+01:00", "2026-11-24T11:00:00+01:00", None), "ONE").await;
    booked(&partner, &at(on_site(), "2026-11-24T16:00:00+01:00", "2026-11-24T17:00:00+01:00", None), "TWO").await;
    let instant = |text: &str| text.parse().unwrap();
    let away = (instant("2026-11-24T15:00:00+01:00"), instant("2026-11-25T12:00:00+01:00"));
    partner.server.put_absence(partner.firm.tenant, own, away.0, away.1).await;
    let client = client(&partner);
    let day = client.read_expert_day(&own.to_string(), "2026-11-24").await.unwrap();
    assert_eq!(day.working_hours[1].end.local, "2026-11-24T15:00:00");
    assert_eq!(
        (day.absences[0].start.local.as_str(), day.absences[0].end.local.as_str()),
        ("2026-11-24T15:00:00", "2026-11-25T00:00:00")
    );
    let warnings = |day: &constat_client::wire::partner::DayPlan| -> Vec<(String, Option<String>)> {
        day.warnings.iter().map(|warning| (warning.code.clone(), warning.appointment_id.clone())).collect()
    };
    assert_eq!(warnings(&day), [("absent".to_owned(), Some(day.visits[1].appointment_id.clone()))]);
    assert!(!day.drivable);

    // An import changes the hours of the day: the promises stay, and stand out.
    let mut late_riser = expert(1);
    let date = "2026-11-24".parse().unwrap();
    late_riser.exceptions.push(Exception { from: date, to: date, hours: hours(&["13:00-15:00"]) });
    partner.server.put_experts(partner.firm.tenant, vec![late_riser]).await;
    let day = client.read_expert_day(&own.to_string(), "2026-11-24").await.unwrap();
    let codes: Vec<String> = warnings(&day).into_iter().map(|(code, _)| code).collect();
    assert!(codes.contains(&"outside_hours".to_owned()) && codes.contains(&"absent".to_owned()), "{codes:?}");
    assert_eq!(day.visits[0].start.local, "2026-11-24T10:00:00");
    // Nobody else could take them: nothing is proposed, and the day cannot be driven.
    let proposal = client.propose_expert_day(&own.to_string(), "2026-11-24").await.unwrap();
    assert_eq!((proposal.outcome, proposal.changes.len()), (ProposalOutcome::NotDrivable, 0));
    assert_eq!(proposal.days, [day]);
}

#[tokio::test]
async fn the_sunday_when_the_clocks_change_and_an_island_are_told_in_their_own_time() {
    let week = WeeklyHours::every_day(&hours(&["00:00-12:00", "14:00-18:00"]));
    let mut islander = based(2, SAINT_DENIS);
    islander.zone = "Indian/Reunion".to_owned();
    let partner = Partner::with(vec![Expert { week, ..expert(1) }, islander]).await;
    // To Monday 22 March 2027, 08:00 in Paris.
    partner.server.clock.advance(SignedDuration::from_hours(17 * 7 * 24));
    let mut sunday = at(on_site(), "2027-03-28T09:00:00+02:00", "2027-03-28T10:00:00+02:00", None);
    sunday["claim"]["date"] = "2027-03-20T10:00:00+01:00".into();
    booked(&partner, &sunday, "SUNDAY").await;
    let client = client(&partner);
    let [home, island] = [0, 1].map(|number| partner.firm.experts[number].to_string());
    let day = client.read_expert_day(&home, "2027-03-28").await.unwrap();
    // Midnight is still winter time, noon is summer time: eleven hours.
    let morning = &day.working_hours[0];
    assert_eq!(
        (morning.start.at.to_string(), morning.end.at.to_string()),
        ("2027-03-27T23:00:00Z".to_owned(), "2027-03-28T10:00:00Z".to_owned())
    );
    assert_eq!(
        (morning.start.local.as_str(), morning.end.local.as_str()),
        ("2027-03-28T00:00:00", "2027-03-28T12:00:00")
    );
    assert_eq!((day.visits[0].start.local.as_str(), day.drivable), ("2027-03-28T09:00:00", true));
    assert_eq!(day.visits[0].start.at.to_string(), "2027-03-28T07:00:00Z");

    let place = Some((Position { lat: -20.90, lon: 55.50 }, "97400", "Saint-Denis"));
    let mut far = at(on_site(), "2027-03-30T09:00:00+04:00", "2027-03-30T10:00:00+04:00", place);
    far["claim"]["date"] = "2027-03-20T10:00:00+01:00".into();
    booked(&partner, &far, "ISLAND").await;
    let day = client.read_expert_day(&island, "2027-03-30").await.unwrap();
    assert_eq!((day.zone.as_str(), day.drivable), ("Indian/Reunion", true));
    assert_eq!(day.working_hours[0].start.at.to_string(), "2027-03-30T05:00:00Z");
    assert_eq!((day.visits[0].start.local.as_str(), day.legs.len()), ("2027-03-30T09:00:00", 2));
    let team = client.read_team_day(&[], "2027-03-30").await.unwrap();
    assert_eq!(team.len(), 1, "nobody else has an appointment");
}

#[tokio::test]
async fn a_team_that_drives_past_each_other_is_told_so_and_nothing_is_changed() {
    let partner = Partner::with(vec![based(1, VERSAILLES)]).await;
    let nine = |place| at(on_site(), "2026-11-24T10:00:00+01:00", "2026-11-24T11:00:00+01:00", Some(place));
    // Only the first is there when the visit in the east is booked; then the first is taken.
    let east = booked(&partner, &nine((MEAUX, "77100", "Meaux")), "EAST").await;
    partner.server.put_experts(partner.firm.tenant, vec![based(2, MEAUX)]).await;
    let west = booked(&partner, &nine((VERSAILLES, "78000", "Versailles")), "WEST").await;
    assert_eq!(
        (&east["expert"]["displayName"], &west["expert"]["displayName"]),
        (&json!("Expert 001"), &json!("Expert 002"))
    );
    let client = client(&partner);
    let ids: Vec<String> = client.list_experts().await.unwrap().into_iter().map(|known| known.id).collect();
    let before = get(&partner, "/appointments").await.text;

    let proposal = client.propose_team_day(ids.clone(), "2026-11-24").await.unwrap();
    assert_eq!(proposal.outcome, ProposalOutcome::Improved);
    assert_eq!((proposal.minutes_after, proposal.minutes_saved), (0, proposal.minutes_before));
    assert!(proposal.minutes_saved > 200, "{proposal:?}");
    assert_eq!(proposal.changes.len(), 2);
    for change in &proposal.changes {
        assert_ne!(change.from_expert.id, change.to_expert.id);
        assert_eq!(change.start_before, change.start_after, "what was promised is the time");
    }
    assert!(proposal.days.iter().all(|day| day.drivable && day.visits.len() == 1));
    assert_eq!(get(&partner, "/appointments").await.text, before);
    // The same question has the same answer.
    assert_eq!(client.propose_team_day(ids.clone(), "2026-11-24").await.unwrap(), proposal);

    // Alone, nobody has anything to gain; nor has the team once one of them may not go there.
    let alone = client.propose_expert_day(&ids[0], "2026-11-24").await.unwrap();
    assert_eq!((alone.outcome, alone.minutes_saved), (ProposalOutcome::NothingToSave, 0));
    let mut picky = based(2, MEAUX);
    picky.exclusions.cases = vec!["SIN-2026-001".to_owned()];
    let mut busy = based(1, VERSAILLES);
    busy.daily_cap = Some(1);
    partner.server.put_experts(partner.firm.tenant, vec![busy, picky]).await;
    let proposal = client.propose_team_day(ids.clone(), "2026-11-24").await.unwrap();
    assert_eq!(
        (proposal.outcome, proposal.changes.len(), proposal.minutes_saved),
        (ProposalOutcome::NothingToSave, 0, 0)
    );

    // A visit that has begun stays with whoever is there.
    partner.server.put_experts(partner.firm.tenant, vec![based(1, VERSAILLES), based(2, MEAUX)]).await;
    partner.server.clock.advance(SignedDuration::from_hours(26));
    let proposal = client.propose_team_day(ids, "2026-11-24").await.unwrap();
    assert_eq!(proposal.outcome, ProposalOutcome::NothingToSave);
}

#[tokio::test]
async fn a_day_of_too_many_visits_is_refused_by_name() {
    let week = WeeklyHours::every_day(&hours(&["00:00-24:00"]));
    let mut partner = Partner::with(vec![Expert { week, ..expert(1) }]).await;
    let own = partner.firm.experts[0];
    partner.server.configure(|settings| settings.availability.remote_hours = "00:00-24:00".parse().unwrap()).await;
    let midnight: jiff::Timestamp = "2026-11-24T00:00:00+01:00".parse().unwrap();
    for number in 0..16 {
        let start = midnight + SignedDuration::from_mins(60 * number);
        let call = at(by_video(), &start.to_string(), &(start + SignedDuration::from_mins(30)).to_string(), None);
        booked(&partner, &call, &format!("CALL-{number}")).await;
        if number == 14 {
            post(&partner, &format!("/experts/{own}/day/2026-11-24/proposal"), &json!({})).await.expect(200);
        }
    }
    let day = get(&partner, &format!("/experts/{own}/day/2026-11-24")).await.expect(200);
    assert_eq!((day["data"]["visits"].as_array().unwrap().len(), &day["data"]["drivable"]), (16, &json!(true)));
    let got = post(&partner, &format!("/experts/{own}/day/2026-11-24/proposal"), &json!({})).await;
    assert_eq!((got.status, got.fields()), (400, vec!["id".to_owned()]));
    let got = post(&partner, "/day/2026-11-24/proposal", &json!({ "experts": [own] })).await;
    assert_eq!((got.status, got.fields()), (400, vec!["experts[0]".to_owned()]));
}
