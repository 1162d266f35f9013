//! What was searched for which session, for as long as a session lives.
//!
//! A partner's session is opaque: it does not tell what was searched. This node remembers it, so
//! that a booking has to name only session and slot. Another node, or this one after a restart, asks
//! the caller to repeat kind and place.

use std::collections::HashMap;
use std::sync::RwLock;

use constat_domain::geo::Place;
use constat_domain::ids::DeclarationId;
use constat_domain::service::ServiceKind;
use jiff::{SignedDuration, Timestamp};

/// How long a search is remembered when the partner does not say when its session ends: twice the
/// contract's 300 s, for clocks that differ.
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_secs(600);

/// Most searches remembered; beyond it those that are over are dropped, and then all.
const MOST: usize = 10_000;

/// What was searched.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Searched {
    /// The partner's name.
    pub(super) partner: String,
    /// The kind of intervention.
    pub(super) kind: ServiceKind,
    /// The place.
    pub(super) place: Option<Place>,
    /// When it is forgotten.
    pub(super) until: Timestamp,
}

/// Searches made lately, by claim and session.
#[derive(Default)]
pub(crate) struct Searches {
    known: RwLock<HashMap<(DeclarationId, String), Searched>>,
}

impl Searches {
    /// Remembers a search.
    pub(super) fn keep(
        &self,
        claim: DeclarationId,
        session: &str,
        partner: String,
        kind: ServiceKind,
        place: Option<Place>,
        now: Timestamp,
    ) {
        let until = now.saturating_add(REMEMBERED_FOR).unwrap_or(now);
        if let Ok(mut known) = self.known.write() {
            if known.len() >= MOST {
                known.retain(|_, searched| searched.until > now);
            }
            if known.len() >= MOST {
                known.clear();
            }
            known.insert((claim, super::digest(&[session])), Searched { partner, kind, place, until });
        }
    }

    /// What was searched for this claim in this session.
    pub(super) fn find(&self, claim: DeclarationId, session: &str, now: Timestamp) -> Option<Searched> {
        let known = self.known.read().ok()?;
        known.get(&(claim, super::digest(&[session]))).filter(|searched| searched.until > now).cloned()
    }
}
