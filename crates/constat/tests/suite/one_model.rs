//! One claim behind both contracts: what one writes the other reads, without loss.

use constat_domain::tenancy::{Api, Mode};
use constat_testkit::{ClaimsCaller, Got, Server, fixtures};
use serde_json::{Value, json};

/// The dossier contract's example of a claim: risk, damages by room and item, stakes, qualification.
const DOSSIER: &str = include_str!("../../../wire/tests/fixtures/dossier-claim.json");

struct World {
    server: Server,
    platform: ClaimsCaller,
    /// The platform's own key of the dossier contract.
    platform_key: String,
    insurer_key: String,
}

async fn world() -> World {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let org = platform.tenant.org;
    let insurer = server.insurer("ALLIANZ IARD", "02000402").await;
    let platform_key = server.key(Api::Dossier, org, org, Mode::Test).await;
    let insurer_key = server.key(Api::Dossier, org, insurer, Mode::Test).await;
    World { server, platform, platform_key, insurer_key }
}

impl World {
    /// The claim as the dossier contract tells it.
    async fn file(&self, id: &str) -> Value {
        let url = format!("{}/v1/claims/{id}", self.server.url);
        let got = Got::read(self.server.http.get(url).header("ctoken", &self.platform_key).send().await.unwrap()).await;
        assert_eq!(got.status, 200, "{}", got.body);
        got.body
    }

    /// The same in the claims contract.
    async fn dossier(&self, id: &str) -> Value {
        self.platform.get(&format!("/claims/{id}/dossier")).await.data().clone()
    }

    /// Opens a claim as an insurer; gives its UUID.
    async fn prime(&self, body: &Value) -> String {
        let url = format!("{}/v1/claims/prime", self.server.url);
        let request = self.server.http.post(url).header("ctoken", &self.insurer_key).json(body);
        let got = Got::read(request.send().await.unwrap()).await;
        assert_eq!(got.status, 200, "{}", got.body);
        got.body["result"]["claim"]["id"].as_str().expect("an id").to_owned()
    }
}

fn example() -> Value {
    serde_json::from_str(DOSSIER).expect("JSON")
}

/// Everything that the dossier contract tells of a loss, as the claims contract writes it.
fn facets(loss: &Value) -> Value {
    let (example, mut accident) = (example(), example()["accident"].clone());
    // A picture stored elsewhere is shown as an outside link, and may be written as one.
    accident["declaredDamages"]["contentDamages"][0]["pictures"][1] =
        json!({ "outsideLink": "https://claims.example/files/1?sig=abc", "source": "claims.example" });
    json!({
        "loss": loss,
        "risk": example["risk"],
        "valuation": {
            "totalCost": { "value": 2350.5, "currency": "EUR" },
            "furnitureDamagesCost": { "value": 899.9, "currency": "EUR" },
            "buildingDamagesCost": { "value": 1450.6, "currency": "EUR" },
        },
        "declaredDamages": accident["declaredDamages"],
        "conservationMeasures": true,
        "causeRemoval": accident["causeRemoval"],
        "qualification": { "thirdParty": true, "insuredResponsible": false, "remedy": true, "recourse": "Recours", "covenant": "Irsi" },
    })
}

/// Both contracts tell these facets, word for word.
#[track_caller]
fn both_tell(file: &Value, dossier: &Value, facets: &Value) {
    assert_eq!(&dossier["facets"], facets);
    assert_eq!(file["accident"]["characteristics"], facets["loss"]);
    for name in ["declaredDamages", "conservationMeasures", "causeRemoval", "qualification"] {
        assert_eq!(file["accident"][name], facets[name], "{name}");
    }
    for name in ["risk", "valuation"] {
        assert_eq!(file[name], facets[name], "{name}");
    }
    assert_eq!(file["guarantee"], dossier["cover"]["guarantee"]);
    assert_eq!(file["company"], dossier["cover"]["company"]);
    assert_eq!(file["contract"]["number"], dossier["cover"]["contractNumber"]);
    assert_eq!(file["reference"], dossier["cover"]["insurerClaimId"]);
}

/// A declaration with facets, and an insurer's reference.
fn with(mut declaration: Value, facets: &Value) -> Value {
    for (name, value) in facets.as_object().expect("an object") {
        declaration[name] = value.clone();
    }
    declaration["insurerClaimId"] = "SIN-2026-000017".into();
    declaration
}

#[tokio::test]
async fn what_the_claims_contract_declares_the_dossier_contract_tells() {
    let world = world().await;
    let leak = json!({ "nature": "DegatsDesEaux", "cause": "FuiteRupture", "detail": "CanalisationEnterree" });
    let theft = json!({ "nature": "Vol", "cause": "Alarrache" });
    for (declaration, loss, guarantee, deductible) in
        [(fixtures::water_damage(), leak, "DegatsDesEaux", 200.0), (fixtures::stolen_bike(), theft, "Vol", 150.0)]
    {
        let given = facets(&loss);
        let id = world.platform.declare(&with(declaration, &given)).await;
        let (file, dossier) = (world.file(&id).await, world.dossier(&id).await);
        both_tell(&file, &dossier, &given);
        assert_eq!(dossier["cover"]["guarantee"], guarantee);
        assert_eq!(dossier["cover"]["deductible"], json!({ "value": deductible, "currency": "EUR" }));
        assert_eq!(dossier["cover"]["insurerClaimId"], "SIN-2026-000017");
    }
    // Without facets: the loss is that of the catalogue, the risk that of the contract.
    let id = world.platform.declare(&fixtures::water_damage()).await;
    let (file, dossier) = (world.file(&id).await, world.dossier(&id).await);
    assert_eq!(dossier["facets"]["loss"]["detail"], "CanalisationNonEnterree");
    assert_eq!(dossier["facets"]["risk"]["relationship"]["name"], "Locataire");
    both_tell(&file, &dossier, &dossier["facets"]);
}

fn prime(product: &str, kind: &str, contract: &str) -> Value {
    json!({
        "insured": { "title": "1", "name": "Dupont", "firstName": "Jean", "email": "jean.dupont@example.com", "mobile": "+33612345678", "status": "5" },
        "contract": { "number": contract, "deductableAmount": "150.5" },
        "claim": {
            "number": format!("S-{kind}"), "date": "2026-11-20T08:00:00+01:00",
            "address": { "line1": "48 boulevard des Batignolles", "city": "Paris", "postCode": "75017", "country": "France" },
        },
        "product": product,
        "type": kind,
    })
}

#[tokio::test]
async fn what_an_insurer_opens_the_claims_contract_reads_completes_and_submits() {
    let world = world().await;
    let cases = [
        ("apartment", "DDE", "Appartement", "pipe_leak", fixtures::water_damage(), vec![fixtures::DAMAGE_PHOTO]),
        ("bike", "VOL", "", "total_theft", fixtures::stolen_bike(), fixtures::STOLEN_BIKE_MANDATORY.to_vec()),
    ];
    for (product, kind, risk, subtype, answers, documents) in cases {
        let id = world.prime(&prime(product, kind, &format!("C-{kind}"))).await;
        let (file, dossier) = (world.file(&id).await, world.dossier(&id).await);
        both_tell(&file, &dossier, &dossier["facets"]);
        assert_eq!(dossier["cover"]["deductible"], json!({ "value": 150.5, "currency": "EUR" }));
        assert_eq!(dossier["cover"]["insurerClaimId"], format!("S-{kind}"));
        assert_eq!(dossier["facets"]["risk"]["type"]["name"].as_str().unwrap_or_default(), risk);
        assert!(dossier["facets"]["loss"]["cause"].is_null() || kind == "VOL", "what happened closely is not told yet");

        let claim = format!("/claims/{id}");
        let more =
            json!({ "subtype": subtype, "questions": answers["questions"], "description": answers["description"] });
        assert_eq!(world.platform.patch(&claim, &more).await.data()["subtype"], subtype);
        let loss = world.dossier(&id).await["facets"]["loss"].clone();
        assert!(loss["cause"].is_string(), "{loss}");
        let given = facets(&loss);
        let patched = world.platform.patch(&format!("{claim}/dossier"), &given).await;
        assert_eq!(&patched.data()["facets"], &given);
        world.platform.upload(&id, &documents).await.data();
        world.platform.post(&format!("{claim}/submit"), &json!({})).await.data();
        let (file, dossier) = (world.file(&id).await, world.dossier(&id).await);
        both_tell(&file, &dossier, &given);
        assert_eq!(file["accident"]["circonstancesDeclarees"], answers["description"]);
        world.platform.patch(&format!("{claim}/dossier"), &given).await.is_error(409, 3001);
    }
}

#[tokio::test]
async fn wrong_facets_are_named_and_nothing_is_taken() {
    let world = world().await;
    let id = world.platform.declare(&fixtures::water_damage()).await;
    let before = world.dossier(&id).await;
    let patch = async |body: Value| world.platform.patch(&format!("/claims/{id}/dossier"), &body).await;
    let loss = |cause: &str| json!({ "nature": "DegatsDesEaux", "cause": cause });
    for (body, field) in [
        (json!({}), ""),
        (json!({ "loss": loss("FuiteRuptur"), "conservationMeasures": true }), "loss"),
        (json!({ "qualification": { "covenant": "Irsi2" } }), "qualification.covenant"),
        (
            json!({ "declaredDamages": { "contentDamages": [{ "name": "" }] } }),
            "declaredDamages.contentDamages[0].name",
        ),
    ] {
        let got = patch(body).await;
        got.is_error(400, 1000);
        assert_eq!(got.fields(), [field], "{}", got.body);
    }
    assert_eq!(world.dossier(&id).await, before);
    patch(json!({ "conservationMeasures": false })).await.data();
    let after = world.dossier(&id).await;
    assert_eq!(
        (&after["facets"]["conservationMeasures"], &after["facets"]["loss"]),
        (&json!(false), &before["facets"]["loss"])
    );
    let other = world.server.platform("Autre").await;
    other.get(&format!("/claims/{id}/dossier")).await.is_error(404, 2001);
    let wrong = world.platform.patch(&format!("/claims/{id}"), &json!({ "subtype": "flood" })).await;
    wrong.is_error(400, 1007);
    let unknown = world.platform.patch(&format!("/claims/{id}"), &json!({ "subtype": "lava" })).await;
    unknown.is_error(400, 1004);
}
