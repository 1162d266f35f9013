//! The life of a claim, step by step and at random.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::catalogue::{Catalogue, Category};
use crate::codes::Codes;
use crate::ids::{ClaimId, DeclarationId, DocumentId, KeyId, OrgId, SettlementId};
use crate::money::Money;
use crate::refusal::{ClaimRefusal, Refusal};
use crate::service::{CustomerType, Insurer, LossTriple};
use crate::tenancy::{Mode, TenantId};

pub(crate) fn now() -> Timestamp {
    "2026-11-23T07:00:00Z".parse().unwrap()
}

pub(crate) fn catalogue() -> &'static Catalogue {
    Catalogue::embedded()
}

/// The state of a claim that came to this status at this instant.
pub(crate) fn state_at(status: ClaimStatus, at: Timestamp) -> ClaimState {
    let is_early = matches!(status, ClaimStatus::Draft | ClaimStatus::Archived);
    let is_given_up = matches!(status, ClaimStatus::Archived | ClaimStatus::Abandoned);
    let stored = StoredState {
        claim_id: (!is_early).then(|| ClaimId::new(at, &[3; 10])),
        status,
        submitted_at: (!is_early).then_some(at),
        closed_at: (status == ClaimStatus::Closed).then_some(at),
        rejected_at: (status == ClaimStatus::Rejected).then_some(at),
        reopened_at: None,
        abandoned_at: is_given_up.then_some(at),
        abandon_reason: None,
    };
    stored.try_into().unwrap()
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

pub(crate) fn contract() -> Contract {
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

pub(crate) fn draft() -> Claim {
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
        protected: false,
        scan: ScanState::None,
        duplicate_of: None,
        photo: None,
    }
}

fn claim_id() -> ClaimId {
    ClaimId::new(now(), &[3; 10])
}

const MANDATORY: [&str; 2] = ["final_police_report", "lock_and_battery_keys_photo"];

pub(crate) fn complete_draft() -> Claim {
    let mut claim = draft();
    for (number, kind) in (10..).zip(MANDATORY) {
        claim.take_document(catalogue(), &upload(kind, number), now()).unwrap();
    }
    claim
}

pub(crate) fn submitted() -> Claim {
    let mut claim = complete_draft();
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
        Err(ClaimRefusal::DocumentsIncomplete { missing, .. }) if missing.len() == 2
    ));
    claim = submitted();
    assert_eq!((claim.status(), claim.claim_id()), (ClaimStatus::Submitted, Some(claim_id())));
    assert_eq!(claim.submit(catalogue(), claim_id(), now()), Err(ClaimRefusal::NotSubmittable));
}

fn in_lyon() -> LocationEdit {
    LocationEdit { city: Some("Lyon".to_owned()), ..LocationEdit::default() }
}

#[test]
fn an_edited_place_is_read_leniently_or_refused_whole() {
    let mut claim = draft();
    let edit = |zipcode: &str, country: &str| {
        let (zipcode, country) = (Some(zipcode.to_owned()), Some(country.to_owned()));
        let location = LocationEdit { country, zipcode, ..LocationEdit::default() };
        ClaimEdit { location, ..ClaimEdit::default() }
    };
    claim.edit(catalogue(), &edit("97 410", "reunion"), now()).unwrap();
    assert_eq!((claim.location.zipcode.as_str(), claim.location.country.as_str()), ("97410", "La Réunion"));
    let before = claim.clone();
    for (wrong, field) in [
        (edit("1000", "France"), "location.zipcode"),
        (edit("abcde", "FR"), "location.zipcode"),
        (edit("75012", "Atlantide"), "location.country"),
        // The country stays La Réunion.
        (
            ClaimEdit { location: LocationEdit { country: None, ..edit("75012", "").location }, ..edit("", "") },
            "location.zipcode",
        ),
    ] {
        let Err(Refusal::Invalid(faults)) = claim.edit(catalogue(), &wrong, now()) else { panic!("{wrong:?}") };
        assert_eq!(faults[0].field, field);
        assert_eq!(claim, before);
    }
}

#[test]
fn only_a_draft_is_edited() {
    let mut claim = draft();
    let before = claim.clone();
    let edit = ClaimEdit { location: in_lyon(), ..ClaimEdit::default() };
    claim.edit(catalogue(), &edit, now()).unwrap();
    assert_eq!((claim.location.city.as_str(), claim.version), ("Lyon", 2));
    assert_eq!(claim.location, Location { city: "Lyon".to_owned(), ..before.location }, "the rest stays as it is");
    assert_eq!(claim.description, before.description);
    assert_eq!(submitted().edit(catalogue(), &edit, now()), Err(ClaimRefusal::NotEditable.into()));
}

#[test]
fn a_draft_may_say_more_closely_what_happened() {
    let mut claim = draft();
    let other = |subtype: &str| ClaimEdit { subtype: Some(subtype.to_owned()), ..ClaimEdit::default() };
    claim.edit(catalogue(), &other("partial_theft"), now()).unwrap();
    assert_eq!(claim.subtype, "partial_theft");
    // Both losses ask three of the questions; the others' answers are forgotten.
    let kept: Vec<&str> = claim.answers.keys().map(String::as_str).collect();
    assert_eq!(kept, ["final_police_report", "private_place_break_in", "tied_to_fixed_point"]);
    let before = claim.clone();
    let wrong = ClaimEdit { location: in_lyon(), ..other("vandalism") };
    assert!(matches!(
        claim.edit(catalogue(), &wrong, now()),
        Err(Refusal::Claim(ClaimRefusal::InvalidTypeForSubtype { allowed })) if allowed == ["total_theft", "partial_theft"]
    ));
    assert_eq!(claim, before, "refused whole");
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
        let mut claim = Claim { state: state_at(status, now()), ..draft() };
        let outcome = claim.give_up(None, now()).map(|()| claim.status());
        assert_eq!(outcome, expected, "{status:?}");
    }
}

fn key() -> KeyId {
    KeyId::new(now(), &[4; 10])
}

fn decision(to: NextStatus) -> Decision {
    Decision { to, reason: (to == NextStatus::Rejected).then(|| "Hors garantie".to_owned()) }
}

fn settlement(number: u8) -> NewSettlement {
    NewSettlement {
        id: SettlementId::new(now(), &[number; 10]),
        kind: SettlementKind::Refund,
        amount: Money::euro_cents(15_000),
    }
}

/// A submitted claim that was moved through these statuses.
fn moved(path: &[NextStatus]) -> Claim {
    let mut claim = submitted();
    for to in path {
        claim.decide(&decision(*to), now()).unwrap();
    }
    claim
}

#[test]
fn a_claim_keeps_when_it_was_closed_and_reopened() {
    let mut claim = moved(&[NextStatus::InProgress, NextStatus::PendingInfo, NextStatus::Closed]);
    assert_eq!(
        (claim.status(), claim.state.closed_at(), claim.reopened_at()),
        (ClaimStatus::Closed, Some(now()), None)
    );
    let later = now() + SignedDuration::from_hours(24);
    claim.decide(&decision(NextStatus::InProgress), later).unwrap();
    assert_eq!(
        (claim.status(), claim.state.closed_at(), claim.reopened_at()),
        (ClaimStatus::InProgress, Some(now()), Some(later))
    );
    claim.decide(&decision(NextStatus::PendingInfo), later).unwrap();
    assert_eq!(claim.reopened_at(), Some(later), "going on with it is no reopening");
}

#[test]
fn a_rejection_needs_a_reason_which_the_insured_reads() {
    let mut claim = moved(&[NextStatus::InProgress]);
    for reason in [None, Some(" ".to_owned())] {
        let refused = claim.decide(&Decision { to: NextStatus::Rejected, reason }, now());
        assert!(matches!(refused, Err(Refusal::Invalid(faults)) if faults[0].field == "reason"));
    }
    claim.decide(&decision(NextStatus::Rejected), now()).unwrap();
    assert_eq!((claim.status(), claim.note.as_deref()), (ClaimStatus::Rejected, Some("Hors garantie")));
    assert_eq!(claim.decide(&decision(NextStatus::InProgress), now()), Err(ClaimRefusal::StatusLocked.into()));
}

#[test]
fn nothing_ends_while_money_is_on_its_way() {
    let mut claim = moved(&[NextStatus::InProgress, NextStatus::PendingInfo]);
    claim.settle(&settlement(1), now()).unwrap();
    let id = claim.settlements[0].id;
    for to in [NextStatus::Closed, NextStatus::Rejected, NextStatus::Abandoned] {
        assert_eq!(claim.decide(&decision(to), now()), Err(ClaimRefusal::ActivePaymentBlocking.into()), "{to:?}");
    }
    claim.decide(&decision(NextStatus::InProgress), now()).unwrap();
    let early = now() - SignedDuration::from_secs(1);
    let late = now() + SignedDuration::from_mins(6);
    for wrong in [early, late] {
        let refused = claim.settlement_paid(id, wrong, now());
        assert!(matches!(refused, Err(Refusal::Invalid(faults)) if faults[0].field == "paymentAt"));
    }
    assert_eq!(claim.settlement_returned(id, now()), Err(ClaimRefusal::SettlementLocked), "it was not paid");
    claim.settlement_paid(id, now(), now()).unwrap();
    assert_eq!(claim.settlement_paid(id, now(), now()), Err(ClaimRefusal::SettlementLocked.into()));
    assert_eq!(claim.cancel_settlement(id, now()), Err(ClaimRefusal::SettlementLocked), "it was paid");
    claim.decide(&decision(NextStatus::Closed), now()).unwrap();
    assert_eq!(claim.settle(&settlement(2), now()), Err(ClaimRefusal::StatusLocked.into()));
    // The bank tells later.
    claim.settlement_returned(id, now()).unwrap();
    let returned = &claim.settlements[0];
    assert_eq!((returned.kind, returned.was), (SettlementKind::Returned, Some(SettlementKind::Refund)));
    assert_eq!(claim.settlement_returned(id, now()), Err(ClaimRefusal::SettlementLocked));
}

#[test]
fn a_requested_document_becomes_an_entry_that_an_upload_fills() {
    let mut claim = moved(&[NextStatus::InProgress]);
    let ask = |claim: &mut Claim, document: RequestedDocument, wait: bool| {
        let comment = Some("Merci".to_owned());
        let new = NewRequest { document, category: Category::Mandatory, comment, wait };
        claim.request_document(catalogue(), &new, now())
    };
    let free = RequestedDocument::Free("Attestation de l'employeur".to_owned());
    assert_eq!(ask(&mut claim, free.clone(), false).unwrap(), "requested_1");
    assert_eq!(ask(&mut claim, free, true).unwrap(), "requested_1", "the same one again");
    assert_eq!(claim.status(), ClaimStatus::PendingInfo);
    // Expected by the catalogue, mandatory from now on; by the label of another loss of the family.
    let of_catalogue = |name: &str| RequestedDocument::OfCatalogue(name.to_owned());
    assert_eq!(ask(&mut claim, of_catalogue("Facture d'achat"), true).unwrap(), "purchase_invoice");
    assert_eq!(ask(&mut claim, of_catalogue("repair_quote"), false).unwrap(), "repair_quote");
    let unknown = ask(&mut claim, of_catalogue("Carte grise"), false);
    assert!(matches!(unknown, Err(ClaimRefusal::InvalidDocumentType { expected, .. }) if expected.len() > 10));
    let missing = claim.missing_documents(catalogue());
    assert_eq!(missing, ["Facture d'achat", "Attestation de l'employeur", "Devis de réparation"]);
    claim.take_document(catalogue(), &upload("attestation de l’employeur", 1), now()).unwrap();
    let document = claim.current_document("requested_1").unwrap().clone();
    assert_eq!(claim.document_label(catalogue(), &document), "Attestation de l'employeur");
    claim.accept_document(document.id, now()).unwrap();
    let again = ask(&mut claim, of_catalogue("requested_1"), false);
    assert!(matches!(again, Err(ClaimRefusal::DocumentAlreadyValidated { .. })));
    assert!(ask(&mut draft(), of_catalogue("purchase_invoice"), false).is_err());
    let waiting = ask(&mut submitted(), of_catalogue("purchase_invoice"), true);
    assert_eq!(waiting, Err(ClaimRefusal::StatusLocked), "no handler has taken it up yet");
}

#[test]
fn what_handlers_wrote_can_be_taken_away() {
    let mut claim = moved(&[NextStatus::InProgress]);
    let words = "Jean Dupont a rappelé";
    claim.set_note(Some(words.to_owned()), now());
    claim.add_internal_note(InternalNote { text: words.to_owned(), at: now(), by: key() }).unwrap();
    for document in
        [RequestedDocument::Free(words.to_owned()), RequestedDocument::OfCatalogue("repair_quote".to_owned())]
    {
        let comment = Some(words.to_owned());
        let new = NewRequest { document, category: Category::Expected, comment, wait: false };
        claim.request_document(catalogue(), &new, now()).unwrap();
    }
    claim.erase_handlers_words();
    assert!(!format!("{claim:?}").contains(words));
    let asked: Vec<&str> = claim.requests.iter().map(|request| request.label.as_str()).collect();
    assert_eq!(asked, ["Autre document", "Devis de réparation"]);
}

#[test]
fn a_claim_takes_so_much_and_no_more() {
    let full = |refusal: &Refusal| matches!(refusal, Refusal::Claim(ClaimRefusal::TooMany { .. }));
    let mut claim = moved(&[NextStatus::InProgress]);
    for (action, most) in
        [(Action::CreateSettlement, 500), (Action::AddInternalNote, 1_000), (Action::UploadDocument, 500)]
    {
        let there = |claim: &Claim| match action {
            Action::CreateSettlement => claim.settlements.len(),
            Action::AddInternalNote => claim.internal_notes.len(),
            _ => claim.documents.len(),
        };
        while there(&claim) < most {
            claim.may(catalogue(), action, Asker::Handler).unwrap();
            perform(&mut claim, action, 1).unwrap();
        }
        let before = claim.clone();
        let refusal = perform(&mut claim, action, 1).unwrap_err();
        assert!(full(&refusal), "{action:?}: {refusal}");
        assert_eq!(claim.may(catalogue(), action, Asker::Handler).map_err(Refusal::from), Err(refusal));
        assert_eq!(claim, before);
    }
    let mut ask = |number: usize| {
        let document = RequestedDocument::Free(format!("Pièce {number}"));
        let new = NewRequest { document, category: Category::Expected, comment: None, wait: false };
        claim.request_document(catalogue(), &new, now())
    };
    (0..100).for_each(|number| _ = ask(number).unwrap());
    assert!(full(&ask(100).unwrap_err().into()));
    ask(7).expect("one that was asked for may be asked for again");
}

#[test]
fn an_integrator_may_do_nothing_of_a_handlers() {
    let claim = moved(&[NextStatus::InProgress]);
    for action in Action::ALL {
        let answer = claim.may(catalogue(), action, Asker::Integrator);
        assert_eq!(answer == Err(ClaimRefusal::NoPermission), action.is_for_handlers(), "{action:?}");
    }
}

#[test]
fn an_upload_replaces_what_was_not_accepted() {
    let mut claim = draft();
    claim.take_document(catalogue(), &upload(MANDATORY[0], 1), now()).unwrap();
    // By its French label, and before it was checked.
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
                0 => claim.submit(catalogue(), claim_id(), now()).map_err(Refusal::from),
                1 => claim.give_up(Some("assez".to_owned()), now()).map_err(Refusal::from),
                2 => claim.edit(catalogue(), &ClaimEdit::default(), now()),
                3..=5 => {
                    let kinds = ["final_police_report", "lock_and_battery_keys_photo", "break_in_photo"];
                    let document = upload(kinds[usize::from(step) - 3], number);
                    claim.take_document(catalogue(), &document, now()).map_err(Refusal::from)
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
                Ok(()) => proptest::prop_assert_eq!(claim.status(), before.status()),
            }
            proptest::prop_assert_eq!(claim.claim_id().is_some(), claim.submitted_at().is_some());
            let given_up = matches!(claim.status(), ClaimStatus::Archived | ClaimStatus::Abandoned);
            proptest::prop_assert_eq!(claim.abandoned_at().is_some(), given_up);
            proptest::prop_assert!(!claim.can_submit(catalogue()) || claim.status() == ClaimStatus::Draft);
            for entry in claim.entries(catalogue()) {
                let current = claim.documents.iter().filter(|kept| kept.kind == entry.rule.id && kept.replaced_by.is_none());
                proptest::prop_assert!(current.count() <= 1);
            }
        }
    }
}

/// Does what an action is about, on the first document or settlement that it may be done to.
fn perform(claim: &mut Claim, action: Action, number: u8) -> Result<(), Refusal> {
    let document = |claim: &Claim, status: DocumentStatus| {
        let current = claim.documents.iter().filter(|document| document.replaced_by.is_none());
        current.clone().find(|document| document.status == status).or(current.clone().next()).map(|found| found.id)
    };
    let money = |claim: &Claim, is_wanted: fn(&Settlement) -> bool| {
        claim.settlements.iter().find(|kept| is_wanted(kept)).or(claim.settlements.first()).map(|found| found.id)
    };
    let nothing = SettlementId::new(now(), &[0; 10]);
    let is_paid = |kept: &Settlement| kept.payment_at.is_some() && kept.was.is_none();
    match action {
        Action::Edit => claim.edit(catalogue(), &ClaimEdit::default(), now())?,
        Action::UploadDocument => {
            let entries = claim.entries(catalogue());
            let open = |entry: &&Entry<'_>| entry.document.is_none_or(|held| held.status != DocumentStatus::Accepted);
            let kind = entries.iter().find(open).or(entries.first()).map(|entry| entry.rule.id.clone());
            claim.take_document(catalogue(), &upload(&kind.unwrap_or_default(), number), now())?;
            claim.touch(now());
        }
        Action::Submit => claim.submit(catalogue(), claim_id(), now())?,
        Action::Cancel => claim.give_up(None, now())?,
        Action::Move(to) => claim.decide(&decision(to), now())?,
        Action::SetNote => claim.set_note(Some("Vu".to_owned()), now()),
        Action::AddInternalNote => {
            claim.add_internal_note(InternalNote { text: "Vu".to_owned(), at: now(), by: key() })?;
        }
        Action::Correct => {
            let insured = InsuredEdit { last_name: Some(format!("Dupont {number}")), ..InsuredEdit::default() };
            claim.correct(Codes::embedded(), &Correction { insured, ..Correction::default() }, now())?;
        }
        Action::RequestDocument => {
            let document = RequestedDocument::Free(format!("Pièce {number}"));
            let new = NewRequest { document, category: Category::Expected, comment: None, wait: false };
            claim.request_document(catalogue(), &new, now())?;
        }
        Action::AcceptDocument | Action::RejectDocument => {
            let id = document(claim, DocumentStatus::ToVerify).ok_or(ClaimRefusal::DocumentNotFound)?;
            if action == Action::AcceptDocument {
                claim.accept_document(id, now())?;
            } else {
                claim.reject_document(id, "Floue", now())?;
            }
            claim.touch(now());
        }
        Action::CreateSettlement => claim.settle(&settlement(number), now())?,
        Action::PaySettlement => {
            let id = money(claim, Settlement::is_active).unwrap_or(nothing);
            claim.settlement_paid(id, now(), now())?;
        }
        Action::ReturnSettlement => claim.settlement_returned(money(claim, is_paid).unwrap_or(nothing), now())?,
        Action::CancelSettlement => {
            claim.cancel_settlement(money(claim, Settlement::is_active).unwrap_or(nothing), now())?;
        }
    }
    Ok(())
}

proptest::proptest! {
    /// Whatever a handler and an insured do in whatever order: what is said to be allowed succeeds and
    /// counts one version up, what is not is refused for that very reason and changes nothing, and the
    /// claim only ever moves along the table.
    #[test]
    fn what_is_said_to_be_allowed_is(steps in proptest::collection::vec(0..Action::ALL.len(), 1..60)) {
        let mut claim = draft();
        for (number, step) in (20..).zip(steps) {
            let (before, action) = (claim.clone(), Action::ALL[step]);
            let said = claim.may(catalogue(), action, Asker::Handler);
            let done = perform(&mut claim, action, number);
            proptest::prop_assert_eq!(said.map_err(Refusal::from), done.clone(), "{:?} in {:?}", action, before.status());
            if done.is_ok() {
                proptest::prop_assert_eq!(claim.version, before.version + 1);
            } else {
                proptest::prop_assert_eq!(&claim, &before);
            }
            let moved = claim.status() != before.status();
            proptest::prop_assert!(!moved || before.status().step_to(claim.status()).is_some());
            proptest::prop_assert!(!claim.status().is_end() || !claim.has_active_payment());
            proptest::prop_assert!(claim.status() != ClaimStatus::Closed || claim.state.closed_at().is_some());
            let given_up = matches!(claim.status(), ClaimStatus::Archived | ClaimStatus::Abandoned);
            proptest::prop_assert_eq!(claim.abandoned_at().is_some(), given_up);
        }
    }
}

#[test]
fn personal_data_is_kept_while_anybody_may_need_it_and_then_goes() {
    let years = |count: i64| now().checked_add(jiff::SignedDuration::from_hours(count * 8_766)).unwrap();
    let mut claim = draft();
    assert_eq!(claim.retention(years(9)), Some(Retention::UnderWay));
    claim.state = state_at(ClaimStatus::Archived, now());
    assert_eq!(claim.retention(now()), None);
    claim.state = state_at(ClaimStatus::Closed, now());
    assert!(matches!(claim.retention(years(1)), Some(Retention::Limitation { .. })));
    assert_eq!(claim.retention(years(3)), None);
    claim.answers.insert("words".to_owned(), Answer::Text("Jean Dupont".to_owned()));
    let choices = claim.answers.len();
    claim.erase(catalogue(), "erased_1", years(3));
    let left = serde_json::to_string(&claim).unwrap();
    assert!(!left.contains("Dupont") && !left.contains("Gare de Lyon") && left.contains("75012"), "{left}");
    assert_eq!((claim.answers.len(), claim.answers["words"].clone()), (choices, Answer::Text(ERASED.to_owned())));
    assert_eq!((claim.user_id.as_str(), claim.version), ("erased_1", 2));
}
