//! Typed client of the three public contracts: what a program outside says to a server, and hears.
//!
//! [`ClaimsClient`], [`PartnerClient`] and [`DossierClient`] have one method for each call of their
//! contract. They speak the wire's own types ([`constat_wire`]), so they work with any server that
//! keeps the contract, not with this one alone: unknown fields are passed over, and a booking may be
//! answered by an object or by the bare id of v0.9.1.
//!
//! A base URL goes up to and including the contract's base path: `https://partner.example/claims/api/v1`.
//!
//! ```
//! use constat_client::{ClaimsClient, Options};
//!
//! let claims = ClaimsClient::new("http://127.0.0.1:8080/v2", "test_key", Options::default())?;
//! let once = claims.idempotent("declare-42"); // its writes carry this Idempotency-Key
//! # let _ = once;
//! # Ok::<(), constat_client::ClientError>(())
//! ```

mod claims;
mod dossier;
mod error;
mod exchange;
mod partner;
mod transport;

pub use claims::ClaimsClient;
pub use constat_domain::tenancy::Api;
pub use constat_wire as wire;
pub use dossier::DossierClient;
pub use error::{ClientError, Refused};
pub use exchange::{Exchange, FileContent, Observer};
pub use partner::PartnerClient;
pub use transport::Options;
