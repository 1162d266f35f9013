//! Installs what the chores need and a machine may not have.

use std::path::Path;
use std::process::{Command, Stdio};

/// The routing server that the tests run: the version of the Python package that carries it.
const OSRM: &str = "26.10.0";

/// The fuzzer of the OpenAPI documents, a Python package.
const SCHEMATHESIS: &str = "4.32.5";

/// The runner of the tests, the browser that looks at the pages, the routing server that knows the
/// roads, and the other database.
pub fn for_tests() -> Result<(), String> {
    compiler()?;
    postgres()?;
    osrm()?;
    schemathesis()?;
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

/// Both databases.
pub fn for_scale() -> Result<(), String> {
    compiler()?;
    postgres()
}

/// A cluster of PostgreSQL servers: what watches over them and promotes the standby, where it keeps
/// who leads, and what stands before them.
pub fn for_crashes() -> Result<(), String> {
    compiler()?;
    postgres()?;
    let missing: Vec<&str> = [
        ("patroni", "patroni", "--version"),
        ("etcd", "etcd-server", "--version"),
        ("/usr/sbin/haproxy", "haproxy", "-v"),
    ]
    .into_iter()
    .filter_map(|(program, package, ask)| (!answers(program, &[ask])).then_some(package))
    .collect();
    if missing.is_empty() {
        return Ok(());
    }
    // Patroni reaches etcd through a Python package that it only recommends.
    let packages = [&missing[..], &["python3-etcd", "python3-psycopg2"]].concat().join(" ");
    let services: Vec<&str> = missing.iter().map(|package| package.trim_end_matches("-server")).collect();
    without_services(&services, || install(&packages, "patroni, etcd and haproxy, the cluster of the crash test"))
}

/// PostgreSQL's programs. The tests run servers of their own.
fn postgres() -> Result<(), String> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    if versions.into_iter().any(|version| version.path().join("bin/postgres").exists()) || answers("postgres", &["-V"])
    {
        return Ok(());
    }
    without_services(&["postgresql"], || install("postgresql", "PostgreSQL"))
}

/// Installs programs that Debian would start as services, without that: they are not used, and would
/// take ports and memory.
fn without_services(services: &[&str], install: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    // Debian asks this program whether a service may start; 101 is its word for "no".
    const POLICY: &str = "/usr/sbin/policy-rc.d";
    let is_ours = !Path::new(POLICY).exists() && std::fs::write(POLICY, "#!/bin/sh\nexit 101\n").is_ok();
    #[cfg(unix)]
    if is_ours {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(POLICY, std::fs::Permissions::from_mode(0o755))
            .map_err(|error| format!("{POLICY}: {error}"))?;
    }
    let installed = install();
    if is_ours {
        std::fs::remove_file(POLICY).map_err(|error| format!("{POLICY}: {error}"))?;
    }
    for service in services {
        // A machine without systemd has nothing to say no to.
        let _not_at_the_next_boot = answers("systemctl", &["disable", "--quiet", service]);
    }
    installed
}

/// OSRM's programs, out of a Python package that carries them: no Python is needed to run them. They
/// go below `target`, where the tests look for them.
fn osrm() -> Result<(), String> {
    let tools = crate::chores::target().join("tools");
    let (folder, unpacked) = (tools.join(format!("osrm-{OSRM}")), tools.join(format!("osrm-{OSRM}.new")));
    if folder.join("osrm/bin/osrm-routed").exists() {
        return Ok(());
    }
    pip()?;
    println!("Fetching OSRM {OSRM}, the routing server of the tests ...");
    let told = |error: std::io::Error| format!("{}: {error}", unpacked.display());
    if unpacked.exists() {
        std::fs::remove_dir_all(&unpacked).map_err(told)?;
    }
    std::fs::create_dir_all(&unpacked).map_err(told)?;
    let python = |arguments: &[&str]| {
        crate::chores::run(Command::new("python3").args(arguments).current_dir(&unpacked).stdout(Stdio::null()))
    };
    let package = format!("osrm-bindings=={OSRM}");
    // Built for Python 3.12 and later; what matters here are the programs in it.
    let wheel = ["--no-deps", "--only-binary=:all:", "--python-version=3.12"];
    let words = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check"];
    python(&[&words[..], &wheel[..], &[&package]].concat())?;
    let found = std::fs::read_dir(&unpacked).map_err(told)?.filter_map(|file| Some(file.ok()?.file_name()));
    let wheels: Vec<_> = found.filter_map(|name| name.into_string().ok()).collect();
    let wheel = wheels.first().ok_or("pip fetched no package")?;
    python(&["-m", "zipfile", "-e", wheel, "."])?;
    std::fs::remove_file(unpacked.join(wheel)).map_err(told)?;
    #[cfg(unix)]
    for program in std::fs::read_dir(unpacked.join("osrm/bin")).map_err(told)? {
        use std::os::unix::fs::PermissionsExt as _;
        // The archive does not keep that they can be run.
        let path = program.map_err(told)?.path();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).map_err(told)?;
    }
    std::fs::rename(&unpacked, &folder).map_err(told)
}

/// The fuzzer and what it needs, beside OSRM: nothing is installed into the machine's own Python.
fn schemathesis() -> Result<(), String> {
    let tools = crate::chores::target().join("tools");
    let name = format!("schemathesis-{SCHEMATHESIS}");
    let (folder, fetched) = (tools.join(&name), tools.join(format!("{name}.new")));
    if folder.exists() {
        return Ok(());
    }
    pip()?;
    println!("Fetching Schemathesis {SCHEMATHESIS}, the fuzzer of the tests ...");
    let told = |error: std::io::Error| format!("{}: {error}", fetched.display());
    if fetched.exists() {
        std::fs::remove_dir_all(&fetched).map_err(told)?;
    }
    let mut python = Command::new("python3");
    python.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"]);
    python.arg("--target").arg(&fetched).arg(format!("schemathesis=={SCHEMATHESIS}"));
    crate::chores::run(&mut python)?;
    std::fs::rename(&fetched, &folder).map_err(told)
}

/// Python and its installer of packages.
fn pip() -> Result<(), String> {
    if answers("python3", &["-m", "pip", "--version"]) {
        return Ok(());
    }
    install("python3-pip", "pip, which fetches the tools of the tests")
}

/// A C compiler: SQLite is built from its source.
pub fn compiler() -> Result<(), String> {
    if answers("cc", &["--version"]) {
        return Ok(());
    }
    install("build-essential", "a C compiler")
}

/// Installs Debian packages, separated by spaces, or says what is missing.
fn install(packages: &str, what: &str) -> Result<(), String> {
    let missing = || format!("{what} is missing; on Debian: apt-get install {packages}");
    if !answers("apt-get", &["--version"]) {
        return Err(missing());
    }
    println!("Installing {what} ({packages}) ...");
    let apt = |arguments: &[&str]| {
        crate::chores::run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-qq"]).map_err(|_told| missing())?;
    let packages: Vec<&str> = packages.split(' ').collect();
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], &packages[..]].concat()).map_err(|_told| missing())
}

fn answers(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
