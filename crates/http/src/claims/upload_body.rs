//! The body of an upload, in any of its three shapes: one JSON object, an array of them, or a
//! multipart form.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, ReferenceOr, RequestBody, SchemaObject};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::{Bytes, BytesMut};
use constat_app::claims::Upload;
use constat_domain::claim::LARGEST_DOCUMENT;
use constat_domain::refusal::ClaimRefusal;
use constat_wire::claims::{DocumentMeta, DocumentUploads, UploadDocument};
use constat_wire::common::read_json;
use schemars::JsonSchema;
use sha2::{Digest as _, Sha256};

use crate::body::{is_json, media_type, read_bytes};
use crate::problem::Cause;
use crate::{Problem, Shared};

/// Largest JSON body: 64 MiB, two of the largest documents in base64.
const LARGEST_JSON: usize = 64 * 1024 * 1024;

/// Largest `meta` part.
const LARGEST_META: usize = 64 * 1024;

/// How much of a form is read on and thrown away after a part was too large, so that its sender
/// gets to read why.
const MOST_DISCARDED: usize = 64 * 1024 * 1024;

/// What was uploaded.
pub(super) struct UploadBody {
    /// The files; one at least.
    pub(super) files: Vec<Upload>,
    /// Stands for the body in the idempotency digest. A form's boundary differs between two tries
    /// of one upload, so it is left out.
    pub(super) digest: Vec<u8>,
}

impl FromRequest<Shared> for UploadBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _shared: &Shared) -> Result<Self, Problem> {
        let media_type = media_type(&request);
        if is_json(&media_type) {
            let raw = read_bytes(request.into_body(), LARGEST_JSON).await?;
            return from_json(&raw);
        }
        if media_type == "multipart/form-data" {
            let form = Multipart::from_request(request, &()).await;
            let form = form.map_err(|_no_boundary| Problem::field("Content-Type", "the form's boundary is missing"))?;
            return from_form(form).await;
        }
        Err(Cause::UnsupportedMediaType { expected: "application/json or multipart/form-data" }.into())
    }
}

fn from_json(raw: &Bytes) -> Result<UploadBody, Problem> {
    let uploads: DocumentUploads = read_json(raw).map_err(Problem::invalid)?;
    let items = uploads.into_items();
    if items.is_empty() {
        return Err(Problem::field("", "expected one document at least"));
    }
    let faults: Vec<_> = items.iter().flat_map(|(path, item)| item.check(path)).collect();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let files = items.into_iter().map(|(path, item)| decode(path, item)).collect::<Result<_, _>>()?;
    Ok(UploadBody { files, digest: Sha256::digest(raw).to_vec() })
}

fn decode(path: String, item: UploadDocument) -> Result<Upload, Problem> {
    let field = || if path.is_empty() { "content".to_owned() } else { format!("{path}.content") };
    let text = item.content.as_bytes();
    // Some encoders break lines.
    let joined: Vec<u8>;
    let text = if text.iter().any(u8::is_ascii_whitespace) {
        joined = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        &joined
    } else {
        text
    };
    let decoded = if text.len() % 4 == 0 { STANDARD.decode(text) } else { STANDARD_NO_PAD.decode(text) };
    let bytes = decoded.map_err(|_cause| ClaimRefusal::InvalidBase64 { field: field() })?;
    Ok(Upload {
        path,
        content_field: "content",
        kind: item.kind,
        title: item.title,
        filename: item.filename,
        comment: item.comment,
        bytes: bytes.into(),
    })
}

async fn from_form(mut form: Multipart) -> Result<UploadBody, Problem> {
    let mut meta: Option<Bytes> = None;
    let mut file: Option<(Bytes, Option<String>)> = None;
    let mut too_large: Option<Problem> = None;
    let mut discarded = 0;
    while let Some(mut field) = form.next_field().await.map_err(|error| malformed(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let filename = field.file_name().map(str::to_owned);
        let twice = || Problem::field(name.as_str(), "this part comes twice");
        let limit = match name.as_str() {
            "meta" => LARGEST_META,
            "file" => usize::try_from(LARGEST_DOCUMENT).unwrap_or(usize::MAX),
            _ => return Err(Problem::field(name.as_str(), "expected the parts meta and file")),
        };
        let Some(bytes) = read_part(&mut field, limit, &mut discarded).await? else {
            let refusal: Problem = if name == "file" {
                ClaimRefusal::FileTooLarge { field: name.clone(), limit: LARGEST_DOCUMENT }.into()
            } else {
                Problem::field(name.as_str(), format!("expected at most {limit} bytes"))
            };
            too_large.get_or_insert(refusal);
            continue;
        };
        let before =
            if name == "meta" { meta.replace(bytes).is_some() } else { file.replace((bytes, filename)).is_some() };
        if before {
            return Err(twice());
        }
    }
    if let Some(problem) = too_large {
        return Err(problem);
    }
    let raw = meta.ok_or_else(|| Problem::field("meta", "this part is required"))?;
    let (bytes, filename) = file.ok_or_else(|| Problem::field("file", "this part is required"))?;
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
    digest.extend_from_slice(&Sha256::digest(&bytes));
    let upload = Upload {
        path: String::new(),
        content_field: "file",
        kind: meta.kind,
        title: meta.title,
        filename: meta.filename.or(filename).unwrap_or_default(),
        comment: meta.comment,
        bytes,
    };
    Ok(UploadBody { files: vec![upload], digest })
}

/// One part of the form; `None` when it is larger than `limit`.
async fn read_part(field: &mut Field<'_>, limit: usize, discarded: &mut usize) -> Result<Option<Bytes>, Problem> {
    let mut bytes = BytesMut::new();
    let mut fits = true;
    while let Some(chunk) = field.chunk().await.map_err(|error| malformed(&error))? {
        if fits && bytes.len() + chunk.len() <= limit {
            bytes.extend_from_slice(&chunk);
            continue;
        }
        fits = false;
        bytes = BytesMut::new();
        *discarded += chunk.len();
        if *discarded > MOST_DISCARDED {
            return Err(Cause::BodyTooLarge { limit: MOST_DISCARDED }.into());
        }
    }
    Ok(fits.then(|| bytes.freeze()))
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
