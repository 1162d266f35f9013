//! What a firm may get wrong in the files of its experts, and what it is answered.

use serde_json::{Value, json};

use crate::cli::{done, folder_with_organisations, refused};

const IMPORT: [&str; 7] = ["import", "experts", "experts.jsonl", "--organisation", "Cabinet", "--mode", "test"];

/// A sound expert.
fn expert(reference: &str) -> Value {
    json!({
        "reference": reference, "display_name": "Expert 017", "base": { "lat": 48.85, "lon": 2.35 },
        "skills": { "kinds": ["ESS"] }, "week": { "monday": ["09:00-12:00"] },
    })
}

#[test]
fn contradictions_and_impossible_places_are_refused_by_field_and_nothing_is_imported() {
    let folder = folder_with_organisations();
    let file = folder.path().join("experts.jsonl");
    let week = json!({ "monday": ["09:00-12:00"] });
    let summer = json!({ "from": "2026-06-01", "to": "2026-08-31", "weeks": [week] });
    let july = json!({ "from": "2026-07-01", "to": "2026-07-31", "weeks": [week, {}] });
    for (field, value, told) in [
        ("schedules", json!([summer, july]), "schedules[1]: contradicts schedules[0]"),
        ("schedules", json!([{ "from": "2026-06-01", "to": "2026-05-31", "weeks": [week] }]), "schedules[0].to:"),
        ("schedules", json!([{ "from": "2026-06-01", "weeks": [] }]), "schedules[0].weeks:"),
        (
            "schedules",
            json!([{ "from": "2026-06-01", "weeks": [{ "friday": ["09:00-12:00", "11:00-13:00"] }] }]),
            "schedules[0].weeks[0].friday:",
        ),
        ("week", json!({ "monday": ["12:00-09:00"] }), "week.monday"),
        ("week", json!({ "monday": ["09:00-12:00", "10:00-11:00"] }), "week.monday:"),
        ("exceptions", json!([{ "from": "2026-06-02", "to": "2026-06-01" }]), "exceptions[0].to:"),
        ("on_call", json!([{ "from": "2026-06-02", "to": "2026-06-01", "hours": ["09:00-12:00"] }]), "on_call[0].to:"),
        ("on_call", json!([{ "from": "2026-06-01", "to": "2026-06-01", "hours": [] }]), "on_call[0].hours:"),
        ("base", json!({ "lat": 95.0, "lon": 2.35 }), "base:"),
        ("base", json!({ "lat": 48.85, "lon": -181.0 }), "base:"),
        ("base", json!({ "zip": "00000" }), "base.zip:"),
        ("base", json!({ "zip": "41400", "city": "Nulle Part" }), "base.city: leaves several communes"),
        ("base", json!({ "zip": "75017", "city": "LYON" }), "base.city:"),
        ("zone", json!("Europe/Lutetia"), "zone: unknown time zone"),
        ("buffer_before_minutes", json!(721), "buffer_before_minutes:"),
        ("buffer_after_minutes", json!(-1), "buffer_after_minutes:"),
        ("weekly_cap", json!(-1), "weekly_cap:"),
        ("skills", json!({ "loss_natures": ["Vol/Secheresse"] }), "skills.loss_natures:"),
        ("skills", json!({ "loss_natures": ["DegatsDesEaux//CanalisationEnterree"] }), "skills.loss_natures:"),
        ("skills", json!({ "loss_natures": ["Meteorite"] }), "skills.loss_natures:"),
        ("skills", json!({ "languages": ["French"] }), "skills.languages:"),
        ("exclusions", json!({ "insurers": ["12345678"] }), "exclusions.insurers: unknown insurer"),
        ("exclusions", json!({ "insurer": [] }), "exclusions"),
        ("ties", json!(["Allianz"]), "ties: unknown insurer"),
        ("buffer_minutes", json!(10), "buffer_minutes: unknown field"),
    ] {
        let mut bad = expert("E2");
        bad[field] = value;
        std::fs::write(&file, format!("{}\n{bad}\n", expert("E1"))).unwrap();
        let said = refused(folder.path(), &IMPORT);
        assert!(said.contains("nothing imported") && said.contains(&format!("line 2 {told}")), "{told}: {said}");
    }
}

#[test]
fn a_full_record_and_an_expert_with_no_hours_are_taken() {
    let folder = folder_with_organisations();
    let mut full = expert("E1");
    for (field, value) in [
        (
            "skills",
            json!({ "kinds": ["ESS"], "languages": ["fr"],
                           "loss_natures": ["Vol", "DegatsDesEaux/FuiteRupture", "CatastropheNaturelle/Secheresse"] }),
        ),
        ("exclusions", json!({ "insurers": ["02000402"], "cases": ["SIN-2026-1"] })),
        ("ties", json!(["02000402"])),
        ("schedules", json!([{ "from": "2026-06-01", "weeks": [{ "monday": ["09:00-12:00"] }, {}] }])),
        ("on_call", json!([{ "from": "2026-06-06", "to": "2026-06-07", "hours": ["09:00-12:00"] }])),
        ("weekly_cap", json!(12)),
        ("buffer_before_minutes", json!(5)),
        ("buffer_after_minutes", json!(0)),
    ] {
        full[field] = value;
    }
    let mut idle = expert("E2");
    idle["week"] = json!({});
    std::fs::write(folder.path().join("experts.jsonl"), format!("{full}\n{idle}\n")).unwrap();
    assert!(done(folder.path(), &IMPORT).starts_with("2 experts imported"));

    // The same person from a spreadsheet.
    let csv = "reference,display_name,lat,lon,kinds,loss_natures,languages,excluded_insurers,excluded_cases,ties,\
               weekly_cap,buffer_before_minutes,buffer_after_minutes,monday\n\
               E1,Expert 017,48.85,2.35,ESS,Vol|DegatsDesEaux/FuiteRupture,fr|en,02000402,SIN-2026-1,02000402,\
               12,5,0,09:00-12:00\n";
    std::fs::write(folder.path().join("experts.csv"), csv).unwrap();
    let spreadsheet = ["import", "experts", "experts.csv", "--organisation", "Cabinet", "--mode", "test"];
    assert!(done(folder.path(), &spreadsheet).starts_with("1 experts imported"));
}
