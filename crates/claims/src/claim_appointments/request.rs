//! A partner's service request, made from a claim. Pure.

use constat_domain::Refusal;
use constat_domain::claim::{Answer, Asker, Claim};
use constat_domain::geo::Place;
use constat_domain::ids::ClaimAppointmentId;
use constat_domain::ids::ClaimId;
use constat_domain::service::{ClaimBrief, Dwelling, ServiceKind, ServiceRequest, Urgency};
use constat_domain::service::{Granularity, Party};
use jiff::Timestamp;

use crate::claim_appointments::damages::building_damages;

/// What is wanted for a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchClaimAppointments {
    /// The kind of intervention.
    pub kind: ServiceKind,
    /// First instant wanted.
    pub from: Timestamp,
    /// Last instant wanted; after `from`.
    pub to: Timestamp,
    /// Most slots, 1 to 30.
    pub limit: u8,
    /// How coarse.
    pub granularity: Granularity,
    /// Code of `mission_type.csv`.
    pub mission_type: Option<String>,
    /// The configured partner's name; the first that serves the kind when left out.
    pub partner: Option<String>,
    /// Where; the claim's own place when left out.
    pub place: Option<Place>,
    /// Carried through.
    pub process: Option<String>,
    /// The claim's appointment that is to be moved: its partner is asked, its time counts as free.
    pub reschedules: Option<ClaimAppointmentId>,
    /// The other firms of an adversarial expertise, as the partner knows them.
    pub parties: Vec<Party>,
    /// Every trade that the damages ask for, at the same time.
    pub all_trades: bool,
    /// Why it should come before others, besides what the claim's answers say.
    pub urgency: Urgency,
}

/// The mission of a repair request that does not say: repair ordered without an expertise before.
const USUAL_REPAIR_MISSION: &str = "RenDirecte";

/// The name that the insurer or else the platform has for the claim: what a partner files it under.
pub(super) fn case_number(claim: &Claim) -> String {
    claim.dossier.insurer_reference.clone().unwrap_or_else(|| claim.declaration_id.to_string())
}

/// Where a visit for the claim is: at the risk, else where the loss happened. `None` when neither
/// can be written as a partner's postal address. A risk that the integrator may not read is left out, as the
/// integrator reads where its visits are.
pub(super) fn usual_place(claim: &Claim) -> Option<Place> {
    let risk = claim.risk_for(Asker::Integrator);
    let at_risk = risk.map(|risk| {
        let mut address = risk.address.clone();
        address.normalise();
        Place { address, position: risk.position }
    });
    at_risk.or_else(|| loss_place(claim))
}

/// A place for a visit of this kind, or the field to blame: a remote meeting needs one too, because
/// the partner files the appointment under it.
pub(super) fn required_place(claim: &Claim, given: Option<&Place>) -> Result<Place, Refusal> {
    given.cloned().or_else(|| usual_place(claim)).ok_or_else(|| {
        Refusal::field("location", "is required: the claim's own address cannot be written as a postal address of 4 lines, postcode, town and country")
    })
}

/// The request to a partner.
pub(super) fn service_request(claim: &Claim, search: &SearchClaimAppointments, place: &Place) -> ServiceRequest {
    let repair = search.kind == ServiceKind::RepairInKind;
    let declared = claim.dossier.declared_damages.as_ref().filter(|_| repair);
    let mission_type = search.mission_type.clone();
    ServiceRequest {
        kind: search.kind,
        kind_label: None,
        claim: Some(brief(claim)),
        from: search.from,
        to: search.to,
        limit: search.limit,
        place: Some(place.clone()),
        dwelling: claim.dossier.risk.as_ref().map(|risk| dwelling(&risk.kind)),
        customer: claim.contract.customer_type,
        insurer_claim_id: case_number(claim),
        mission_type: mission_type.or_else(|| repair.then(|| USUAL_REPAIR_MISSION.to_owned())),
        damages: declared.map(building_damages).unwrap_or_default(),
        language: None,
        granularity: search.granularity,
        process: search.process.clone(),
        reschedules: None,
        parties: search.parties.clone(),
        all_trades: search.all_trades,
        urgency: Urgency { uninhabitable: search.urgency.uninhabitable || is_uninhabitable(claim), ..search.urgency },
    }
}

/// The catalogue's question whether the home can still be lived in (`[questions.habitable]`).
const HABITABLE: &str = "habitable";

/// Whether the insured has answered that the home cannot be lived in.
fn is_uninhabitable(claim: &Claim) -> bool {
    claim.answers.get(HABITABLE) == Some(&Answer::Bool(false))
}

fn brief(claim: &Claim) -> ClaimBrief {
    ClaimBrief {
        date: claim.declaration_at,
        guarantee: claim.contract.guarantee.clone(),
        insurer: claim.contract.insurer.clone(),
        // The UUID form: the dossier contract asks for one.
        claim_id: claim.claim_id().map_or_else(|| claim.declaration_id.uuid(), ClaimId::uuid).to_string(),
        loss_at: Some(claim.claim_at),
        loss: claim.dossier.loss.clone(),
        loss_place: loss_place(claim),
        valuation: claim.dossier.valuation,
    }
}

fn dwelling(risk_type: &str) -> Dwelling {
    match risk_type {
        "Appartement" => Dwelling::Flat,
        "MaisonParticuliere" => Dwelling::House,
        _ => Dwelling::Other,
    }
}

/// Where the loss happened, if that can be written as a postal address.
fn loss_place(claim: &Claim) -> Option<Place> {
    claim.location.to_postal().map(|address| Place { address, position: None })
}
