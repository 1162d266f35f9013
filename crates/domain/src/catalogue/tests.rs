use serde_json::{Value, json};

use super::*;
use crate::codes::{Codes, Table};
use crate::refusal::FieldError;

fn catalogue() -> &'static Catalogue {
    Catalogue::embedded()
}

fn subtype(product: &str, kind: &str, subtype: &str) -> &'static Subtype {
    catalogue().find(product, kind, subtype).unwrap().1
}

fn read(subtype: &Subtype, wire: &Value) -> Result<Answers, Vec<FieldError>> {
    subtype.read_answers(wire.as_object().unwrap())
}

fn fields(result: Result<Answers, Vec<FieldError>>) -> Vec<String> {
    result.unwrap_err().into_iter().map(|error| error.field).collect()
}

#[test]
fn every_file_is_a_valid_family_with_known_codes() {
    let files = FILES.files().filter(|file| file.path().extension().is_some_and(|extension| extension == "toml"));
    assert_eq!(catalogue().versions().count(), files.count());
    for family in catalogue().versions() {
        for (_, subtype) in family.subtypes() {
            assert!(Codes::embedded().contains(Table::GuaranteeType, &subtype.guarantee), "{}", subtype.id);
            let triple = subtype.triple.as_ref().expect("every shipped loss has a triple");
            assert!(Codes::embedded().triples().contains(triple), "{}", subtype.id);
            assert!(
                subtype.documents.iter().any(|rule| rule.category == Category::Mandatory),
                "{} needs some document",
                subtype.id
            );
        }
    }
}

#[test]
fn products_find_their_family() {
    for (product, family) in [("bike", "bike"), ("phone", "high_tech"), ("High_Tech", "high_tech"), ("home", "home")] {
        assert_eq!(catalogue().family_for_product(product).unwrap().id, family);
    }
    let Err(LookupError::UnsupportedProductType { supported }) = catalogue().find("boat", "theft", "total_theft")
    else {
        panic!("boats are not covered");
    };
    assert!(supported.contains(&"bike".to_owned()) && supported.contains(&"home".to_owned()));
}

#[test]
fn a_subtype_of_another_product_and_one_of_another_type_differ() {
    let Err(LookupError::SubtypeNotOfProduct { allowed }) = catalogue().find("bike", "theft", "pipe_leak") else {
        panic!("bikes have no pipes");
    };
    assert_eq!(allowed.len(), 6);
    let Err(LookupError::TypeMismatch { expected_type, allowed }) = catalogue().find("bike", "theft", "vandalism")
    else {
        panic!("vandalism is no theft");
    };
    assert_eq!(expected_type, "break");
    assert_eq!(allowed, ["total_theft", "partial_theft"]);
    let refusal = ClaimRefusal::from(LookupError::SubtypeNotOfProduct { allowed: vec![] });
    assert_eq!(refusal, ClaimRefusal::InvalidSubtypeForProduct { allowed: vec![] });
}

#[test]
fn home_has_the_losses_of_the_trade_under_their_trade_names() {
    let home = catalogue().family("home").unwrap();
    for (name, id) in [
        ("DDE", "water_damage"),
        ("VOL", "burglary"),
        ("catnat", "natural_catastrophe"),
        ("fire", "fire"),
        ("storm", "storm"),
        ("BDG", "glass"),
        ("DE", "electrical_damage"),
        ("vandalism", "vandalism"),
        ("CHOC", "impact"),
        ("water_damage", "water_damage"),
    ] {
        assert_eq!(home.loss_type_named(name).unwrap().id, id);
    }
    assert_eq!(home.loss_type_named("RC"), None);
}

#[test]
fn what_can_be_stolen_or_broken_has_the_subtypes_of_the_contract() {
    let all = ["total_theft", "partial_theft", "vandalism", "partial_break", "total_break", "failure"];
    for family in catalogue().families.iter().filter(|family| family.id != "home") {
        let subtypes: Vec<&str> = family.subtypes().map(|(_, subtype)| subtype.id.as_str()).collect();
        let nobody_vandalises = ["jewellery", "optics"].contains(&family.id.as_str());
        let expected: Vec<&str> = all.into_iter().filter(|id| !nobody_vandalises || *id != "vandalism").collect();
        assert_eq!(subtypes, expected, "{}", family.id);
    }
    for product in ["e-scooter", "washing-machine", "guitar", "watch", "glasses", "drone", "ski"] {
        assert!(catalogue().family_for_product(product).is_some(), "{product}");
    }
}

#[test]
fn answers_are_read_by_id_or_by_text_in_any_spelling() {
    let wire = json!({
        "tied_to_fixed_point": "oui",
        " le vélo était-il attaché avec l’antivol fourni\u{a0}?": true,
        "private_place_break_in": "false",
        "electric": false,
        "final_police_report": "Non",
        "battery_on_bike": null,
    });
    let answers = read(subtype("bike", "theft", "total_theft"), &wire).unwrap();
    assert_eq!(answers.get("tied_to_fixed_point"), Some(&Answer::Bool(true)));
    assert_eq!(answers.get("tied_with_supplied_lock"), Some(&Answer::Bool(true)));
    assert_eq!(answers.get("final_police_report"), Some(&Answer::Bool(false)));
    assert_eq!(answers.get("battery_on_bike"), None);
}

#[test]
fn missing_answers_are_listed_by_their_text_when_their_condition_holds() {
    let theft = subtype("bike", "theft", "total_theft");
    assert_eq!(
        fields(read(theft, &json!({}))),
        [
            "questions.Le vélo était-il attaché à un point fixe ?",
            "questions.Le vélo était-il attaché avec l'antivol fourni ?",
            "questions.Y a-t-il eu effraction d'un lieu privé ?",
            "questions.Le vélo est-il à assistance électrique ?",
            "questions.Avez-vous obtenu le procès-verbal définitif de votre dépôt de plainte ?",
        ]
    );
    let electric = json!({
        "tied_to_fixed_point": true, "tied_with_supplied_lock": true, "private_place_break_in": true,
        "electric": true, "final_police_report": true,
    });
    assert_eq!(fields(read(theft, &electric)), ["questions.La batterie était-elle sur le vélo au moment du vol ?"]);
}

#[test]
fn unknown_questions_and_wrong_kinds_are_refused_once_each_and_never_repeated() {
    let theft = subtype("bike", "theft", "total_theft");
    let wire = json!({
        "tied_to_fixed_point": "peut-être", "tied_with_supplied_lock": 1, "private_place_break_in": [],
        "electric": false, "final_police_reports": true, "final_police_report": {"a": 1},
    });
    let errors = read(theft, &wire).unwrap_err();
    let named: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(
        named,
        [
            "questions.tied_to_fixed_point",
            "questions.tied_with_supplied_lock",
            "questions.private_place_break_in",
            "questions.final_police_reports",
            "questions.final_police_report",
        ]
    );
    assert!(errors[3].message.contains("final_police_report"));
    assert!(!errors[0].message.contains("peut-être"));
    let twice = json!({ "electric": true, "Le vélo est-il à assistance électrique ?": false });
    assert!(read(theft, &twice).unwrap_err().iter().any(|error| error.message.contains("twice")));
}

#[test]
fn choices_and_texts_travel_both_ways() {
    let partial = subtype("bike", "theft", "partial_theft");
    let wire = json!({
        "Quelle partie du vélo a été volée ?": "la batterie",
        "tied_to_fixed_point": true, "private_place_break_in": false, "final_police_report": true,
    });
    let mut answers = read(partial, &wire).unwrap();
    assert_eq!(answers.get("stolen_part"), Some(&Answer::Text("battery".to_owned())));
    assert_eq!(partial.wire_questions(&answers)["Quelle partie du vélo a été volée ?"], "La batterie");
    let needed = partial.required_documents(&answers);
    let keys = needed.iter().find(|document| document.rule.id == "lock_and_battery_keys_photo").unwrap();
    assert_eq!(keys.because, Some(("stolen_part".to_owned(), Answer::Text("battery".to_owned()))));

    let other = json!({
        "stolen_part": "other", "stolen_part_details": "  ",
        "tied_to_fixed_point": true, "private_place_break_in": false, "final_police_report": true,
    });
    assert_eq!(fields(read(partial, &other)), ["questions.stolen_part_details"]);
    let none = json!({
        "stolen_part": "the moon",
        "tied_to_fixed_point": true, "private_place_break_in": false, "final_police_report": true,
    });
    assert!(read(partial, &none).unwrap_err()[0].message.contains("\"La selle\""));

    answers.insert("asked_last_year".to_owned(), Answer::Bool(true));
    assert_eq!(partial.wire_questions(&answers)["asked_last_year"], true);
}

#[test]
fn documents_are_known_by_id_or_label() {
    let family = catalogue().family("bike").unwrap();
    for name in ["final_police_report", "Dépôt de plainte", " DÉPÔT  de plainte"] {
        assert_eq!(family.document(name).unwrap().label, "Dépôt de plainte");
    }
    assert_eq!(subtype("bike", "break", "failure").document("Photo de l’effraction"), None);
}

/// A small valid file, and what is wrong once one thing in it is replaced.
fn broken(from: &str, to: &str) -> String {
    const SMALL: &str = r#"
id = "kite"
version = "1"
label = "Cerf-volant"
products = [{ id = "kite", label = "Cerf-volant" }]
[questions.torn]
text = "Est-il déchiré ?"
kind = "bool"
[questions.colour]
text = "De quelle couleur est-il ?"
kind = "choice"
options = [{ id = "red", label = "Rouge" }, { id = "blue", label = "Bleu" }]
[documents]
photo = "Photo"
[[loss_types]]
id = "break"
label = "Casse"
[[loss_types.subtypes]]
id = "tear"
label = "Déchirure"
triple = { nature = "Divers", cause = "BrisDeteriorationPanne" }
guarantee = "BiensDeLoisirs"
questions = ["torn", { id = "colour", when = { question = "torn", is = true } }]
documents = [{ id = "photo", category = "mandatory", when = { all = [{ question = "torn", is = true }, { question = "colour", is = "red" }] } }]
"#;
    assert_eq!(Catalogue::parse(&[("kite.toml", SMALL)]).unwrap().families[0].id, "kite");
    assert!(SMALL.contains(from));
    let errors = Catalogue::parse(&[("kite.toml", &SMALL.replace(from, to))]).unwrap_err();
    assert!(errors.iter().all(|error| error.file == "kite.toml"));
    errors.iter().map(|error| error.message.clone()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_wrong_file_is_refused_with_what_is_wrong() {
    for (from, to, message) in [
        ("version = \"1\"\n", "", "missing field `version`"),
        ("label = \"Cerf-volant\"\nproducts", "labl = \"x\"\nproducts", "labl"),
        ("id = \"tear\"", "id = \"Tear off\"", "is not an id"),
        ("questions = [\"torn\", ", "questions = [\"torn\", \"torn\", ", "tear.torn: is asked twice"),
        ("questions = [\"torn\", ", "questions = [\"worn\", ", "tear.worn: is not one of the family's questions"),
        ("questions = [\"torn\", ", "questions = [", "speaks of torn, which is not asked before it"),
        ("is = \"red\"", "is = \"green\"", "compares colour with an answer it cannot have"),
        ("{ question = \"colour\", is = \"red\" }", "{ question = \"torn\", is = false }", "can never hold"),
        ("{ question = \"colour\", is = \"red\" }", "{ any = [] }", "at least one part"),
        ("{ question = \"colour\", is = \"red\" }", "{ question = \"colour\" }", "a condition is"),
        ("cause = \"BrisDeteriorationPanne\"", "cause = \"BrisPanne\"", "Divers / BrisDeteriorationPanne"),
        ("guarantee = \"BiensDeLoisirs\"", "guarantee = \"BiensDeLoisir\"", "BiensDeLoisirs"),
        ("photo = \"Photo\"", "photo = \"Photo\"\nbill = \"Facture\"", "bill: is defined but no subtype uses it"),
        ("photo = \"Photo\"", "photo = \"Photo\"\nbill = \"PHOTO \"", "there twice"),
        (", { id = \"blue\", label = \"Bleu\" }", "", "at least two options"),
        ("category = \"mandatory\"", "category = \"needed\"", "needed"),
    ] {
        let errors = broken(from, to);
        assert!(errors.contains(message), "{message}: {errors}");
    }
}

#[test]
fn every_fault_of_every_file_is_told() {
    let bike = FILES.get_file("bike@2026-11.toml").unwrap().contents_utf8().unwrap();
    let twin = bike.replace("id = \"bike\"\nversion", "id = \"velo\"\nversion");
    let bad = bike.replace("guarantee = \"Vol\"", "guarantee = \"Vole\"").replace("is = true", "is = \"oui\"");
    let errors = Catalogue::parse(&[("a.toml", bike), ("b.toml", &twin), ("c.toml", &bad)]).unwrap_err();
    assert!(errors.iter().filter(|error| error.file == "c.toml").count() > 3);
    let of_twin: Vec<&str> =
        errors.iter().filter(|error| error.file == "b.toml").map(|error| error.message.as_str()).collect();
    assert_eq!(of_twin, ["products: bike is already in family bike 2026-11; use that id, or another version"]);
}

#[test]
fn every_declaration_reads_back_from_its_own_wire_form() {
    for (_, subtype) in catalogue().versions().flat_map(Family::subtypes) {
        let answers: Answers = subtype
            .questions
            .iter()
            .map(|question| {
                let answer = match &question.kind {
                    QuestionKind::Bool => Answer::Bool(true),
                    QuestionKind::Text => Answer::Text("En quelques mots".to_owned()),
                    QuestionKind::Choice(options) => Answer::Text(options.last().unwrap().id.clone()),
                };
                (question.id.clone(), answer)
            })
            .collect();
        assert_eq!(subtype.read_answers(&subtype.wire_questions(&answers)), Ok(answers), "{}", subtype.id);
    }
}
