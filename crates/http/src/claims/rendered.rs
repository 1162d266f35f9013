//! Cache of rendered claim reads, valid until the claim changes or one of its deadlines ends.
//!
//! A read depends on the claim's row, on the claim's catalogue version (immutable), on the kind of reader
//! (`allowedActions` differ between handlers and integrators) and on the deadlines that are over. An answer
//! rendered for one row version and one kind of reader is valid on any node until the next deadline ends. A
//! read queries the row version and renders only on a miss. If the store knows without a query that no commit
//! has happened since the last look ([`CommitCounter`]), the version query is skipped too.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use constat_claims::claim::ClaimVersion;
use constat_core::CommitCounter;
use constat_domain::claim::Asker;
use constat_domain::ids::{DeclarationId, OrgId};
use constat_domain::tenancy::{Caller, TenantId};
use http::HeaderValue;
use http::header::{CONTENT_TYPE, ETAG};
use jiff::Timestamp;
use quick_cache::sync::Cache;

use crate::Problem;
use crate::answer::{Ready, entity_tag};

/// Maximum number of cached answers, some kilobytes each: a dozen megabytes. Those used least go first.
const MAX_ENTRIES: usize = 4_096;

/// Rendered answers by claim and kind of reader.
pub(crate) struct Rendered {
    by_claim: Cache<(DeclarationId, Asker), Arc<Kept>>,
}

impl Default for Rendered {
    fn default() -> Self {
        Self { by_claim: Cache::new(MAX_ENTRIES) }
    }
}

/// An answer in the pieces that cost nothing to send again.
struct Kept {
    tenant: TenantId,
    declared_by: OrgId,
    version: i64,
    /// When the first deadline that runs is over.
    until: Option<Timestamp>,
    tag: HeaderValue,
    body: Bytes,
    /// What was committed when the version was last seen to be the claim's.
    seen_at: Mutex<Option<CommitCounter>>,
}

impl Kept {
    fn is_right_at(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    fn is_seen_at(&self, commits: CommitCounter) -> bool {
        self.seen_at.lock().is_ok_and(|seen| *seen == Some(commits))
    }

    fn see_at(&self, commits: Option<CommitCounter>) {
        if let Ok(mut seen) = self.seen_at.lock() {
            *seen = commits;
        }
    }

    fn answer(&self) -> Ready {
        let mut response = Response::new(Body::from(self.body.clone()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(ETAG, self.tag.clone());
        Ready(response)
    }
}

/// Who reads what, when.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) caller: Caller,
    pub(crate) asker: Asker,
    pub(crate) now: Timestamp,
    /// What was committed before anything of this look was read.
    pub(crate) commits: Option<CommitCounter>,
}

impl Rendered {
    /// The answer, if nothing at all was committed since the claim's version was looked at.
    pub(crate) fn unchanged(&self, look: Look, declaration: DeclarationId) -> Option<Ready> {
        let commits = look.commits?;
        let kept = self.by_claim.get(&(declaration, look.asker))?;
        let is_theirs = look.caller.may_see(kept.tenant, kept.declared_by);
        (is_theirs && kept.is_right_at(look.now) && kept.is_seen_at(commits)).then(|| kept.answer())
    }

    /// The answer for exactly this version of the claim, which was found for the caller.
    pub(crate) fn get(&self, look: Look, of_claim: ClaimVersion) -> Option<Ready> {
        let kept = self.by_claim.get(&(of_claim.declaration, look.asker))?;
        if kept.version != of_claim.version || !kept.is_right_at(look.now) {
            return None;
        }
        kept.see_at(look.commits);
        Some(kept.answer())
    }

    /// Keeps the body that was rendered for a version and is right until an instant, and answers with it.
    pub(crate) fn keep(
        &self,
        look: Look,
        of_claim: ClaimVersion,
        until: Option<Timestamp>,
        body: String,
    ) -> Result<Ready, Problem> {
        let fault = |error| constat_core::AppError::Fault(format!("an entity tag: {error}"));
        let tag = HeaderValue::try_from(entity_tag(of_claim.version)).map_err(fault)?;
        let ClaimVersion { version, declared_by, .. } = of_claim;
        let (tenant, seen_at) = (look.caller.tenant, Mutex::new(look.commits));
        let fresh = Kept { tenant, declared_by, version, until, tag, body: body.into(), seen_at };
        let answer = fresh.answer();
        self.by_claim.insert((of_claim.declaration, look.asker), Arc::new(fresh));
        Ok(answer)
    }
}
