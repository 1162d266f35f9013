//! Holds: offered slots reserved for a caller who is about to book.
//!
//! A search reserves nothing. A caller whose user has chosen a slot and still fills in a form takes a hold: no other
//! caller is offered the time until the session ends. The booking consumes the hold. A hold that is not used expires
//! with its session, by the server's clock.
//!
//! Holds are free of charge, therefore bounded: one platform may hold a number of slots at one firm, and a share of the
//! firm's free time on each day. All keys of a platform count together.

use constat_domain::event_kinds::EventKind;
use std::sync::Arc;

use constat_availability::HeldTime;
use constat_core::{Answer, AppError, CommandContext, Idempotency, Render};
use constat_domain::Refusal;
use constat_domain::appointment::Slot;
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::TenantId;
use constat_store::queries::appointments;
use constat_store::queries::holds::{self, HoldRow};
use constat_store::{Connection, StoreError, Tx};
use jiff::Timestamp;

use crate::booking::allocate::{Allocation, allocate};
use crate::booking::attempt::{BookingAttempt, RequestedSlot};
use crate::calendars::firm::Change;
use crate::calendars::rows::held;
use crate::offer::token::Session;
use crate::scheduler::Scheduler;

/// `Retry-After` of a platform with too many holds, in seconds: some will be booked or expired by then.
const RETRY_SECONDS: u64 = 30;

/// Holds on one day that every platform may have, however little free time the firm has: enough for a user who
/// compares two slots, and for two users at once.
const MIN_HOLDS_PER_DAY: usize = 2;

/// A slot that is held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldSlot {
    /// Id of the hold, and of the appointment once it is booked.
    pub id: AppointmentId,
    /// The instant from which the hold no longer counts: the end of the session.
    pub expires_at: Timestamp,
    /// The slot.
    pub slot: Slot,
}

impl Scheduler {
    /// Holds an offered slot, for all experts of a joint one, until the session ends. A session holds one slot: another
    /// one replaces the first, unless the other is taken; then the first stays. `render` runs inside the transaction.
    ///
    /// # Errors
    /// [`BookingRefusal::UnknownSlot`], [`SlotTaken`](BookingRefusal::SlotTaken),
    /// [`SessionExpired`](BookingRefusal::SessionExpired), [`SessionUsed`](BookingRefusal::SessionUsed) once the
    /// session has booked; [`AppError::TooManyHolds`] and [`AppError::HoldShareExceeded`] beyond the platform's bounds.
    pub async fn hold(
        self: &Arc<Self>,
        context: CommandContext,
        idempotency: Option<Idempotency>,
        slot: RequestedSlot,
        render: impl Render<HeldSlot>,
    ) -> Result<Answer, AppError> {
        let attempt = self.core.attempt(&context, idempotency).await?;
        let has_max_holds =
            |rows: &mut Connection, booking: &BookingAttempt| has_max_holds(rows, &context, self, &booking.session);
        let prepared = self.prepare(&context, open(self, &context, &slot), has_max_holds).await;
        let scheduler = Arc::clone(self);
        self.run_prepared(&attempt, context, prepared, move |tx, context, booking| {
            render(&hold_in_transaction(tx, context, &scheduler, booking)?)
        })
        .await
    }

    /// Releases a hold before its end, for all experts of a joint one.
    ///
    /// # Errors
    /// [`BookingRefusal::AppointmentNotFound`] when the caller has no such hold, or it has expired.
    pub async fn release_hold(
        self: &Arc<Self>,
        context: CommandContext,
        idempotency: Option<Idempotency>,
        id: AppointmentId,
        render: impl Render<AppointmentId>,
    ) -> Result<Answer, AppError> {
        let scheduler = Arc::clone(self);
        let release = move |tx: &mut Tx, context: &CommandContext| {
            let known = holds::by_id(tx, id)?
                .filter(|hold| {
                    hold.holder == context.caller.holder
                        && hold.tenant == *context.tenant()
                        && hold.expires_at > context.at
                })
                .ok_or(BookingRefusal::AppointmentNotFound)?;
            let held = holds::of_session(tx, known.session)?;
            release_holds(tx, context, &scheduler, &held)?;
            render(&id)
        };
        self.core.command(context, idempotency, release).await
    }
}

/// Opens the tokens, and checks the slot against them.
fn open(scheduler: &Scheduler, context: &CommandContext, slot: &RequestedSlot) -> Result<BookingAttempt, AppError> {
    let booking = BookingAttempt::open(&scheduler.core, &context.caller, slot)?;
    Refusal::unless_empty(booking.differences(&slot.slot))?;
    Ok(booking)
}

fn hold_in_transaction(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    booking: &BookingAttempt,
) -> Result<HeldSlot, AppError> {
    let BookingAttempt { session, offer, .. } = booking;
    if appointments::of_session(tx, session.id)?.is_some() {
        return Err(BookingRefusal::SessionUsed.into());
    }
    booking.require_live_session(context.at)?;
    holds::forget_expired_of_tenant(tx, context.tenant(), context.at)?;
    let before = holds::of_session(tx, session.id)?;
    require_fewer_holds(tx, context, scheduler, session)?;
    let Allocation { experts, day_versions } = allocate(tx, scheduler, booking, &before, context.at)?;
    release_holds(tx, context, scheduler, &before)?;
    let position = if session.request.kind.is_on_site() { offer.criteria.position } else { None };
    // Sorted, in the order of the experts: the booking takes the first id, which the answer gives.
    let mut ids: Vec<_> = experts.iter().map(|_| AppointmentId::new(context.at, &context.entropy())).collect();
    ids.sort_unstable();
    let id = *ids.first().ok_or(BookingRefusal::SlotTaken)?;
    for (assigned, id) in experts.into_iter().zip(ids) {
        let hold = HoldRow {
            id,
            tenant: assigned.tenant,
            expert: assigned.expert,
            session: session.id,
            holder: session.holder,
            start: offer.busy_from,
            end: offer.busy_to,
            position,
            expires_at: session.expires_at,
        };
        holds::insert(tx, &hold)?;
        context.record_in(tx, hold.tenant, hold.id, EventKind::AppointmentHeld, event_data(hold.expert))?;
        let takes = Some((hold.expert, held(&hold)));
        let change = Change { appointment: hold.id, left: None, takes, until: Some(hold.expires_at) };
        scheduler.calendars.follow(tx, hold.tenant, change);
    }
    day_versions.advance(tx)?;
    require_share(tx, context, scheduler, booking)?;
    // The session has chosen: its time is in the calendar.
    scheduler.open_offers.close_after_commit(tx, offer);
    Ok(HeldSlot { id, expires_at: session.expires_at, slot: offer.slot })
}

/// Refuses when the platform has the maximum of holds at the firm, besides that of this session.
fn require_fewer_holds(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    session: &Session,
) -> Result<(), AppError> {
    holds::lock_count(tx, context.tenant(), session.holder)?;
    if has_max_holds(tx, context, scheduler, session)? {
        let most = scheduler.core.settings.requests.max_holds;
        return Err(AppError::TooManyHolds { most, retry_after: RETRY_SECONDS });
    }
    Ok(())
}

/// Whether the platform has the maximum of holds at the firm, besides that of this session.
fn has_max_holds(
    connection: &mut Connection,
    context: &CommandContext,
    scheduler: &Scheduler,
    session: &Session,
) -> Result<bool, AppError> {
    let most = scheduler.core.settings.requests.max_holds;
    if most == 0 {
        return Ok(false);
    }
    let held = holds::live_of_holder(connection, context.tenant(), session.holder, context.at)?;
    let of_other_sessions = held.iter().filter(|hold| hold.session != session.id).count();
    Ok(of_other_sessions >= usize::try_from(most).unwrap_or(usize::MAX))
}

/// Refuses when the platform, with the hold just written, holds more than its share of a firm's free time on that day.
/// Checks each firm of the offer. A firm may hold any of its own time.
fn require_share(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    booking: &BookingAttempt,
) -> Result<(), AppError> {
    let percent = scheduler.core.settings.requests.hold_share_percent;
    if percent == 0 {
        return Ok(());
    }
    let holder = booking.session.holder;
    for firm in &booking.participants {
        if firm.tenant.org == holder {
            continue;
        }
        if firm.tenant != *context.tenant() {
            holds::lock_count(tx, &firm.tenant, holder)?;
        }
        let calendars = scheduler.calendars.as_searched(tx, &firm.tenant, context.at)?;
        let held = holds::live_of_holder(tx, &firm.tenant, holder, context.at)?;
        let held: Vec<HeldTime> = held.iter().map(held_time).collect();
        let share = calendars.day_share(&firm.requirement, booking.offer.busy_from, &held);
        let may_hold = share.free_seconds.saturating_mul(i64::from(percent)) / 100;
        if share.holds > MIN_HOLDS_PER_DAY && share.held_seconds > may_hold {
            return Err(AppError::HoldShareExceeded { percent, retry_after: RETRY_SECONDS });
        }
    }
    Ok(())
}

fn held_time(hold: &HoldRow) -> HeldTime {
    let HoldRow { id: appointment, expert, session, start, end, .. } = *hold;
    HeldTime { expert, appointment, session, start, end }
}

/// Releases the holds of a session: it is booked, or given up.
pub(crate) fn release_holds(
    tx: &mut Tx,
    context: &CommandContext,
    scheduler: &Scheduler,
    holds: &[HoldRow],
) -> Result<(), StoreError> {
    for hold in holds {
        holds::delete(tx, hold.id)?;
        if hold.expires_at > context.at {
            context.record_in(tx, hold.tenant, hold.id, EventKind::AppointmentReleased, event_data(hold.expert))?;
        }
        let change = Change { appointment: hold.id, left: Some(hold.expert), takes: None, until: None };
        scheduler.calendars.follow(tx, hold.tenant, change);
    }
    Ok(())
}

/// The id of a session's hold at a firm; for a team, the one that the answer gave.
pub(crate) fn held_id(holds: &[HoldRow], tenant: &TenantId) -> Option<AppointmentId> {
    holds.iter().find(|hold| hold.tenant == *tenant).map(|hold| hold.id)
}

fn event_data(expert: ExpertId) -> serde_json::Value {
    serde_json::json!({ "expert": expert })
}
