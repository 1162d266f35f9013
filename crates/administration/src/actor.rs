//! The person or program that administers, and its events.

use constat_domain::event_kinds::EventKind;
use std::sync::Arc;

use constat_core::{CommandContext, SecureRandom, Tx};
use constat_domain::ids::{Entropy, EventId};
use constat_domain::tenancy::TenantId;
use constat_store::StoreError;
use constat_store::queries::events::{self, Event};
use jiff::Timestamp;
use serde_json::Value;

/// The actor of events that the operator causes on the command line.
const OPERATOR: &str = "operator";

/// Who administers, at which instant: the operator on the command line, or a key over HTTP.
#[derive(Clone)]
pub struct Actor {
    name: String,
    at: Timestamp,
    secure_random: Arc<dyn SecureRandom>,
}

impl Actor {
    /// The operator of the server, on the command line.
    pub fn operator(at: Timestamp, secure_random: Arc<dyn SecureRandom>) -> Self {
        Self { name: OPERATOR.to_owned(), at, secure_random }
    }

    /// The key that sent a request.
    pub fn of_request(context: &CommandContext, secure_random: Arc<dyn SecureRandom>) -> Self {
        Self { name: context.caller.key.to_string(), at: context.at, secure_random }
    }

    /// The instant of the operation.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Random bytes for a new identifier.
    pub fn entropy(&self) -> Entropy {
        self.secure_random.entropy()
    }

    /// Appends an event to a tenant's chain. `data` holds ids and codes, never personal data.
    ///
    /// # Errors
    /// When the database fails.
    pub fn record(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        subject: impl std::fmt::Display,
        kind: EventKind,
        data: Value,
    ) -> Result<(), StoreError> {
        let event = Event {
            id: EventId::new(self.at, &self.entropy()),
            tenant,
            subject: subject.to_string(),
            kind: kind.into(),
            at: self.at,
            actor: self.name.clone(),
            data,
        };
        events::append(tx, &event)
    }
}
