//! PostgreSQL's own programs, and the user who may run them.

use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a test says when there is nothing to run.
const MISSING: &str = "PostgreSQL is missing: run `cargo xtask setup` (on Debian: apt-get install postgresql)";

/// Where Debian and others keep the programs of a server, which are not on the `PATH`.
const USUAL: &str = "/usr/lib/postgresql";

/// PostgreSQL as it is installed here.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
    /// User that runs a server, which refuses to be run by root. `None`: the user that runs the test.
    user: Option<(u32, u32)>,
}

impl Programs {
    /// Finds the newest version that is installed. Panics, with what to do, when there is none.
    pub fn find() -> Self {
        let folder = newest().or_else(on_the_path).expect(MISSING);
        let user = (own_user() == 0).then(|| user_named("postgres").expect(MISSING));
        Self { folder, user }
    }

    /// The folder of the programs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// One of the programs, run as a user that may run a server, away from the terminal.
    pub fn command(&self, program: &str) -> Command {
        self.foreign(&self.folder.join(program))
    }

    /// Any program, run as that user.
    pub fn foreign(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).current_dir("/").env("LC_ALL", "C");
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// Makes a folder that this user alone may enter.
    pub fn make_folder(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        self.give(folder)?;
        std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))
    }

    /// Gives a file or folder to this user.
    pub fn give(&self, path: &Path) -> io::Result<()> {
        self.user.map_or(Ok(()), |(user, group)| chown(path, Some(user), Some(group)))
    }

    /// Makes a new, empty cluster whose only role is `constat`, trusted without a password.
    pub fn make_cluster(&self, data: &Path) {
        self.make_folder(data).expect("a folder for the database");
        let mut initdb = self.command("initdb");
        initdb.args(["--username=constat", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
        let made = initdb.arg("--pgdata").arg(data).output().expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    }

    /// Runs statements with `psql`, and gives the rows that they answer as lines, columns separated
    /// by `|`. Several statements are not one transaction.
    pub fn psql(&self, url: &str, statements: &[&str]) -> Result<String, String> {
        let mut psql = Command::new(self.folder.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.env("PGCONNECT_TIMEOUT", "10").stdin(Stdio::null());
        psql.args(statements.iter().flat_map(|statement| ["--command", statement]));
        let output = psql.args(["--dbname", url]).output().map_err(|error| format!("psql: {error}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
        }
        Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
    }
}

fn newest() -> Option<PathBuf> {
    let versions = std::fs::read_dir(USUAL).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let folder = entry.path().join("bin");
        is_whole(&folder).then_some((version, folder))
    });
    versions.max().map(|(_, folder)| folder)
}

fn on_the_path() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).find(|folder| is_whole(folder))
}

fn is_whole(folder: &Path) -> bool {
    ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).exists())
}

/// User that runs this process: the owner of a file that it creates.
pub(super) fn own_user() -> u32 {
    tempfile::tempfile().and_then(|file| file.metadata()).expect("a temporary file").uid()
}

/// User and group of a name of `/etc/passwd`.
fn user_named(name: &str) -> Option<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut ids = line.split(':').skip(2).map(|id| id.parse().ok());
    Some((ids.next()??, ids.next()??))
}
