//! One expert's calendar, resolved to instants: days, working time, appointments, and the gaps between them.

use std::sync::Arc;

use constat_domain::FieldError;
use constat_domain::expert::{Absence, Duty, Expert};
use constat_domain::geo::Position;
use constat_domain::ids::AppointmentId;
use jiff::{Timestamp, civil, tz::TimeZone};

use crate::gaps::{GapTable, Origin};
use crate::settings::Settings;
use crate::span::{Span, absent_within, ceil_second, subtract};
use crate::travel::Travel;
use crate::zone;

/// Appointments at least this long before or after a visit (24 hours) do not limit its drives.
pub(crate) const REACH_SECONDS: i64 = 24 * 3600;

/// The range from which a commit must load appointments and absences, so that [`crate::feasible`] gives the same
/// result as the search.
///
/// Two days each way cover the visit's local day (25 hours at most) and the reach of a drive; eight days cover its
/// week, which counts when the expert has a weekly cap.
pub fn neighbourhood(expert: &Expert, start: Timestamp, end: Timestamp) -> (Timestamp, Timestamp) {
    let days = if expert.weekly_cap.is_some() { 8 } else { 2 };
    let margin = days * 24 * 3600;
    (zone::timestamp(start.as_second() - margin), zone::timestamp(end.as_second() + margin))
}

/// Busy time of an appointment or a hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Busy {
    /// From.
    pub start: Timestamp,
    /// To; after `start`, else the entry is ignored.
    pub end: Timestamp,
    /// The position of an on-site visit; `None` for a remote one.
    pub position: Option<Position>,
    /// The appointment, so that its own time counts as free when it is moved. For a hold: its future appointment.
    pub appointment: Option<AppointmentId>,
}

/// The kind of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum What {
    /// An on-site appointment.
    Site(Position),
    /// A remote appointment.
    Remote,
    /// An absence.
    Absent,
}

/// Busy time. Instants are seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Latest end of this block and all before it: blocks may overlap (an absence declared over
    /// appointments), so ends alone are not sorted.
    pub(crate) latest_end: i64,
    pub(crate) what: What,
}

/// One local day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Hull of the day's free working time; `start == end` when there is none.
    pub(crate) duty: Span,
    /// Hull of the hours before absences were taken off.
    pub(crate) hours: Span,
    /// An absence takes some of the hours.
    pub(crate) has_absence: bool,
    first_free: u32,
    last_free: u32,
    /// Appointments that start on this day.
    pub(crate) visits: u16,
    /// Appointments that start in this week, Monday to Sunday, within the loaded range.
    pub(crate) week_visits: u16,
}

/// One expert's record, working time, absences and appointments over some days.
#[derive(Debug, Clone)]
pub struct ExpertCalendar {
    expert: Arc<Expert>,
    settings: Arc<Settings>,
    duty: Duty,
    zone: TimeZone,
    absences: Vec<Span>,
    busy: Vec<Busy>,
    pub(crate) days: Vec<Day>,
    first_date: civil::Date,
    free: Vec<Span>,
    pub(crate) origin: Origin,
    pub(crate) gaps: GapTable,
}

impl ExpertCalendar {
    /// Resolves the local days from `from` to `to`, both included, with the hours of a duty.
    ///
    /// # Errors
    /// When the record's zone is unknown. Other faults found by [`Expert::check`] do not matter here.
    pub fn new<T: Travel + ?Sized>(
        expert: Arc<Expert>,
        absences: &[Absence],
        busy: Vec<Busy>,
        duty: Duty,
        (from, to): (Timestamp, Timestamp),
        settings: &Arc<Settings>,
        travel: &T,
    ) -> Result<Self, FieldError> {
        let zone = expert.time_zone()?;
        let first_date = zone::date(&zone, from.as_second());
        let mut calendar = Self {
            expert,
            settings: Arc::clone(settings),
            duty,
            zone,
            absences: absent_within(Span::ALWAYS, absences),
            busy,
            days: Vec::new(),
            first_date,
            free: Vec::new(),
            origin: Origin(from.as_second()),
            gaps: GapTable::empty(),
        };
        calendar.resolve(to.as_second());
        calendar.rebuild_gaps(travel);
        Ok(calendar)
    }

    /// The calendar of the same expert from fresh rows over other days, for a commit.
    ///
    /// # Errors
    /// As [`ExpertCalendar::new`].
    pub fn with_fresh_rows<T: Travel + ?Sized>(
        &self,
        absences: &[Absence],
        busy: Vec<Busy>,
        duty: Duty,
        span: (Timestamp, Timestamp),
        travel: &T,
    ) -> Result<Self, FieldError> {
        Self::new(Arc::clone(&self.expert), absences, busy, duty, span, &self.settings, travel)
    }

    /// The record.
    pub fn expert(&self) -> &Expert {
        &self.expert
    }

    /// Appointments and holds, sorted by start.
    pub fn busy(&self) -> &[Busy] {
        &self.busy
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Seconds of buffer between two appointments, in addition to the drive.
    pub(crate) fn buffer(&self) -> i32 {
        i32::try_from(self.settings.buffer_seconds(&self.expert)).unwrap_or(i32::MAX / 4)
    }

    /// Adds an appointment or hold; replaces the entry of the same appointment.
    pub fn insert_busy<T: Travel + ?Sized>(&mut self, entry: Busy, travel: &T) {
        if entry.appointment.is_some() {
            self.busy.retain(|known| known.appointment != entry.appointment);
        }
        self.busy.push(entry);
        self.rebuild_gaps(travel);
    }

    /// Removes an appointment, if it exists.
    pub fn remove_appointment<T: Travel + ?Sized>(&mut self, appointment: AppointmentId, travel: &T) {
        self.busy.retain(|known| known.appointment != Some(appointment));
        self.rebuild_gaps(travel);
    }

    /// The calendar without the given appointments, so that their time is free for a move. `None` when none exists.
    pub(crate) fn without<T: Travel + ?Sized>(&self, moved: &[AppointmentId], travel: &T) -> Option<Self> {
        if moved.is_empty() {
            return None;
        }
        let is_moved = |entry: &Busy| entry.appointment.is_some_and(|id| moved.contains(&id));
        if !self.busy.iter().any(is_moved) {
            return None;
        }
        let mut calendar = self.clone();
        calendar.busy.retain(|entry| !is_moved(entry));
        calendar.rebuild_gaps(travel);
        Some(calendar)
    }

    /// True when the caps allow no more visits on a day.
    pub(crate) fn is_full(&self, day: &Day) -> bool {
        self.expert.daily_cap.is_some_and(|cap| day.visits >= u16::from(cap))
            || self.expert.weekly_cap.is_some_and(|cap| day.week_visits >= cap)
    }

    /// The free working ranges of a day.
    pub(crate) fn free_of(&self, day: &Day) -> &[Span] {
        &self.free[day.first_free as usize..day.last_free as usize]
    }

    /// The day that holds an instant.
    pub(crate) fn day_of(&self, instant: i64) -> Option<&Day> {
        let known = &self.days[..self.days.partition_point(|day| day.start <= instant)];
        known.last().filter(|day| instant < day.end)
    }

    /// Builds days, hours and free ranges, without appointments.
    fn resolve(&mut self, to: i64) {
        let mut date = self.first_date;
        let mut start = zone::midnight(&self.zone, date);
        let mut absences = self.absences.as_slice();
        let mut hours = Vec::new();
        while start <= to {
            let next = zone::next_day(date);
            let end = zone::midnight(&self.zone, next);
            if next == date || end == i64::MAX {
                break;
            }
            zone::resolve_hours(
                &self.expert.hours_on(date, self.duty),
                &self.zone,
                date,
                Span { start, end },
                &mut hours,
            );
            let first_free = self.free.len();
            while absences.first().is_some_and(|absence| absence.end <= start) {
                absences = &absences[1..];
            }
            for range in &hours {
                subtract(*range, absences, &mut self.free);
            }
            let hull = |spans: &[Span]| match (spans.first(), spans.last()) {
                (Some(first), Some(last)) => Span { start: first.start, end: last.end },
                _ => Span { start, end: start },
            };
            self.days.push(Day {
                start,
                end,
                duty: hull(&self.free[first_free..]),
                hours: hull(&hours),
                has_absence: self.free[first_free..] != hours[..],
                first_free: index32(first_free),
                last_free: index32(self.free.len()),
                visits: 0,
                week_visits: 0,
            });
            (date, start) = (next, end);
        }
    }

    /// Rebuilds blocks, counts by day and week, and the gaps.
    pub(crate) fn rebuild_gaps<T: Travel + ?Sized>(&mut self, travel: &T) {
        self.busy.retain(|entry| entry.end > entry.start);
        self.busy.sort_unstable_by_key(|entry| (entry.start, entry.end, entry.appointment));
        let absent = self.absences.iter().map(|span| Block {
            start: span.start,
            end: span.end,
            latest_end: span.end,
            what: What::Absent,
        });
        let taken = self.busy.iter().map(|entry| {
            let (start, end) = (entry.start.as_second(), ceil_second(entry.end));
            let what = entry.position.map_or(What::Remote, What::Site);
            Block { start, end, latest_end: end, what }
        });
        let mut blocks: Vec<Block> = absent.chain(taken).collect();
        blocks.sort_by_key(|block| (block.start, block.end));
        let mut latest_end = i64::MIN;
        for block in &mut blocks {
            latest_end = latest_end.max(block.end);
            block.latest_end = latest_end;
        }
        self.count_visits();
        self.gaps = GapTable::build(self, &blocks, travel);
    }

    fn count_visits(&mut self) {
        let mut starts = self.busy.iter().map(|entry| entry.start.as_second()).peekable();
        for day in &mut self.days {
            while starts.next_if(|start| *start < day.start).is_some() {}
            day.visits = 0;
            while starts.next_if(|start| *start < day.end).is_some() {
                day.visits = day.visits.saturating_add(1);
            }
        }
        let mut from = 0;
        let weekday = usize::from(self.first_date.weekday().to_monday_zero_offset().unsigned_abs());
        let mut left = 7 - weekday;
        while from < self.days.len() {
            let to = (from + left).min(self.days.len());
            let mut total = self.days[from..to].iter().fold(0_u16, |sum, day| sum.saturating_add(day.visits));
            // A week that is only partly resolved still counts from Monday to Sunday.
            if to - from < 7 {
                total = self.visits_of_week(from);
            }
            for day in &mut self.days[from..to] {
                day.week_visits = total;
            }
            (from, left) = (to, 7);
        }
    }

    /// Appointments that start in the week of a resolved day.
    fn visits_of_week(&self, day: usize) -> u16 {
        let date = zone::date(&self.zone, self.days[day].start);
        let week = zone::week_of(&self.zone, date);
        let count = |instant: i64| self.busy.partition_point(|entry| entry.start.as_second() < instant);
        u16::try_from(count(week.end) - count(week.start)).unwrap_or(u16::MAX)
    }
}

/// Indices are stored in 32 bits; a calendar never has that many entries.
pub(crate) fn index32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
