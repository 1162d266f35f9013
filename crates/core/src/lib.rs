//! What every operation needs and no operation is: the command runner, callers and keys, sealed tokens, clock and
//! random bytes, counters, settings.
//!
//! An operation that writes is a plain function over a transaction and a [`CommandContext`] (the caller and the
//! instant). [`Core::command`] owns the transaction, the idempotent answer and the retries. Nothing inside a
//! transaction leaves the machine.

mod answer;
mod attempts;
mod authentication;
mod catalogues;
mod circuit_breaker;
mod clock_and_random;
mod command;
mod context;
mod core;
mod erase_appointments;
mod error;
mod metrics;
mod readiness;
mod recent_keys;
mod retention;
mod sealing;
mod settings;

pub use self::core::Core;
pub use answer::{Answer, DRY_RUN_HEADER, Idempotency, Render, WARNING_HEADER};
pub use attempts::{OpenAttempts, RequestAttempt};
pub use authentication::{
    IssuedKey, KeyFault, KeyMaterial, NewKey, authenticate, authenticate_request, hash_secret, issue_key,
};
pub use catalogues::{CatalogueSettings, Catalogues, read_files};
pub use circuit_breaker::CircuitBreaker;
pub use clock_and_random::{Clock, SecureRandom};
pub use command::run_to_completion;
pub use constat_store::{CommitCounter, DocumentBytes, Tx};
pub use context::CommandContext;
pub use erase_appointments::{booked_for_claim, erase_appointment_rows, record_and_erase, with_its_parties};
pub use error::{AppError, require_version};
pub use metrics::{Counter, Counts, RoadCounts};
pub use retention::{days_before, delete_ended_links, delete_expired_holds, delete_old_answers};
pub use sealing::{Seal, Sealer};
pub use settings::{
    ClaimSettings, DeadlineSettings, GeocoderSettings, Network, NotANetwork, PartnerLink, RequestSettings, RoutingKind,
    RoutingSettings, ScannerSettings, Settings, UploadSettings, WebhookSettings, WhenAway, client_group, logged_prefix,
};
