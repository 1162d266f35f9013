//! Personal data that goes when an insured asks for it (GDPR, article 17), and when it may not go yet.
//!
//! What stays is what accounts, statistics and the audit trail need: amounts, dates, codes, statuses,
//! ids of this server, and the town.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::{
    Answer, Claim, ClaimStatus, Contract, ContractProduct, Document, Dossier, Insured, Location, Product, Risk,
};
use crate::appointment::{Appointment, ClaimAppointment};
use crate::catalogue::{Catalogue, QuestionKind};
use crate::geo::{Place, Position, PostalAddress};
use crate::service::Urgency;

/// Placeholder for erased data.
pub const ERASED: &str = "(effacé)";

/// How long an action under the contract may be brought: two years. Source: Code des assurances,
/// L114-1. Counted from the last thing that happened, as what interrupts the term (L114-2) is not
/// known here.
const LIMITATION_YEARS: i64 = 2;

/// Why a claim's personal data must be kept for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// The claim is still being handled.
    UnderWay,
    /// Money is on its way.
    ActivePayment,
    /// An action may still be brought.
    Limitation {
        /// Until when.
        until: Timestamp,
    },
}

impl std::fmt::Display for Retention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnderWay => f.write_str("it is under way"),
            Self::ActivePayment => f.write_str("a payment is under way"),
            Self::Limitation { until } => {
                let day = TimeZone::UTC.to_datetime(*until).date();
                write!(f, "an action may be brought until {day} (Code des assurances, L114-1)")
            }
        }
    }
}

impl Claim {
    /// Why its personal data must be kept at `now`; `None` when it may go. A draft that was given up was
    /// never handed in: nothing keeps it.
    pub fn retention(&self, now: Timestamp) -> Option<Retention> {
        match self.status() {
            ClaimStatus::Draft | ClaimStatus::Submitted | ClaimStatus::InProgress | ClaimStatus::PendingInfo => {
                return Some(Retention::UnderWay);
            }
            ClaimStatus::Archived => return None,
            ClaimStatus::Closed | ClaimStatus::Rejected | ClaimStatus::Abandoned => {}
        }
        if self.has_active_payment() {
            return Some(Retention::ActivePayment);
        }
        let last = self.last_happened();
        let until = last.to_zoned(TimeZone::UTC).checked_add(LIMITATION_YEARS.years());
        let until = until.map_or(Timestamp::MAX, |until| until.timestamp());
        (now < until).then_some(Retention::Limitation { until })
    }

    fn last_happened(&self) -> Timestamp {
        let own = [
            Some(self.declaration_at),
            self.submitted_at(),
            self.state.closed_at(),
            self.state.rejected_at(),
            self.reopened_at(),
            self.abandoned_at(),
            Some(self.updated_at),
        ];
        let money = self.settlements.iter().flat_map(|kept| [Some(kept.created_at), kept.payment_at, kept.undone_at]);
        own.into_iter().chain(money).flatten().max().unwrap_or(self.updated_at)
    }

    /// Erases what tells who the insured is, or what they said and showed. `person` takes the place of
    /// the user id, so that one person's claims stay together. The documents stay as entries; their
    /// bytes are the caller's to remove.
    pub fn erase(&mut self, catalogue: &Catalogue, person: &str, at: Timestamp) {
        let choices: Vec<String> = self
            .declared_as(catalogue)
            .map(|(_, subtype)| subtype.questions.iter())
            .into_iter()
            .flatten()
            .filter(|question| matches!(question.kind, QuestionKind::Choice(_)))
            .map(|question| question.id.clone())
            .collect();
        for (id, answer) in &mut self.answers {
            if let Answer::Text(words) = answer
                && !choices.contains(id)
            {
                ERASED.clone_into(words);
            }
        }
        person.clone_into(&mut self.user_id);
        ERASED.clone_into(&mut self.description);
        self.state.erase_reason();
        self.erase_handlers_words();
        self.insured = Insured::erased();
        let Location { address, city: _, country: _, zipcode: _ } = &mut self.location;
        ERASED.clone_into(address);
        erase_product(&mut self.product);
        self.dossier.erase();
        for document in &mut self.documents {
            document.erase(at);
        }
        self.touch(at);
    }

    /// Takes away what handlers wrote, in which the insured may be named: their notes and what they said
    /// of documents. That a document was asked for stays.
    pub(super) fn erase_handlers_words(&mut self) {
        self.internal_notes.clear();
        self.note = None;
        for request in &mut self.requests {
            request.comment = None;
            if request.is_free() {
                "Autre document".clone_into(&mut request.label);
            }
        }
    }
}

impl Insured {
    /// The values of an erased person.
    pub fn erased() -> Self {
        let erased = || ERASED.to_owned();
        Self { first_name: erased(), last_name: erased(), phone_number: erased(), email: None, company: None }
    }
}

impl Dossier {
    fn erase(&mut self) {
        // Damages are free text; their amounts stay in the valuation.
        self.declared_damages = None;
        if let Some(risk) = &mut self.risk {
            erase_risk(risk);
        }
    }
}

impl Document {
    fn erase(&mut self, at: Timestamp) {
        ERASED.clone_into(&mut self.title);
        ERASED.clone_into(&mut self.filename);
        self.sha256 = "0".repeat(64);
        self.storage_key = format!("erased/{}", self.id);
        self.note = None;
        self.photo = None;
        if let Some(reason) = &mut self.refusal_reason {
            ERASED.clone_into(reason);
        }
        self.updated_at = at;
    }
}

impl Contract {
    /// Erases who holds it. Its number, its cover and what kinds of things it insures stay.
    pub fn erase(&mut self, person: &str) {
        person.clone_into(&mut self.user_id);
        self.holder = Insured::erased();
        for ContractProduct { id: _, product, risk } in &mut self.products {
            erase_product(product);
            if let Some(risk) = risk {
                erase_risk(risk);
            }
        }
    }
}

impl ClaimAppointment {
    /// Erases who was met, where, and what was written about it.
    pub fn erase(&mut self, at: Timestamp) {
        if let Some(place) = &mut self.place {
            erase_address(&mut place.address);
            place.position = None;
        }
        self.contact = None;
        self.notes = None;
        self.connection = None;
        if let Some(cancellation) = &mut self.cancellation {
            cancellation.comment = None;
        }
        self.version += 1;
        self.updated_at = at;
    }
}

impl Appointment {
    /// Erases who is met, where exactly, and what was written about it, in the firm's own row. Time, expert,
    /// kind, town, codes and references stay, and so does the position to about a kilometre: the drives of
    /// that day are still judged by it.
    pub fn erase(&mut self, at: Timestamp) {
        self.contact = None;
        self.notes = None;
        self.process = None;
        self.connection = None;
        if let Some(cancellation) = &mut self.cancellation {
            cancellation.comment = None;
        }
        erase_place(&mut self.place);
        let request = &mut self.request;
        request.kind_label = None;
        request.process = None;
        request.urgency = Urgency::default();
        if let Some(place) = &mut request.place {
            erase_place(place);
        }
        if let Some(place) = request.claim.as_mut().and_then(|claim| claim.loss_place.as_mut()) {
            erase_place(place);
        }
        self.version += 1;
        self.updated_at = at;
    }

    /// The texts in it that tell who is met, where, and what was written.
    pub fn personal_texts(&self) -> Vec<&str> {
        let mut texts = Vec::new();
        if let Some(contact) = &self.contact {
            texts.extend([contact.first_name.as_str(), contact.last_name.as_str()]);
            let others = [&contact.personal_phone, &contact.professional_phone, &contact.mobile_phone, &contact.email];
            texts.extend(others.into_iter().flatten().map(String::as_str));
            texts.extend(contact.address.iter().map(|address| address.street1.as_str()));
        }
        texts.extend(self.notes.as_deref());
        texts.extend(self.process.as_deref());
        texts.extend(self.cancellation.iter().filter_map(|cancellation| cancellation.comment.as_deref()));
        texts.push(&self.place.address.street1);
        texts.extend(self.place.address.more_lines.iter().map(String::as_str));
        texts
    }
}

/// Keeps the town, and the position to two decimals of a degree.
fn erase_place(place: &mut Place) {
    erase_address(&mut place.address);
    let coarse = |degrees: f64| (degrees * 100.0).round() / 100.0;
    place.position = place.position.and_then(|at| Position::new(coarse(at.lat), coarse(at.lon)));
}

fn erase_product(product: &mut Product) {
    let Product { kind: _, subtype: _, brand: _, model: _, product_marked, internal_id, custom } = product;
    *product_marked = None;
    *internal_id = None;
    custom.clear();
}

fn erase_risk(risk: &mut Risk) {
    let Risk { kind: _, relationship: _, measures: _, address, position, description } = risk;
    erase_address(address);
    *position = None;
    *description = None;
}

fn erase_address(address: &mut PostalAddress) {
    ERASED.clone_into(&mut address.street1);
    address.more_lines.clear();
}
