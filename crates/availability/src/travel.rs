//! How long a drive takes.

use constat_domain::geo::Position;
use serde::{Deserialize, Serialize};

/// Answers how long it takes from one place to another.
///
/// An implementation must be a pure look-up (an adapter that asks a routing server fills its table
/// before the search): the same question gets the same answer within one search and its commit.
pub trait Travel {
    /// Seconds of travel, parking and finding the door included. Zero for the same position.
    fn seconds(&self, from: Position, to: Position) -> u32;
}

/// An estimate without a map: great-circle distance, times a winding factor, at a speed that
/// depends on how far along the way one is.
///
/// The time grows with the distance and each further kilometre costs no more than the one before
/// (while the speeds ascend), so a detour by a third place never looks shorter than the direct way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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
    /// Seconds to park and find the door, once for each drive.
    pub access_seconds: u32,
}

impl Estimator {
    /// Road metres driven at town speed.
    pub const TOWN_M: f64 = 6_000.0;
    /// Road metres from the start after which the highway speed holds.
    pub const ROAD_M: f64 = 40_000.0;
}

impl Default for Estimator {
    fn default() -> Self {
        Self { winding: 1.42, town_kmh: 25.0, road_kmh: 50.0, highway_kmh: 90.0, access_seconds: 240 }
    }
}

impl Travel for Estimator {
    fn seconds(&self, from: Position, to: Position) -> u32 {
        if from == to {
            return 0;
        }
        let road = crow_metres(from, to) * self.winding;
        let town = road.min(Self::TOWN_M);
        let main = (road - Self::TOWN_M).clamp(0.0, Self::ROAD_M - Self::TOWN_M);
        let highway = (road - Self::ROAD_M).max(0.0);
        let drive = 3.6 * (town / self.town_kmh + main / self.road_kmh + highway / self.highway_kmh);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
        let drive = drive.ceil() as u32;
        drive.saturating_add(self.access_seconds)
    }
}

/// Metres as the crow flies: on the local plane while that is exact to a metre or so in a
/// kilometre, else on the sphere.
fn crow_metres(from: Position, to: Position) -> f64 {
    /// One degree of a great circle of the IUGG mean Earth radius, 6 371 008.8 m.
    const DEGREE_M: f64 = 6_371_008.8 * std::f64::consts::PI / 180.0;
    let (north, east) = (to.lat - from.lat, to.lon - from.lon);
    if north.abs() > 3.0 || east.abs() > 3.0 || from.lat.abs() > 75.0 {
        return from.distance_m(to);
    }
    let east = east * f64::midpoint(from.lat, to.lat).to_radians().cos();
    (north * north + east * east).sqrt() * DEGREE_M
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }

    #[test]
    fn the_plane_agrees_with_the_sphere() {
        for (from, to) in [((48.85, 2.35), (50.63, 3.06)), ((-21.1, 55.5), (-20.9, 55.3)), ((42.0, 9.0), (44.9, 6.1))] {
            let (from, to) = (at(from.0, from.1), at(to.0, to.1));
            let exact = from.distance_m(to);
            assert!((crow_metres(from, to) - exact).abs() < exact / 1000.0);
        }
        let (west, east) = (at(0.0, -179.9), at(0.0, 179.9));
        assert!(crow_metres(west, east) < 23_000.0, "across the date line");
    }
}
