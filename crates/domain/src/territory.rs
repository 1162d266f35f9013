//! Where France lies: boxes of latitude and longitude, to tell a slip in a position from a place.

use crate::geo::{Position, PostalAddress};

/// A box of degrees with the codes of the départements in it.
struct Territory {
    /// What it is called in a message.
    name: &'static str,
    /// Département codes, as [`PostalAddress::department`] gives them; empty for the mainland with Corsica.
    departments: &'static [&'static str],
    /// ISO 3166-1 codes of these territories.
    countries: &'static [&'static str],
    lat: (f64, f64),
    lon: (f64, f64),
}

/// Half a degree or so beyond the coasts, so that no island is left out.
const TERRITORIES: [Territory; 11] = [
    Territory { name: "mainland France", departments: &[], countries: &[], lat: (41.0, 51.4), lon: (-5.6, 10.0) },
    // One box for three: some postcodes do not distinguish them.
    Territory {
        name: "Guadeloupe, Saint-Barthélemy or Saint-Martin",
        departments: &["971", "977", "978"],
        countries: &["GP", "BL", "MF"],
        lat: (15.5, 18.4),
        lon: (-63.5, -60.7),
    },
    Territory { name: "Martinique", departments: &["972"], countries: &["MQ"], lat: (14.2, 15.1), lon: (-61.5, -60.5) },
    Territory { name: "Guyane", departments: &["973"], countries: &["GF"], lat: (2.0, 6.2), lon: (-54.9, -51.3) },
    Territory {
        name: "La Réunion", departments: &["974"], countries: &["RE"], lat: (-21.7, -20.6), lon: (55.0, 56.1)
    },
    Territory {
        name: "Saint-Pierre-et-Miquelon",
        departments: &["975"],
        countries: &["PM"],
        lat: (46.5, 47.4),
        lon: (-56.8, -55.8),
    },
    Territory { name: "Mayotte", departments: &["976"], countries: &["YT"], lat: (-13.3, -12.4), lon: (44.7, 45.5) },
    Territory {
        name: "the Terres australes et antarctiques",
        departments: &["984"],
        countries: &["TF"],
        lat: (-90.0, -11.0),
        lon: (39.0, 143.0),
    },
    Territory {
        name: "Wallis-et-Futuna",
        departments: &["986"],
        countries: &["WF"],
        lat: (-14.9, -12.7),
        lon: (-178.8, -175.6),
    },
    Territory {
        name: "Polynésie française",
        departments: &["987"],
        countries: &["PF"],
        lat: (-28.5, -7.0),
        lon: (-155.5, -133.5),
    },
    Territory {
        name: "Nouvelle-Calédonie",
        departments: &["988"],
        countries: &["NC"],
        lat: (-23.5, -17.5),
        lon: (157.5, 172.5),
    },
];

impl Territory {
    fn holds(&self, position: Position) -> bool {
        (self.lat.0..=self.lat.1).contains(&position.lat) && (self.lon.0..=self.lon.1).contains(&position.lon)
    }
}

/// What is wrong with a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misplaced {
    /// Latitude and longitude stand for each other.
    Swapped,
    /// It lies outside the territory of the address.
    Outside(&'static str),
}

impl Misplaced {
    /// What to tell the caller.
    pub fn message(self, position: Position) -> String {
        match self {
            Self::Swapped => {
                format!("latitude and longitude swapped? Expected lat {}, long {}", position.lon, position.lat)
            }
            Self::Outside(territory) => {
                format!("lies outside {territory}, where the address is: correct the position or leave it out")
            }
        }
    }
}

/// What is wrong with a position for an address in France, mainland or overseas; `None` when nothing is, or when
/// the address is in another country.
///
/// ```
/// # use constat_domain::geo::{PostalAddress, Position};
/// # use constat_domain::territory::{Misplaced, misplaced};
/// let address = PostalAddress {
///     street1: "1 rue Michelet".into(), more_lines: Vec::new(), zip_code: "75017".into(), city: "Paris".into(),
///     country_code: "FR".into(), country: None, state: None,
/// };
/// let swapped = Position::new(2.35, 48.85).unwrap();
/// assert_eq!(misplaced(swapped, &address), Some(Misplaced::Swapped));
/// ```
pub fn misplaced(position: Position, address: &PostalAddress) -> Option<Misplaced> {
    let candidates = territories_of(address)?;
    let lies_in = |position: Position| candidates.iter().any(|territory| territory.holds(position));
    if lies_in(position) {
        return None;
    }
    let swapped = Position::new(position.lon, position.lat).is_some_and(lies_in);
    let name = if let [only] = candidates.as_slice() { only.name } else { "France" };
    Some(if swapped { Misplaced::Swapped } else { Misplaced::Outside(name) })
}

/// True when latitude and longitude seem to stand for each other: the position lies outside all of France, and
/// within it the other way round.
pub fn is_swapped(position: Position) -> bool {
    // No expert lives in the southern lands, whose box is so large that it holds other places the wrong way round.
    let mut inhabited = TERRITORIES.iter().filter(|territory| !territory.countries.contains(&"TF"));
    let mut swapped_inside = false;
    let swapped = Position::new(position.lon, position.lat);
    let lies_inside = inhabited.any(|territory| {
        swapped_inside |= swapped.is_some_and(|swapped| territory.holds(swapped));
        territory.holds(position)
    });
    !lies_inside && swapped_inside
}

/// The territories that an address may lie in; `None` for another country.
fn territories_of(address: &PostalAddress) -> Option<Vec<&'static Territory>> {
    let country = address.country_code.as_str();
    if let Some(own) = TERRITORIES.iter().find(|territory| territory.countries.contains(&country)) {
        return Some(vec![own]);
    }
    if country != "FR" {
        return None;
    }
    let Some(department) = address.department() else { return Some(TERRITORIES.iter().collect()) };
    let own = TERRITORIES.iter().find(|territory| territory.departments.contains(&department.as_str()));
    Some(vec![own.unwrap_or(&TERRITORIES[0])])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gazetteer::Gazetteer;

    fn address(country: &str, zip: &str) -> PostalAddress {
        PostalAddress {
            street1: "1 rue".to_owned(),
            more_lines: Vec::new(),
            zip_code: zip.to_owned(),
            city: "Ville".to_owned(),
            country_code: country.to_owned(),
            country: None,
            state: None,
        }
    }

    fn at(lat: f64, lon: f64) -> Position {
        Position::new(lat, lon).unwrap()
    }

    #[test]
    fn every_commune_lies_in_the_territory_of_its_postcodes_and_not_the_other_way_round() {
        for commune in Gazetteer::embedded().communes() {
            let Position { lat, lon } = commune.position;
            for zip in commune.postcodes() {
                assert_eq!(misplaced(commune.position, &address("FR", zip)), None, "{commune:?}");
                if let Some(swapped) = Position::new(lon, lat) {
                    assert_eq!(misplaced(swapped, &address("FR", zip)), Some(Misplaced::Swapped), "{commune:?}");
                    assert!(is_swapped(swapped), "{commune:?}");
                }
            }
            assert!(!is_swapped(commune.position), "{commune:?}");
        }
    }

    #[test]
    fn a_position_outside_the_territory_of_the_address_is_named() {
        let outside = |lat, lon, country: &str, zip: &str| misplaced(at(lat, lon), &address(country, zip));
        assert_eq!(outside(48.85, 2.35, "FR", "97400"), Some(Misplaced::Outside("La Réunion")));
        assert_eq!(outside(-20.88, 55.45, "FR", "75017"), Some(Misplaced::Outside("mainland France")));
        assert_eq!(outside(40.41, -3.70, "FR", "64000"), Some(Misplaced::Outside("mainland France")));
        assert_eq!(outside(0.0, 0.0, "FR", "F-75"), Some(Misplaced::Outside("France")));
        assert_eq!(outside(48.85, 2.35, "RE", "97400"), Some(Misplaced::Outside("La Réunion")));
        assert_eq!(outside(55.45, -20.88, "FR", "97400"), Some(Misplaced::Swapped));
        assert_eq!(outside(55.45, -20.88, "RE", ""), Some(Misplaced::Swapped));
        assert_eq!(outside(17.9, -62.85, "FR", "97133"), None);
        // CEDEX codes of La Réunion begin like those of Saint-Barthélemy and Saint-Martin.
        for zip in ["97744", "97801", "97400"] {
            assert_eq!(outside(-20.88, 55.45, "FR", zip), None, "{zip}");
            assert_eq!(outside(16.25, -61.55, "FR", zip), Some(Misplaced::Outside("La Réunion")), "{zip}");
        }
        assert_eq!(outside(18.07, -63.08, "FR", "97150"), None);
        assert_eq!(outside(41.92, 8.73, "FR", "20700"), None);
        assert_eq!(outside(51.5, -0.12, "GB", "SW1A"), None, "another country");
        assert!(!is_swapped(at(51.5, -0.12)) && !is_swapped(at(50.85, 4.35)));
        assert!(is_swapped(at(2.35, 48.85)));
    }
}
