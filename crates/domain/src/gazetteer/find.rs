//! Which commune a postal address means.

use super::cedex::{self, Run};
use super::edits::edits;
use super::spelling::{CityLine, Spelling, parts};
use super::suggest::slips_of;
use super::{Commune, Gazetteer, Precision, islets};
use crate::geo::{Position, department_of_postcode};
use crate::text::place_key;

/// How well the position of an address is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressPrecision {
    /// The address itself: given with the request, or found by a geocoder.
    Address,
    /// The main settlement of the commune, of a former commune or of the arrondissement.
    Commune,
    /// The middle of the communes of the postcode, or the place that a CEDEX label names: some
    /// kilometres.
    Postcode,
    /// The middle of the département: tens of kilometres.
    Department,
}

/// Where an address lies, as far as postcode and city say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Located<'g> {
    /// The commune; `None` when only the postcode or the département is known.
    pub commune: Option<&'g Commune>,
    /// The département or collectivity: `75`, `2A`, `974`.
    pub department: &'static str,
    /// Where it is.
    pub position: Position,
    /// How well the position is known.
    pub precision: AddressPrecision,
    /// The name of the former commune that the city was recognised by, if it was one.
    pub former_name: Option<&'static str>,
}

/// Why an address cannot be located.
#[derive(Debug, Clone, PartialEq)]
pub enum NotLocated<'g> {
    /// No commune has the postcode, and the city is no help.
    UnknownPostcode,
    /// The city names none, or several, of the communes that the postcode may mean.
    Ambiguous {
        /// The communes to choose from: those of the postcode, the likeliest first.
        communes: Vec<&'g Commune>,
    },
}

/// Most communes that an error names.
const MAX_NAMED: usize = 20;
/// A city of at least this many characters may have been cut: postal addresses hold 32.
const PERHAPS_CUT: usize = 30;
/// Within this distance of a postcode, the name of another commune contradicts the postcode.
const NEAR_M: f64 = 100_000.0;
/// A CEDEX code may belong to the post office of another town within this distance.
const OFFICE_M: f64 = 40_000.0;
/// The place of a CEDEX label lies partly in a neighbouring commune within this distance.
const LABEL_M: f64 = 4_000.0;
/// The name of a town with at least this many inhabitants contradicts every postcode but its own.
const TOWN: u32 = 20_000;
/// As `TOWN`, when the city is also the start of a name of the postcode: `Clichy` in Clichy-sous-Bois.
const LARGE_TOWN: u32 = 100_000;
/// Within this distance of a postcode's only commune, the name of any other one is not that of a quarter.
const NEIGHBOUR_M: f64 = 20_000.0;
/// From this many inhabitants on, so is a name within `NEAR_M`.
const SMALL_TOWN: u32 = 5_000;
/// Far away, only a name of this size counts when other words follow it.
const CITY: u32 = 50_000;
/// Places within `LABELS_M` of a city of this size are called after it.
const METROPOLIS: u32 = 500_000;
/// See `METROPOLIS`.
const LABELS_M: f64 = 35_000.0;
/// Fewest inhabitants of a neighbour whose name counts when other words follow it or are missing.
const VILLAGE: u32 = 2_000;

impl NotLocated<'_> {
    /// What to answer: what is wrong with the city or postcode and which communes are accepted.
    ///
    /// ```
    /// # use constat_domain::gazetteer::Gazetteer;
    /// let asked = Gazetteer::embedded().find("41400", Some("Nowhere")).unwrap_err();
    /// assert!(asked.message().contains("Saint-Georges-sur-Cher"));
    /// ```
    pub fn message(&self) -> String {
        let Self::Ambiguous { communes } = self else {
            return "this postcode is unknown: correct it, or give the position".to_owned();
        };
        if let [only] = communes[..] {
            let name = only.name;
            return format!("is not in this postcode, which is that of {name}: correct the postcode, or give {name}");
        }
        let named: Vec<&str> = communes.iter().take(MAX_NAMED).map(|commune| commune.name).collect();
        let rest = communes.len() - named.len();
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let named = named.join(", ");
        format!("leaves several communes of this postcode possible: give one of {named}{more}, or correct the postcode")
    }

    /// Whether the city is at fault, not the postcode.
    pub const fn is_of_city(&self) -> bool {
        matches!(self, Self::Ambiguous { .. })
    }
}

/// A name that the city is compared with.
struct Candidate {
    commune: u32,
    /// Its place in the list of former communes.
    former: Option<u32>,
    spelling: Spelling,
}

/// How a name fits the city, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// Same words.
    Same,
    /// Same letters: glued words or usual abbreviations.
    SameLetters,
    /// Same but for linking words.
    Loose,
    /// A long city is the start of it.
    Cut,
    /// Same but for a slip of the pen.
    Slip,
    /// The city is a part of the name, in whole words.
    Part,
    /// The name is a part of the city, in whole words.
    Within,
}

/// What the comparison with several names came to.
enum Choice {
    None,
    One { commune: u32, former: Option<u32>, likeness: Likeness },
    Several(Vec<u32>),
}

impl Gazetteer {
    /// Where a postal address lies, by postcode and city.
    ///
    /// The city is compared with the names of the postcode's communes, of former communes among
    /// them, and of CEDEX labels: in any capitals, with or without accents, hyphens and linking words,
    /// abbreviated (`St`, `S/`), cut at 32 letters, or with a slip of the pen. Without a city, a
    /// postcode of several communes is located at their middle, weighted by inhabitants.
    ///
    /// # Errors
    /// [`NotLocated::Ambiguous`] when the city fits none of several communes, more than one, or is the
    /// name of a town elsewhere. Another commune than the one meant is never taken instead.
    ///
    /// ```
    /// # use constat_domain::gazetteer::{AddressPrecision, Gazetteer};
    /// let found = Gazetteer::embedded().find("41400", Some("ST GEORGES S/ CHER")).unwrap();
    /// assert_eq!(found.commune.unwrap().name, "Saint-Georges-sur-Cher");
    /// assert_eq!(found.precision, AddressPrecision::Commune);
    /// ```
    pub fn find(&self, zip: &str, city: Option<&str>) -> Result<Located<'_>, NotLocated<'_>> {
        let zip = zip.trim();
        let city = city.unwrap_or_default();
        let Some(served) = self.by_postcode.get(zip) else { return self.find_special(zip, city) };
        let key = place_key(city);
        if let Some(same) = served.iter().find(|at| self.commune_at(**at).is_some_and(|one| is_named(one, &key))) {
            return self.located(*same, None).ok_or(NotLocated::UnknownPostcode);
        }
        self.find_served(zip, served, city)
    }

    /// Whether a city is one that a postcode serves, by its name in any spelling that [`Gazetteer::find`] reads, by
    /// its start (a quarter: `CANNES LA BOCCA`), or as the label of a CEDEX code. False without a city, and for one
    /// that only could be a quarter.
    pub fn serves(&self, zip: &str, city: &str) -> bool {
        let zip = zip.trim();
        let spelling = Spelling::of(&CityLine::of(city, zip).name);
        if spelling.is_empty() {
            return false;
        }
        let Some(served) = self.by_postcode.get(zip) else {
            return self.run_of(zip).is_some_and(|run| self.fits_run(run, &spelling));
        };
        let key = place_key(city);
        let begins =
            |commune: &Commune| key.strip_prefix(&place_key(commune.name)).is_some_and(|rest| rest.starts_with(' '));
        let is_cut = city.trim().chars().count() >= PERHAPS_CUT;
        matches!(choose(&self.candidates(served), &spelling, is_cut), Choice::One { .. })
            || served.iter().filter_map(|at| self.commune_at(*at)).any(begins)
            || self.on_islet(served, &spelling).is_some()
            || self.labelled(zip, &spelling).is_some_and(|run| served.contains(&run.commune))
    }

    /// The commune of a postal address, when [`Gazetteer::find`] finds one.
    ///
    /// ```
    /// # use constat_domain::gazetteer::Gazetteer;
    /// let commune = Gazetteer::embedded().locate("75017", Some("PARIS")).unwrap();
    /// assert_eq!(commune.name, "Paris 17e Arrondissement");
    /// assert_eq!(Gazetteer::embedded().locate("41400", Some("Nowhere")), None);
    /// ```
    pub fn locate(&self, zip: &str, city: Option<&str>) -> Option<&Commune> {
        self.find(zip, city).ok()?.commune
    }

    /// The département or collectivity of a postal address: `75`, `2A`, `974`. Public holidays and the
    /// time zone follow from it. Known for every French postcode; the city tells more of CEDEX codes
    /// and of postcodes that cross a border.
    ///
    /// ```
    /// # use constat_domain::gazetteer::Gazetteer;
    /// let department = |zip, city| Gazetteer::embedded().department_of(zip, Some(city));
    /// assert_eq!(department("97744", "SAINT DENIS CEDEX 9").as_deref(), Some("974"));
    /// assert_eq!(department("97133", "Gustavia").as_deref(), Some("977"));
    /// ```
    pub fn department_of(&self, zip: &str, city: Option<&str>) -> Option<String> {
        let of_code = || {
            let first = self.by_postcode(zip).next().map(|commune| commune.department().to_owned());
            first.or_else(|| department_of_postcode(zip.trim()))
        };
        match self.find(zip, city) {
            Ok(located) => Some(located.department.to_owned()),
            Err(_) => of_code(),
        }
    }

    /// The commune that a CEDEX code stands for, of those that are in the tables.
    pub fn by_cedex(&self, code: &str) -> Option<&Commune> {
        let run = self.run_of(code.trim())?;
        self.commune_at(run.commune)
    }

    fn run_of(&self, code: &str) -> Option<&Run> {
        if code.len() != 5 {
            return None;
        }
        cedex::of_code(&self.extras().runs, code.parse().ok()?)
    }

    fn commune_at(&self, at: u32) -> Option<&Commune> {
        self.communes.get(at as usize)
    }

    /// A postcode that communes have, and a city that is not simply the name of one.
    fn find_served(&self, zip: &str, served: &[u32], city: &str) -> Result<Located<'_>, NotLocated<'_>> {
        let line = CityLine::of(city, zip);
        let spelling = Spelling::of(&line.name);
        if spelling.is_empty() {
            return self.middle_of(served);
        }
        let is_cut = city.trim().chars().count() >= PERHAPS_CUT;
        let ambiguous = |first: &[u32]| Err(self.ambiguous(first, served));
        if let Some(islet) = self.on_islet(served, &spelling) {
            return Ok(islet);
        }
        match choose(&self.candidates(served), &spelling, is_cut) {
            Choice::One { commune, former, likeness } => {
                let is_start = likeness == Likeness::Part && self.is_start_of(commune, &spelling);
                let is_wrong = if is_start {
                    self.is_large_town(&spelling, served)
                } else {
                    self.is_contradicted(&spelling, likeness, served)
                };
                if is_wrong {
                    return ambiguous(&[]);
                }
                self.located(commune, former).ok_or(NotLocated::UnknownPostcode)
            }
            Choice::Several(several) => ambiguous(&several),
            Choice::None => {
                if let Some(run) = self.labelled(zip, &spelling).filter(|run| served.contains(&run.commune)) {
                    return self.located_at_label(run).ok_or(NotLocated::UnknownPostcode);
                }
                // The place of a label may lie in two communes: La Défense.
                if let [only] = *served
                    && let Some(run) = self.labelled(zip, &spelling)
                    && let Some(located) = self.located_at_label_near(run, only)
                {
                    return Ok(located);
                }
                match *served {
                    // A quarter or a locality of the only commune that there is.
                    [only] if !self.is_elsewhere(city, &spelling, only) => {
                        self.located(only, None).map(coarse).ok_or(NotLocated::UnknownPostcode)
                    }
                    _ => ambiguous(&[]),
                }
            }
        }
    }

    /// A postcode that no commune has: a CEDEX code, or a wrong one.
    fn find_special(&self, zip: &str, city: &str) -> Result<Located<'_>, NotLocated<'_>> {
        if department_of_postcode(zip).is_none() {
            return Err(NotLocated::UnknownPostcode);
        }
        let line = CityLine::of(city, zip);
        let spelling = Spelling::of(&line.name);
        let territories = cedex::territories(zip);
        let run = self.run_of(zip);
        let in_table = || run.and_then(|run| self.located_at_label(run)).ok_or(NotLocated::UnknownPostcode);
        if spelling.is_empty() {
            return if run.is_none() && line.is_cedex { self.middle_of_department(zip) } else { in_table() };
        }
        if let Some(run) = run
            && self.fits_run(run, &spelling)
        {
            return in_table();
        }
        let is_cut = city.trim().chars().count() >= PERHAPS_CUT;
        match self.choose_in(&territories, &spelling, line.number, is_cut) {
            Choice::One { commune, former, .. } => {
                let is_far = |run: &Run| self.distance_m(run.commune, commune).is_none_or(|away| away > OFFICE_M);
                match run {
                    Some(run) if is_far(run) => Err(self.ambiguous(&[run.commune], &[])),
                    _ => self.located(commune, former).ok_or(NotLocated::UnknownPostcode),
                }
            }
            Choice::Several(mut several) => {
                // Only those that the code can stand for: the others would be refused.
                let is_near =
                    |run: &Run, at: u32| self.distance_m(run.commune, at).is_some_and(|away| away <= OFFICE_M);
                several.retain(|at| run.is_none_or(|run| is_near(run, *at)));
                several.extend(run.map(|run| run.commune).filter(|_| several.is_empty()));
                Err(self.ambiguous(&several, &[]))
            }
            Choice::None => match (run, self.labelled(zip, &spelling)) {
                (Some(run), _) if self.is_elsewhere(city, &spelling, run.commune) => {
                    Err(self.ambiguous(&[run.commune], &[]))
                }
                (Some(_), _) => in_table(),
                (None, Some(run)) => self.located_at_label(run).ok_or(NotLocated::UnknownPostcode),
                (None, None) if line.is_cedex => {
                    let within = self.town_within(&territories, &spelling).and_then(|at| self.located(at, None));
                    within.map(coarse).map_or_else(|| self.middle_of_department(zip), Ok)
                }
                (None, None) => Err(NotLocated::UnknownPostcode),
            },
        }
    }

    /// The names of these communes: their own, of the towns that they are arrondissements of, and of
    /// their former communes.
    fn candidates(&self, communes: &[u32]) -> Vec<Candidate> {
        let mut all = Vec::with_capacity(2 * communes.len());
        for &at in communes {
            let Some(commune) = self.commune_at(at) else { continue };
            let own = |name| Candidate { commune: at, former: None, spelling: Spelling::of(name) };
            all.push(own(commune.name));
            all.extend(commune.town().map(own));
            for (place, former) in self.formers_of(at) {
                all.push(Candidate { commune: at, former: Some(place), spelling: Spelling::of(former.name) });
            }
        }
        all
    }

    /// The commune of these territories that a city names. Of similar names only slips count.
    fn choose_in(&self, territories: &[&str], spelling: &Spelling, number: Option<u16>, is_cut: bool) -> Choice {
        let names = self.names();
        let is_here = |at: &u32| self.commune_at(*at).is_some_and(|one| territories.contains(&one.department()));
        // `LYON CEDEX 03` is Lyon's third arrondissement.
        let numbered = number.map(|number| format!("{}{number}", spelling.loose_key()));
        let spelt = |loose: &str| -> Vec<u32> {
            let mut found: Vec<u32> =
                self.loose().spelt(loose).filter_map(|name| names.commune_of(name)).filter(is_here).collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        if let Some(arrondissement) = numbered.map(|numbered| spelt(&numbered))
            && let [commune] = arrondissement[..]
        {
            return Choice::One { commune, former: None, likeness: Likeness::Loose };
        }
        let loosely = spelt(&spelling.loose_key());
        if !loosely.is_empty() {
            return choose(&self.candidates(&loosely), spelling, is_cut);
        }
        let length = spelling.key.len();
        let mut alike: Vec<u32> = if is_cut {
            (0_u32..)
                .zip(&self.communes)
                .filter(|(_, commune)| territories.contains(&commune.department()) && commune.name.len() >= PERHAPS_CUT)
                .map(|(at, _)| at)
                .collect()
        } else {
            names
                .alike(&spelling.key, slips_of(length))
                .filter_map(|name| names.commune_of(name))
                .filter(is_here)
                .collect()
        };
        alike.sort_unstable();
        alike.dedup();
        choose(&self.candidates(&alike), spelling, is_cut)
    }

    /// The only commune of these territories whose name a label begins with: `NICE ARENAS`.
    fn town_within(&self, territories: &[&str], spelling: &Spelling) -> Option<u32> {
        let is_here = |at: &u32| self.commune_at(*at).is_some_and(|one| territories.contains(&one.department()));
        (1..spelling.loose.len()).rev().find_map(|words| {
            let start = spelling.loose.get(..words)?.concat();
            let own = |name: &u32| (*name as usize) < self.communes.len();
            let found: Vec<u32> = self.loose().spelt(&start).filter(own).filter(is_here).collect();
            match found[..] {
                [one] if start.len() >= 4 => Some(one),
                _ => None,
            }
        })
    }

    /// Whether a city is what a CEDEX code's label or commune is called.
    fn fits_run(&self, run: &Run, spelling: &Spelling) -> bool {
        let label = Candidate { commune: run.commune, former: None, spelling: Spelling::of(run.label) };
        let mut names = self.candidates(&[run.commune]);
        names.push(label);
        match choose(&names, spelling, false) {
            Choice::One { likeness: Likeness::Part, .. } if self.is_start_of(run.commune, spelling) => {
                !self.is_large_town(spelling, &[run.commune])
            }
            Choice::One { likeness, .. } => {
                likeness <= Likeness::Cut || !self.is_contradicted(spelling, likeness, &[run.commune])
            }
            Choice::None | Choice::Several(_) => false,
        }
    }

    /// A run of CEDEX codes of the postcode's département whose label is the city.
    fn labelled(&self, zip: &str, spelling: &Spelling) -> Option<&Run> {
        let digits = zip.get(..2)?;
        let from = format!("{digits}000").parse().ok()?;
        let runs = &self.extras().runs;
        let first = runs.partition_point(|run| run.from < from);
        let wanted = spelling.loose_key();
        let here = runs.iter().skip(first).take_while(|run| run.to < from + 1_000);
        here.filter(|run| run.position.is_some()).find(|run| {
            let label = Spelling::of(run.label).loose_key();
            label == wanted || label.len() >= 6 && wanted.starts_with(&label)
        })
    }

    /// Whether a city that fits no name of the postcode well is the name of another commune: one
    /// nearby, or a town anywhere.
    fn is_contradicted(&self, spelling: &Spelling, likeness: Likeness, served: &[u32]) -> bool {
        if likeness <= Likeness::SameLetters {
            return false;
        }
        let names = self.names();
        let home = served.first().and_then(|at| self.commune_at(*at));
        let is_another = |name: u32| {
            let Some(at) = names.commune_of(name).filter(|at| !served.contains(at)) else { return false };
            let (Some(home), Some(other)) = (home, self.commune_at(at)) else { return false };
            let is_own_name = (name as usize) < self.communes.len();
            is_own_name && other.population >= TOWN || home.position.distance_m(other.position) <= NEAR_M
        };
        let is_same = |name: &u32| likeness > Likeness::Loose || self.name_key(*name) == spelling.key;
        if self.loose().spelt(&spelling.loose_key()).filter(is_same).any(is_another) {
            return true;
        }
        let slips = slips_of(spelling.key.len());
        likeness == Likeness::Within && slips > 0 && names.alike(&spelling.key, slips).any(is_another)
    }

    /// Whether a city that fits no name of the only commune of a postcode means another commune, so that it
    /// is not a quarter or locality. Compared are its parts, such as `Rennes` in `Ville de Rennes (35)`, and
    /// the first words of these, such as `Antibes` in `Antibes Juan les Pins`.
    ///
    /// A small place some way off does not count: many quarters have the name of a village.
    fn is_elsewhere(&self, city: &str, spelling: &Spelling, home: u32) -> bool {
        let parts = parts(city).into_iter().map(|part| Spelling::of(&part)).filter(|part| part.key != spelling.key);
        std::iter::once(spelling.clone()).chain(parts).any(|part| !part.is_empty() && self.names_another(&part, home))
    }

    fn names_another(&self, part: &Spelling, home: u32) -> bool {
        let names = self.names();
        let Some(home_commune) = self.commune_at(home) else { return false };
        let is_overseas = |commune: &Commune| commune.department().len() == 3;
        let other = |name: u32| {
            let at = names.commune_of(name).filter(|at| *at != home)?;
            let other = self.commune_at(at)?;
            Some((other, home_commune.position.distance_m(other.position), (name as usize) < self.communes.len()))
        };
        let is_whole = |name: u32| {
            other(name).is_some_and(|(other, away, is_own)| {
                let is_home_department = is_own && other.department() == home_commune.department();
                is_own && other.population >= TOWN
                    || away <= NEIGHBOUR_M
                    || away <= NEAR_M && (is_home_department || is_own && other.population >= SMALL_TOWN)
            })
        };
        // A misspelt name, or one with words after it, is a weaker sign: a larger or nearer town is needed.
        let is_weak = |name: u32| {
            other(name).is_some_and(|(other, away, is_own)| {
                is_own
                    && is_overseas(other) == is_overseas(home_commune)
                    && (other.population >= TOWN || away <= NEIGHBOUR_M && other.population >= VILLAGE)
            })
        };
        // Stations and airports have the name of the city: `Paris Orly`, `Lyon Saint Exupéry`. Far away, only
        // a city is meant: `Fontaine` and `Croix` are words too.
        let is_no_label = |name: u32| {
            other(name).is_some_and(|(other, away, _)| match other.population {
                METROPOLIS.. => away > LABELS_M,
                CITY.. => true,
                _ => away <= NEAR_M,
            })
        };
        let is_near = |name: u32| other(name).is_some_and(|(_, away, _)| away <= NEAR_M);
        let is_longer = |name: u32| {
            other(name).is_some_and(|(other, away, is_own)| {
                let is_large = other.population >= TOWN || away <= NEIGHBOUR_M && other.population >= TOWN / 2;
                is_own && away <= NEAR_M && is_large && part.key.len() >= 4
            })
        };
        let slips = slips_of(part.key.len());
        let has_head = || {
            (1..part.loose.len()).any(|words| {
                let head = part.loose.get(..words).map(<[String]>::concat).unwrap_or_default();
                let is_head =
                    |name: u32| part.key.starts_with(&self.name_key(name)) && is_weak(name) && is_no_label(name);
                head.len() >= 4 && self.loose().spelt(&head).any(is_head)
            })
        };
        self.loose().spelt(&part.loose_key()).any(is_whole)
            || has_head()
            || names.begun_by(&part.key).any(is_longer)
            || slips > 0 && names.alike(&part.key, slips).any(|name| is_weak(name) && is_near(name))
            // Two slips, or another first letter, lead from a quarter to some town far away too easily.
            || slips > 0 && names.alike(&part.key, 1).any(|name| is_weak(name) && self.name_key(name).get(..1) == part.key.get(..1))
    }

    /// Whether a city is the first words of a name of the commune: `Neuilly` of Neuilly-sur-Seine.
    fn is_start_of(&self, commune: u32, spelling: &Spelling) -> bool {
        self.candidates(&[commune]).iter().any(|name| name.spelling.loose.starts_with(&spelling.loose))
    }

    /// Whether a city that is the start of a name of the postcode is the whole name of a large town, or of
    /// another commune of the same département. A namesake farther off is not meant.
    fn is_large_town(&self, spelling: &Spelling, served: &[u32]) -> bool {
        let home = served.first().and_then(|at| self.commune_at(*at));
        let own = |name: &u32| (*name as usize) < self.communes.len() && !served.contains(name);
        self.loose().spelt(&spelling.loose_key()).filter(own).filter_map(|name| self.commune_at(name)).any(|other| {
            other.population >= LARGE_TOWN || home.is_some_and(|home| home.department() == other.department())
        })
    }

    /// The island that a city names, when a commune of the postcode has one off the coast.
    fn on_islet(&self, served: &[u32], spelling: &Spelling) -> Option<Located<'_>> {
        served.iter().find_map(|at| {
            let position = islets::middle_of(self.commune_at(*at)?, spelling)?;
            Some(Located { position, ..coarse(self.located(*at, None)?) })
        })
    }

    fn name_key(&self, name: u32) -> String {
        let own = self.commune_at(name).map(|commune| commune.name);
        let former = || self.extras().formers.get((name as usize).checked_sub(self.communes.len())?);
        place_key(own.or_else(|| former().map(|former| former.name)).unwrap_or_default())
    }

    fn distance_m(&self, one: u32, other: u32) -> Option<f64> {
        Some(self.commune_at(one)?.position.distance_m(self.commune_at(other)?.position))
    }

    fn located(&self, at: u32, former: Option<u32>) -> Option<Located<'_>> {
        let commune = self.commune_at(at)?;
        let former = former.and_then(|place| self.extras().formers.get(place as usize));
        let own = former.and_then(|former| former.position);
        let precision = match commune.precision {
            _ if own.is_some() => AddressPrecision::Commune,
            Precision::Commune => AddressPrecision::Commune,
            Precision::Postcode => AddressPrecision::Postcode,
            Precision::Intercommunality | Precision::Arrondissement | Precision::Department => {
                AddressPrecision::Department
            }
        };
        Some(Located {
            commune: Some(commune),
            department: commune.department(),
            position: own.unwrap_or(commune.position),
            precision,
            former_name: former.map(|former| former.name),
        })
    }

    fn located_at_label(&self, run: &Run) -> Option<Located<'_>> {
        let located = self.located(run.commune, None)?;
        Some(match run.position {
            Some(position) => Located { position, precision: AddressPrecision::Postcode, ..located },
            None => located,
        })
    }

    /// A commune at the place of a label that stands for its neighbour.
    fn located_at_label_near(&self, run: &Run, commune: u32) -> Option<Located<'_>> {
        let position = run.position?;
        let located = self.located(commune, None)?;
        let is_near = position.distance_m(located.position) <= LABEL_M;
        is_near.then(|| Located { position, ..coarse(located) })
    }

    /// A postcode without a city: its only commune, or the middle of all.
    fn middle_of(&self, served: &[u32]) -> Result<Located<'_>, NotLocated<'_>> {
        if let [only] = served {
            return self.located(*only, None).ok_or(NotLocated::UnknownPostcode);
        }
        let communes = served.iter().filter_map(|at| self.commune_at(*at));
        middle(communes, AddressPrecision::Postcode).ok_or(NotLocated::UnknownPostcode)
    }

    fn middle_of_department(&self, zip: &str) -> Result<Located<'_>, NotLocated<'_>> {
        let wanted = department_of_postcode(zip).ok_or(NotLocated::UnknownPostcode)?;
        let communes = self.communes.iter().filter(|commune| commune.department() == wanted);
        middle(communes, AddressPrecision::Department).ok_or(NotLocated::UnknownPostcode)
    }

    fn ambiguous(&self, first: &[u32], then: &[u32]) -> NotLocated<'_> {
        let rest = then.iter().filter(|at| !first.contains(at));
        let communes = first.iter().chain(rest).filter_map(|at| self.commune_at(*at)).collect();
        NotLocated::Ambiguous { communes }
    }
}

/// The same place, known less well.
fn coarse(located: Located<'_>) -> Located<'_> {
    Located { precision: located.precision.max(AddressPrecision::Postcode), ..located }
}

/// The middle of communes by inhabitants, in the département of the most peopled one.
fn middle<'g>(communes: impl Iterator<Item = &'g Commune>, precision: AddressPrecision) -> Option<Located<'g>> {
    let (mut lat, mut lon, mut total) = (0.0, 0.0, 0.0);
    let mut first: Option<&Commune> = None;
    for commune in communes {
        let weight = f64::from(commune.population.max(1));
        lat += commune.position.lat * weight;
        lon += commune.position.lon * weight;
        total += weight;
        if first.is_none_or(|known| known.population < commune.population) {
            first = Some(commune);
        }
    }
    // As many decimals as the communes' positions have.
    let rounded = |sum: f64| (sum / total * 10_000.0).round() / 10_000.0;
    let position = Position::new(rounded(lat), rounded(lon))?;
    Some(Located { commune: None, department: first?.department(), position, precision, former_name: None })
}

/// Whether a key is the commune's name, or that of the town that it is an arrondissement of.
fn is_named(commune: &Commune, key: &str) -> bool {
    if let Some(town) = commune.town()
        && key.eq_ignore_ascii_case(town)
    {
        return true;
    }
    // Most names differ in the first letter already; an accented one has to be looked at.
    let differs = |(name, key): (u8, u8)| name.is_ascii() && !name.eq_ignore_ascii_case(&key);
    let first = commune.name.bytes().next().zip(key.bytes().next());
    first.is_some_and(|letters| !differs(letters)) && place_key(commune.name) == key
}

/// Compares a city with names. Several names of one commune count as one; of the best kind of
/// likeness, more than one commune is no choice.
fn choose(candidates: &[Candidate], city: &Spelling, is_cut: bool) -> Choice {
    let loose = city.loose_key();
    let liked: Vec<(Likeness, bool, &Candidate)> = candidates
        .iter()
        .filter_map(|candidate| {
            let likeness = likeness(&candidate.spelling, city, &loose, is_cut)?;
            Some((likeness, candidate.former.is_some(), candidate))
        })
        .collect();
    let Some(best) = liked.iter().map(|(likeness, ..)| *likeness).min() else { return Choice::None };
    // A commune's own name, written out, stands before the former name of a neighbour.
    let own_only = best <= Likeness::SameLetters && liked.iter().any(|(like, former, _)| *like == best && !former);
    let of_best = liked.iter().filter(|(like, former, _)| *like == best && !(own_only && *former));
    let mut several: Vec<u32> = Vec::new();
    let mut named: Option<&Candidate> = None;
    for (_, is_former, candidate) in of_best {
        if !several.contains(&candidate.commune) {
            several.push(candidate.commune);
        }
        if named.is_none_or(|known| known.former.is_some() && !is_former) {
            named = Some(candidate);
        }
    }
    match (several.len(), named) {
        (1, Some(one)) => Choice::One { commune: one.commune, former: one.former, likeness: best },
        (_, Some(_)) => Choice::Several(several),
        (_, None) => Choice::None,
    }
}

fn likeness(name: &Spelling, city: &Spelling, loose: &str, is_cut: bool) -> Option<Likeness> {
    if name.key == city.key {
        return Some(Likeness::Same);
    }
    if name.compact == city.compact {
        return Some(Likeness::SameLetters);
    }
    let own_loose = name.loose_key();
    if own_loose == loose {
        return Some(Likeness::Loose);
    }
    if is_cut && (name.compact.starts_with(&city.compact) || own_loose.starts_with(loose)) {
        return Some(Likeness::Cut);
    }
    let slips = |typed: &str, known: &str| {
        let most = slips_of(typed.len());
        // A number is not misspelt: it is another arrondissement.
        let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).collect::<Vec<u8>>();
        digits(typed) == digits(known)
            && edits(typed.as_bytes(), known.as_bytes(), most)
                .is_some_and(|found| found.to_whole <= most || is_cut && found.to_start <= most)
    };
    let glued = |spelling: &Spelling| spelling.key.replace(' ', "");
    if slips(&city.compact, &name.compact) || slips(loose, &own_loose) || slips(&glued(city), &glued(name)) {
        return Some(Likeness::Slip);
    }
    if is_part(&city.loose, &name.loose) {
        return Some(Likeness::Part);
    }
    let extra_number = city.loose.iter().any(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    (own_loose.len() >= 4 && !extra_number && name.loose.iter().any(|word| word.len() >= 4))
        .then(|| city.loose.windows(name.loose.len()).any(|words| words == name.loose))
        .filter(|is_within| *is_within)
        .map(|_| Likeness::Within)
}

/// Whether words are a part of others: whole words of three letters or more, or with a last word cut
/// short when there are six letters or more.
fn is_part(words: &[String], of: &[String]) -> bool {
    let Some((last, before)) = words.split_last() else { return false };
    let letters: usize = words.iter().map(String::len).sum();
    of.windows(words.len()).any(|window| {
        window.split_last().is_some_and(|(end, start)| {
            let ends = if letters < 6 { end == last } else { end.starts_with(last.as_str()) };
            letters >= 3 && start == before && ends
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(zip: &str, city: &str) -> Result<Located<'static>, NotLocated<'static>> {
        Gazetteer::embedded().find(zip, Some(city))
    }

    /// The commune's name, or what stands instead of one.
    fn name(zip: &str, city: &str) -> String {
        match find(zip, city) {
            Ok(located) => {
                located.commune.map_or_else(|| format!("in {}", located.department), |one| one.name.to_owned())
            }
            Err(NotLocated::UnknownPostcode) => "unknown".to_owned(),
            Err(NotLocated::Ambiguous { communes }) => format!("one of {}", communes.len()),
        }
    }

    #[track_caller]
    fn all(expected: &[(&str, &str, &str)]) {
        let wrong: Vec<_> = expected.iter().filter(|(zip, city, wanted)| name(zip, city) != *wanted).collect();
        let told: Vec<_> = wrong
            .iter()
            .map(|(zip, city, wanted)| format!("{zip} {city}: {}, not {wanted}", name(zip, city)))
            .collect();
        assert!(told.is_empty(), "{told:#?}");
    }

    #[test]
    fn abbreviated_and_misspelt_cities_are_found() {
        all(&[
            ("41400", "ST GEORGES S/ CHER", "Saint-Georges-sur-Cher"),
            ("41400", "ST GEORGES S/CHER", "Saint-Georges-sur-Cher"),
            ("41400", "Saint Georges", "Saint-Georges-sur-Cher"),
            ("41400", "SAINT GEORGE SUR CHER", "Saint-Georges-sur-Cher"),
            ("41400", "ST-GEORGES SUR CHER LE BOURG", "Saint-Georges-sur-Cher"),
            ("41400", "FAVEROLES S CHER", "Faverolles-sur-Cher"),
            ("41400", "VALLIERES GRANDES", "Vallières-les-Grandes"),
            ("94120", "FONTENAY S/S BOIS", "Fontenay-sous-Bois"),
            ("59650", "VILLENEUVE ASCQ", "Villeneuve-d'Ascq"),
            ("94240", "L HAY LES ROSES", "L'Haÿ-les-Roses"),
            ("94240", "HAY LES ROSES", "L'Haÿ-les-Roses"),
            ("76120", "GD QUEVILLY", "Le Grand-Quevilly"),
            ("51290", "Saint-Remy-en-Bouzemont-Saint-Ge", "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson"),
            ("51290", "ST REMY EN BOUZEMONT ST GENEST E", "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson"),
            ("92200", "NEUILLY/SEINE", "Neuilly-sur-Seine"),
            ("75017", "PARIS XVII", "Paris 17e Arrondissement"),
            ("41400", "41400 ST GEORGES S/CHER", "Saint-Georges-sur-Cher"),
            ("41400", "Saint-Georges-sur-Cher (41)", "Saint-Georges-sur-Cher"),
            ("41400", "ST GEORGES SUR CHER - FRANCE", "Saint-Georges-sur-Cher"),
            ("97400", "ST DENIS DE LA REUNION", "Saint-Denis"),
            ("59160", "LOMME", "Lille"),
            ("75017", "paris 17ème arr", "Paris 17e Arrondissement"),
            ("69003", "LYON 03", "Lyon 3e Arrondissement"),
            ("94190", "VILLENEUVE ST GEORGES", "Villeneuve-Saint-Georges"),
            ("94190", "VILLENEUVE ST GEORGE", "Villeneuve-Saint-Georges"),
            ("85350", "Ile d'Yeu", "L'Île-d'Yeu"),
            ("85350", "ILE D YEU", "L'Île-d'Yeu"),
            ("77260", "LA FERTE S/S JOUARRE", "La Ferté-sous-Jouarre"),
            ("83110", "SANARY S/MER", "Sanary-sur-Mer"),
            ("83120", "STE MAXIME", "Sainte-Maxime"),
            ("91700", "STE GENEVIEVE DES BOIS", "Sainte-Geneviève-des-Bois"),
            ("71100", "CHALON S/SAONE", "Chalon-sur-Saône"),
            ("51000", "CHALONS EN CHAMPAGNE", "Châlons-en-Champagne"),
            ("98800", "NOUMEA", "Nouméa"),
            ("98714", "PAPEETE", "Papeete"),
            ("98600", "UVEA", "Uvea"),
            ("97500", "ST PIERRE ET MIQUELON", "Saint-Pierre"),
        ]);
    }

    #[test]
    fn a_city_that_may_mean_several_communes_or_another_one_is_asked_for() {
        let communes = Gazetteer::embedded().by_postcode("41400").count();
        let ask = format!("one of {communes}");
        all(&[
            ("41400", "Nowhere", &ask),
            ("41400", "CHER", &ask),
            ("41400", "SUR CHER", &ask),
            // Towns of other postcodes: the next one, and far away.
            ("41400", "AMBOISE", &ask),
            ("41400", "St Aignan", &ask),
            ("75017", "LYON", "one of 1"),
            ("75017", "NEUILLY S/ SEINE", "one of 1"),
            ("75017", "PARIS 16", "one of 1"),
            ("75017", "Paris XVI", "one of 1"),
            ("75017", "MARSEILE", "one of 1"),
            ("42000", "Villeurbane", "one of 1"),
        ]);
        let Err(asked) = find("41400", "Nowhere") else { panic!("nowhere was found") };
        let message = asked.message();
        assert!(message.contains("Saint-Georges-sur-Cher") && message.contains("Pontlevoy"), "{message}");
        // The list is bounded.
        let most = Gazetteer::embedded().communes().iter().flat_map(Commune::postcodes);
        let longest = most.max_by_key(|zip| Gazetteer::embedded().by_postcode(zip).count()).unwrap();
        let message = find(longest, "Nowhere").unwrap_err().message();
        assert!(message.contains(" more, or correct") && message.len() < 1_000, "{message}");
    }

    #[test]
    fn a_quarter_of_the_only_commune_of_a_postcode_is_in_that_commune() {
        all(&[
            ("42000", "Nowhere", "Saint-Étienne"),
            ("75017", "Batignolles", "Paris 17e Arrondissement"),
            ("92400", "PARIS LA DEFENSE", "Courbevoie"),
            ("92800", "PARIS LA DEFENSE", "Puteaux"),
        ]);
    }

    #[test]
    fn a_town_with_more_words_is_not_taken_for_a_quarter() {
        all(&[
            ("44000", "Rennes (35)", "one of 1"),
            ("44000", "Ville de Rennes", "one of 1"),
            ("44000", "Mairie de Rennes", "one of 1"),
            ("44000", "Rennes Centre", "one of 1"),
            ("44000", "Rennes Beaulieu", "one of 1"),
            ("44000", "Beaulieu, Rennes", "one of 1"),
            ("44000", "Centre ville (Rennes)", "one of 1"),
            ("75017", "Lyon, France", "one of 1"),
            ("75017", "Lyon (69)", "one of 1"),
            ("59000", "Roubaix Centre", "one of 1"),
            ("59000", "Commune de Lezennes", "one of 1"),
            ("06400", "Antibes Juan les Pins", "one of 1"),
            ("06400", "Antibes - Juan-les-Pins", "one of 1"),
            ("31000", "Blagnac Aéroport", "one of 1"),
            ("31000", "Aéroport de Blagnac", "one of 1"),
            ("75012", "Vincennes (94)", "one of 1"),
            ("92200", "Levallois", "one of 1"),
            ("97834", "Le Port (974)", "one of 1"),
            ("34280", "Mauguio Carnon", "one of 1"),
            ("75012", "Gentilly", "one of 1"),
            ("75013", "Ivry", "one of 1"),
            ("35000", "Cesson", "one of 1"),
            ("59000", "Mons", "one of 1"),
            ("38000", "Saint-Martin d Heres centre", "one of 1"),
        ]);
    }

    #[test]
    fn a_namesake_elsewhere_does_not_contradict_the_start_of_a_name() {
        all(&[
            ("92200", "Neuilly", "Neuilly-sur-Seine"),
            ("93360", "Neuilly", "Neuilly-Plaisance"),
            ("93330", "Neuilly", "Neuilly-sur-Marne"),
            ("94500", "Champigny", "Champigny-sur-Marne"),
            ("92290", "Châtenay", "Châtenay-Malabry"),
            ("94700", "Maisons", "Maisons-Alfort"),
            ("93390", "Clichy", "Clichy-sous-Bois"),
            ("78180", "Montigny", "Montigny-le-Bretonneux"),
            ("57950", "Montigny", "Montigny-lès-Metz"),
            ("95370", "Montigny", "Montigny-lès-Cormeilles"),
            ("69120", "Vaulx", "Vaulx-en-Velin"),
            ("77420", "Champs", "Champs-sur-Marne"),
            ("95240", "Cormeilles", "Cormeilles-en-Parisis"),
            ("92522", "NEUILLY CEDEX", "Neuilly-sur-Seine"),
            // A city of that name is another matter.
            ("71150", "Paris", "one of 13"),
        ]);
        assert_eq!(find("92200", "Neuilly").unwrap().precision, AddressPrecision::Commune);
    }

    #[test]
    fn a_quarter_is_known_less_well_than_a_commune() {
        for (zip, city, wanted) in [
            ("13290", "Les Milles", "Aix-en-Provence"),
            ("74400", "Argentière", "Chamonix-Mont-Blanc"),
            ("83400", "Giens", "Hyères"),
            ("34280", "Carnon", "La Grande-Motte"),
            ("75017", "Batignolles", "Paris 17e Arrondissement"),
            ("75016", "Auteuil", "Paris 16e Arrondissement"),
            ("75018", "Montmartre", "Paris 18e Arrondissement"),
            ("31000", "Saint Martin du Touch", "Toulouse"),
            ("21000", "Fontaine d'Ouche", "Dijon"),
            ("69004", "La Croix Rousse", "Lyon 4e Arrondissement"),
            ("44000", "Doulon", "Nantes"),
            ("69125", "Lyon Saint Exupéry Aéroport", "Colombier-Saugnieu"),
            ("95700", "Paris Charles de Gaulle", "Roissy-en-France"),
            ("94390", "Paris Orly", "Paray-Vieille-Poste"),
            ("42000", "Nowhere", "Saint-Étienne"),
        ] {
            assert_eq!(name(zip, city), wanted, "{zip} {city}");
            assert_eq!(find(zip, city).unwrap().precision, AddressPrecision::Postcode, "{zip} {city}");
        }
        for (zip, city) in [("59000", "Ville de Lille"), ("44000", "Nantes (44)"), ("35000", "Rennes Beaulieu")] {
            assert_eq!(find(zip, city).unwrap().precision, AddressPrecision::Commune, "{zip} {city}");
        }
    }

    #[test]
    fn a_refusal_names_only_what_the_postcode_accepts() {
        for zip in (97_831..=97_839).map(|zip: u32| zip.to_string()) {
            let asked = find(&zip, "LE PORT CEDEX").unwrap_err();
            let message = asked.message();
            assert!(message.contains("Le Tampon") && !message.contains("Le Port"), "{zip}: {message}");
            assert!(message.contains("correct the postcode"), "{zip}: {message}");
            assert_eq!(name(&zip, "LE TAMPON CEDEX"), "Le Tampon");
        }
    }

    #[test]
    fn an_island_without_a_commune_is_placed_on_the_island() {
        for (zip, city, land) in [
            ("83400", "Porquerolles", "porquerolles"),
            ("83400", "Ile de Porquerolles", "porquerolles"),
            ("83400", "HYERES PORQUEROLLES", "porquerolles"),
            ("83400", "PORT CROS", "port-cros"),
            ("83400", "Île de Port-Cros (Hyères)", "port-cros"),
            ("83400", "Ile du Levant", "levant"),
            ("83400", "Héliopolis, Ile du Levant", "levant"),
            ("13007", "Ile du Frioul", "frioul"),
            ("13007", "MARSEILLE FRIOUL", "frioul"),
            ("06400", "Ile Sainte Marguerite", "lerins-sainte-marguerite"),
            ("06400", "Ile Ste Marguerite", "lerins-sainte-marguerite"),
            ("06400", "Ile Saint Honorat", "lerins-saint-honorat"),
            ("50400", "Iles Chausey", "chausey"),
            ("83140", "Ile des Embiez", "embiez"),
            ("20169", "Cavallo", "cavallo"),
            ("83400", "Hyères", "metropole"),
            ("83400", "L'Ayguade", "metropole"),
            ("06400", "Cannes la Bocca", "metropole"),
        ] {
            let located = find(zip, city).unwrap_or_else(|_| panic!("{zip} {city}"));
            assert_eq!(crate::landmass::Landmass::of(located.position).id(), land, "{zip} {city}");
            let is_island = land != "metropole";
            assert!(!is_island || located.precision == AddressPrecision::Postcode, "{zip} {city}");
        }
    }

    #[test]
    fn a_postcode_alone_is_located_at_its_middle() {
        for city in [None, Some(""), Some(" - "), Some("41400"), Some("CEDEX")] {
            let located = Gazetteer::embedded().find(" 41400 ", city).unwrap();
            assert_eq!((located.commune, located.precision), (None, AddressPrecision::Postcode), "{city:?}");
            assert_eq!(located.department, "41");
            for commune in Gazetteer::embedded().by_postcode("41400") {
                assert!(commune.position.distance_m(located.position) < 20_000.0);
            }
        }
        let alone = Gazetteer::embedded().find("33000", None).unwrap();
        assert_eq!((alone.commune.unwrap().name, alone.precision), ("Bordeaux", AddressPrecision::Commune));
    }

    #[test]
    fn former_communes_are_found_where_they_lie() {
        for (zip, city, today) in [
            ("74600", "SEYNOD", "Annecy"),
            ("50100", "Cherbourg-Octeville", "Cherbourg-en-Cotentin"),
            ("50100", "CHERBOURG OCTEVILE", "Cherbourg-en-Cotentin"),
            ("74960", "Cran Gevrier", "Annecy"),
            ("91000", "EVRY", "Évry-Courcouronnes"),
            ("41400", "Montrichard", "Montrichard Val de Cher"),
            ("01200", "BELLEGARDE S/ VALSERINE", "Valserhône"),
            ("74940", "ANNECY LE VIEUX", "Annecy"),
            ("50470", "LA GLACERIE", "Cherbourg-en-Cotentin"),
            ("74370", "PRINGY", "Annecy"),
            ("91080", "COURCOURONNES", "Évry-Courcouronnes"),
        ] {
            assert_eq!(name(zip, city), today, "{zip} {city}");
            assert!(find(zip, city).unwrap().former_name.is_some(), "{zip} {city}");
        }
        let seynod = find("74600", "Seynod").unwrap();
        assert!(seynod.position.distance_m(Position::new(45.8855, 6.0883).unwrap()) < 1_000.0);
        assert_ne!(seynod.position, seynod.commune.unwrap().position);
    }

    #[test]
    fn cedex_codes_are_located() {
        all(&[
            ("97744", "SAINT DENIS CEDEX 9", "Saint-Denis"),
            ("97743", "ST DENIS CEDEX 9", "Saint-Denis"),
            ("97801", "ST DENIS CEDEX 9", "Saint-Denis"),
            ("97852", "SAINT PIERRE CEDEX", "Saint-Pierre"),
            ("97899", "ST LOUIS CEDEX", "Saint-Louis"),
            ("97799", "LE PORT CEDEX", "Le Port"),
            ("20700", "AJACCIO CEDEX 9", "Ajaccio"),
            ("20162", "Ajaccio Cedex 1", "Ajaccio"),
            ("97744", "ST DENIS DE LA REUNION CEDEX 9", "Saint-Denis"),
            ("06299", "NICE ARENAS CEDEX 3", "Nice"),
            ("75000", "PARIS 17", "Paris 17e Arrondissement"),
            ("69000", "LYON", "Lyon"),
            ("20407", "BASTIA CEDEX", "Bastia"),
            ("20538", "PORTO VECCHIO CEDEX", "Porto-Vecchio"),
            ("20090", "AJACCIO CEDEX", "Ajaccio"),
            ("20189", "AJACCIO CEDEX 2", "Ajaccio"),
            ("20297", "BASTIA CEDEX", "Bastia"),
            ("98713", "PAPEETE CEDEX", "Papeete"),
            ("98845", "NOUMEA CEDEX", "Nouméa"),
            ("97198", "JARRY CEDEX", "Baie-Mahault"),
            ("97470", "ST BENOIT CEDEX", "Saint-Benoît"),
            ("92062", "PARIS LA DEFENSE CEDEX", "Puteaux"),
            ("92908", "PARIS LA DEFENSE CEDEX", "Puteaux"),
            ("92999", "PARIS LA DEFENSE CEDEX", "Puteaux"),
            ("75850", "PARIS 17 CEDEX", "Paris 17e Arrondissement"),
            ("75850", "PARIS CEDEX 17", "Paris 17e Arrondissement"),
            ("75999", "PARIS CEDEX 08", "Paris 8e Arrondissement"),
            ("75999", "PARIS 8 CEDEX", "Paris 8e Arrondissement"),
            ("75999", "PARIS CEDEX", "Paris"),
            ("69431", "LYON CEDEX 03", "Lyon 3e Arrondissement"),
            ("13331", "MARSEILLE CEDEX 03", "Marseille 3e Arrondissement"),
            ("95715", "ROISSY CH DE GAULLE CEDEX", "Roissy-en-France"),
            ("95799", "ROISSY CHARLES DE GAULLE CEDEX 2", "Roissy-en-France"),
            ("91191", "GIF SUR YVETTE CEDEX", "Gif-sur-Yvette"),
            ("91400", "SACLAY", "Saclay"),
            ("86961", "FUTUROSCOPE CHASSENEUIL CEDEX", "Chasseneuil-du-Poitou"),
            ("06902", "SOPHIA ANTIPOLIS CEDEX", "Valbonne"),
            ("94150", "RUNGIS CEDEX", "Rungis"),
            ("97008", "POINTE A PITRE CEDEX", "Pointe-à-Pitre"),
            ("97098", "SAINT BARTHELEMY CEDEX", "Saint-Barthélemy"),
            ("97051", "ST MARTIN CEDEX", "Saint-Martin"),
            ("97261", "FORT DE FRANCE CEDEX", "Fort-de-France"),
            // No table has it, and the label names nothing: the département.
            ("33999", "CENTRE DE TRI CEDEX", "in 33"),
            ("97799", "CHEQUES POSTAUX CEDEX 9", "in 974"),
            ("20799", "IMPOTS CEDEX 9", "in 2A"),
            // Without CEDEX it is a wrong postcode.
            ("33999", "Centre de tri", "unknown"),
            ("00000", "Lyon", "unknown"),
            ("99999", "Lyon CEDEX", "unknown"),
            ("é7000", "é", "unknown"),
            // A town of elsewhere.
            ("75850", "LYON CEDEX", "one of 1"),
            ("97801", "SAINT MARTIN", "one of 1"),
        ]);
        assert_eq!(find("33999", "CENTRE DE TRI CEDEX").unwrap().precision, AddressPrecision::Department);
        assert_eq!(find("92908", "PARIS LA DEFENSE CEDEX").unwrap().precision, AddressPrecision::Postcode);
        assert_eq!(find("97744", "SAINT DENIS CEDEX 9").unwrap().department, "974");
        assert_eq!(Gazetteer::embedded().by_cedex("69431").unwrap().insee, "69383");
        assert_eq!(Gazetteer::embedded().by_cedex("69003"), None);
    }

    /// Each run of CEDEX codes, at its first and last code, by label and by commune.
    #[test]
    fn every_cedex_code_is_located_as_people_write_it() {
        let gazetteer = Gazetteer::embedded();
        let mut wrong = Vec::new();
        for run in &gazetteer.extras().runs {
            let commune = gazetteer.commune_at(run.commune).unwrap();
            for (code, name) in [(run.from, run.label), (run.to, run.label), (run.from, commune.name)] {
                let zip = format!("{code:05}");
                let capitals = place_key(name).to_uppercase();
                let short = capitals.replace("SAINTE ", "STE ").replace("SAINT ", "ST ").replace(" SUR ", " S/ ");
                let mut cut = short.clone();
                cut.truncate(32);
                for city in [
                    format!("{name} CEDEX"),
                    format!("{capitals} CEDEX 9"),
                    short.replace(" SOUS ", " S/S "),
                    format!("{short} Cédex"),
                    format!("{cut} CEDEX"),
                    String::new(),
                ] {
                    let found = gazetteer.find(&zip, Some(&city)).ok();
                    let found = found.and_then(|located| located.commune).map(|commune| commune.insee);
                    if found != Some(commune.insee) {
                        wrong.push(format!("{zip} {city}: {found:?}, not {}", commune.name));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), wrong.iter().take(40).collect::<Vec<_>>());
    }

    /// Each former commune, in each postcode of today's.
    #[test]
    fn every_former_commune_is_found_or_asked_for() {
        let gazetteer = Gazetteer::embedded();
        let (mut found, mut asked, mut wrong) = (0_usize, 0_usize, Vec::new());
        for former in &gazetteer.extras().formers {
            let today = gazetteer.commune_at(former.commune).unwrap();
            // A commune of that name in the postcode is what the name means first.
            let is_own =
                |zip: &str| gazetteer.by_postcode(zip).any(|one| place_key(one.name) == place_key(former.name));
            for zip in today.postcodes().filter(|zip| !is_own(zip)) {
                for city in [former.name.to_owned(), place_key(former.name).replace("saint ", "st ")] {
                    match gazetteer.find(zip, Some(&city)) {
                        Ok(located) if located.commune == Some(today) => found += 1,
                        Err(NotLocated::Ambiguous { communes }) if communes.contains(&today) => asked += 1,
                        other => wrong.push(format!("{zip} {city}: {other:?}")),
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), wrong.iter().take(20).collect::<Vec<_>>());
        assert!(asked * 100 < found, "{found} found, {asked} asked");
    }

    #[test]
    fn every_postcode_tells_its_departement() {
        let department = |zip, city| Gazetteer::embedded().department_of(zip, city).unwrap_or_default();
        for (zip, city, wanted) in [
            ("97744", "SAINT DENIS CEDEX 9", "974"),
            ("97744", "", "974"),
            ("97822", "", "974"),
            ("97133", "GUSTAVIA", "977"),
            ("97150", "MARIGOT", "978"),
            ("97005", "", "971"),
            ("20700", "AJACCIO CEDEX 9", "2A"),
            ("20704", "", "2A"),
            ("20605", "", "2B"),
            ("75017", "Lyon", "75"),
            ("41400", "Nowhere", "41"),
            ("98800", "NOUMEA", "988"),
        ] {
            assert_eq!(department(zip, Some(city)), wanted, "{zip} {city}");
        }
        assert_eq!(department("SW1A", None), "");
    }
}
