//! Builds the gaps of a calendar: the places before and after each gap, and the drives to them.

use super::{Detail, Gap, GapTable, Origin, OvernightConstraint, ReservedDrive, SLOT_SECONDS, SearchRow, Slot};
use crate::calendar::{Block, Day, ExpertCalendar, REACH_SECONDS, What, index32};
use crate::settings::{MIN_VISIT_SECONDS, Weights};
use crate::trades::trade_set;
use crate::travel::{MAX_DRIVE_SECONDS, Places, Spot, Travel};

/// Seconds of an overnight drive from which a gap is special (six hours). The overnight constraints of other gaps
/// are evaluated only for places farther away than any of its nights is long.
const LONG_DRIVE: i32 = 6 * 3600;

impl GapTable {
    /// Builds the gaps of a calendar.
    pub(crate) fn build<T: Travel + ?Sized>(calendar: &ExpertCalendar, blocks: &[Block], travel: &T) -> Self {
        let mut builder = GapBuilder::new(calendar, blocks);
        for day in &calendar.days {
            if !calendar.is_full(day) {
                builder.add_day(day, travel);
            }
        }
        let GapBuilder { places, gaps, details, overnight_slack, .. } = builder;
        let expert = calendar.expert();
        let search_row = SearchRow {
            places: Places::new(&places),
            slots: slots(&details, &calendar.days, calendar.origin).into(),
            has_special: gaps.iter().any(Gap::is_special),
            gaps: gaps.into(),
            notice: calendar.settings().notice_seconds(expert),
            overnight_slack,
            trades: trade_set(&expert.skills.trades),
            holidays_off: expert.holidays_off,
        };
        Self { search_row, details, buffer: calendar.buffer() }
    }
}

/// Where to look for a window.
fn slots(details: &[Detail], days: &[Day], origin: Origin) -> Vec<Slot> {
    let last = days.last().map_or(0, |day| origin.seconds(day.end));
    let touched = |gap: &Detail| {
        let place_of = |it: Option<OvernightConstraint>| it.map_or(0, |it| it.place);
        [gap.before, gap.after, place_of(gap.overnight_before), place_of(gap.overnight_after)]
    };
    let mut lowest = vec![u16::MAX; details.len() + 1];
    for (number, gap) in details.iter().enumerate().rev() {
        let places = touched(gap).into_iter().filter(|place| *place > 0);
        lowest[number] = places.fold(lowest[number + 1], u16::min);
    }
    let highest = |above: u16, gap: &Detail| touched(gap).into_iter().fold(above, |above, place| above.max(place + 1));
    let mut slots = Vec::new();
    let (mut gap, mut above, mut begin) = (0, 1, 0);
    // The last entry begins after everything.
    while begin <= last.saturating_add(SLOT_SECONDS) {
        while let Some(over) = details.get(gap).filter(|gap| gap.hi <= begin) {
            above = highest(above, over);
            gap += 1;
        }
        let above = details.get(gap).map_or(above, |gap| highest(above, gap));
        slots.push(Slot { gap: index32(gap), lowest: lowest[gap], above });
        begin += SLOT_SECONDS;
    }
    slots
}

/// Lays gaps one after the other.
struct GapBuilder<'a> {
    calendar: &'a ExpertCalendar,
    blocks: &'a [Block],
    /// Where each on-site block is.
    spots: Vec<Option<Spot>>,
    /// Places that gaps begin or end at, numbered as they are met; the base is number 0.
    places: Vec<Spot>,
    gaps: Vec<Gap>,
    details: Vec<Detail>,
    overnight_slack: i32,
    weights: Weights,
    commute: i64,
    buffer: i64,
    /// For each block, and one past the end: the on-site block before it, plus one.
    site_before: Vec<u32>,
    /// For each block, and one past the end: the first on-site block from it on.
    site_after: Vec<u32>,
    /// The number of each block's place, once it has one.
    place_of: Vec<Option<u16>>,
    /// First block that may end after the range at hand begins.
    from: usize,
}

/// Free time between an instant and a gap's edge, when blocks lie between.
#[derive(Clone, Copy)]
struct Way {
    /// The edge of the block next to the gap, or the instant itself.
    edge: i64,
    /// Longest free time between the blocks; below zero when there is none.
    piece: i64,
}

impl Way {
    fn over_after(self, needed: i64) -> Option<i64> {
        (needed > self.piece).then_some(self.edge + needed)
    }

    fn begins_before(self, needed: i64) -> Option<i64> {
        (needed > self.piece).then_some(self.edge - needed)
    }
}

impl<'a> GapBuilder<'a> {
    fn new(calendar: &'a ExpertCalendar, blocks: &'a [Block]) -> Self {
        let count = blocks.len();
        let at = |block: &Block| if let What::Site(position) = block.what { Some(Spot::new(position)) } else { None };
        let spots: Vec<Option<Spot>> = blocks.iter().map(at).collect();
        let mut site_before = Vec::with_capacity(count + 1);
        let mut before = 0;
        for (index, spot) in spots.iter().enumerate() {
            site_before.push(before);
            if spot.is_some() {
                before = index32(index + 1);
            }
        }
        site_before.push(before);
        let mut site_after = vec![index32(count); count + 1];
        for index in (0..count).rev() {
            site_after[index] = if spots[index].is_some() { index32(index) } else { site_after[index + 1] };
        }
        Self {
            calendar,
            blocks,
            spots,
            places: vec![Spot::new(calendar.expert().base)],
            gaps: Vec::new(),
            details: Vec::new(),
            overnight_slack: i32::MAX,
            weights: calendar.settings().weights,
            commute: i64::from(calendar.settings().commute_minutes) * 60,
            buffer: i64::from(calendar.buffer()),
            site_before,
            site_after,
            place_of: vec![None; count],
            from: 0,
        }
    }

    fn add_day<T: Travel + ?Sized>(&mut self, day: &Day, travel: &T) {
        for range in self.calendar.free_of(day) {
            while self.blocks.get(self.from).is_some_and(|block| block.latest_end <= range.start) {
                self.from += 1;
            }
            let (mut cursor, mut next) = (range.start, self.from);
            while let Some(block) = self.blocks.get(next).filter(|block| block.start < range.end) {
                if block.start > cursor {
                    self.gap(day, (cursor, block.start), next, travel);
                }
                cursor = cursor.max(block.end);
                next += 1;
            }
            if cursor < range.end {
                self.gap(day, (cursor, range.end), next, travel);
            }
        }
    }

    /// Lays one gap. `next` is the first block after it; all before that have ended when it begins.
    fn gap<T: Travel + ?Sized>(&mut self, day: &Day, gap: (i64, i64), next: usize, travel: &T) {
        let (lo, hi) = self.room(gap, next);
        let site_before = (self.site_before[next] as usize).checked_sub(1);
        let site_after = Some(self.site_after[next] as usize).filter(|index| *index < self.blocks.len());
        let came = site_before.filter(|index| self.blocks[*index].end > day.duty.start);
        let goes = site_after.filter(|index| self.blocks[*index].start < day.duty.end);
        // Places are numbered in 16 bits: when they run out, no gap is recorded.
        if hi - lo < i64::from(MIN_VISIT_SECONDS) || self.places.len() > usize::from(u16::MAX) - 4 {
            return;
        }
        let origin = self.calendar.origin;
        // Base: so early that what is left of the drive when the duty starts is the same as if the
        // commute allowance were a gap after an appointment.
        let leaves_base = day.duty.start - self.commute - self.buffer;
        let back_at_base = day.duty.end + self.commute + self.buffer;
        let way_in = self.way_before(came.map_or(leaves_base, |index| self.blocks[index].end), next);
        let way_out = self.way_after(goes.map_or(back_at_base, |index| self.blocks[index].start), next);
        let (before, after) = (self.place(came), self.place(goes));
        let direct = travel.between(&self.places[usize::from(before)], &self.places[usize::from(after)]);
        let yesterday = site_before.filter(|_| came.is_none());
        let tomorrow = site_after.filter(|_| goes.is_none());
        let ([overnight_before, overnight_after], slack) =
            self.overnight_constraints((lo, hi), next, yesterday, tomorrow);
        let is_overnight = slack < i64::from(LONG_DRIVE);
        if !is_overnight {
            self.overnight_slack = self.overnight_slack.min(seconds32(slack));
        }
        let drives =
            self.drives_past(next, (site_before, came), (site_after, goes), (leaves_base, back_at_base), travel);
        let visits = self.weights.visit_that_day.saturating_mul(u32::from(day.visits));
        let load = visits.saturating_add(self.weights.visit_that_week.saturating_mul(u32::from(day.week_visits)));
        let detail = Detail {
            lo: origin.seconds(lo),
            hi: origin.seconds(hi),
            ready: origin.seconds(way_in.edge + self.buffer),
            leave: origin.seconds(way_out.edge - self.buffer),
            piece_before: seconds32(way_in.piece),
            piece_after: seconds32(way_out.piece),
            direct,
            load: u16::try_from(load).unwrap_or(u16::MAX),
            before,
            after,
            overnight_before,
            overnight_after,
            drives,
        };
        let is_plain = way_in.piece < 0 && way_out.piece < 0 && !is_overnight;
        self.gaps.push(Gap::plain(&detail, is_plain));
        self.details.push(detail);
    }

    /// The number of a block's place; the base's for no block, or one that is nowhere.
    fn place(&mut self, block: Option<usize>) -> u16 {
        let Some((index, spot)) = block.and_then(|index| Some((index, self.spots[index]?))) else { return 0 };
        let next = u16::try_from(self.places.len()).unwrap_or(u16::MAX);
        let number = *self.place_of[index].get_or_insert(next);
        if number == next {
            self.places.push(spot);
        }
        number
    }

    /// The visits of other days next to a gap, as far as one of them can stop a drive, and the longest
    /// drive that none of them stops.
    fn overnight_constraints(
        &mut self,
        (lo, hi): (i64, i64),
        next: usize,
        yesterday: Option<usize>,
        tomorrow: Option<usize>,
    ) -> ([Option<OvernightConstraint>; 2], i64) {
        let before = yesterday.map(|index| {
            let ended = self.blocks[index].end;
            let way = self.way_before(ended, next);
            let (edge, limit) = (way.edge + self.buffer, ended + REACH_SECONDS);
            let slack = if limit <= lo { i64::MAX } else { (lo - way.edge).max(way.piece) - self.buffer };
            (slack, self.overnight_constraint(index, (edge, way.piece), limit))
        });
        let after = tomorrow.map(|index| {
            let begins = self.blocks[index].start;
            let way = self.way_after(begins, next);
            let (edge, limit) = (way.edge - self.buffer, begins - REACH_SECONDS);
            let slack = if limit >= hi { i64::MAX } else { (way.edge - hi).max(way.piece) - self.buffer };
            (slack, self.overnight_constraint(index, (edge, way.piece), limit))
        });
        let nights = [before, after].map(|night| night.filter(|(slack, _)| *slack < i64::MAX));
        let slack = nights.iter().flatten().map(|(slack, _)| *slack).min().unwrap_or(i64::MAX);
        (nights.map(|night| night.map(|(_, night)| night)), slack)
    }

    fn overnight_constraint(&mut self, block: usize, (edge, piece): (i64, i64), limit: i64) -> OvernightConstraint {
        let origin = self.calendar.origin;
        let (edge, limit) = (origin.seconds(edge), origin.seconds(limit));
        OvernightConstraint { place: self.place(Some(block)), edge, piece: seconds32(piece), limit }
    }

    /// What the buffers to the appointments around leave of a gap. Absences ask for none.
    fn room(&self, (mut lo, mut hi): (i64, i64), next: usize) -> (i64, i64) {
        let counts = |block: &Block| block.what != What::Absent;
        for block in self.blocks[..next].iter().rev() {
            if block.latest_end + self.buffer <= lo {
                break;
            }
            if counts(block) {
                lo = lo.max(block.end + self.buffer);
            }
        }
        for block in &self.blocks[next..] {
            if block.start - self.buffer >= hi {
                break;
            }
            if counts(block) {
                hi = hi.min(block.start - self.buffer);
            }
        }
        (lo, hi)
    }

    /// Free time since an instant up to a gap.
    fn way_before(&self, since: i64, next: usize) -> Way {
        let blocks = &self.blocks[..next];
        let first = blocks.iter().rposition(|block| block.latest_end <= since).map_or(0, |index| index + 1);
        let mut way = Way { edge: since, piece: -1 };
        for block in blocks[first..].iter().filter(|block| block.end > since) {
            way.piece = way.piece.max(block.start - way.edge);
            way.edge = way.edge.max(block.end);
        }
        way
    }

    /// Free time from a gap until an instant.
    fn way_after(&self, until: i64, next: usize) -> Way {
        let mut blocks = self.blocks[next..].iter().take_while(|block| block.start < until);
        let Some(first) = blocks.next() else { return Way { edge: until, piece: -1 } };
        let (mut piece, mut cursor) = (-1, first.end);
        for block in blocks {
            piece = piece.max(block.start - cursor);
            cursor = cursor.max(block.end);
        }
        Way { edge: first.start, piece: piece.max(until - cursor) }
    }

    /// Drives that a remote visit in a gap must leave room for, in one piece, before or after it:
    /// from the visit before to the one after, from the base to the day's first, from its last back.
    fn drives_past<T: Travel + ?Sized>(
        &self,
        next: usize,
        (site_before, came): (Option<usize>, Option<usize>),
        (site_after, goes): (Option<usize>, Option<usize>),
        (leaves_base, back_at_base): (i64, i64),
        travel: &T,
    ) -> [Option<ReservedDrive>; 2] {
        let base = self.places[0];
        let ended = |index: usize| Some((self.spots[index]?, self.blocks[index].end));
        let begins = |index: usize| Some((self.spots[index]?, self.blocks[index].start));
        let keep = |from: (Spot, i64), to: (Spot, i64)| {
            let drive = travel.between(&from.0, &to.0);
            let needed = i64::from(drive) + self.buffer;
            let over = self.way_before(from.1, next).over_after(needed)?;
            let begin = self.way_after(to.1, next).begins_before(needed)?;
            let origin = self.calendar.origin;
            Some(ReservedDrive { over: origin.seconds(over), begin: origin.seconds(begin) })
        };
        let around = site_before.and_then(ended).zip(site_after.and_then(begins));
        let past = around.filter(|(before, after)| after.1 - before.1 < REACH_SECONDS);
        let past = past.and_then(|(before, after)| keep(before, after));
        let commute = match (came.and_then(ended), goes.and_then(begins)) {
            (None, Some(after)) => keep((base, leaves_base), after),
            (Some(before), None) => keep(before, (base, back_at_base)),
            _ => None,
        };
        [past, commute]
    }
}

fn seconds32(seconds: i64) -> i32 {
    i32::try_from(seconds.clamp(-1, i64::from(MAX_DRIVE_SECONDS) * 2)).unwrap_or(-1)
}
