//! Communes of France with their postcodes and positions, so that a postal address can be placed
//! without asking anybody.
//!
//! The data is `data/gazetteer/communes.csv` (origin and licences: `data/LICENCES.md`), embedded
//! and borrowed as it lies: reading it allocates only the list and its indexes.

mod edits;
mod suggest;

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use crate::country::OVERSEAS;
use crate::geo::Position;
use crate::text::place_key;

use suggest::Names;
pub use suggest::{Fit, Suggestion};

static TEXT: &str = include_str!("../../../data/gazetteer/communes.csv");
static EMBEDDED: LazyLock<Gazetteer> = LazyLock::new(|| Gazetteer::read(TEXT));

/// How well a commune's position is known. The distances are measured, from the position to the town
/// hall; `data/LICENCES.md` says how, and where there is nothing to measure against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Precision {
    /// The commune's own main settlement: half within 150 m, 95 in 100 within 1 km, none found beyond
    /// 19 km.
    Commune,
    /// The mean of the communes or places that share a postcode: half within 6 km, 95 in 100 within
    /// 11 km, more in French Polynesia.
    Postcode,
    /// The mean of the communes of its intercommunality: 12 km in the only two cases there are.
    Intercommunality,
    /// The mean of the communes of its arrondissement. No commune needs it today.
    Arrondissement,
    /// The mean of the communes of its département. No commune needs it today.
    Department,
}

/// A commune, or a municipal arrondissement of Paris, Lyon or Marseille.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Commune {
    /// INSEE code, five characters: `75117`, `2A004`. Not a postcode.
    pub insee: &'static str,
    /// Official name, with its accents.
    pub name: &'static str,
    /// Inhabitants (INSEE); 0 when not counted.
    pub population: u32,
    /// Where it is.
    pub position: Position,
    /// How well that is known.
    pub precision: Precision,
    postcodes: &'static str,
}

impl Commune {
    /// Its postcodes. Paris, Lyon and Marseille as a whole have none: their arrondissements do.
    pub fn postcodes(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.postcodes.split_whitespace()
    }

    /// The département it lies in: `75`, `2A`, `974`. It may differ from what the postcode suggests.
    pub fn department(&self) -> &'static str {
        let length = if self.insee.starts_with("97") || self.insee.starts_with("98") { 3 } else { 2 };
        self.insee.get(..length).unwrap_or(self.insee)
    }

    /// Parses one line. `None` when it has another shape: a test sees that no line has.
    fn read(line: &'static str) -> Option<Self> {
        let mut fields = line.split(',');
        let (insee, name, postcodes) = (fields.next()?, fields.next()?, fields.next()?);
        let population = fields.next()?.parse().ok()?;
        let position = Position::new(fields.next()?.parse().ok()?, fields.next()?.parse().ok()?)?;
        let precision = match fields.next()? {
            "c" => Precision::Commune,
            "p" => Precision::Postcode,
            "e" => Precision::Intercommunality,
            "a" => Precision::Arrondissement,
            "d" => Precision::Department,
            _ => return None,
        };
        Some(Self { insee, name, population, position, precision, postcodes })
    }
}

/// Every commune, and the ways to find one.
#[derive(Debug)]
pub struct Gazetteer {
    /// Sorted by INSEE code.
    communes: Vec<Commune>,
    /// Places in `communes`, most peopled first.
    by_postcode: HashMap<&'static str, Vec<u32>>,
    /// Made by the first suggestion.
    names: OnceLock<Names>,
}

impl Gazetteer {
    /// The communes that came with the program. The first call reads them: some milliseconds.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    fn read(text: &'static str) -> Self {
        let communes: Vec<Commune> = text.lines().skip(1).filter_map(Commune::read).collect();
        let mut by_postcode: HashMap<&'static str, Vec<u32>> = HashMap::with_capacity(7_000);
        for (at, commune) in (0_u32..).zip(&communes) {
            for postcode in commune.postcodes() {
                by_postcode.entry(postcode).or_default().push(at);
            }
        }
        let population = |at: &u32| communes.get(*at as usize).map_or(0, |commune| commune.population);
        for places in by_postcode.values_mut() {
            places.sort_by_key(|at| std::cmp::Reverse(population(at)));
        }
        Self { communes, by_postcode, names: OnceLock::new() }
    }

    /// All communes, by INSEE code.
    pub fn communes(&self) -> &[Commune] {
        &self.communes
    }

    /// The commune with an INSEE code.
    pub fn by_insee(&self, insee: &str) -> Option<&Commune> {
        let at = self.communes.binary_search_by_key(&insee, |commune| commune.insee).ok()?;
        self.communes.get(at)
    }

    /// The communes that a postcode serves, most peopled first; empty when it is unknown.
    pub fn by_postcode(&self, zip: &str) -> impl Iterator<Item = &Commune> {
        let places = self.by_postcode.get(zip.trim()).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|at| self.communes.get(*at as usize))
    }

    /// As [`Gazetteer::by_postcode`], in a country by its ISO 3166-1 alpha-2 code: `FR` is all of
    /// France, and its parts overseas are known by their own codes too (`RE`). `None` when the country
    /// is another one, of which nothing is known here.
    pub fn by_postcode_in(&self, country: &str, zip: &str) -> Option<impl Iterator<Item = &Commune>> {
        let only = if country == "FR" { None } else { Some(OVERSEAS.iter().find(|(code, _)| *code == country)?.1) };
        Some(self.by_postcode(zip).filter(move |commune| only.is_none_or(|only| commune.department() == only)))
    }

    /// Communes that somebody who types `query` may mean, best first, `limit` at most.
    ///
    /// The query is a name or its start, in any spelling of capitals, accents, hyphens and `St`/`Saint`,
    /// or the start of a postcode, or a name with its whole postcode. [`Fit`] says in which order, then
    /// the most peopled come first, then INSEE codes: the same query always has the same answer.
    ///
    /// Names with a slip of the pen are looked for only when the others do not fill the list. A slip
    /// is a letter too many, one missing, another one, or two neighbours swapped: one in four to seven
    /// letters, two in eight and more.
    ///
    /// ```
    /// # use constat_domain::gazetteer::Gazetteer;
    /// let first = |query| Gazetteer::embedded().suggest(query, 10).first().map(|found| found.commune.name);
    /// assert_eq!(first("st etienne"), Some("Saint-Étienne"));
    /// assert_eq!(first("bordaux"), Some("Bordeaux"));
    /// assert_eq!(first("3300"), Some("Bordeaux"));
    /// ```
    pub fn suggest(&self, query: &str, limit: usize) -> Vec<Suggestion<'_>> {
        self.names().suggest(&self.communes, query, limit)
    }

    /// Makes what suggestions need: some 30 ms, which the first suggestion takes otherwise.
    pub fn prepare(&self) {
        self.names();
    }

    fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::of(&self.communes))
    }

    /// The commune of a postal address. The postcode decides; the city, in any capitals and with or
    /// without accents, tells apart the communes that share it, and otherwise the most peopled one
    /// is taken. A postcode that is not in the tables (CEDEX and other special ones) needs the city,
    /// which is then looked for in the postcode's département.
    ///
    /// ```
    /// # use constat_domain::gazetteer::Gazetteer;
    /// let commune = Gazetteer::embedded().locate("75017", Some("PARIS")).unwrap();
    /// assert_eq!(commune.name, "Paris 17e Arrondissement");
    /// ```
    pub fn locate(&self, zip: &str, city: Option<&str>) -> Option<&Commune> {
        let city = city.map(city_key).filter(|city| !city.is_empty());
        let mut served = self.by_postcode(zip).peekable();
        if let Some(&first) = served.peek() {
            let Some(city) = city else { return Some(first) };
            return Some(served.find(|commune| place_key(commune.name) == city).unwrap_or(first));
        }
        let department = crate::geo::department_of_postcode(zip.trim())?;
        let city = city?;
        self.communes
            .iter()
            .filter(|commune| commune.department() == department && place_key(commune.name) == city)
            .max_by_key(|commune| commune.population)
    }
}

/// The city of an address line, without a CEDEX suffix: `LYON CEDEX 03` is Lyon.
fn city_key(city: &str) -> String {
    let key = place_key(city);
    match key.split_once(" cedex") {
        Some((town, _)) => town.to_owned(),
        None => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gazetteer() -> &'static Gazetteer {
        Gazetteer::embedded()
    }

    fn away_m(zip: &str, lat: f64, lon: f64) -> f64 {
        gazetteer().locate(zip, None).unwrap().position.distance_m(Position::new(lat, lon).unwrap())
    }

    #[test]
    fn no_line_is_lost_and_all_is_in_order() {
        assert_eq!(gazetteer().communes().len(), TEXT.lines().count() - 1);
        assert!(gazetteer().communes().is_sorted_by(|left, right| left.insee < right.insee));
        assert!(gazetteer().communes().len() > 34_900);
        let own = gazetteer().communes().iter().filter(|commune| commune.precision == Precision::Commune).count();
        assert!(own > 34_800, "{own}");
    }

    #[test]
    fn villages_are_placed_as_well_as_towns() {
        // Near their town halls: Paris 17e, Île-de-Sein, Saül in the forest of Guyane.
        assert!(away_m("75017", 48.8845, 2.3218) < 1_500.0);
        assert!(away_m("29990", 48.0357, -4.8507) < 1_500.0);
        assert!(away_m("97314", 3.6167, -53.2) < 1_500.0);
    }

    #[test]
    fn mainland_communes_lie_in_mainland_france() {
        for commune in gazetteer().communes().iter().filter(|commune| commune.department().len() == 2) {
            let Position { lat, lon } = commune.position;
            assert!((41.3..51.2).contains(&lat) && (-5.2..9.7).contains(&lon), "{commune:?}");
        }
    }

    #[test]
    fn arrondissements_have_positions_of_their_own() {
        assert!(away_m("75017", 48.887, 2.307) < 2_500.0);
        assert!(away_m("69003", 45.755, 4.865) < 2_500.0);
        assert!(away_m("13008", 43.27, 5.38) < 2_500.0);
        assert_eq!(gazetteer().locate("75116", Some("Paris")).unwrap().insee, "75116");
        for zip in (75_001..=75_020).chain(69_001..=69_009).chain(13_001..=13_016) {
            let commune = gazetteer().locate(&zip.to_string(), None).unwrap();
            assert!(commune.name.ends_with("Arrondissement"), "{zip}: {}", commune.name);
            assert_eq!(commune.precision, Precision::Commune);
        }
    }

    #[test]
    fn the_city_tells_communes_of_one_postcode_apart() {
        // 34725 serves three communes.
        let all: Vec<_> = gazetteer().by_postcode("34725").map(|commune| commune.name).collect();
        assert!(all.len() >= 2);
        for name in all {
            assert_eq!(gazetteer().locate("34725", Some(&name.to_uppercase())).unwrap().name, name);
        }
        assert_eq!(gazetteer().locate("42000", Some("ST ETIENNE")).unwrap().name, "Saint-Étienne");
        assert_eq!(gazetteer().locate("42000", Some("Nowhere")).unwrap().name, "Saint-Étienne");
        assert_eq!(gazetteer().locate(" 33000 ", None).unwrap().name, "Bordeaux");
    }

    #[test]
    fn special_postcodes_need_the_city() {
        assert_eq!(gazetteer().locate("69431", Some("LYON CEDEX 03")).unwrap().name, "Lyon");
        assert_eq!(gazetteer().locate("69431", None), None);
        assert_eq!(gazetteer().locate("00000", Some("Lyon")), None);
        assert_eq!(gazetteer().locate("", None), None);
        assert_eq!(gazetteer().locate("é7000", Some("é")), None);
    }

    #[test]
    fn overseas_places_know_their_department() {
        let saint_denis = gazetteer().locate("97400", None).unwrap();
        assert_eq!((saint_denis.name, saint_denis.department()), ("Saint-Denis", "974"));
        assert_eq!(crate::holidays::zone_of_department(saint_denis.department()), "Indian/Reunion");
        assert_eq!(gazetteer().locate("97133", None).unwrap().department(), "977");
        assert_eq!(gazetteer().locate("97150", None).unwrap().department(), "978");
        assert_eq!(gazetteer().by_insee("2A004").unwrap().department(), "2A");
        assert_eq!(gazetteer().by_insee("00000"), None);
    }
}
