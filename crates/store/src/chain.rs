//! How events are chained: the hashes, and the ends of the chains while a transaction writes.
//!
//! Each event holds the hash of its tenant's event before it, and a hash of its own content; a later
//! change of either shows. The content goes in by its own hash, so that data may be erased (and say
//! so) without breaking the chain.
//!
//! The end of each chain is a row of `event_chains`. A transaction reads it once, goes on from it in
//! memory, and writes it back once when it commits: a booking pays for two SHA-256 of a few hundred
//! bytes. SQLite has one writer, so the end cannot move under it. PostgreSQL will read the same row
//! `FOR UPDATE`, which makes the writers of one tenant queue and leaves the others alone.

use std::collections::HashMap;
use std::fmt::Write as _;

use constat_domain::tenancy::TenantId;
use diesel::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::schema::event_chains;
use crate::{Connection, StoreError};

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

/// The ends of the chains that the transaction under way has gone on from.
#[derive(Default)]
pub(crate) struct Tails {
    now: HashMap<TenantId, Tail>,
    /// What each was before, to go back to when a unit of work is rolled back.
    before: Vec<(TenantId, Tail)>,
}

impl Tails {
    /// Where the next event of a tenant goes on from.
    pub(crate) fn end(&mut self, connection: &mut Connection, tenant: TenantId) -> Result<Tail, StoreError> {
        if let Some(known) = self.now.get(&tenant) {
            return Ok(*known);
        }
        let tail = tail(connection, &tenant)?;
        self.now.insert(tenant, tail);
        Ok(tail)
    }

    /// Notes that an event was appended.
    pub(crate) fn advance(&mut self, tenant: TenantId, to: Tail) {
        if let Some(before) = self.now.insert(tenant, to) {
            self.before.push((tenant, before));
        }
    }

    /// How many events were appended: what [`Tails::go_back`] takes.
    pub(crate) fn mark(&self) -> usize {
        self.before.len()
    }

    /// Forgets the events since a mark.
    pub(crate) fn go_back(&mut self, mark: usize) {
        for (tenant, tail) in self.before.drain(mark..).rev() {
            self.now.insert(tenant, tail);
        }
    }

    /// Writes the ends that have moved.
    pub(crate) fn save(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let moved: std::collections::HashSet<TenantId> = self.before.iter().map(|(tenant, _)| *tenant).collect();
        for tenant in moved {
            let Some(tail) = self.now.get(&tenant) else { continue };
            let row = (
                event_chains::tenant.eq(tenant.to_string()),
                event_chains::length.eq(tail.length),
                event_chains::hash.eq(tail.hash.as_slice()),
            );
            diesel::replace_into(event_chains::table).values(row).execute(connection)?;
        }
        Ok(())
    }

    /// Forgets everything: the next transaction reads again, as another process may have written.
    pub(crate) fn clear(&mut self) {
        self.now.clear();
        self.before.clear();
    }
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
