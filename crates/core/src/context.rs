//! Who asks for a command, and when.

use constat_domain::event_kinds::EventKind;
use std::sync::Arc;

use constat_domain::catalogue::Catalogue;
use constat_domain::claim::{Claim, OutsideCover, Rules};
use constat_domain::deadlines::{Deadline, Deadlines};
use constat_domain::ids::{Entropy, EventId};
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::{Caller, TenantId};
use constat_store::queries::events::{self, Event};
use constat_store::{StoreError, Tx};
use jiff::Timestamp;

use crate::clock_and_random::SecureRandom;

/// One command's circumstances: the caller, the instant, and a source of new identifiers.
#[derive(Clone)]
pub struct CommandContext {
    /// Who asks.
    pub caller: Caller,
    /// When: one instant for the whole command.
    pub at: Timestamp,
    /// Dry run: everything is decided and answered as usual, but nothing is stored, sent, or requested of
    /// another service.
    pub dry_run: bool,
    secure_random: Arc<dyn SecureRandom>,
    catalogue: Arc<Catalogue>,
    deadlines: Arc<Deadlines>,
    outside_cover: OutsideCover,
}

impl CommandContext {
    /// A command by `caller` at `at`, whose data is judged by `catalogue` and watched by `deadlines`.
    pub fn new(
        caller: Caller,
        at: Timestamp,
        secure_random: Arc<dyn SecureRandom>,
        catalogue: Arc<Catalogue>,
        deadlines: Arc<Deadlines>,
        outside_cover: OutsideCover,
    ) -> Self {
        Self { caller, at, dry_run: false, secure_random, catalogue, deadlines, outside_cover }
    }

    /// A claim's deadlines at the instant of the command.
    pub fn deadlines_of(&self, claim: &Claim) -> Vec<Deadline<'_>> {
        self.deadlines.of_claim(claim, self.at)
    }

    /// What judges claims: the catalogue and what the platform set.
    pub fn rules(&self) -> Rules<'_> {
        Rules { catalogue: &self.catalogue, outside_cover: self.outside_cover }
    }

    /// What becomes of a loss outside the cover.
    pub const fn outside_cover(&self) -> OutsideCover {
        self.outside_cover
    }

    /// The catalogue of the organisation whose data it is.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Refuses callers other than the platform itself.
    pub fn require_handler(&self) -> Result<(), ClaimRefusal> {
        self.caller.require_handler()
    }

    /// The data that the command may see and change.
    pub fn tenant(&self) -> &TenantId {
        &self.caller.tenant
    }

    /// Random bytes for a new identifier: `ClaimId::new(act.at, &act.entropy())`.
    pub fn entropy(&self) -> Entropy {
        self.secure_random.entropy()
    }

    /// Fills a buffer with random bytes fit for a secret.
    pub fn fill(&self, buffer: &mut [u8]) {
        self.secure_random.fill(buffer);
    }

    /// Appends an event about `subject` to the caller's tenant. `data` holds ids and codes, never
    /// personal data.
    pub fn record(
        &self,
        tx: &mut Tx,
        subject: impl std::fmt::Display,
        kind: EventKind,
        data: serde_json::Value,
    ) -> Result<(), StoreError> {
        self.record_in(tx, self.caller.tenant, subject, kind, data)
    }

    /// The same in the data of another firm, whose part of a joint appointment changes.
    pub fn record_in(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        subject: impl std::fmt::Display,
        kind: EventKind,
        data: serde_json::Value,
    ) -> Result<(), StoreError> {
        let event = Event {
            id: EventId::new(self.at, &self.entropy()),
            tenant,
            subject: subject.to_string(),
            kind: kind.into(),
            at: self.at,
            actor: self.caller.key.to_string(),
            data,
        };
        events::append(tx, &event)
    }
}
