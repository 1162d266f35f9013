//! Port to partner firms. `constat-connectors` implements it over HTTP.

use constat_domain::appointment::{AppointmentStatus, ClaimAppointment, Connection, Contact, Slot};
use constat_domain::geo::Place;
use constat_domain::refusal::BookingRefusal;
use constat_domain::service::ServiceRequest;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use constat_core::AppError;
use constat_core::PartnerLink;
use constat_domain::gazetteer::SearchedPlace;

/// A partner's answer, on its way.
pub type PartnerAnswer<'a, T> = BoxFuture<'a, Result<T, AppError>>;

/// A slot that a partner offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerOffer {
    /// The partner's name of it; opaque.
    pub id: String,
    /// The time.
    pub slot: Slot,
}

/// What a partner answers to a search.
#[derive(Debug, Clone, PartialEq)]
pub struct PartnerOffers {
    /// The partner's session; opaque.
    pub session: String,
    /// When it ends, when the partner says so.
    pub expires_at: Option<Timestamp>,
    /// The slots, best first.
    pub offers: Vec<PartnerOffer>,
    /// When no slot was found: the reasons, and the number of candidates that each excluded.
    pub reasons: Vec<(String, u64)>,
    /// Where the partner searched, when it says so.
    pub searched: Option<SearchedPlace>,
}

/// What to book at a partner.
#[derive(Debug, Clone, PartialEq)]
pub struct PartnerBooking {
    /// The session, as the partner gave it.
    pub session: String,
    /// The slot's id, as the partner gave it.
    pub slot_id: String,
    /// The slot, as the partner gave it.
    pub slot: Slot,
    /// Where.
    pub place: Place,
    /// Our case number.
    pub case_number: String,
    /// Who will be met, when it is not the insured.
    pub contact: Option<Contact>,
    /// Free notes.
    pub notes: Option<String>,
}

/// Where to move an appointment at a partner, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerMove {
    /// The session, searched in order to move this appointment.
    pub session: String,
    /// The slot's id.
    pub slot_id: String,
    /// The slot.
    pub slot: Slot,
    /// Code of `appointment_change_reason.csv`.
    pub reason: String,
}

/// What to change about an appointment at a partner: not its time.
#[derive(Debug, Clone, PartialEq)]
pub struct PartnerModification {
    /// The appointment in our record, for the fields that the partner leaves out.
    pub known: ClaimAppointment,
    /// Who will be met from now on.
    pub contact: Option<Contact>,
    /// The notes from now on.
    pub notes: Option<String>,
}

/// What a partner tells of an appointment. Only the id is sure to be known: v0.9.1 tells nothing
/// else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartnerAppointment {
    /// The partner's id of it; opaque.
    pub id: String,
    /// The time.
    pub slot: Option<Slot>,
    /// Its status.
    pub status: Option<AppointmentStatus>,
    /// Who comes or calls.
    pub expert_name: Option<String>,
    /// How to join, when it is remote.
    pub connection: Option<Connection>,
    /// Codes of what the partner warned of when it was booked, such as `already_booked`.
    pub warnings: Vec<String>,
}

/// Asks partner firms.
///
/// How it fails: the partner's own refusals come as [`BookingRefusal`] (`SlotTaken`,
/// `SessionExpired`, `UnknownSlot`, `AppointmentNotFound`, `AppointmentClosed`), a request that it
/// finds wrong as a refusal with its fields, and everything else (no answer, an answer that is not
/// the contract's, our key refused) as [`AppError::Partner`].
///
/// Writes carry an idempotency key: the same call with the same key is done once.
pub trait PartnerGateway: Send + Sync + 'static {
    /// Searches free slots. `moves` is the partner's id of the appointment that is to be moved.
    fn search_slots<'a>(
        &'a self,
        partner: &'a PartnerLink,
        request: &'a ServiceRequest,
        moves: Option<&'a str>,
    ) -> PartnerAnswer<'a, PartnerOffers>;

    /// Books a slot.
    fn book_appointment<'a>(
        &'a self,
        partner: &'a PartnerLink,
        booking: &'a PartnerBooking,
        idempotency_key: &'a str,
    ) -> PartnerAnswer<'a, PartnerAppointment>;

    /// Reads an appointment.
    fn read_appointment<'a>(&'a self, partner: &'a PartnerLink, id: &'a str) -> PartnerAnswer<'a, PartnerAppointment>;

    /// Changes who is met, or the notes. Told twice it is as told once, so that it carries no key.
    fn modify_appointment<'a>(
        &'a self,
        partner: &'a PartnerLink,
        id: &'a str,
        change: &'a PartnerModification,
    ) -> PartnerAnswer<'a, PartnerAppointment>;

    /// Moves an appointment.
    fn move_appointment<'a>(
        &'a self,
        partner: &'a PartnerLink,
        id: &'a str,
        to: &'a PartnerMove,
        idempotency_key: &'a str,
    ) -> PartnerAnswer<'a, PartnerAppointment>;

    /// Cancels an appointment.
    fn cancel_appointment<'a>(
        &'a self,
        partner: &'a PartnerLink,
        id: &'a str,
        reason: &'a str,
        comment: Option<&'a str>,
        idempotency_key: &'a str,
    ) -> PartnerAnswer<'a, ()>;

    /// Asks the partner to erase the personal data of an appointment that is over. Asking twice is as asking
    /// once, so that it carries no key.
    fn erase_appointment<'a>(&'a self, partner: &'a PartnerLink, id: &'a str) -> PartnerAnswer<'a, ()>;
}

/// A gateway that leads nowhere: for a server that asks no partners.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPartners;

fn nobody<'a, T: Send + 'a>() -> PartnerAnswer<'a, T> {
    Box::pin(std::future::ready(Err(BookingRefusal::NoPartner.into())))
}

impl PartnerGateway for NoPartners {
    fn search_slots<'a>(
        &'a self,
        _partner: &'a PartnerLink,
        _request: &'a ServiceRequest,
        _moves: Option<&'a str>,
    ) -> PartnerAnswer<'a, PartnerOffers> {
        nobody()
    }

    fn book_appointment<'a>(
        &'a self,
        _partner: &'a PartnerLink,
        _booking: &'a PartnerBooking,
        _idempotency_key: &'a str,
    ) -> PartnerAnswer<'a, PartnerAppointment> {
        nobody()
    }

    fn read_appointment<'a>(
        &'a self,
        _partner: &'a PartnerLink,
        _id: &'a str,
    ) -> PartnerAnswer<'a, PartnerAppointment> {
        nobody()
    }

    fn modify_appointment<'a>(
        &'a self,
        _partner: &'a PartnerLink,
        _id: &'a str,
        _change: &'a PartnerModification,
    ) -> PartnerAnswer<'a, PartnerAppointment> {
        nobody()
    }

    fn move_appointment<'a>(
        &'a self,
        _partner: &'a PartnerLink,
        _id: &'a str,
        _to: &'a PartnerMove,
        _idempotency_key: &'a str,
    ) -> PartnerAnswer<'a, PartnerAppointment> {
        nobody()
    }

    fn cancel_appointment<'a>(
        &'a self,
        _partner: &'a PartnerLink,
        _id: &'a str,
        _reason: &'a str,
        _comment: Option<&'a str>,
        _idempotency_key: &'a str,
    ) -> PartnerAnswer<'a, ()> {
        nobody()
    }

    fn erase_appointment<'a>(&'a self, _partner: &'a PartnerLink, _id: &'a str) -> PartnerAnswer<'a, ()> {
        nobody()
    }
}
