//! A claim's free-form location as a postal address.

use crate::claim::Location;
use crate::geo::PostalAddress;

/// Characters in one line of a postal address (partner API v0.9.1).
const LINE: usize = 38;
/// Lines of a street address.
const LINES: usize = 4;
/// Characters of a postcode (partner API v0.9.1).
const ZIP: usize = 5;
/// Characters of a town (partner API v0.9.1).
const CITY: usize = 32;

/// Country names that meet us in French claims, with their ISO 3166-1 codes.
const COUNTRIES: [(&str, &str); 13] = [
    ("", "FR"),
    ("france", "FR"),
    ("belgique", "BE"),
    ("belgium", "BE"),
    ("suisse", "CH"),
    ("switzerland", "CH"),
    ("luxembourg", "LU"),
    ("espagne", "ES"),
    ("spain", "ES"),
    ("italie", "IT"),
    ("italy", "IT"),
    ("allemagne", "DE"),
    ("monaco", "MC"),
];

impl Location {
    /// The ISO 3166-1 alpha-2 code of its country, when that is one or a name that is known. No country
    /// at all is France.
    pub fn country_code(&self) -> Option<String> {
        let country = self.country.trim();
        if country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Some(country.to_ascii_uppercase());
        }
        let named = country.to_lowercase();
        COUNTRIES.iter().find(|(name, _)| *name == named).map(|(_, code)| (*code).to_owned())
    }

    /// The location as a postal address: the street broken into lines of 38 characters at spaces, the
    /// town's name cut at 32, where the postcode still tells it.
    ///
    /// `None` when it cannot be written as one: a street beyond four lines, of which nobody could say
    /// what to leave out, a postcode beyond five characters, or a country that is neither a two-letter
    /// code nor a known name. No country at all is France.
    ///
    /// ```
    /// # use constat_domain::claim::Location;
    /// let location = Location {
    ///     address: "48 boulevard des Batignolles".into(),
    ///     city: "Paris".into(),
    ///     country: "France".into(),
    ///     zipcode: "75017".into(),
    /// };
    /// let address = location.to_postal().unwrap();
    /// assert_eq!((address.street1.as_str(), address.country_code.as_str()), ("48 boulevard des Batignolles", "FR"));
    /// ```
    pub fn to_postal(&self) -> Option<PostalAddress> {
        let country_code = self.country_code()?;
        let mut lines = fold(&self.address)?.into_iter();
        let street1 = lines.next()?;
        let zip_code = self.zipcode.trim();
        let city: String = self.city.trim().chars().take(CITY).collect();
        let complete = !zip_code.is_empty() && zip_code.chars().count() <= ZIP && !city.is_empty();
        complete.then(|| PostalAddress {
            street1,
            more_lines: lines.collect(),
            zip_code: zip_code.to_owned(),
            city,
            country_code,
            country: None,
            state: None,
        })
    }
}

/// Breaks a text into lines at spaces; `None` when a word or the whole is too long.
fn fold(text: &str) -> Option<Vec<String>> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ if word.chars().count() > LINE => return None,
            _ => lines.push(word.to_owned()),
        }
    }
    (lines.len() <= LINES).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str, zipcode: &str, country: &str) -> Option<PostalAddress> {
        Location { address: address.into(), city: "Paris".into(), country: country.into(), zipcode: zipcode.into() }
            .to_postal()
    }

    #[test]
    fn a_long_street_goes_on_the_next_lines() {
        let address =
            at("Résidence des Grands Boulevards, bâtiment C, 48 boulevard des Batignolles", "75017", "FRANCE").unwrap();
        assert_eq!(address.street1, "Résidence des Grands Boulevards,");
        assert_eq!(address.more_lines, ["bâtiment C, 48 boulevard des", "Batignolles"]);
        let long = "Résidence des Quatre Vents, bâtiment C, escalier 2, 48 boulevard des Batignolles";
        let address = at(long, "75017", "France").unwrap();
        assert_eq!(address.street1, "Résidence des Quatre Vents, bâtiment");
        assert!(address.more_lines.iter().all(|line| line.chars().count() <= LINE));
        assert_eq!(address.more_lines.concat().replace(' ', ""), "C,escalier2,48boulevarddesBatignolles");
    }

    #[test]
    fn the_longest_town_of_france_is_cut_to_what_a_partner_takes() {
        let town = Location {
            address: "1 place de l'Église".to_owned(),
            city: "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson".to_owned(),
            country: String::new(),
            zipcode: "51290".to_owned(),
        };
        let address = town.to_postal().unwrap();
        assert_eq!((address.city.as_str(), address.country_code.as_str()), ("Saint-Remy-en-Bouzemont-Saint-Ge", "FR"));
    }

    #[test]
    fn what_no_postal_address_can_hold_is_none() {
        assert_eq!(at("10 Downing Street", "SW1A 2AA", "GB"), None);
        assert_eq!(at("Rue Haute 1", "1000", "be").unwrap().country_code, "BE");
        assert_eq!(at("Rue Haute 1", "1000", "Royaume de Belgique"), None);
        assert_eq!(at(" ", "75017", "FR"), None);
        assert_eq!(at("", "75017", "fr"), None);
        assert_eq!(at("1 rue", "75017", "Atlantide"), None);
        assert_eq!(at(&"x".repeat(39), "75017", "FR"), None);
    }
}
