//! The body of a delivery, built when it is sent, so that no personal data waits in a queue.

use std::sync::Arc;

use constat_domain::catalogue::Catalogue;
use constat_domain::claim::{Asker, Claim, OutsideCover};
use constat_domain::deadlines::Deadlines;
use constat_domain::event_kinds::EventKind;
use constat_domain::webhook::{Delivery, Webhook};
use constat_store::StoreError;
use constat_store::queries::{claims, events};
use jiff::Timestamp;

use crate::ClaimService;
use crate::claim::feed::{FeedEntry, entry_of};
use crate::webhooks::caller_of;
use constat_core::AppError;

/// What the message is about.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A claim, as it is now.
    Claim(Box<Claim>),
    /// A trial of this webhook.
    Ping(String),
}

/// A message, before the contract writes it.
#[derive(Debug, Clone)]
pub struct Message {
    /// What it is about.
    pub subject: Subject,
    /// Who reads it: the platform itself, or an integrator.
    pub asker: Asker,
    /// The event, as in the feed.
    pub event: FeedEntry,
    /// The catalogue of the organisation whose data it is.
    pub catalogue: Arc<Catalogue>,
    /// What becomes of a loss outside the cover.
    pub outside_cover: OutsideCover,
    /// The rules of deadlines.
    pub deadlines: Arc<Deadlines>,
    /// When it is put together.
    pub at: Timestamp,
}

/// The message of a delivery; `None` when the claim is not there, or not for this webhook.
pub fn message_of(service: &ClaimService, webhook: &Webhook, delivery: &Delivery) -> Result<Option<Message>, AppError> {
    service.core.store.read(|connection| {
        let (_position, event) = events::of_tenant_by_id(connection, &webhook.tenant, delivery.event)?
            .ok_or_else(|| StoreError::Corrupt("a delivery without its event".to_owned()))?;
        let mut asker = Asker::Integrator;
        let subject = if event.kind == EventKind::WebhookPing {
            Subject::Ping(event.subject.clone())
        } else {
            let claim = claims::of_tenant_by_either_id(connection, &webhook.tenant, &event.subject)?;
            let caller = caller_of(connection, webhook)?;
            asker = caller.as_ref().map_or(asker, Into::into);
            match claim.filter(|claim| caller.is_some_and(|caller| claim.is_seen_by(&caller))) {
                Some(claim) => Subject::Claim(Box::new(claim)),
                None => return Ok(None),
            }
        };
        let deadlines = Arc::clone(&service.core.deadlines);
        let catalogue = Arc::clone(service.core.catalogues.of(&webhook.tenant));
        let (event, at) = (entry_of(connection, event)?, service.core.clock.now());
        let outside_cover = service.core.settings.claims.outside_cover;
        Ok(Some(Message { subject, asker, event, catalogue, outside_cover, deadlines, at }))
    })
}
