//! The status body of the partner contract, used by the dossier contract's errors too.

use constat_domain::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing wrong with one field of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FieldError")]
pub struct FieldFault {
    /// Path of the field as it was sent: `appointmentLocation.address.zipCode`, `damages[2].damageNature`.
    /// A header or query parameter goes by its name; empty means the body as a whole.
    #[schemars(example = &"appointmentLocation.address.zipCode")]
    pub field: String,
    /// What is wrong and what would be right.
    #[schemars(example = &"expected at most 5 characters, got 6")]
    pub message: String,
}

impl From<FieldError> for FieldFault {
    fn from(error: FieldError) -> Self {
        Self { field: error.field, message: error.message }
    }
}

/// The values of [`ResponseStatus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusCode {
    /// 0.
    Ok,
    /// 1: the request is incomplete or malformed.
    InvalidParameters,
    /// 2: the key is missing or wrong.
    InvalidCredentials,
    /// 3: the account is not active.
    AccountNotActive,
    /// 4: a fault of the server.
    InternalError,
    /// 5: the record could not be saved.
    ErrorSavingEntity,
    /// 6: the record could not be removed.
    ErrorDeleting,
    /// 7: unknown to this caller.
    NotFound,
    /// 8: not allowed to this caller, or not now.
    NotAllowed,
    /// 9: the slot cannot be had any more: its session has expired.
    SlotNotAvailable,
    /// 10: the slot is taken.
    SlotOccupied,
    /// 11: too much.
    AccountsLimitReached,
}

impl StatusCode {
    /// Every code, in the order of its value.
    pub const ALL: [Self; 12] = [
        Self::Ok,
        Self::InvalidParameters,
        Self::InvalidCredentials,
        Self::AccountNotActive,
        Self::InternalError,
        Self::ErrorSavingEntity,
        Self::ErrorDeleting,
        Self::NotFound,
        Self::NotAllowed,
        Self::SlotNotAvailable,
        Self::SlotOccupied,
        Self::AccountsLimitReached,
    ];

    /// The number on the wire.
    pub const fn value(self) -> i32 {
        self as i32
    }

    /// The name in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::InvalidParameters => "INVALID_PARAMETERS",
            Self::InvalidCredentials => "INVALID_CREDENTIALS",
            Self::AccountNotActive => "ACCOUNT_NOT_ACTIVE",
            Self::InternalError => "INTERNAL_ERROR",
            Self::ErrorSavingEntity => "ERROR_SAVING_ENTITY",
            Self::ErrorDeleting => "ERROR_DELETING",
            Self::NotFound => "NOT_FOUND",
            Self::NotAllowed => "NOT_ALLOWED",
            Self::SlotNotAvailable => "SLOT_NOT_AVAILABLE",
            Self::SlotOccupied => "SLOT_OCCUPIED",
            Self::AccountsLimitReached => "ACCOUNTS_LIMIT_REACHED",
        }
    }

    /// The code of a value.
    pub fn from_value(value: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.value() == value)
    }
}

/// How a request ended; the body of every error.
///
/// Values: 0 `OK`, 1 `INVALID_PARAMETERS`, 2 `INVALID_CREDENTIALS`, 3 `ACCOUNT_NOT_ACTIVE`,
/// 4 `INTERNAL_ERROR`, 5 `ERROR_SAVING_ENTITY`, 6 `ERROR_DELETING`, 7 `NOT_FOUND`, 8 `NOT_ALLOWED`,
/// 9 `SLOT_NOT_AVAILABLE`, 10 `SLOT_OCCUPIED`, 11 `ACCOUNTS_LIMIT_REACHED`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResponseStatus {
    /// The number of the outcome.
    #[schemars(range(min = 0, max = 11), example = 1)]
    pub value: i32,
    /// Its name, and what happened.
    #[schemars(example = &"INVALID_PARAMETERS: the request is not valid")]
    pub description: String,
    /// What is wrong with the request, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldFault>,
    /// Names this very request: quote it when you ask for help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
}

impl ResponseStatus {
    /// A status that says its name and, after a colon, what happened (nothing when `message` is empty).
    pub fn new(code: StatusCode, message: &str) -> Self {
        let name = code.name();
        Self {
            value: code.value(),
            description: if message.is_empty() { name.to_owned() } else { format!("{name}: {message}") },
            errors: Vec::new(),
            execution_id: None,
        }
    }

    /// The same with the faults of the request.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors.into_iter().map(Into::into).collect();
        self
    }

    /// The same with the request's name.
    #[must_use]
    pub fn with_execution_id(mut self, id: impl Into<String>) -> Self {
        self.execution_id = Some(id.into());
        self
    }

    /// The code, when it is a known one.
    pub fn code(&self) -> Option<StatusCode> {
        StatusCode::from_value(self.value)
    }
}
