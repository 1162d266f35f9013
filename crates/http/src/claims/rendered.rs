//! Answers to claim reads, kept as long as the claim does not change and none of its deadlines ends.
//!
//! What a read answers depends on the claim's row, on the catalogue that it was declared with, which never
//! changes, on whether a handler or an integrator reads (`allowedActions`), and on which deadlines are over.
//! The row has a version: an answer that was rendered for that version and that kind of reader is right on
//! any node until the next deadline ends. A read asks the database for the version and renders only what it
//! has not rendered yet.

use std::collections::HashMap;
use std::sync::RwLock;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use constat_app::claims::ClaimStamp;
use constat_domain::claim::Asker;
use constat_domain::ids::DeclarationId;
use http::HeaderValue;
use http::header::{CONTENT_TYPE, ETAG};
use jiff::Timestamp;

use crate::Problem;
use crate::answer::{Ready, entity_tag};

/// Most answers kept; beyond it the memory is emptied and fills again. At some kilobytes each, a
/// dozen megabytes.
const MOST_KEPT: usize = 4_096;

/// Rendered answers by claim and kind of reader.
#[derive(Default)]
pub(crate) struct Rendered {
    by_claim: RwLock<HashMap<(DeclarationId, Asker), Kept>>,
}

/// An answer in the pieces that cost nothing to send again.
#[derive(Clone)]
struct Kept {
    version: i64,
    /// When the first deadline that runs is over.
    until: Option<Timestamp>,
    tag: HeaderValue,
    body: Bytes,
}

impl From<Kept> for Ready {
    fn from(kept: Kept) -> Self {
        let mut response = Response::new(Body::from(kept.body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(ETAG, kept.tag);
        Self(response)
    }
}

impl Rendered {
    /// The answer for exactly this version of the claim, at this instant.
    pub(crate) fn get(&self, stamp: ClaimStamp, asker: Asker, now: Timestamp) -> Option<Ready> {
        let is_right = |kept: &&Kept| kept.version == stamp.version && kept.until.is_none_or(|until| now < until);
        let kept = self.by_claim.read().ok()?;
        let kept = kept.get(&(stamp.declaration, asker)).filter(is_right)?.clone();
        Some(kept.into())
    }

    /// Keeps the body that was rendered for a version and is right until an instant, and answers with it.
    pub(crate) fn keep(
        &self,
        stamp: ClaimStamp,
        asker: Asker,
        until: Option<Timestamp>,
        body: String,
    ) -> Result<Ready, Problem> {
        let fault = |error| constat_app::AppError::Fault(format!("an entity tag: {error}"));
        let tag = HeaderValue::try_from(entity_tag(stamp.version)).map_err(fault)?;
        let fresh = Kept { version: stamp.version, until, tag, body: body.into() };
        if let Ok(mut kept) = self.by_claim.write() {
            if kept.len() >= MOST_KEPT {
                kept.clear();
            }
            kept.insert((stamp.declaration, asker), fresh.clone());
        }
        Ok(fresh.into())
    }
}
