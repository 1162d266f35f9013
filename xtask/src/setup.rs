//! Installs what the chores need and a machine may not have.

use std::process::{Command, Stdio};

/// The runner of the tests.
pub fn for_tests() -> Result<(), String> {
    compiler()?;
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
    if answers("apt-get", &["--version"]) {
        println!("Installing a C compiler (build-essential) ...");
        let installed = crate::chores::run(Command::new("apt-get").args(["install", "-y", "build-essential"]));
        if installed.is_ok() && answers("cc", &["--version"]) {
            return Ok(());
        }
    }
    Err("no C compiler: install one (Debian: apt-get install build-essential) and try again".to_owned())
}

fn answers(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
