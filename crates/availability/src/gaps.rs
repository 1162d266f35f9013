//! The free gaps of a calendar, and where in them a visit may start.
//!
//! All that does not depend on the request is worked out when the calendar changes: what buffers
//! leave of each gap, from when on one can drive there and until when one must have left, what the
//! drive past it takes. A search then asks for the drives to one place and adds up. The commit lays
//! the gaps of a few days in the same way and asks the same [`GapTable::starts`].
//!
//! Instants are seconds since the calendar's origin ([`Origin`]).

use std::sync::Arc;

use crate::calendar::{Block, Day, ExpertCalendar, REACH_SECONDS, What};
use crate::settings::{SHORTEST_VISIT_SECONDS, Weights};
use crate::trades::Trade;
use crate::travel::{LONGEST_DRIVE, Legs, Places, Spot, Travel};

/// Where seconds are counted from, so that they fit in 32 bits: within 17 years each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) i64);

impl Origin {
    /// What lies further away counts as so far away.
    const FARTHEST: i64 = 1 << 29;

    pub(crate) fn seconds(self, instant: i64) -> i32 {
        let clamped = instant.saturating_sub(self.0).clamp(-Self::FARTHEST, Self::FARTHEST);
        i32::try_from(clamped).unwrap_or(0)
    }
}

/// One free gap: what a search looks at. Small on purpose: a search reads all of them, and is over
/// when the last one has come from memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gap {
    /// First start that working time, appointments and their buffers allow.
    lo: i32,
    /// From there to the last end that they allow; nothing when the gap is special, so that no visit
    /// seems to fit: see [`Detail`].
    length: u16,
    /// On site: seconds of the drive in that have passed when the gap begins.
    before_lo: u16,
    /// On site: seconds of the drive out that may be left when the gap ends.
    after_hi: u16,
    /// Seconds of the drive from the place before to the place after.
    direct: u16,
    /// Points for what the expert has already that day and week.
    pub(crate) load: u16,
    /// Number of the place where one comes from: the visit before, or the base.
    before: u16,
    /// Number of the place where one goes on to.
    after: u16,
}

impl Gap {
    /// A gap, when all of it can be said in few bits and nothing stands between it and the places.
    fn plain(detail: &Detail, is_plain: bool) -> Self {
        let short = |seconds: i32| u16::try_from(seconds).ok();
        let parts = || {
            let length = short(detail.hi - detail.lo)?;
            let before_lo = short(detail.lo - detail.ready)?;
            let after_hi = short(detail.leave - detail.hi)?;
            Some((length, before_lo, after_hi, short(detail.direct)?))
        };
        let (length, before_lo, after_hi, direct) = parts().filter(|_| is_plain).unwrap_or_default();
        let Detail { lo, load, before, after, .. } = *detail;
        Self { lo, length, before_lo, after_hi, direct, load, before, after }
    }

    /// First and last start of a visit in a plain gap: what [`GapTable::starts`] answers for it. None
    /// fits when the last is before the first.
    #[inline]
    pub(crate) fn starts(&self, leg_in: i32, leg_out: i32, ask: &Ask<'_>) -> (i32, i32) {
        let hi = self.lo + i32::from(self.length);
        let first = (self.lo - i32::from(self.before_lo) + leg_in).max(self.lo).max(ask.earliest);
        let last = (hi + i32::from(self.after_hi) - leg_out).min(hi).min(ask.to) - ask.occupied;
        (first, last)
    }

    /// Told by its [`Detail`] alone.
    pub(crate) fn is_special(&self) -> bool {
        self.length == 0
    }

    /// Seconds of the drives in and out.
    #[inline]
    pub(crate) fn legs(&self, legs: &Legs) -> (i32, i32) {
        (legs.to_site[usize::from(self.before)], legs.from_site[usize::from(self.after)])
    }

    /// Seconds of driving that a visit adds.
    #[inline]
    pub(crate) fn added_travel(&self, leg_in: i32, leg_out: i32) -> i32 {
        leg_in + leg_out - i32::from(self.direct)
    }
}

/// All that is known of a gap.
#[derive(Debug, Clone, Copy)]
struct Detail {
    /// First start that working time, appointments and their buffers allow.
    lo: i32,
    /// Last end that they allow.
    hi: i32,
    /// On site: one is there, at the earliest, a drive after this.
    ready: i32,
    /// On site: one must be gone, at the latest, a drive before this.
    leave: i32,
    /// Longest free time in one piece, in seconds, after the place before and before whatever stands
    /// next to the gap: a drive that fits there need not fit in the gap. Below zero: none.
    piece_before: i32,
    /// The same between the gap's end and the place after.
    piece_after: i32,
    /// Seconds of the drive from the place before to the place after.
    direct: i32,
    /// Points for what the expert has already that day and week.
    load: u16,
    before: u16,
    after: u16,
    /// Whoever was somewhere the day before must still get here.
    night_before: Option<Night>,
    /// And from here to where the next day begins.
    night_after: Option<Night>,
    /// Drives that a remote visit must leave room for.
    drives: [Option<Kept>; 2],
}

/// A visit of another day than the gap's, within reach of it.
#[derive(Debug, Clone, Copy)]
struct Night {
    place: u16,
    /// As `ready` or `leave`.
    edge: i32,
    piece: i32,
    /// After (or before) this instant one may have come from (or go) anywhere.
    limit: i32,
}

/// A drive past a remote visit: it must be over before the visit starts, or begin after it ends.
#[derive(Debug, Clone, Copy)]
struct Kept {
    /// When the drive is over if it comes first.
    over: i32,
    /// When the visit must end if the drive comes last.
    begin: i32,
}

/// The starts that a gap allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Starts {
    /// First allowed start.
    pub(crate) first: i32,
    /// Last allowed start; before the first one when there is none.
    pub(crate) last: i32,
    /// Between these instants (both excluded) a start is not allowed after all.
    barred: [(i32, i32); Starts::MOST_BARRED],
    barred_count: usize,
    /// Seconds of driving that a visit adds to the day.
    pub(crate) added_travel: i32,
}

impl Starts {
    /// Two drives around a remote visit, and the holidays that touch one local day.
    const MOST_BARRED: usize = 6;

    /// True when a visit may start then.
    pub(crate) fn contains(&self, start: i32) -> bool {
        self.first <= start && start <= self.last && !self.is_barred(start)
    }

    /// True when a start between first and last is not allowed.
    pub(crate) fn is_barred(&self, start: i32) -> bool {
        self.barred[..self.barred_count].iter().any(|(after, before)| *after < start && start < *before)
    }

    /// True when nothing between first and last is barred.
    pub(crate) fn is_whole(&self) -> bool {
        self.barred_count == 0
    }

    fn bar(&mut self, after: i32, before: i32) {
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

/// What is asked of the gaps of one calendar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// First start that window and notice allow.
    pub(crate) earliest: i32,
    /// Last end.
    pub(crate) to: i32,
    /// Seconds that the visit takes.
    pub(crate) occupied: i32,
    /// Public holidays of the place, when they are kept.
    pub(crate) closed: &'a [(i32, i32)],
    /// Somebody travels.
    pub(crate) on_site: bool,
}

/// Where to look for a window: one entry for each 24 hours from the origin on.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// First gap that ends after this slot begins.
    gap: u32,
    /// Lowest place (but the base) of that gap and all after it.
    lowest: u16,
    /// One above the highest place of that gap and all before it.
    above: u16,
}

const SLOT_SECONDS: i32 = 24 * 3600;

/// A gap that a longer drive over night reaches into is special by itself, in seconds: six hours. Others
/// are only looked at when a place is farther away than any night is long.
const LONG_DRIVE: i32 = 6 * 3600;

/// What a search reads of one calendar: shared, flat, and nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Lane {
    /// Where gaps begin and end; the base is number 0.
    places: Places,
    slots: Arc<[Slot]>,
    gaps: Arc<[Gap]>,
    /// Seconds between now and the earliest visit.
    pub(crate) notice: i64,
    /// No drive up to so many seconds is stopped by a visit of the day before or after.
    night_slack: i32,
    /// Trades held, one bit each.
    pub(crate) trades: u8,
    /// No visits on public holidays of the place.
    pub(crate) holidays_off: bool,
    /// Some gaps are special.
    pub(crate) has_special: bool,
}

/// The gaps of one calendar, in order of time.
#[derive(Debug, Clone)]
pub(crate) struct GapTable {
    pub(crate) lane: Lane,
    details: Vec<Detail>,
    buffer: i32,
}

/// The part of a table that a window touches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) from: usize,
    to: usize,
    lowest: usize,
    above: usize,
}

impl Lane {
    /// The gaps that a window may touch.
    #[inline]
    pub(crate) fn part(&self, from: i32, to: i32) -> Part {
        let last = self.slots.len().saturating_sub(1);
        let number = |second: i32| usize::try_from(second / SLOT_SECONDS).unwrap_or(0);
        let (Some(first), Some(end)) =
            (self.slots.get(number(from).min(last)), self.slots.get((number(to) + 1).min(last)))
        else {
            return Part { from: 0, to: 0, lowest: 1, above: 1 };
        };
        let to = (end.gap as usize + 1).min(self.gaps.len());
        Part { from: first.gap as usize, to, lowest: usize::from(first.lowest), above: usize::from(end.above) }
    }

    /// Reads one word of each list that a search will read of a part, so that they are on their way
    /// from memory while somebody else's are being worked on.
    #[inline]
    pub(crate) fn touch(&self, part: Part) {
        let gap = self.gaps.get(part.from).map_or(0, |gap| gap.lo);
        std::hint::black_box((gap, self.places.touch(part.lowest)));
    }

    /// The gaps of a part.
    #[inline]
    pub(crate) fn of(&self, part: Part) -> &[Gap] {
        self.gaps.get(part.from..part.to).unwrap_or_default()
    }

    /// Asks for the drives that the gaps of a part rest on. True when each gap that is not special
    /// is judged by its own fields alone.
    #[inline]
    pub(crate) fn ask_drives<T: Travel + ?Sized>(&self, site: &Spot, part: Part, travel: &T, legs: &mut Legs) -> bool {
        legs.fit(self.places.len());
        // The base is always one of them; between it and the part may be others.
        let which = part.lowest.min(part.above)..part.above;
        travel.legs(site, &self.places, which.clone(), legs);
        let longest = |legs: &[i32]| legs[which.clone()].iter().fold(0, |most, leg| most.max(*leg));
        longest(&legs.to_site).max(longest(&legs.from_site)) <= self.night_slack
    }
}

impl GapTable {
    /// No gaps yet.
    pub(crate) fn empty() -> Self {
        let lane = Lane {
            places: Places::new(&[]),
            slots: Arc::default(),
            gaps: Arc::default(),
            notice: 0,
            night_slack: i32::MAX,
            trades: 0,
            holidays_off: true,
            has_special: false,
        };
        Self { lane, details: Vec::new(), buffer: 0 }
    }

    /// Lays the gaps of a calendar.
    pub(crate) fn lay<T: Travel + ?Sized>(calendar: &ExpertCalendar, blocks: &[Block], travel: &T) -> Self {
        let mut layer = Layer::new(calendar, blocks);
        for day in &calendar.days {
            if !calendar.is_full(day) {
                layer.lay_day(day, travel);
            }
        }
        let Layer { places, gaps, details, night_slack, .. } = layer;
        let expert = calendar.expert();
        let minutes = expert.notice_minutes.unwrap_or(calendar.settings().notice_minutes);
        let lane = Lane {
            places: Places::new(&places),
            slots: slots(&details, &calendar.days, calendar.origin).into(),
            has_special: gaps.iter().any(Gap::is_special),
            gaps: gaps.into(),
            notice: i64::from(minutes) * 60,
            night_slack,
            trades: Trade::set(&expert.skills.trades),
            holidays_off: expert.holidays_off,
        };
        Self { lane, details, buffer: calendar.buffer() }
    }

    /// Room for a visit of so many seconds within a window, wherever it is, holidays looked at.
    pub(crate) fn has_room(&self, ask: &Ask<'_>) -> bool {
        self.details.iter().any(|gap| {
            let (from, to) = (gap.lo.max(ask.earliest), gap.hi.min(ask.to));
            let shut = |closed: &(i32, i32)| closed.0 <= from && to <= closed.1;
            to - from >= ask.occupied && !ask.closed.iter().any(shut)
        })
    }

    /// Asks for every drive.
    pub(crate) fn ask_all_drives<T: Travel + ?Sized>(&self, site: &Spot, travel: &T, legs: &mut Legs) {
        legs.fit(self.lane.places.len());
        travel.legs(site, &self.lane.places, 1..self.lane.places.len(), legs);
    }

    /// Points for what the expert has already on the day of a gap, and that week.
    pub(crate) fn load(&self, number: usize) -> u16 {
        self.details[number].load
    }

    /// The gap that holds a visit, working time and buffers looked at.
    pub(crate) fn around(&self, start: i32, end: i32) -> Option<usize> {
        let number = self.details.partition_point(|gap| gap.hi < end);
        self.details.get(number).filter(|gap| gap.lo <= start && end <= gap.hi).map(|_| number)
    }

    /// The starts that a gap allows: the rule itself.
    pub(crate) fn starts(&self, number: usize, ask: &Ask<'_>, legs: &Legs) -> Starts {
        let gap = &self.details[number];
        let mut starts = Starts {
            first: gap.lo.max(ask.earliest),
            last: gap.hi.min(ask.to) - ask.occupied,
            barred: [(0, 0); Starts::MOST_BARRED],
            barred_count: 0,
            added_travel: 0,
        };
        for (from, to) in ask.closed {
            starts.bar(from - ask.occupied, *to);
        }
        if ask.on_site {
            let leg_in = legs.to_site[usize::from(gap.before)];
            let leg_out = legs.from_site[usize::from(gap.after)];
            if leg_in + self.buffer > gap.piece_before {
                starts.first = starts.first.max(gap.ready + leg_in);
            }
            if leg_out + self.buffer > gap.piece_after {
                starts.last = starts.last.min(gap.leave - leg_out - ask.occupied);
            }
            if let Some(night) = gap.night_before {
                let leg = legs.to_site[usize::from(night.place)];
                if leg + self.buffer > night.piece {
                    starts.first = starts.first.max((night.edge + leg).min(night.limit));
                }
            }
            if let Some(night) = gap.night_after {
                let leg = legs.from_site[usize::from(night.place)];
                if leg + self.buffer > night.piece {
                    starts.last = starts.last.min((night.edge - leg).max(night.limit) - ask.occupied);
                }
            }
            starts.added_travel = (leg_in + leg_out - gap.direct).max(0);
        } else {
            for kept in gap.drives.iter().flatten() {
                starts.bar(kept.begin - ask.occupied, kept.over);
            }
        }
        starts
    }
}

/// Where to look for a window.
fn slots(details: &[Detail], days: &[Day], origin: Origin) -> Vec<Slot> {
    let last = days.last().map_or(0, |day| origin.seconds(day.end));
    let touched = |gap: &Detail| {
        let night = |night: Option<Night>| night.map_or(0, |night| night.place);
        [gap.before, gap.after, night(gap.night_before), night(gap.night_after)]
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
struct Layer<'a> {
    calendar: &'a ExpertCalendar,
    blocks: &'a [Block],
    /// Where each on-site block is.
    spots: Vec<Option<Spot>>,
    /// Places that gaps begin or end at, numbered as they are met; the base is number 0.
    places: Vec<Spot>,
    gaps: Vec<Gap>,
    details: Vec<Detail>,
    night_slack: i32,
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

impl<'a> Layer<'a> {
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
            night_slack: i32::MAX,
            weights: calendar.settings().weights,
            commute: i64::from(calendar.settings().commute_minutes) * 60,
            buffer: i64::from(calendar.buffer()),
            site_before,
            site_after,
            place_of: vec![None; count],
            from: 0,
        }
    }

    fn lay_day<T: Travel + ?Sized>(&mut self, day: &Day, travel: &T) {
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
        // Nobody has 65,000 visits: where places can no longer be numbered, nothing is free.
        if hi - lo < i64::from(SHORTEST_VISIT_SECONDS) || self.places.len() > usize::from(u16::MAX) - 4 {
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
        let night_before = site_before.filter(|_| came.is_none()).map(|index| {
            let ended = self.blocks[index].end;
            let way = self.way_before(ended, next);
            let (edge, limit) = (way.edge + self.buffer, ended + REACH_SECONDS);
            let slack = if limit <= lo { i64::MAX } else { (lo - way.edge).max(way.piece) - self.buffer };
            (slack, self.night(index, (edge, way.piece), limit))
        });
        let night_after = site_after.filter(|_| goes.is_none()).map(|index| {
            let begins = self.blocks[index].start;
            let way = self.way_after(begins, next);
            let (edge, limit) = (way.edge - self.buffer, begins - REACH_SECONDS);
            let slack = if limit >= hi { i64::MAX } else { (way.edge - hi).max(way.piece) - self.buffer };
            (slack, self.night(index, (edge, way.piece), limit))
        });
        let nights = [night_before, night_after].map(|night| night.filter(|(slack, _)| *slack < i64::MAX));
        let slack = nights.iter().flatten().map(|(slack, _)| *slack).min().unwrap_or(i64::MAX);
        let [night_before, night_after] = nights.map(|night| night.map(|(_, night)| night));
        let over_night = slack < i64::from(LONG_DRIVE);
        if !over_night {
            self.night_slack = self.night_slack.min(seconds32(slack));
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
            night_before,
            night_after,
            drives,
        };
        let is_plain = way_in.piece < 0 && way_out.piece < 0 && !over_night;
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

    fn night(&mut self, block: usize, (edge, piece): (i64, i64), limit: i64) -> Night {
        let origin = self.calendar.origin;
        let (edge, limit) = (origin.seconds(edge), origin.seconds(limit));
        Night { place: self.place(Some(block)), edge, piece: seconds32(piece), limit }
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
    ) -> [Option<Kept>; 2] {
        let base = self.places[0];
        let ended = |index: usize| Some((self.spots[index]?, self.blocks[index].end));
        let begins = |index: usize| Some((self.spots[index]?, self.blocks[index].start));
        let keep = |from: (Spot, i64), to: (Spot, i64)| {
            let drive = travel.between(&from.0, &to.0);
            let needed = i64::from(drive) + self.buffer;
            let over = self.way_before(from.1, next).over_after(needed)?;
            let begin = self.way_after(to.1, next).begins_before(needed)?;
            let origin = self.calendar.origin;
            Some(Kept { over: origin.seconds(over), begin: origin.seconds(begin) })
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
    i32::try_from(seconds.clamp(-1, i64::from(LONGEST_DRIVE) * 2)).unwrap_or(-1)
}

/// Indices are kept in 32 bits; no calendar has four thousand million entries.
fn index32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
