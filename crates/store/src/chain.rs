//! How events are chained: the hashes, and the ends of the chains while a transaction writes.
//!
//! Each event holds the hash of its tenant's event before it, and a hash of its own content; a later
//! change of either shows. The content goes in by its own hash, so that data may be erased (and say
//! so) without breaking the chain.
//!
//! The end of each chain is a row of `event_chains`. A transaction keeps its events in memory and writes
//! them last of all: it takes the end, goes on from it, and writes it back just before it commits. A
//! booking pays for two SHA-256 of a few hundred bytes. SQLite has one writer, so the end cannot move
//! under it. On PostgreSQL the row is locked from then to the commit, which makes the writers of one
//! tenant queue for that moment and leaves the others alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use constat_domain::tenancy::TenantId;
use diesel::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::connection::on_each;
use crate::schema::{event_chains, events};
use crate::{Connection, StoreError, dialect};

/// A SHA-256.
pub type Hash = [u8; 32];

/// What the first event of a chain goes on from.
pub const GENESIS: Hash = [0; 32];

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// How many events the chain has: the position of the last one.
    pub length: i64,
    /// The hash of the last one.
    pub hash: Hash,
}

impl Tail {
    /// The chain of a tenant that has no events yet.
    pub const EMPTY: Self = Self { length: 0, hash: GENESIS };
}

/// What an event's hash covers. Its position is not part of it: the order is what the hashes of the
/// events before say.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// The event's id.
    pub id: &'a str,
    /// Whose data changed.
    pub tenant: &'a str,
    /// What changed.
    pub subject: &'a str,
    /// What happened to it.
    pub kind: &'a str,
    /// When, in UTC microseconds.
    pub at: i64,
    /// Who did it.
    pub actor: &'a str,
    /// The hash of the data.
    pub data_hash: &'a Hash,
}

impl Content<'_> {
    /// The event's hash after the event with the hash `previous`. Every text goes in after its
    /// length, so that no two contents read the same.
    pub fn hash_after(&self, previous: &Hash) -> Hash {
        let mut digest = Sha256::new();
        digest.update(b"constat event 1");
        digest.update(previous);
        for text in [self.id, self.tenant, self.subject, self.kind, self.actor] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
        digest.update(self.at.to_be_bytes());
        digest.update(self.data_hash);
        digest.finalize().into()
    }
}

/// The hash of an event's data, as the text that is stored.
pub fn data_hash(data: &str) -> Hash {
    Sha256::digest(data).into()
}

/// A hash as people read it: lower-case hex.
pub fn hex(hash: &Hash) -> String {
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// An event that the transaction under way appends, as the database will hold it.
pub(crate) struct Fresh {
    pub(crate) id: String,
    pub(crate) tenant: TenantId,
    pub(crate) subject: String,
    pub(crate) kind: String,
    /// UTC microseconds.
    pub(crate) at: i64,
    pub(crate) actor: String,
    pub(crate) data: String,
}

/// Where the events of one transaction stand in a tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Whose events.
    pub tenant: TenantId,
    /// The position of the first.
    pub first: i64,
    /// The position of the last.
    pub last: i64,
}

/// The events of the transaction under way, and the ends of the chains that it has looked at.
#[derive(Default)]
pub(crate) struct Tails {
    fresh: Vec<Fresh>,
    held: BTreeMap<TenantId, Tail>,
}

impl Tails {
    /// Keeps an event for the end of the transaction.
    pub(crate) fn append(&mut self, event: Fresh) {
        self.fresh.push(event);
    }

    /// The position of the last event of a tenant, those of the transaction under way included. No other transaction
    /// appends to the chain until the transaction ends.
    pub(crate) fn length(&mut self, connection: &mut Connection, tenant: TenantId) -> Result<i64, StoreError> {
        let stored = self.hold(connection, tenant)?.length;
        let fresh = self.fresh.iter().filter(|event| event.tenant == tenant).count();
        Ok(stored + i64::try_from(fresh).unwrap_or(i64::MAX))
    }

    fn hold(&mut self, connection: &mut Connection, tenant: TenantId) -> Result<Tail, StoreError> {
        if let Some(held) = self.held.get(&tenant) {
            return Ok(*held);
        }
        let row = dialect::hold_chain(connection, &tenant.to_string(), &GENESIS)?;
        let tail =
            row.map_or(Ok(Tail::EMPTY), |(length, hash)| Ok::<_, StoreError>(Tail { length, hash: hash_of(&hash)? }))?;
        self.held.insert(tenant, tail);
        Ok(tail)
    }

    /// How many events were appended: what [`Tails::go_back`] takes.
    pub(crate) fn mark(&self) -> usize {
        self.fresh.len()
    }

    /// Forgets the events since a mark.
    pub(crate) fn go_back(&mut self, mark: usize) {
        self.fresh.truncate(mark);
    }

    /// Writes the events, tenant by tenant in one order for all writers, and the ends that have moved.
    /// The chains are held only from here to the commit, which is what lets writers of one tenant work
    /// side by side until then.
    pub(crate) fn save(&mut self, connection: &mut Connection) -> Result<Vec<Appended>, StoreError> {
        let mut of_tenant: BTreeMap<TenantId, Vec<Fresh>> = BTreeMap::new();
        for event in std::mem::take(&mut self.fresh) {
            of_tenant.entry(event.tenant).or_default().push(event);
        }
        let mut appended = Vec::with_capacity(of_tenant.len());
        for (tenant, events) in of_tenant {
            let before = self.hold(connection, tenant)?;
            let name = tenant.to_string();
            let mut tail = before;
            for event in events {
                tail = insert(connection, &name, &event, tail)?;
            }
            let (length, hash) = (event_chains::length.eq(tail.length), event_chains::hash.eq(tail.hash.as_slice()));
            on_each!(connection, one => diesel::insert_into(event_chains::table)
                .values((event_chains::tenant.eq(&name), length, hash))
                .on_conflict(event_chains::tenant)
                .do_update()
                .set((length, hash))
                .execute(one))?;
            appended.push(Appended { tenant, first: before.length + 1, last: tail.length });
        }
        Ok(appended)
    }

    /// Forgets everything: the next transaction reads again, as another process may have written.
    pub(crate) fn clear(&mut self) {
        self.fresh.clear();
        self.held.clear();
    }
}

/// Writes an event after `end`, and gives the new end.
fn insert(connection: &mut Connection, tenant: &str, event: &Fresh, end: Tail) -> Result<Tail, StoreError> {
    let data_hash = data_hash(&event.data);
    let content = Content {
        id: &event.id,
        tenant,
        subject: &event.subject,
        kind: &event.kind,
        at: event.at,
        actor: &event.actor,
        data_hash: &data_hash,
    };
    let fresh = Tail { length: end.length + 1, hash: content.hash_after(&end.hash) };
    on_each!(connection, one => diesel::insert_into(events::table)
        .values((
            events::id.eq(content.id),
            events::tenant.eq(content.tenant),
            events::position.eq(fresh.length),
            events::subject.eq(content.subject),
            events::kind.eq(content.kind),
            events::at.eq(content.at),
            events::actor.eq(content.actor),
            events::data.eq(&event.data),
            events::data_hash.eq(data_hash.as_slice()),
            events::previous.eq(end.hash.as_slice()),
            events::hash.eq(fresh.hash.as_slice()),
        ))
        .execute(one))?;
    Ok(fresh)
}

/// The end of a tenant's chain as it is stored.
pub(crate) fn tail(connection: &mut Connection, tenant: &TenantId) -> Result<Tail, StoreError> {
    let row: Option<(i64, Vec<u8>)> = event_chains::table
        .find(tenant.to_string())
        .select((event_chains::length, event_chains::hash))
        .get_result(connection)
        .optional()?;
    row.map_or(Ok(Tail::EMPTY), |(length, hash)| Ok(Tail { length, hash: hash_of(&hash)? }))
}

/// A stored hash.
pub(crate) fn hash_of(bytes: &[u8]) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_length| StoreError::Corrupt("a hash is 32 bytes long".to_owned()))
}
