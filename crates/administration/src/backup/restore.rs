//! Putting a backup back.

use std::io::Read as _;
use std::path::{Component, Path};

use constat_store::Documents;
use sha2::{Digest as _, Sha256};

use crate::backup::manifest::{
    BackupError, Copied, DATABASE, DOCUMENTS, FORM, MANIFEST, Manifest, create_new, digest_of, disk, is_there,
    refuse_links,
};

/// Bytes read at once.
const PIECE: usize = 1024 * 1024;

/// A backup whose every byte is what its manifest says.
pub struct Verified {
    /// What it holds.
    pub manifest: Manifest,
}

/// What was put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Documents written.
    pub documents: u64,
    /// Documents that were in the store already, to the byte.
    pub kept: u64,
}

/// Reads the manifest of a backup.
///
/// # Errors
/// [`BackupError::Unsound`] when there is none, it is a symbolic link, or it is of another form.
pub fn read_manifest(from: &Path) -> Result<Manifest, BackupError> {
    refuse_links(from, Path::new(MANIFEST))?;
    let path = from.join(MANIFEST);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message =
                format!("{} has no {MANIFEST}: it is no backup, or one that was not finished", from.display());
            return Err(BackupError::Unsound(message));
        }
        Err(error) => return Err(disk(&path)(error)),
    };
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| BackupError::Unsound(format!("{}: {error}", path.display())))?;
    if manifest.form != FORM {
        let message = format!("{}: form {}, this software reads form {FORM}", path.display(), manifest.form);
        return Err(BackupError::Unsound(message));
    }
    let is_within = |name: &str| Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if let Some(file) = manifest.documents.iter().find(|file| !is_within(&file.name)) {
        let message = format!("{}: {:?} leads out of the backup", path.display(), file.name);
        return Err(BackupError::Unsound(message));
    }
    Ok(manifest)
}

/// Reads every byte of a backup and compares it with the manifest. `progress` receives the number of bytes read.
///
/// # Errors
/// [`BackupError::Unsound`] names the first file that is missing, different, or behind a symbolic link.
pub fn verify(from: &Path, mut progress: impl FnMut(u64)) -> Result<Verified, BackupError> {
    let manifest = read_manifest(from)?;
    let folder = Path::new(DOCUMENTS);
    let documents = manifest.documents.iter().map(|file| (folder.join(&file.name), file));
    for (below, file) in std::iter::once((Path::new(DATABASE).to_owned(), &manifest.database)).chain(documents) {
        refuse_links(from, &below)?;
        let path = from.join(below);
        if !path.exists() {
            return Err(BackupError::Unsound(format!("{} is missing", path.display())));
        }
        let (size, sha256) = digest_of(&path)?;
        if (size, &sha256) != (file.size, &file.sha256) {
            return Err(BackupError::Unsound(format!("{} is not what was backed up", path.display())));
        }
        progress(size);
    }
    Ok(Verified { manifest })
}

/// Whether a data folder holds a database, or what is left of one: SQLite would take a log that stayed behind
/// for that of the database that is put beside it.
pub fn holds_a_database(folder: &Path) -> bool {
    ["", "-wal", "-journal"].iter().any(|ending| is_there(&folder.join(format!("{DATABASE}{ending}"))))
}

/// Restores a verified backup into a data folder without a database. The document store must not hold any of its
/// documents in another form. The database is written last, so an interrupted restore is not a data folder.
/// `progress` receives the number of bytes written.
///
/// # Errors
/// [`BackupError::NotEmpty`]; failures of the disk and of the document store.
pub async fn restore(
    verified: &Verified,
    from: &Path,
    to: &Path,
    documents: &Documents,
    mut progress: impl FnMut(u64),
) -> Result<Restored, BackupError> {
    if holds_a_database(to) {
        return Err(BackupError::NotEmpty(to.display().to_string()));
    }
    let mut restored = Restored { documents: 0, kept: 0 };
    let folder = Path::new(DOCUMENTS);
    for file in &verified.manifest.documents {
        refuse_links(from, &folder.join(&file.name))?;
        // Where the documents lie, unless a bucket holds them.
        refuse_links(to, &folder.join(&file.name))?;
        match documents.size(&file.name).await? {
            None => {
                write(&from.join(DOCUMENTS).join(&file.name), documents, file).await?;
                restored.documents += 1;
            }
            Some(size) if size == file.size => restored.kept += 1,
            Some(_) => return Err(BackupError::NotEmpty(format!("document {}", file.name))),
        }
        progress(file.size);
    }
    let (database, staged) = (to.join(DATABASE), to.join(format!("{DATABASE}.restoring")));
    if is_there(&staged) {
        // Left by a restore that was cut short. A symbolic link is removed, not what it leads to.
        std::fs::remove_file(&staged).map_err(disk(&staged))?;
    }
    refuse_links(from, Path::new(DATABASE))?;
    let mut source = std::fs::File::open(from.join(DATABASE)).map_err(disk(&from.join(DATABASE)))?;
    // Not a copy with the rights of the backup's file, which may be wider than those of what we write.
    let mut copy = create_new(&staged)?;
    std::io::copy(&mut source, &mut copy).and_then(|_bytes| copy.sync_all()).map_err(disk(&staged))?;
    std::fs::rename(&staged, &database).map_err(disk(&database))?;
    progress(verified.manifest.database.size);
    Ok(restored)
}

async fn write(path: &Path, documents: &Documents, file: &Copied) -> Result<(), BackupError> {
    let mut source = std::fs::File::open(path).map_err(disk(path))?;
    let (mut incoming, mut digest, mut piece) = (documents.incoming(&file.name), Sha256::new(), vec![0; PIECE]);
    loop {
        let count = source.read(&mut piece).map_err(disk(path))?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else { break };
        digest.update(read);
        incoming.write(read).await?;
    }
    if format!("{:x}", digest.finalize()) != file.sha256 {
        incoming.abort().await?;
        return Err(BackupError::Unsound(format!("{} changed while it was read", path.display())));
    }
    Ok(incoming.finish().await?)
}
