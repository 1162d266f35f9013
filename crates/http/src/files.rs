//! Serving a document's bytes, as RFC 9110 wants it: entity tags, one range, `HEAD`, streaming.

use std::fmt::Write as _;

use aide::openapi::{MediaType, ReferenceOr, StatusCode};
use aide::transform::TransformOperation;
use axum::body::Body;
use axum::response::Response;
use constat_claims::ClaimService;
use constat_claims::claim::{CopyFacts, Reading, copy_bytes, copy_facts};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, IF_RANGE, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use http_range_header::{EndPosition, RangeUnsatisfiableError, StartPosition, parse_range_header};

use crate::Problem;
use crate::problem::Cause;

/// What part of a document is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// Nothing: the caller has it already.
    NotModified,
    /// All of it.
    Whole,
    /// From the first to the last byte named, both included.
    Part(u64, u64),
}

/// Answers with the document's bytes, the part of them that was asked for, or 304.
///
/// The answer is an attachment that no browser renders in our name, for this caller's cache only.
pub(crate) async fn serve(
    service: &ClaimService,
    mut reading: Reading,
    method: &Method,
    request: &HeaderMap,
) -> Result<Response, Problem> {
    reading.prepare(service).await?;
    let (document, copy) = (&reading.document, reading.copy);
    let CopyFacts { size, tag } = copy_facts(document, copy)?;
    let tag = format!("\"{tag}\"");
    let wanted = wanted(request, &tag, size)?;
    let (status, length, range) = match wanted {
        Wanted::NotModified => (http::StatusCode::NOT_MODIFIED, None, None),
        Wanted::Whole => (http::StatusCode::OK, Some(size), None),
        Wanted::Part(first, last) => (http::StatusCode::PARTIAL_CONTENT, Some(last - first + 1), Some(first..last + 1)),
    };
    let body = if method == Method::HEAD || length.is_none() {
        Body::empty()
    } else {
        let bytes = copy_bytes(service, document, copy, range).await?;
        reading.record(service).await?;
        Body::from_stream(bytes)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(ETAG, &tag);
    set(CACHE_CONTROL, "private, no-cache");
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(ACCEPT_RANGES, "bytes");
    if let Some(length) = length {
        set(CONTENT_TYPE, &document.mime_type);
        set(CONTENT_LENGTH, &length.to_string());
        set(CONTENT_DISPOSITION, &attachment(&document.safe_filename()));
    }
    if let Wanted::Part(first, last) = wanted {
        set(CONTENT_RANGE, &format!("bytes {first}-{last}/{size}"));
    }
    Ok(response)
}

/// What the document says of an endpoint that serves bytes.
pub(crate) fn docs(operation: TransformOperation) -> TransformOperation {
    let bytes = |status: u16, description: &str| {
        let mut answer = aide::openapi::Response { description: description.to_owned(), ..Default::default() };
        for media_type in ["application/pdf", "image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"] {
            answer.content.insert(media_type.to_owned(), MediaType::default());
        }
        (StatusCode::Code(status), ReferenceOr::Item(answer))
    };
    let mut operation = operation;
    let responses = operation.inner_mut().responses.get_or_insert_default();
    let not_modified = aide::openapi::Response {
        description: "The caller has it already (`If-None-Match`)".to_owned(),
        ..Default::default()
    };
    responses.responses.extend([
        bytes(200, "The bytes; the `ETag` is their SHA-256"),
        bytes(206, "The part that `Range` asked for"),
        (StatusCode::Code(304), ReferenceOr::Item(not_modified)),
    ]);
    operation
}

fn wanted(request: &HeaderMap, tag: &str, size: u64) -> Result<Wanted, Problem> {
    let text = |name: HeaderName| request.get(name).and_then(|value| value.to_str().ok());
    if text(IF_NONE_MATCH).is_some_and(|tags| names(tags, tag)) {
        return Ok(Wanted::NotModified);
    }
    // A range of another version than the one we have is answered with the whole.
    if text(IF_RANGE).is_some_and(|only| only.trim() != tag) {
        return Ok(Wanted::Whole);
    }
    let Some(range) = text(RANGE) else { return Ok(Wanted::Whole) };
    // A header that is no range is ignored, and so are several at once: both as RFC 9110 allows.
    let range = match parse_range_header(range) {
        Ok(parsed) => match parsed.ranges.as_slice() {
            [one] => *one,
            _ => return Ok(Wanted::Whole),
        },
        Err(RangeUnsatisfiableError::ZeroSuffix) => return Err(Cause::RangeNotSatisfiable { size }.into()),
        Err(_) => return Ok(Wanted::Whole),
    };
    let last = size.saturating_sub(1);
    let (first, last) = match (range.start, range.end) {
        (StartPosition::FromLast(length), _) => (size.saturating_sub(length), last),
        (StartPosition::Index(first), EndPosition::LastByte) => (first, last),
        (StartPosition::Index(first), EndPosition::Index(end)) if first <= end => (first, end.min(last)),
        (StartPosition::Index(_), EndPosition::Index(_)) => return Ok(Wanted::Whole),
    };
    if first >= size { Err(Cause::RangeNotSatisfiable { size }.into()) } else { Ok(Wanted::Part(first, last)) }
}

/// Whether a list of entity tags names ours. Compared weakly: the strength of the tag does not matter.
fn names(tags: &str, tag: &str) -> bool {
    tags.split(',').map(str::trim).any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}

/// `Content-Disposition` with the name twice: in ASCII for old readers, in UTF-8 after RFC 8187.
fn attachment(filename: &str) -> String {
    let plain: String = filename
        .chars()
        .map(|letter| {
            if letter == ' ' || letter.is_ascii_graphic() && !matches!(letter, '"' | '\\' | '%') { letter } else { '_' }
        })
        .collect();
    let encoded = filename.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
        text
    });
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(headers: &[(HeaderName, &str)]) -> Result<Wanted, Problem> {
        let request =
            headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect();
        wanted(&request, "\"abc\"", 100)
    }

    #[test]
    fn one_range_is_cut_out_and_a_range_beyond_the_end_is_refused() {
        assert_eq!(ask(&[]).unwrap(), Wanted::Whole);
        assert_eq!(ask(&[(RANGE, "bytes=0-9")]).unwrap(), Wanted::Part(0, 9));
        assert_eq!(ask(&[(RANGE, "bytes=90-")]).unwrap(), Wanted::Part(90, 99));
        assert_eq!(ask(&[(RANGE, "bytes=-10")]).unwrap(), Wanted::Part(90, 99));
        assert_eq!(ask(&[(RANGE, "bytes=0-99")]).unwrap(), Wanted::Part(0, 99));
        assert_eq!(ask(&[(RANGE, "bytes=50-500")]).unwrap(), Wanted::Part(50, 99));
        assert_eq!(ask(&[(RANGE, "bytes=-500")]).unwrap(), Wanted::Part(0, 99));
        assert!(ask(&[(RANGE, "bytes=100-")]).is_err());
        assert!(ask(&[(RANGE, "bytes=100-200")]).is_err());
        assert!(ask(&[(RANGE, "bytes=-0")]).is_err());
    }

    #[test]
    fn what_is_no_single_range_is_ignored() {
        for odd in ["lines=1-2", "bytes", "bytes=x-y", "bytes=9-0", "bytes=0-1,5-6", "", "bytes=99999999999999999999-"]
        {
            assert_eq!(ask(&[(RANGE, odd)]).unwrap(), Wanted::Whole, "{odd}");
        }
    }

    #[test]
    fn tags_decide_before_ranges() {
        assert_eq!(ask(&[(IF_NONE_MATCH, "\"x\", W/\"abc\"")]).unwrap(), Wanted::NotModified);
        assert_eq!(ask(&[(IF_NONE_MATCH, "*"), (RANGE, "bytes=0-1")]).unwrap(), Wanted::NotModified);
        assert_eq!(ask(&[(IF_NONE_MATCH, "\"x\"")]).unwrap(), Wanted::Whole);
        assert_eq!(ask(&[(IF_RANGE, "\"x\""), (RANGE, "bytes=0-1")]).unwrap(), Wanted::Whole);
        assert_eq!(ask(&[(IF_RANGE, "\"abc\""), (RANGE, "bytes=0-1")]).unwrap(), Wanted::Part(0, 1));
    }

    #[test]
    fn a_name_is_given_in_both_spellings() {
        assert_eq!(
            attachment("dépôt \"1\".pdf"),
            "attachment; filename=\"d_p_t _1_.pdf\"; filename*=UTF-8''d%C3%A9p%C3%B4t%20%221%22.pdf"
        );
    }
}
