//! `GET /metrics`: what an operator watches.

use constat_testkit::expert;

use crate::partner_support::{Partner, booking, by_video};

#[tokio::test]
async fn requests_searches_and_bookings_are_counted_without_a_word_on_anybody() {
    let partner = Partner::with(vec![expert(1)]).await;
    let made = partner.booked(&by_video(), "CASE-NUMBER").await;
    let id = made["id"].as_str().unwrap();
    for _ in 0..3 {
        partner.get(&format!("/appointments/{id}")).await.expect(200);
    }
    assert_eq!(partner.get("/appointments/apt_unknown").await.status, 404);
    assert_eq!(partner.get("/nothing/here").await.status, 404);
    let found = partner.search(&by_video()).await;
    partner.post("/appointments", &booking(&found, 0, "TWO")).await.expect(201);
    // The session is spent: another case of it comes too late.
    partner.post("/appointments", &booking(&found, 1, "THREE")).await.expect(409);
    // A repeat is answered, and books nothing.
    partner.post("/appointments", &booking(&found, 0, "TWO")).await.expect(201);

    let server = &partner.server;
    for (name, value) in [
        ("constat_searches_total", 2),
        ("constat_searches_without_offers_total", 0),
        ("constat_bookings_total", 2),
        ("constat_booking_conflicts_total", 1),
        ("constat_calendar_loads_total", 1),
    ] {
        assert_eq!(server.metric(name).await, value, "{name}");
    }
    let requests = |route: &str, method: &str, status: u16| {
        let labels = format!("route=\"{route}\",method=\"{method}\",status=\"{status}\"");
        async move { server.metric(&format!("constat_http_request_duration_seconds_count{{{labels}}}")).await }
    };
    let base = "/claims/api/v1";
    assert_eq!(requests(&format!("{base}/appointments/{{id}}"), "GET", 200).await, 3);
    assert_eq!(requests(&format!("{base}/appointments/{{id}}"), "GET", 404).await, 1);
    assert_eq!(requests(&format!("{base}/appointments"), "POST", 201).await, 3);
    assert_eq!(requests(&format!("{base}/intervention"), "POST", 200).await, 2);

    let answer = server.http.get(format!("{}/metrics", server.metrics_url)).send().await.unwrap();
    let media = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(media.starts_with("application/openmetrics-text"), "{media}");
    let text = answer.text().await.unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(!text.contains("routing"), "there is no routing server to tell of");
    for secret in [id, "CASE-NUMBER", "apt_", "exp_", "nothing", partner.key.as_str()] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    // A client of the contracts cannot read it there.
    assert_eq!(server.http.get(format!("{}/metrics", server.url)).send().await.unwrap().status(), 404);
}
