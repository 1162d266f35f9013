//! `GET /files/{token}`: the bytes behind a signed link. The token is the key.

use aide::transform::TransformOperation;
use axum::extract::{Path, State};
use axum::response::Response;
use constat_claims::claim::open_download;
use http::{HeaderMap, Method};
use schemars::JsonSchema;
use serde::Deserialize;

use super::docs as say;
use crate::{Problem, Shared, files};

/// The token in the path.
#[derive(Deserialize, JsonSchema)]
pub(super) struct FilePath {
    /// What a `downloadUrl` ends with.
    token: String,
}

pub(super) async fn download(
    State(shared): State<Shared>,
    Path(path): Path<FilePath>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let _permit = shared.acquire_without_key().await?;
    let reading = open_download(&shared.claims, &path.token)?;
    files::serve(&shared.claims, reading, &method, &headers).await
}

pub(super) fn docs(operation: TransformOperation) -> TransformOperation {
    let operation = operation.id("downloadFile").summary("Fetch a document's bytes").description(
        "What a `downloadUrl` points to: needs no key, works for one hour. Takes `Range` and `If-None-Match`. A link \
         that was given to an integrator, a partner or an insurer opens a copy without what the file says beside the \
         picture, such as when and where it was taken.",
    );
    let mut operation = files::docs(operation);
    // Instead of the contract's keys: none.
    operation.inner_mut().security = vec![aide::openapi::SecurityRequirement::default()];
    let operation = say::failure::<404>(operation, "2004 the link is not ours, or its hour is over");
    let operation =
        say::failure::<409>(operation, "3003 the document is being checked for viruses, or was quarantined");
    let operation = say::failure::<416>(operation, "1000 the range lies beyond the end, see `Content-Range`");
    say::failure::<503>(
        operation,
        "1000 the server has too much to do, or its storage does not answer, see `Retry-After`",
    )
}
