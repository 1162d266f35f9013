//! The verbs of the dossier API: who may read a claim file, and how one is opened.

pub(crate) mod access;
pub(crate) mod cancel_dossier;
pub(crate) mod prime_claim;
pub(crate) mod read_dossier;
pub(crate) mod sign_in;

pub use cancel_dossier::{cancel_dossier, require_insurer};
pub use prime_claim::{LINK_LIFE, Primed, prime_claim};
pub use read_dossier::{read_dossier, read_dossier_document};
pub use sign_in::{ExpectedDocument, LinkState, SignedIn, look_at_link, use_link};
