//! Appointments under one insurer's reference: a second one of the same kind is booked, with a warning.
//!
//! The firm's own key and a platform may each book a visit for one claim without knowing of the other. Two
//! experts would come. The booking is not refused, since a second visit may be meant: its answer and its event
//! name the appointments that are open already.

use constat_domain::appointment::Appointment;
use constat_domain::ids::AppointmentId;
use constat_domain::tenancy::Caller;
use constat_store::queries::appointments;
use constat_store::{StoreError, Tx};
use jiff::Timestamp;

/// An appointment that is open under the same reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SameReference {
    /// Its identifier.
    pub id: AppointmentId,
    /// When it starts.
    pub start: Timestamp,
    /// The caller may read it: it is the caller's organisation's, or the caller is the firm.
    pub is_readable: bool,
}

/// The appointments of a firm, booked before and not over yet, for the same insurer's reference and kind of
/// intervention. Parts of one joint appointment do not count against each other.
pub(crate) fn open_before(tx: &mut Tx, made: &Appointment, at: Timestamp) -> Result<Vec<Appointment>, StoreError> {
    let Some(reference) = appointments::reference_of(made) else { return Ok(Vec::new()) };
    let insurer = |known: &Appointment| known.request.claim.as_ref().map(|claim| claim.insurer.acam_code.clone());
    let is_joint = |known: &Appointment| {
        let mut parties = made.joint.iter().flat_map(|joint| &joint.parties);
        known.id == made.id || parties.any(|party| party.appointment == known.id)
    };
    // Two insurers may use one reference; a booking without a claim may be of either.
    let is_other_insurers = |known: &Appointment| match (insurer(known), insurer(made)) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    };
    let mut open = appointments::open_of_reference(tx, &made.tenant, &reference, at)?;
    open.retain(|known| !is_joint(known) && known.created_at <= made.created_at && !is_other_insurers(known));
    Ok(open)
}

/// What a caller may know of them. A platform learns of its own appointments and of the firm's, not of other
/// platforms'.
pub(crate) fn told_to(caller: &Caller, open: &[Appointment]) -> Vec<SameReference> {
    let is_readable = |known: &Appointment| caller.owns_the_data() || known.booked_by == caller.holder;
    let is_told = |known: &&Appointment| is_readable(known) || known.booked_by == known.tenant.org;
    let told = open.iter().filter(is_told);
    told.map(|known| SameReference { id: known.id, start: known.slot.start, is_readable: is_readable(known) }).collect()
}
