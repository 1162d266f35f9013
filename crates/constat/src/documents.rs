//! `constat documents`: looks after the documents' bytes.

use std::process::ExitCode;

use constat_claims::document_gc;
use constat_claims::document_gc::Swept;
use constat_core::Clock as _;
use constat_store::queries::document_files;
use serde_json::json;

use crate::args::DocumentsCommand;
use crate::clock_and_random::{OsRandom, SystemClock};
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::progress;

/// Most lines of a list that are shown.
const MAX_LINES: usize = 50;

/// Runs the command.
pub async fn documents(config: &Config, command: DocumentsCommand) -> Result<ExitCode, Failure> {
    let DocumentsCommand::Sweep { repair, older_than_minutes, json } = command;
    let folder = Folder::existing(config)?;
    let (store, documents) = (&folder.store, folder.documents(&config.documents)?);
    // Each document is looked at twice: in the store, and in the database.
    let bar = progress::of_count(store.read(document_files::count)?.unsigned_abs().saturating_mul(2), "looked at");
    let now = SystemClock.now();
    let found = document_gc::sweep(store, &documents, document_gc::ago(now, older_than_minutes), || bar.inc(1)).await;
    bar.finish_and_clear();
    let found = found?;
    let (removed, asked_again) =
        if repair { document_gc::repair(store, &documents, &found, now, &OsRandom).await? } else { (0, 0) };
    let left = found.lost.len().saturating_sub(asked_again);
    if json {
        println!("{}", in_json(&found, removed, asked_again));
    } else {
        tell(&found, repair);
        if repair {
            println!("Removed {removed} stray files; {asked_again} documents are asked for again.");
            match left {
                0 => println!("Nothing is left to repair."),
                left => println!("{left} documents without bytes are on no claim and could not be asked for again."),
            }
        }
    }
    let is_right = if repair { left == 0 } else { found.is_clean() };
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn in_json(found: &Swept, removed: usize, asked_again: usize) -> serde_json::Value {
    let lost = found.lost.iter().map(|file| json!({ "declaration": file.declaration, "document": file.document }));
    json!({
        "stored": found.stored,
        "documents": found.documents,
        "stray": found.stray.iter().map(|bytes| &bytes.key).collect::<Vec<_>>(),
        "unfinished": found.unfinished.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        "lost": lost.collect::<Vec<_>>(),
        "lostAndRejected": found.rejected,
        "removed": removed,
        "askedAgain": asked_again,
    })
}

fn tell(found: &Swept, repair: bool) {
    println!("{} files in the store, {} documents in the database.", found.stored, found.documents);
    if found.rejected > 0 {
        println!("{} documents have no bytes and are rejected already: nothing to repair there.", found.rejected);
    }
    if found.is_clean() {
        let others = if found.rejected > 0 { "Every other document" } else { "Every document" };
        println!("{others} has its bytes, and all bytes have their document.");
        return;
    }
    let stray = found.stray.iter().map(|bytes| format!("{} ({} bytes)", bytes.key, bytes.size));
    list("Bytes that no document names", &stray.collect::<Vec<_>>());
    let unfinished = found.unfinished.iter().map(|path| path.display().to_string());
    list("Uploads that never ended", &unfinished.collect::<Vec<_>>());
    let lost = found.lost.iter().map(|file| format!("{} of {}", file.document, file.declaration));
    list("Documents whose bytes are gone", &lost.collect::<Vec<_>>());
    if !repair {
        println!("Repair with: constat documents sweep --repair");
    }
}

fn list(what: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    println!("{what}: {}", lines.len());
    for line in lines.iter().take(MAX_LINES) {
        println!("  {line}");
    }
    if lines.len() > MAX_LINES {
        println!("  and {} more", lines.len() - MAX_LINES);
    }
}
