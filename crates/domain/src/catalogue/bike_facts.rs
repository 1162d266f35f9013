//! The bike facts of the claims contract, one by one.

use serde_json::json;

use super::{Answers, Catalogue, Category, Subtype};
use crate::claim::Answer;

const QUESTIONS: [&str; 6] = [
    "tied_to_fixed_point",
    "tied_with_supplied_lock",
    "private_place_break_in",
    "electric",
    "battery_on_bike",
    "final_police_report",
];

fn total_theft() -> &'static Subtype {
    Catalogue::embedded().find("bike", "theft", "total_theft").unwrap().1
}

/// A declaration where everything is answered no, but for these.
fn answers(yes: &[&str]) -> Answers {
    QUESTIONS.iter().map(|id| ((*id).to_owned(), Answer::Bool(yes.contains(id)))).collect()
}

fn needed(yes: &[&str], category: Category) -> Vec<&'static str> {
    total_theft()
        .required_documents(&answers(yes))
        .iter()
        .filter(|document| document.rule.category == category)
        .map(|document| document.rule.id.as_str())
        .collect()
}

#[test]
fn total_theft_asks_six_yes_or_no_questions() {
    let asked: Vec<&str> = total_theft().questions.iter().map(|question| question.id.as_str()).collect();
    assert_eq!(asked, QUESTIONS);
    let wire = json!({
        "Le vélo était-il attaché à un point fixe ?": true,
        "Le vélo était-il attaché avec l'antivol fourni ?": true,
        "Y a-t-il eu effraction d'un lieu privé ?": false,
        "Le vélo est-il à assistance électrique ?": true,
        "La batterie était-elle sur le vélo au moment du vol ?": true,
        "Avez-vous obtenu le procès-verbal définitif de votre dépôt de plainte ?": true,
    });
    let read = total_theft().read_answers(wire.as_object().unwrap()).unwrap();
    assert_eq!(read.len(), 6);
    assert_eq!(json!(total_theft().wire_questions(&read)), wire);
}

#[test]
fn the_police_report_is_needed_once_obtained_else_the_online_summary() {
    let with = needed(&["final_police_report"], Category::Mandatory);
    assert!(with.contains(&"final_police_report") && !with.contains(&"online_report_summary"));
    let without = needed(&[], Category::Mandatory);
    assert!(without.contains(&"online_report_summary") && !without.contains(&"final_police_report"));
    let documents = total_theft().document("Dépôt de plainte").unwrap();
    assert_eq!(documents.id, "final_police_report");
}

#[test]
fn the_photo_of_lock_and_battery_keys_is_always_needed() {
    for yes in [&QUESTIONS[..], &[]] {
        assert!(needed(yes, Category::Mandatory).contains(&"lock_and_battery_keys_photo"));
    }
}

#[test]
fn the_photo_of_the_battery_is_needed_for_an_electric_bike_without_it() {
    assert!(needed(&["electric"], Category::Mandatory).contains(&"battery_photo"));
    assert!(!needed(&["electric", "battery_on_bike"], Category::Mandatory).contains(&"battery_photo"));
    assert!(!needed(&[], Category::Mandatory).contains(&"battery_photo"));
}

#[test]
fn the_photo_of_the_break_in_is_needed_when_there_was_one() {
    assert!(needed(&["private_place_break_in"], Category::Mandatory).contains(&"break_in_photo"));
    assert!(!needed(&[], Category::Mandatory).contains(&"break_in_photo"));
}

#[test]
fn nothing_else_is_mandatory() {
    assert_eq!(
        needed(&["electric", "private_place_break_in"], Category::Mandatory),
        ["online_report_summary", "lock_and_battery_keys_photo", "battery_photo", "break_in_photo"]
    );
}

#[test]
fn rental_contract_invoice_and_marking_certificate_are_expected() {
    assert_eq!(needed(&[], Category::Expected), ["rental_contract", "purchase_invoice", "marking_certificate"]);
    assert_eq!(needed(&[], Category::Optional), [""; 0]);
}

#[test]
fn the_subtypes_are_those_of_the_contract() {
    let family = Catalogue::embedded().family_for_product("bike").unwrap();
    let all: Vec<(&str, &str)> =
        family.subtypes().map(|(kind, subtype)| (kind.id.as_str(), subtype.id.as_str())).collect();
    assert_eq!(
        all,
        [
            ("theft", "total_theft"),
            ("theft", "partial_theft"),
            ("break", "vandalism"),
            ("break", "partial_break"),
            ("break", "total_break"),
            ("break", "failure"),
        ]
    );
}
