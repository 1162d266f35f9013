//! The kinds of events: their stable names, their French labels and their readers.
//!
//! Names that start with `v2.` are those of the claims contract, with extensions for appointments and deadlines; they
//! may be sent to webhooks. Source: claims API v2, *Webhooks*.

use std::convert::Infallible;
use std::str::FromStr;

/// Where events of a kind are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Timeline of the claim and feed; webhooks if the name starts with `v2.`.
    Claim,
    /// Timeline of the claim as handlers read it, no feed.
    Handlers,
    /// Audit trail of the organisation: about no claim.
    Organisation,
    /// A webhook that is tried out; no timeline, no feed.
    Trial,
}

macro_rules! event_kinds {
    ($($variant:ident, $audience:ident, $name:literal, $label:literal;)*) => {
        /// A kind of event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $(#[doc = concat!("`", $name, "`: ", $label, ".")] $variant,)*
        }

        impl EventKind {
            /// Every kind, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable name, as stored and on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What happened, in French.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }

            /// The kind with this stable name.
            fn of_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// Where events of this kind are shown.
            pub const fn audience(self) -> Audience {
                match self { $(Self::$variant => Audience::$audience),* }
            }
        }
    };
}

event_kinds! {
    ClaimDraftCreated, Claim, "v2.claim.draft.created", "Pré-déclaration créée";
    ClaimDraftReady, Claim, "v2.claim.draft.ready", "Pré-déclaration complète, prête à être transmise";
    ClaimDraftArchived, Claim, "v2.claim.draft.archived", "Pré-déclaration archivée";
    ClaimCreated, Claim, "v2.claim.created", "Sinistre déclaré";
    ClaimClosed, Claim, "v2.claim.closed", "Sinistre clos";
    ClaimReopened, Claim, "v2.claim.reopened", "Sinistre rouvert";
    ClaimAbandoned, Claim, "v2.claim.abandoned", "Sinistre abandonné";
    ClaimRefused, Claim, "v2.claim.refused", "Sinistre refusé";
    ClaimStatusUpdated, Claim, "v2.claim.status.updated", "Statut du sinistre modifié";
    ClaimDocumentUploaded, Claim, "v2.claim.document.uploaded", "Document reçu";
    ClaimDocumentAccepted, Claim, "v2.claim.document.accepted", "Document accepté";
    ClaimDocumentRefused, Claim, "v2.claim.document.refused", "Document refusé";
    ClaimDocumentRequested, Claim, "v2.claim.document.requested", "Document demandé";
    ClaimSettlementCreated, Claim, "v2.claim.settlement.created", "Règlement créé";
    ClaimSettlementPaid, Claim, "v2.claim.settlement.paid", "Règlement payé";
    ClaimSettlementReturned, Claim, "v2.claim.settlement.returned", "Règlement retourné";
    ClaimDeadlineApproaching, Claim, "v2.claim.deadline.approaching", "Échéance proche";
    ClaimDeadlineMet, Claim, "v2.claim.deadline.met", "Échéance respectée";
    ClaimDeadlineMissed, Claim, "v2.claim.deadline.missed", "Échéance dépassée";
    ClaimAppointmentBooked, Claim, "v2.appointment.booked", "Rendez-vous pris";
    ClaimAppointmentRescheduled, Claim, "v2.appointment.rescheduled", "Rendez-vous déplacé";
    ClaimAppointmentModified, Claim, "v2.appointment.modified", "Rendez-vous modifié";
    ClaimAppointmentCancelled, Claim, "v2.appointment.cancelled", "Rendez-vous annulé";
    ClaimAppointmentDone, Claim, "v2.appointment.done", "Rendez-vous effectué";
    ClaimDraftEdited, Claim, "claim.draft.edited", "Pré-déclaration modifiée";
    ClaimCorrected, Claim, "claim.corrected", "Dossier corrigé par un gestionnaire";
    ClaimCoverUpdated, Claim, "claim.cover.updated", "Garantie revue d'après le contrat";
    ClaimImported, Claim, "claim.imported", "Dossier repris d'un autre système";
    InsuredErased, Claim, "insured.erased", "Données personnelles de l'assuré effacées";
    InsuredErasurePassedOn, Claim, "insured.erasure.passed_on", "Effacement transmis au partenaire";
    ClaimDocumentScanned, Claim, "claim.document.scanned", "Document contrôlé par l'antivirus";
    ClaimNoteUpdated, Claim, "claim.note.updated", "Message à l'assuré modifié";
    ClaimSettlementCancelled, Claim, "claim.settlement.cancelled", "Règlement annulé";
    ClaimMilestoneRecorded, Claim, "claim.milestone.recorded", "Date clé enregistrée";
    ClaimMilestoneRemoved, Claim, "claim.milestone.removed", "Date clé retirée";
    SignInLinkCreated, Claim, "sign_in_link.created", "Lien de connexion envoyé à l'assuré";
    SignInLinkUsed, Claim, "sign_in_link.used", "Lien de connexion utilisé par l'assuré";
    ClaimInternalNoteAdded, Handlers, "claim.internal_note.added", "Note interne ajoutée";
    ClaimDocumentOriginalRead, Handlers, "claim.document.original_read", "Original d'une photo consulté";
    AppointmentBooked, Organisation, "appointment.booked", "Rendez-vous pris dans l'agenda du cabinet";
    AppointmentRescheduled, Organisation, "appointment.rescheduled", "Rendez-vous déplacé dans l'agenda du cabinet";
    AppointmentModified, Organisation, "appointment.modified", "Rendez-vous modifié dans l'agenda du cabinet";
    AppointmentCancelled, Organisation, "appointment.cancelled", "Rendez-vous annulé dans l'agenda du cabinet";
    AppointmentHeld, Organisation, "appointment.held", "Créneau retenu";
    AppointmentReleased, Organisation, "appointment.released", "Créneau libéré";
    AppointmentErased, Organisation, "appointment.erased", "Données personnelles d'un rendez-vous effacées";
    OrganisationAdded, Organisation, "organisation.added", "Organisation enregistrée";
    KeyIssued, Organisation, "key.issued", "Clé d'API émise";
    KeyRotated, Organisation, "key.rotated", "Clé d'API remplacée";
    KeyRevoked, Organisation, "key.revoked", "Clé d'API révoquée";
    CatastropheStarted, Organisation, "catastrophe.started", "Mode catastrophe activé";
    CatastropheStopped, Organisation, "catastrophe.stopped", "Mode catastrophe arrêté";
    ContractCreated, Organisation, "contract.created", "Contrat créé";
    ContractsImported, Organisation, "contracts.imported", "Contrats importés";
    ExpertSaved, Organisation, "expert.saved", "Expert enregistré";
    AbsenceSaved, Organisation, "absence.saved", "Absence enregistrée";
    AbsenceRemoved, Organisation, "absence.removed", "Absence supprimée";
    ExpertsImported, Organisation, "experts.imported", "Experts importés";
    AbsencesImported, Organisation, "absences.imported", "Absences importées";
    WebhookCreated, Organisation, "webhook.created", "Webhook créé";
    WebhookEdited, Organisation, "webhook.edited", "Webhook modifié";
    WebhookPaused, Organisation, "webhook.paused", "Webhook mis en pause";
    WebhookResumed, Organisation, "webhook.resumed", "Webhook repris";
    WebhookDeleted, Organisation, "webhook.deleted", "Webhook supprimé";
    WebhookSecretRotated, Organisation, "webhook.secret_rotated", "Secret d'un webhook remplacé";
    WebhookReplayed, Organisation, "webhook.replayed", "Événements envoyés de nouveau à un webhook";
    WebhookFailing, Organisation, "webhook.failing", "Webhook en échec";
    WebhookPing, Trial, "v2.webhook.ping", "Essai d'un webhook";
}

impl EventKind {
    /// The kinds with this audience.
    pub fn of_audience(audience: Audience) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |kind| kind.audience() == audience)
    }

    /// The kinds that a webhook may select, as the contract lists them.
    pub fn for_webhooks() -> impl Iterator<Item = Self> {
        Self::of_audience(Audience::Claim).filter(|kind| kind.name().starts_with("v2."))
    }
}

/// The kind of a stored event. During a rolling upgrade a newer server may have written a kind that this program does
/// not know: it is read with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredKind {
    /// A kind of this program.
    Known(EventKind),
    /// The name of another one.
    Unknown(String),
}

impl StoredKind {
    /// The stable name.
    pub fn name(&self) -> &str {
        match self {
            Self::Known(kind) => kind.name(),
            Self::Unknown(name) => name,
        }
    }

    /// What happened, in French; the name itself when the kind is unknown.
    pub fn label(&self) -> &str {
        match self {
            Self::Known(kind) => kind.label(),
            Self::Unknown(name) => name,
        }
    }
}

impl From<EventKind> for StoredKind {
    fn from(kind: EventKind) -> Self {
        Self::Known(kind)
    }
}

impl FromStr for StoredKind {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(EventKind::of_name(name).map_or_else(|| Self::Unknown(name.to_owned()), Self::Known))
    }
}

impl PartialEq<EventKind> for StoredKind {
    fn eq(&self, kind: &EventKind) -> bool {
        matches!(self, Self::Known(known) if known == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_that_of_one_kind() {
        for kind in EventKind::ALL {
            assert_eq!(kind.name().parse(), Ok(StoredKind::Known(*kind)));
            assert_ne!(kind.label(), kind.name());
        }
        let unknown: StoredKind = "something.else".parse().unwrap();
        assert_eq!((unknown.name(), unknown.label()), ("something.else", "something.else"));
        assert_eq!(EventKind::for_webhooks().count(), 24);
    }

    #[test]
    fn the_page_of_events_lists_each_kind_with_its_label_and_no_other() {
        let page = include_str!("../../../docs/events.md");
        let row = |line: &str| {
            let mut cells = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ");
            Some((cells.next()?.strip_suffix('`')?.to_owned(), cells.next()?.to_owned()))
        };
        let kinds = page.split("## Kinds").nth(1).expect("a heading `Kinds`").split("\n## ").next().unwrap_or_default();
        let mut listed: Vec<_> = kinds.lines().filter_map(row).collect();
        let mut known: Vec<_> = EventKind::ALL
            .iter()
            .filter(|kind| kind.audience() != Audience::Trial)
            .map(|kind| (kind.name().to_owned(), kind.label().to_owned()))
            .collect();
        listed.sort();
        known.sort();
        assert_eq!(listed, known);
    }
}
