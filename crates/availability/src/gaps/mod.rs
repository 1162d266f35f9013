//! The free gaps of a calendar, and the allowed starts of a visit in them.
//!
//! Everything that does not depend on the request is computed when the calendar changes: the gap without buffers,
//! the earliest arrival and the latest departure, and the drive past the gap. A search then only needs the drives
//! to one place. A commit builds the gaps of a few days in the same way and uses the same [`GapTable::starts`].
//! `builder` builds the gaps; this file evaluates them.
//!
//! Instants are seconds since the calendar's origin ([`Origin`]).

mod builder;

use std::sync::Arc;

use crate::travel::{Legs, Places, Spot, Travel};

/// Origin of the 32-bit seconds, which reach 17 years each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) i64);

impl Origin {
    /// Clamps to the range.
    const FARTHEST: i64 = 1 << 29;

    pub(crate) fn seconds(self, instant: i64) -> i32 {
        let clamped = instant.saturating_sub(self.0).clamp(-Self::FARTHEST, Self::FARTHEST);
        i32::try_from(clamped).unwrap_or(0)
    }
}

/// One free gap in the form that a search reads. Kept small: memory bandwidth limits a search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gap {
    /// First start that working time, appointments and their buffers allow.
    lo: i32,
    /// Seconds to the last end that they allow; zero for a special gap, so that no visit fits: see [`Detail`].
    length: u16,
    /// On site: seconds of the inbound drive that lie before the gap.
    before_lo: u16,
    /// On site: seconds of the outbound drive that may lie after the gap.
    after_hi: u16,
    /// Seconds of the drive from the place before to the place after.
    direct: u16,
    /// Points for the expert's visits of that day and week.
    pub(crate) load: u16,
    /// Number of the place before: a visit or the base.
    before: u16,
    /// Number of the place after.
    after: u16,
}

impl Gap {
    /// The compact form of a gap, if it fits and nothing lies between the gap and its places.
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

    /// First and last start of a visit in a plain gap, as [`GapTable::starts`] returns it. None fits when the last
    /// is before the first.
    #[inline]
    pub(crate) fn starts(&self, leg_in: i32, leg_out: i32, ask: &Ask<'_>) -> (i32, i32) {
        let hi = self.lo + i32::from(self.length);
        let first = (self.lo - i32::from(self.before_lo) + leg_in).max(self.lo).max(ask.earliest);
        let last = (hi + i32::from(self.after_hi) - leg_out).min(hi).min(ask.to) - ask.occupied;
        (first, last)
    }

    /// True when its first start lies before an instant.
    pub(crate) fn starts_before(&self, instant: i32) -> bool {
        self.lo < instant
    }

    /// Only its [`Detail`] has the data.
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

/// The full data of a gap.
#[derive(Debug, Clone, Copy)]
struct Detail {
    /// First start that working time, appointments and their buffers allow.
    lo: i32,
    /// Last end that they allow.
    hi: i32,
    /// On site: the earliest arrival is the drive after this instant.
    ready: i32,
    /// On site: the latest departure is the drive before this instant.
    leave: i32,
    /// Longest free time in one piece, in seconds, after the place before and before whatever stands
    /// next to the gap: a drive that fits there need not fit in the gap. Below zero: none.
    piece_before: i32,
    /// The same between the gap's end and the place after.
    piece_after: i32,
    /// Seconds of the drive from the place before to the place after.
    direct: i32,
    /// Points for the expert's visits of that day and week.
    load: u16,
    before: u16,
    after: u16,
    /// The drive from the last place of the day before, if it limits the first visit.
    overnight_before: Option<OvernightConstraint>,
    /// The drive to the first place of the day after, if it limits the last visit.
    overnight_after: Option<OvernightConstraint>,
    /// Drives that a remote visit must not displace.
    drives: [Option<ReservedDrive>; 2],
}

/// A visit of another day within reach of the gap.
#[derive(Debug, Clone, Copy)]
struct OvernightConstraint {
    place: u16,
    /// As `ready` or `leave`.
    edge: i32,
    piece: i32,
    /// Beyond this instant the visit sets no limit.
    limit: i32,
}

/// A drive past a remote visit: it must be over before the visit starts, or begin after it ends.
#[derive(Debug, Clone, Copy)]
struct ReservedDrive {
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
    /// Between these instants (both excluded) a start is not allowed.
    barred: [(i32, i32); Starts::MAX_BARRED],
    barred_count: usize,
    /// Seconds of driving that a visit adds to the day.
    pub(crate) added_travel: i32,
}

impl Starts {
    /// Two drives around a remote visit, and what is closed or withheld on one local day.
    const MAX_BARRED: usize = 8;

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
        if self.barred_count < Self::MAX_BARRED {
            self.barred[self.barred_count] = (after, before);
            self.barred_count += 1;
        } else {
            self.last = self.last.min(after);
        }
    }
}

/// The parameters of one search in one calendar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// First start that the window and the notice allow.
    pub(crate) earliest: i32,
    /// Last end.
    pub(crate) to: i32,
    /// Seconds of busy time of the visit.
    pub(crate) occupied: i32,
    /// Closed ranges: sorted, disjoint.
    pub(crate) closed: &'a [(i32, i32)],
    /// The visit is on site.
    pub(crate) on_site: bool,
}

impl<'a> Ask<'a> {
    /// The closed ranges between two instants.
    #[inline]
    fn closed_within(&self, from: i32, to: i32) -> impl Iterator<Item = &'a (i32, i32)> + use<'a> {
        let first = self.closed.partition_point(|(_, opens)| *opens <= from);
        self.closed[first..].iter().take_while(move |(closes, _)| *closes < to)
    }
}

/// Index into the gaps: one entry for each 24 hours from the origin on.
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

/// The flat, shared part of a calendar that a search reads.
#[derive(Debug, Clone)]
pub(crate) struct SearchRow {
    /// The places at the ends of gaps; number 0 is the base.
    places: Places,
    slots: Arc<[Slot]>,
    gaps: Arc<[Gap]>,
    /// Seconds between now and the earliest visit.
    pub(crate) notice: i64,
    /// A drive of up to this many seconds is not limited by a visit of the day before or after.
    overnight_slack: i32,
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
    pub(crate) search_row: SearchRow,
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

impl SearchRow {
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

    /// Reads one word of each list that a search will read of a part, so that the cache lines are loaded
    /// while another part is processed.
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

    /// Requests the drives of a part's gaps. True when no overnight constraint applies, so that each gap that is not
    /// special can be evaluated by its own fields.
    #[inline]
    pub(crate) fn ask_drives<T: Travel + ?Sized>(&self, site: &Spot, part: Part, travel: &T, legs: &mut Legs) -> bool {
        legs.fit(self.places.len());
        // The base is always included; other places may lie between it and the part.
        let which = part.lowest.min(part.above)..part.above;
        travel.legs(site, &self.places, which.clone(), legs);
        let longest = |legs: &[i32]| legs[which.clone()].iter().fold(0, |most, leg| most.max(*leg));
        longest(&legs.to_site).max(longest(&legs.from_site)) <= self.overnight_slack
    }
}

impl GapTable {
    /// No gaps yet.
    pub(crate) fn empty() -> Self {
        let search_row = SearchRow {
            places: Places::new(&[]),
            slots: Arc::default(),
            gaps: Arc::default(),
            notice: 0,
            overnight_slack: i32::MAX,
            trades: 0,
            holidays_off: true,
            has_special: false,
        };
        Self { search_row, details: Vec::new(), buffer: 0 }
    }

    /// Whether a visit of the requested duration fits within a window at any place, holidays included.
    pub(crate) fn has_room(&self, ask: &Ask<'_>) -> bool {
        self.details.iter().any(|gap| {
            let (mut from, to) = (gap.lo.max(ask.earliest), gap.hi.min(ask.to));
            for (closes, opens) in ask.closed_within(from, to) {
                if closes - from >= ask.occupied {
                    return true;
                }
                from = from.max(*opens);
            }
            to - from >= ask.occupied
        })
    }

    /// Requests every drive.
    pub(crate) fn ask_all_drives<T: Travel + ?Sized>(&self, site: &Spot, travel: &T, legs: &mut Legs) {
        legs.fit(self.search_row.places.len());
        travel.legs(site, &self.search_row.places, 1..self.search_row.places.len(), legs);
    }

    /// Points for the expert's visits on the day of a gap and in its week.
    pub(crate) fn load(&self, number: usize) -> u16 {
        self.details[number].load
    }

    /// The gap that contains a visit, with respect to working time and buffers.
    pub(crate) fn around(&self, start: i32, end: i32) -> Option<usize> {
        let number = self.details.partition_point(|gap| gap.hi < end);
        self.details.get(number).filter(|gap| gap.lo <= start && end <= gap.hi).map(|_| number)
    }

    /// The starts that a gap allows.
    pub(crate) fn starts(&self, number: usize, ask: &Ask<'_>, legs: &Legs) -> Starts {
        let gap = &self.details[number];
        let mut starts = Starts {
            first: gap.lo.max(ask.earliest),
            last: gap.hi.min(ask.to) - ask.occupied,
            barred: [(0, 0); Starts::MAX_BARRED],
            barred_count: 0,
            added_travel: 0,
        };
        for (from, to) in ask.closed_within(gap.lo, gap.hi) {
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
            if let Some(overnight) = gap.overnight_before {
                let leg = legs.to_site[usize::from(overnight.place)];
                if leg + self.buffer > overnight.piece {
                    starts.first = starts.first.max((overnight.edge + leg).min(overnight.limit));
                }
            }
            if let Some(overnight) = gap.overnight_after {
                let leg = legs.from_site[usize::from(overnight.place)];
                if leg + self.buffer > overnight.piece {
                    starts.last = starts.last.min((overnight.edge - leg).max(overnight.limit) - ask.occupied);
                }
            }
            starts.added_travel = (leg_in + leg_out - gap.direct).max(0);
        } else {
            for drive in gap.drives.iter().flatten() {
                starts.bar(drive.begin - ask.occupied, drive.over);
            }
        }
        starts
    }
}
