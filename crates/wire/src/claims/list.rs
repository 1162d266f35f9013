//! Queries of the claims API.

use constat_domain::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::Checker;

/// Rows of a page when the query does not say. Source: claims API v2.
const USUAL_LIMIT: i64 = 20;
/// Maximum number of rows of a page. Source: claims API v2.
const MAX_LIMIT: i64 = 100;
/// Furthest page start: beyond any user's list of claims.
const FURTHEST: i64 = 1_000_000_000;

/// Which claims to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ListScope {
    /// Drafts.
    Draft,
    /// Everything once submitted, whatever became of it.
    Submitted,
    /// Drafts that were given up (archived).
    Cancelled,
}

/// The query of `GET /claims`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimListQuery {
    /// The insured's user id.
    #[schemars(length(min = 1, max = 100), example = &"A1234567890")]
    pub user_id: String,
    /// Which claims; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ListScope>,
    /// Maximum number of claims to answer; 20 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// How many to pass over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub offset: Option<i64>,
    /// The same as `offset`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub skip: Option<i64>,
}

/// A query that was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimFilter {
    /// The insured's user id.
    pub user_id: String,
    /// Which claims; all when `None`.
    pub scope: Option<ListScope>,
    /// Maximum number of rows, 1 to 100.
    pub limit: u32,
    /// Rows to pass over.
    pub offset: u32,
}

impl ClaimListQuery {
    /// Reads the query, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<ClaimFilter, Vec<FieldError>> {
        let mut checker = Checker::new();
        checker.text("userId", &self.user_id, 1, 100);
        let limit = self.limit.unwrap_or(USUAL_LIMIT);
        checker.integer("limit", limit, 1, MAX_LIMIT);
        if let Some(skip) = self.skip {
            checker.integer("skip", skip, 0, FURTHEST);
            if self.offset.is_some_and(|offset| offset != skip) {
                checker.fail("skip", "is the same as offset: give one of them");
            }
        }
        let offset = self.offset.or(self.skip).unwrap_or(0);
        if self.offset.is_some() {
            checker.integer("offset", offset, 0, FURTHEST);
        }
        let filter = u32::try_from(limit).ok().zip(u32::try_from(offset).ok()).map(|(limit, offset)| ClaimFilter {
            user_id: self.user_id,
            scope: self.status,
            limit,
            offset,
        });
        checker.finish(filter)
    }
}

/// The query of `PUT /claims/{id}/documents`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadQuery {
    /// Submit the claim at once when every mandatory document is there.
    #[serde(default)]
    pub auto_submit: bool,
}
