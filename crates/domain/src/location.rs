//! Addresses as people write them: a claim's free-form location as a postal address, both in one spelling,
//! and the département that they lie in.

use crate::claim::Location;
use crate::country::{Country, EXPECTED_COUNTRY};
use crate::gazetteer::{Commune, Gazetteer};
use crate::geo::{PostalAddress, department_of_postcode};
use crate::postcode::{self, PostcodeFault};
use crate::refusal::FieldError;

/// Characters in one line of a postal address (partner API v0.9.1).
const LINE: usize = 38;
/// Lines of a street address.
const LINES: usize = 4;
/// Characters of a postcode (partner API v0.9.1).
const ZIP: usize = 5;
/// Characters of a town (partner API v0.9.1).
const CITY: usize = 32;

impl Location {
    /// Its country, when it is known. No country at all is France.
    pub fn country(&self) -> Option<&'static Country> {
        if self.country.trim().is_empty() { Country::read("FR") } else { Country::read(&self.country) }
    }

    /// The ISO 3166-1 alpha-2 code of its country, when it is known: `RE` for La Réunion.
    pub fn country_code(&self) -> Option<&'static str> {
        self.country().map(|country| country.alpha2)
    }

    /// Writes country and postcode in one way: an alpha-2 code or the French name of the country, and of a
    /// French postcode its five digits.
    ///
    /// # Errors
    /// What is unknown or ambiguous, by field: `country`, `zipcode`. Nothing is changed then.
    pub fn normalise(&mut self) -> Result<(), Vec<FieldError>> {
        let Some(country) = self.country() else {
            return Err(vec![FieldError::new("country", EXPECTED_COUNTRY)]);
        };
        let zipcode = postcode::read(&self.zipcode, country);
        self.zipcode = zipcode.map_err(|fault| vec![FieldError::new("zipcode", fault.to_string())])?;
        country.kept_as(&self.country).clone_into(&mut self.country);
        Ok(())
    }

    /// The code of the département that it lies in, by postcode and town, or by the country where these do
    /// not tell: `RE` is `974`. `None` abroad, and where nothing tells.
    pub fn department(&self) -> Option<String> {
        department(self.country()?, &self.zipcode, &self.city)
    }

    /// The location as a postal address: the street split at spaces into lines of 38 characters, the town's name
    /// cut at 32, where the postcode still identifies it.
    ///
    /// `None` when it does not fit: a street of more than four lines, a postcode of more than five characters, or
    /// an unknown country. The overseas territories of France count as France, and so does a missing country.
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
        let country = self.country()?;
        let mut lines = fold(&self.address)?.into_iter();
        let street1 = lines.next()?;
        let zip_code =
            postcode::read(self.zipcode.trim(), country).unwrap_or_else(|_fault| self.zipcode.trim().to_owned());
        let city: String = self.city.trim().chars().take(CITY).collect();
        let complete = !zip_code.is_empty() && zip_code.chars().count() <= ZIP && !city.is_empty();
        complete.then(|| PostalAddress {
            street1,
            more_lines: lines.collect(),
            zip_code,
            city,
            country_code: country.postal_code().to_owned(),
            country: None,
            state: None,
        })
    }
}

impl PostalAddress {
    /// The code of the département that it lies in: see [`Location::department`].
    pub fn department(&self) -> Option<String> {
        department(Country::read(&self.country_code)?, &self.zip_code, &self.city)
    }

    /// Writes country and postcode in one way: the country's alpha-2 code (`FR` for all of France) and, of a
    /// French postcode, its five digits. A lost first zero is put back where the town has the postcode that
    /// results. What cannot be read stays as it is.
    pub fn normalise(&mut self) {
        let Some(country) = Country::read(&self.country_code) else { return };
        match postcode::read(&self.zip_code, country) {
            Ok(zip) => self.zip_code = zip,
            Err(PostcodeFault::LostZero(meant)) if Gazetteer::embedded().serves(&meant, &self.city) => {
                self.zip_code = meant;
            }
            // The territory's own code must not hide that the postcode lies elsewhere.
            Err(_unreadable) => return,
        }
        country.postal_code().clone_into(&mut self.country_code);
    }
}

fn department(country: &Country, zipcode: &str, city: &str) -> Option<String> {
    if !country.is_french() {
        return None;
    }
    let written = zipcode.trim();
    let zip = postcode::read_french(written).unwrap_or_else(|_fault| written.to_owned());
    let commune = Gazetteer::embedded().locate(&zip, Some(city)).map(Commune::department);
    let told = commune.map(str::to_owned).or_else(|| department_of_postcode(&zip));
    // Where an overseas territory's name contradicts a mainland postcode, the name decides.
    let told = told.filter(|told| country.department().is_none() || told.len() == 3);
    told.or_else(|| country.department().map(str::to_owned))
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
    fn overseas_and_spaced_postcodes_become_postal_addresses_of_france() {
        let address = at("1 rue de Paris", "97 400", "La Réunion").unwrap();
        assert_eq!((address.zip_code.as_str(), address.country_code.as_str()), ("97400", "FR"));
        assert_eq!(at("1 rue", "F-75012", "France métropolitaine").unwrap().zip_code, "75012");
        assert_eq!(at("1 rue", "97133", "BLM").unwrap().country_code, "FR");
    }

    #[test]
    fn country_and_postcode_are_normalised_or_the_field_is_named() {
        let normalised = |zipcode: &str, country: &str| {
            let (address, city) = ("1 rue".to_owned(), "Paris".to_owned());
            let mut location = Location { address, city, country: country.to_owned(), zipcode: zipcode.to_owned() };
            let faults = location.normalise().err().unwrap_or_default();
            let fields: Vec<String> = faults.into_iter().map(|fault| fault.field).collect();
            (location.zipcode, location.country, fields.join(" "))
        };
        let good = |zipcode: &str, country: &str| (zipcode.to_owned(), country.to_owned(), String::new());
        assert_eq!(normalised("75 012", "FRA"), good("75012", "FR"));
        assert_eq!(normalised("75012", "France"), good("75012", "France"));
        assert_eq!(normalised("97410", "reunion"), good("97410", "La Réunion"));
        assert_eq!(normalised("1000", "Belgium"), good("1000", "Belgique"));
        let bad = |zipcode: &str, country: &str, field: &str| {
            assert_eq!(normalised(zipcode, country), (zipcode.to_owned(), country.to_owned(), field.to_owned()));
        };
        bad("1000", "France", "zipcode");
        bad("abcde", "RE", "zipcode");
        bad("75012", "Atlantide", "country");
        bad("75012", "Mayotte", "zipcode");
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
