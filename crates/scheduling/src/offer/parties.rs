//! The firms of an adversarial expertise: those that a caller may book.

use constat_core::AppError;
use constat_domain::FieldError;
use constat_domain::ids::OrgId;
use constat_domain::service::{Party, ServiceRequest};
use constat_domain::tenancy::{Api, Caller, TenantId};
use constat_store::queries::api_keys;
use constat_store::{Connection, StoreError};

use crate::offer::token::Offer;
use crate::scheduler::Scheduler;

/// The firms that a request names besides the one it is sent to, in its order. Adds an error for each firm that the
/// caller may not book, and for each that would stand on two sides.
pub(crate) fn check_parties(
    scheduler: &Scheduler,
    caller: &Caller,
    request: &ServiceRequest,
    errors: &mut Vec<FieldError>,
) -> Result<Vec<TenantId>, AppError> {
    let mut tenants: Vec<TenantId> = Vec::with_capacity(request.parties.len());
    for (index, party) in request.parties.iter().enumerate() {
        let tenant = TenantId { org: party.firm, mode: caller.tenant.mode };
        let fault = if tenant == caller.tenant {
            Some("is the firm that is searched: one firm cannot stand on both sides")
        } else if tenants.contains(&tenant) {
            Some("is named twice: one firm cannot stand on both sides")
        } else if !scheduler.core.store.read(|connection| may_book(connection, caller.holder, &tenant))? {
            Some(Party::UNKNOWN)
        } else {
            None
        };
        errors.extend(fault.map(|message| FieldError::new(format!("parties[{index}].firm"), message)));
        tenants.push(tenant);
    }
    Ok(tenants)
}

/// Whether a platform holds a live partner key of a firm, in this mode.
fn may_book(connection: &mut Connection, holder: OrgId, firm: &TenantId) -> Result<bool, StoreError> {
    let keys = api_keys::of_issuer_and_holder(connection, firm.org, holder)?;
    Ok(keys.iter().any(|key| key.api == Api::Partner && key.mode == firm.mode && key.revoked_at.is_none()))
}

/// Whether the holder of an offer may still book with one of its firms. The firm that made the offer has
/// authenticated the request; the holder needs a live key of any other.
pub(crate) fn may_still_book(connection: &mut Connection, offer: &Offer, firm: &TenantId) -> Result<bool, StoreError> {
    Ok(*firm == offer.tenant || may_book(connection, offer.holder, firm)?)
}
