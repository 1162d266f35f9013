//! Administration on the command line: what each operation does, and the event that it records.

use constat_domain::ids::OrgId;
use constat_domain::tenancy::{Mode, TenantId};
use constat_store::queries::events::{self, Event};
use serde_json::{Value, json};

use crate::cli::{Folder, done, folder, refused, sample};

/// The id of an organisation that the command line prints.
fn add(folder: &Folder, kind: &str, name: &str) -> OrgId {
    done(folder.path(), &["organisations", "add", "--kind", kind, "--name", name]).parse().unwrap()
}

/// The events about no claim of an organisation, oldest first.
fn events_of(folder: &Folder, org: OrgId, mode: Mode) -> Vec<Event> {
    let tenant = TenantId { org, mode };
    let found = folder.store().read(|connection| events::of_tenant_after(connection, &tenant, 0, 100)).unwrap();
    found.into_iter().map(|(_position, event)| event).collect()
}

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.kind.name()).collect()
}

#[test]
fn each_operation_records_its_event_with_the_operator_as_actor() {
    let folder = folder();
    let (platform, firm) = (add(&folder, "platform", "Plateforme"), add(&folder, "partner", "Cabinet"));
    let create = ["keys", "create", "--api", "partner", "--issuer", "Cabinet", "--holder", "Plateforme"];
    let created = done(folder.path(), &[&create[..], &["--mode", "test", "--json"]].concat());
    let created: Value = serde_json::from_str(&created).unwrap();
    let first = created["id"].as_str().unwrap();
    let rotated: Value = serde_json::from_str(&done(folder.path(), &["keys", "rotate", first, "--json"])).unwrap();
    let second = rotated["id"].as_str().unwrap();
    assert_ne!(created["secret"], rotated["secret"]);
    for _ in 0..2 {
        done(folder.path(), &["keys", "revoke", second]);
    }
    let whose = ["--organisation", "Cabinet", "--mode", "test"];
    for (what, file) in [("experts", "experts.csv"), ("absences", "absences.csv")] {
        done(folder.path(), &[&["import", what, &sample(file)][..], &whose].concat());
    }
    done(folder.path(), &["catastrophe", "start", "Tempête", "--department", "75"]);
    for _ in 0..2 {
        done(folder.path(), &["catastrophe", "stop", "Tempête"]);
    }

    let live = events_of(&folder, firm, Mode::Live);
    assert_eq!(kinds(&live), ["organisation.added", "catastrophe.started", "catastrophe.stopped"]);
    assert_eq!((&live[0].subject, &live[0].data), (&firm.to_string(), &json!({ "kind": "partner" })));
    assert_eq!(live[1].data["departments"], json!(["75"]));
    let test = events_of(&folder, firm, Mode::Test);
    let expected = [
        "key.issued",
        "key.rotated",
        "key.revoked",
        "experts.imported",
        "absences.imported",
        "catastrophe.started",
        "catastrophe.stopped",
    ];
    assert_eq!(kinds(&test), expected, "a key that is revoked twice is revoked once");
    let subjects: Vec<&str> = test[..3].iter().map(|event| event.subject.as_str()).collect();
    assert_eq!(subjects, [first, first, second]);
    assert_eq!(test[0].data, json!({ "api": "partner", "holder": platform }));
    assert_eq!(test[1].data["replacedBy"], second);
    assert!(live.iter().chain(&test).all(|event| event.actor == "operator"));
    assert_eq!(kinds(&events_of(&folder, platform, Mode::Live)), ["organisation.added"]);
    assert!(events_of(&folder, platform, Mode::Test).is_empty());
    done(folder.path(), &["audit", "verify"]);
}

#[test]
fn what_is_refused_names_its_flag_and_records_nothing() {
    let folder = folder();
    let firm = add(&folder, "partner", "Cabinet");
    for (flags, said) in [
        (&["--kind", "partner", "--name", "Cabinet"][..], "already registered"),
        (&["--kind", "partner", "--name", "  "], "--name must have 1 to 200 characters"),
        (&["--kind", "partner", "--name", "Firme", "--acam", "02000402"], "--acam is for insurers only"),
        (&["--kind", "insurer", "--name", "Assureur", "--acam", "99999999"], "--acam unknown code"),
    ] {
        let told = refused(folder.path(), &[&["organisations", "add"][..], flags].concat());
        assert!(told.contains(said), "{said} is not in {told}");
    }
    let create = ["keys", "create", "--api", "partner", "--issuer", "Cabinet", "--holder", "Cabinet", "--mode", "live"];
    let long = "x".repeat(201);
    let told = refused(folder.path(), &[&create[..], &["--label", &long]].concat());
    assert!(told.contains("--label must have at most 200 characters"), "{told}");
    let key: Value = serde_json::from_str(&done(folder.path(), &[&create[..], &["--json"]].concat())).unwrap();
    let id = key["id"].as_str().unwrap();
    done(folder.path(), &["keys", "revoke", id]);
    let told = refused(folder.path(), &["keys", "rotate", id]);
    assert!(told.contains("is a revoked key: issue a new one"), "{told}");
    let unknown = "key_06E3ZQK8X5V2M0TQ9R7H4B1CDS";
    for verb in ["rotate", "revoke"] {
        assert!(refused(folder.path(), &["keys", verb, unknown]).contains("there is no key"), "{verb}");
    }
    assert_eq!(kinds(&events_of(&folder, firm, Mode::Live)), ["organisation.added", "key.issued", "key.revoked"]);
}
