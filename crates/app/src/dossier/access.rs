//! Whose claim files a key opens.

use constat_domain::claim::Claim;
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::{Caller, OrganisationKind, TenantId};
use constat_store::queries::{appointments, claim_appointments, claims, organisations};
use constat_store::{Connection, StoreError};

use crate::AppError;

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
    /// A partner firm: the claims on which it holds a live appointment.
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

/// The mandate: a live appointment on the claim, in the platform's own records or, when the firm's
/// calendar is on this server, there.
fn has_mandate(connection: &mut Connection, caller: &Caller, claim: &Claim) -> Result<bool, StoreError> {
    if claim_appointments::partner_has_mandate(connection, &caller.tenant, claim.declaration_id, caller.holder)? {
        return Ok(true);
    }
    let firm = TenantId { org: caller.holder, mode: caller.tenant.mode };
    appointments::exists_in_tenant_for_claim(connection, &firm, caller.tenant.org, &names_of(claim))
}

/// Every way to write the claim's identifiers.
fn names_of(claim: &Claim) -> Vec<String> {
    let declaration = claim.declaration_id;
    let mut names = vec![declaration.to_string(), declaration.uuid().to_string()];
    if let Some(id) = claim.claim_id {
        names.extend([id.to_string(), id.uuid().to_string()]);
    }
    names
}

/// The claim, when it exists and is open to the caller. Nobody learns which of the two it was.
pub(super) fn claim_for(connection: &mut Connection, caller: &Caller, id: &str) -> Result<Claim, AppError> {
    let claim = claims::of_tenant_by_either_id(connection, &caller.tenant, id)?.ok_or(ClaimRefusal::ClaimNotFound)?;
    if Standing::of(connection, caller)?.opens(connection, caller, &claim)? {
        Ok(claim)
    } else {
        Err(ClaimRefusal::ClaimNotFound.into())
    }
}
