//! The life of a claim, step by step and at random.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::catalogue::Catalogue;
use crate::codes::Codes;
use crate::ids::{ClaimId, DeclarationId, DocumentId, OrgId};
use crate::refusal::{ClaimRefusal, Refusal};
use crate::tenancy::Mode;

fn now() -> Timestamp {
    "2026-11-23T07:00:00Z".parse().unwrap()
}

fn catalogue() -> &'static Catalogue {
    Catalogue::embedded()
}

fn insured() -> Insured {
    let text = str::to_owned;
    Insured {
        first_name: text("Jean"),
        last_name: text("Dupont"),
        phone_number: text("+33612345678"),
        email: None,
        company: None,
    }
}

fn contract() -> Contract {
    let product = Product {
        kind: "bike".to_owned(),
        subtype: None,
        brand: Some("VanMoof".to_owned()),
        model: Some("S3".to_owned()),
        product_marked: None,
        internal_id: None,
        custom: serde_json::Map::new(),
    };
    Contract {
        id: "contract_1".to_owned(),
        user_id: "user_1".to_owned(),
        number: "N1".to_owned(),
        name: "Vélo".to_owned(),
        insurer: Insurer { acam_code: "02000402".to_owned(), name: String::new() },
        guarantee: "BiensDeLoisirs".to_owned(),
        customer_type: CustomerType::Individual,
        holder: insured(),
        deductible: None,
        products: vec![ContractProduct { id: "product_1".to_owned(), product, risk: None }],
        effective_from: None,
        effective_to: None,
    }
}

fn declaration() -> Declaration {
    let yes_no = [
        ("tied_to_fixed_point", true),
        ("tied_with_supplied_lock", true),
        ("private_place_break_in", false),
        ("electric", false),
        ("final_police_report", true),
    ];
    Declaration {
        user_id: "user_1".to_owned(),
        contract_id: "contract_1".to_owned(),
        contract_product_id: "product_1".to_owned(),
        loss_type: "theft".to_owned(),
        subtype: "total_theft".to_owned(),
        claim_at: now(),
        description: "Le vélo a disparu de l'arceau où il était attaché depuis le matin.".to_owned(),
        answers: yes_no.into_iter().map(|(id, yes)| (id.to_owned(), Answer::Bool(yes))).collect(),
        insured: insured(),
        location: Location {
            address: "Gare de Lyon".to_owned(),
            city: "Paris".to_owned(),
            country: "France".to_owned(),
            zipcode: "75012".to_owned(),
        },
        dossier: Dossier::default(),
    }
}

fn declare(declaration: Declaration) -> Result<Claim, Refusal> {
    declaration.into_draft(DeclaredWith {
        tenant: TenantId { org: OrgId::new(now(), &[1; 10]), mode: Mode::Test },
        contract: &contract(),
        catalogue: catalogue(),
        codes: Codes::embedded(),
        id: DeclarationId::new(now(), &[2; 10]),
        at: now(),
    })
}

fn draft() -> Claim {
    declare(declaration()).unwrap()
}

fn upload(kind: &str, number: u8) -> NewDocument {
    NewDocument {
        path: String::new(),
        id: DocumentId::new(now(), &[number; 10]),
        kind: kind.to_owned(),
        title: "Pièce".to_owned(),
        filename: "piece.pdf".to_owned(),
        mime_type: "application/pdf".to_owned(),
        size: 10,
        sha256: String::new(),
        storage_key: String::new(),
        note: None,
        scan: ScanState::None,
        duplicate_of: None,
        photo: None,
    }
}

fn claim_id() -> ClaimId {
    ClaimId::new(now(), &[3; 10])
}

const MANDATORY: [&str; 2] = ["final_police_report", "lock_and_battery_keys_photo"];

fn submitted() -> Claim {
    let mut claim = draft();
    for (number, kind) in (10..).zip(MANDATORY) {
        claim.take_document(catalogue(), &upload(kind, number), now()).unwrap();
    }
    claim.submit(catalogue(), claim_id(), now()).unwrap();
    claim
}

#[test]
fn a_declaration_takes_the_loss_and_the_guarantee_of_its_subtype() {
    let claim = draft();
    assert_eq!(claim.dossier.loss.as_ref().map(|loss| loss.nature.as_str()), Some("Vol"));
    assert_eq!(claim.contract.guarantee, "Vol");
    assert_eq!(claim.product.brand.as_deref(), Some("VanMoof"));
    assert_eq!(claim.version, 1);
    assert!(!claim.can_submit(catalogue()));
    assert_eq!(claim.missing_documents(catalogue()).len(), MANDATORY.len());
}

#[test]
fn a_claim_is_judged_by_the_version_it_was_declared_with_for_its_whole_life() {
    let newer = include_str!("../../../../data/catalogue/bike@2026-11.toml")
        .replace("version = \"2026-11\"", "version = \"2027-01\"")
        .replace("{ id = \"lock_and_battery_keys_photo\", category = \"mandatory\" }", "")
        .replace("\n  ,\n", "\n")
        .replace("Dépôt de plainte\"", "Plainte\"");
    let extended = catalogue().extended(&[("bike@2027-01.toml", &newer)]).unwrap();
    let labels = |claim: &Claim| -> Vec<String> {
        claim.entries(&extended).iter().map(|entry| entry.rule.label.clone()).collect()
    };
    let mut old = draft();
    assert_eq!(old.catalogue_version, "2026-11");
    assert_eq!(labels(&old)[..2], ["Dépôt de plainte", "Photo des clés de l'antivol et de la batterie"]);
    assert_eq!(old.missing_documents(&extended).len(), MANDATORY.len());
    let mut new = draft();
    new.catalogue_version = "2027-01".to_owned();
    assert_eq!(labels(&new)[0], "Plainte");
    assert_eq!(new.missing_documents(&extended), ["Plainte"]);
    for claim in [&mut old, &mut new] {
        let answer = claim.take_document(&extended, &upload("final_police_report", 10), now());
        assert_eq!(answer, Ok(()));
    }
    assert!(new.can_submit(&extended) && !old.can_submit(&extended));
}

#[test]
fn nobody_can_tell_whether_a_claim_is_complete_once_its_version_is_gone() {
    let mut claim = draft();
    for (number, kind) in (10..).zip(MANDATORY) {
        claim.take_document(catalogue(), &upload(kind, number), now()).unwrap();
    }
    assert!(claim.can_submit(catalogue()));
    claim.catalogue_version = "1999-01".to_owned();
    assert!(!claim.can_submit(catalogue()));
    assert_eq!(claim.submit(catalogue(), claim_id(), now()), Err(ClaimRefusal::NotSubmittable));
    assert_eq!(claim.document_label(catalogue(), &claim.documents[0]), "Dépôt de plainte");
}

#[test]
fn a_loss_may_not_lie_in_the_future() {
    let mut late = declaration();
    late.claim_at = now() + SignedDuration::from_mins(5);
    assert_eq!(late.check_time(now()), Ok(()));
    late.claim_at += SignedDuration::from_micros(1);
    assert!(matches!(late.check_time(now()), Err(Refusal::Invalid(faults)) if faults[0].field == "claimAt"));
}

#[test]
fn a_declaration_is_refused_for_its_first_reason() {
    let refused = |change: fn(&mut Declaration)| {
        let mut declaration = declaration();
        change(&mut declaration);
        declare(declaration).unwrap_err()
    };
    let claim = |refusal: ClaimRefusal| Refusal::Claim(refusal);
    assert_eq!(refused(|given| given.user_id = "user_2".to_owned()), claim(ClaimRefusal::UserNotAuthorised));
    assert_eq!(refused(|given| given.contract_product_id = "x".to_owned()), claim(ClaimRefusal::ProductNotFound));
    let missing = refused(|given| given.answers = BTreeMap::new());
    assert!(matches!(missing, Refusal::Claim(ClaimRefusal::QuestionsIncomplete(faults)) if faults.len() == 5));
    let unknown = refused(|given| {
        given.dossier.loss = Some(LossTriple { nature: "Volcan".to_owned(), cause: None, detail: None });
    });
    assert!(matches!(unknown, Refusal::Invalid(faults) if faults[0].field == "loss"));
}

#[test]
fn unknown_codes_of_the_dossier_are_each_named() {
    let dossier = Dossier {
        qualification: Some(serde_json::json!({ "recourse": "Rien", "covenant": "Irsi2" })),
        declared_damages: Some(serde_json::json!({ "buildingDamages": [
            { "roomDamages": [{ "surfaces": [{}, { "covering": { "type": { "name": "Marbre rose" } } }] }] }
        ] })),
        ..Dossier::default()
    };
    let faults = code_faults(&dossier, Codes::embedded());
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    let covering = "declaredDamages.buildingDamages[0].roomDamages[0].surfaces[1].covering.type.name";
    assert_eq!(fields, ["qualification.recourse", "qualification.covenant", covering]);
}

#[test]
fn a_complete_draft_is_submitted_once() {
    let mut claim = draft();
    assert!(matches!(
        claim.submit(catalogue(), claim_id(), now()),
        Err(ClaimRefusal::DocumentsIncomplete { missing }) if missing.len() == 2
    ));
    claim = submitted();
    assert_eq!((claim.status, claim.claim_id), (ClaimStatus::Submitted, Some(claim_id())));
    assert_eq!(claim.submit(catalogue(), claim_id(), now()), Err(ClaimRefusal::NotSubmittable));
}

#[test]
fn only_a_draft_is_edited() {
    let mut claim = draft();
    let before = claim.clone();
    let edit = ClaimEdit { city: Some("Lyon".to_owned()), ..ClaimEdit::default() };
    claim.edit(catalogue(), &edit, now()).unwrap();
    assert_eq!((claim.location.city.as_str(), claim.version), ("Lyon", 2));
    assert_eq!(claim.location, Location { city: "Lyon".to_owned(), ..before.location }, "the rest stays as it is");
    assert_eq!(claim.description, before.description);
    assert_eq!(submitted().edit(catalogue(), &edit, now()), Err(ClaimRefusal::NotEditable));
}

#[test]
fn who_may_be_given_up_depends_on_the_status() {
    use ClaimStatus as S;
    let outcomes = [
        (S::Draft, Ok(S::Archived)),
        (S::Submitted, Ok(S::Abandoned)),
        (S::PendingInfo, Ok(S::Abandoned)),
        (S::InProgress, Err(ClaimRefusal::StatusLocked)),
        (S::Closed, Err(ClaimRefusal::StatusLocked)),
        (S::Rejected, Err(ClaimRefusal::StatusLocked)),
        (S::Abandoned, Err(ClaimRefusal::StatusLocked)),
        (S::Archived, Err(ClaimRefusal::StatusLocked)),
    ];
    for (status, expected) in outcomes {
        let mut claim = Claim { status, ..draft() };
        let outcome = claim.give_up(None, now()).map(|()| claim.status);
        assert_eq!(outcome, expected, "{status:?}");
    }
}

#[test]
fn an_upload_replaces_what_was_not_accepted() {
    let mut claim = draft();
    claim.take_document(catalogue(), &upload(MANDATORY[0], 1), now()).unwrap();
    // By its French label, and before anybody looked.
    claim.take_document(catalogue(), &upload("dépôt de plainte", 2), now()).unwrap();
    assert_eq!(claim.documents.len(), 2);
    assert_eq!(claim.documents[0].replaced_by, Some(claim.documents[1].id));
    assert_eq!(claim.current_document(MANDATORY[0]).unwrap().id, claim.documents[1].id);
    claim.documents[1].status = DocumentStatus::Accepted;
    let before = claim.clone();
    let field = "type".to_owned();
    assert_eq!(
        claim.take_document(catalogue(), &upload(MANDATORY[0], 3), now()),
        Err(ClaimRefusal::DocumentAlreadyValidated { field })
    );
    // Its condition does not hold: the bike is not electric.
    let refused = claim.take_document(catalogue(), &upload("battery_photo", 4), now());
    assert!(matches!(refused, Err(ClaimRefusal::InvalidDocumentType { expected, .. }) if expected.len() == 5));
    assert_eq!(claim, before);
}

proptest::proptest! {
    /// Whatever is asked in whatever order: a refusal changes nothing, a success counts one version
    /// up (documents apart, which their caller counts), and the ids and instants tell the status.
    #[test]
    fn any_sequence_of_commands_keeps_the_claim_consistent(steps in proptest::collection::vec(0_u8..8, 1..40)) {
        let mut claim = draft();
        for (number, step) in (20..).zip(steps) {
            let before = claim.clone();
            let outcome = match step {
                0 => claim.submit(catalogue(), claim_id(), now()),
                1 => claim.give_up(Some("assez".to_owned()), now()),
                2 => claim.edit(catalogue(), &ClaimEdit::default(), now()),
                3..=5 => {
                    let kinds = ["final_police_report", "lock_and_battery_keys_photo", "break_in_photo"];
                    claim.take_document(catalogue(), &upload(kinds[usize::from(step) - 3], number), now())
                }
                _ => {
                    let status = if step == 6 { DocumentStatus::Accepted } else { DocumentStatus::Rejected };
                    if let Some(last) = claim.documents.last_mut() {
                        last.status = status;
                    }
                    Ok(())
                }
            };
            match outcome {
                Err(_) => proptest::prop_assert_eq!(&claim, &before),
                Ok(()) if step <= 2 => proptest::prop_assert_eq!(claim.version, before.version + 1),
                Ok(()) => proptest::prop_assert_eq!(claim.status, before.status),
            }
            proptest::prop_assert_eq!(claim.claim_id.is_some(), claim.submitted_at.is_some());
            let given_up = matches!(claim.status, ClaimStatus::Archived | ClaimStatus::Abandoned);
            proptest::prop_assert_eq!(claim.abandoned_at.is_some(), given_up);
            proptest::prop_assert!(!claim.can_submit(catalogue()) || claim.status == ClaimStatus::Draft);
            for entry in claim.entries(catalogue()) {
                let current = claim.documents.iter().filter(|kept| kept.kind == entry.rule.id && kept.replaced_by.is_none());
                proptest::prop_assert!(current.count() <= 1);
            }
        }
    }
}
