//! Checks that the events are those that were recorded: all of them, unchanged, in their order.

use std::fmt;

use constat_domain::tenancy::TenantId;
use constat_store::chain::{GENESIS, Hash};
use constat_store::queries::events::{self, Stored};
use constat_store::{Store, StoreError};

/// Events read at once.
const BATCH: i64 = 2_000;

/// What was done to a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tampering {
    /// The event does not say what it said.
    Changed,
    /// An event that stood here is gone.
    Removed,
    /// The event was put in.
    Inserted,
    /// The event stood elsewhere.
    Reordered,
}

/// The first event of a chain that is not as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What was done.
    pub tampering: Tampering,
    /// Where in the chain, from 1.
    pub position: i64,
    /// The event's id; for one that was removed, of the event that stood before it, if any.
    pub event: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tampering, position, event } = self;
        let event = event.as_deref();
        match (tampering, event) {
            (Tampering::Changed, Some(id)) => write!(f, "event {position} ({id}) was changed"),
            (Tampering::Inserted, Some(id)) => write!(f, "event {position} ({id}) was inserted"),
            (Tampering::Reordered, Some(id)) => write!(f, "event {position} ({id}) was reordered: it stood elsewhere"),
            (Tampering::Removed, Some(id)) => write!(f, "event {position} was removed: it stood after {id}"),
            (Tampering::Removed, None) => write!(f, "event {position}, the first, was removed"),
            (_, None) => write!(f, "the end of the chain was changed at event {position}"),
        }
    }
}

/// What the check of one chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whose chain.
    pub tenant: TenantId,
    /// Events that were checked and found sound.
    pub sound: i64,
    /// Of those, events whose data was erased: the chain covers its hash only.
    pub erased: i64,
    /// The hash of the last sound event: kept elsewhere, it proves later that nothing before it was
    /// exchanged, not even together with all its hashes.
    pub end: Hash,
    /// The first fault.
    pub fault: Option<Fault>,
}

/// How many events a tenant's chain is said to have: the length of the progress bar.
pub fn chain_length(store: &Store, tenant: &TenantId) -> Result<i64, StoreError> {
    store.read(|connection| events::end_of_tenant(connection, tenant)).map(|end| end.length)
}

/// Verifies a tenant's chain up to its first fault. `step` receives the number of events verified since its last
/// call.
///
/// Events appended after the end of the chain was read are left for the next verification.
pub fn verify_chain(store: &Store, tenant: &TenantId, step: &dyn Fn(u64)) -> Result<Verdict, StoreError> {
    let end = store.read(|connection| events::end_of_tenant(connection, tenant))?;
    let mut walk = Walk { store, tenant, last: None, sound: 0, erased: 0 };
    loop {
        let after = walk.last.as_ref().map_or(0, |last| last.position);
        let batch = store.read(|connection| events::stored_of_tenant_after(connection, tenant, after, BATCH))?;
        let checked = batch.len() as u64;
        let is_last = batch.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        for (index, event) in batch.iter().enumerate() {
            if event.position > end.length && walk.reaches(end.length, &end.hash) {
                return Ok(walk.verdict(walk.beyond(&end.hash)?));
            }
            if let Some(fault) = walk.check(event, batch.get(index + 1))? {
                return Ok(walk.verdict(Some(fault)));
            }
        }
        step(checked);
        if is_last {
            break;
        }
    }
    let fault = match &walk.last {
        _ if walk.reaches(end.length, &end.hash) => None,
        last if walk.sound < end.length => Some(Fault {
            tampering: Tampering::Removed,
            position: walk.sound + 1,
            event: last.as_ref().map(|last| last.id.clone()),
        }),
        last => Some(Fault {
            tampering: Tampering::Changed,
            position: walk.sound,
            event: last.as_ref().map(|last| last.id.clone()),
        }),
    };
    Ok(walk.verdict(fault))
}

struct Walk<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
    last: Option<Stored>,
    sound: i64,
    erased: i64,
}

impl Walk<'_> {
    fn verdict(&self, fault: Option<Fault>) -> Verdict {
        Verdict { tenant: *self.tenant, sound: self.sound, erased: self.erased, end: self.previous(), fault }
    }

    fn previous(&self) -> Hash {
        self.last.as_ref().map_or(GENESIS, |last| last.hash)
    }

    /// Whether the walk stands at this end of the chain.
    fn reaches(&self, length: i64, hash: &Hash) -> bool {
        self.sound == length && self.previous() == *hash
    }

    /// What stands after the end of the chain: appended since the end was read, or put there by hand.
    fn beyond(&self, end: &Hash) -> Result<Option<Fault>, StoreError> {
        let now = self.store.read(|connection| events::end_of_tenant(connection, self.tenant))?;
        if now.length > self.sound || now.hash != *end {
            return Ok(None);
        }
        let next =
            self.store.read(|connection| events::stored_of_tenant_after(connection, self.tenant, self.sound, 1))?.pop();
        Ok(next.map(|event| Fault { tampering: Tampering::Inserted, position: event.position, event: Some(event.id) }))
    }

    /// Checks the next event, knowing the one that follows it.
    fn check(&mut self, event: &Stored, next: Option<&Stored>) -> Result<Option<Fault>, StoreError> {
        let previous = self.previous();
        let is_sound = event.is_sound();
        if is_sound && event.previous == previous && event.position == self.sound + 1 {
            self.sound += 1;
            self.erased += i64::from(event.data.is_none());
            self.last = Some(event.clone());
            return Ok(None);
        }
        let fault =
            |tampering, position, event: &Stored| Some(Fault { tampering, position, event: Some(event.id.clone()) });
        // Without this event the chain would hold.
        let is_extra = next.is_some_and(|next| next.previous == previous && next.is_sound());
        let predecessor = if is_sound && event.previous != previous && event.previous != GENESIS {
            self.store.read(|c| events::position_of_tenant_by_hash(c, self.tenant, &event.previous))?
        } else {
            None
        };
        Ok(match predecessor {
            Some(at) if at > event.position => fault(Tampering::Reordered, event.position, event),
            // Whatever stands between the event and the one it goes on from was put in.
            Some(at) => {
                let mut between = self.store.read(|c| events::stored_of_tenant_after(c, self.tenant, at, 1))?;
                between.pop().and_then(|inserted| fault(Tampering::Inserted, inserted.position, &inserted))
            }
            // In its place by its hashes, but numbered otherwise.
            None if is_sound && event.previous == previous => fault(Tampering::Changed, event.position, event),
            None if is_extra => fault(Tampering::Inserted, event.position, event),
            None if !is_sound => fault(Tampering::Changed, event.position, event),
            None if event.previous == GENESIS => fault(Tampering::Reordered, event.position, event),
            None if event.position > self.sound + 1 => Some(Fault {
                tampering: Tampering::Removed,
                position: self.sound + 1,
                event: self.last.as_ref().map(|last| last.id.clone()),
            }),
            // The event before was rewritten together with its hash.
            None => match &self.last {
                Some(last) => fault(Tampering::Changed, last.position, last),
                None => fault(Tampering::Removed, event.position, event),
            },
        })
    }
}
