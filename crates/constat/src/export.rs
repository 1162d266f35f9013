//! `constat export`: claims and contracts as files that an import reads again.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use constat_claims::import_export::{claims as claim_records, contracts as contract_records};
use constat_domain::claim::{Claim, Document, ending_of};
use constat_domain::tenancy::TenantId;
use constat_store::queries::{claims, contracts};
use constat_store::{Documents, Store};
use constat_tables::cells::{for_excel, guarded};
use constat_tables::lines::Column;
use constat_tables::workbook_writer::WorkbookWriter;
use futures_util::TryStreamExt as _;
use serde_json::Value;

use crate::archives::{archivist, part_of, write_archive};
use crate::args::{Export, ExportFormat, ExportTarget, ExportTo};
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::keys::find_organisation;
use crate::{private, progress};

/// Rows read at once.
const PAGE: i64 = 200;

/// Runs `constat export ...`.
pub async fn export(config: &Config, command: Export) -> Result<ExitCode, Failure> {
    let folder = Folder::existing(config)?;
    match command {
        Export::Contracts(to) => {
            let out = Out::start(&folder.store, &to)?;
            export_contracts(&folder.store, out)?;
        }
        Export::Claim { id, organisation, mode, output } => {
            let archivist = archivist(config, &folder, &organisation, mode.into())?;
            let (_id, bytes) = archivist.claim(&id).await?;
            write_archive(bytes, &output).await?;
        }
        Export::Claims { to, since, documents } => {
            let since = since.map(|day| day.to_zoned(jiff::tz::TimeZone::UTC).map(|at| at.timestamp()));
            let since = since.transpose().map_err(|error| Failure::new(format!("--since: {error}")))?;
            let beside = documents.map(|wanted| Beside::of(&to, wanted)).transpose()?;
            let store = folder.documents(&config.documents)?;
            let out = Out::start(&folder.store, &to)?;
            export_claims(&folder.store, &store, out, since, beside.as_ref()).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the records go. A file appears under its name once it is whole.
struct Out {
    tenant: TenantId,
    to: Written,
    file: Option<(PathBuf, PathBuf)>,
}

/// How records are written, and where to.
enum Written {
    Json(Box<dyn Write>),
    /// Separated by commas, for machines.
    Table(Box<dyn Write>),
    /// For Excel in French.
    ExcelTable(Box<dyn Write>),
    /// A workbook that is begun with its header.
    Workbook(Box<dyn Write>),
    Rows(Box<WorkbookWriter<Box<dyn Write>>>),
}

/// How the records are to be written, from the flags.
fn format_of(to: &ExportTo) -> Result<ExportFormat, Failure> {
    match (to.format, to.target) {
        (Some(ExportFormat::Jsonl), Some(_)) => {
            Err(Failure::new("--for: a spreadsheet opens tables only; leave --format out, or use --format xlsx"))
        }
        (Some(format), _) => Ok(format),
        (None, target) => {
            let ending = to.output.as_ref().and_then(|path| path.extension()).and_then(|ending| ending.to_str());
            Ok(match ending.map(str::to_lowercase).as_deref() {
                Some("xlsx") => ExportFormat::Xlsx,
                Some("csv") => ExportFormat::Csv,
                _ if target.is_some() => ExportFormat::Csv,
                _ => ExportFormat::Jsonl,
            })
        }
    }
}

impl Out {
    fn start(store: &Store, to: &ExportTo) -> Result<Self, Failure> {
        let organisation = find_organisation(store, &to.organisation)?;
        let tenant = TenantId { org: organisation.id, mode: to.mode.into() };
        let format = format_of(to)?;
        let (writer, file): (Box<dyn Write>, _) = match &to.output {
            None => (Box::new(BufWriter::new(std::io::stdout().lock())), None),
            Some(path) => {
                let part = part_of(path);
                let fails = |error| Failure::new(format!("{}: {error}", part.display()));
                let file = private::create(&part).map_err(fails)?;
                (Box::new(BufWriter::new(file)), Some((part, path.clone())))
            }
        };
        let to = match (format, to.target) {
            (ExportFormat::Jsonl, _) => Written::Json(writer),
            (ExportFormat::Csv, None) => Written::Table(writer),
            (ExportFormat::Csv, Some(ExportTarget::Excel)) => Written::ExcelTable(writer),
            (ExportFormat::Xlsx, _) => Written::Workbook(writer),
        };
        Ok(Self { tenant, to, file })
    }

    const fn is_table(&self) -> bool {
        !matches!(self.to, Written::Json(_))
    }

    /// Begins a table of what the columns are, under that name.
    fn header(mut self, columns: &[Column], name: &str) -> Result<Self, Failure> {
        let names = columns.iter().map(|column| column.name);
        self.to = match self.to {
            Written::Table(mut writer) => {
                write_cells(&mut writer, b',', names)?;
                Written::Table(writer)
            }
            Written::ExcelTable(mut writer) => {
                // The mark by which Excel knows UTF-8.
                writer.write_all("\u{feff}".as_bytes())?;
                write_cells(&mut writer, b';', names)?;
                Written::ExcelTable(writer)
            }
            Written::Workbook(writer) => Written::Rows(Box::new(WorkbookWriter::start(writer, name, columns)?)),
            other => other,
        };
        Ok(self)
    }

    fn row(&mut self, columns: &[Column], cells: &[String]) -> Result<(), Failure> {
        let with_column = || columns.iter().map(|column| column.cell).zip(cells);
        match &mut self.to {
            Written::Table(writer) => {
                write_cells(writer, b',', with_column().map(|(cell, text)| guarded(cell, text).into_owned()))?;
            }
            Written::ExcelTable(writer) => {
                write_cells(writer, b';', with_column().map(|(cell, text)| for_excel(cell, text).into_owned()))?;
            }
            Written::Rows(writer) => writer.row(columns, cells)?,
            Written::Json(_) | Written::Workbook(_) => {}
        }
        Ok(())
    }

    fn record(&mut self, record: &Value) -> Result<(), Failure> {
        let Written::Json(writer) = &mut self.to else { return Ok(()) };
        serde_json::to_writer(&mut *writer, record).map_err(std::io::Error::from)?;
        Ok(writer.write_all(b"\n")?)
    }

    /// All was written: the file gets its name.
    fn finish(self, count: u64, what: &str) -> Result<(), Failure> {
        let mut writer = match self.to {
            Written::Json(writer)
            | Written::Table(writer)
            | Written::ExcelTable(writer)
            | Written::Workbook(writer) => writer,
            Written::Rows(writer) => writer.finish()?,
        };
        writer.flush()?;
        if let Some((part, path)) = self.file {
            std::fs::rename(&part, &path)?;
            // Data may go to stdout; messages go to stderr.
            eprintln!("{count} {what} exported to {}.", path.display());
        }
        Ok(())
    }
}

/// Writes one row. Excel wants its own line ends.
fn write_cells<T: AsRef<[u8]>>(
    writer: &mut impl Write,
    separator: u8,
    cells: impl Iterator<Item = T>,
) -> Result<(), Failure> {
    let end = if separator == b';' { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
    let mut writer = csv::WriterBuilder::new().delimiter(separator).terminator(end).from_writer(writer);
    writer.write_record(cells).map_err(std::io::Error::from)?;
    Ok(writer.flush()?)
}

fn export_contracts(store: &Store, out: Out) -> Result<(), Failure> {
    let tenant = out.tenant;
    let bar = progress::of_count(store.read(|c| contracts::count_of_tenant(c, &tenant))?.unsigned_abs(), "contracts");
    let mut out = out.header(contract_records::COLUMNS, "contracts")?;
    let (mut last, mut count) = (String::new(), 0);
    loop {
        let page = store.read(|c| contracts::page_of_tenant_after(c, &tenant, &last, PAGE))?;
        let Some(end) = page.last() else { break };
        last.clone_from(&end.id);
        for contract in &page {
            if out.is_table() {
                for row in contract_records::to_rows(contract) {
                    out.row(contract_records::COLUMNS, &row)?;
                }
            } else {
                out.record(&contract_records::to_record(contract))?;
            }
            count += 1;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    out.finish(count, "contracts")
}

/// A folder of documents beside the exported file.
struct Beside {
    folder: PathBuf,
    /// As the records write it.
    written: String,
}

impl Beside {
    fn of(to: &ExportTo, wanted: PathBuf) -> Result<Self, Failure> {
        let output = to.output.as_ref().ok_or_else(|| Failure::new("--documents: needs --output beside it"))?;
        if format_of(to)? != ExportFormat::Jsonl {
            return Err(Failure::new("--documents: a table has no column for documents; use --format jsonl"));
        }
        let is_plain = wanted.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let written = wanted.to_str().filter(|_| is_plain).map(str::to_owned);
        let written =
            written.ok_or_else(|| Failure::new("--documents: expected a name for a folder beside the file"))?;
        Ok(Self { folder: output.parent().unwrap_or(Path::new("")).join(wanted), written })
    }

    fn path_of(claim: &Claim, document: &Document) -> String {
        format!("{}/{}.{}", claim.declaration_id, document.id, ending_of(&document.mime_type))
    }
}

async fn export_claims(
    store: &Store,
    documents: &Documents,
    out: Out,
    since: Option<jiff::Timestamp>,
    beside: Option<&Beside>,
) -> Result<(), Failure> {
    let tenant = out.tenant;
    let bar = progress::of_count(store.read(|c| claims::count_of_tenant(c, &tenant))?.unsigned_abs(), "claims");
    let mut out = out.header(claim_records::COLUMNS, "claims")?;
    let (mut last, mut count) = (String::new(), 0);
    loop {
        let page = store.read(|c| claims::page_of_tenant_after(c, &tenant, &last, PAGE))?;
        let Some(end) = page.last() else { break };
        last = end.declaration_id.to_string();
        for claim in &page {
            bar.inc(1);
            if since.is_some_and(|since| claim.updated_at < since) {
                continue;
            }
            count += 1;
            if out.is_table() {
                out.row(claim_records::COLUMNS, &claim_records::to_row(claim))?;
                continue;
            }
            let mut there = Vec::new();
            if let Some(beside) = beside {
                for document in &claim.documents {
                    if write_document(documents, claim, document, beside).await? {
                        there.push(document.id);
                    }
                }
            }
            let file_of = |document: &Document| {
                let beside = beside.filter(|_| there.contains(&document.id))?;
                Some(format!("{}/{}", beside.written, Beside::path_of(claim, document)))
            };
            out.record(&claim_records::to_record(claim, file_of))?;
        }
    }
    bar.finish_and_clear();
    out.finish(count, "claims")
}

/// Writes a document's bytes into the folder, unless they are withheld.
async fn write_document(
    documents: &Documents,
    claim: &Claim,
    document: &Document,
    beside: &Beside,
) -> Result<bool, Failure> {
    if document.scan.withholds() {
        return Ok(false);
    }
    let Some(mut bytes) = documents.get(&document.storage_key, None).await? else { return Ok(false) };
    let path = beside.folder.join(Beside::path_of(claim, document));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = BufWriter::new(private::create(&path)?);
    while let Some(piece) = bytes.try_next().await? {
        file.write_all(&piece)?;
    }
    file.flush()?;
    Ok(true)
}
