//! The steps that hold, book and reschedule share: look up drive times, wait for an in-flight booking of the same time,
//! precheck, run the transaction.

use constat_core::{Answer, AppError, CommandContext, RequestAttempt};
use constat_domain::Refusal;
use constat_domain::refusal::BookingRefusal;
use constat_store::{Connection, Tx};

use crate::booking::attempt::BookingAttempt;
use crate::booking::in_flight::InFlightGuard;
use crate::booking::precheck::precheck;
use crate::scheduler::Scheduler;
use crate::travel::look_up_drives::look_up_drives;

/// A booking attempt that may go to its transaction.
pub(crate) struct Prepared<'a> {
    booking: BookingAttempt,
    /// Lives until the transaction has committed: later attempts at the same expert and start wait for it. `None` for
    /// an attempt that has waited itself.
    guard: Option<InFlightGuard<'a>>,
}

impl Scheduler {
    /// Looks up the drive times, waits for an in-flight booking of the same expert and start, and prechecks.
    ///
    /// `has_other_refusal` says whether the transaction refuses the attempt for another reason than its time. If so, the
    /// precheck passes, so that the transaction gives that refusal instead of [`BookingRefusal::SlotTaken`].
    ///
    /// # Errors
    /// The refusal of `opened`, and [`BookingRefusal::SlotTaken`] when the calendars in memory have no expert for the
    /// time.
    pub(crate) async fn prepare(
        &self,
        context: &CommandContext,
        opened: Result<BookingAttempt, AppError>,
        has_other_refusal: impl FnOnce(&mut Connection, &BookingAttempt) -> Result<bool, AppError>,
    ) -> Result<Prepared<'_>, AppError> {
        let booking = opened?;
        look_up_drives(self, &booking.offer, &booking.participants).await;
        let guard = self.in_flight.wait_for_in_flight(&booking.offer).await;
        precheck(self, context, &booking, has_other_refusal)?;
        Ok(Prepared { booking, guard })
    }

    /// Runs the transaction of a prepared attempt, or gives the refusal of its preparation. An earlier attempt with the
    /// same idempotency key answers instead of either. Counts conflicts: slots taken and sessions used.
    pub(crate) async fn run_prepared<F>(
        &self,
        attempt: &RequestAttempt,
        context: CommandContext,
        prepared: Result<Prepared<'_>, AppError>,
        decide: F,
    ) -> Result<Answer, AppError>
    where
        F: Fn(&mut Tx, &CommandContext, &BookingAttempt) -> Result<Answer, AppError> + Send + Sync + 'static,
    {
        let answer = match prepared {
            Ok(Prepared { booking, guard }) => {
                let decide = move |tx: &mut Tx, context: &CommandContext| decide(tx, context, &booking);
                let answer = self.core.command_of(attempt, context, decide).await;
                drop(guard);
                answer
            }
            Err(refusal) => self.core.refuse(attempt, refusal).await,
        };
        if let Err(AppError::Refused(Refusal::Booking(BookingRefusal::SlotTaken | BookingRefusal::SessionUsed))) =
            &answer
        {
            self.core.counts.conflicts.increment();
        }
        answer
    }
}
