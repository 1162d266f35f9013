//! Dependencies point one way. The walls of the house, as `docs/architecture.md` draws them: an
//! edge between two rooms that is not listed here fails the test run.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// Each room with the rooms it may use. Rooms that only tests use are marked by the second list.
const WALLS: &[(&str, &[&str])] = &[
    ("constat-domain", &[]),
    ("constat-availability", &["constat-domain"]),
    ("constat-store", &["constat-domain"]),
    ("constat-wire", &["constat-domain"]),
    ("constat-print", &["constat-domain"]),
    ("constat-pictures", &[]),
    ("constat-client", &["constat-domain", "constat-wire"]),
    ("constat-app", &["constat-domain", "constat-availability", "constat-store", "constat-print"]),
    ("constat-http", &["constat-domain", "constat-app", "constat-wire"]),
    ("constat-jobs", &["constat-domain", "constat-app"]),
    ("constat-connectors", &["constat-domain", "constat-app", "constat-wire", "constat-client"]),
    (
        "constat",
        &[
            "constat-domain",
            "constat-availability",
            "constat-app",
            "constat-store",
            "constat-http",
            "constat-connectors",
            "constat-jobs",
            "constat-pictures",
            "constat-client",
        ],
    ),
    ("xtask", &[]),
];

/// Rooms that nothing but tests and measurements may depend on; they may see every other room.
const WORKSHOPS: &[&str] = &["constat-testkit", "constat-bench", "constat-crash"];

/// Rooms that must stay pure: no runtime, no I/O, no database.
const PURE: &[&str] = &["constat-domain", "constat-availability", "constat-wire", "constat-print", "constat-pictures"];
const IMPURE_CRATES: &[&str] = &["tokio", "diesel", "reqwest", "axum", "object_store", "rand_core"];

fn metadata() -> Value {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo metadata runs");
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// The normal and build dependencies of every room.
fn rooms() -> BTreeMap<String, Vec<String>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let normal = dependencies.iter().filter(|dependency| dependency["kind"].as_str() != Some("dev"));
            (text(&package["name"]), normal.map(|dependency| text(&dependency["name"])).collect())
        })
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    let rooms = rooms();
    let mut faults = Vec::new();
    for (room, dependencies) in &rooms {
        if WORKSHOPS.contains(&room.as_str()) {
            continue;
        }
        let Some((_, allowed)) = WALLS.iter().find(|(name, _)| name == room) else {
            faults.push(format!("{room} is a new room: give it a line in WALLS and in docs/architecture.md"));
            continue;
        };
        for dependency in dependencies.iter().filter(|name| rooms.contains_key(*name)) {
            if !allowed.contains(&dependency.as_str()) {
                faults.push(format!("{room} must not depend on {dependency}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_rooms_in_the_middle_stay_pure() {
    for (room, dependencies) in rooms() {
        if PURE.contains(&room.as_str()) {
            let impure: Vec<_> = dependencies.iter().filter(|name| IMPURE_CRATES.contains(&name.as_str())).collect();
            assert!(impure.is_empty(), "{room} is pure and must not use {impure:?}");
        }
    }
}

#[test]
fn every_dependency_has_its_line() {
    let page = include_str!("../../docs/dependencies.md");
    let rooms = rooms();
    let all = rooms.values().flatten().filter(|name| !rooms.contains_key(*name));
    let missing: std::collections::BTreeSet<_> = all.filter(|name| !page.contains(&format!("| `{name}` |"))).collect();
    assert!(missing.is_empty(), "docs/dependencies.md has no line for {missing:?}");
}
