//! The claims API v2: an integrator declares a loss and follows it.

mod answer;
mod catalogue;
mod claim;
mod contract;
mod correct;
mod create;
mod deadline;
mod document;
mod envelope;
mod event;
mod geo;
mod handling;
mod list;
mod loss_details;
mod patch;
mod settlement;
mod status;
mod webhook;

pub use answer::Answer;
pub use catalogue::{
    CatalogueCondition, CatalogueDocument, CatalogueFamily, CatalogueName, CatalogueQuery, CatalogueQuestion,
    CatalogueSubtype, CatalogueType, QuestionKind,
};
pub use claim::{Claim, ClaimSummary, ClaimView, Insured, Location, Product};
pub use contract::{Contract, ImportedContracts, RegistryCustomer, RegistryInsurer, RegistryProduct};
pub use correct::{CorrectClaim, InsuredParts};
pub use create::CreateClaim;
pub use deadline::{
    ClaimDeadlines, Deadline, DeadlineState, DeadlinesFilter, DeadlinesQuery, DueClaim, Milestone, MilestoneKind,
    WantedDeadlines,
};
pub use document::{
    Because, ClaimDocument, ClaimDocumentWithUrl, DocumentCategory, DocumentEntry, DocumentMeta, DocumentStatus,
    DocumentUploads, DuplicateDocument, EntryDocument, EntryRequest, PhotoFacts, RejectDocument, UploadDocument,
};
pub use envelope::{
    CancelAnswer, CancelledClaim, ErrorBody, Failure, Pagination, SubmitResponse, SubmittedStatus, Success,
    SuccessList, SuccessPage, UploadAnswer,
};
pub use event::{Actor, ActorKind, EventsQuery, FeedAnswer, FeedEvent, TimelineEntry, TimelineQuery};
pub use geo::{Commune, Match, PostcodePath, Precision, Suggestion, SuggestionQuery};
pub use handling::{
    Action, AddInternalNote, AllowedAction, ChangeStatus, CoverWarning, InternalNote, NextStatus, RequestDocument,
    SetNote,
};
pub use list::{ClaimFilter, ClaimListQuery, ListScope, UploadQuery};
pub use loss_details::{ClaimDossier, Cover, LossDetails, shape_faults};
pub use patch::{CancelClaim, LocationParts, PatchClaim};
pub use settlement::{CreateSettlement, PaySettlement, Settlement, SettlementDirection, SettlementType};
pub use status::ClaimStatus;
pub use webhook::{
    CreateWebhook, DeletedWebhook, DeliveriesQuery, LiveSecret, PatchWebhook, Replay, ReplayDeliveries, Replayed,
    RotateSecret, WantedStatus, Webhook, WebhookAttempt, WebhookBody, WebhookData, WebhookDelivery,
    WebhookDeliveryStatus, WebhookStatus,
};

/// Fewest characters of a description. Source: claims API v2.
pub const MIN_DESCRIPTION_CHARS: usize = 50;

/// Most characters of a description: a bound of our own, far beyond what people write.
pub const MAX_DESCRIPTION_CHARS: usize = 20_000;
