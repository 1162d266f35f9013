//! What the domain refuses, and why. Each contract's edge translates these into its own codes.

use serde::Serialize;

/// One thing wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Path of the field as the caller wrote it: `insured.phoneNumber`, `damages[2].damageNature`;
    /// a header or query parameter by its name; empty for the body as a whole.
    pub field: String,
    /// What was wrong and what would be right, in English. Never repeats personal data.
    pub message: String,
}

impl FieldError {
    /// Names a field and says what is wrong with it.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// A command that the rules do not allow. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request itself is wrong, field by field. Never empty.
    #[error("the request is not valid")]
    Invalid(Vec<FieldError>),
    /// The same idempotency key came with another request.
    #[error("this Idempotency-Key was already used for another request")]
    IdempotencyConflict,
    /// The answer kept under this idempotency key was erased. Whether this is the same request is not known, so
    /// nothing is done.
    #[error(
        "the answer kept under this Idempotency-Key was erased with the personal data in it; the request that it \
         answered was done, and this one is not"
    )]
    AnswerErased,
    /// The resource changed since the caller read it (`If-Match`).
    #[error("the resource has changed since it was read")]
    Stale,
    /// The claims rules refuse.
    #[error(transparent)]
    Claim(#[from] ClaimRefusal),
    /// The booking rules refuse.
    #[error(transparent)]
    Booking(#[from] BookingRefusal),
    /// The rules of administration refuse.
    #[error(transparent)]
    Administration(#[from] AdministrationRefusal),
}

impl Refusal {
    /// One field that is wrong.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        FieldError::new(field, message).into()
    }

    /// `Ok` when there is nothing to list.
    pub fn unless_empty(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self::Invalid(errors)) }
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

/// Why a command on a claim is refused. One case for each code of the claims contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRefusal {
    /// Answers to mandatory questions are missing, or questions are unknown.
    #[error("some questions are not answered")]
    QuestionsIncomplete(Vec<FieldError>),
    /// A document is larger than the limit.
    #[error("the file is larger than {limit} bytes")]
    FileTooLarge {
        /// Where, such as `[0].content`.
        field: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// The content of a document is of no accepted type.
    #[error("the file's content is not an accepted type")]
    InvalidMimeType {
        /// Where, such as `[0].content`.
        field: String,
    },
    /// The subtype does not exist for the contract's product.
    #[error("this subtype does not exist for the product")]
    InvalidSubtypeForProduct {
        /// Those that do.
        allowed: Vec<String>,
    },
    /// The content is not base64.
    #[error("the content is not valid base64")]
    InvalidBase64 {
        /// Where, such as `[0].content`.
        field: String,
    },
    /// The body's media type is not taken here.
    #[error("this content type is not supported")]
    UnsupportedContentType,
    /// Type and subtype do not belong together.
    #[error("this type does not go with the subtype")]
    InvalidTypeForSubtype {
        /// Subtypes that the type has.
        allowed: Vec<String>,
    },
    /// No catalogue family covers the product.
    #[error("this product type is not supported")]
    UnsupportedProductType,
    /// No such claim for this caller.
    #[error("claim not found")]
    ClaimNotFound,
    /// No such contract for this caller.
    #[error("contract not found")]
    ContractNotFound,
    /// The contract has no such product.
    #[error("product not found on this contract")]
    ProductNotFound,
    /// The claim has no such document.
    #[error("document not found")]
    DocumentNotFound,
    /// The virus scanner has not seen the document yet.
    #[error("the document is being checked for viruses, try again later")]
    DocumentBeingChecked,
    /// The virus scanner found something in the document.
    #[error("the document was quarantined: the virus scanner found something in it")]
    DocumentQuarantined,
    /// There is no preview of this kind of document.
    #[error("there is no preview of this document")]
    NoPreview,
    /// The claim is past its draft.
    #[error("the claim can no longer be edited; a handler corrects its facts with POST /claims/{{id}}/corrections")]
    NotEditable,
    /// The claim is not a draft that could be submitted.
    #[error("the claim cannot be submitted")]
    NotSubmittable,
    /// The loss lies outside the cover, and the platform refuses that. Holds what is wrong.
    #[error("the contract does not cover the loss: {0}")]
    OutsideCover(String),
    /// The claim's status forbids the command.
    #[error("the claim's status does not allow this")]
    StatusLocked,
    /// Mandatory documents are missing.
    #[error("mandatory documents are missing")]
    DocumentsIncomplete {
        /// Their types, as on the wire.
        missing: Vec<String>,
        /// Those of them for which a file came that takes a password to open.
        protected: Vec<String>,
    },
    /// An accepted document cannot be replaced.
    #[error("this document was already validated")]
    DocumentAlreadyValidated {
        /// Where its type was given, such as `[0].type`.
        field: String,
    },
    /// The claim asks for no document of this type.
    #[error("the claim does not ask for a document of this type")]
    InvalidDocumentType {
        /// Where its type was given, such as `[0].type`.
        field: String,
        /// Those it asks for, as on the wire.
        expected: Vec<String>,
    },
    /// A payment under way blocks the command.
    #[error("an active payment blocks this")]
    ActivePaymentBlocking,
    /// The claim has no such settlement.
    #[error("settlement not found")]
    SettlementNotFound,
    /// The settlement was paid, withdrawn or returned already, or was not paid yet.
    #[error("the settlement's state does not allow this")]
    SettlementLocked,
    /// The claim holds as many of something as it may.
    #[error("the claim has as many {what} as it may: {most}")]
    TooMany {
        /// Of what, in English.
        what: &'static str,
        /// How many.
        most: usize,
    },
    /// The user does not belong to this key.
    #[error("this user is not authorised for this key")]
    UserNotAuthorised,
    /// The webhook does not exist, or belongs to another key.
    #[error("webhook not found")]
    WebhookNotFound,
    /// The webhook has no such delivery.
    #[error("delivery not found")]
    DeliveryNotFound,
    /// The claim has no such milestone.
    #[error("milestone not found")]
    MilestoneNotFound,
    /// The key may not do this.
    #[error("this key does not have the permission")]
    NoPermission,
}

/// Allowed when one of the results is. Otherwise the first refusal, or `none` without results.
pub(crate) fn one_of(
    results: impl Iterator<Item = Result<(), ClaimRefusal>>,
    none: ClaimRefusal,
) -> Result<(), ClaimRefusal> {
    let mut first = None;
    for result in results {
        match result {
            Ok(()) => return Ok(()),
            Err(refusal) => first = first.or(Some(refusal)),
        }
    }
    Err(first.unwrap_or(none))
}

/// Why a search, a booking or a change of an appointment is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookingRefusal {
    /// The slot's token was not issued here, or was altered.
    #[error("unknown slot, search again")]
    UnknownSlot,
    /// The session's 300 s are over.
    #[error("the session has expired, search again")]
    SessionExpired,
    /// The time is taken, and no eligible expert is free for it.
    #[error("the slot is no longer available, search again")]
    SlotTaken,
    /// The session already made a booking.
    #[error("this session was already used to book, search again")]
    SessionUsed,
    /// No such appointment for this caller.
    #[error("appointment not found")]
    AppointmentNotFound,
    /// No such expert for this caller.
    #[error("expert not found")]
    ExpertNotFound,
    /// The appointment is cancelled or over.
    #[error("the appointment is no longer open")]
    AppointmentClosed,
    /// A visit that has not begun cannot have taken place.
    #[error("the visit has not begun yet: it is done from its start on")]
    VisitToCome,
    /// The personal data of a visit that will take place is needed for it.
    #[error("the visit is still to come: cancel it first, then erase its data")]
    NeededForVisit,
    /// A part of a joint appointment has no time of its own.
    #[error("this is a part of a joint appointment: it moves with the main one, see `joint.main`")]
    MovedWithMain,
    /// This key may not do this.
    #[error("not allowed for this key")]
    NotAllowed,
    /// The claim already has an open appointment for this mission.
    #[error("the claim already has an open appointment of this kind")]
    MissionHasAppointment,
    /// No partner is configured for the request.
    #[error("no partner is configured for this kind of request")]
    NoPartner,
}

/// Why an operation on keys or absences is refused. An unknown expert is [`BookingRefusal::ExpertNotFound`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdministrationRefusal {
    /// The caller's key was issued by another organisation.
    #[error("only a key that the organisation holds itself may do this")]
    NotOwner,
    /// The organisation issued no such key in this mode.
    #[error("key not found")]
    KeyNotFound,
    /// Without this key the organisation could not reach its data over this contract.
    #[error("this is the last active key that the organisation holds itself: issue or rotate one first")]
    LastOwnKey,
    /// The organisation has as many active keys as it may.
    #[error("the organisation has {most} active keys, the maximum: revoke one first")]
    TooManyKeys {
        /// The maximum.
        most: usize,
    },
    /// The expert has no such absence.
    #[error("absence not found")]
    AbsenceNotFound,
}
