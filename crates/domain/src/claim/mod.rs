//! Claims: from the declaration to the closed file. One model behind both contracts.
//!
//! [`Claim`] is the data (`record`). How it comes to be: `declaration` (over the claims API), `draft`, `transfer` (from
//! another system). Its life: `transitions` says which status follows which, `life_cycle` has the verbs,
//! `correction` what a handler corrects, `cover` whether the contract covered the day of the loss,
//! `actions` says what may be done next, `declared_by` who sees it. Its parts: `document` and `documents` (what an upload does),
//! `requests` (what handlers ask for), `photo`, `settlements` (money), `milestone` (dated facts), and
//! `bounds` (how many of each). Its end: `erasure`. Each rule either changes the claim or refuses and
//! leaves it as it was.

mod actions;
mod answer;
mod bounds;
mod correction;
mod cover;
mod declaration;
mod declared_by;
mod document;
mod document_request;
mod documents;
mod draft;
mod erasure;
mod filename;
mod insured;
mod life_cycle;
mod loss_details;
mod media_type;
mod milestone;
mod milestones;
mod person;
mod record;
mod requests;
mod settlement;
mod settlements;
mod state;
mod status;
#[cfg(test)]
pub(crate) mod tests;
mod transfer;
mod transitions;

pub use crate::contract::{Contract, ContractProduct, ContractSnapshot, CoverTerms, Product, Risk};
pub use actions::{Action, Asker};
pub use answer::Answer;
pub use correction::{Correction, InsuredEdit, LocationEdit};
pub use cover::{Cover, CoverReason, CoverState, OutsideCover, Rules};
pub use declaration::{Declaration, DeclaredWith, code_faults};
pub use document::{Document, DocumentStatus, Duplicate, Photo, PhotoEdit, ScanState};
pub use document_request::DocumentRequest;
pub use documents::{Entry, MAX_DOCUMENT_BYTES, NewDocument};
pub use draft::NewDraft;
pub use erasure::{ERASED, Retention};
pub use filename::{
    clean_filename, filename_of_disposition, is_program_name, name_of_file, safe_filename, text_of_header,
};
pub use insured::{Insured, Location};
pub use life_cycle::{ClaimEdit, Decision};
pub use media_type::{ending_of, media_type_of, pdf_start};
pub use milestone::MilestoneKind;
pub use record::{CauseRemoval, Claim, Dossier, InternalNote};
pub use requests::{NewRequest, RequestedDocument};
pub use settlement::{Settlement, SettlementKind};
pub use settlements::NewSettlement;
pub use state::{ClaimState, GivenUp, Stage, StoredState, Submission};
pub use status::{ClaimStatus, NextStatus};
pub use transitions::{Step, TRANSITIONS, Transition};
