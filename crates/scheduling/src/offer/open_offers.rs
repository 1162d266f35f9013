//! Open offers: what searches of this server have offered and that may still be booked, firm by firm, in memory.
//!
//! A search reserves nothing, but the next search should not offer the times that others are about to book. The
//! registry is a hint: it is lost on restart, other servers do not know it, and no booking depends on it.
//!
//! A new search for the same claim replaces the offers of the one before and keeps its turn: offers made to others
//! after it do not change its result.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use constat_availability::{OpenOffer, OpenOffers};
use constat_domain::ids::{AppointmentId, ExpertId, OrgId, SessionId};
use constat_domain::service::{ServiceKind, ServiceRequest};
use constat_domain::tenancy::{Caller, TenantId};
use constat_store::Tx;
use jiff::Timestamp;

use crate::offer::token::Offer;

/// Maximum open offers of a firm. Beyond it the oldest of the organisation with the most are dropped, so that one
/// organisation cannot push out the offers of others. A search each second with ten offers makes 3,000 in 300 seconds.
const MAX_OFFERS: usize = 5_000;

/// New searches of an organisation that count in full. Beyond it the weight of its open offers follows its share of
/// booked searches.
const FULL_WEIGHT_SEARCHES: u32 = 32;

/// At this count of searches the counts of searches and bookings are halved.
const HALVING_SEARCHES: u32 = 1_024;

/// The organisation and the claim of a search: searches with the same purpose do not compete with each other. Two
/// organisations never share one, whatever references they use.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Purpose {
    holder: OrgId,
    /// The platform's and the insurer's reference of the claim.
    references: (String, String),
    /// Distinguishes claims without one of these references.
    unnamed: Option<Unnamed>,
}

/// Kind, rescheduled appointment, and postcode and street.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Unnamed {
    kind: ServiceKind,
    moved: Option<AppointmentId>,
    address: Option<(String, String)>,
}

impl Purpose {
    pub(crate) fn of(caller: &Caller, request: &ServiceRequest) -> Self {
        let claim_id = request.claim.as_ref().map(|claim| claim.claim_id.clone()).unwrap_or_default();
        let references = (claim_id, request.insurer_claim_id.clone());
        let is_named = !references.0.is_empty() && !references.1.is_empty();
        let unnamed = (!is_named).then(|| {
            let address = request.place.as_ref().map(|place| &place.address);
            let address = address.map(|address| (address.zip_code.clone(), address.street1.clone()));
            Unnamed { kind: request.kind, moved: request.reschedules, address }
        });
        Self { holder: caller.holder, references, unnamed }
    }
}

/// The identity of a search: its purpose, and a digest of window and place.
#[derive(Debug, Clone)]
pub(crate) struct SearchIdentity {
    purpose: Purpose,
    digest: u64,
}

impl SearchIdentity {
    pub(crate) fn of(caller: &Caller, request: &ServiceRequest) -> Self {
        let day = |at: Timestamp| at.as_second().div_euclid(86_400);
        let position = request.place.as_ref().and_then(|place| place.position);
        let mut hasher = DefaultHasher::new();
        (request.kind, day(request.from), day(request.to)).hash(&mut hasher);
        (request.granularity, request.limit).hash(&mut hasher);
        position.map(|position| (position.lat.to_bits(), position.lon.to_bits())).hash(&mut hasher);
        Self { purpose: Purpose::of(caller, request), digest: hasher.finish() }
    }
}

/// The offers of one search at one firm.
pub(crate) struct SessionOffers {
    pub(crate) session: SessionId,
    pub(crate) until: Timestamp,
    pub(crate) offers: Vec<OpenOffer>,
}

/// The open offers of this server, for each firm.
#[derive(Default)]
pub struct OpenOfferRegistry {
    firms: RwLock<HashMap<TenantId, Arc<Mutex<FirmOffers>>>>,
}

fn lock(firm: &Mutex<FirmOffers>) -> MutexGuard<'_, FirmOffers> {
    // No panic can leave it half changed.
    firm.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OpenOfferRegistry {
    /// The open offers of others at a firm within a window, and the number of the last one registered.
    pub(crate) fn of_others(
        &self,
        identity: &SearchIdentity,
        tenant: &TenantId,
        window: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> (OpenOffers, u64) {
        let known = self.known(tenant);
        known.map(|firm| lock(&firm).of_others(identity, window, now)).unwrap_or_default()
    }

    /// Registers the offers of a search. False, and nothing is registered, when another search has registered an
    /// overlapping one after number `last_seen`.
    pub(crate) fn register(
        &self,
        identity: &SearchIdentity,
        tenant: &TenantId,
        session_offers: SessionOffers,
        (last_seen, now): (u64, Timestamp),
    ) -> bool {
        let firm = self.known(tenant).or_else(|| {
            // No entry for a firm without offers.
            (!session_offers.offers.is_empty()).then(|| {
                let mut firms = self.firms.write().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(firms.entry(*tenant).or_default())
            })
        });
        firm.is_none_or(|firm| {
            let mut firm = lock(&firm);
            let is_registered = firm.register(identity, session_offers, last_seen);
            firm.tidy(now);
            is_registered
        })
    }

    /// The experts with open offers of other sessions at a time.
    pub(crate) fn offered_to_others(
        &self,
        tenant: &TenantId,
        session: SessionId,
        time: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> HashSet<ExpertId> {
        self.known(tenant).map(|firm| lock(&firm).offered_to_others(session, time, now)).unwrap_or_default()
    }

    /// Drops the open offers of the session of an offer: it has chosen.
    fn close(&self, offer: &Offer) {
        for tenant in [offer.tenant].into_iter().chain(offer.others.iter().map(|other| other.tenant)) {
            if let Some(firm) = self.known(&tenant) {
                lock(&firm).booked(offer.session);
            }
        }
    }

    /// Drops the open offers of the session of an offer when the transaction commits.
    pub(crate) fn close_after_commit(self: &Arc<Self>, tx: &mut Tx, offer: &Offer) {
        let (registry, offer) = (Arc::clone(self), offer.clone());
        tx.after_commit(move || registry.close(&offer));
    }

    fn known(&self, tenant: &TenantId) -> Option<Arc<Mutex<FirmOffers>>> {
        self.firms.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned()
    }
}

/// The open offers of one firm.
#[derive(Default)]
struct FirmOffers {
    /// The open session of each purpose.
    open: HashMap<Purpose, Open>,
    purposes: HashMap<SessionId, Purpose>,
    /// By expert, the order that a search needs.
    entries: BTreeMap<ExpertId, Vec<Entry>>,
    count: usize,
    /// The purposes in the order of registrations.
    order: BTreeMap<u64, Purpose>,
    last: u64,
    holders: HashMap<OrgId, Holder>,
}

/// The searches and bookings of one organisation at a firm.
#[derive(Default)]
struct Holder {
    /// Offers that are open.
    open: usize,
    /// New searches, and how many of them were booked; older ones count less.
    searches: u32,
    booked: u32,
}

impl Holder {
    fn searched(&mut self) {
        if self.searches >= HALVING_SEARCHES {
            (self.searches, self.booked) = (self.searches / 2, self.booked / 2);
        }
        self.searches += 1;
    }

    /// The chance that an offer is booked, reduced by the share of searches that this organisation books.
    fn booking_chance(&self, per_mille: u16) -> u16 {
        let often = u32::from(per_mille) * (self.booked + FULL_WEIGHT_SEARCHES) / self.searches.max(1);
        u16::try_from(often).unwrap_or(u16::MAX).clamp(1, per_mille)
    }
}

/// The offers of one purpose.
struct Open {
    session: SessionId,
    digest: u64,
    until: Timestamp,
    /// Its place in the order of first searches.
    turn: u64,
    /// Its number in the order of registrations.
    number: u64,
    experts: Vec<ExpertId>,
}

struct Entry {
    session: SessionId,
    holder: OrgId,
    turn: u64,
    number: u64,
    until: Timestamp,
    offer: OpenOffer,
}

impl FirmOffers {
    fn of_others(
        &self,
        identity: &SearchIdentity,
        window: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> (OpenOffers, u64) {
        let own = self.open.get(&identity.purpose);
        let own_session = own.map(|open| open.session);
        // The same search again gets the same offers.
        let before = own.filter(|open| open.digest == identity.digest).map_or(u64::MAX, |open| open.turn);
        let seen = |entry: &&Entry| {
            let Entry { session, turn, until, offer, .. } = entry;
            *turn < before
                && Some(*session) != own_session
                && *until > now
                && offer.start < window.1
                && window.0 < offer.end
        };
        let booking_chance = |entry: &Entry| {
            let holder = self.holders.get(&entry.holder);
            let per_mille = holder.map_or(entry.offer.per_mille, |holder| holder.booking_chance(entry.offer.per_mille));
            OpenOffer { per_mille, ..entry.offer }
        };
        (OpenOffers::new(self.entries.values().flatten().filter(seen).map(booking_chance).collect()), self.last)
    }

    fn register(&mut self, identity: &SearchIdentity, offered: SessionOffers, last_seen: u64) -> bool {
        let SessionOffers { session, until, offers } = offered;
        let own = self.open.get(&identity.purpose).map(|open| open.session);
        let meets = |offer: &OpenOffer| {
            let entries = self.entries.get(&offer.expert).into_iter().flatten();
            let mut newer = entries.filter(|entry| entry.number > last_seen && Some(entry.session) != own);
            newer.any(|entry| entry.offer.start < offer.end && offer.start < entry.offer.end)
        };
        if last_seen < self.last && offers.iter().any(meets) {
            return false;
        }
        self.last += 1;
        let number = self.last;
        let same = self.open.get(&identity.purpose).filter(|open| open.digest == identity.digest);
        let turn = same.map_or(number, |open| open.turn);
        let holder = identity.purpose.holder;
        match own {
            Some(own) => drop(self.close(own)),
            None => self.holders.entry(holder).or_default().searched(),
        }
        if offers.is_empty() {
            return true;
        }
        let experts: Vec<ExpertId> = offers.iter().map(|offer| offer.expert).collect();
        self.count += offers.len();
        self.holders.entry(holder).or_default().open += offers.len();
        for offer in offers {
            self.entries.entry(offer.expert).or_default().push(Entry { session, holder, turn, number, until, offer });
        }
        self.order.insert(number, identity.purpose.clone());
        self.purposes.insert(session, identity.purpose.clone());
        let open = Open { session, digest: identity.digest, until, turn, number, experts };
        self.open.insert(identity.purpose.clone(), open);
        true
    }

    /// Drops expired offers, and beyond the maximum the oldest of the organisation with the most.
    fn tidy(&mut self, now: Timestamp) {
        while let Some(open) = self.order.first_key_value().and_then(|(_, purpose)| self.open.get(purpose)) {
            if open.until > now {
                break;
            }
            self.close(open.session);
        }
        while self.count > MAX_OFFERS {
            let most = self.holders.iter().max_by_key(|(id, holder)| (holder.open, **id)).map(|(id, _)| *id);
            let oldest = self.order.values().find(|purpose| Some(purpose.holder) == most);
            let Some(open) = oldest.and_then(|purpose| self.open.get(purpose)) else { break };
            self.close(open.session);
        }
    }

    fn offered_to_others(
        &self,
        session: SessionId,
        (from, to): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> HashSet<ExpertId> {
        let named = |entry: &Entry| {
            entry.session != session && entry.until > now && entry.offer.start < to && from < entry.offer.end
        };
        let named = self.entries.iter().filter(|(_, entries)| entries.iter().any(named));
        named.map(|(expert, _)| *expert).collect()
    }

    /// Drops a session that has chosen.
    fn booked(&mut self, session: SessionId) {
        if let Some(holder) = self.close(session).and_then(|holder| self.holders.get_mut(&holder)) {
            holder.booked += 1;
        }
    }

    /// Drops a session; gives its organisation.
    fn close(&mut self, session: SessionId) -> Option<OrgId> {
        let purpose = self.purposes.remove(&session)?;
        let open = self.open.remove(&purpose)?;
        self.order.remove(&open.number);
        self.count -= open.experts.len().min(self.count);
        if let Some(holder) = self.holders.get_mut(&purpose.holder) {
            holder.open -= open.experts.len().min(holder.open);
        }
        for expert in open.experts {
            if let Some(entries) = self.entries.get_mut(&expert) {
                entries.retain(|entry| entry.session != session);
                if entries.is_empty() {
                    self.entries.remove(&expert);
                }
            }
        }
        Some(purpose.holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn identity(claim: usize, digest: u64) -> SearchIdentity {
        identity_of(1, claim, digest)
    }

    fn identity_of(holder: u8, claim: usize, digest: u64) -> SearchIdentity {
        let holder = OrgId::new(at(0), &[holder; 10]);
        let references = (String::new(), format!("SIN-{claim}"));
        let purpose = Purpose { holder, references, unnamed: None };
        SearchIdentity { purpose, digest }
    }

    /// A number of one-hour offers from an hour on, of one expert, made at a second.
    fn session_offers(number: u16, made: i64, hour: i64, count: i64) -> SessionOffers {
        let mut seed = [0; 10];
        seed[..2].copy_from_slice(&number.to_be_bytes());
        let expert = ExpertId::new(at(0), &[1; 10]);
        let offer = |hour: i64| OpenOffer {
            expert,
            start: at(hour * 3600),
            end: at((hour + 1) * 3600),
            site: None,
            per_mille: 100,
        };
        SessionOffers {
            session: SessionId::new(at(0), &seed),
            until: at(made + 300),
            offers: (hour..hour + count).map(offer).collect(),
        }
    }

    const EVER: (Timestamp, Timestamp) = (Timestamp::MIN, Timestamp::MAX);

    fn seen(firm: &FirmOffers, claim: usize, digest: u64, now: i64) -> OpenOffers {
        firm.of_others(&identity(claim, digest), EVER, at(now)).0
    }

    #[test]
    fn a_search_sees_earlier_offers_of_others_and_none_of_its_own_purpose() {
        let mut firm = FirmOffers::default();
        assert!(firm.register(&identity(1, 7), session_offers(1, 0, 10, 2), 0));
        assert!(firm.register(&identity(2, 7), session_offers(2, 0, 20, 2), 1));
        let (first, second) =
            (OpenOffers::new(session_offers(1, 0, 10, 2).offers), OpenOffers::new(session_offers(2, 0, 20, 2).offers));
        assert_eq!(seen(&firm, 1, 7, 0), OpenOffers::default(), "the same again: what came later is not seen");
        assert_eq!(seen(&firm, 1, 8, 0), second, "something else: the turn is lost");
        assert_eq!(seen(&firm, 2, 7, 0), first);
        assert_eq!(seen(&firm, 2, 7, 300), OpenOffers::default(), "over");
        // Asked again, under a new session: the turn is kept, the offers are replaced.
        assert!(firm.register(&identity(1, 7), session_offers(3, 10, 12, 1), 2));
        assert_eq!(seen(&firm, 2, 7, 10), OpenOffers::new(session_offers(3, 0, 12, 1).offers));
        assert_eq!(seen(&firm, 1, 7, 10), OpenOffers::default());
        firm.close(session_offers(3, 0, 0, 0).session);
        firm.close(session_offers(1, 0, 0, 0).session);
        assert_eq!(seen(&firm, 2, 7, 10), OpenOffers::default());
        assert_eq!(firm.count, 2);
    }

    #[test]
    fn offers_registered_meanwhile_are_refused_unless_the_search_saw_them() {
        let mut firm = FirmOffers::default();
        assert!(firm.register(&identity(1, 7), session_offers(1, 0, 10, 2), 0));
        assert!(!firm.register(&identity(2, 7), session_offers(2, 0, 11, 1), 0), "it had not seen the first");
        assert!(firm.register(&identity(2, 7), session_offers(2, 0, 12, 1), 0), "another time");
        assert!(firm.register(&identity(3, 7), session_offers(3, 0, 11, 1), firm.last), "it knew");
        assert!(firm.register(&identity(1, 7), session_offers(4, 0, 10, 1), firm.last), "its own");
    }

    #[test]
    fn expired_and_excess_offers_are_dropped() {
        let mut firm = FirmOffers::default();
        for claim in 0..1_000_u16 {
            assert!(firm.register(&identity(claim.into(), 7), session_offers(claim, 0, 0, 10), u64::MAX));
            firm.tidy(at(0));
        }
        assert_eq!((firm.count, firm.open.len()), (MAX_OFFERS, MAX_OFFERS / 10));
        assert!(!firm.open.contains_key(&identity(0, 7).purpose), "the oldest go first");
        firm.tidy(at(300));
        let FirmOffers { open, purposes, entries, count, order, .. } = firm;
        assert!(open.is_empty() && purposes.is_empty() && entries.is_empty() && order.is_empty() && count == 0);
    }

    #[test]
    fn many_searches_of_one_organisation_do_not_push_out_offers_of_others() {
        let mut firm = FirmOffers::default();
        assert!(firm.register(&identity_of(2, 0, 7), session_offers(0, 0, 900, 10), 0));
        for claim in 1..=2_000_u16 {
            assert!(firm.register(&identity_of(1, claim.into(), 7), session_offers(claim, 0, 0, 10), u64::MAX));
            firm.tidy(at(0));
        }
        assert_eq!(firm.count, MAX_OFFERS);
        assert!(firm.open.contains_key(&identity_of(2, 0, 7).purpose), "the other's one search is the oldest");
    }

    #[test]
    fn the_same_references_of_two_organisations_are_two_claims() {
        let mut firm = FirmOffers::default();
        assert!(firm.register(&identity_of(1, 0, 7), session_offers(1, 0, 10, 1), 0));
        let seen_by_the_other = firm.of_others(&identity_of(2, 0, 7), EVER, at(0)).0;
        assert_eq!(seen_by_the_other, OpenOffers::new(session_offers(1, 0, 10, 1).offers));
        assert!(firm.register(&identity_of(2, 0, 7), session_offers(2, 0, 20, 1), 1));
        assert_eq!(firm.open.len(), 2);
    }

    #[test]
    fn searches_that_are_never_booked_lose_weight() {
        let mut firm = FirmOffers::default();
        for claim in 1..=320_u16 {
            assert!(firm.register(&identity_of(1, claim.into(), 7), session_offers(claim, 0, 0, 1), u64::MAX));
        }
        let holder = firm.holders.values().next().unwrap();
        assert_eq!(holder.booking_chance(100), 10, "32 of 320");
        for claim in 1..=320_u16 {
            firm.booked(session_offers(claim, 0, 0, 0).session);
        }
        let holder = firm.holders.values().next().unwrap();
        assert_eq!((holder.booking_chance(100), holder.open), (100, 0));
    }
}
