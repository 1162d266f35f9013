//! Communes of France with their postcodes and positions, to locate postal addresses without an external
//! service.
//!
//! The data is `data/gazetteer/` (origin and licences: `data/LICENCES.md`): `communes.csv`, the names of
//! former communes in `former.csv` and CEDEX codes in `cedex.csv`. It is embedded and borrowed: reading
//! it allocates only the lists and their indexes.

mod cedex;
mod edits;
mod find;
mod islets;
mod spelling;
mod suggest;

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use crate::country::OVERSEAS;
use crate::geo::Position;

use cedex::{Label, Run};
pub use find::{AddressPrecision, Located, NotLocated};
use spelling::{CityLine, LooseIndex, Spelling};
use suggest::Names;
pub use suggest::{Fit, Suggestion};

static TEXT: &str = include_str!("../../../data/gazetteer/communes.csv");
static FORMER: &str = include_str!("../../../data/gazetteer/former.csv");
static CEDEX: &str = include_str!("../../../data/gazetteer/cedex.csv");
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

    /// The town that it is a municipal arrondissement of: `Paris`, `Lyon` or `Marseille`.
    pub fn town(&self) -> Option<&'static str> {
        let town = match self.insee.as_bytes() {
            [b'7', b'5', b'1', ..] => "Paris",
            [b'6', b'9', b'3', b'8', _] => "Lyon",
            [b'1', b'3', b'2', ..] => "Marseille",
            _ => return None,
        };
        self.name.starts_with(town).then_some(town)
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
    /// Read when a city is not the name of one of its postcode's communes.
    extras: OnceLock<Extras>,
    /// Made by the first suggestion.
    names: OnceLock<Names>,
    /// Made with the names, or when a city has to be looked for beyond its postcode.
    loose: OnceLock<LooseIndex>,
}

/// Where a search takes place, and how well that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchedPlace {
    /// The position that drives are measured to.
    pub position: Position,
    /// How well it is known.
    pub precision: AddressPrecision,
    /// The commune that postcode and city mean, when it is known.
    pub commune: Option<String>,
}

/// What is known beside the communes.
#[derive(Debug)]
struct Extras {
    /// In the order of the communes.
    formers: Vec<Former>,
    /// In the order of the codes.
    runs: Vec<Run>,
    /// In the order of the codes.
    labels: Vec<Label>,
}

/// The name of a commune that was merged into another, or renamed.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Former {
    /// Today's commune, as a place in the list of communes.
    commune: u32,
    /// Its name, with its accents.
    name: &'static str,
    /// Where it lies, when that is known.
    position: Option<Position>,
}

impl Former {
    fn read(line: &'static str, communes: &[Commune]) -> Option<Self> {
        let mut fields = line.split(',');
        let (insee, name) = (fields.next()?, fields.next()?);
        let position = read_position(fields.next()?, fields.next()?);
        Some(Self { commune: place_of(communes, insee)?, name, position })
    }
}

/// The place of an INSEE code in the list of communes.
fn place_of(communes: &[Commune], insee: &str) -> Option<u32> {
    let at = communes.binary_search_by_key(&insee, |commune| commune.insee).ok()?;
    u32::try_from(at).ok()
}

/// A position of two fields; none when they are empty.
fn read_position(lat: &str, lon: &str) -> Option<Position> {
    Position::new(lat.parse().ok()?, lon.parse().ok()?)
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
        Self { communes, by_postcode, extras: OnceLock::new(), names: OnceLock::new(), loose: OnceLock::new() }
    }

    /// All communes, by INSEE code.
    pub fn communes(&self) -> &[Commune] {
        &self.communes
    }

    /// The commune with an INSEE code.
    pub fn by_insee(&self, insee: &str) -> Option<&Commune> {
        self.communes.get(place_of(&self.communes, insee)? as usize)
    }

    /// The postcodes of a commune; of Paris, Lyon and Marseille as a whole those of their
    /// arrondissements.
    ///
    /// ```
    /// # use constat_domain::gazetteer::Gazetteer;
    /// let gazetteer = Gazetteer::embedded();
    /// let lyon = gazetteer.by_insee("69123").unwrap();
    /// assert_eq!(gazetteer.postcodes_of(lyon).first(), Some(&"69001"));
    /// ```
    pub fn postcodes_of(&self, commune: &Commune) -> Vec<&'static str> {
        let own: Vec<&str> = commune.postcodes().collect();
        if !own.is_empty() {
            return own;
        }
        let parts = self.communes.iter().filter(|part| part.town() == Some(commune.name));
        let mut all: Vec<&str> = parts.flat_map(Commune::postcodes).collect();
        all.sort_unstable();
        all
    }

    /// The communes that a postcode serves, most peopled first; empty when it is unknown.
    pub fn by_postcode(&self, zip: &str) -> impl Iterator<Item = &Commune> {
        let places = self.by_postcode.get(zip.trim()).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|at| self.communes.get(*at as usize))
    }

    /// As [`Gazetteer::by_postcode`], in a country by its ISO 3166-1 alpha-2 code: `FR` is all of
    /// France, and its parts overseas are known by their own codes too (`RE`). A CEDEX code gives the
    /// commune that it stands for. `None` when the country is another one, of which nothing is known here.
    pub fn by_postcode_in(&self, country: &str, zip: &str) -> Option<Vec<&Commune>> {
        let only = if country == "FR" { None } else { Some(OVERSEAS.iter().find(|(code, _)| *code == country)?.1) };
        let mut communes: Vec<&Commune> = self.by_postcode(zip).collect();
        if communes.is_empty() {
            communes.extend(self.by_cedex(zip));
        }
        communes.retain(|commune| only.is_none_or(|only| commune.department() == only));
        Some(communes)
    }

    /// Communes that `query`, perhaps not typed to its end, may mean, best first, `limit` at most.
    ///
    /// The query is a name or its start, in any spelling of capitals, accents, hyphens and abbreviations
    /// (`St`, `Gd`, `s/`, `s/s`, a slash), or the start of a postcode, or a name with its whole postcode.
    /// Names of former communes give today's commune, after communes of that name. [`Fit`] says in which order, then
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
        let suggest = |query: &str| self.names().suggest(&self.communes, &self.extras().formers, query, limit);
        let found = suggest(query);
        if !found.is_empty() || limit == 0 {
            return found;
        }
        let of_code =
            |code| self.by_cedex(code).map(|commune| Suggestion { commune, fit: Fit::Exact, former_name: None });
        if let Some(exact) = query.split_whitespace().find_map(of_code) {
            return vec![exact];
        }
        let line = CityLine::of(query, "");
        let found = if line.is_cedex { suggest(&line.name) } else { found };
        if found.is_empty() { self.suggest_labels(&line.name, limit) } else { found }
    }

    /// The communes of CEDEX labels that name no commune and end with the words of the query: `La Défense`.
    fn suggest_labels(&self, query: &str, limit: usize) -> Vec<Suggestion<'_>> {
        let wanted = Spelling::of(query);
        let mut found: Vec<Suggestion<'_>> = Vec::new();
        if wanted.loose_key().len() < 4 {
            return found;
        }
        for label in &self.extras().labels {
            let Some(commune) = self.communes.get(label.commune as usize) else { continue };
            let is_new = found.len() < limit && !found.iter().any(|known| known.commune == commune);
            if is_new && label.words.ends_with(&wanted.loose) {
                found.push(Suggestion { commune, fit: Fit::Word, former_name: None });
            }
        }
        found
    }

    /// Builds the indexes of names, former names and CEDEX codes, which otherwise the first suggestion or
    /// misspelt city builds: 30 to 100 ms.
    pub fn prepare(&self) {
        self.names();
        self.loose();
    }

    fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::of(&self.communes, &self.extras().formers))
    }

    fn loose(&self) -> &LooseIndex {
        self.loose.get_or_init(|| {
            let own = self.communes.iter().map(|commune| commune.name);
            LooseIndex::of(own.chain(self.extras().formers.iter().map(|former| former.name)))
        })
    }

    fn extras(&self) -> &Extras {
        self.extras.get_or_init(|| {
            let runs = cedex::read(CEDEX, &self.communes);
            Extras {
                formers: FORMER.lines().skip(1).filter_map(|line| Former::read(line, &self.communes)).collect(),
                labels: cedex::labels(&runs),
                runs,
            }
        })
    }

    /// The former communes of a commune, with their places in the list of former communes.
    fn formers_of(&self, commune: u32) -> impl Iterator<Item = (u32, &Former)> {
        let formers = &self.extras().formers;
        let first = formers.partition_point(|former| former.commune < commune);
        let places = u32::try_from(first).unwrap_or(u32::MAX)..;
        places.zip(formers.iter().skip(first)).take_while(move |(_, former)| former.commune == commune)
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
        let extras = gazetteer().extras();
        assert_eq!(extras.formers.len(), FORMER.lines().count() - 1);
        assert!(extras.formers.is_sorted_by_key(|former| former.commune));
        assert_eq!(extras.runs.len(), CEDEX.lines().count() - 1);
        assert!(extras.runs.is_sorted_by(|left, right| left.to < right.from));
        assert!(extras.formers.len() > 4_000 && extras.runs.len() > 4_000);
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
        assert_eq!(gazetteer().locate("69431", Some("LYON CEDEX 03")).unwrap().name, "Lyon 3e Arrondissement");
        assert_eq!(gazetteer().locate("69999", Some("LYON CEDEX 03")).unwrap().name, "Lyon 3e Arrondissement");
        assert_eq!(gazetteer().locate("69999", None), None);
        assert_eq!(gazetteer().locate("00000", Some("Lyon")), None);
        assert_eq!(gazetteer().locate("", None), None);
        assert_eq!(gazetteer().locate("é7000", Some("é")), None);
    }

    #[test]
    fn a_cedex_label_is_suggested_with_its_commune() {
        for (query, name) in [
            ("La Défense", "Puteaux"),
            ("la defense", "Puteaux"),
            ("Paris La Défense", "Puteaux"),
            ("sophia antipolis", "Valbonne"),
            ("roissy charles de gaulle", "Roissy-en-France"),
        ] {
            let first = gazetteer().suggest(query, 10).first().map(|found| found.commune.name);
            assert_eq!(first, Some(name), "{query}");
        }
        assert!(gazetteer().suggest("la defence nationale", 10).is_empty());
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
