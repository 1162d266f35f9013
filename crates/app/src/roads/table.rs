//! Known drive times by pair of grid cells.
//!
//! A plain grid of 15 seconds of arc: 463 m from south to north, 305 m from west to east in Paris.
//! The number of a cell fits 32 bits, so a pair is one 64-bit key; hexagons (h3o) would be more
//! even, at the price of a projection for each look-up and a crate, for an error that is below the
//! routing server's own either way. Drives within one cell are estimated.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use constat_availability::{Estimator, Travel};
use constat_domain::geo::Position;
use jiff::{SignedDuration, Timestamp};

/// Cells in a degree.
const PER_DEGREE: f64 = 240.0;
/// Cells around the world.
const COLUMNS: u32 = 360 * 240;
/// Cells from pole to pole.
const ROWS: u32 = 180 * 240;

/// Stands for "the routing server knows no way": kept, so that it is not asked again and again.
const NO_WAY: u32 = u32::MAX;

/// What is learned goes into a small map that is copied at each change, and from there in one go
/// into a large one.
const RECENT: usize = 4096;

type Drives = HashMap<u64, u32, BuildHasherDefault<Mix>>;

/// Drive times that are known, over an estimate for all others. A snapshot: a clone costs one
/// pointer, and never changes.
#[derive(Clone)]
pub struct Known(Arc<Snapshot>);

#[derive(Clone)]
struct Snapshot {
    estimator: Estimator,
    recent: Drives,
    young: Arc<Drives>,
    old: Arc<Drives>,
    /// When the first of the young was learned.
    since: Timestamp,
}

/// How much is remembered, and how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    /// Most drives.
    pub(super) drives: usize,
    /// A drive is asked for again after this long, or twice this long.
    pub(super) keep: SignedDuration,
}

impl Known {
    /// Nothing known yet.
    pub(super) fn nothing(estimator: Estimator) -> Self {
        Self(Arc::new(Snapshot {
            estimator,
            recent: Drives::default(),
            young: Arc::default(),
            old: Arc::default(),
            since: Timestamp::UNIX_EPOCH,
        }))
    }

    /// True when the routing server need not be asked: it has told, or the two are neighbours.
    pub fn is_settled(&self, from: Position, to: Position) -> bool {
        pair(from, to).is_none_or(|pair| self.0.get(pair).is_some())
    }

    /// True when [`Travel::seconds`] rests on the estimate although a routing server should know.
    pub fn is_estimated(&self, from: Position, to: Position) -> bool {
        pair(from, to).is_some_and(|pair| self.0.get(pair).is_none_or(|seconds| seconds == NO_WAY))
    }

    /// How many drives are known.
    pub fn len(&self) -> usize {
        self.0.recent.len() + self.0.young.len() + self.0.old.len()
    }

    /// True when nothing is known yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same with more. Seconds are of driving alone: access is added here. What is known already
    /// stays as it is, so that an answer under way and its booking rest on one value.
    pub(super) fn with(&self, learned: &[(Position, Position, Option<u32>)], now: Timestamp, memory: Memory) -> Self {
        let mut next = Snapshot::clone(&self.0);
        next.age(now, memory);
        let access = next.estimator.access_seconds;
        for (from, to, seconds) in learned {
            let Some(pair) = pair(*from, *to) else { continue };
            if next.get(pair).is_none() {
                let seconds = seconds.map_or(NO_WAY, |drive| drive.saturating_add(access).min(NO_WAY - 1));
                next.recent.insert(pair, seconds);
            }
        }
        if next.recent.len() > RECENT.min(memory.drives / 4) {
            let recent = std::mem::take(&mut next.recent);
            Arc::make_mut(&mut next.young).extend(recent);
        }
        Self(Arc::new(next))
    }

    /// The same without what is too old; `None` when nothing is.
    pub(super) fn aged(&self, now: Timestamp, memory: Memory) -> Option<Self> {
        if self.is_empty() || now.duration_since(self.0.since) < memory.keep {
            return None;
        }
        let mut next = Snapshot::clone(&self.0);
        next.age(now, memory);
        Some(Self(Arc::new(next)))
    }
}

impl Snapshot {
    fn get(&self, pair: u64) -> Option<u32> {
        let known = self.young.get(&pair).or_else(|| self.recent.get(&pair)).or_else(|| self.old.get(&pair));
        known.copied()
    }

    /// The young become the old, and the old are forgotten, when there are too many or their time is
    /// over.
    fn age(&mut self, now: Timestamp, memory: Memory) {
        if self.recent.is_empty() && self.young.is_empty() && self.old.is_empty() {
            self.since = now;
        }
        let full = self.recent.len() + self.young.len() >= memory.drives / 2;
        if full || now.duration_since(self.since) >= memory.keep {
            let mut young = std::mem::take(&mut self.young);
            if !self.recent.is_empty() {
                Arc::make_mut(&mut young).extend(std::mem::take(&mut self.recent));
            }
            self.old = young;
            self.since = now;
        }
    }
}

impl Travel for Known {
    fn seconds(&self, from: Position, to: Position) -> u32 {
        match pair(from, to).and_then(|pair| self.0.get(pair)) {
            Some(seconds) if seconds != NO_WAY => seconds,
            _ => self.0.estimator.seconds(from, to),
        }
    }
}

/// The key of a drive; `None` within one cell.
fn pair(from: Position, to: Position) -> Option<u64> {
    let (from, to) = (cell(from), cell(to));
    (from != to).then_some(u64::from(from) << 32 | u64::from(to))
}

/// The number of a position's cell.
pub(super) fn cell(at: Position) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let index = |degrees: f64| (degrees * PER_DEGREE) as u32;
    let row = index(at.lat + 90.0).min(ROWS - 1);
    let column = index(at.lon + 180.0).min(COLUMNS - 1);
    row * COLUMNS + column
}

/// Spreads a 64-bit key. Keys come from positions, not from whoever asks: no need for more.
#[derive(Default)]
pub struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, key: u64) {
        // Odd, about 2^64 divided by the golden ratio: neighbouring keys land far apart.
        let spread = (self.0 ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }

    fn finish(&self) -> u64 {
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARIS: Position = Position { lat: 48.8566, lon: 2.3522 };
    const MEMORY: Memory = Memory { drives: 1000, keep: SignedDuration::from_hours(24) };

    fn east(metres: f64) -> Position {
        Position { lat: PARIS.lat, lon: PARIS.lon + metres / 73_200.0 }
    }

    #[test]
    fn what_is_told_counts_with_access_and_all_else_is_estimated() {
        let estimator = Estimator::default();
        let nothing = Known::nothing(estimator);
        let known = nothing.with(&[(PARIS, east(5000.0), Some(600)), (east(9000.0), PARIS, None)], at(0), MEMORY);
        assert_eq!(known.seconds(PARIS, east(5000.0)), 600 + estimator.access_seconds);
        assert_eq!(known.seconds(PARIS, PARIS), 0);
        // The way back is another drive.
        assert_eq!(known.seconds(east(5000.0), PARIS), estimator.seconds(east(5000.0), PARIS));
        assert!(!known.is_settled(east(5000.0), PARIS) && known.is_estimated(east(5000.0), PARIS));
        // No way: not asked again, estimated all the same.
        assert_eq!(known.seconds(east(9000.0), PARIS), estimator.seconds(east(9000.0), PARIS));
        assert!(known.is_settled(east(9000.0), PARIS) && known.is_estimated(east(9000.0), PARIS));
        // Next door nobody asks.
        assert!(known.is_settled(PARIS, PARIS) && !known.is_estimated(PARIS, PARIS));
        // A snapshot never changes, and what is known stays.
        assert!(nothing.is_empty());
        let again = known.with(&[(PARIS, east(5000.0), Some(1))], at(0), MEMORY);
        assert_eq!(again.seconds(PARIS, east(5000.0)), 600 + estimator.access_seconds);
    }

    #[test]
    fn the_table_is_bounded_and_forgets() {
        let mut known = Known::nothing(Estimator::default());
        for step in 1..2000_u32 {
            known = known.with(&[(PARIS, east(f64::from(step) * 700.0), Some(step))], at(0), MEMORY);
            assert!(known.len() <= 1000 && known.len() >= (step as usize).min(500), "{step}: {}", known.len());
            assert!(known.is_settled(PARIS, east(f64::from(step) * 700.0)), "the latest is known");
        }
        assert!(known.aged(at(23), MEMORY).is_none());
        let later = known.aged(at(24), MEMORY).unwrap();
        assert!(!later.is_empty());
        assert!(later.aged(at(48), MEMORY).unwrap().is_empty());
    }

    #[test]
    fn every_place_on_earth_has_a_cell_of_its_own() {
        let corners = [(-90.0, -180.0), (90.0, 180.0), (0.0, 0.0), (-90.0, 180.0), (90.0, -180.0)];
        let cells: std::collections::BTreeSet<u32> =
            corners.iter().map(|(lat, lon)| cell(Position { lat: *lat, lon: *lon })).collect();
        assert_eq!((cells.len(), cells.last()), (5, Some(&(ROWS * COLUMNS - 1))));
    }

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
    }
}
