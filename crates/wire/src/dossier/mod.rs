//! The claim file ("dossier") API v0.9.1: a partner that holds an appointment pulls the full claim
//! and its documents; an insurer opens a declaration.

mod age;
mod attachment;
mod building;
mod checks;
mod claim;
mod contents;
mod declared_damages;
mod file_reference;
mod loose;
mod outside;
mod prime;
mod risk;

pub use age::{Age, AgeUnit};
pub use attachment::Attachment;
pub use building::{
    BreakInDamage, BuildingDamage, Covering, CoveringType, Equipment, ExternalDamage, RoomDamage, Surface,
};
pub use claim::{Accident, CauseRemoval, CauseRemovalReason, Claim, ContractReference, Qualification};
pub use contents::ContentDamage;
pub use declared_damages::DeclaredDamages;
pub use file_reference::{FileReference, OutsideLink};
pub use loose::{LenientBool, Loose};
pub(crate) use outside::handed_out;
pub use prime::{
    PreviouslyExisting, PrimeAddress, PrimeAnswer, PrimeClaim, PrimeClaimResult, PrimeContract, PrimeContractResult,
    PrimeDeclaration, PrimeInsured, PrimeIntermediary, PrimeRequest, PrimeResult, PrimeSuccess, PrimeUser,
};
pub use risk::{Labelled, Measure, Risk};
