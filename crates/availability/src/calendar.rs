//! One expert's calendar, resolved to instants: flat sorted arrays that a search walks.

use std::sync::Arc;

use constat_domain::FieldError;
use constat_domain::geo::Position;
use constat_domain::ids::AppointmentId;
use jiff::{Timestamp, civil, tz::TimeZone};

use crate::expert::{Absence, Expert};
use crate::schedule::Duty;
use crate::zone;

/// Appointments that ended (or begin) at least this long before (or after) a visit put no limit on
/// the drive: 24 hours.
pub const REACH_SECONDS: i64 = 24 * 3600;

/// The instants between which a commit must load appointments and absences so that [`crate::feasible`]
/// judges a visit exactly as the search did: everything that overlaps this range.
///
/// Two days each way hold the visit's local day (25 hours at most) and the reach of a drive.
pub fn neighbourhood(start: Timestamp, end: Timestamp) -> (Timestamp, Timestamp) {
    let margin = 48 * 3600;
    (zone::timestamp(start.as_second() - margin), zone::timestamp(end.as_second() + margin))
}

/// Time that an appointment or a hold takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Busy {
    /// From.
    pub start: Timestamp,
    /// To; after `start`, else the entry is ignored.
    pub end: Timestamp,
    /// Where; `None` for a remote one.
    pub position: Option<Position>,
    /// The appointment, so that its own time counts as free when it is moved. `None` for a hold.
    pub appointment: Option<AppointmentId>,
}

/// What stands in the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum What {
    /// An appointment at a place.
    Site(Position),
    /// An appointment from anywhere.
    Remote,
    /// An absence.
    Absent,
}

/// Time that is taken. Instants are seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Latest end of this block and all before it: blocks may overlap (an absence declared over
    /// appointments), so ends alone are not sorted.
    pub(crate) latest_end: i64,
    pub(crate) what: What,
}

/// A range of free working time (template or exception, less absences).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: i64,
    pub(crate) end: i64,
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
    /// Appointments that start in this week, Monday to Sunday, as far as the calendar reaches.
    pub(crate) week_visits: u16,
}

/// One expert's record, working time, absences and appointments over some days.
#[derive(Debug, Clone)]
pub struct ExpertCalendar {
    expert: Arc<Expert>,
    zone: TimeZone,
    absences: Vec<Span>,
    busy: Vec<Busy>,
    pub(crate) days: Vec<Day>,
    first_date: civil::Date,
    free: Vec<Span>,
    pub(crate) blocks: Vec<Block>,
    /// The appointment of each block.
    pub(crate) ids: Vec<Option<AppointmentId>>,
    /// For each block index (and one past the end): the last on-site block before it, plus one.
    site_before: Vec<u32>,
    /// For each block index (and one past the end): the first on-site block from it on.
    site_after: Vec<u32>,
}

impl ExpertCalendar {
    /// Resolves the local days from `from` to `to`, both included.
    ///
    /// # Errors
    /// When the record's zone is unknown. What else [`Expert::check`] refuses is harmless here.
    pub fn new(
        expert: Arc<Expert>,
        absences: &[Absence],
        busy: Vec<Busy>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Self, FieldError> {
        let message = "unknown time zone, expected an IANA name such as Europe/Paris";
        let zone = TimeZone::get(&expert.zone).map_err(|_| FieldError::new("zone", message))?;
        let first_date = zone::date(&zone, from.as_second());
        let mut calendar = Self {
            expert,
            zone,
            absences: merged(absences),
            busy,
            days: Vec::new(),
            first_date,
            free: Vec::new(),
            blocks: Vec::new(),
            ids: Vec::new(),
            site_before: Vec::new(),
            site_after: Vec::new(),
        };
        calendar.resolve(to.as_second());
        calendar.lay_blocks();
        Ok(calendar)
    }

    /// The calendar that a commit needs to judge the visit from `start` to `end`, from the rows
    /// that overlap its [`neighbourhood`].
    ///
    /// # Errors
    /// As [`ExpertCalendar::new`].
    pub fn around(
        expert: Arc<Expert>,
        absences: &[Absence],
        busy: Vec<Busy>,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Self, FieldError> {
        Self::new(expert, absences, busy, start, end)
    }

    /// The record.
    pub fn expert(&self) -> &Expert {
        &self.expert
    }

    /// Appointments and holds, sorted by start.
    pub fn busy(&self) -> &[Busy] {
        &self.busy
    }

    /// Replaces all appointments and holds.
    pub fn replace_busy(&mut self, busy: Vec<Busy>) {
        self.busy = busy;
        self.lay_blocks();
    }

    /// Adds an appointment or hold; replaces the entry of the same appointment.
    pub fn insert_busy(&mut self, entry: Busy) {
        if entry.appointment.is_some() {
            self.busy.retain(|known| known.appointment != entry.appointment);
        }
        self.busy.push(entry);
        self.lay_blocks();
    }

    /// Takes an appointment out; nothing happens when it is not there.
    pub fn remove_appointment(&mut self, appointment: AppointmentId) {
        self.busy.retain(|known| known.appointment != Some(appointment));
        self.lay_blocks();
    }

    /// The free working ranges of a day.
    pub(crate) fn free_of(&self, day: &Day) -> &[Span] {
        &self.free[day.first_free as usize..day.last_free as usize]
    }

    /// The last on-site block before block `index`, unless it is `ignored`.
    pub(crate) fn site_before(&self, index: usize, ignored: Option<usize>) -> Option<usize> {
        let found = (self.site_before[index] as usize).checked_sub(1)?;
        if Some(found) == ignored { self.site_before(found, None) } else { Some(found) }
    }

    /// The first on-site block from block `index` on, unless it is `ignored`.
    pub(crate) fn site_after(&self, index: usize, ignored: Option<usize>) -> Option<usize> {
        let found = self.site_after[index] as usize;
        if found >= self.blocks.len() {
            return None;
        }
        if Some(found) == ignored { self.site_after(found + 1, None) } else { Some(found) }
    }

    /// The block of an appointment.
    pub(crate) fn block_of(&self, appointment: Option<AppointmentId>) -> Option<usize> {
        appointment.and_then(|wanted| self.ids.iter().position(|id| *id == Some(wanted)))
    }

    /// Days, hours and free ranges: everything but appointments.
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
            self.hours_of(date, start, end, &mut hours);
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

    /// The hours of a date as instants: sorted, those that touch or overlap joined.
    fn hours_of(&self, date: civil::Date, start: i64, end: i64, out: &mut Vec<Span>) {
        out.clear();
        // On a day of 24 hours the offset does not change: minutes can be added up.
        let plain = end - start == 24 * 3600;
        let at = |minute: u16| match minute {
            1440 => end,
            _ if plain => start + i64::from(minute) * 60,
            _ => {
                let time = civil::Time::midnight() + jiff::SignedDuration::from_mins(i64::from(minute));
                zone::instant(&self.zone, date.to_datetime(time))
            }
        };
        out.extend(
            self.expert
                .hours_on(date, Duty::Ordinary)
                .iter()
                .map(|range| Span { start: at(range.start_minute()), end: at(range.end_minute()) }),
        );
        join(out);
    }

    /// Blocks from absences and appointments, and what is counted by day and week.
    fn lay_blocks(&mut self) {
        self.busy.retain(|entry| entry.end > entry.start);
        self.busy.sort_unstable_by_key(|entry| (entry.start, entry.end, entry.appointment));
        let absent = self
            .absences
            .iter()
            .map(|span| (Block { start: span.start, end: span.end, latest_end: span.end, what: What::Absent }, None));
        let taken = self.busy.iter().map(|entry| {
            // Parts of a second count as taken.
            let start = entry.start.as_second();
            let end = entry.end.as_second() + i64::from(entry.end.subsec_nanosecond() > 0);
            let what = entry.position.map_or(What::Remote, What::Site);
            (Block { start, end, latest_end: end, what }, entry.appointment)
        });
        let mut rows: Vec<(Block, Option<AppointmentId>)> = absent.chain(taken).collect();
        rows.sort_by_key(|(block, _)| (block.start, block.end));
        (self.blocks, self.ids) = rows.into_iter().unzip();

        let count = self.blocks.len();
        self.site_before.clear();
        self.site_after.clear();
        self.site_after.resize(count + 1, index32(count));
        let (mut latest_end, mut before) = (i64::MIN, 0);
        for (index, block) in self.blocks.iter_mut().enumerate() {
            latest_end = latest_end.max(block.end);
            block.latest_end = latest_end;
            self.site_before.push(before);
            if matches!(block.what, What::Site(_)) {
                before = index32(index + 1);
            }
        }
        self.site_before.push(before);
        let mut after = index32(count);
        for index in (0..count).rev() {
            if matches!(self.blocks[index].what, What::Site(_)) {
                after = index32(index);
            }
            self.site_after[index] = after;
        }
        self.count_visits();
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
        let mut weekday = usize::from(self.first_date.weekday().to_monday_zero_offset().unsigned_abs());
        while from < self.days.len() {
            let to = (from + 7 - weekday).min(self.days.len());
            let week = &mut self.days[from..to];
            let total = week.iter().fold(0_u16, |sum, day| sum.saturating_add(day.visits));
            for day in week {
                day.week_visits = total;
            }
            (from, weekday) = (to, 0);
        }
    }
}

/// Absences as sorted spans that neither touch nor overlap; empty ones are left out.
fn merged(absences: &[Absence]) -> Vec<Span> {
    let real = absences.iter().filter(|absence| absence.end > absence.start);
    let mut spans: Vec<Span> = real
        .map(|absence| Span {
            start: absence.start.as_second(),
            end: absence.end.as_second() + i64::from(absence.end.subsec_nanosecond() > 0),
        })
        .collect();
    join(&mut spans);
    spans
}

/// Sorts spans, drops empty ones and joins those that touch or overlap.
fn join(spans: &mut Vec<Span>) {
    spans.retain(|span| span.end > span.start);
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    spans.dedup_by(|next, kept| {
        let joins = next.start <= kept.end;
        if joins {
            kept.end = kept.end.max(next.end);
        }
        joins
    });
}

/// Pushes what is left of a range without the absences (sorted, apart from each other).
fn subtract(range: Span, absences: &[Span], out: &mut Vec<Span>) {
    let mut start = range.start;
    for absence in absences.iter().take_while(|absence| absence.start < range.end) {
        if absence.start > start {
            out.push(Span { start, end: absence.start });
        }
        start = start.max(absence.end);
    }
    if start < range.end {
        out.push(Span { start, end: range.end });
    }
}

/// Indices are kept in 32 bits; no calendar has four thousand million entries.
fn index32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
