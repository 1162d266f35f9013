//! Open appointments under the same reference: a second one is booked, with a warning.
//!
//! The firm's own key and a platform may each book a visit for one claim without knowing of the other, and two experts
//! would come. A second visit may be intended, so the booking is not refused: its answer and its event list the open
//! appointments.

use constat_domain::appointment::Appointment;
use constat_domain::ids::AppointmentId;
use constat_domain::tenancy::Caller;
use constat_store::queries::appointments;
use constat_store::{StoreError, Tx};
use jiff::Timestamp;

/// An open appointment under the same reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SameReference {
    /// Its identifier.
    pub id: AppointmentId,
    /// When it starts.
    pub start: Timestamp,
    /// Whether the caller may read it: it is the caller's, or the caller is the firm.
    pub is_readable: bool,
}

/// The open appointments of a firm, booked before, with the same insurer's reference and kind of intervention. Parts of
/// one joint appointment do not count.
pub(crate) fn find_same_reference(
    tx: &mut Tx,
    made: &Appointment,
    at: Timestamp,
) -> Result<Vec<Appointment>, StoreError> {
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

/// Those that a caller may know: a platform its own and the firm's, not those of other platforms.
pub(crate) fn visible_to(caller: &Caller, open: &[Appointment]) -> Vec<SameReference> {
    let is_readable = |known: &Appointment| caller.owns_the_data() || known.booked_by == caller.holder;
    let is_visible = |known: &&Appointment| is_readable(known) || known.booked_by == known.tenant.org;
    let visible = open.iter().filter(is_visible);
    visible
        .map(|known| SameReference { id: known.id, start: known.slot.start, is_readable: is_readable(known) })
        .collect()
}
