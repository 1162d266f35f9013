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
//! loaded again. So is one that was loaded [`firm::FRESH_FOR`] ago, so that the days ahead are always
//! resolved. A snapshot that is a moment stale costs a retry, never a double booking: a commit judges
//! rows fresh from the database.

pub(crate) mod firm;
#[cfg(test)]
mod interleaved;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use constat_availability::{Busy, CalendarIndex, Settings};
use constat_domain::expert::{Absence, Expert};
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::tenancy::TenantId;
use constat_store::queries::appointments::BusyRow;
use constat_store::queries::events::{self, Event};
use constat_store::queries::holds::HoldRow;
use constat_store::queries::{absences, appointments, calendar_changes, experts, holds};
use constat_store::{Store, StoreError, Tx};
use jiff::{SignedDuration, Timestamp};

use crate::travel::{Roads, with_travel};
use constat_core::Counts;

pub(crate) use crate::calendars::firm::Change;
use crate::calendars::firm::{Firm, Known, Rows};

/// What a firm is locked with. Its tests compile it once more with locks whose every order can be tried.
mod sync {
    pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
}

/// Working time is resolved from this long before the present: a whole week, so that the visits of
/// the current week can be counted.
const BACK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Days resolved beyond the horizon of a search: the week back, and a margin for [`firm::FRESH_FOR`].
const MORE_DAYS: u16 = 9;

/// Events of others that are followed one by one. Beyond it the firm is loaded again.
const MOST_FOLLOWED: i64 = 5_000;

/// A visit was booked. Kinds of events that change a calendar.
pub(crate) const BOOKED: &str = "appointment.booked";
/// A visit was moved to another time or person.
pub(crate) const RESCHEDULED: &str = "appointment.rescheduled";
/// A visit was given up.
pub(crate) const CANCELLED: &str = "appointment.cancelled";
/// A time is kept for a while.
pub(crate) const HELD: &str = "appointment.held";
/// What was kept is free again, before its time.
pub(crate) const RELEASED: &str = "appointment.released";
const FOLLOWED: [&str; 5] = [BOOKED, RESCHEDULED, CANCELLED, HELD, RELEASED];

/// In the data of [`RESCHEDULED`]: whose time the visit took before.
pub(crate) const LEFT: &str = "left";

/// Every firm's calendars.
pub struct Calendars {
    store: Store,
    rules: Arc<Settings>,
    roads: Arc<Roads>,
    counts: Arc<Counts>,
    firms: RwLock<HashMap<TenantId, Arc<Firm>>>,
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
        let version = self.store.read(|connection| calendar_changes::version_of_tenant(connection, tenant))?;
        self.get(tenant, version, now, Firm::current)
    }

    /// A firm's people as of now, their calendars as they were when somebody last searched: for a
    /// commit, which judges rows fresh from the database and must not keep others waiting while what
    /// was booked since is laid.
    pub(crate) fn people_of(
        &self,
        tx: &mut Tx,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Arc<CalendarIndex>, StoreError> {
        let version = calendar_changes::version_of_tenant(tx, tenant)?;
        self.get(tenant, version, now, Firm::as_searched)
    }

    /// A firm's calendars as they were laid last: nothing is asked of the database, nothing is laid.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the firm is not in memory.
    pub(crate) fn laid(&self, tenant: &TenantId) -> Result<Arc<CalendarIndex>, StoreError> {
        let laid = self.firm(tenant).laid();
        laid.ok_or_else(|| StoreError::Unavailable("the firm's calendars are not in memory".to_owned()))
    }

    /// Calendars that know of all changes to people up to a version; loaded when they do not.
    fn get(
        &self,
        tenant: &TenantId,
        version: i64,
        now: Timestamp,
        of: Known,
    ) -> Result<Arc<CalendarIndex>, StoreError> {
        self.firm(tenant).get(of, (version, now), &self.roads, || {
            self.counts.calendar_loads.increment();
            self.read(tenant, now)
        })
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
            firm.forget();
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
        firm.followed_to(known, length, others);
        Ok(())
    }

    /// Notes that a transaction under way gives somebody's time away, for those behind it in the same
    /// group commit, who see the snapshot without it.
    pub(crate) fn promise(&self, tenant: &TenantId, expert: ExpertId, from: Timestamp, to: Timestamp) {
        self.firm(tenant).promise(expert, from, to);
    }

    /// Who has given away some of a time since [`Calendars::people_of`] was laid: in transactions that have
    /// committed meanwhile, or are probably about to. A hint, never a reason to refuse.
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
        let from = now.saturating_sub(BACK).unwrap_or(now);
        // Two days earlier still, for whoever was somewhere before the first day.
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
            away_of.entry(row.expert).or_default().push(row);
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
        let held = kept.iter().map(|hold| (hold.id, hold.expert, hold.expires_at)).collect();
        Ok(Rows { version, position, held, index })
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
