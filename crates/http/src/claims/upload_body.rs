//! The body of an upload, in any of its three shapes: one JSON object, an array of them, or a
//! multipart form.
//!
//! A form's file goes to the store as it comes. JSON carries base64 and is held whole. Either takes a
//! share of the memory for uploads first, so that the number of senders does not matter.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, ReferenceOr, RequestBody, SchemaObject};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::{Bytes, BytesMut};
use constat_claims::ClaimService;
use constat_claims::claim::{Received, Receiving, Upload, UploadShare, forget};
use constat_core::CommandContext;
use constat_domain::claim::{Claim, MAX_DOCUMENT_BYTES, filename_of_disposition, media_type_of};
use constat_domain::refusal::ClaimRefusal;
use constat_wire::claims::{DocumentMeta, DocumentUploads, UploadDocument};
use constat_wire::common::read_json;
use futures_util::StreamExt as _;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH};
use schemars::JsonSchema;
use sha2::{Digest as _, Sha256};

use super::upload_throughput::UploadThroughput;
use crate::body::{is_json, media_type};
use crate::encoding::{Encoding, Inflating};
use crate::problem::Cause;
use crate::{Problem, Shared};

/// Largest JSON body: 64 MiB, two of the largest documents in base64.
const MAX_JSON_BYTES: usize = 64 * 1024 * 1024;

/// Largest `meta` part.
const MAX_META_BYTES: usize = 64 * 1024;

/// How much of a body is read on and thrown away after it was refused, so that its sender gets to
/// read why.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// A JSON body's share of the memory, in times its length: as it came, its text, and the bytes that
/// the text stands for.
const JSON_SHARE: usize = 3;

/// A form's share: one part on its way to the store, and what lies in buffers.
const FORM_SHARE: usize = 8 * 1024 * 1024;

/// A body that was not read yet.
pub(super) struct UploadBody(Request, UploadThroughput);

/// What was uploaded: its bytes are in the store.
pub(super) struct UploadedFiles {
    /// The files; one at least.
    pub(super) files: Vec<Upload>,
    /// Stands for the body in the idempotency digest. A form's boundary differs between two tries
    /// of one upload, so it is left out.
    pub(super) digest: Vec<u8>,
    /// Given back when the upload is done.
    pub(super) share: UploadShare,
}

impl FromRequest<Shared> for UploadBody {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        Ok(Self(request, UploadThroughput::new(shared)))
    }
}

impl UploadBody {
    /// Reads the body and throws it away, as far as that is reasonable: its sender is to read the
    /// refusal.
    pub(super) async fn discard(self) {
        let (mut stream, mut throughput) = (self.0.into_body().into_data_stream(), self.1);
        let mut seen = 0;
        while let Ok(Some(Ok(chunk))) = throughput.wait(stream.next()).await {
            throughput.received(chunk.len());
            seen += chunk.len();
            if seen > MAX_DISCARDED_BYTES {
                break;
            }
        }
    }

    /// Reads the body and brings its files into the store.
    pub(super) async fn receive(
        self,
        service: &ClaimService,
        context: &CommandContext,
        claim: &Claim,
    ) -> Result<UploadedFiles, Problem> {
        let (request, mut throughput) = (self.0, self.1);
        let media_type = media_type(&request);
        let is_json = is_json(&media_type);
        if !is_json && media_type != "multipart/form-data" {
            return Err(Cause::UnsupportedMediaType { expected: "application/json or multipart/form-data" }.into());
        }
        let encoding = Encoding::of(&request)?;
        if !is_json && encoding != Encoding::Identity {
            // Its files are compressed already; they go to the store as they come.
            return Err(Cause::UnsupportedContentEncoding.into());
        }
        // What a compressed body inflates to is not known before.
        let told = if encoding == Encoding::Gzip { MAX_JSON_BYTES } else { length(&request).min(MAX_JSON_BYTES) };
        let share = if is_json { JSON_SHARE * told } else { FORM_SHARE };
        let share = service.upload_memory.take(context.caller.key, share).await?;
        let mut received = Vec::new();
        let read = if is_json {
            read_files(request, service, context, claim, &mut throughput, &mut received).await
        } else {
            let form = Multipart::from_request(request, &()).await;
            let form = form.map_err(|_no_boundary| Problem::field("Content-Type", "the form's boundary is missing"))?;
            read_form(form, service, context, claim, &mut throughput, &mut received).await
        };
        match read {
            Ok((files, digest)) => Ok(UploadedFiles { files, digest, share }),
            Err(problem) => {
                let keys: Vec<String> = received.into_iter().map(|file: Received| file.key).collect();
                forget(&service.documents, &keys).await;
                Err(problem)
            }
        }
    }
}

/// How long a body says that it is; the longest that is taken when it does not say.
fn length(request: &Request) -> usize {
    let told = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    told.unwrap_or(MAX_JSON_BYTES)
}

type Read = (Vec<Upload>, Vec<u8>);

async fn read_files(
    request: Request,
    service: &ClaimService,
    context: &CommandContext,
    claim: &Claim,
    throughput: &mut UploadThroughput,
    received: &mut Vec<Received>,
) -> Result<Read, Problem> {
    let (items, digest) = read_items(request, throughput).await?;
    let mut contents = Vec::with_capacity(items.len());
    for (path, item) in items {
        let field = if path.is_empty() { "content".to_owned() } else { format!("{path}.content") };
        let bytes = decode(&item.content).ok_or_else(|| ClaimRefusal::InvalidBase64 { field: field.clone() })?;
        contents.push((path, field, UploadDocument { content: String::new(), ..item }, bytes));
    }
    // All are looked at before the first is stored.
    for (_, field, _, bytes) in &contents {
        if bytes.len() as u64 > MAX_DOCUMENT_BYTES {
            return Err(ClaimRefusal::FileTooLarge { field: field.clone(), limit: MAX_DOCUMENT_BYTES }.into());
        }
        if media_type_of(bytes).is_none() {
            return Err(ClaimRefusal::InvalidMimeType { field: field.clone() }.into());
        }
    }
    let mut files = Vec::with_capacity(contents.len());
    for (path, field, item, bytes) in contents {
        let mut receiving = Receiving::begin(service, context, claim);
        receiving.write_all(&bytes).await?;
        let stored = receiving.finish(&field).await?;
        received.push(stored.clone());
        let UploadDocument { kind, title, filename, comment, .. } = item;
        files.push(Upload { path, kind, title, filename, comment, received: stored });
    }
    Ok((files, digest))
}

/// The documents of a JSON body, with the body's digest.
async fn read_items(
    request: Request,
    throughput: &mut UploadThroughput,
) -> Result<(Vec<(String, UploadDocument)>, Vec<u8>), Problem> {
    let mut inflating = (Encoding::of(&request)? == Encoding::Gzip).then(|| Inflating::new(MAX_JSON_BYTES));
    let expected = length(&request).min(MAX_JSON_BYTES);
    let mut stream = request.into_body().into_data_stream();
    let mut raw = BytesMut::with_capacity(if expected == MAX_JSON_BYTES { 0 } else { expected });
    let mut seen = 0;
    while let Some(chunk) = throughput.wait(stream.next()).await? {
        let chunk = chunk.map_err(|_broken| Problem::field("", "the body ended early"))?;
        throughput.received(chunk.len());
        seen += chunk.len();
        if seen <= MAX_JSON_BYTES {
            match &mut inflating {
                Some(inflating) => inflating.write(&chunk)?,
                None => raw.extend_from_slice(&chunk),
            }
        } else {
            raw = BytesMut::new();
            if seen - MAX_JSON_BYTES > MAX_DISCARDED_BYTES {
                break;
            }
        }
    }
    if seen > MAX_JSON_BYTES {
        return Err(Cause::BodyTooLarge { limit: MAX_JSON_BYTES }.into());
    }
    let raw = match inflating {
        Some(inflating) => inflating.finish()?,
        None => raw.freeze(),
    };
    // Of what the body says, so that a repeat may be compressed or not.
    let digest = Sha256::digest(&raw);
    let uploads: DocumentUploads = read_json(&raw).map_err(Problem::invalid)?;
    let items = uploads.into_items();
    if items.is_empty() {
        return Err(Problem::field("", "expected one document at least"));
    }
    let faults: Vec<_> = items.iter().flat_map(|(path, item)| item.check(path)).collect();
    if faults.is_empty() { Ok((items, digest.to_vec())) } else { Err(Problem::invalid(faults)) }
}

fn decode(content: &str) -> Option<Bytes> {
    let text = content.as_bytes();
    // Some encoders break lines.
    let joined: Vec<u8>;
    let text = if text.iter().any(u8::is_ascii_whitespace) {
        joined = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        &joined
    } else {
        text
    };
    let decoded = if text.len() % 4 == 0 { STANDARD.decode(text) } else { STANDARD_NO_PAD.decode(text) };
    decoded.ok().map(Bytes::from)
}

async fn read_form(
    mut form: Multipart,
    service: &ClaimService,
    context: &CommandContext,
    claim: &Claim,
    throughput: &mut UploadThroughput,
    received: &mut Vec<Received>,
) -> Result<Read, Problem> {
    let mut meta: Option<Bytes> = None;
    let mut filename = None;
    let mut refused: Option<Problem> = None;
    let mut discarded = 0;
    while let Some(mut field) = throughput.wait(form.next_field()).await?.map_err(|error| malformed(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let twice = || Problem::field(name.as_str(), "this part comes twice");
        match name.as_str() {
            "meta" => match read_meta(&mut field, throughput, &mut discarded).await? {
                Ok(bytes) => {
                    if meta.replace(bytes).is_some() {
                        return Err(twice());
                    }
                }
                Err(problem) => _ = refused.get_or_insert(problem),
            },
            "file" => {
                if !received.is_empty() {
                    return Err(twice());
                }
                let disposition = field.headers().get(CONTENT_DISPOSITION);
                filename = disposition.and_then(|header| filename_of_disposition(header.as_bytes()));
                match store(&mut field, throughput, Receiving::begin(service, context, claim), &mut discarded).await? {
                    Ok(stored) => received.push(stored),
                    Err(problem) => _ = refused.get_or_insert(problem),
                }
            }
            _ => return Err(Problem::field(name.as_str(), "expected the parts meta and file")),
        }
    }
    if let Some(problem) = refused {
        return Err(problem);
    }
    let raw = meta.ok_or_else(|| Problem::field("meta", "this part is required"))?;
    let stored = received.first().cloned().ok_or_else(|| Problem::field("file", "this part is required"))?;
    let meta: DocumentMeta = read_json(&raw).map_err(|faults| {
        Problem::invalid(
            faults
                .into_iter()
                .map(|fault| constat_domain::FieldError {
                    field: if fault.field.is_empty() { "meta".to_owned() } else { format!("meta.{}", fault.field) },
                    ..fault
                })
                .collect(),
        )
    })?;
    let faults = meta.check();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let mut digest = Sha256::digest(&raw).to_vec();
    digest.extend_from_slice(stored.sha256.as_bytes());
    let upload = Upload {
        path: String::new(),
        kind: meta.kind,
        title: meta.title,
        filename: meta.filename.filter(|name| !name.trim().is_empty()).or(filename).unwrap_or_default(),
        comment: meta.comment,
        received: stored,
    };
    Ok((vec![upload], digest))
}

/// A refusal of one part is returned after the whole form was read; an unreadable form fails at once.
type Part<T> = Result<Result<T, Problem>, Problem>;

async fn read_meta(field: &mut Field<'_>, throughput: &mut UploadThroughput, discarded: &mut usize) -> Part<Bytes> {
    let mut bytes = BytesMut::new();
    let mut fits = true;
    while let Some(chunk) = next_chunk(field, throughput).await? {
        fits = fits && bytes.len() + chunk.len() <= MAX_META_BYTES;
        if fits {
            bytes.extend_from_slice(&chunk);
        } else {
            discard(chunk.len(), discarded)?;
        }
    }
    let too_large = || Problem::field("meta", format!("expected at most {MAX_META_BYTES} bytes"));
    Ok(if fits { Ok(bytes.freeze()) } else { Err(too_large()) })
}

/// Brings a file into the store as it comes.
async fn store(
    field: &mut Field<'_>,
    throughput: &mut UploadThroughput,
    mut receiving: Receiving,
    discarded: &mut usize,
) -> Part<Received> {
    while let Some(chunk) = next_chunk(field, throughput).await? {
        receiving.write(&chunk).await?;
        if receiving.is_refused() {
            discard(chunk.len(), discarded)?;
        }
    }
    Ok(receiving.finish("file").await.map_err(Problem::from))
}

async fn next_chunk(field: &mut Field<'_>, throughput: &mut UploadThroughput) -> Result<Option<Bytes>, Problem> {
    let chunk = throughput.wait(field.chunk()).await?.map_err(|error| malformed(&error))?;
    throughput.received(chunk.as_ref().map_or(0, Bytes::len));
    Ok(chunk)
}

fn discard(bytes: usize, discarded: &mut usize) -> Result<(), Problem> {
    *discarded += bytes;
    if *discarded > MAX_DISCARDED_BYTES {
        Err(Cause::BodyTooLarge { limit: MAX_DISCARDED_BYTES }.into())
    } else {
        Ok(())
    }
}

fn malformed(_error: &MultipartError) -> Problem {
    Problem::field("", "the form cannot be read: it is not well-formed multipart/form-data, or it ends early")
}

/// The form, for the document only.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document")]
struct DocumentForm {
    /// What the file is, as JSON.
    meta: DocumentMeta,
    /// The bytes.
    #[schemars(extend("format" = "binary"))]
    file: String,
}

impl OperationInput for UploadBody {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        let json = context.schema.subschema_for::<DocumentUploads>();
        let form = context.schema.subschema_for::<DocumentForm>();
        let shapes = [("application/json", json), ("multipart/form-data", form)].into_iter().map(|(name, schema)| {
            let schema = SchemaObject { json_schema: schema, external_docs: None, example: None };
            (name.to_owned(), MediaType { schema: Some(schema), ..MediaType::default() })
        });
        operation.request_body = Some(ReferenceOr::Item(RequestBody {
            content: shapes.collect(),
            required: true,
            ..RequestBody::default()
        }));
    }
}
