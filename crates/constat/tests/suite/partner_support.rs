//! What the tests of the partner API share: a platform with a firm's key, and plain requests.

use constat_domain::expert::Expert;
use constat_domain::ids::OrgId;
use constat_domain::tenancy::OrganisationKind;
use constat_testkit::{Firm, Server};
use reqwest::Method;
use serde_json::{Value, json};

/// A firm, and a platform that may book with it.
pub struct Partner {
    pub server: Server,
    pub firm: Firm,
    pub platform: OrgId,
    pub key: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Got {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {} {}", self.status, self.text))
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// The fields that an error names.
    pub fn fields(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }
}

impl Partner {
    pub async fn with(experts: Vec<Expert>) -> Self {
        let server = Server::start().await;
        let firm = server.firm_with_experts("Cabinet d'expertise", experts).await;
        let platform = server.organisation(OrganisationKind::Platform, "Plateforme").await;
        let key = server.partner_key(&firm, platform).await;
        Self { server, firm, platform, key }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.server.http.request(method, format!("{}/claims/api/v1{path}", self.server.url)).header("pid", &self.key)
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Got {
        send(request).await
    }

    pub async fn get(&self, path: &str) -> Got {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Got {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Got {
        send(self.request(Method::PUT, path).json(body)).await
    }

    /// Searches, and gives the answer.
    pub async fn search(&self, request: &Value) -> Value {
        self.post("/intervention", request).await.expect(200)
    }

    /// Searches, and gives the body that books the first slot.
    pub async fn first_booking(&self, request: &Value, case_number: &str) -> Value {
        booking(&self.search(request).await, 0, case_number)
    }

    /// Searches and books the first slot; gives the appointment.
    pub async fn booked(&self, request: &Value, case_number: &str) -> Value {
        let body = self.first_booking(request, case_number).await;
        self.post("/appointments", &body).await.expect(201)
    }
}

pub async fn send(request: reqwest::RequestBuilder) -> Got {
    let answer = request.send().await.unwrap();
    Got { status: answer.status().as_u16(), headers: answer.headers().clone(), text: answer.text().await.unwrap() }
}

/// The place of the contract's own example.
pub fn batignolles() -> Value {
    json!({
        "address": {
            "street1": "48 boulevard des Batignolles", "zipCode": "75017", "city": "Paris", "countryCode": "FR"
        }
    })
}

/// Water damage in Paris, on site, from Tuesday 24 November 2026.
pub fn on_site() -> Value {
    json!({
        "type": { "name": "ESS" },
        "dateFrom": "2026-11-24T00:00:00+01:00",
        "dateTo": "2026-12-04T00:00:00+01:00",
        "limit": 10,
        "customerType": "individual",
        "insurerClaimId": "SIN-2026-001",
        "riskType": { "name": "Appartement" },
        "appointmentLocation": batignolles(),
        "claim": {
            "date": "2026-11-20T10:00:00+01:00",
            "guarantee": "DegatsDesEaux",
            "company": { "id": "02000402", "name": "ALLIANZ IARD" },
            "claimId": "0199a1b2-0000-7000-8000-000000000001",
            "accident": {
                "date": "2026-11-19T08:00:00+01:00",
                "characteristics": { "nature": "DegatsDesEaux" }
            },
            "valuation": { "totalCost": { "value": 1200.50, "currency": "EUR" } }
        }
    })
}

/// All times of a search's first day: also those that are offered last because others were offered them.
pub fn all_of_first_day(mut request: Value) -> Value {
    request["dateTo"] = "2026-11-25T00:00:00+01:00".into();
    request["limit"] = 30.into();
    request
}

/// Where the offer that begins at `start` stands in a search's answer.
pub fn offer_at(found: &Value, start: &Value) -> usize {
    let offers = found["timeslots"].as_array().expect("a list of offers");
    offers.iter().position(|offer| &offer["startTime"] == start).unwrap_or_else(|| panic!("no {start} in {found}"))
}

/// The same by video.
pub fn by_video() -> Value {
    let mut request = on_site();
    request["type"]["name"] = "VISIO".into();
    request
}

/// Repair in kind after water damage.
pub fn repair() -> Value {
    let mut request = on_site();
    request["type"]["name"] = "REN".into();
    request["missionType"] = "RenDirecte".into();
    request
}

/// The body that books a slot of a search's answer.
pub fn booking(found: &Value, slot: usize, case_number: &str) -> Value {
    assert!(found["timeslots"][slot].is_object(), "{found}");
    json!({
        "timeslot": found["timeslots"][slot],
        "sessionID": found["sessionID"],
        "location": batignolles(),
        "caseNumber": case_number,
    })
}
