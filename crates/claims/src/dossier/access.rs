//! Whose claim files a key opens.

use constat_domain::claim::Claim;
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::{Caller, OrganisationKind};
use constat_store::queries::{claim_appointments, claims, organisations};
use constat_store::{Connection, StoreError};

use constat_core::AppError;

/// What a key's holder is to the platform whose claims these are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// The platform itself: all its claims.
    Platform,
    /// An insurer: the claims on its own risks.
    Insurer {
        /// Its ACAM code.
        acam_code: String,
        /// Its name.
        name: String,
    },
    /// A partner firm: the submitted claims on which the platform has recorded an appointment with it.
    Partner,
}

impl Standing {
    /// Looks the holder up. An insurer without an ACAM code has no claims of its own, and stands
    /// like a partner without appointments.
    pub(super) fn of(connection: &mut Connection, caller: &Caller) -> Result<Self, StoreError> {
        let holder = organisations::by_id(connection, caller.holder)?;
        Ok(match holder {
            Some(holder) if holder.kind == OrganisationKind::Insurer && holder.acam_code.is_some() => {
                Self::Insurer { acam_code: holder.acam_code.unwrap_or_default(), name: holder.name }
            }
            _ if caller.owns_the_data() => Self::Platform,
            _ => Self::Partner,
        })
    }

    /// Whether the claim's file is open to this holder now.
    pub(super) fn opens(
        &self,
        connection: &mut Connection,
        caller: &Caller,
        claim: &Claim,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Platform => Ok(true),
            Self::Insurer { acam_code, .. } => Ok(claim.contract.insurer.acam_code == *acam_code),
            Self::Partner => has_mandate(connection, caller, claim),
        }
    }
}

/// The mandate: an appointment with the firm in the platform's own record, on a claim that was handed in and
/// not given up. The firm's calendar does not count: the firm, which issued the key that the platform books
/// with, can write there in the platform's name.
fn has_mandate(connection: &mut Connection, caller: &Caller, claim: &Claim) -> Result<bool, StoreError> {
    if !claim.is_open_to_firms() {
        return Ok(false);
    }
    let recorded = claim_appointments::list_of_claim(connection, &caller.tenant, claim.declaration_id)?;
    Ok(recorded.iter().any(|appointment| appointment.gives_mandate_to(caller.holder)))
}

/// Whether a key of the dossier API may read the claim's file now.
pub(crate) fn may_pull(connection: &mut Connection, caller: &Caller, claim: &Claim) -> Result<bool, StoreError> {
    Ok(claim.tenant == caller.tenant && Standing::of(connection, caller)?.opens(connection, caller, claim)?)
}

/// The claim, when it exists and is open to the caller; otherwise the same refusal for either reason.
pub(super) fn claim_for(connection: &mut Connection, caller: &Caller, id: &str) -> Result<Claim, AppError> {
    let claim = claims::of_tenant_by_either_id(connection, &caller.tenant, id)?.ok_or(ClaimRefusal::ClaimNotFound)?;
    if Standing::of(connection, caller)?.opens(connection, caller, &claim)? {
        Ok(claim)
    } else {
        Err(ClaimRefusal::ClaimNotFound.into())
    }
}
