//! Taking a backup.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use constat_store::queries::document_files::{self, DocumentFile};
use constat_store::{Documents, Store};
use futures_util::TryStreamExt as _;
use jiff::Timestamp;

use crate::backup::manifest::{
    BackupError, Copied, DATABASE, DOCUMENTS, FORM, MANIFEST, Manifest, create_new, digest_of, disk, empty_folder,
};

/// How often the database is copied anew because something was erased meanwhile.
const MAX_ATTEMPTS: usize = 5;

/// How many rows are read at once.
const PAGE: i64 = 1000;

/// Copies everything into a folder, which is created and must be empty, while others write. `progress` receives
/// the number of documents copied and their total.
///
/// # Errors
/// [`BackupError::NotEmpty`]; failures of the disk, the database and the document store. What was copied
/// until then is left, without a manifest.
pub async fn back_up(
    store: &Store,
    documents: &Documents,
    to: &Path,
    now: impl Fn() -> Timestamp,
    mut progress: impl FnMut(u64, u64),
) -> Result<Manifest, BackupError> {
    empty_folder(to)?;
    let folder = Documents::local(&to.join(DOCUMENTS))?;
    let database = to.join(DATABASE);
    let mut copied: BTreeMap<String, Copied> = BTreeMap::new();
    for _try in 0..MAX_ATTEMPTS {
        if database.exists() {
            std::fs::remove_file(&database).map_err(disk(&database))?;
        }
        // Before the copy: later commits may be missing.
        let taken_at = now();
        store.snapshot(&database)?;
        let Some(lost) = copy_named(store, documents, &database, &folder, &mut copied, &mut progress).await? else {
            continue;
        };
        let (size, sha256) = digest_of(&database)?;
        let manifest = Manifest {
            form: FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            taken_at,
            database: Copied { name: DATABASE.to_owned(), size, sha256 },
            documents: copied.into_values().collect(),
            lost,
        };
        write_manifest(to, &manifest)?;
        return Ok(manifest);
    }
    Err(BackupError::Restless)
}

/// Copies every document that a copy of the database names, and takes those away that it does not name:
/// erased since an earlier try. Gives the documents that are lost; nothing when one was erased meanwhile.
async fn copy_named(
    store: &Store,
    documents: &Documents,
    database: &Path,
    folder: &Documents,
    copied: &mut BTreeMap<String, Copied>,
    progress: &mut impl FnMut(u64, u64),
) -> Result<Option<Vec<String>>, BackupError> {
    let named = named_by(database)?;
    let keys: std::collections::BTreeSet<&str> = named.iter().map(|file| file.key.as_str()).collect();
    let gone: Vec<String> = copied.keys().filter(|key| !keys.contains(key.as_str())).cloned().collect();
    for key in gone {
        folder.remove(&key).await?;
        copied.remove(&key);
    }
    let mut lost = Vec::new();
    let all = named.len() as u64;
    for (done, file) in (1..).zip(&named) {
        if !copied.contains_key(&file.key) {
            match copy(documents, folder, file).await? {
                Some(copy) => _ = copied.insert(file.key.clone(), copy),
                None if store.read(|connection| document_files::exists(connection, &file.key))? => {
                    lost.push(file.key.clone());
                }
                None => return Ok(None),
            }
        }
        progress(done, all);
    }
    Ok(Some(lost))
}

/// The documents that a copy of the database names.
fn named_by(database: &Path) -> Result<Vec<DocumentFile>, BackupError> {
    Store::read_copy(database, |connection| {
        let (mut named, mut last) = (Vec::new(), String::new());
        loop {
            let page = document_files::page_after(connection, &last, PAGE)?;
            let Some(end) = page.last() else { return Ok(named) };
            last.clone_from(&end.key);
            named.extend(page);
        }
    })
}

/// Copies one document, and checks it against what the database knows of it. `None` when it is gone, or is not
/// what was uploaded: one bad document must not keep all others from being saved.
async fn copy(documents: &Documents, folder: &Documents, file: &DocumentFile) -> Result<Option<Copied>, BackupError> {
    use sha2::{Digest as _, Sha256};
    let Some(mut bytes) = documents.get(&file.key, None).await? else { return Ok(None) };
    let (mut incoming, mut digest, mut size) = (folder.incoming(&file.key), Sha256::new(), 0);
    let failed = |error: std::io::Error| BackupError::Disk { path: file.key.clone(), error };
    while let Some(piece) = bytes.try_next().await.map_err(failed)? {
        digest.update(&piece);
        size += piece.len() as u64;
        incoming.write(&piece).await?;
    }
    let sha256 = format!("{:x}", digest.finalize());
    if sha256 != file.sha256 {
        incoming.abort().await?;
        return Ok(None);
    }
    incoming.finish().await?;
    Ok(Some(Copied { name: file.key.clone(), size, sha256 }))
}

/// Whole or not at all.
fn write_manifest(to: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let (path, staged) = (to.join(MANIFEST), to.join(format!("{MANIFEST}#")));
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| BackupError::Unsound(error.to_string()))?;
    let mut file = create_new(&staged)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(disk(&staged))?;
    std::fs::rename(&staged, &path).map_err(disk(&path))?;
    // The folder's own entries, where that can be asked for.
    let _as_good_as_it_gets = std::fs::File::open(to).and_then(|folder| folder.sync_all());
    Ok(())
}
