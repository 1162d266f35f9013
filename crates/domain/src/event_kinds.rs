//! The kinds of events: their stable names and French labels.
//!
//! Names that start with `v2.` are those of the claims contract, with our extensions for appointments
//! and deadlines, and may be sent to webhooks. The other names of [`CLAIM_EVENTS`] are read in the timeline and the
//! feed only. [`OWN_RECORDS`] are about no claim: they are stored in the audit trail and shown to no integrator.

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKind {
    /// Its stable name.
    pub name: &'static str,
    /// What happened, in French.
    pub label: &'static str,
}

/// The event that tries a webhook out. Nothing happened: it is in no timeline and no feed.
pub const PING: &str = "v2.webhook.ping";

const fn kind(name: &'static str, label: &'static str) -> EventKind {
    EventKind { name, label }
}

/// Every kind of event about a claim. Source of the `v2.` names: claims API v2, *Webhooks*.
pub const CLAIM_EVENTS: &[EventKind] = &[
    kind("v2.claim.draft.created", "Pré-déclaration créée"),
    kind("v2.claim.draft.ready", "Pré-déclaration complète, prête à être transmise"),
    kind("v2.claim.draft.archived", "Pré-déclaration archivée"),
    kind("v2.claim.created", "Sinistre déclaré"),
    kind("v2.claim.closed", "Sinistre clos"),
    kind("v2.claim.reopened", "Sinistre rouvert"),
    kind("v2.claim.abandoned", "Sinistre abandonné"),
    kind("v2.claim.refused", "Sinistre refusé"),
    kind("v2.claim.status.updated", "Statut du sinistre modifié"),
    kind("v2.claim.document.uploaded", "Document reçu"),
    kind("v2.claim.document.accepted", "Document accepté"),
    kind("v2.claim.document.refused", "Document refusé"),
    kind("v2.claim.document.requested", "Document demandé"),
    kind("v2.claim.settlement.created", "Règlement créé"),
    kind("v2.claim.settlement.paid", "Règlement payé"),
    kind("v2.claim.settlement.returned", "Règlement retourné"),
    kind("v2.claim.deadline.approaching", "Échéance proche"),
    kind("v2.claim.deadline.met", "Échéance respectée"),
    kind("v2.claim.deadline.missed", "Échéance dépassée"),
    kind("v2.appointment.booked", "Rendez-vous pris"),
    kind("v2.appointment.rescheduled", "Rendez-vous déplacé"),
    kind("v2.appointment.modified", "Rendez-vous modifié"),
    kind("v2.appointment.cancelled", "Rendez-vous annulé"),
    kind("v2.appointment.done", "Rendez-vous effectué"),
    kind("claim.draft.edited", "Pré-déclaration modifiée"),
    kind("claim.corrected", "Dossier corrigé par un gestionnaire"),
    kind("claim.cover.updated", "Garantie revue d'après le contrat"),
    kind("claim.imported", "Dossier repris d'un autre système"),
    kind("insured.erased", "Données personnelles de l'assuré effacées"),
    kind("insured.erasure.passed_on", "Effacement transmis au partenaire"),
    kind("claim.document.scanned", "Document contrôlé par l'antivirus"),
    kind("claim.note.updated", "Message à l'assuré modifié"),
    kind("claim.settlement.cancelled", "Règlement annulé"),
    kind("claim.milestone.recorded", "Date clé enregistrée"),
    kind("claim.milestone.removed", "Date clé retirée"),
    kind("sign_in_link.created", "Lien de connexion envoyé à l'assuré"),
    kind("sign_in_link.used", "Lien de connexion utilisé par l'assuré"),
];

/// What handlers do among themselves: in the timeline that they read, and in no feed.
pub const HANDLERS_ONLY: &[EventKind] = &[
    kind("claim.internal_note.added", "Note interne ajoutée"),
    kind("claim.document.original_read", "Original d'une photo consulté"),
];

/// What an organisation does in its own data: a firm in its calendar, a platform with contracts and webhooks.
pub const OWN_RECORDS: &[EventKind] = &[
    kind("appointment.booked", "Rendez-vous pris dans l'agenda du cabinet"),
    kind("appointment.rescheduled", "Rendez-vous déplacé dans l'agenda du cabinet"),
    kind("appointment.modified", "Rendez-vous modifié dans l'agenda du cabinet"),
    kind("appointment.cancelled", "Rendez-vous annulé dans l'agenda du cabinet"),
    kind("appointment.held", "Créneau retenu"),
    kind("appointment.released", "Créneau libéré"),
    kind("appointment.erased", "Données personnelles d'un rendez-vous effacées"),
    kind("organisation.added", "Organisation enregistrée"),
    kind("key.issued", "Clé d'API émise"),
    kind("key.rotated", "Clé d'API remplacée"),
    kind("key.revoked", "Clé d'API révoquée"),
    kind("catastrophe.started", "Mode catastrophe activé"),
    kind("catastrophe.stopped", "Mode catastrophe arrêté"),
    kind("contract.created", "Contrat créé"),
    kind("contracts.imported", "Contrats importés"),
    kind("experts.imported", "Experts importés"),
    kind("absences.imported", "Absences importées"),
    kind("webhook.created", "Webhook créé"),
    kind("webhook.edited", "Webhook modifié"),
    kind("webhook.paused", "Webhook mis en pause"),
    kind("webhook.resumed", "Webhook repris"),
    kind("webhook.deleted", "Webhook supprimé"),
    kind("webhook.secret_rotated", "Secret d'un webhook remplacé"),
    kind("webhook.replayed", "Événements envoyés de nouveau à un webhook"),
    kind("webhook.failing", "Webhook en échec"),
];

fn all() -> impl Iterator<Item = &'static EventKind> {
    CLAIM_EVENTS.iter().chain(HANDLERS_ONLY).chain(OWN_RECORDS)
}

/// What happened, in French; the name itself when it is not listed here.
pub fn label(name: &str) -> &str {
    all().find(|kind| kind.name == name).map_or(name, |kind| kind.label)
}

/// The names that a webhook may ask for, as the contract lists them.
pub fn for_webhooks() -> impl Iterator<Item = &'static str> {
    CLAIM_EVENTS.iter().map(|kind| kind.name).filter(|name| name.starts_with("v2."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once_and_says_something() {
        let mut names: Vec<_> = all().map(|kind| kind.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().count());
        assert!(all().all(|kind| label(kind.name) != kind.name));
        let page = include_str!("../../../docs/events.md");
        let missing: Vec<_> = names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "docs/events.md does not list {missing:?}");
        assert_eq!((for_webhooks().count(), label("something.else")), (24, "something.else"));
    }
}
