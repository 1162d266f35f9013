//! Search free slots for a claim: ask the partner.

use constat_domain::Refusal;
use constat_domain::codes::{Codes, Table};
use constat_domain::tenancy::Caller;

use crate::ClaimService;
use crate::claim::find;
use crate::claim_appointments::gateway::PartnerOffers;
use crate::claim_appointments::request::{SearchClaimAppointments, required_place, service_request};
use crate::claim_appointments::session::Session;
use crate::claim_appointments::{appointment_of, partners, require_booked, require_open};
use constat_core::AppError;

/// What the partner offers for the claim.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimOffers {
    /// The partner that was asked.
    pub partner: String,
    /// The platform's session: what was searched, sealed.
    pub session: String,
    /// What the partner answered.
    pub offers: PartnerOffers,
}

/// Asks the partner for free slots. Stores nothing: what was searched is sealed into the session.
pub async fn search_claim_appointments(
    service: &ClaimService,
    caller: &Caller,
    claim: &str,
    search: &SearchClaimAppointments,
) -> Result<ClaimOffers, AppError> {
    let tenant = &caller.tenant;
    if let Some(code) = &search.mission_type
        && !Codes::embedded().contains(Table::MissionType, code)
    {
        return Err(Refusal::field("missionType", Codes::embedded().unknown(Table::MissionType, code)).into());
    }
    let (claim, moved) = service.core.store.read(|connection| {
        let claim = find(connection, caller, claim)?;
        let moved = match search.reschedules {
            Some(id) => Some(appointment_of(connection, &claim, &id.to_string())?),
            None => None,
        };
        Ok::<_, AppError>((claim, moved))
    })?;
    require_open(&claim)?;
    let link = match &moved {
        Some(moved) => {
            require_booked(moved, None)?;
            if moved.kind != search.kind {
                return Err(Refusal::field("type", format!("the appointment to move is {}", moved.kind.wire())).into());
            }
            if search.partner.as_ref().is_some_and(|named| *named != moved.partner) {
                return Err(Refusal::field("partner", "is not the partner of the appointment to move").into());
            }
            partners::holder(&service.core.settings, tenant, moved.kind, &moved.partner)?
        }
        None => partners::choose(&service.core.settings, tenant, search.kind, search.partner.as_deref())?,
    };
    let promised_place = moved.as_ref().and_then(|moved| moved.place.as_ref());
    let place = required_place(&claim, search.place.as_ref().or(promised_place))?;
    let request = service_request(&claim, search, &place);
    let their_id = moved.as_ref().map(|moved| moved.partner_appointment_id.as_str());
    let offers = service.partners.search_slots(link, &request, their_id).await?;
    let session = Session {
        claim: claim.declaration_id,
        partner: link.name.clone(),
        theirs: offers.session.clone(),
        kind: search.kind,
        place,
        expires_at: Session::ends(service.core.clock.now(), offers.expires_at),
    };
    Ok(ClaimOffers { session: session.seal(&service.core.sealer)?, partner: session.partner, offers })
}
