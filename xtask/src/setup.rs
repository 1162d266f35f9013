//! Installs what the chores need and a machine may not have.

use std::process::{Command, Stdio};

/// The runner of the tests, and the browser that looks at the pages.
pub fn for_tests() -> Result<(), String> {
    compiler()?;
    if !answers("chromium", &["--version"]) {
        install("chromium", "Chromium, the browser of the page tests")?;
    }
    if !answers("cargo", &["nextest", "--version"]) {
        println!("Installing cargo-nextest, the test runner (once, some minutes) ...");
        crate::chores::run(Command::new("cargo").args(["install", "cargo-nextest", "--locked"]))?;
    }
    for component in ["fmt", "clippy"] {
        if !answers("cargo", &[component, "--version"]) {
            return Err(format!("`cargo {component}` is missing: rustup component add rustfmt clippy"));
        }
    }
    Ok(())
}

/// A C compiler: SQLite is built from its source.
pub fn compiler() -> Result<(), String> {
    if answers("cc", &["--version"]) {
        return Ok(());
    }
    install("build-essential", "a C compiler")
}

/// Installs a Debian package, or says what is missing.
fn install(package: &str, what: &str) -> Result<(), String> {
    let missing = || format!("{what} is missing; on Debian: apt-get install {package}");
    if !answers("apt-get", &["--version"]) {
        return Err(missing());
    }
    println!("Installing {what} ({package}) ...");
    let apt = |arguments: &[&str]| {
        crate::chores::run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-qq"]).map_err(|_told| missing())?;
    apt(&["install", "-y", "-qq", "--no-install-recommends", package]).map_err(|_told| missing())
}

fn answers(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
