//! Known drive times by pair of grid cells.
//!
//! A plain grid of 15 seconds of arc: 463 m from south to north, 305 m from west to east in Paris.
//! The number of a cell fits 32 bits; hexagons (h3o) would be more even, at the price of a projection
//! for each look-up and a crate, for an error that is below the routing server's own either way. Drives
//! within one cell are estimated.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::Arc;

use constat_availability::{Estimator, Legs, Places, Spot, Travel};
use constat_domain::geo::Position;
use jiff::{SignedDuration, Timestamp};

/// Cells in a degree.
const PER_DEGREE: f64 = 240.0;
/// Cells around the world.
const COLUMNS: u32 = 360 * 240;
/// Cells from pole to pole.
const ROWS: u32 = 180 * 240;

/// A drive without a way: stored, so that it is not requested again.
const NO_WAY: u32 = u32::MAX;

/// An unknown drive whose way back is known.
const UNKNOWN: u32 = u32::MAX - 1;

/// Maximum seconds of a drive: four years.
const MAX_DRIVE_SECONDS: u32 = 1 << 27;

/// Maximum drives of the small table, which is copied at each change; beyond it they move to the large one.
const RECENT: usize = 2048;

/// From one cell: by the other cell, the seconds there and back.
type Row = HashMap<u32, [u32; 2], BuildHasherDefault<Mix>>;

/// Drives by pair of cells. Each pair stands in the rows of both its cells: a search looks at one
/// row for all the drives to and from its site.
#[derive(Clone, Default)]
struct Drives {
    rows: HashMap<u32, Arc<Row>, BuildHasherDefault<Mix>>,
    count: usize,
}

impl Drives {
    fn get(&self, from: u32, to: u32) -> Option<u32> {
        let [there, _] = self.rows.get(&from)?.get(&to)?;
        (*there != UNKNOWN).then_some(*there)
    }

    fn insert(&mut self, from: u32, to: u32, seconds: u32) {
        let mut row = |of: u32, other: u32, way: usize| {
            let row = Arc::make_mut(self.rows.entry(of).or_default());
            std::mem::replace(&mut row.entry(other).or_insert([UNKNOWN; 2])[way], seconds)
        };
        let before = row(from, to, 0);
        row(to, from, 1);
        self.count += usize::from(before == UNKNOWN);
    }

    fn extend(&mut self, more: &Self) {
        for (from, row) in &more.rows {
            for (to, [there, _]) in row.iter().filter(|(_, [there, _])| *there != UNKNOWN) {
                self.insert(*from, *to, *there);
            }
        }
    }
}

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
pub(crate) struct Memory {
    /// Most drives.
    pub(crate) drives: usize,
    /// A drive is asked for again after this long, or twice this long.
    pub(crate) keep: SignedDuration,
}

impl Known {
    /// Nothing known yet.
    pub(crate) fn nothing(estimator: Estimator) -> Self {
        Self(Arc::new(Snapshot {
            estimator,
            recent: Drives::default(),
            young: Arc::default(),
            old: Arc::default(),
            since: Timestamp::UNIX_EPOCH,
        }))
    }

    /// Whether the drive is known, or within one cell: no request is needed.
    pub fn is_settled(&self, from: Position, to: Position) -> bool {
        pair(from, to).is_none_or(|(from, to)| self.0.get(from, to).is_some())
    }

    /// Whether [`Travel::seconds`] is an estimate although the drive leaves its cell.
    pub fn is_estimated(&self, from: Position, to: Position) -> bool {
        pair(from, to).is_some_and(|(from, to)| self.0.seconds(from, to).is_none())
    }

    /// How many drives are known.
    pub fn len(&self) -> usize {
        self.0.recent.count + self.0.young.count + self.0.old.count
    }

    /// True when nothing is known yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same with more drives. Seconds are of driving alone: access is added here. Known drives stay, so that a
    /// search and its booking use one value.
    pub(crate) fn with(&self, learned: &[(Position, Position, Option<u32>)], now: Timestamp, memory: Memory) -> Self {
        let mut next = Snapshot::clone(&self.0);
        next.age(now, memory);
        let access = next.estimator.access_seconds;
        for (from, to, seconds) in learned {
            let Some((from, to)) = pair(*from, *to) else { continue };
            if next.get(from, to).is_none() {
                let seconds = seconds.map_or(NO_WAY, |drive| drive.saturating_add(access).min(MAX_DRIVE_SECONDS));
                next.recent.insert(from, to, seconds);
            }
        }
        if next.recent.count > RECENT.min(memory.drives / 4) {
            let recent = std::mem::take(&mut next.recent);
            Arc::make_mut(&mut next.young).extend(&recent);
        }
        Self(Arc::new(next))
    }

    /// The same without drives that are too old; `None` when there are none.
    pub(crate) fn aged(&self, now: Timestamp, memory: Memory) -> Option<Self> {
        if self.is_empty() || now.duration_since(self.0.since) < memory.keep {
            return None;
        }
        let mut next = Snapshot::clone(&self.0);
        next.age(now, memory);
        Some(Self(Arc::new(next)))
    }
}

impl Snapshot {
    fn layers(&self) -> [&Drives; 3] {
        [&self.young, &self.recent, &self.old]
    }

    fn get(&self, from: u32, to: u32) -> Option<u32> {
        self.layers().into_iter().find_map(|drives| drives.get(from, to))
    }

    /// Seconds, where the routing server knows a way.
    fn seconds(&self, from: u32, to: u32) -> Option<u32> {
        self.get(from, to).filter(|seconds| *seconds != NO_WAY)
    }

    /// Drops the old drives, and makes the young ones old, when there are too many or their time is over.
    fn age(&mut self, now: Timestamp, memory: Memory) {
        if self.layers().into_iter().all(|drives| drives.count == 0) {
            self.since = now;
        }
        let full = self.recent.count + self.young.count >= memory.drives / 2;
        if full || now.duration_since(self.since) >= memory.keep {
            let mut young = std::mem::take(&mut self.young);
            if self.recent.count > 0 {
                Arc::make_mut(&mut young).extend(&std::mem::take(&mut self.recent));
            }
            self.old = young;
            self.since = now;
        }
    }
}

impl Travel for Known {
    fn seconds(&self, from: Position, to: Position) -> u32 {
        let found = pair(from, to).and_then(|(from, to)| self.0.seconds(from, to));
        found.unwrap_or_else(|| self.0.estimator.seconds(from, to))
    }

    fn between(&self, from: &Spot, to: &Spot) -> i32 {
        let found = pair(from.position, to.position).and_then(|(from, to)| self.0.seconds(from, to));
        found.map_or_else(|| self.0.estimator.between(from, to), engine_seconds)
    }

    /// Estimates all, then enters the known drives: those of one site are in one row.
    fn legs(&self, site: &Spot, places: &Places, which: Range<usize>, legs: &mut Legs) {
        self.0.estimator.legs(site, places, which.clone(), legs);
        let at = cell(site.position);
        let rows = self.0.layers().map(|drives| drives.rows.get(&at));
        if rows.iter().all(Option::is_none) {
            return;
        }
        for number in (0..1).chain(which) {
            let place = cell(places.position(number));
            for (way, seconds) in [(1, &mut legs.to_site[number]), (0, &mut legs.from_site[number])] {
                let found = rows.iter().flatten().filter_map(|row| Some(row.get(&place)?[way]));
                let found = found.into_iter().find(|found| *found != UNKNOWN);
                if let Some(found) = found.filter(|found| *found != NO_WAY) {
                    *seconds = engine_seconds(found);
                }
            }
        }
    }
}

/// Seconds as the engine counts them.
fn engine_seconds(found: u32) -> i32 {
    i32::try_from(found.min(MAX_DRIVE_SECONDS)).unwrap_or(i32::MAX)
}

/// The cells of a drive; `None` within one cell.
fn pair(from: Position, to: Position) -> Option<(u32, u32)> {
    let (from, to) = (cell(from), cell(to));
    (from != to).then_some((from, to))
}

/// The number of a position's cell.
pub(crate) fn cell(at: Position) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let index = |degrees: f64| (degrees * PER_DEGREE) as u32;
    let row = index(at.lat + 90.0).min(ROWS - 1);
    let column = index(at.lon + 180.0).min(COLUMNS - 1);
    row * COLUMNS + column
}

/// A fast hash of a cell's number. Callers cannot choose the numbers, so it needs no protection against collisions.
#[derive(Default)]
pub struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, key: u32) {
        self.write_u64(key.into());
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
    fn known_drives_include_access_and_all_others_are_estimated() {
        let estimator = Estimator::default();
        let nothing = Known::nothing(estimator.clone());
        let known = nothing.with(&[(PARIS, east(5000.0), Some(600)), (east(9000.0), PARIS, None)], at(0), MEMORY);
        assert_eq!(known.seconds(PARIS, east(5000.0)), 600 + estimator.access_seconds);
        assert_eq!(known.seconds(PARIS, PARIS), 0);
        // The way back is another drive.
        assert_eq!(known.seconds(east(5000.0), PARIS), estimator.seconds(east(5000.0), PARIS));
        assert!(!known.is_settled(east(5000.0), PARIS) && known.is_estimated(east(5000.0), PARIS));
        // No way: not asked again, estimated all the same.
        assert_eq!(known.seconds(east(9000.0), PARIS), estimator.seconds(east(9000.0), PARIS));
        assert!(known.is_settled(east(9000.0), PARIS) && known.is_estimated(east(9000.0), PARIS));
        // Within one cell no request is needed.
        assert!(known.is_settled(PARIS, PARIS) && !known.is_estimated(PARIS, PARIS));
        // A snapshot never changes, and what is known stays.
        assert!(nothing.is_empty());
        let again = known.with(&[(PARIS, east(5000.0), Some(1))], at(0), MEMORY);
        assert_eq!(again.seconds(PARIS, east(5000.0)), 600 + estimator.access_seconds);
    }

    /// The engine asks in bulk, the commit one by one: both get the same answer, in every layer.
    #[test]
    fn in_bulk_the_drives_are_the_same() {
        let mut known = Known::nothing(Estimator::default());
        let there: Vec<Position> = (0..600).map(|step| east(f64::from(step) * 331.0)).collect();
        let spots: Vec<Spot> = there.iter().copied().map(Spot::new).collect();
        let places = Places::new(&spots);
        let drive = |step: usize| Some(u32::try_from(step).unwrap() * 7).filter(|_| !step.is_multiple_of(11));
        for (step, position) in there.iter().enumerate().filter(|(step, _)| !step.is_multiple_of(3)) {
            let both = [(PARIS, *position, drive(step)), (*position, PARIS, drive(step + 1))];
            known = known.with(&both[step % 2..], at(0), MEMORY);
            known = known.with(&[(there[step - 1], *position, Some(5))], at(0), MEMORY);
        }
        for site in [PARIS, there[300], east(-5000.0)] {
            let mut legs = Legs::default();
            legs.fit(there.len());
            known.legs(&Spot::new(site), &places, 1..there.len(), &mut legs);
            for (number, place) in there.iter().enumerate() {
                assert_eq!(i64::from(legs.to_site[number]), i64::from(known.seconds(*place, site)), "{number}");
                assert_eq!(i64::from(legs.from_site[number]), i64::from(known.seconds(site, *place)), "{number}");
                let next = (number + 1) % there.len();
                assert_eq!(
                    i64::from(known.between(&spots[number], &spots[next])),
                    i64::from(known.seconds(*place, there[next]))
                );
            }
        }
        assert!(known.len() > 300);
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
