//! What happened to a claim, from the first word on.

use std::collections::HashMap;

use constat_domain::event_kinds::{Audience, EventKind, StoredKind};
use constat_domain::ids::{DeclarationId, EventId, KeyId};
use constat_domain::tenancy::{Api, Caller, TenantId};
use constat_store::queries::{api_keys, events};
use constat_store::{Connection, StoreError};
use jiff::Timestamp;
use serde_json::Value;

use crate::ClaimService;
use crate::claim::find::find_version;
use constat_core::AppError;

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// A key of the claims API that the platform itself holds.
    Handler,
    /// A key of the claims API that another organisation holds.
    Integrator,
    /// A key of the dossier API: the firm that visits, or the insurer.
    Partner,
    /// The insured, through a link.
    Insured,
    /// The server itself, or its operator.
    System,
}

/// Something that happened to the claim.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineEntry {
    /// The event.
    pub id: EventId,
    /// What happened: a stable name.
    pub kind: StoredKind,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: ActorKind,
    /// Ids, codes and instants that belong to it.
    pub data: Value,
}

/// One page of a claim's timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// What happened, oldest first.
    pub entries: Vec<TimelineEntry>,
    /// How many entries there are on all pages.
    pub total: u64,
}

/// One page of what happened to the claim with this pre-declaration id or internal claim id. Only
/// handlers see what handlers do among themselves.
pub fn claim_timeline(
    service: &ClaimService,
    caller: &Caller,
    id: &str,
    limit: u32,
    offset: u32,
) -> Result<Timeline, AppError> {
    service.core.store.read(|connection| {
        let tenant = &caller.tenant;
        let declaration = find_version(connection, caller, id)?.declaration;
        let hidden: Vec<EventKind> =
            if caller.owns_the_data() { Vec::new() } else { EventKind::of_audience(Audience::Handlers).collect() };
        timeline_of(connection, tenant, declaration, &hidden, limit.into(), offset.into())
    })
}

/// A page of what happened to a claim that was found already, without these kinds.
pub(crate) fn timeline_of(
    connection: &mut Connection,
    tenant: &TenantId,
    declaration: DeclarationId,
    hidden: &[EventKind],
    limit: i64,
    offset: i64,
) -> Result<Timeline, AppError> {
    let page = events::page_of_tenant_about(connection, tenant, &declaration.to_string(), hidden, limit, offset)?;
    let mut actors = Actors::default();
    let mut entries = Vec::with_capacity(page.rows.len());
    for (_position, event) in page.rows {
        entries.push(TimelineEntry {
            id: event.id,
            kind: event.kind,
            at: event.at,
            actor: actors.kind_of(connection, event.actor)?,
            data: event.data,
        });
    }
    Ok(Timeline { entries, total: page.total.unsigned_abs() })
}

/// What the actors of some events are: each key is looked up once.
#[derive(Default)]
pub(super) struct Actors(HashMap<String, ActorKind>);

impl Actors {
    pub(super) fn kind_of(&mut self, connection: &mut Connection, actor: String) -> Result<ActorKind, StoreError> {
        if let Some(known) = self.0.get(&actor) {
            return Ok(*known);
        }
        let kind = match actor.parse::<KeyId>() {
            Ok(key) => match api_keys::by_id(connection, key)?.map(|key| (key.api, key.holder == key.issuer)) {
                Some((Api::Claims, true)) => ActorKind::Handler,
                Some((Api::Claims, false)) => ActorKind::Integrator,
                Some((Api::Dossier | Api::Partner, _)) => ActorKind::Partner,
                None => ActorKind::System,
            },
            Err(_no_key) if actor == "insured" => ActorKind::Insured,
            Err(_no_key) => ActorKind::System,
        };
        self.0.insert(actor, kind);
        Ok(kind)
    }
}
