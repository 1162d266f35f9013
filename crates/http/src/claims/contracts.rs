//! `POST /contracts/import` and `GET /contracts/{id}`: the contract registry.

use constat_claims::import_export::import_contracts;
use std::io::Cursor;
use std::sync::Arc;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, ReferenceOr, RequestBody};
use aide::transform::TransformOperation;
use axum::extract::{FromRequest, Path, Request};
use bytes::Bytes;
use constat_claims::import_export::contracts::{COLUMNS, prepare};
use constat_claims::import_export::read_contract;
use constat_core::{Answer, AppError};
use constat_domain::catalogue::Catalogue;
use constat_domain::claim;
use constat_tables::lines::{Format, Lines};
use constat_tables::report::Report;
use constat_wire::claims::{Contract, ImportedContracts, Success};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::docs as say;
use crate::authenticated_request::{AuthenticatedRequest, Claims};
use crate::body::{media_type, read_body};
use crate::problem::Cause;
use crate::{Problem, Reply, Shared};

/// Largest import over HTTP: 4 MiB, some ten thousand contracts. They are saved in one transaction, and
/// all other writes wait behind it; the command line takes larger files.
const MAX_IMPORT_BYTES: usize = 4 * 1024 * 1024;

/// Largest workbook when unpacked: 64 MiB, the rows of 4 MiB and the spreadsheet's own parts.
const MAX_UNPACKED_BYTES: u64 = 64 * 1024 * 1024;

const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const TAKEN: &str = "application/x-ndjson, application/jsonl, text/csv or \
                     application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A file of contracts.
pub(super) struct ContractsFile {
    format: Format,
    raw: Bytes,
}

impl FromRequest<Shared> for ContractsFile {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let format = match media_type(&request).as_str() {
            "application/x-ndjson" | "application/jsonl" | "application/x-jsonlines" => Format::JsonLines,
            "text/csv" => Format::Csv,
            WORKBOOK => Format::Workbook,
            _ => return Err(Cause::UnsupportedMediaType { expected: TAKEN }.into()),
        };
        Ok(Self { format, raw: read_body(request, MAX_IMPORT_BYTES, shared).await? })
    }
}

impl OperationInput for ContractsFile {
    fn operation_input(_context: &mut GenContext, operation: &mut Operation) {
        let mut body = RequestBody { required: true, ..RequestBody::default() };
        for media in ["application/x-ndjson", "application/jsonl", "text/csv", WORKBOOK] {
            body.content.insert(media.to_owned(), MediaType::default());
        }
        operation.request_body = Some(ReferenceOr::Item(body));
    }
}

/// The id in the path.
#[derive(Deserialize, JsonSchema)]
pub(super) struct ContractPath {
    /// The contract's id in the registry.
    id: String,
}

pub(super) async fn import(request: AuthenticatedRequest<Claims>, file: ContractsFile) -> Result<Reply, Problem> {
    request.context().require_handler()?;
    let (format, raw) = (file.format, file.raw.clone());
    let catalogue = Arc::clone(request.core.catalogues.of(&request.caller.tenant));
    let read = tokio::task::spawn_blocking(move || read_all(raw, format, &catalogue));
    let ready = read.await.map_err(|error| AppError::Fault(format!("reading an import: {error}")))??;
    request
        .command(&file.raw, move |tx, context| {
            let done = import_contracts(tx, context, &ready, format.is_table())?;
            let answer = ImportedContracts { created: done.created, replaced: done.replaced };
            Answer::json(200, &Success::new(answer))
        })
        .await
}

/// All contracts of the file, or everything wrong with it.
fn read_all(raw: Bytes, format: Format, catalogue: &Catalogue) -> Result<Vec<claim::Contract>, Problem> {
    let mut report = Report::default();
    let lines = match format {
        Format::Workbook => Lines::of_workbook(Cursor::new(raw), None, MAX_UNPACKED_BYTES),
        Format::Csv | Format::JsonLines => Lines::new(Cursor::new(raw), format),
    };
    let records = lines.read_all(COLUMNS, &mut report);
    let records = records.map_err(|_unreadable| Problem::field("", "the file cannot be read"))?;
    let ready = prepare(records, catalogue, &mut report);
    if report.is_empty() && ready.is_empty() {
        return Err(Problem::field("", "the file has no contracts"));
    }
    if report.is_empty() {
        return Ok(ready);
    }
    Err(Problem::invalid(report.field_errors(format.is_table().then_some(COLUMNS))))
}

pub(super) async fn read(
    request: AuthenticatedRequest<Claims>,
    Path(path): Path<ContractPath>,
) -> Result<Reply, Problem> {
    let contract = read_contract(&request.claims, &request.caller, &path.id)?;
    let reply = Reply::ok(&Success::new(Contract::from(&contract)))?;
    // A contract has no version: its content is its tag.
    let tag = format!("\"{:x}\"", Sha256::digest(&reply.0.body));
    Ok(Reply(reply.0.with_header("etag", tag)))
}

pub(super) fn import_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<ImportedContracts>>(
        operation.id("importContracts"),
        "Import contracts into the registry",
        "For the platform's own keys. A JSON object on each line (`application/x-ndjson` or `application/jsonl`), or \
         a table (`text/csv`, or the first sheet of an .xlsx workbook) with a line for each insured thing; fields and columns are those of the command \
         `constat import contracts`. At most 4,194,304 bytes. A contract whose id is known is replaced. The whole \
         file is taken or nothing of it: `details` list what is wrong by line and field, as in \
         `line 3 holder.email`.",
        "How many were new, and how many were known",
    );
    let operation = say::failure::<400>(operation, "1000 not valid, 1002 too large, 1006 content type");
    say::handler_failures(operation)
}

pub(super) fn read_docs(operation: TransformOperation) -> TransformOperation {
    let operation = say::endpoint::<Success<Contract>>(
        operation.id("readContract"),
        "Read a contract of the registry",
        "The platform's own keys read every contract. An integrator reads one that it has declared a claim on for the \
         policyholder (same last name, and same phone number or e-mail); every other contract is not found, whether or \
         not it exists.",
        "The contract; the `ETag` changes with its content",
    );
    say::usual_failures(say::failure::<404>(operation, "2002 no such contract"))
}
