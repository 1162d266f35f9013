//! Checks the dependencies between crates, as `docs/architecture.md` shows them: a dependency that is not
//! listed here fails the test run.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// Each crate with the crates that it may use. Crates for tests and measurements are in [`TOOLS`].
const LAYERS: &[(&str, &[&str])] = &[
    ("constat-domain", &[]),
    ("constat-availability", &["constat-domain"]),
    ("constat-store", &["constat-domain"]),
    ("constat-wire", &["constat-domain"]),
    ("constat-media", &["constat-domain"]),
    ("constat-tables", &["constat-domain"]),
    ("constat-client", &["constat-domain", "constat-wire"]),
    ("constat-core", &["constat-domain", "constat-availability", "constat-store"]),
    ("constat-scheduling", &["constat-domain", "constat-availability", "constat-store", "constat-core"]),
    ("constat-claims", &["constat-domain", "constat-store", "constat-media", "constat-tables", "constat-core"]),
    (
        "constat-administration",
        &["constat-domain", "constat-availability", "constat-store", "constat-tables", "constat-core"],
    ),
    (
        "constat-http",
        &[
            "constat-domain",
            "constat-core",
            "constat-scheduling",
            "constat-claims",
            "constat-administration",
            "constat-tables",
            "constat-wire",
        ],
    ),
    ("constat-jobs", &["constat-domain", "constat-core", "constat-scheduling", "constat-claims"]),
    (
        "constat-connectors",
        &["constat-domain", "constat-core", "constat-scheduling", "constat-claims", "constat-wire", "constat-client"],
    ),
    (
        "constat",
        &[
            "constat-domain",
            "constat-availability",
            "constat-core",
            "constat-scheduling",
            "constat-claims",
            "constat-administration",
            "constat-tables",
            "constat-store",
            "constat-http",
            "constat-connectors",
            "constat-jobs",
            "constat-media",
            "constat-client",
        ],
    ),
    ("xtask", &[]),
];

/// Crates that only tests and measurements may depend on. They may use every other crate.
const TOOLS: &[&str] = &["constat-testkit", "constat-bench", "constat-crash"];

/// Crates that must stay pure: no runtime, no I/O, no database.
const PURE: &[&str] = &["constat-domain", "constat-availability", "constat-wire", "constat-media", "constat-tables"];
const IMPURE_CRATES: &[&str] = &["tokio", "diesel", "reqwest", "axum", "object_store", "rand_core"];

fn metadata() -> Value {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo metadata runs");
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// The normal and build dependencies of every crate.
fn crates() -> BTreeMap<String, Vec<String>> {
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
    let crates = crates();
    let mut faults = Vec::new();
    for (name, dependencies) in &crates {
        if TOOLS.contains(&name.as_str()) {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| layer == name) else {
            faults.push(format!("{name} is a new crate: give it a line in LAYERS and in docs/architecture.md"));
            continue;
        };
        for dependency in dependencies.iter().filter(|used| crates.contains_key(*used)) {
            if !allowed.contains(&dependency.as_str()) {
                faults.push(format!("{name} must not depend on {dependency}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pure_crates_use_no_runtime_and_no_database() {
    for (name, dependencies) in crates() {
        if PURE.contains(&name.as_str()) {
            let impure: Vec<_> = dependencies.iter().filter(|used| IMPURE_CRATES.contains(&used.as_str())).collect();
            assert!(impure.is_empty(), "{name} is pure and must not use {impure:?}");
        }
    }
}

#[test]
fn every_dependency_has_its_line() {
    let page = include_str!("../../docs/dependencies.md");
    let crates = crates();
    let all = crates.values().flatten().filter(|name| !crates.contains_key(*name));
    let missing: std::collections::BTreeSet<_> = all.filter(|name| !page.contains(&format!("| `{name}` |"))).collect();
    assert!(missing.is_empty(), "docs/dependencies.md has no line for {missing:?}");
}
