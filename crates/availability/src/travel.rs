//! Drive times: the [`Travel`] trait that a search uses, and the built-in estimate.

use std::ops::Range;
use std::sync::Arc;

use constat_domain::FieldError;
use constat_domain::geo::Position;
use constat_domain::landmass::Landmass;
use serde::{Deserialize, Serialize};

use crate::crossings::Crossings;

/// Answers how long it takes from one place to another.
///
/// An implementation must be a pure look-up (an adapter that asks a routing server fills its table
/// before the search): the same question gets the same answer within one search and its commit.
/// The batch methods answer what [`Travel::seconds`] answers, faster.
pub trait Travel {
    /// Seconds of travel, including parking and access. Zero for the same position.
    fn seconds(&self, from: Position, to: Position) -> u32;

    /// Seconds from one spot to another.
    fn between(&self, from: &Spot, to: &Spot) -> i32 {
        drive(self.seconds(from.position, to.position))
    }

    /// Enters the drives from the first place of a list (the base), and from some others, to the site,
    /// and back.
    fn legs(&self, site: &Spot, places: &Places, which: Range<usize>, legs: &mut Legs) {
        for number in (0..1).chain(which) {
            let place = places.position(number);
            legs.to_site[number] = drive(self.seconds(place, site.position));
            legs.from_site[number] = drive(self.seconds(site.position, place));
        }
    }
}

/// A drive in the engine's seconds, capped at [`MAX_DRIVE_SECONDS`].
fn drive(seconds: u32) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX).min(MAX_DRIVE_SECONDS)
}

/// Longest drive in seconds; longer ones count as this. Also means "no road": a drive between two
/// landmasses without a crossing.
pub(crate) const MAX_DRIVE_SECONDS: i32 = 1 << 28;

/// A position with what an estimate needs of it: its unit vector from the Earth's centre, and its landmass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// The position.
    pub position: Position,
    vector: [f32; 3],
    land: Landmass,
}

impl Spot {
    /// Places a position on the unit sphere. Single precision keeps it to within half a metre.
    #[expect(clippy::cast_possible_truncation, reason = "single precision is what is wanted")]
    pub fn new(position: Position) -> Self {
        let (lat, lon) = (position.lat.to_radians(), position.lon.to_radians());
        let (sin, cos) = lat.sin_cos();
        let (east, north) = lon.sin_cos();
        let vector = [(cos * north) as f32, (cos * east) as f32, sin as f32];
        Self { position, vector, land: Landmass::of(position) }
    }

    /// Great-circle metres to another spot, to about a metre in a thousand.
    pub fn metres_to(&self, other: &Self) -> f64 {
        EARTH_M * f64::from(arc(self.chord2(other)))
    }

    /// Square of the chord to another spot, in Earth radii.
    fn chord2(&self, other: &Self) -> f32 {
        square_sum(self.vector[0] - other.vector[0], self.vector[1] - other.vector[1], self.vector[2] - other.vector[2])
    }
}

/// IUGG mean Earth radius in metres.
const EARTH_M: f64 = 6_371_008.8;

/// The arc over a chord whose square is given, in radii, as a series: to 0.1 % over 3,000 km.
#[inline]
fn arc(chord2: f32) -> f32 {
    chord2.sqrt() * (1.0 + chord2 * (1.0 / 24.0 + chord2 * (3.0 / 640.0)))
}

#[inline]
fn square_sum(x: f32, y: f32, z: f32) -> f32 {
    x * x + y * y + z * z
}

/// A list of places that never changes, laid out so that a drive to each of them is estimated several
/// at a time. A clone shares it.
#[derive(Debug, Clone)]
pub struct Places {
    positions: Arc<[Position]>,
    /// All first coordinates, then all second ones, then all third ones.
    vectors: Arc<[f32]>,
    lands: Lands,
}

/// The landmasses of a list of places. Nearly all lists lie on one, which a search compares once.
#[derive(Debug, Clone)]
enum Lands {
    /// All places lie on it.
    One(Landmass),
    /// Each place's own.
    Each(Arc<[Landmass]>),
}

impl Places {
    /// A list of places; the first one is number 0.
    pub fn new(spots: &[Spot]) -> Self {
        let plane = |axis: usize| spots.iter().map(move |spot| spot.vector[axis]);
        let vectors = plane(0).chain(plane(1)).chain(plane(2)).collect();
        let first = spots.first().map_or(Landmass::CONTINENT, |spot| spot.land);
        let lands = if spots.iter().all(|spot| spot.land == first) {
            Lands::One(first)
        } else {
            Lands::Each(spots.iter().map(|spot| spot.land).collect())
        };
        Self { positions: spots.iter().map(|spot| spot.position).collect(), vectors, lands }
    }

    /// True when every place lies on a landmass.
    fn are_all_on(&self, land: Landmass) -> bool {
        matches!(self.lands, Lands::One(known) if known == land)
    }

    fn land(&self, number: usize) -> Landmass {
        match &self.lands {
            Lands::One(land) => *land,
            Lands::Each(lands) => lands[number],
        }
    }

    /// How many places.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// True without places.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// A place by its number.
    pub fn position(&self, number: usize) -> Position {
        self.positions[number]
    }

    /// Reads a coordinate of a place on each plane.
    #[inline]
    pub(crate) fn touch(&self, number: usize) -> f32 {
        let planes = self.planes();
        planes.iter().filter_map(|plane| plane.get(number)).sum()
    }

    fn planes(&self) -> [&[f32]; 3] {
        let count = self.positions.len();
        let (x, rest) = self.vectors.split_at(count);
        let (y, z) = rest.split_at(count);
        [x, y, z]
    }
}

/// Drives between one site and the places of a list, by their numbers, in seconds.
#[derive(Debug, Default)]
pub struct Legs {
    /// From each place to the site.
    pub to_site: Vec<i32>,
    /// From the site to each place.
    pub from_site: Vec<i32>,
}

impl Legs {
    /// Resizes the matrix for `count` places.
    pub fn fit(&mut self, count: usize) {
        if self.to_site.len() < count {
            self.to_site.resize(count, 0);
            self.from_site.resize(count, 0);
        }
    }
}

/// An estimate without a map: great-circle distance, times a winding factor, at a speed that
/// depends on how far along the way one is.
///
/// There is no drive from one landmass to another ([`Landmass`]) unless a crossing is configured: then its
/// time is added to that of the drive, which covers the ways to and from the ports.
///
/// The time grows with the distance and each further kilometre costs no more than the one before
/// (the speeds ascend), so a detour by a third place never looks shorter than the direct way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Estimator {
    /// Road metres for each metre as the crow flies. Default 1.42: the mean detour index of 1.417
    /// over 66,000 routes in Boscoe, Henry, Zdeb, "A Nationwide Comparison of Driving Distance
    /// Versus Straight-Line Distance to Hospitals", The Professional Geographer 64(2), 2012.
    pub winding: f64,
    /// Speed in km/h over the first [`Estimator::TOWN_M`] road metres: streets. The three speeds
    /// are this project's cautious working values, to be replaced by a routing server's times.
    pub town_kmh: f64,
    /// Speed in km/h from there to [`Estimator::ROAD_M`]: main roads.
    pub road_kmh: f64,
    /// Speed in km/h beyond: motorways and their approach.
    pub highway_kmh: f64,
    /// Seconds of parking and access, once for each drive.
    pub access_seconds: u32,
    /// Ferries and flights between landmasses. None by default.
    pub crossings: Crossings,
}

impl Estimator {
    /// Road metres driven at town speed.
    pub const TOWN_M: f64 = 6_000.0;
    /// Road metres from the start after which the highway speed holds.
    pub const ROAD_M: f64 = 40_000.0;

    /// Everything that a configuration must not contain.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut refuse = |holds: bool, field: &str, message: &str| {
            if !holds {
                errors.push(FieldError::new(field, message));
            }
        };
        refuse((1.0..=5.0).contains(&self.winding), "winding", "must be 1 to 5");
        refuse((1.0..=200.0).contains(&self.town_kmh), "town_kmh", "must be 1 to 200");
        refuse((self.town_kmh..=200.0).contains(&self.road_kmh), "road_kmh", "must be at least town_kmh, 200 at most");
        let highway = (self.road_kmh..=200.0).contains(&self.highway_kmh);
        refuse(highway, "highway_kmh", "must be at least road_kmh, 200 at most");
        refuse(self.access_seconds <= 3600, "access_seconds", "must be 3600 at most");
        errors.extend(self.crossings.check());
        errors
    }

    /// A drive with the crossing that it needs.
    fn across(&self, drive: i32, from: Landmass, to: Landmass) -> i32 {
        match self.crossings.seconds(from, to) {
            Some(crossing) => drive.saturating_add(crossing).min(MAX_DRIVE_SECONDS),
            None => MAX_DRIVE_SECONDS,
        }
    }

    fn curve(&self) -> Curve {
        #[expect(clippy::cast_possible_truncation, reason = "single precision is what is wanted")]
        let single = |value: f64| value as f32;
        Curve {
            road_m: single(EARTH_M * self.winding),
            town: single(3.6 / self.town_kmh),
            main: single(3.6 / self.road_kmh),
            highway: single(3.6 / self.highway_kmh),
            // Half a second more, so that rounding to the nearest second rounds up.
            access: single(f64::from(self.access_seconds) + 0.5),
        }
    }
}

impl Default for Estimator {
    fn default() -> Self {
        Self {
            winding: 1.42,
            town_kmh: 25.0,
            road_kmh: 50.0,
            highway_kmh: 90.0,
            access_seconds: 240,
            crossings: Crossings::default(),
        }
    }
}

/// An [`Estimator`] worked out: plain arithmetic without a branch, so that a compiler can do several
/// drives at a time, and each in the same way as one alone.
#[derive(Clone, Copy)]
struct Curve {
    /// Road metres for a chord of one Earth radius.
    road_m: f32,
    /// Seconds for each road metre in town.
    town: f32,
    main: f32,
    highway: f32,
    access: f32,
}

impl Curve {
    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "constants and 23 bits")]
    fn seconds(self, chord2: f32) -> i32 {
        const TOWN_M: f32 = Estimator::TOWN_M as f32;
        const ROAD_M: f32 = Estimator::ROAD_M as f32;
        /// Above it, whole numbers are the only ones: adding it rounds, and leaves the number in the
        /// low bits.
        const WHOLE: f32 = 8_388_608.0;
        let less = |a: f32, b: f32| if a < b { a } else { b };
        let more = |a: f32, b: f32| if a > b { a } else { b };
        let road = arc(chord2) * self.road_m;
        let town = less(road, TOWN_M);
        let main = less(more(road - TOWN_M, 0.0), ROAD_M - TOWN_M);
        let highway = more(road - ROAD_M, 0.0);
        let drive = self.access + town * self.town + main * self.main + highway * self.highway;
        let whole = (less(drive, 8_000_000.0) + WHOLE).to_bits() & 0x7f_ffff;
        if chord2 > 0.0 { whole as i32 } else { 0 }
    }
}

impl Travel for Estimator {
    fn seconds(&self, from: Position, to: Position) -> u32 {
        u32::try_from(self.between(&Spot::new(from), &Spot::new(to))).unwrap_or(0)
    }

    fn between(&self, from: &Spot, to: &Spot) -> i32 {
        let drive = self.curve().seconds(from.chord2(to));
        if from.land == to.land { drive } else { self.across(drive, from.land, to.land) }
    }

    fn legs(&self, site: &Spot, places: &Places, which: Range<usize>, legs: &mut Legs) {
        let curve = self.curve();
        let [x, y, z] = site.vector;
        let axes = places.planes();
        let fill = |out: &mut [i32], which: Range<usize>| {
            let [px, py, pz] = axes.map(|axis| &axis[which.clone()]);
            for (((leg, px), py), pz) in out[which].iter_mut().zip(px).zip(py).zip(pz) {
                *leg = curve.seconds(square_sum(px - x, py - y, pz - z));
            }
        };
        fill(&mut legs.to_site, 0..1);
        fill(&mut legs.to_site, which.clone());
        if !places.are_all_on(site.land) {
            for number in (0..1).chain(which.clone().filter(|number| *number > 0)) {
                legs.to_site[number] = self.across(legs.to_site[number], places.land(number), site.land);
            }
        }
        legs.from_site[0] = legs.to_site[0];
        legs.from_site[which.clone()].copy_from_slice(&legs.to_site[which]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crossings::Crossing;

    fn at(lat: f64, lon: f64) -> Position {
        Position::new(lat, lon).unwrap()
    }

    #[test]
    fn drives_are_about_as_long_as_people_know_them() {
        let estimator = Estimator::default();
        let minutes = |from, to| estimator.seconds(from, to) / 60;
        let (paris, batignolles, versailles, lyon) =
            (at(48.8566, 2.3522), at(48.8838, 2.3220), at(48.8014, 2.1301), at(45.7640, 4.8357));
        assert_eq!(estimator.seconds(paris, paris), 0);
        assert!((10..25).contains(&minutes(paris, batignolles)), "{}", minutes(paris, batignolles));
        assert!((30..60).contains(&minutes(paris, versailles)), "{}", minutes(paris, versailles));
        assert!((260..420).contains(&minutes(paris, lyon)), "{}", minutes(paris, lyon));
        assert_eq!(estimator.check(), []);
    }

    #[test]
    fn the_distance_is_that_of_the_great_circle() {
        // At one speed throughout, seconds are metres.
        let metres = Estimator {
            winding: 1.0,
            town_kmh: 3.6,
            road_kmh: 3.6,
            highway_kmh: 3.6,
            access_seconds: 0,
            crossings: Crossings::default(),
        };
        let pairs = [
            ((48.85, 2.35), (50.63, 3.06)),
            ((48.85, 2.35), (48.8502, 2.3501)),
            ((-21.1, 55.5), (-20.9, 55.3)),
            ((41.9, 12.5), (44.9, 6.1)),
            ((0.0, -179.9), (0.0, 179.9)),
            ((48.85, 2.35), (36.75, 3.05)),
        ];
        for (from, to) in pairs {
            let (from, to) = (at(from.0, from.1), at(to.0, to.1));
            let exact = from.distance_m(to);
            let estimated = f64::from(metres.seconds(from, to));
            assert!((estimated - exact).abs() < exact / 1000.0 + 2.0, "{estimated} for {exact}");
        }
    }

    const QUIBERON: (f64, f64) = (47.4837, -3.1199);
    const LE_PALAIS: (f64, f64) = (47.3463, -3.1558);

    fn with_crossing(one: &str, other: &str, minutes: u32) -> Estimator {
        let crossing = Crossing { between: [one.to_owned(), other.to_owned()], minutes };
        Estimator { crossings: vec![crossing].into(), ..Estimator::default() }
    }

    #[test]
    fn no_drive_crosses_water_without_a_bridge_or_a_crossing() {
        let estimator = Estimator::default();
        let drive = |from: (f64, f64), to: (f64, f64)| estimator.seconds(at(from.0, from.1), at(to.0, to.1));
        let none = u32::try_from(MAX_DRIVE_SECONDS).unwrap();
        for (from, to) in [
            (QUIBERON, LE_PALAIS),
            ((43.7032, 7.2661), (42.5679, 8.7569)),         // Nice, Calvi
            ((48.7238, -3.9871), (48.7477, -4.0142)),       // Roscoff, Batz
            ((15.9757, -61.6451), (15.8663, -61.5827)),     // Trois-Rivières, Terre-de-Haut
            ((-12.7823, 45.2288), (-12.7783, 45.2837)),     // Mamoudzou, Dzaoudzi
            ((-17.5373, -149.5665), (-17.5112, -149.7850)), // Papeete, Moorea
            ((-14.3066, -178.1188), (-13.2988, -176.2205)), // Futuna, Wallis
        ] {
            assert_eq!((drive(from, to), drive(to, from)), (none, none), "{from:?} {to:?}");
        }
        for (from, to) in [
            (LE_PALAIS, (47.3711, -3.2243)),            // Sauzon, on the same island
            ((46.1603, -1.1511), (46.2031, -1.3675)),   // La Rochelle, Ré
            ((45.8500, -1.1000), (45.9437, -1.3059)),   // Marennes, Oléron
            ((46.8500, -1.8800), (47.0046, -2.2415)),   // Challans, Noirmoutier
            ((16.2422, -61.5343), (15.9985, -61.7255)), // Grande-Terre, Basse-Terre
            ((42.6977, 9.4508), (41.9192, 8.7386)),     // Bastia, Ajaccio
        ] {
            assert!((600..4 * 3600).contains(&drive(from, to)), "{from:?} {to:?}: {}", drive(from, to));
        }
    }

    #[test]
    fn a_configured_crossing_adds_its_time_to_the_drive() {
        let (quiberon, le_palais) = (at(QUIBERON.0, QUIBERON.1), at(LE_PALAIS.0, LE_PALAIS.1));
        let ferry = with_crossing("belle-ile", "metropole", 90);
        let sum = ferry.seconds(quiberon, le_palais);
        assert_eq!(sum, ferry.seconds(le_palais, quiberon));
        assert!((90 * 60 + 600..90 * 60 + 3600).contains(&sum), "{sum}");
        // It leads to no other island.
        assert_eq!(ferry.seconds(quiberon, at(47.6389, -3.4543)), u32::try_from(MAX_DRIVE_SECONDS).unwrap());
        assert_eq!(ferry.check(), []);
        let json = serde_json::to_string(&ferry).unwrap();
        assert_eq!(serde_json::from_str::<Estimator>(&json).unwrap(), ferry);
    }

    #[test]
    fn many_at_a_time_across_water_are_the_same_as_one_alone() {
        let around: Vec<Position> = (0..40_u32)
            .map(|step| at(47.25 + f64::from(step % 8) * 0.05, -3.45 + f64::from(step / 8) * 0.12))
            .collect();
        let spots: Vec<Spot> = around.iter().copied().map(Spot::new).collect();
        let lands: std::collections::BTreeSet<_> = spots.iter().map(|spot| spot.land).collect();
        assert!(lands.len() >= 3, "{lands:?}");
        for estimator in [Estimator::default(), with_crossing("metropole", "belle-ile", 45)] {
            for places in [&spots[..], &spots[..1], &[]] {
                let places = Places::new(places);
                for site in spots.iter().filter(|_| !places.is_empty()) {
                    let mut legs = Legs::default();
                    legs.fit(places.len());
                    estimator.legs(site, &places, 1..places.len(), &mut legs);
                    for (number, spot) in spots.iter().enumerate().take(places.len()) {
                        let alone = drive(estimator.seconds(places.position(number), site.position));
                        assert_eq!((legs.to_site[number], legs.from_site[number]), (alone, alone), "{number}");
                        assert_eq!(estimator.between(site, spot), alone);
                    }
                }
            }
        }
    }

    #[test]
    fn many_at_a_time_and_one_alone_are_the_same_to_the_second() {
        let estimator = Estimator::default();
        let place = |number: u16| at(48.1 + f64::from(number) * 0.037, 1.2 + f64::from(number).powi(2) * 0.0019);
        let spots: Vec<Spot> = (0..61).map(place).map(Spot::new).collect();
        let places = Places::new(&spots);
        let site = Spot::new(at(48.8566, 2.3522));
        let mut legs = Legs::default();
        legs.fit(places.len());
        estimator.legs(&site, &places, 1..places.len(), &mut legs);
        for number in 0..places.len() {
            let alone = estimator.seconds(places.position(number), site.position);
            assert_eq!(u32::try_from(legs.to_site[number]).unwrap(), alone);
            assert_eq!(
                u32::try_from(legs.from_site[number]).unwrap(),
                estimator.seconds(site.position, places.position(number))
            );
            assert_eq!(
                estimator.between(&spots[0], &spots[number]),
                i32::try_from(estimator.seconds(places.position(0), places.position(number))).unwrap()
            );
        }
    }
}
