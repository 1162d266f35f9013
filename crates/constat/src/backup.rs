//! `constat backup` and `constat restore`.

use constat_administration::backup::restore;
use std::path::Path;

use constat_administration::backup::{
    BackupError, DOCUMENTS, back_up, holds_a_database, read_manifest, refuse_links, verify,
};
use constat_core::Clock as _;
use constat_store::{Database, Documents};
use indicatif::{ProgressBar, ProgressStyle};

use crate::clock_and_random::SystemClock;
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::Folder;

const OWN_TOOLS: &str =
    "a PostgreSQL database is backed up with its own tools, and the documents after it: see docs/operations.md";

/// Shown on a terminal only.
fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_plain) => bar,
    }
}

/// Runs `constat backup`, beside a running server.
pub async fn backup(config: &Config, to: &Path) -> Result<(), Failure> {
    if let Database::Server { .. } = config.database {
        return Err(Failure::new(OWN_TOOLS));
    }
    let folder = Folder::existing(config)?;
    let documents = folder.documents(&config.documents)?;
    let shown = bar(0, "documents {bar:40} {pos}/{len}, {eta} left");
    let progress = |done, all| {
        shown.set_length(all);
        shown.set_position(done);
    };
    let taken = back_up(&folder.store, &documents, to, || SystemClock.now(), progress).await;
    shown.finish_and_clear();
    let manifest = taken?;
    println!(
        "Backed up to {}: the database as of {}, {} documents, {} bytes.",
        to.display(),
        manifest.taken_at.strftime("%Y-%m-%d %H:%M:%SZ"),
        manifest.documents.len(),
        manifest.size()
    );
    if !manifest.lost.is_empty() {
        let lost = manifest.lost.len();
        println!("{lost} documents were lost before: their bytes are gone, or not those that were uploaded:");
        for name in &manifest.lost {
            println!("  {name}");
        }
    }
    Ok(())
}

/// Runs `constat restore`: into a data folder that has no database yet.
pub async fn restore_backup(config: &Config, from: &Path) -> Result<(), Failure> {
    if let Database::Server { .. } = config.database {
        return Err(Failure::new(OWN_TOOLS));
    }
    let to = &config.data;
    let expected = read_manifest(from)?.size();
    if holds_a_database(to) {
        return Err(BackupError::NotEmpty(to.display().to_string()).into());
    }
    let shown = bar(expected, "checking {bar:40} {bytes}/{total_bytes}, {eta} left");
    let verified = verify(from, |bytes| shown.inc(bytes));
    shown.finish_and_clear();
    let verified = verified?;
    std::fs::create_dir_all(to).map_err(|error| Failure::new(format!("{}: {error}", to.display())))?;
    let documents = if let Some(bucket) = config.documents.bucket() {
        Documents::s3(&bucket)?
    } else {
        refuse_links(to, Path::new(DOCUMENTS))?;
        Documents::local(&to.join(DOCUMENTS))?
    };
    let shown = bar(expected, "restoring {bar:40} {bytes}/{total_bytes}, {eta} left");
    let restored = restore(&verified, from, to, &documents, |bytes| shown.inc(bytes)).await;
    shown.finish_and_clear();
    let restored = restored?;
    let taken_at = verified.manifest.taken_at.strftime("%Y-%m-%d %H:%M:%SZ");
    println!("Restored to {}: the database as of {taken_at}, {} documents.", to.display(), restored.documents);
    if restored.kept > 0 {
        println!("{} documents were in the store already and were left as they are.", restored.kept);
    }
    println!("Who was erased since then is back: erase them again (docs/operations.md), then start the server.");
    Ok(())
}
