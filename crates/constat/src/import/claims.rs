//! Claims of another system, with their history: a file of any size, read line by line.
//!
//! What was saved stays saved whatever happens afterwards, and a claim that is here already is passed
//! over: a second run goes on where the first one stopped.

use constat_claims::import_export::claims::save;
use std::collections::HashSet;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use constat_claims::import_export::claims::{COLUMNS, Judge, ReadyClaim, prepare, settle};
use constat_claims::import_export::claims::{SavedClaims, is_known};
use constat_claims::import_export::files;
use constat_client::wire::claims::shape_faults;
use constat_core::{Catalogues, Clock as _, SecureRandom as _, Settings};
use constat_domain::catalogue::Catalogue;
use constat_domain::deadlines::Deadlines;
use constat_domain::ids::EventId;
use constat_domain::tenancy::TenantId;
use constat_store::{Documents, Store};
use constat_tables::lines::{Column, Format};
use constat_tables::report::{Fault, Report};

use super::file::{self, fails, format_of};
use crate::args::{ImportFrom, ImportPortfolio};
use crate::clock_and_random::{OsRandom, SystemClock};
use crate::failure::Failure;
use crate::folder::Folder;
use crate::keys::find_organisation;
use crate::progress;

/// Claims saved in one transaction.
const BATCH: usize = 200;

/// Most faults that are kept to be shown when nothing is imported.
const MAX_ENTRIES: usize = 1_000;

/// Runs `constat import claims`.
pub async fn import(
    folder: &Folder,
    documents: &Documents,
    catalogues: &Catalogues,
    settings: &Settings,
    command: &ImportPortfolio,
) -> Result<ExitCode, Failure> {
    let from = &command.from;
    let organisation = find_organisation(&folder.store, &from.organisation)?;
    let tenant = TenantId { org: organisation.id, mode: from.mode.into() };
    let run = Run {
        store: &folder.store,
        documents,
        catalogue: catalogues.of(&tenant),
        deadlines: Arc::new(settings.deadlines.rules().map_err(|wrong| Failure::new(format!("deadlines: {wrong}")))?),
        scanned: !settings.scanner.address.is_empty(),
        tenant,
        from,
        path: &from.file,
        format: format_of(&from.file)?,
        skip_faulty: command.skip_faulty,
    };
    let mut found = Found::default();
    if from.dry_run || !command.skip_faulty {
        run.walk("checked", false, &mut found).await?;
        if found.faults > 0 && !command.skip_faulty {
            let shown = found.report.text(run.columns());
            let more = found.faults.saturating_sub(found.report.len() as u64);
            let more = if more == 0 { String::new() } else { format!("  and {more} more lines\n") };
            eprint!("{}: {} faulty lines, nothing imported\n{shown}{more}", from.file.display(), found.faults);
            return Ok(ExitCode::FAILURE);
        }
        if from.dry_run {
            println!(
                "{} claims are sound, {} faulty. Nothing imported: this was a dry run.",
                found.sound, found.faults
            );
            return Ok(if found.faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        found = Found::default();
    }
    run.walk("imported", true, &mut found).await?;
    let SavedClaims { imported, known, different } = found.saved;
    println!("{imported} claims imported for {} ({}).", organisation.name, tenant.mode.as_str());
    if known > 0 {
        println!("{known} were here already and left as they are; {different} of them are not as the file has them.");
    }
    if found.faults > 0 {
        println!("{} faulty lines were skipped: {}", found.faults, errors_file(run.path).display());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the faults of a file go.
pub fn errors_file(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".errors.jsonl");
    PathBuf::from(name)
}

/// Writes faults, a JSON object on each line.
pub fn write_faults(out: &mut impl std::io::Write, faults: &[Fault]) -> Result<(), Failure> {
    for fault in faults {
        serde_json::to_writer(&mut *out, fault).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

struct Run<'a> {
    store: &'a Store,
    documents: &'a Documents,
    catalogue: &'a Catalogue,
    deadlines: Arc<Deadlines>,
    scanned: bool,
    tenant: TenantId,
    from: &'a ImportFrom,
    path: &'a Path,
    format: Format,
    skip_faulty: bool,
}

#[derive(Default)]
struct Found {
    sound: u64,
    faults: u64,
    report: Report,
    saved: SavedClaims,
}

impl Run<'_> {
    fn columns(&self) -> Option<&'static [Column]> {
        self.format.is_table().then_some(COLUMNS)
    }

    /// Reads the file once. Checks only, or saves as well.
    async fn walk(&self, what: &'static str, saves: bool, found: &mut Found) -> Result<(), Failure> {
        let size = std::fs::metadata(self.path).map_err(|error| fails(self.path, &error))?.len();
        let bar = progress::of_bytes(size, what);
        let mut lines = file::lines(self.from, |file| bar.wrap_read(file))?;
        let folder = self.path.parent().unwrap_or(Path::new("")).to_owned();
        let mut errors = None;
        let errors_path = errors_file(self.path);
        if saves && self.skip_faulty && errors_path.exists() {
            std::fs::remove_file(&errors_path)?;
        }
        let (mut ids, mut claim_ids) = (HashSet::new(), HashSet::new());
        let mut batch = Vec::new();
        loop {
            let mut report = Report::default();
            let next = lines.next(COLUMNS, &mut report).map_err(|error| fails(self.path, &error))?;
            let is_last = next.is_none();
            if let Some(line) = next
                && let Some(mut object) = line.object
                && report.is_empty()
            {
                settle(line.line, &mut object, self.format.is_table().then_some(&line.exact), &mut report);
                let now = SystemClock.now();
                let (tenant, catalogue, scanned) = (self.tenant, self.catalogue, self.scanned);
                let judge = Judge { tenant, catalogue, now, folder: &folder, scanned, shape: shape_faults };
                let ready = self.store.read(|c| prepare(c, &judge, line.line, object, &mut report))?;
                if let Some(ready) = ready.filter(|_| report.is_empty()) {
                    if !ids.insert(ready.claim.declaration_id) {
                        report.add(line.line, "declaration_id", "an earlier line has the same claim");
                    } else if ready.claim.claim_id().is_some_and(|id| !claim_ids.insert(id)) {
                        report.add(line.line, "claim_id", "an earlier line has the same");
                    } else {
                        found.sound += 1;
                        batch.push(ready);
                    }
                }
            }
            if !report.is_empty() {
                found.faults += report.lines().len() as u64;
                if saves && self.skip_faulty {
                    let out = match &mut errors {
                        Some(out) => out,
                        None => errors.insert(BufWriter::new(crate::private::create(&errors_path)?)),
                    };
                    write_faults(out, &report.by_line(self.columns()))?;
                } else if saves {
                    return Err(Failure::new(format!("the file changed meanwhile\n{}", report.text(self.columns()))));
                } else if found.report.len() < MAX_ENTRIES {
                    found.report.append(&mut report);
                }
            }
            if batch.len() == BATCH || is_last {
                let batch = std::mem::take(&mut batch);
                if saves && !batch.is_empty() {
                    found.saved += self.save(batch).await?;
                }
            }
            if is_last {
                break;
            }
        }
        if let Some(mut errors) = errors {
            errors.flush()?;
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Stores the bytes of the new ones, then their rows: a crash between leaves bytes that the next run
    /// writes again.
    async fn save(&self, batch: Vec<ReadyClaim>) -> Result<SavedClaims, Failure> {
        for ready in &batch {
            if ready.files.is_empty() || self.store.read(|c| is_known(c, ready))?.is_some() {
                continue;
            }
            for (index, path) in &ready.files {
                if let Some(document) = ready.claim.documents.get(*index) {
                    files::store(self.documents, &document.storage_key, path).await?;
                }
            }
        }
        let now = SystemClock.now();
        let ids: Vec<EventId> = batch.iter().map(|_| EventId::new(now, &OsRandom.entropy())).collect();
        let (batch, rules) = (Arc::new(batch), Arc::clone(&self.deadlines));
        let saved: Result<SavedClaims, constat_core::AppError> =
            self.store.write(move |tx| save(tx, &rules, &batch, &ids, now)).await;
        Ok(saved?)
    }
}
