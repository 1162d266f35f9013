//! What each chore runs.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::setup;

/// Runs the main job against a fresh server.
pub fn demo(arguments: &[String]) -> Result<(), String> {
    setup::compiler()?;
    // The demonstration's own output may be read by a program: cargo's goes to stderr.
    run(&mut cargo(&["build", "--release", "--package", "constat"]))?;
    run(Command::new(release_binary("constat")).arg("demo").args(arguments))
}

/// Runs every check and test.
pub fn test(arguments: &[String]) -> Result<(), String> {
    let started = Instant::now();
    step("setting up", setup::for_tests)?;
    step("format", || run(&mut cargo(&["fmt", "--all", "--check"])))?;
    step("lints", || run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])))?;
    step("examples in the documentation", || run(&mut cargo(&["test", "--workspace", "--doc", "--quiet"])))?;
    let answers = answers_folder()?;
    step("tests", || run(cargo(&["nextest", "run", "--workspace"]).args(arguments).env(ANSWERS, &answers)))?;
    if arguments.is_empty() {
        let row_check = "binary_id(constat::suite) & test(=contract::each_named_test_exercises_its_row)";
        let rows = ["nextest", "run", "--workspace", "--run-ignored", "only", "--filterset", row_check];
        step("rows of the contracts", || run(cargo(&rows).env(ANSWERS, &answers)))?;
    }
    // The whole workspace and a filter: with `--package` cargo builds it again with other features.
    let on_postgres = ["nextest", "run", "--workspace", "--filterset", "binary_id(constat::suite)"];
    let on_postgres = || run(cargo(&on_postgres).args(arguments).env("CONSTAT_TEST_DATABASE", "postgres"));
    step("tests of the servers on PostgreSQL", on_postgres)?;
    println!("\nEverything passed in {} s.", started.elapsed().as_secs());
    Ok(())
}

/// Names the folder where tests record the answers that they see (`crates/testkit/src/answers.rs`).
const ANSWERS: &str = "CONSTAT_ANSWERS";

/// An empty folder for the record of a run.
fn answers_folder() -> Result<std::path::PathBuf, String> {
    let folder = target().join("answers");
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    Ok(folder)
}

/// Builds for speed and measures.
pub fn bench(arguments: &[String]) -> Result<(), String> {
    if has(arguments, "--postgres") {
        setup::for_scale()?;
    } else {
        setup::compiler()?;
    }
    run(&mut cargo(&["build", "--release", "--package", "constat-bench"]))?;
    run(Command::new(release_binary("constat-bench")).args(arguments))
}

/// Puts a server under load for minutes.
pub fn load(arguments: &[String]) -> Result<(), String> {
    bench(&[&["load".to_owned()], arguments].concat())
}

/// Measures many servers, many people, full calendars.
pub fn scale(arguments: &[String]) -> Result<(), String> {
    if !asks_for_help(arguments) && !has(arguments, "--sqlite") {
        setup::for_scale()?;
    }
    bench(&[&["scale".to_owned()], arguments].concat())
}

/// Kills servers and databases while clients book, and judges what is left.
pub fn crash(arguments: &[String]) -> Result<(), String> {
    let mut build = cargo(&["build", "--release", "--package", "constat-crash"]);
    if has(arguments, "--check") || asks_for_help(arguments) {
        setup::compiler()?;
    } else {
        setup::for_crashes()?;
        build.args(["--package", "constat"]);
    }
    run(&mut build)?;
    run(Command::new(release_binary("constat-crash")).args(arguments))
}

/// Writes the checked-in OpenAPI documents anew.
pub fn openapi() -> Result<(), String> {
    setup::for_tests()?;
    let filter = ["nextest", "run", "--package", "constat", "--test", "suite", "openapi::the_checked_in_documents"];
    run(cargo(&filter).env("UPDATE_OPENAPI", "1"))
}

fn has(arguments: &[String], word: &str) -> bool {
    arguments.iter().any(|argument| argument == word)
}

fn asks_for_help(arguments: &[String]) -> bool {
    has(arguments, "--help") || has(arguments, "-h")
}

fn step(name: &str, work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let started = Instant::now();
    println!("\n== {name}");
    work().map_err(|cause| format!("{name}: {cause}"))?;
    println!("== {name}: done in {} s", started.elapsed().as_secs());
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// The checkout's folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or_else(|| Path::new("."))
}

/// Where cargo builds.
pub fn target() -> std::path::PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}

fn release_binary(name: &str) -> std::path::PathBuf {
    target().join("release").join(name)
}

/// Runs a command to its end; an error contains the command line.
pub fn run(command: &mut Command) -> Result<(), String> {
    let words = format!("{command:?}");
    let status = command.status().map_err(|error| format!("cannot run {words}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{words} ended with {status}")) }
}
