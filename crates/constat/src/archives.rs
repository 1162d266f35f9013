//! Archives of a claim's or an insured's whole data, written to files.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use constat_claims::import_export::archive::Archivist;
use constat_core::Clock as _;
use constat_domain::tenancy::{Mode, TenantId};
use constat_store::DocumentBytes;
use futures_util::TryStreamExt as _;

use crate::catalogue::catalogues;
use crate::clock_and_random::SystemClock;
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::keys::find_organisation;
use crate::progress;

/// Makes archives of an organisation's data.
pub fn archivist(config: &Config, folder: &Folder, organisation: &str, mode: Mode) -> Result<Archivist, Failure> {
    let organisation = find_organisation(&folder.store, organisation)?;
    let tenant = TenantId { org: organisation.id, mode };
    let deadlines = config.settings.deadlines.rules().map_err(|wrong| Failure::new(format!("deadlines: {wrong}")))?;
    Ok(Archivist {
        store: folder.store.clone(),
        documents: folder.documents(&config.documents)?,
        catalogue: Arc::clone(catalogues(&config.settings.catalogue)?.of(&tenant)),
        deadlines: Arc::new(deadlines),
        tenant,
        forms: constat_http::WIRE_FORMS,
        at: SystemClock.now(),
    })
}

/// Writes an archive; it appears under its name once it is whole.
pub async fn write_archive(mut bytes: DocumentBytes, output: &Path) -> Result<(), Failure> {
    let bar = progress::of_some_bytes("archive");
    let part = part_of(output);
    let fails = |error| Failure::new(format!("{}: {error}", part.display()));
    let mut file = crate::private::create(&part).map_err(fails)?;
    while let Some(piece) = bytes.try_next().await? {
        file.write_all(&piece).map_err(fails)?;
        bar.inc(piece.len() as u64);
    }
    file.sync_all()?;
    std::fs::rename(&part, output)?;
    bar.finish_and_clear();
    println!("Written: {}", output.display());
    Ok(())
}

/// The name of a file that is not whole yet.
pub fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}
