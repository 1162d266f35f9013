//! What the service answers: `GeoCodeJSON`, of which little is read.

use constat_domain::geo::{Position, department_of_postcode};
use serde::Deserialize;

/// A list of places, the best first.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    features: Vec<Feature>,
}

#[derive(Debug, Deserialize)]
struct Feature {
    geometry: Geometry,
    properties: Properties,
}

#[derive(Debug, Deserialize)]
struct Geometry {
    /// Longitude, latitude.
    coordinates: Vec<f64>,
}

#[derive(Debug, Deserialize)]
struct Properties {
    /// 0 to 1.
    score: f64,
    /// `housenumber`, `street`, `locality` or `municipality`.
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    postcode: Option<String>,
}

impl Answer {
    /// The position of the best place, if it is sure enough, finer than a town (whose position the
    /// gazetteer knows), and where the postcode says: in that very postcode where it is an ordinary
    /// one, else in its département.
    pub fn position(&self, zip: &str, is_ordinary: bool, minimum_score: f64) -> Option<Position> {
        let Feature { geometry, properties } = self.features.first()?;
        let fine = matches!(properties.kind.as_str(), "housenumber" | "street" | "locality");
        let postcode = properties.postcode.as_deref()?;
        let there = if is_ordinary {
            postcode == zip
        } else {
            department_of_postcode(zip).is_some_and(|wanted| department_of_postcode(postcode) == Some(wanted))
        };
        if !fine || !there || properties.score < minimum_score {
            return None;
        }
        match geometry.coordinates[..] {
            [lon, lat, ..] => Position::new(lat, lon),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(kind: &str, score: f64, postcode: &str) -> Answer {
        serde_json::from_value(json!({
            "type": "FeatureCollection",
            "features": [{
                "type": "Feature",
                "geometry": { "type": "Point", "coordinates": [2.319_462, 48.881_822] },
                "properties": { "label": "somewhere", "score": score, "type": kind, "postcode": postcode }
            }]
        }))
        .unwrap()
    }

    #[test]
    fn a_sure_answer_in_the_right_place_is_taken() {
        let found = Position::new(48.881_822, 2.319_462);
        assert_eq!(answer("housenumber", 0.97, "75017").position("75017", true, 0.5), found);
        assert_eq!(answer("street", 0.5, "75017").position("75017", true, 0.5), found);
        assert_eq!(answer("street", 0.49, "75017").position("75017", true, 0.5), None);
        assert_eq!(answer("municipality", 1.0, "75017").position("75017", true, 0.5), None);
        assert_eq!(answer("housenumber", 0.97, "75018").position("75017", true, 0.5), None);
        // A CEDEX postcode tells the département only.
        assert_eq!(answer("housenumber", 0.97, "75018").position("75880", false, 0.5), found);
        assert_eq!(answer("housenumber", 0.97, "69003").position("75880", false, 0.5), None);
    }

    #[test]
    fn an_answer_without_a_usable_place_is_none() {
        let read = |value| serde_json::from_value::<Answer>(value).unwrap().position("75017", true, 0.5);
        assert_eq!(read(json!({ "features": [] })), None);
        for coordinates in [json!([]), json!([2.3]), json!([2.3, 91.0])] {
            let properties = json!({ "score": 1, "type": "street", "postcode": "75017" });
            assert_eq!(
                read(json!({ "features": [{ "geometry": { "coordinates": coordinates }, "properties": properties }] })),
                None
            );
        }
    }
}
