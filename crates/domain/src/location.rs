//! A claim's free-form location as a postal address.

use crate::claim::Location;
use crate::geo::PostalAddress;

/// Characters in one line of a postal address (partner API v0.9.1).
const LINE: usize = 38;
/// Lines of a street address.
const LINES: usize = 4;

/// Country names that meet us in French claims, with their ISO 3166-1 codes.
const COUNTRIES: [(&str, &str); 12] = [
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
    /// The location as a postal address: the street broken into lines of 38 characters at spaces.
    ///
    /// `None` when it cannot be written as one: a street beyond four lines, a postcode beyond five
    /// characters, a town beyond 32, or a country that is neither a two-letter code nor a known name.
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
        let country = self.country.trim();
        let named = country.to_lowercase();
        let country_code = if country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            country.to_ascii_uppercase()
        } else {
            COUNTRIES.iter().find(|(name, _)| *name == named)?.1.to_owned()
        };
        let mut lines = fold(&self.address)?.into_iter();
        let street1 = lines.next()?;
        let fits = |text: &str, most: usize| !text.is_empty() && text.chars().count() <= most;
        let (zip_code, city) = (self.zipcode.trim(), self.city.trim());
        (fits(zip_code, 5) && fits(city, 32)).then(|| PostalAddress {
            street1,
            more_lines: lines.collect(),
            zip_code: zip_code.to_owned(),
            city: city.to_owned(),
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
    }

    #[test]
    fn what_no_postal_address_can_hold_is_none() {
        assert_eq!(at("10 Downing Street", "SW1A 2AA", "GB"), None);
        assert_eq!(at("", "75017", "fr"), None);
        assert_eq!(at("1 rue", "75017", "Atlantide"), None);
        assert_eq!(at(&"x".repeat(39), "75017", "FR"), None);
    }
}
