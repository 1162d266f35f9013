//! Answers as handlers give them.

use aide::OperationOutput;
use axum::response::{IntoResponse, Response};
use constat_core::Answer;
use http::header::{ACCEPT, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crate::Problem;

/// An [`Answer`] on its way out. What it looks like is documented where the route is declared.
pub struct Reply(pub Answer);

impl Reply {
    /// 200 with a JSON body.
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self(Answer::json(200, body)?))
    }

    /// The same with the entity tag of a resource's version.
    #[must_use]
    pub fn with_version(mut self, version: i64) -> Self {
        self.0 = self.0.with_header(ETAG.as_str(), entity_tag(version));
        self
    }
}

/// The entity tag of a resource's version.
pub fn entity_tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The media type that the caller names first, of those that an endpoint can answer with.
pub fn first_accepted<'a>(headers: &HeaderMap, ours: &[&'a str]) -> Option<&'a str> {
    let values = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let accepted = values.collect::<Vec<_>>().join(",").to_ascii_lowercase();
    let mut named = accepted.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    named.find_map(|media| ours.iter().copied().find(|known| *known == media))
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let Answer { status, headers, content_type, body } = self.0;
        let mut response = body.into_response();
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        if let Ok(value) = HeaderValue::try_from(content_type) {
            response.headers_mut().insert(CONTENT_TYPE, value);
        }
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl OperationOutput for Reply {
    type Inner = ();
}

/// An answer that is a response already. What it looks like is documented where the route is
/// declared.
pub(crate) struct Ready(pub(crate) Response);

impl IntoResponse for Ready {
    fn into_response(self) -> Response {
        self.0
    }
}

impl OperationOutput for Ready {
    type Inner = ();
}
