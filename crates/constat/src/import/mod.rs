//! `constat import`: all or nothing, unless faulty lines are to be skipped.
//!
//! Every line is read and validated before the first one is saved; then all are saved in one transaction
//! (claims in batches: see `claims`). Errors are reported by line and field, and the exit code is 1.

mod claims;
mod file;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use constat_administration::{absences, experts};
use constat_claims::import_export::contracts;
use constat_core::{Clock as _, SecureRandom as _};
use constat_domain::appointment::Appointment;
use constat_domain::claim::Contract;
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::EventId;
use constat_domain::tenancy::{Organisation, OrganisationKind, TenantId};
use constat_store::Tx;
use constat_store::{Connection, Store, StoreError};
use constat_tables::lines::Column;
use constat_tables::report::Report;
use jiff::Timestamp;
use serde_json::json;

use crate::args::{Import, ImportFrom, ImportPortfolio};
use crate::catalogue::catalogues;
use crate::clock_and_random::{OsRandom, SystemClock};
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::keys::{find_organisation, operator};
use crate::progress;

/// Runs `constat import ...`.
pub async fn import(config: &Config, command: Import) -> Result<ExitCode, Failure> {
    let catalogues = catalogues(&config.settings.catalogue)?;
    let folder = Folder::open(config)?;
    let store = &folder.store;
    match command {
        Import::Claims(command) => {
            let documents = folder.documents(&config.documents)?;
            claims::import(&folder, &documents, &catalogues, &config.settings, &command).await
        }
        Import::Contracts(ImportPortfolio { from, skip_faulty }) => {
            let run = Run::start(store, &from, ("contracts", EventKind::ContractsImported), contracts::COLUMNS)?;
            let mut report = Report::default();
            let records = file::read(&from, contracts::COLUMNS, &mut report)?;
            let ready = contracts::prepare(records, catalogues.of(&run.tenant), &mut report);
            if skip_faulty {
                run.set_aside(&mut report)?;
            }
            let (now, is_table) = (SystemClock.now(), run.columns.is_some());
            let event_id = move || EventId::new(now, &OsRandom.entropy());
            let save = move |tx: &mut Tx, tenant: &TenantId, ready: &[Contract], step: &dyn Fn()| {
                contracts::save(tx, tenant, ready, is_table, now, event_id, step)
            };
            run.finish(ready, &report, save, no_visits).await
        }
        Import::Experts(from) => {
            let run = Run::start(store, &from, ("experts", EventKind::ExpertsImported), experts::COLUMNS)?;
            run.only_for_partners()?;
            let mut report = Report::default();
            let records = file::read(&from, experts::COLUMNS, &mut report)?;
            let is_table = run.columns.is_some();
            let ready: Vec<experts::Ready> = store.read(|connection| {
                experts::prepare(connection, &run.tenant, records, is_table, &operator(), &mut report)
            })?;
            let save =
                |tx: &mut Tx, tenant: &TenantId, ready: &[_], step: &dyn Fn()| experts::save(tx, tenant, ready, step);
            run.finish(ready, &report, save, no_visits).await
        }
        Import::Absences(from) => {
            let run = Run::start(store, &from, ("absences", EventKind::AbsencesImported), absences::COLUMNS)?;
            run.only_for_partners()?;
            let mut report = Report::default();
            let records = file::read(&from, absences::COLUMNS, &mut report)?;
            let ready: Vec<absences::Ready> =
                store.read(|connection| absences::prepare(connection, &run.tenant, records, &mut report))?;
            let save =
                |tx: &mut Tx, tenant: &TenantId, ready: &[_], step: &dyn Fn()| absences::save(tx, tenant, ready, step);
            run.finish(ready, &report, save, describe_visits).await
        }
    }
}

/// Most visits listed; the others are counted.
const MAX_VISITS_SHOWN: usize = 50;

/// For records that concern no booked visit.
#[expect(clippy::unnecessary_wraps, reason = "has the signature of absences::visits_within")]
fn no_visits<T>(_: &mut Connection, _: &TenantId, _: &[T], _: Timestamp) -> Result<Vec<String>, StoreError> {
    Ok(Vec::new())
}

/// The booked visits that lie in absences, a line of text for each: the line of the file, the expert, the booked time,
/// the claim and the appointment.
fn describe_visits(
    connection: &mut Connection,
    tenant: &TenantId,
    ready: &[absences::Ready],
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let found = absences::visits_within(connection, tenant, ready, now)?;
    let describe = |absences::VisitWithin { line, expert, visit }| {
        let start = visit.civil_start.strftime("%Y-%m-%d %H:%M");
        let Appointment { id, zone, case_number, request, .. } = visit;
        let claim = request.insurer_claim_id;
        format!("line {line} {expert}: visit on {start} ({zone}), claim {claim}, case {case_number}, appointment {id}")
    };
    Ok(found.into_iter().map(describe).collect())
}

/// Prints the booked visits that lie in absences.
fn print_visits(visits: &[String]) {
    if visits.is_empty() {
        return;
    }
    println!("{} booked visits lie in these absences and were not moved; move or cancel them:", visits.len());
    for visit in visits.iter().take(MAX_VISITS_SHOWN) {
        println!("  {visit}");
    }
    if visits.len() > MAX_VISITS_SHOWN {
        println!("  and {} more", visits.len() - MAX_VISITS_SHOWN);
    }
}

/// What the imports of contracts, experts and absences have in common. Claims go batch by batch.
struct Run<'a> {
    store: &'a Store,
    what: &'static str,
    event: EventKind,
    organisation: Organisation,
    tenant: TenantId,
    file: &'a Path,
    dry: bool,
    columns: Option<&'static [Column]>,
}

impl<'a> Run<'a> {
    fn start(
        store: &'a Store,
        from: &'a ImportFrom,
        (what, event): (&'static str, EventKind),
        columns: &'static [Column],
    ) -> Result<Self, Failure> {
        let organisation = find_organisation(store, &from.organisation)?;
        let tenant = TenantId { org: organisation.id, mode: from.mode.into() };
        let columns = file::format_of(&from.file)?.is_table().then_some(columns);
        Ok(Self { store, what, event, organisation, tenant, file: &from.file, dry: from.dry_run, columns })
    }

    fn only_for_partners(&self) -> Result<(), Failure> {
        if self.organisation.kind == OrganisationKind::Partner {
            return Ok(());
        }
        let Self { what, organisation, .. } = self;
        Err(Failure::new(format!("{what} belong to partner firms; {:?} is none", organisation.name)))
    }

    /// Writes the faults to a file of their own, and goes on with what is sound.
    fn set_aside(&self, report: &mut Report) -> Result<(), Failure> {
        let path = claims::errors_file(self.file);
        if report.is_empty() {
            if path.exists() {
                std::fs::remove_file(&path)?;
            }
            return Ok(());
        }
        let lines = report.lines().len();
        let mut out = std::io::BufWriter::new(crate::private::create(&path)?);
        claims::write_faults(&mut out, &report.by_line(self.columns))?;
        out.flush()?;
        println!("{lines} faulty lines were skipped: {}", path.display());
        *report = Report::default();
        Ok(())
    }

    /// Tells what is wrong, or saves everything in one transaction.
    async fn finish<T: Send + Sync + 'static>(
        self,
        ready: Vec<T>,
        report: &Report,
        save: impl FnOnce(&mut Tx, &TenantId, &[T], &dyn Fn()) -> Result<(), StoreError> + Clone + Send + 'static,
        visits: impl FnOnce(&mut Connection, &TenantId, &[T], Timestamp) -> Result<Vec<String>, StoreError>
        + Clone
        + Send
        + 'static,
    ) -> Result<ExitCode, Failure> {
        let Self { what, event, tenant, .. } = self;
        if !report.is_empty() {
            eprint!(
                "{}: {} errors, nothing imported\n{}",
                self.file.display(),
                report.len(),
                report.text(self.columns)
            );
            return Ok(ExitCode::FAILURE);
        }
        let count = ready.len();
        let now = SystemClock.now();
        if self.dry {
            println!("{count} {what} are sound. Nothing imported: this was a dry run.");
            let found: Result<_, StoreError> = self.store.read(|connection| visits(connection, &tenant, &ready, now));
            print_visits(&found?);
            return Ok(ExitCode::SUCCESS);
        }
        let progress = progress::of_count(count.try_into().unwrap_or(u64::MAX), what);
        let (ready, shown) = (Arc::new(ready), progress.clone());
        let operator = operator();
        let write = self.store.write(move |tx| {
            save(tx, &tenant, &ready, &|| shown.inc(1))?;
            operator.record(tx, tenant, tenant.org, event, json!({ "count": count }))?;
            visits(tx, &tenant, &ready, now)
        });
        let found: Result<Vec<String>, StoreError> = write.await;
        let found = found?;
        progress.finish_and_clear();
        println!("{count} {what} imported for {} ({}).", self.organisation.name, tenant.mode.as_str());
        print_visits(&found);
        Ok(ExitCode::SUCCESS)
    }
}
