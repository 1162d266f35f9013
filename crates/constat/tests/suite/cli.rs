//! The binary as its users meet it: typed commands, a server started and stopped.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The binary in a folder of its own, deaf to the machine's environment.
fn constat(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_constat"));
    command.current_dir(folder).env_clear();
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    constat(folder).args(arguments).output().expect("the binary runs")
}

/// Runs a command that must succeed and gives what it printed.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Runs a command that must fail and gives what it said.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).expect("text")
}

/// A server process. Killed, without mercy, when dropped.
struct Running {
    child: Child,
    url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Running {
    fn serve(folder: &Path) -> Self {
        let mut command = constat(folder);
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let first = lines.next().expect("a line").expect("text");
        let url = first.split_whitespace().find(|word| word.starts_with("http://")).expect("a URL").to_owned();
        // What else it says must be read, or the pipe fills.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    #[cfg(unix)]
    fn terminate(mut self) -> bool {
        let told = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        told.success() && self.child.wait().expect("it ends").success()
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn help_teaches_and_the_default_configuration_is_printed_and_accepted() {
    let folder = folder();
    let help = done(folder.path(), &["keys", "create", "--help"]);
    assert!(help.contains("Examples:") && help.contains("constat keys create --api partner"), "{help}");
    let defaults = done(folder.path(), &["config"]);
    std::fs::write(folder.path().join("constat.toml"), &defaults).unwrap();
    done(folder.path(), &["organisations", "list"]);
    std::fs::write(folder.path().join("constat.toml"), format!("listn = 1\n{defaults}")).unwrap();
    let said = refused(folder.path(), &["organisations", "list"]);
    assert!(said.contains("constat.toml") && said.contains("`listn`"), "{said}");
}

#[test]
fn a_key_is_shown_once_and_can_be_revoked() {
    let folder = folder();
    let path = folder.path();
    done(path, &["organisations", "add", "--kind", "platform", "--name", "Plateforme"]);
    let said = refused(path, &["organisations", "add", "--kind", "partner", "--name", "Plateforme"]);
    assert!(said.contains("already registered"), "{said}");
    let said = refused(path, &["organisations", "add", "--kind", "insurer", "--name", "Assureur", "--acam", "99999999"]);
    assert!(said.contains("--acam"), "{said}");
    let create = ["keys", "create", "--api", "claims", "--issuer", "Plateforme", "--holder", "Plateforme", "--mode", "test"];
    let secret = done(path, &create);
    assert!(secret.starts_with("test_"), "{secret}");
    let said = refused(path, &["keys", "create", "--api", "claims", "--issuer", "Nobody", "--holder", "Plateforme", "--mode", "test"]);
    assert!(said.contains("\"Nobody\"") && said.contains("\"Plateforme\""), "{said}");

    let listed = done(path, &["keys", "list", "--json"]);
    assert!(!listed.contains(&secret), "a secret is shown once");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let id = listed[0]["id"].as_str().unwrap();
    assert!(done(path, &["keys", "list"]).contains(id));

    done(path, &["keys", "revoke", id]);
    let listed: Value = serde_json::from_str(&done(path, &["keys", "list", "--json"])).unwrap();
    assert!(listed[0]["revokedAt"].is_string());
}

#[cfg(unix)]
#[test]
fn a_server_stops_when_told_and_says_why_it_cannot_start() {
    let (first, second) = (folder(), folder());
    let server = Running::serve(first.path());
    let address = server.url.trim_start_matches("http://").to_owned();
    let said = refused(second.path(), &["serve", "--listen", &address]);
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
    let said = refused(first.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("another server already runs") && said.contains("--data"), "{said}");
    std::fs::write(second.path().join("a-file"), "").unwrap();
    let said = refused(second.path(), &["serve", "--data", "a-file"]);
    assert!(said.contains("a-file"), "{said}");
    assert!(server.terminate(), "SIGTERM ends it well");
}
