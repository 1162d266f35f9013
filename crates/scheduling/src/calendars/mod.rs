//! Calendars of partner firms in memory: what a search reads.
//!
//! A firm is loaded on first use: experts, absences, and appointments from a week back. Then each booking, reschedule
//! and cancellation of this process is added in commit order ([`Calendars::follow`]): the writer queues the change, the
//! next reader applies it. Readers share an immutable snapshot.
//!
//! Other servers write too. A snapshot has a position in the firm's event chain. A search compares it with the length
//! of the chain (one indexed read) and applies the events since: they name the appointments, and the rows give their
//! present state. Experts and absences have a version: when it has changed, the firm is loaded again, and also after
//! [`firm::FRESH_FOR`], so that the days ahead are resolved. A stale snapshot costs a retry, never a double booking:
//! the booking transaction verifies fresh rows.

pub(crate) mod firm;
#[cfg(test)]
mod interleaved;
pub(crate) mod rows;
mod sync;

use constat_domain::event_kinds::EventKind;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use constat_availability::{Busy, CalendarIndex, Settings};
use constat_core::Counts;
use constat_domain::expert::{Absence, Expert};
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::tenancy::TenantId;

use constat_store::queries::{absences, appointments, calendar_changes, events, experts, holds};
use constat_store::{Store, StoreError, Tx};
use jiff::{SignedDuration, Timestamp};

use crate::calendars::firm::{Change, Firm, Rows, Snapshot};
use crate::calendars::rows::{FOLLOWED, busy, changes, held};
use crate::travel::roads::{Roads, with_travel};

/// Working time is resolved from this long ago: a whole week, for weekly caps.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Days resolved beyond the horizon of a search: the week back, and a margin for [`firm::FRESH_FOR`].
const EXTRA_DAYS: u16 = 9;

/// Maximum events of other servers that are applied one by one; beyond it the firm is loaded again.
const MAX_FOLLOWED: i64 = 5_000;

/// The calendars of all firms.
pub struct Calendars {
    store: Store,
    rules: Arc<Settings>,
    roads: Arc<Roads>,
    counts: Arc<Counts>,
    firms: RwLock<HashMap<TenantId, Arc<Firm>>>,
}

impl Calendars {
    /// Empty calendars of a database, with the rules and drive times to build them.
    pub fn new(store: Store, rules: Arc<Settings>, roads: Arc<Roads>, counts: Arc<Counts>) -> Self {
        Self { store, rules, roads, counts, firms: RwLock::default() }
    }

    /// Empty calendars of the same database with other drive times.
    pub(crate) fn with_roads(&self, roads: Arc<Roads>) -> Self {
        Self::new(self.store.clone(), Arc::clone(&self.rules), roads, Arc::clone(&self.counts))
    }

    /// A firm's calendars as of now.
    pub fn of(&self, tenant: &TenantId, now: Timestamp) -> Result<Arc<CalendarIndex>, StoreError> {
        let firm = self.firm(tenant);
        self.catch_up(tenant, &firm, now)?;
        let version = self.store.read(|connection| calendar_changes::version_of_tenant(connection, tenant))?;
        self.get(tenant, version, now, Firm::current)
    }

    /// A firm's experts as of now, with the calendars of the last search. For booking transactions: they verify fresh
    /// rows, and must not hold up other writes while calendars are rebuilt.
    pub(crate) fn as_searched(
        &self,
        tx: &mut Tx,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Arc<CalendarIndex>, StoreError> {
        let version = calendar_changes::version_of_tenant(tx, tenant)?;
        self.get(tenant, version, now, Firm::as_searched)
    }

    /// A firm's calendars in memory, perhaps stale; reads nothing from the database. `None` when the firm is not loaded.
    pub(crate) fn cached(&self, tenant: &TenantId) -> Option<Arc<CalendarIndex>> {
        self.firm(tenant).cached()
    }

    /// Calendars with experts and absences of at least this version; loaded if needed.
    fn get(
        &self,
        tenant: &TenantId,
        version: i64,
        now: Timestamp,
        snapshot: Snapshot,
    ) -> Result<Arc<CalendarIndex>, StoreError> {
        self.firm(tenant).get(snapshot, (version, now), &self.roads, || {
            self.counts.calendar_loads.increment();
            self.read(tenant, now)
        })
    }

    /// Queues the change of a transaction for when it has committed.
    pub(crate) fn follow(self: &Arc<Self>, tx: &mut Tx, tenant: TenantId, change: Change) {
        let calendars = Arc::clone(self);
        tx.after_commit_with(move |appended| {
            let firm = calendars.firms.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned();
            let places = appended.iter().find(|one| one.tenant == tenant).map(|one| (one.first, one.last));
            if let Some((firm, places)) = firm.zip(places) {
                firm.note_committed(change, places);
            }
        });
    }

    /// Applies what other servers have committed since.
    fn catch_up(&self, tenant: &TenantId, firm: &Firm, now: Timestamp) -> Result<(), StoreError> {
        let Some(known) = firm.followed() else { return Ok(()) };
        let length = self.store.read(|connection| events::length_of_tenant(connection, tenant))?;
        if length <= known {
            return Ok(());
        }
        if length - known > MAX_FOLLOWED {
            firm.forget();
            return Ok(());
        }
        let others = self.store.read(|connection| {
            let found = events::of_tenant_and_kinds_after(connection, tenant, &FOLLOWED, known, length - known)?;
            let found: Vec<_> = found.into_iter().filter(|(position, _)| *position <= length).collect();
            let ids: Vec<AppointmentId> = found.iter().filter_map(|(_, event)| event.subject.parse().ok()).collect();
            let booked = appointments::busy_of_tenant_by_ids(connection, tenant, &ids)?;
            let touches_holds = found.iter().any(|(_, event)| event.kind == EventKind::AppointmentHeld);
            let holds = if touches_holds { holds::live_of_tenant(connection, tenant, now)? } else { Vec::new() };
            Ok::<_, StoreError>(changes(&found, &booked, &holds))
        })?;
        firm.followed_to(known, length, others);
        Ok(())
    }

    /// Records a time that an uncommitted transaction takes, for later transactions of the same group commit: their
    /// snapshot lacks it.
    pub(crate) fn note_taken(&self, tenant: &TenantId, expert: ExpertId, from: Timestamp, to: Timestamp) {
        self.firm(tenant).note_taken(expert, from, to);
    }

    /// Experts whose time has been taken since the snapshot of [`Calendars::as_searched`], by transactions that have
    /// committed or probably will. A hint for the order of experts, never a reason to refuse.
    pub(crate) fn taken_since(&self, tenant: &TenantId, from: Timestamp, to: Timestamp) -> HashSet<ExpertId> {
        self.firm(tenant).taken_since(from, to)
    }

    fn firm(&self, tenant: &TenantId) -> Arc<Firm> {
        if let Some(firm) = self.firms.read().unwrap_or_else(PoisonError::into_inner).get(tenant) {
            return Arc::clone(firm);
        }
        let mut firms = self.firms.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(firms.entry(*tenant).or_default())
    }

    fn read(&self, tenant: &TenantId, now: Timestamp) -> Result<Rows, StoreError> {
        let from = now.saturating_sub(LOOK_BACK).unwrap_or(now);
        // Two days earlier still: an expert may be at a visit when the first day begins.
        let busy_from = from.saturating_sub(SignedDuration::from_hours(48)).unwrap_or(from);
        // The counters first: a change between these reads raises them again.
        let (version, position, people, away, taken, kept) = self.store.read(|connection| {
            let version = calendar_changes::version_of_tenant(connection, tenant)?;
            let position = events::length_of_tenant(connection, tenant)?;
            let people: Vec<Expert> = experts::all_of_tenant(connection, tenant)?;
            let away = absences::all_of_tenant_after(connection, tenant, busy_from)?;
            let taken = appointments::busy_of_tenant_after(connection, tenant, busy_from)?;
            let kept = holds::live_of_tenant(connection, tenant, now)?;
            Ok::<_, StoreError>((version, position, people, away, taken, kept))
        })?;
        let mut away_of: HashMap<ExpertId, Vec<Absence>> = HashMap::new();
        for row in away {
            away_of.entry(row.expert).or_default().push(row);
        }
        let mut taken_of: HashMap<ExpertId, Vec<Busy>> = HashMap::new();
        for row in taken {
            taken_of.entry(row.expert).or_default().push(busy(&row));
        }
        for hold in &kept {
            taken_of.entry(hold.expert).or_default().push(held(hold));
        }
        let days = self.rules.horizon_days.min(366) + EXTRA_DAYS;
        let mut index = CalendarIndex::new(from, days, Arc::clone(&self.rules));
        for expert in people {
            let id = expert.id;
            let away = away_of.remove(&id).unwrap_or_default();
            let taken = taken_of.remove(&id).unwrap_or_default();
            let put = with_travel!(&*self.roads, travel => index.put(expert, &away, taken, travel));
            if let Err(error) = put {
                tracing::warn!(expert = %id, field = error.field, "an expert's record is unsound and is left out");
            }
        }
        let held = kept.iter().map(|hold| (hold.id, hold.expert, hold.expires_at)).collect();
        Ok(Rows { version, position, held, index })
    }
}
