//! Places on Earth: positions, postal addresses, and the département a French postcode lies in.

use serde::{Deserialize, Serialize};

use crate::text::place_key;

/// A WGS 84 position in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Latitude, -90 to 90.
    pub lat: f64,
    /// Longitude, -180 to 180.
    pub lon: f64,
}

impl Position {
    /// A position, or `None` when it lies outside the world.
    pub fn new(lat: f64, lon: f64) -> Option<Self> {
        ((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon)).then_some(Self { lat, lon })
    }

    /// Great-circle distance in metres on a sphere of mean Earth radius 6 371 008.8 m (IUGG).
    pub fn distance_m(self, other: Self) -> f64 {
        let (lat1, lat2) = (self.lat.to_radians(), other.lat.to_radians());
        let half_lat = (lat2 - lat1) / 2.0;
        let half_lon = (other.lon - self.lon).to_radians() / 2.0;
        let chord = half_lat.sin().powi(2) + lat1.cos() * lat2.cos() * half_lon.sin().powi(2);
        2.0 * 6_371_008.8 * chord.sqrt().min(1.0).asin()
    }
}

/// A postal address as the partner contract writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalAddress {
    /// First line: number and street, 38 characters at most.
    pub street1: String,
    /// Second to fourth lines, 38 characters each at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_lines: Vec<String>,
    /// Postcode, 5 characters at most.
    pub zip_code: String,
    /// Town, 32 characters at most.
    pub city: String,
    /// ISO 3166-1 alpha-2 code, `FR` by default.
    pub country_code: String,
    /// Country name, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// State or region, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl PostalAddress {
    /// A key under which spellings of one address meet: first line, postcode and town, without
    /// accents, capitals and punctuation.
    ///
    /// ```
    /// # use constat_domain::geo::PostalAddress;
    /// let at = |street1: &str, city: &str| PostalAddress {
    ///     street1: street1.into(), more_lines: Vec::new(), zip_code: "42000".into(), city: city.into(),
    ///     country_code: "FR".into(), country: None, state: None,
    /// };
    /// assert_eq!(at("1, rue Michelet", "ST ETIENNE").spelling_key(), at("1 RUE MICHELET", "Saint-Étienne").spelling_key());
    /// ```
    pub fn spelling_key(&self) -> String {
        [&self.street1, &self.zip_code, &self.city].map(|part| place_key(part)).join("|")
    }
}

/// Where a visit takes place: an address, and a position once it is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The address.
    pub address: PostalAddress,
    /// The position; `None` until it is geocoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// The département code of a French postcode of five digits: `75`, `2A`, `974`. `None` when it is not one.
///
/// La Réunion's CEDEX codes begin with 977 and 978; Saint-Barthélemy (977) and Saint-Martin (978) have
/// postcodes that begin like Guadeloupe's. A few communes are served from a neighbouring département's post
/// office: the gazetteer knows the commune's own département and is asked first where that matters.
///
/// ```
/// # use constat_domain::geo::department_of_postcode as department;
/// assert_eq!(department("75017"), Some("75".to_owned()));
/// assert_eq!(department("20200"), Some("2B".to_owned()));
/// assert_eq!(department("97410"), Some("974".to_owned()));
/// assert_eq!(department("97744"), Some("974".to_owned()));
/// assert_eq!(department("97133"), Some("977".to_owned()));
/// assert_eq!(department("20700"), Some("2A".to_owned()));
/// assert_eq!(department("SW1A"), None);
/// ```
pub fn department_of_postcode(postcode: &str) -> Option<String> {
    crate::postcode::department(postcode).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paris_to_marseille_is_661_km() {
        let paris = Position::new(48.8566, 2.3522).unwrap();
        let marseille = Position::new(43.2965, 5.3698).unwrap();
        assert!((paris.distance_m(marseille) / 1000.0 - 660.5).abs() < 1.0);
        assert_eq!(Position::new(91.0, 0.0), None);
        assert_eq!(Position::new(0.0, f64::NAN), None);
    }
}
