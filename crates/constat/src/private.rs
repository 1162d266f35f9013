//! Keeps what the program writes from other users of the machine.
//!
//! The program clears the group's and others' rights from its file mode creation mask before it does
//! anything else. Every folder and file that it creates is then 0700 or 0600 from its first byte: the
//! database and SQLite's log beside it, documents, backups, exports, archives, lists of import faults,
//! temporary files; and so for the programs that it starts.

use std::fs::File;
use std::path::Path;

/// Takes the rights of the group and of others away from all that this process will create, whatever the
/// mask it was started with. Call it before anything is created.
pub fn restrict_new_files() {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        let _before = rustix::process::umask(Mode::RWXG | Mode::RWXO);
    }
}

/// Creates a file, instead of one that is there. The old one is removed first: its rights may be wider, and a
/// symbolic link in its place would have another file overwritten.
pub fn create(path: &Path) -> std::io::Result<File> {
    let new = || File::options().write(true).create_new(true).open(path);
    match new() {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            std::fs::remove_file(path)?;
            new()
        }
        outcome => outcome,
    }
}

/// The paths among these that the group or others have any right to, with their mode. Paths that are not
/// there, or cannot be looked at, are left out. A symbolic link counts as what it points to.
pub fn open_to_others<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Vec<(&'a Path, u32)> {
    let too_wide = |path: &'a Path| mode(path).filter(|mode| mode & 0o077 != 0).map(|mode| (path, mode));
    paths.into_iter().filter_map(too_wide).collect()
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).ok().map(|about| about.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> Option<u32> {
    None
}

/// What to log of a data folder that others may look into; `None` when they may not.
pub fn data_folder_warning(folder: &Path) -> Option<String> {
    const NAMES: [&str; 8] = [
        "constat.db",
        "constat.db-wal",
        "constat.db-shm",
        "constat.db-journal",
        "server.lock",
        "documents",
        "documents/documents",
        "constat.db.restoring",
    ];
    let paths: Vec<_> = std::iter::once(folder.to_owned()).chain(NAMES.map(|name| folder.join(name))).collect();
    let wide = open_to_others(paths.iter().map(std::path::PathBuf::as_path));
    if wide.is_empty() {
        return None;
    }
    let listed: Vec<String> = wide.iter().map(|(path, mode)| format!("{} ({mode:04o})", path.display())).collect();
    let folder = folder.display();
    Some(format!(
        "other users of this machine have rights to personal data and keys: {}; take them away with: chmod -R \
         go-rwx '{folder}'",
        listed.join(", ")
    ))
}

/// What to log of a configuration file that holds secrets and that others may read; `None` when they may not.
pub fn config_file_warning(file: &Path) -> Option<String> {
    let wide = open_to_others([file]);
    let (path, mode) = wide.first()?;
    let path = path.display();
    Some(format!(
        "the configuration {path} holds secrets and other users of this machine have rights to it ({mode:04o}); take \
         them away with: chmod go-rwx '{path}', or keep the secrets in the environment"
    ))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_may_look_into_is_named_with_the_command_that_mends_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("data");
        std::fs::create_dir_all(folder.join("documents")).unwrap();
        std::fs::write(folder.join("constat.db"), "").unwrap();
        set(&folder, 0o700);
        set(&folder.join("documents"), 0o700);
        set(&folder.join("constat.db"), 0o600);
        assert_eq!(data_folder_warning(&folder), None);
        for (path, mode) in [("", 0o755), ("constat.db", 0o644), ("constat.db", 0o660), ("documents", 0o711)] {
            let path = if path.is_empty() { folder.clone() } else { folder.join(path) };
            let before = std::fs::metadata(&path).unwrap().permissions().mode();
            set(&path, mode);
            let warning = data_folder_warning(&folder).unwrap();
            assert!(warning.contains(&format!("{} ({mode:04o})", path.display())), "{warning}");
            assert!(warning.contains(&format!("chmod -R go-rwx '{}'", folder.display())), "{warning}");
            set(&path, before);
        }
        let file = folder.join("constat.toml");
        std::fs::write(&file, "").unwrap();
        set(&file, 0o640);
        assert!(config_file_warning(&file).unwrap().contains("(0640)"));
        set(&file, 0o600);
        assert_eq!(config_file_warning(&file), None);
        assert_eq!(config_file_warning(&folder.join("absent.toml")), None);
    }
}
