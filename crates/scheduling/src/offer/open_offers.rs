//! What searches have offered and nobody has booked yet: in this node's memory, firm by firm.
//!
//! A search stores nothing, and promises only to try. But whoever searches next should not be offered the
//! very times that others are about to book. So each node remembers what it has offered, for as long as it
//! can be booked, and a search takes it into account ([`OpenOffers`]). It is a hint: it is lost with the
//! node, other nodes do not know of it, and no booking is ever refused or allowed because of it.
//!
//! Who asks again for the same claim takes the place of what he was offered before, and keeps the turn that
//! he had: what was offered to others after him does not change what he sees.

use crate::Scheduler;
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

/// Most offers remembered of a firm; beyond it the oldest are forgotten of whoever has most, so that nobody who
/// searches a lot makes the firm forget what others were offered. 300 seconds of a search each second with ten
/// offers each are 3,000.
const MOST_OFFERS: usize = 5_000;

/// So many new searches of one caller count in full whatever becomes of them. Whoever searches more and books
/// little is expected to go on so: his open offers then keep others from a time as often as he books.
const FREE_SEARCHES: u32 = 32;

/// At so many searches all of them, and what was booked of them, count half from then on.
const REMEMBERED_SEARCHES: u32 = 1_024;

/// For what somebody searches: who asks, for which claim. As long as it is the same, he does not compete with
/// himself. Two callers never share one, whatever references they use.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Purpose {
    holder: OrgId,
    /// The platform's and the insurer's reference of the claim.
    references: (String, String),
    /// What tells a claim apart of which one of these is missing.
    unnamed: Option<Unnamed>,
}

/// What is asked for, to move what, and the address's postcode and street.
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

/// A search: for what, and a digest of when and where.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    purpose: Purpose,
    digest: u64,
}

impl Question {
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

/// What one search offers of one firm, until when.
pub(crate) struct Promise {
    pub(crate) session: SessionId,
    pub(crate) until: Timestamp,
    pub(crate) offers: Vec<OpenOffer>,
}

/// What this node has offered, of each firm.
#[derive(Default)]
pub struct OpenOfferRegistry {
    firms: RwLock<HashMap<TenantId, Arc<Mutex<Ledger>>>>,
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    // Nothing here panics half-way through a change.
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OpenOfferRegistry {
    /// What others were offered of a firm between two instants, and where the list ended.
    pub(crate) fn seen_by(
        &self,
        question: &Question,
        tenant: &TenantId,
        window: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> (OpenOffers, u64) {
        let known = self.known(tenant);
        known.map(|ledger| lock(&ledger).seen_by(question, window, now)).unwrap_or_default()
    }

    /// Remembers what a search offers of a firm. False, and nothing is remembered, when somebody was
    /// offered some of it since the list was `seen`.
    pub(crate) fn note(
        &self,
        question: &Question,
        tenant: &TenantId,
        promise: Promise,
        (seen, now): (u64, Timestamp),
    ) -> bool {
        let ledger = self.known(tenant).or_else(|| {
            // Nobody opens a ledger for nothing.
            (!promise.offers.is_empty()).then(|| {
                let mut firms = self.firms.write().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(firms.entry(*tenant).or_default())
            })
        });
        ledger.is_none_or(|ledger| {
            let mut ledger = lock(&ledger);
            let is_noted = ledger.note(question, promise, seen);
            ledger.tidy(now);
            is_noted
        })
    }

    /// Who was offered to others at a time.
    pub(crate) fn named_by_others(
        &self,
        tenant: &TenantId,
        session: SessionId,
        time: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> HashSet<ExpertId> {
        self.known(tenant).map(|ledger| lock(&ledger).named_by_others(session, time, now)).unwrap_or_default()
    }

    /// Forgets what the session of an offer was offered: it has chosen.
    fn close(&self, offer: &Offer) {
        for tenant in [offer.tenant].into_iter().chain(offer.others.iter().map(|other| other.tenant)) {
            if let Some(ledger) = self.known(&tenant) {
                lock(&ledger).booked(offer.session);
            }
        }
    }

    /// The same once a transaction has committed.
    pub(crate) fn close_after(tx: &mut Tx, scheduler: &Scheduler, offer: &Offer) {
        let (open_offers, offer) = (Arc::clone(&scheduler.open_offers), offer.clone());
        tx.after_commit(move || open_offers.close(&offer));
    }

    fn known(&self, tenant: &TenantId) -> Option<Arc<Mutex<Ledger>>> {
        self.firms.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned()
    }
}

/// The open offers of one firm.
#[derive(Default)]
struct Ledger {
    /// The open session of each purpose.
    open: HashMap<Purpose, Open>,
    purposes: HashMap<SessionId, Purpose>,
    /// By expert, so that they need not be sorted for each search.
    lines: BTreeMap<ExpertId, Vec<Line>>,
    count: usize,
    /// The purposes in the order in which they were noted.
    noted: BTreeMap<u64, Purpose>,
    last: u64,
    holders: HashMap<OrgId, Holder>,
}

/// What one caller does with a firm's offers.
#[derive(Default)]
struct Holder {
    /// Offers that are open.
    open: usize,
    /// New searches, and how many of them were booked; the older ones count less.
    searches: u32,
    booked: u32,
}

impl Holder {
    fn searched(&mut self) {
        if self.searches >= REMEMBERED_SEARCHES {
            (self.searches, self.booked) = (self.searches / 2, self.booked / 2);
        }
        self.searches += 1;
    }

    /// An offer's chance to be booked, as often as this caller books at all.
    fn booking_chance(&self, per_mille: u16) -> u16 {
        let often = u32::from(per_mille) * (self.booked + FREE_SEARCHES) / self.searches.max(1);
        u16::try_from(often).unwrap_or(u16::MAX).clamp(1, per_mille)
    }
}

/// What was offered for one purpose.
struct Open {
    session: SessionId,
    digest: u64,
    until: Timestamp,
    /// Its place in the order of those who asked.
    turn: u64,
    /// When it was noted, in the order of notes.
    noted: u64,
    people: Vec<ExpertId>,
}

struct Line {
    session: SessionId,
    holder: OrgId,
    turn: u64,
    noted: u64,
    until: Timestamp,
    offer: OpenOffer,
}

impl Ledger {
    fn seen_by(&self, question: &Question, window: (Timestamp, Timestamp), now: Timestamp) -> (OpenOffers, u64) {
        let own = self.open.get(&question.purpose);
        let own_session = own.map(|open| open.session);
        // Whoever asks the same again is offered the same again.
        let before = own.filter(|open| open.digest == question.digest).map_or(u64::MAX, |open| open.turn);
        let seen = |line: &&Line| {
            let Line { session, turn, until, offer, .. } = line;
            *turn < before
                && Some(*session) != own_session
                && *until > now
                && offer.start < window.1
                && window.0 < offer.end
        };
        let booking_chance = |line: &Line| {
            let holder = self.holders.get(&line.holder);
            let per_mille = holder.map_or(line.offer.per_mille, |holder| holder.booking_chance(line.offer.per_mille));
            OpenOffer { per_mille, ..line.offer }
        };
        (OpenOffers::new(self.lines.values().flatten().filter(seen).map(booking_chance).collect()), self.last)
    }

    fn note(&mut self, question: &Question, promise: Promise, seen: u64) -> bool {
        let Promise { session, until, offers } = promise;
        let own = self.open.get(&question.purpose).map(|open| open.session);
        let meets = |offer: &OpenOffer| {
            let lines = self.lines.get(&offer.expert).into_iter().flatten();
            let mut newer = lines.filter(|line| line.noted > seen && Some(line.session) != own);
            newer.any(|line| line.offer.start < offer.end && offer.start < line.offer.end)
        };
        if seen < self.last && offers.iter().any(meets) {
            return false;
        }
        self.last += 1;
        let noted = self.last;
        let same = self.open.get(&question.purpose).filter(|open| open.digest == question.digest);
        let turn = same.map_or(noted, |open| open.turn);
        let holder = question.purpose.holder;
        match own {
            Some(own) => drop(self.close(own)),
            None => self.holders.entry(holder).or_default().searched(),
        }
        if offers.is_empty() {
            return true;
        }
        let people: Vec<ExpertId> = offers.iter().map(|offer| offer.expert).collect();
        self.count += offers.len();
        self.holders.entry(holder).or_default().open += offers.len();
        for offer in offers {
            self.lines.entry(offer.expert).or_default().push(Line { session, holder, turn, noted, until, offer });
        }
        self.noted.insert(noted, question.purpose.clone());
        self.purposes.insert(session, question.purpose.clone());
        let open = Open { session, digest: question.digest, until, turn, noted, people };
        self.open.insert(question.purpose.clone(), open);
        true
    }

    /// Forgets what is over at `now`, and the oldest of whoever has most when there is too much.
    fn tidy(&mut self, now: Timestamp) {
        while let Some(open) = self.noted.first_key_value().and_then(|(_, purpose)| self.open.get(purpose)) {
            if open.until > now {
                break;
            }
            self.close(open.session);
        }
        while self.count > MOST_OFFERS {
            let most = self.holders.iter().max_by_key(|(id, holder)| (holder.open, **id)).map(|(id, _)| *id);
            let oldest = self.noted.values().find(|purpose| Some(purpose.holder) == most);
            let Some(open) = oldest.and_then(|purpose| self.open.get(purpose)) else { break };
            self.close(open.session);
        }
    }

    fn named_by_others(
        &self,
        session: SessionId,
        (from, to): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> HashSet<ExpertId> {
        let named =
            |line: &Line| line.session != session && line.until > now && line.offer.start < to && from < line.offer.end;
        let named = self.lines.iter().filter(|(_, lines)| lines.iter().any(named));
        named.map(|(expert, _)| *expert).collect()
    }

    /// Forgets a session that has chosen.
    fn booked(&mut self, session: SessionId) {
        if let Some(holder) = self.close(session).and_then(|holder| self.holders.get_mut(&holder)) {
            holder.booked += 1;
        }
    }

    /// Forgets a session; whose it was.
    fn close(&mut self, session: SessionId) -> Option<OrgId> {
        let purpose = self.purposes.remove(&session)?;
        let open = self.open.remove(&purpose)?;
        self.noted.remove(&open.noted);
        self.count -= open.people.len().min(self.count);
        if let Some(holder) = self.holders.get_mut(&purpose.holder) {
            holder.open -= open.people.len().min(holder.open);
        }
        for expert in open.people {
            if let Some(lines) = self.lines.get_mut(&expert) {
                lines.retain(|line| line.session != session);
                if lines.is_empty() {
                    self.lines.remove(&expert);
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

    fn question(claim: usize, digest: u64) -> Question {
        question_of(1, claim, digest)
    }

    fn question_of(holder: u8, claim: usize, digest: u64) -> Question {
        let holder = OrgId::new(at(0), &[holder; 10]);
        let references = (String::new(), format!("SIN-{claim}"));
        let purpose = Purpose { holder, references, unnamed: None };
        Question { purpose, digest }
    }

    /// So many offers of an hour each from an hour on, of one expert, made at a second.
    fn promise(number: u16, made: i64, hour: i64, count: i64) -> Promise {
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
        Promise {
            session: SessionId::new(at(0), &seed),
            until: at(made + 300),
            offers: (hour..hour + count).map(offer).collect(),
        }
    }

    const EVER: (Timestamp, Timestamp) = (Timestamp::MIN, Timestamp::MAX);

    fn seen(ledger: &Ledger, claim: usize, digest: u64, now: i64) -> OpenOffers {
        ledger.seen_by(&question(claim, digest), EVER, at(now)).0
    }

    #[test]
    fn one_sees_what_others_were_offered_before_and_never_ones_own() {
        let mut ledger = Ledger::default();
        assert!(ledger.note(&question(1, 7), promise(1, 0, 10, 2), 0));
        assert!(ledger.note(&question(2, 7), promise(2, 0, 20, 2), 1));
        let (first, second) =
            (OpenOffers::new(promise(1, 0, 10, 2).offers), OpenOffers::new(promise(2, 0, 20, 2).offers));
        assert_eq!(seen(&ledger, 1, 7, 0), OpenOffers::default(), "the same again: what came later is not seen");
        assert_eq!(seen(&ledger, 1, 8, 0), second, "something else: the turn is lost");
        assert_eq!(seen(&ledger, 2, 7, 0), first);
        assert_eq!(seen(&ledger, 2, 7, 300), OpenOffers::default(), "over");
        // Asked again, under a new session: the turn is kept, the offers are replaced.
        assert!(ledger.note(&question(1, 7), promise(3, 10, 12, 1), 2));
        assert_eq!(seen(&ledger, 2, 7, 10), OpenOffers::new(promise(3, 0, 12, 1).offers));
        assert_eq!(seen(&ledger, 1, 7, 10), OpenOffers::default());
        ledger.close(promise(3, 0, 0, 0).session);
        ledger.close(promise(1, 0, 0, 0).session);
        assert_eq!(seen(&ledger, 2, 7, 10), OpenOffers::default());
        assert_eq!(ledger.count, 2);
    }

    #[test]
    fn what_was_offered_meanwhile_is_not_offered_twice_unawares() {
        let mut ledger = Ledger::default();
        assert!(ledger.note(&question(1, 7), promise(1, 0, 10, 2), 0));
        assert!(!ledger.note(&question(2, 7), promise(2, 0, 11, 1), 0), "it had not seen the first");
        assert!(ledger.note(&question(2, 7), promise(2, 0, 12, 1), 0), "another time");
        assert!(ledger.note(&question(3, 7), promise(3, 0, 11, 1), ledger.last), "it knew");
        assert!(ledger.note(&question(1, 7), promise(4, 0, 10, 1), ledger.last), "its own");
    }

    #[test]
    fn what_is_over_or_too_much_is_forgotten() {
        let mut ledger = Ledger::default();
        for claim in 0..1_000_u16 {
            assert!(ledger.note(&question(claim.into(), 7), promise(claim, 0, 0, 10), u64::MAX));
            ledger.tidy(at(0));
        }
        assert_eq!((ledger.count, ledger.open.len()), (MOST_OFFERS, MOST_OFFERS / 10));
        assert!(!ledger.open.contains_key(&question(0, 7).purpose), "the oldest go first");
        ledger.tidy(at(300));
        let Ledger { open, purposes, lines, count, noted, .. } = ledger;
        assert!(open.is_empty() && purposes.is_empty() && lines.is_empty() && noted.is_empty() && count == 0);
    }

    #[test]
    fn whoever_searches_a_lot_does_not_make_the_firm_forget_what_others_were_offered() {
        let mut ledger = Ledger::default();
        assert!(ledger.note(&question_of(2, 0, 7), promise(0, 0, 900, 10), 0));
        for claim in 1..=2_000_u16 {
            assert!(ledger.note(&question_of(1, claim.into(), 7), promise(claim, 0, 0, 10), u64::MAX));
            ledger.tidy(at(0));
        }
        assert_eq!(ledger.count, MOST_OFFERS);
        assert!(ledger.open.contains_key(&question_of(2, 0, 7).purpose), "the other's one search is the oldest");
    }

    #[test]
    fn the_same_references_of_two_callers_are_two_claims() {
        let mut ledger = Ledger::default();
        assert!(ledger.note(&question_of(1, 0, 7), promise(1, 0, 10, 1), 0));
        let seen_by_the_other = ledger.seen_by(&question_of(2, 0, 7), EVER, at(0)).0;
        assert_eq!(seen_by_the_other, OpenOffers::new(promise(1, 0, 10, 1).offers));
        assert!(ledger.note(&question_of(2, 0, 7), promise(2, 0, 20, 1), 1));
        assert_eq!(ledger.open.len(), 2);
    }

    #[test]
    fn whoever_never_books_counts_less_and_less() {
        let mut ledger = Ledger::default();
        for claim in 1..=320_u16 {
            assert!(ledger.note(&question_of(1, claim.into(), 7), promise(claim, 0, 0, 1), u64::MAX));
        }
        let holder = ledger.holders.values().next().unwrap();
        assert_eq!(holder.booking_chance(100), 10, "32 of 320");
        for claim in 1..=320_u16 {
            ledger.booked(promise(claim, 0, 0, 0).session);
        }
        let holder = ledger.holders.values().next().unwrap();
        assert_eq!((holder.booking_chance(100), holder.open), (100, 0));
    }
}
