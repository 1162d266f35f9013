//! The envelopes that every answer of the claims API comes in.

use constat_domain::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ClaimDocument, ClaimStatus};
use crate::common::{False, FieldFault, Instant, True};

/// It worked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Success{T}")]
pub struct Success<T> {
    /// Always `true`.
    pub success: True,
    /// What was asked for.
    pub data: T,
}

impl<T> Success<T> {
    /// Wraps an answer.
    pub const fn new(data: T) -> Self {
        Self { success: True, data }
    }
}

/// It worked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Success{T}List")]
pub struct SuccessList<T> {
    /// Always `true`.
    pub success: True,
    /// What was asked for.
    pub data: Vec<T>,
}

impl<T> SuccessList<T> {
    /// Wraps a list.
    pub const fn new(data: Vec<T>) -> Self {
        Self { success: True, data }
    }
}

/// Which part of a list this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pagination {
    /// How many there are in all.
    pub total: u64,
    /// How many were passed over.
    pub offset: u64,
    /// The most that this part could hold.
    pub limit: u64,
}

/// One part of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Success{T}Page")]
pub struct SuccessPage<T> {
    /// Always `true`.
    pub success: True,
    /// This part.
    pub data: Vec<T>,
    /// Which part it is.
    pub pagination: Pagination,
}

impl<T> SuccessPage<T> {
    /// Wraps one part of a list.
    pub const fn new(data: Vec<T>, pagination: Pagination) -> Self {
        Self { success: True, data, pagination }
    }
}

/// The word `submitted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubmittedStatus {
    /// Handed in.
    #[default]
    Submitted,
}

/// The claim was submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubmitResponse {
    /// The pre-declaration's id.
    pub id: String,
    /// The internal claim's id.
    pub claim_id: String,
    /// Always `submitted`.
    pub status: SubmittedStatus,
    /// Always `false`.
    pub can_submit: False,
    /// Whether the upload of the last document did it.
    pub auto_submitted: bool,
    /// When.
    pub submitted_at: Instant,
}

/// The documents were uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UploadAnswer {
    /// Always `true`.
    pub success: True,
    /// The documents, in the order they came in.
    pub data: Vec<ClaimDocument>,
    /// With `autoSubmit=true`, when the last mandatory document came: the claim is submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<SubmitResponse>,
}

/// The claim that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancelledClaim {
    /// The pre-declaration's id.
    pub id: String,
    /// `archived` for a draft, `abandoned` once submitted.
    pub status: ClaimStatus,
}

/// The claim was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancelAnswer {
    /// Always `true`.
    pub success: True,
    /// What was done, in English.
    pub message: String,
    /// The claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<CancelledClaim>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// Stable number of the error.
    #[schemars(example = 1000)]
    pub code: u32,
    /// In English.
    #[schemars(example = &"VALIDATION_ERROR: the request is not valid")]
    pub message: String,
    /// What is wrong with the request, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<FieldFault>,
    /// Names this very request: quote it when you ask for help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
}

/// It did not work; nothing was changed, unless the server's storage went away meanwhile (503).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Always `false`.
    pub success: False,
    /// What went wrong.
    pub error: ErrorBody,
}

impl Failure {
    /// An error with its faults by field and the request's name.
    pub fn new(code: u32, message: impl Into<String>, details: Vec<FieldError>, execution_id: Option<String>) -> Self {
        let details = details.into_iter().map(Into::into).collect();
        Self { success: False, error: ErrorBody { code, message: message.into(), details, execution_id } }
    }
}
