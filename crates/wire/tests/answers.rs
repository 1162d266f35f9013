//! What the server keeps becomes what the contracts show.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use constat_wire::claims::{Claim, CreateClaim};
use constat_wire::common::read_json;
use constat_wire::dossier;
use serde_json::{Value, json};

const BIKE_CREATE: &str = include_str!("fixtures/stolen-bike-create.json");
const BIKE_CLAIM: &str = include_str!("fixtures/stolen-bike-claim.json");
const DOSSIER: &str = include_str!("fixtures/dossier-claim.json");

fn domain_claim() -> constat_domain::claim::Claim {
    use constat_domain::claim;
    let mut body: Value = serde_json::from_str(BIKE_CREATE).unwrap();
    let dossier: Value = serde_json::from_str(DOSSIER).unwrap();
    body["declaredDamages"] = dossier["accident"]["declaredDamages"].clone();
    body["valuation"] = dossier["valuation"].clone();
    body["risk"] = dossier["risk"].clone();
    let declared = read_json::<CreateClaim>(body.to_string().as_bytes()).unwrap().into_domain().unwrap();
    let at: jiff::Timestamp = "2024-01-16T10:00:00Z".parse().unwrap();
    let org = constat_domain::ids::OrgId::new(at, &[1; 10]);
    let draft = claim::NewDraft {
        tenant: format!("{org}/test").parse().unwrap(),
        id: constat_domain::ids::DeclarationId::new(at, &[2; 10]),
        user_id: declared.user_id,
        loss_type: declared.loss_type,
        subtype: declared.subtype,
        catalogue_version: "1".to_owned(),
        claim_at: declared.claim_at,
        description: declared.description,
        contract: claim::ContractSnapshot {
            id: declared.contract_id,
            product_id: Some(declared.contract_product_id),
            number: "N-1".to_owned(),
            name: "Vélo".to_owned(),
            insurer: constat_domain::service::Insurer {
                acam_code: "02000402".to_owned(),
                name: "ALLIANZ IARD".to_owned(),
            },
            guarantee: "Vol".to_owned(),
            customer_type: constat_domain::service::CustomerType::Individual,
            deductible: None,
            cover: claim::CoverTerms::default(),
        },
        product: claim::Product {
            kind: "bike".to_owned(),
            subtype: None,
            brand: Some("VanMoof".to_owned()),
            model: Some("S3".to_owned()),
            product_marked: None,
            internal_id: None,
            custom: serde_json::Map::new(),
        },
        location: declared.location,
        insured: declared.insured,
        answers: declared.answers,
        dossier: declared.dossier,
        at,
    };
    draft.into()
}

#[test]
fn a_fresh_draft_shows_every_field_and_null_for_the_unknown() {
    let claim = domain_claim();
    let view = constat_wire::claims::ClaimView {
        claim: &claim,
        questions: claim.answers.clone(),
        document_entries: Vec::new(),
        can_submit: false,
        allowed_actions: Vec::new(),
    };
    let shown = serde_json::to_value(Claim::from(view)).unwrap();
    let published: Value = serde_json::from_str(BIKE_CLAIM).unwrap();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    // `cover` is an extension.
    let published_names: Vec<String> = names(&shown).into_iter().filter(|name| name != "cover").collect();
    assert_eq!(published_names, names(&published["data"]));
    assert_eq!(shown["cover"]["state"], "unknown");
    assert_eq!(names(&shown["product"]), names(&published["data"]["product"]));
    for unknown in ["claimId", "closedAt", "reopenedAt", "abandonedAt", "note"] {
        assert_eq!(shown[unknown], Value::Null, "{unknown}");
    }
}

#[test]
fn the_dossier_tells_what_was_declared() {
    let claim = domain_claim();
    let file = dossier::Claim::new(&claim, Vec::new());
    let shown = serde_json::to_value(&file).unwrap();
    let mut published: Value = serde_json::from_str(DOSSIER).unwrap();
    // A file that is kept elsewhere is not told in the shape of one.
    published["accident"]["declaredDamages"]["contentDamages"][0]["pictures"][1] =
        json!({ "outsideLink": "https://claims.example/files/1?sig=abc", "source": "claims.example" });
    assert_eq!(shown["accident"]["declaredDamages"], published["accident"]["declaredDamages"]);
    assert_eq!(shown["risk"], published["risk"]);
    assert_eq!(shown["valuation"], published["valuation"]);
    assert_eq!(shown["accident"]["address"]["zipCode"], json!("75001"));
    assert_eq!(shown["customer"]["adress"]["zipCode"], json!("75017"), "the insured lives at the risk");
    assert_eq!(shown["documents"], json!([]));
}
