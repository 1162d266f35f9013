//! The verbs of the dossier API: who may read a claim file, and how one is opened.

mod access;
mod cancel_dossier;
mod prime_claim;
mod read_dossier;
mod sign_in;

pub(crate) use access::may_pull;
pub use cancel_dossier::{cancel_dossier, require_insurer};
pub use prime_claim::{LINK_LIFE, Primed, prime_claim};
pub use read_dossier::{read_dossier, read_dossier_document};
pub use sign_in::{ExpectedDocument, LinkState, SignedIn, look_at_link, use_link};
