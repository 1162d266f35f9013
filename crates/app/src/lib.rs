//! One file for each verb: load, decide, save.
//!
//! A verb that writes is a plain function over a transaction and an [`Act`] (who asks, when). The
//! edge wraps it in [`App::command`], which owns the transaction, the idempotent answer and the
//! retries. A verb that reads takes the [`App`]. Nothing here knows HTTP; nothing inside a
//! transaction leaves the machine.

mod act;
mod app;
mod attempts;
pub mod audit;
mod authentication;
pub mod backup;
mod catalogues;
mod catastrophes;
pub mod claims;
mod command;
mod counts;
pub mod deadlines;
pub mod dossier;
mod edges;
mod error;
pub mod exchange;
mod forget;
mod geocoder;
mod network;
pub mod partner;
mod pause;
pub mod platform;
mod readiness;
mod requests;
pub mod roads;
mod scanner;
mod sealing;
mod settings;
pub mod sweep;
pub mod webhooks;

pub use act::Act;
pub use app::App;
pub use attempts::{Attempt, OpenAttempts};
pub use authentication::{IssuedKey, KeyFault, NewKey, authenticate, authenticate_request, hash_secret, issue_key};
pub use catalogues::{CatalogueSettings, Catalogues, read_files};
pub use catastrophes::{start_catastrophe, stop_catastrophe};
pub use command::{Answer, DRY_RUN_HEADER, Idempotency, to_its_end};
pub use constat_store::{DocumentBytes, Mark, Tx};
pub use counts::{Counter, Counts, RoadCounts};
pub use edges::{Chance, Clock};
pub use error::AppError;
use error::require_version;
pub use forget::{forget_answers, forget_holds, forget_links};
pub use geocoder::{Geocoder, GeocoderCounters, GeocoderSettings, NoGeocoder};
pub use network::{Network, NotANetwork, client_group, logged_prefix};
pub use pause::Pause;
pub use requests::RequestSettings;
pub use scanner::{NoScanner, ScannerSettings, Verdict, VirusScanner, WhenAway};
pub use sealing::{Seal, Sealer};
pub use settings::{ClaimSettings, PartnerLink, RoutingKind, RoutingSettings, Settings, UploadSettings};
