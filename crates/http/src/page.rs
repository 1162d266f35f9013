//! The insured's pages, in French: plain HTML without scripts, external resources or referrers, for phones and
//! screen readers.

use axum::response::{IntoResponse as _, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};

const STYLE: &str = include_str!("page.css");

/// A whole page around its content. Title and content are HTML already.
pub(crate) fn layout(title: &str, content: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{content}\n</main>\n\
         </body>\n</html>\n"
    )
}

/// Escapes text for HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
        out
    })
}

/// Answers with a page.
pub(crate) fn answer(status: StatusCode, html: String) -> Response {
    let robots = HeaderName::from_static("x-robots-tag");
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (robots, "noindex"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ];
    (status, headers, html).into_response()
}

/// Answers with a page that says to try again; the browser gets `Retry-After`.
pub(crate) fn try_again(html: String) -> Response {
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, html);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    response
}
