//! Postal addresses, positions, and places made of both.

use constat_domain::country::{Country, EXPECTED_COUNTRY};
use constat_domain::geo;
use constat_domain::postcode::{self, PostcodeFault};
use constat_domain::territory::misplaced;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Checker;

/// A postal address, in the line lengths of French mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostalAddress {
    /// Number and street.
    #[schemars(length(min = 1, max = 38), example = &"48 boulevard des Batignolles")]
    pub street1: String,
    /// Second line: building, staircase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 38))]
    pub street2: Option<String>,
    /// Third line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 38))]
    pub street3: Option<String>,
    /// Fourth line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 38))]
    pub street4: Option<String>,
    /// Postcode.
    #[schemars(length(min = 1, max = 5), example = &"75017")]
    pub zip_code: String,
    /// Town.
    #[schemars(length(min = 1, max = 32), example = &"Paris")]
    pub city: String,
    /// ISO 3166-1 alpha-2 code of the country.
    #[serde(default = "france")]
    #[schemars(regex(pattern = "^[A-Z]{2}$"), example = &"FR")]
    pub country_code: String,
    /// Name of the country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub country: Option<String>,
    /// State or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub state: Option<String>,
}

fn france() -> String {
    "FR".to_owned()
}

impl PostalAddress {
    /// Notes every line that is too long or empty, an unknown country, a postcode that cannot be read, and
    /// reads the address. The country may also be written as its name or three letters, a French postcode
    /// with spaces or `F-`; all of France becomes `FR`.
    pub fn read(&self, checker: &mut Checker) -> geo::PostalAddress {
        checker.name("street1", &self.street1, 1, 38);
        checker.optional_name("street2", self.street2.as_ref(), 38);
        checker.optional_name("street3", self.street3.as_ref(), 38);
        checker.optional_name("street4", self.street4.as_ref(), 38);
        let (country_code, zip_code) = self.read_place(checker);
        checker.name("city", &self.city, 1, 32);
        checker.optional_text("country", self.country.as_ref(), 0, 100);
        checker.optional_text("state", self.state.as_ref(), 0, 100);
        // A line left out between two others keeps its place as an empty one.
        let mut more_lines: Vec<String> = [&self.street2, &self.street3, &self.street4]
            .into_iter()
            .map(|line| line.clone().unwrap_or_default())
            .collect();
        while more_lines.last().is_some_and(String::is_empty) {
            more_lines.pop();
        }
        geo::PostalAddress {
            street1: self.street1.clone(),
            more_lines,
            zip_code,
            city: self.city.clone(),
            country_code,
            country: self.country.clone(),
            state: self.state.clone(),
        }
    }

    /// Country code and postcode in one spelling, as far as they can be read. A French postcode of five digits
    /// that belongs nowhere is let through: a position may tell where the place is.
    fn read_place(&self, checker: &mut Checker) -> (String, String) {
        let as_written = || (self.country_code.clone(), self.zip_code.clone());
        let Some(country) = Country::read(&self.country_code) else {
            checker.fail("countryCode", EXPECTED_COUNTRY);
            checker.text("zipCode", &self.zip_code, 1, 5);
            return as_written();
        };
        let zip_code = match postcode::read(&self.zip_code, country) {
            Ok(zip_code) => zip_code,
            Err(PostcodeFault::Nowhere) => self.zip_code.trim().to_owned(),
            Err(_) if self.zip_code.trim().is_empty() => self.zip_code.clone(),
            Err(fault) => {
                checker.fail("zipCode", fault.to_string());
                return as_written();
            }
        };
        checker.text("zipCode", &zip_code, 1, 5);
        (country.postal_code().to_owned(), zip_code)
    }

    /// Notes a French postcode that belongs to no part of France: for an address that nothing else places.
    pub fn check_known_postcode(&self, checker: &mut Checker) {
        let country = Country::read(&self.country_code);
        if let Some(Err(fault @ PostcodeFault::Nowhere)) =
            country.map(|country| postcode::read(&self.zip_code, country))
        {
            checker.fail("zipCode", fault.to_string());
        }
    }
}

impl From<&geo::PostalAddress> for PostalAddress {
    fn from(address: &geo::PostalAddress) -> Self {
        let line = |index: usize| address.more_lines.get(index).filter(|line| !line.is_empty()).cloned();
        Self {
            street1: address.street1.clone(),
            street2: line(0),
            street3: line(1),
            street4: line(2),
            zip_code: address.zip_code.clone(),
            city: address.city.clone(),
            country_code: address.country_code.clone(),
            country: address.country.clone(),
            state: address.state.clone(),
        }
    }
}

/// A WGS 84 position in degrees, to seven decimals (about one centimetre).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// Latitude.
    #[schemars(range(min = -90, max = 90), example = 48.881_822_1)]
    pub lat: f64,
    /// Longitude.
    #[schemars(range(min = -180, max = 180), example = 2.319_462_3)]
    pub long: f64,
}

impl Position {
    /// Notes a latitude or longitude outside the world, and reads the position.
    pub fn read(&self, checker: &mut Checker) -> Option<geo::Position> {
        checker.number("lat", self.lat, -90.0, 90.0);
        checker.number("long", self.long, -180.0, 180.0);
        geo::Position::new(seven_decimals(self.lat), seven_decimals(self.long))
    }

    /// As [`Position::read`], for a known address: notes a position that cannot be where a French address is.
    pub fn read_at(&self, address: &geo::PostalAddress, checker: &mut Checker) -> Option<geo::Position> {
        let position = self.read(checker)?;
        let Some(fault) = misplaced(position, address) else { return Some(position) };
        let message = fault.message(position);
        checker.fail("lat", message.clone());
        checker.fail("long", message);
        None
    }
}

impl From<geo::Position> for Position {
    fn from(position: geo::Position) -> Self {
        Self { lat: seven_decimals(position.lat), long: seven_decimals(position.lon) }
    }
}

fn seven_decimals(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

/// A place: an address and, when it is known, its position. Without one the server geocodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The postal address.
    pub address: PostalAddress,
    /// The position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

impl Place {
    /// Notes what is wrong with address and position, and reads the place.
    pub fn read(&self, checker: &mut Checker) -> geo::Place {
        let address = checker.object("address", |inner| self.address.read(inner));
        let position =
            self.position.and_then(|position| checker.object("position", |inner| position.read_at(&address, inner)));
        geo::Place { address, position }
    }
}

impl From<&geo::Place> for Place {
    fn from(place: &geo::Place) -> Self {
        Self { address: (&place.address).into(), position: place.position.map(Into::into) }
    }
}
