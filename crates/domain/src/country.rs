//! Countries as people write them: ISO 3166-1 codes of two or three letters, French and English names.
//!
//! The table is `data/gazetteer/countries.csv` (origin and licence: `data/LICENCES.md`). The twelve
//! overseas territories of France have codes of their own and belong to France here.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text::place_key;

static TEXT: &str = include_str!("../../../data/gazetteer/countries.csv");
static TABLE: LazyLock<Table> = LazyLock::new(Table::read);

/// ISO 3166-1 codes of their own that parts of France have, with the département code.
pub(crate) const OVERSEAS: [(&str, &str); 12] = [
    ("GP", "971"),
    ("MQ", "972"),
    ("GF", "973"),
    ("RE", "974"),
    ("PM", "975"),
    ("YT", "976"),
    ("BL", "977"),
    ("MF", "978"),
    ("TF", "984"),
    ("WF", "986"),
    ("PF", "987"),
    ("NC", "988"),
];

/// What a country field accepts, for the message of a refusal.
pub const EXPECTED_COUNTRY: &str = "unknown country: expected its name in French or English, or its ISO 3166-1 code, such as France, La Réunion, FR or \
     REU";

/// One country or territory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166-1 alpha-2 code: `RE`.
    pub alpha2: &'static str,
    /// ISO 3166-1 alpha-3 code: `REU`.
    pub alpha3: &'static str,
    /// French name: `La Réunion`.
    pub french: &'static str,
    /// English name: `Réunion`.
    pub english: &'static str,
}

struct Table {
    countries: Vec<Country>,
    /// Index into `countries`, by the key of each name and code.
    by_key: HashMap<String, usize>,
}

impl Table {
    fn read() -> Self {
        let (mut countries, mut by_key) = (Vec::new(), HashMap::new());
        for line in TEXT.lines().skip(1) {
            let mut fields = line.split(';');
            let (Some(alpha2), Some(alpha3), Some(french), Some(english)) =
                (fields.next(), fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let also = fields.next().unwrap_or_default().split('|').filter(|name| !name.is_empty());
            for name in [alpha2, alpha3, french, english].into_iter().chain(also) {
                by_key.entry(key(name)).or_insert(countries.len());
            }
            countries.push(Country { alpha2, alpha3, french, english });
        }
        Self { countries, by_key }
    }
}

/// The key under which spellings of one name meet: no accents, capitals, punctuation, nor leading article.
fn key(name: &str) -> String {
    let plain = place_key(name);
    let mut words: Vec<&str> = plain.split_whitespace().collect();
    // Alone they are codes: Andorra and Ethiopia.
    if words.len() > 1 {
        words.retain(|word| !matches!(*word, "and" | "et"));
    }
    let words = match words.as_slice() {
        ["la" | "le" | "les" | "l" | "the", rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    words.join(" ")
}

impl Country {
    /// The country that a code or name stands for. Capitals, accents, hyphens, `St` for `Saint` and a
    /// leading article make no difference. `None` when it is unknown.
    ///
    /// ```
    /// # use constat_domain::country::Country;
    /// for written in ["RE", "reu", "La Réunion", "REUNION", "Île de la Réunion"] {
    ///     assert_eq!(Country::read(written).unwrap().alpha2, "RE");
    /// }
    /// assert_eq!(Country::read("France métropolitaine").unwrap().alpha2, "FR");
    /// assert_eq!(Country::read("Atlantide"), None);
    /// ```
    pub fn read(text: &str) -> Option<&'static Self> {
        let table = &*TABLE;
        table.countries.get(*table.by_key.get(&key(text))?)
    }

    /// All of them, by alpha-2 code.
    pub fn all() -> &'static [Self] {
        &TABLE.countries
    }

    /// Whether it is France or one of its overseas territories.
    pub fn is_french(&self) -> bool {
        self.alpha2 == "FR" || self.department().is_some()
    }

    /// The alpha-2 codes of France and of its parts overseas: the countries whose postcodes the gazetteer has.
    pub fn with_postcodes() -> impl Iterator<Item = &'static str> {
        std::iter::once("FR").chain(OVERSEAS.iter().map(|(code, _)| *code))
    }

    /// The département code of an overseas territory: `974` for La Réunion. `None` for all others.
    pub fn department(&self) -> Option<&'static str> {
        OVERSEAS.iter().find(|(code, _)| *code == self.alpha2).map(|(_, department)| *department)
    }

    /// The code under which postal addresses name it: `FR` for all of France, else the alpha-2 code.
    pub fn postal_code(&self) -> &'static str {
        if self.is_french() { "FR" } else { self.alpha2 }
    }

    /// How a claim keeps it: a code as the alpha-2 code, a name as the French name.
    ///
    /// ```
    /// # use constat_domain::country::Country;
    /// let kept = |written| Country::read(written).unwrap().kept_as(written);
    /// assert_eq!((kept("FRA"), kept("METROPOLE"), kept("Reunion Island")), ("FR", "France", "La Réunion"));
    /// ```
    pub fn kept_as(&self, written: &str) -> &'static str {
        let code = written.trim();
        let is_code = code.eq_ignore_ascii_case(self.alpha2) || code.eq_ignore_ascii_case(self.alpha3);
        if is_code { self.alpha2 } else { self.french }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_known_by_its_codes_and_names_and_by_no_others_name() {
        assert_eq!(Country::all().len(), TEXT.lines().count() - 1);
        for country in Country::all() {
            for name in [country.alpha2, country.alpha3, country.french, country.english] {
                for written in [name.to_owned(), name.to_uppercase(), name.to_lowercase(), format!(" {name} ")] {
                    assert_eq!(Country::read(&written), Some(country), "{written}");
                }
            }
        }
        for line in TEXT.lines().skip(1) {
            let (code, also) = (&line[..2], line.rsplit(';').next().unwrap());
            for name in also.split('|').filter(|name| !name.is_empty()) {
                assert_eq!(Country::read(name).map(|country| country.alpha2), Some(code), "{name}");
            }
        }
    }

    #[test]
    fn the_twelve_overseas_territories_are_read_as_people_write_them() {
        for (alpha2, department, written) in [
            ("GP", "971", ["GP", "glp", "Guadeloupe", "LA GUADELOUPE"]),
            ("MQ", "972", ["mq", "MTQ", "Martinique", "la Martinique"]),
            ("GF", "973", ["GF", "GUF", "Guyane", "French Guiana"]),
            ("RE", "974", ["RE", "REU", "La Réunion", "reunion"]),
            ("PM", "975", ["PM", "SPM", "St-Pierre-et-Miquelon", "Saint Pierre and Miquelon"]),
            ("YT", "976", ["YT", "MYT", "Mayotte", "MAYOTTE"]),
            ("BL", "977", ["BL", "BLM", "Saint-Barthelemy", "St Barth"]),
            ("MF", "978", ["MF", "MAF", "St Martin", "Saint-Martin (partie française)"]),
            ("TF", "984", ["TF", "ATF", "TAAF", "Terres australes et antarctiques françaises"]),
            ("WF", "986", ["WF", "WLF", "Wallis et Futuna", "Wallis & Futuna"]),
            ("PF", "987", ["PF", "PYF", "Polynésie", "French Polynesia"]),
            ("NC", "988", ["NC", "NCL", "NOUVELLE CALEDONIE", "New Caledonia"]),
        ] {
            for name in written {
                let country = Country::read(name).unwrap_or_else(|| panic!("{name}"));
                assert_eq!((country.alpha2, country.department()), (alpha2, Some(department)), "{name}");
                assert_eq!(country.postal_code(), "FR");
            }
        }
    }

    #[test]
    fn france_has_many_names_and_its_neighbours_are_not_france() {
        for name in [
            "France",
            "FRANCE",
            "fr",
            "FRA",
            "Métropole",
            "La France",
            "France métropolitaine",
            "FRANCE METROPOLITAINE",
            "Corse",
        ] {
            assert_eq!(Country::read(name).unwrap().alpha2, "FR", "{name}");
        }
        for (name, code) in [("Guyana", "GY"), ("Sint Maarten", "SX"), ("Belgique", "BE"), ("L'Allemagne", "DE")] {
            let country = Country::read(name).unwrap();
            assert_eq!((country.alpha2, country.postal_code(), country.is_french()), (code, code, false));
        }
        for nothing in ["", " ", "-", "les", "XX", "ZZZ", "Atlantide", "Congo belge", "12", "Paris"] {
            assert_eq!(Country::read(nothing), None, "{nothing}");
        }
    }
}
