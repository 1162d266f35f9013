//! What happened to all claims, in order, from a cursor on.

use constat_domain::event_kinds::{Audience, EventKind};
use constat_domain::ids::EventId;
use constat_domain::refusal::Refusal;
use constat_domain::tenancy::Caller;
use constat_store::queries::events::{self, Event};
use constat_store::{Connection, StoreError};

use crate::ClaimService;
use crate::claim::timeline::{Actors, TimelineEntry};
use constat_core::AppError;

/// Most events of one answer.
pub const MAX_FEED_ENTRIES: u32 = 500;

/// Most events that are looked at for one answer: an integrator's are few among those of the platform, and
/// what was looked at once is not looked at again. Some tens of milliseconds.
const LOOKED_AT: i64 = 20_000;

/// An integrator's cursor passes others' events in steps of this number: if it passed each, it would tell when
/// others do something. Less than a step is looked at again at each poll.
const STEP: i64 = 1_000;

/// Some events in the order in which they were committed. The order never changes, and nothing is
/// ever added before what was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Feed {
    /// The events.
    pub events: Vec<FeedEntry>,
    /// Where to go on: behind the last event of the answer, or further when many of others' come after it; the
    /// cursor that was given when there was nothing new.
    pub cursor: Option<EventId>,
    /// More events are there already, or are still to be looked at.
    pub has_more: bool,
}

/// An event with what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedEntry {
    /// The pre-declaration's id.
    pub claim: String,
    /// What happened to it.
    pub entry: TimelineEntry,
}

/// An event as a reader of the feed sees it.
pub(crate) fn entry_of(connection: &mut Connection, event: Event) -> Result<FeedEntry, StoreError> {
    entry(connection, &mut Actors::default(), event)
}

fn entry(connection: &mut Connection, actors: &mut Actors, event: Event) -> Result<FeedEntry, StoreError> {
    let entry = TimelineEntry {
        id: event.id,
        kind: event.kind,
        at: event.at,
        actor: actors.kind_of(connection, event.actor)?,
        data: event.data,
    };
    Ok(FeedEntry { claim: event.subject, entry })
}

/// The events about the claims that the key sees after the event `after`, or from the first.
pub fn read_feed(
    service: &ClaimService,
    caller: &Caller,
    after: Option<EventId>,
    limit: u32,
) -> Result<Feed, AppError> {
    let kinds: Vec<EventKind> = EventKind::of_audience(Audience::Claim).collect();
    service.core.store.read(|connection| {
        let position = match after {
            None => 0,
            Some(id) => {
                let known = events::of_tenant_by_id(connection, &caller.tenant, id)?;
                known
                    .ok_or_else(|| {
                        Refusal::field("after", "no such event: give the `cursor` of the last answer, or leave it out")
                    })?
                    .0
            }
        };
        let tenant = &caller.tenant;
        let length = events::length_of_tenant(connection, tenant)?;
        let declared_by = caller.sees_only();
        // The platform's own key reads no others' events: it need not stop anywhere.
        let until = if declared_by.is_some() { length.min(position.saturating_add(LOOKED_AT)) } else { length };
        let wanted = i64::from(limit) + 1;
        let span = (position, until);
        let mut rows = events::of_tenant_and_kinds_between(connection, tenant, &kinds, declared_by, span, wanted)?;
        let is_full = rows.len() > limit as usize;
        let has_more = is_full || until < length;
        rows.truncate(limit as usize);
        let mut actors = Actors::default();
        let mut feed = Feed { events: Vec::with_capacity(rows.len()), cursor: after, has_more };
        let mut read = position;
        for (position, event) in rows {
            read = position;
            feed.cursor = Some(event.id);
            feed.events.push(entry(connection, &mut actors, event)?);
        }
        let passed = if until < length { until } else { until - until % STEP };
        if !is_full && declared_by.is_some() && passed > read {
            feed.cursor = events::id_of_tenant_at(connection, tenant, passed)?.or(feed.cursor);
        }
        Ok(feed)
    })
}
