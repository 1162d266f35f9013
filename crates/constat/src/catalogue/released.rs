//! Files that were released never change: `released.txt` beside them holds their digests, as
//! `sha256sum` writes them.

use std::path::Path;

use constat_core::read_files;
use constat_domain::catalogue::CatalogueError;
use sha2::{Digest as _, Sha256};

/// The list's name.
const LIST: &str = "released.txt";

/// What the list of a folder says of its files.
#[derive(Debug, Default, PartialEq)]
pub struct Released {
    /// Files that are not what was released.
    pub faults: Vec<CatalogueError>,
    /// The lines of files that are not listed, when there is a list.
    pub unlisted: Vec<String>,
}

/// Compares a folder's files with its list. A folder without one has nothing to compare.
pub fn check(folder: &Path) -> Result<Released, CatalogueError> {
    let mut found = Released::default();
    let path = folder.join(LIST);
    let list = match std::fs::read_to_string(&path) {
        Ok(list) => list,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(error) => {
            return Err(CatalogueError {
                file: path.display().to_string(),
                message: format!("cannot be read: {error}"),
            });
        }
    };
    let mut listed: Vec<(&str, &str)> = Vec::new();
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.split_once("  ") {
            Some(entry) => listed.push(entry),
            None => found.faults.push(CatalogueError {
                file: path.display().to_string(),
                message: format!("{line:?} is no line of sha256sum: expected a digest, two spaces and a file's name"),
            }),
        }
    }
    let present: Vec<(String, String)> = read_files(folder)?
        .into_iter()
        .map(|(path, text)| {
            let name = Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned());
            (name.unwrap_or(path), format!("{:x}", Sha256::digest(text)))
        })
        .collect();
    let mut fault = |name: &str, message: &str| {
        found
            .faults
            .push(CatalogueError { file: folder.join(name).display().to_string(), message: message.to_owned() });
    };
    for (digest, name) in &listed {
        match present.iter().find(|(file, _)| file == name) {
            None => fault(name, "was released and is gone: put it back, claims may have been declared with it"),
            Some((_, now)) if now != digest => {
                fault(name, "was released and has changed since: put it back, and make a file with a newer version");
            }
            Some(_) => {}
        }
    }
    for (name, digest) in present.iter().filter(|(name, _)| !listed.iter().any(|(_, listed)| listed == name)) {
        found.unlisted.push(format!("{digest}  {name}"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_that_come_with_the_program_are_released_and_never_change() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/catalogue"));
        assert!(folder.join(LIST).exists());
        let found = check(folder).unwrap();
        assert_eq!(found, Released::default(), "add the unlisted lines to data/catalogue/{LIST}");
    }

    #[test]
    fn a_changed_a_lost_and_a_new_file_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let line = |name: &str, text: &str| format!("{:x}  {name}\n", Sha256::digest(text));
        write("same.toml", "1");
        write("changed.toml", "2");
        write("new.toml", "3");
        assert_eq!(check(folder.path()).unwrap(), Released::default(), "no list, nothing to compare");
        write(LIST, &(line("same.toml", "1") + &line("changed.toml", "1") + &line("lost.toml", "1")));
        let found = check(folder.path()).unwrap();
        let told: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("changed.toml: was released and has changed"));
        assert!(told[1].contains("lost.toml: was released and is gone"));
        assert_eq!(found.unlisted, [line("new.toml", "3").trim()]);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_no_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(LIST), "0123 *same.toml\n\n").unwrap();
        let told = check(folder.path()).unwrap().faults;
        assert!(told.len() == 1 && told[0].message.contains("is no line of sha256sum"), "{told:?}");
        std::fs::write(folder.path().join(LIST), b"\xff\xfe").unwrap();
        assert!(check(folder.path()).unwrap_err().message.contains("cannot be read"));
    }
}
