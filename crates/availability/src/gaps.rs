//! The rules of a day: at which instants may a visit start in one gap of one expert's day?
//!
//! Search asks for all starts of every gap, the commit for one start of one gap; both ask
//! [`Walk::starts`].

use constat_domain::geo::Position;
use jiff::Timestamp;

use crate::calendar::{Day, ExpertCalendar, REACH_SECONDS, Span, What};
use crate::eligibility::eligible;
use crate::reason::ReasonCode;
use crate::requirement::Requirement;
use crate::settings::Settings;
use crate::travel::Travel;

/// Judges one exact visit, from `start` to `end`, in one expert's calendar: may the person take it,
/// is the time free, and does the whole day stay drivable? What a search offers passes here on the
/// same rows.
///
/// `start` to `end` is the time that the visit takes in the day (the whole arrival window of an
/// HorairePlage), whole seconds.
pub fn feasible<T: Travel + ?Sized>(
    calendar: &ExpertCalendar,
    requirement: &Requirement,
    start: Timestamp,
    end: Timestamp,
    settings: &Settings,
    travel: &T,
) -> Result<(), ReasonCode> {
    eligible(calendar.expert(), requirement)?;
    let visit = Span { start: start.as_second(), end: end.as_second() };
    let walk = Walk::new(calendar, requirement, settings, travel).lasting(visit.end - visit.start);
    walk.judge(visit).map(|_| ())
}

/// One free gap within a range of working time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gap {
    start: i64,
    end: i64,
    /// Index of the first block after the gap; all before it have ended when the gap starts.
    next: usize,
}

/// The starts that a gap allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Starts {
    /// First allowed start.
    pub(crate) first: i64,
    /// Last allowed start.
    pub(crate) last: i64,
    /// Between these instants (both excluded) a start is not allowed after all.
    barred: [(i64, i64); Starts::MOST_BARRED],
    barred_count: usize,
    /// Seconds of driving that a visit adds to the day.
    pub(crate) added_travel: i64,
}

impl Starts {
    /// Three drives around a remote visit, and the holidays that touch one local day.
    const MOST_BARRED: usize = 6;

    /// True when a visit may start then.
    pub(crate) fn contains(&self, start: i64) -> bool {
        self.first <= start && start <= self.last && !self.is_barred(start)
    }

    /// True when a start between first and last is not allowed.
    pub(crate) fn is_barred(&self, start: i64) -> bool {
        self.barred[..self.barred_count].iter().any(|(after, before)| *after < start && start < *before)
    }

    fn bar(&mut self, after: i64, before: i64) {
        if before - after < 2 || before <= self.first || after >= self.last {
            return;
        }
        if self.barred_count < Self::MOST_BARRED {
            self.barred[self.barred_count] = (after, before);
            self.barred_count += 1;
        } else {
            self.last = self.last.min(after);
        }
    }
}

/// One expert and one requirement: what is the same for every gap.
#[derive(Debug)]
pub(crate) struct Walk<'a, T: ?Sized> {
    pub(crate) calendar: &'a ExpertCalendar,
    requirement: &'a Requirement,
    travel: &'a T,
    /// Seconds that the visit takes.
    occupied: i64,
    buffer: i64,
    commute: i64,
    /// First start that window and notice allow.
    pub(crate) earliest: i64,
    /// The block of the appointment that is being moved.
    ignored: Option<usize>,
    cap: Option<u16>,
    closed: &'a [Span],
    /// Seconds from the base to the place.
    base_leg: i64,
    /// Seconds from the place back to the base: roads need not be the same both ways.
    leg_back: i64,
}

impl<'a, T: Travel + ?Sized> Walk<'a, T> {
    pub(crate) fn new(
        calendar: &'a ExpertCalendar,
        requirement: &'a Requirement,
        settings: &Settings,
        travel: &'a T,
    ) -> Self {
        let expert = calendar.expert();
        let notice = i64::from(expert.notice_minutes.unwrap_or(settings.notice_minutes)) * 60;
        Self {
            calendar,
            requirement,
            travel,
            occupied: requirement.occupied,
            buffer: expert.buffer_seconds(settings),
            commute: i64::from(settings.commute_minutes) * 60,
            earliest: requirement.from.max(requirement.asked_at + notice),
            ignored: calendar.block_of(requirement.reschedules),
            cap: expert.daily_cap.map(u16::from),
            closed: if expert.holidays_off { &requirement.closed } else { &[] },
            base_leg: requirement.site.map_or(0, |site| i64::from(travel.seconds(expert.base, site))),
            leg_back: requirement.site.map_or(0, |site| i64::from(travel.seconds(site, expert.base))),
        }
    }

    /// The same for a visit of another length.
    pub(crate) fn lasting(self, occupied: i64) -> Self {
        Self { occupied, ..self }
    }

    /// Judges one visit; answers how many seconds of driving it adds.
    pub(crate) fn judge(&self, visit: Span) -> Result<(&'a Day, i64), ReasonCode> {
        if visit.end <= visit.start || visit.start < self.requirement.from || visit.end > self.requirement.to {
            return Err(ReasonCode::NotWorking);
        }
        let days = &self.calendar.days;
        let day = days[..days.partition_point(|day| day.start <= visit.start)].last();
        let day = day.filter(|day| visit.end <= day.end).ok_or(ReasonCode::NotWorking)?;
        let holds = |span: &Span| span.start <= visit.start && visit.end <= span.end;
        let Some(range) = self.calendar.free_of(day).iter().find(|span| holds(span)) else {
            return Err(if holds(&day.hours) { ReasonCode::Absent } else { ReasonCode::NotWorking });
        };
        if visit.start < self.earliest {
            return Err(ReasonCode::Notice);
        }
        if self.is_full(day) {
            return Err(ReasonCode::FullyBooked);
        }
        let mut from = self.first_block(range.start);
        let mut found = None;
        self.each_gap(*range, &mut from, |gap| {
            if gap.start <= visit.start && visit.end <= gap.end {
                found = Some(gap);
            }
        });
        let gap = found.ok_or(ReasonCode::FullyBooked)?;
        // Only the gap's edges are this visit's own affair; which rule they break is told.
        let room = self.room(gap);
        if visit.start < room.start || visit.end > room.end {
            return Err(ReasonCode::FullyBooked);
        }
        if self.closed.iter().any(|closed| visit.start < closed.end && closed.start < visit.end) {
            return Err(ReasonCode::PublicHoliday);
        }
        let starts = self.starts(day, gap)?;
        if starts.contains(visit.start) { Ok((day, starts.added_travel)) } else { Err(ReasonCode::TooFar) }
    }

    /// True when the day's cap of visits is reached (the one that is being moved does not count).
    pub(crate) fn is_full(&self, day: &Day) -> bool {
        let Some(cap) = self.cap else { return false };
        let moved = self.ignored.map(|index| self.calendar.blocks[index].start);
        let moved_today = moved.is_some_and(|start| day.start <= start && start < day.end);
        day.visits.saturating_sub(u16::from(moved_today)) >= cap
    }

    /// True when all the day's hours lie within public holidays of the place.
    pub(crate) fn is_closed(&self, day: &Day) -> bool {
        self.closed.iter().any(|closed| closed.start <= day.hours.start && day.hours.end <= closed.end)
    }

    /// The first block that ends after an instant.
    pub(crate) fn first_block(&self, at: i64) -> usize {
        self.calendar.blocks.partition_point(|block| block.latest_end <= at)
    }

    /// Visits the gaps of one free range. `from` is the first block that may end after the range
    /// starts; it is moved on, so that ranges in order share one pass over the blocks.
    pub(crate) fn each_gap(&self, range: Span, from: &mut usize, mut visit: impl FnMut(Gap)) {
        let blocks = &self.calendar.blocks;
        while blocks.get(*from).is_some_and(|block| block.latest_end <= range.start) {
            *from += 1;
        }
        let mut cursor = range.start;
        let mut next = *from;
        while let Some(block) = blocks.get(next).filter(|block| block.start < range.end) {
            if Some(next) != self.ignored {
                if block.start > cursor {
                    visit(Gap { start: cursor, end: block.start, next });
                }
                cursor = cursor.max(block.end);
            }
            next += 1;
        }
        if cursor < range.end {
            visit(Gap { start: cursor, end: range.end, next });
        }
    }

    /// What window, notice and buffers leave of a gap.
    fn room(&self, gap: Gap) -> Span {
        let blocks = &self.calendar.blocks;
        let counts = |index: usize| Some(index) != self.ignored && blocks[index].what != What::Absent;
        let mut start = gap.start.max(self.earliest);
        let mut end = gap.end.min(self.requirement.to);
        for index in (0..gap.next).rev() {
            if blocks[index].latest_end + self.buffer <= start {
                break;
            }
            if counts(index) {
                start = start.max(blocks[index].end + self.buffer);
            }
        }
        for (index, block) in blocks.iter().enumerate().skip(gap.next) {
            if block.start - self.buffer >= end {
                break;
            }
            if counts(index) {
                end = end.min(block.start - self.buffer);
            }
        }
        Span { start, end }
    }

    /// The starts that a gap allows, or what stands in the way of all of them.
    pub(crate) fn starts(&self, day: &Day, gap: Gap) -> Result<Starts, ReasonCode> {
        if gap.end.min(self.requirement.to) - gap.start.max(self.earliest) < self.occupied {
            return Err(ReasonCode::FullyBooked);
        }
        let room = self.room(gap);
        let mut starts = Starts {
            first: room.start,
            last: room.end - self.occupied,
            barred: [(0, 0); Starts::MOST_BARRED],
            barred_count: 0,
            added_travel: 0,
        };
        if starts.first > starts.last {
            return Err(ReasonCode::FullyBooked);
        }
        self.keep_holidays(&mut starts)?;
        match self.requirement.site {
            Some(site) => self.drive_to_site(day, gap, site, &mut starts),
            None => self.keep_drives(day, gap, &mut starts),
        }
        if starts.first > starts.last { Err(ReasonCode::TooFar) } else { Ok(starts) }
    }

    /// Takes public holidays out.
    fn keep_holidays(&self, starts: &mut Starts) -> Result<(), ReasonCode> {
        for closed in self.closed {
            let (after, before) = (closed.start - self.occupied, closed.end);
            if after < starts.first && starts.first < before {
                starts.first = before;
            } else if after < starts.last && starts.last < before {
                starts.last = after;
            } else {
                starts.bar(after, before);
            }
        }
        if starts.first > starts.last { Err(ReasonCode::PublicHoliday) } else { Ok(()) }
    }

    /// On site: one must get there from the visit before (or the base), and on to the one after
    /// (or back to the base).
    fn drive_to_site(&self, day: &Day, gap: Gap, site: Position, starts: &mut Starts) {
        let base = self.calendar.expert().base;
        let seconds = |from, to| i64::from(self.travel.seconds(from, to));
        let before = self.site_before(gap).map(|(at, block_end)| (at, block_end, block_end > day.duty.start));
        let after = self.site_after(gap).map(|(at, block_start)| (at, block_start, block_start < day.duty.end));

        let (mut leg_in, mut origin) = (self.base_leg, base);
        if let Some((at, ended, today)) = before
            && (today || ended + REACH_SECONDS > starts.first)
        {
            let leg = seconds(at, site);
            let ready = self.earliest_after(ended, gap, leg + self.buffer);
            starts.first = starts.first.max(ready.min(ended + REACH_SECONDS));
            if today {
                (leg_in, origin) = (leg, at);
            }
        }
        if !before.is_some_and(|(_, _, today)| today) {
            let ready = self.earliest_after(self.leaves_base(day), gap, self.base_leg + self.buffer);
            starts.first = starts.first.max(ready);
        }
        let (mut leg_out, mut goal) = (self.leg_back, base);
        let mut latest_end = starts.last + self.occupied;
        if let Some((at, begins, today)) = after
            && (today || begins - REACH_SECONDS < latest_end)
        {
            let leg = seconds(site, at);
            let leave = self.latest_before(begins, gap, leg + self.buffer);
            latest_end = latest_end.min(leave.max(begins - REACH_SECONDS));
            if today {
                (leg_out, goal) = (leg, at);
            }
        }
        if !after.is_some_and(|(_, _, today)| today) {
            latest_end = latest_end.min(self.latest_before(self.back_at_base(day), gap, self.leg_back + self.buffer));
        }
        starts.last = latest_end - self.occupied;
        starts.added_travel = (leg_in + leg_out - seconds(origin, goal)).max(0);
    }

    /// Remote: no drive of its own, but the drive between the visits around it must still fit, in
    /// one piece, before or after it.
    fn keep_drives(&self, day: &Day, gap: Gap, starts: &mut Starts) {
        let base = self.calendar.expert().base;
        let before = self.site_before(gap);
        let after = self.site_after(gap);
        let came_today = before.is_some_and(|(_, ended)| ended > day.duty.start);
        let goes_today = after.is_some_and(|(_, begins)| begins < day.duty.end);
        if let (Some((from, ended)), Some((to, begins))) = (before, after)
            && begins - ended < REACH_SECONDS
        {
            self.keep_drive(gap, (from, ended), (to, begins), starts);
        }
        if let (false, true, Some(to)) = (came_today, goes_today, after) {
            self.keep_drive(gap, (base, self.leaves_base(day)), to, starts);
        }
        if let (true, false, Some(from)) = (came_today, goes_today, before) {
            self.keep_drive(gap, from, (base, self.back_at_base(day)), starts);
        }
    }

    fn keep_drive(&self, gap: Gap, from: (Position, i64), to: (Position, i64), starts: &mut Starts) {
        let needed = i64::from(self.travel.seconds(from.0, to.0)) + self.buffer;
        let earliest = self.earliest_after(from.1, gap, needed);
        let latest = self.latest_before(to.1, gap, needed);
        if earliest != i64::MIN && latest != i64::MAX {
            let (after, before) = (latest - self.occupied, earliest);
            if after < starts.first && before > starts.last {
                starts.last = i64::MIN;
            } else {
                starts.bar(after, before);
            }
        }
    }

    /// When the drive from the base may begin: so early that what is left of it when the duty
    /// starts is the same as if the commute allowance were a gap after an appointment.
    fn leaves_base(&self, day: &Day) -> i64 {
        day.duty.start - self.commute - self.buffer
    }

    fn back_at_base(&self, day: &Day) -> i64 {
        day.duty.end + self.commute + self.buffer
    }

    /// Where and when the last on-site appointment before a gap ends.
    fn site_before(&self, gap: Gap) -> Option<(Position, i64)> {
        let block = &self.calendar.blocks[self.calendar.site_before(gap.next, self.ignored)?];
        if let What::Site(at) = block.what { Some((at, block.end)) } else { None }
    }

    /// Where and when the first on-site appointment after a gap begins.
    fn site_after(&self, gap: Gap) -> Option<(Position, i64)> {
        let block = &self.calendar.blocks[self.calendar.site_after(gap.next, self.ignored)?];
        if let What::Site(at) = block.what { Some((at, block.start)) } else { None }
    }

    /// The first instant of the gap by which `needed` seconds in one piece were free since `since`;
    /// `i64::MIN` when they were before the last block already.
    fn earliest_after(&self, since: i64, gap: Gap, needed: i64) -> i64 {
        let blocks = &self.calendar.blocks[..gap.next];
        let mut index = gap.next;
        while index > 0 && blocks[index - 1].latest_end > since {
            index -= 1;
        }
        let mut cursor = since;
        for (index, block) in blocks.iter().enumerate().skip(index) {
            if block.end <= since || Some(index) == self.ignored {
                continue;
            }
            if block.start - cursor >= needed {
                return i64::MIN;
            }
            cursor = cursor.max(block.end);
        }
        cursor + needed
    }

    /// The last instant of the gap from which `needed` seconds in one piece are free until `until`;
    /// `i64::MAX` when they are after the next block.
    fn latest_before(&self, until: i64, gap: Gap, needed: i64) -> i64 {
        let mut first = None;
        let mut cursor = i64::MIN;
        for (index, block) in self.calendar.blocks.iter().enumerate().skip(gap.next) {
            if block.start >= until {
                break;
            }
            if Some(index) == self.ignored {
                continue;
            }
            if first.is_none() {
                first = Some(block.start);
            } else if block.start - cursor >= needed {
                return i64::MAX;
            }
            cursor = cursor.max(block.end);
        }
        match first {
            Some(_) if until - cursor >= needed => i64::MAX,
            Some(start) => start - needed,
            None => until - needed,
        }
    }
}
