//! Events as the contract writes them.

use constat_claims::claim::{ActorKind, FeedEntry, TimelineEntry};
use constat_wire::claims as wire;

const fn actor(kind: ActorKind) -> wire::Actor {
    let kind = match kind {
        ActorKind::Handler => wire::ActorKind::Handler,
        ActorKind::Integrator => wire::ActorKind::Integrator,
        ActorKind::Partner => wire::ActorKind::Partner,
        ActorKind::Insured => wire::ActorKind::Insured,
        ActorKind::System => wire::ActorKind::System,
    };
    wire::Actor { kind }
}

/// An event in the timeline of its claim.
pub(super) fn entry(entry: TimelineEntry) -> wire::TimelineEntry {
    let TimelineEntry { id, kind, at, actor: who, data } = entry;
    wire::TimelineEntry {
        id: id.to_string(),
        kind: kind.name().to_owned(),
        label: kind.label().to_owned(),
        at: at.into(),
        actor: actor(who),
        data,
    }
}

/// An event in the feed.
pub(super) fn of_claim(FeedEntry { claim, entry }: FeedEntry) -> wire::FeedEvent {
    let TimelineEntry { id, kind, at, actor: who, data } = entry;
    wire::FeedEvent {
        id: id.to_string(),
        kind: kind.name().to_owned(),
        label: kind.label().to_owned(),
        at: at.into(),
        actor: actor(who),
        claim,
        data,
    }
}
