//! Optimistic concurrency of bookings: a version number for each day of each expert.
//!
//! A booking reads the versions of the days around its visit before it decides, and advances them once the visit is
//! written. A version that has changed meanwhile is a conflict: the command runs again in a fresh transaction.

use constat_domain::appointment::Appointment;
use constat_domain::ids::ExpertId;
use constat_store::queries::expert_days;
use constat_store::{StoreError, Tx};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::calendars::Calendars;

/// Time on each side of a visit whose days it depends on: two visits on both sides of midnight that share a drive
/// share a day version.
const DAY_MARGIN: SignedDuration = SignedDuration::from_hours(6);

/// The day versions that a decision rests on.
#[derive(Default)]
pub(crate) struct DayVersions(Vec<(ExpertId, Date, i64)>);

impl DayVersions {
    /// Reads the versions of the days around one visit, in addition to those already read.
    pub(crate) fn read(
        &mut self,
        tx: &mut Tx,
        expert: ExpertId,
        zone: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(), StoreError> {
        // UTC for an unknown zone: any calendar will do as long as all bookings use the same.
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let first = zone.to_datetime(from.saturating_sub(DAY_MARGIN).unwrap_or(from)).date();
        let last = zone.to_datetime(to.saturating_add(DAY_MARGIN).unwrap_or(to)).date();
        for day in first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last) {
            self.read_day(tx, expert, day)?;
        }
        Ok(())
    }

    /// Reads the version of the Monday, for an expert with a weekly cap: all visits of one week depend on it.
    pub(crate) fn read_week(
        &mut self,
        tx: &mut Tx,
        expert: ExpertId,
        zone: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let day = TimeZone::get(zone).unwrap_or(TimeZone::UTC).to_datetime(at).date();
        let monday = day.saturating_sub(jiff::Span::new().days(i64::from(day.weekday().to_monday_zero_offset())));
        self.read_day(tx, expert, monday)
    }

    fn read_day(&mut self, tx: &mut Tx, expert: ExpertId, day: Date) -> Result<(), StoreError> {
        if !self.contains(expert, day) {
            let version = expert_days::version(tx, expert, day)?;
            self.0.push((expert, day, version));
        }
        Ok(())
    }

    /// Reads the versions of the time that an appointment leaves. When its expert has left the firm, the zone of the
    /// place names the days.
    pub(crate) fn read_of(
        &mut self,
        tx: &mut Tx,
        calendars: &Calendars,
        known: &Appointment,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let firm = calendars.as_searched(tx, &known.tenant, now)?;
        let zone = firm.get(known.expert).map_or(known.zone.as_str(), |calendar| calendar.expert().zone.as_str());
        self.read(tx, known.expert, zone, known.busy_from, known.busy_to)
    }

    /// Adds the versions of another decision.
    pub(crate) fn merge(&mut self, others: Self) {
        for (expert, day, version) in others.0 {
            if !self.contains(expert, day) {
                self.0.push((expert, day, version));
            }
        }
    }

    fn contains(&self, expert: ExpertId, day: Date) -> bool {
        self.0.iter().any(|(known, date, _)| (*known, *date) == (expert, day))
    }

    /// Advances every version, always in the same order.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another booking has advanced one meanwhile.
    pub(crate) fn advance(mut self, tx: &mut Tx) -> Result<(), StoreError> {
        self.0.sort_unstable();
        for (expert, day, version) in self.0 {
            if !expert_days::advance(tx, expert, day, version)? {
                return Err(StoreError::Conflict("the expert's day changed meanwhile".to_owned()));
            }
        }
        Ok(())
    }
}
