//! Partner firms' calendars in memory: what a search reads.
//!
//! A firm is loaded at its first use: experts, absences, and appointments from a week back. From
//! then on each booking, move and cancellation of this process is added as it commits, in commit
//! order ([`Calendars::follow`]): the writer only notes the change, and the next reader applies
//! what is noted. Readers share an immutable snapshot.
//!
//! Other processes and nodes write too. Each snapshot knows up to which position of the firm's event
//! chain it has followed. A search compares it with the chain's length (one indexed read), and applies
//! what others have booked, moved and cancelled since: the events name the appointments, their rows
//! tell how they are now. Experts and absences are counted apart: a firm whose counter has moved is
//! loaded again. So is one that was loaded [`FRESH_FOR`] ago, so that the days ahead are always
//! resolved. A snapshot that is a moment stale costs a retry, never a double booking: a commit judges
//! rows fresh from the database.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};

use constat_availability::{Absence, Busy, CalendarIndex, Expert, Settings, Travel};
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::tenancy::TenantId;
use constat_store::queries::absences::AbsenceRow;
use constat_store::queries::appointments::BusyRow;
use constat_store::queries::events::{self, Event};
use constat_store::queries::holds::HoldRow;
use constat_store::queries::{absences, appointments, calendar_changes, experts, holds};
use constat_store::{Store, StoreError, Tx};
use jiff::{SignedDuration, Timestamp};

use crate::Counts;
use crate::roads::{Roads, with_travel};

/// A snapshot is read again after this long.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(12);

/// Working time is resolved from this long before the present: a whole week, so that the visits of
/// the current week can be counted.
const BACK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Days resolved beyond the horizon of a search: the week back, and a margin for [`FRESH_FOR`].
const MORE_DAYS: u16 = 9;

/// Changes that wait for a reader. Beyond it the snapshot is dropped and loaded when asked for.
const MOST_PENDING: usize = 10_000;

/// Changes that may wait for the next search. Beyond it whoever comes first applies them.
const MANY_PENDING: usize = 1_000;

/// Events of others that are followed one by one. Beyond it the firm is loaded again.
const MOST_FOLLOWED: i64 = 5_000;

/// Transactions of this process that are remembered while they are noted, change by change: more than
/// there are writers.
const MOST_REMEMBERED: usize = 32;

/// Promises remembered; more than fit into one group commit.
const MOST_PROMISED: usize = 1_000;

/// A visit was booked. Kinds of events that change a calendar.
pub(super) const BOOKED: &str = "appointment.booked";
/// A visit was moved to another time or person.
pub(super) const RESCHEDULED: &str = "appointment.rescheduled";
/// A visit was given up.
pub(super) const CANCELLED: &str = "appointment.cancelled";
/// A time is kept for a while.
pub(super) const HELD: &str = "appointment.held";
/// What was kept is free again, before its time.
pub(super) const RELEASED: &str = "appointment.released";
const FOLLOWED: [&str; 5] = [BOOKED, RESCHEDULED, CANCELLED, HELD, RELEASED];

/// In the data of [`RESCHEDULED`]: whose time the visit took before.
pub(super) const LEFT: &str = "left";

/// What a commit did to a calendar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    /// The appointment.
    pub(crate) appointment: AppointmentId,
    /// Whose time it took before.
    pub(crate) left: Option<ExpertId>,
    /// Whose time it takes now, and which.
    pub(crate) takes: Option<(ExpertId, Busy)>,
    /// The instant from which it takes it no more: of a hold.
    pub(crate) until: Option<Timestamp>,
}

impl Change {
    fn apply(self, index: &mut CalendarIndex, roads: &Roads) {
        with_travel!(roads, travel => self.apply_with(index, travel));
    }

    fn apply_with<T: Travel>(self, index: &mut CalendarIndex, travel: &T) {
        let now_with = self.takes.as_ref().map(|(expert, _)| *expert);
        if let Some(expert) = self.left.filter(|expert| Some(*expert) != now_with) {
            index.remove_appointment(expert, self.appointment, travel);
        }
        if let Some((expert, busy)) = self.takes {
            index.insert_busy(expert, busy, travel);
        }
    }
}

/// Every firm's calendars.
pub struct Calendars {
    store: Store,
    rules: Arc<Settings>,
    roads: Arc<Roads>,
    counts: Arc<Counts>,
    firms: RwLock<HashMap<TenantId, Arc<Firm>>>,
}

/// What is taken of a firm that is loaded.
type Known = fn(&Firm, &Roads, Timestamp) -> Option<Loaded>;

/// One firm's test or live calendars.
#[derive(Default)]
struct Firm {
    /// Held while the firm is loaded, so that it is loaded once.
    loading: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    loaded: Option<Loaded>,
    /// Committed since `loaded`, not yet applied to it.
    pending: Vec<Change>,
    /// Committed since a load under way began.
    since_load: Option<Vec<(Change, (i64, i64))>>,
    /// What is in `loaded` and `pending` for a while only: whose time, and until when.
    held: Vec<(AppointmentId, ExpertId, Timestamp)>,
    /// Assigned by transactions that have not committed yet: who is probably taken, and when. Only a
    /// hint, never a reason to refuse.
    promised: Vec<(ExpertId, Timestamp, Timestamp)>,
    /// The last position of the firm's event chain up to which everything is in `loaded` and `pending`.
    position: i64,
    /// Transactions of this process that `position` has passed, by the positions of their events.
    noted: VecDeque<(i64, i64)>,
}

#[derive(Clone)]
struct Loaded {
    index: Arc<CalendarIndex>,
    version: i64,
    at: Timestamp,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Calendars {
    /// Empty calendars over a database, searched by these rules and laid with these drives.
    pub fn new(store: Store, rules: Arc<Settings>, roads: Arc<Roads>, counts: Arc<Counts>) -> Self {
        Self { store, rules, roads, counts, firms: RwLock::default() }
    }

    /// The same, still empty, laid with other drives.
    pub(crate) fn with_roads(&self, roads: Arc<Roads>) -> Self {
        Self::new(self.store.clone(), Arc::clone(&self.rules), roads, Arc::clone(&self.counts))
    }

    /// A firm's calendars as of now.
    pub fn of(&self, tenant: &TenantId, now: Timestamp) -> Result<Arc<CalendarIndex>, StoreError> {
        let firm = self.firm(tenant);
        self.catch_up(tenant, &firm, now)?;
        self.get(tenant, now, Firm::current)
    }

    /// A firm's people as of now, their calendars as they were when somebody last searched: for a
    /// commit, which judges rows fresh from the database and must not keep others waiting while what
    /// was booked since is laid.
    pub(crate) fn people_of(&self, tenant: &TenantId, now: Timestamp) -> Result<Arc<CalendarIndex>, StoreError> {
        self.get(tenant, now, Firm::as_searched)
    }

    fn get(&self, tenant: &TenantId, now: Timestamp, of: Known) -> Result<Arc<CalendarIndex>, StoreError> {
        let firm = self.firm(tenant);
        let version = self.store.read(|connection| calendar_changes::version_of_tenant(connection, tenant))?;
        if let Some(loaded) = of(&firm, &self.roads, now).filter(|loaded| loaded.is_fresh(version, now)) {
            return Ok(loaded.index);
        }
        let _alone = match firm.loading.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => match of(&firm, &self.roads, now) {
                // Somebody loads it already; until then the old snapshot will do.
                Some(stale) => return Ok(stale.index),
                None => lock(&firm.loading),
            },
        };
        if let Some(loaded) = of(&firm, &self.roads, now).filter(|loaded| loaded.is_fresh(version, now)) {
            return Ok(loaded.index);
        }
        self.load(tenant, &firm, now)
    }

    /// Notes what a transaction does to a firm's calendar, for when it has committed.
    pub(crate) fn follow(self: &Arc<Self>, tx: &mut Tx, tenant: TenantId, change: Change) {
        let calendars = Arc::clone(self);
        tx.after_commit_with(move |appended| {
            let firm = calendars.firms.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned();
            let places = appended.iter().find(|one| one.tenant == tenant).map(|one| (one.first, one.last));
            if let Some((firm, places)) = firm.zip(places) {
                firm.note(change, places);
            }
        });
    }

    /// Applies what others have committed since, if anybody has.
    fn catch_up(&self, tenant: &TenantId, firm: &Firm, now: Timestamp) -> Result<(), StoreError> {
        let Some(known) = firm.followed() else { return Ok(()) };
        let length = self.store.read(|connection| events::length_of_tenant(connection, tenant))?;
        if length <= known {
            return Ok(());
        }
        if length - known > MOST_FOLLOWED {
            lock(&firm.state).loaded = None;
            return Ok(());
        }
        let others = self.store.read(|connection| {
            let found = events::of_tenant_and_kinds_after(connection, tenant, &FOLLOWED, known, length - known)?;
            let found: Vec<_> = found.into_iter().filter(|(position, _)| *position <= length).collect();
            let ids: Vec<AppointmentId> = found.iter().filter_map(|(_, event)| event.subject.parse().ok()).collect();
            let booked = appointments::busy_of_tenant_by_ids(connection, tenant, &ids)?;
            let touches_holds = found.iter().any(|(_, event)| event.kind == HELD);
            let kept = if touches_holds { holds::live_of_tenant(connection, tenant, now)? } else { Vec::new() };
            Ok::<_, StoreError>(changes(&found, &booked, &kept))
        })?;
        firm.followed_to(length, others);
        Ok(())
    }

    /// Notes that a transaction under way gives somebody's time away, for those behind it in the same
    /// group commit, who see the snapshot without it.
    pub(crate) fn promise(&self, tenant: &TenantId, expert: ExpertId, from: Timestamp, to: Timestamp) {
        let firm = self.firm(tenant);
        let mut state = lock(&firm.state);
        if state.promised.len() < MOST_PROMISED {
            state.promised.push((expert, from, to));
        }
    }

    /// Puts those last who are probably taken by a transaction under way; else keeps the order.
    pub(crate) fn unpromised_first(&self, tenant: &TenantId, people: &mut [ExpertId], from: Timestamp, to: Timestamp) {
        let firm = self.firm(tenant);
        let state = lock(&firm.state);
        people.sort_by_key(|expert| {
            state.promised.iter().any(|(taken, start, end)| taken == expert && *start < to && from < *end)
        });
    }

    fn firm(&self, tenant: &TenantId) -> Arc<Firm> {
        if let Some(firm) = self.firms.read().unwrap_or_else(PoisonError::into_inner).get(tenant) {
            return Arc::clone(firm);
        }
        let mut firms = self.firms.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(firms.entry(*tenant).or_default())
    }

    fn load(&self, tenant: &TenantId, firm: &Firm, now: Timestamp) -> Result<Arc<CalendarIndex>, StoreError> {
        // From here on commits are noted for the new snapshot too: whatever the reads below miss.
        lock(&firm.state).since_load = Some(Vec::new());
        self.counts.calendar_loads.one();
        let read = self.read(tenant, now);
        let mut state = lock(&firm.state);
        let missed = state.since_load.take().unwrap_or_default();
        let (version, position, kept, mut index) = read?;
        state.position = position;
        state.noted.clear();
        state.held = kept.iter().map(|hold| (hold.id, hold.expert, hold.expires_at)).collect();
        // What was read may hold some of them already, and those are left out: the rows may be newer.
        for (change, places) in missed {
            if state.is_next(places) {
                state.add(change);
                change.apply(&mut index, &self.roads);
            }
        }
        let index = Arc::new(index);
        state.pending.clear();
        state.loaded = Some(Loaded { index: Arc::clone(&index), version, at: now });
        Ok(index)
    }

    fn read(&self, tenant: &TenantId, now: Timestamp) -> Result<(i64, i64, Vec<HoldRow>, CalendarIndex), StoreError> {
        let from = now.saturating_sub(BACK).unwrap_or(now);
        // A day earlier still, for whoever was somewhere before the first day.
        let busy_from = from.saturating_sub(SignedDuration::from_hours(48)).unwrap_or(from);
        // The counters first: a change that lands between these reads raises them once more.
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
            away_of.entry(row.expert).or_default().push(absence(&row));
        }
        let mut taken_of: HashMap<ExpertId, Vec<Busy>> = HashMap::new();
        for row in taken {
            taken_of.entry(row.expert).or_default().push(busy(&row));
        }
        for hold in &kept {
            taken_of.entry(hold.expert).or_default().push(held(hold));
        }
        let days = self.rules.horizon_days.min(366) + MORE_DAYS;
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
        Ok((version, position, kept, index))
    }
}

impl Firm {
    /// The snapshot as it was when somebody last searched, unless much was booked since.
    fn as_searched(&self, roads: &Roads, now: Timestamp) -> Option<Loaded> {
        let state = lock(&self.state);
        if state.pending.len() < MANY_PENDING {
            return state.loaded.clone();
        }
        drop(state);
        self.current(roads, now)
    }

    /// The snapshot with all that has committed, and without what was kept until now.
    fn current(&self, roads: &Roads, now: Timestamp) -> Option<Loaded> {
        let mut state = lock(&self.state);
        let state = &mut *state;
        if state.held.iter().any(|(_, _, until)| *until <= now) {
            let over = state.held.extract_if(.., |(_, _, until)| *until <= now);
            let change =
                |(appointment, expert, _)| Change { appointment, left: Some(expert), takes: None, until: None };
            state.pending.extend(over.map(change));
        }
        let loaded = state.loaded.as_mut()?;
        if !state.pending.is_empty() {
            // Clones the list of calendars if a reader still holds it; the calendars themselves stay
            // shared but for those that change.
            let index = Arc::make_mut(&mut loaded.index);
            for change in state.pending.drain(..) {
                change.apply(index, roads);
            }
        }
        Some(loaded.clone())
    }

    /// The position up to which a snapshot that is there has followed.
    fn followed(&self) -> Option<i64> {
        let state = lock(&self.state);
        state.loaded.as_ref().map(|_| state.position)
    }

    /// Notes what others committed up to a position.
    fn followed_to(&self, position: i64, changes: Vec<Change>) {
        let mut state = lock(&self.state);
        // Another search may have followed further meanwhile, from rows that are newer than these.
        if state.position < position {
            state.position = position;
            for change in changes {
                state.add(change);
            }
        }
    }

    /// Notes a change of this process, committed with events at these positions.
    fn note(&self, change: Change, places: (i64, i64)) {
        let mut state = lock(&self.state);
        // A group has committed: what was promised in it is booked, or was rolled back.
        state.promised.clear();
        if let Some(since_load) = &mut state.since_load {
            since_load.push((change, places));
        }
        // Out of turn: others were between, and the next search reads all of it from the database.
        if !state.is_next(places) {
            return;
        }
        if state.pending.len() >= MOST_PENDING {
            state.loaded = None;
            state.pending.clear();
        }
        if state.loaded.is_some() {
            state.add(change);
        }
    }
}

impl State {
    /// Notes a change for the next reader, and until when it holds.
    fn add(&mut self, change: Change) {
        self.held.retain(|(known, ..)| *known != change.appointment);
        if let (Some(until), Some((expert, _))) = (change.until, change.takes) {
            self.held.push((change.appointment, expert, until));
        }
        self.pending.push(change);
    }

    /// Whether events at these positions follow on what is known, and with them the rest of their
    /// transaction; then they are known from now on.
    fn is_next(&mut self, places: (i64, i64)) -> bool {
        if self.noted.contains(&places) {
            return true;
        }
        if places.0 != self.position + 1 {
            return false;
        }
        self.position = places.1;
        if self.noted.len() == MOST_REMEMBERED {
            self.noted.pop_front();
        }
        self.noted.push_back(places);
        true
    }
}

impl Loaded {
    fn is_fresh(&self, version: i64, now: Timestamp) -> bool {
        let age = now.duration_since(self.at);
        self.version >= version && age < FRESH_FOR && age > -FRESH_FOR
    }
}

/// What events about appointments, and the rows of those that are still booked, do to a calendar.
fn changes(found: &[(i64, Event)], booked: &[BusyRow], kept: &[HoldRow]) -> Vec<Change> {
    let expert = |event: &Event, key: &str| event.data.get(key)?.as_str()?.parse::<ExpertId>().ok();
    let change = |event: &Event| {
        let appointment = event.subject.parse().ok()?;
        let visit = booked.iter().find(|row| row.appointment == appointment).map(|row| (row.expert, busy(row)));
        let hold = kept.iter().find(|hold| hold.id == appointment).filter(|_| visit.is_none());
        let (takes, until) = (visit.or(hold.map(|hold| (hold.expert, held(hold)))), hold.map(|hold| hold.expires_at));
        // A move names who is rid of it; any other event whose it is, or was until it was cancelled.
        let left = expert(event, LEFT).or_else(|| expert(event, "expert"));
        let change = |left| Change { appointment, left, takes, until };
        Some([change(left), change(expert(event, "expert"))])
    };
    found.iter().filter_map(|(_, event)| change(event)).flatten().collect()
}

/// A row as the engine takes it.
pub(crate) fn busy(row: &BusyRow) -> Busy {
    Busy { start: row.start, end: row.end, position: row.position, appointment: Some(row.appointment) }
}

/// A time that is kept, as the engine takes it.
pub(crate) fn held(hold: &HoldRow) -> Busy {
    Busy { start: hold.start, end: hold.end, position: hold.position, appointment: Some(hold.id) }
}

/// A row as the engine takes it; why somebody is absent stays behind.
pub(crate) fn absence(row: &AbsenceRow) -> Absence {
    Absence { id: row.id, expert: row.expert, start: row.start, end: row.end, reason: None }
}
