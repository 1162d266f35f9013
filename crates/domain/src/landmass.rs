//! Landmasses: which communes and positions can be reached from each other by road.
//!
//! The data is `data/gazetteer/islands.csv`, embedded. A commune that no row names lies on the European
//! continent ([`Landmass::CONTINENT`]). Islands with a bridge belong to the landmass that the bridge leads
//! to. A few communes of Guyane without a road count as islands too.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::gazetteer::Gazetteer;
use crate::geo::Position;

static TEXT: &str = include_str!("../../../data/gazetteer/islands.csv");
static MAP: LazyLock<Map> = LazyLock::new(|| Map::new(Table::read(TEXT), Gazetteer::embedded()));

/// Land that can be crossed by road. Two positions on different landmasses have no road between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Landmass(u8);

impl Landmass {
    /// The European continent, `metropole` in the data. Positions more than about 100 km from every
    /// commune count as part of it, so that a foreign address is judged by its distance alone.
    pub const CONTINENT: Self = Self(0);

    /// The landmass of a position: that of the island whose circles hold it, else that of the nearest commune.
    ///
    /// ```
    /// # use constat_domain::geo::Position;
    /// # use constat_domain::landmass::Landmass;
    /// let le_palais = Position::new(47.3463, -3.1558).unwrap();
    /// assert_eq!(Landmass::of(le_palais).id(), "belle-ile");
    /// ```
    pub fn of(position: Position) -> Self {
        MAP.of(position)
    }

    /// The landmass of a commune, by its INSEE code.
    pub fn of_commune(insee: &str) -> Self {
        MAP.table.of_commune(insee)
    }

    /// The landmass with an identifier of `data/gazetteer/islands.csv`, such as `belle-ile`.
    pub fn with_id(id: &str) -> Option<Self> {
        let at = MAP.table.names.iter().position(|(known, _)| *known == id)?;
        u8::try_from(at).ok().map(Self)
    }

    /// Its identifier in `data/gazetteer/islands.csv`.
    pub fn id(self) -> &'static str {
        MAP.table.names.get(self.index()).map_or("", |(id, _)| id)
    }

    /// Its French name.
    pub fn name(self) -> &'static str {
        MAP.table.names.get(self.index()).map_or("", |(_, name)| name)
    }

    /// Its number, below [`Landmass::count`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// How many landmasses there are.
    pub fn count() -> usize {
        MAP.table.names.len()
    }
}

/// A part of an island, for the islands that lie so close to the coast that the nearest commune does not
/// tell, or that have no commune.
#[derive(Debug, Clone, Copy)]
struct Circle {
    centre: Position,
    radius_m: f64,
    land: Landmass,
}

/// The rows of `islands.csv`.
#[derive(Debug, Default)]
struct Table {
    /// Identifier and French name, by number.
    names: Vec<(&'static str, &'static str)>,
    communes: HashMap<&'static str, Landmass>,
    /// Starts of INSEE codes, for whole départements.
    prefixes: Vec<(&'static str, Landmass)>,
    circles: Vec<Circle>,
    /// How many parts of rows could not be read. A test sees that there are none.
    faults: usize,
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut table = Self::default();
        for line in text.lines().skip(1) {
            let fields: Vec<&'static str> = line.split(',').collect();
            let [id, name, communes, circles, _road] = fields[..] else {
                table.faults += 1;
                continue;
            };
            let land = table.land(id, name);
            for code in communes.split_whitespace() {
                match code.strip_suffix('*') {
                    Some(prefix) => table.prefixes.push((prefix, land)),
                    None => table.faults += usize::from(table.communes.insert(code, land).is_some()),
                }
            }
            for circle in circles.split(';').filter(|circle| !circle.is_empty()) {
                match read_circle(circle, land) {
                    Some(circle) => table.circles.push(circle),
                    None => table.faults += 1,
                }
            }
        }
        table
    }

    fn land(&mut self, id: &'static str, name: &'static str) -> Landmass {
        let known = self.names.iter().position(|(other, _)| *other == id);
        let at = known.unwrap_or(self.names.len());
        if known.is_none() {
            self.names.push((id, name));
        }
        Landmass(u8::try_from(at).unwrap_or(0))
    }

    fn of_commune(&self, insee: &str) -> Landmass {
        let whole = || self.prefixes.iter().find(|(prefix, _)| insee.starts_with(prefix)).map(|(_, land)| *land);
        self.communes.get(insee).copied().or_else(whole).unwrap_or(Landmass::CONTINENT)
    }
}

fn read_circle(text: &str, land: Landmass) -> Option<Circle> {
    let mut parts = text.split_whitespace().map(str::parse::<f64>);
    let (lat, lon, radius_m) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    Some(Circle { centre: Position::new(lat, lon)?, radius_m, land })
}

/// Cells in a degree.
const PER_DEGREE: f64 = 10.0;
/// Cells around the world.
const COLUMNS: i32 = 3600;
/// A cell has one answer when no other landmass is this many cells away: 22 km at least in France.
const CLEAR: i32 = 3;
/// Farthest ring of cells that is searched: two degrees.
const MAX_RINGS: i32 = 20;

/// Row and column of a position's cell.
#[expect(clippy::cast_possible_truncation, reason = "degrees fit; the cast saturates")]
fn cell(at: Position) -> (i32, i32) {
    (((at.lat + 90.0) * PER_DEGREE).floor() as i32, ((at.lon + 180.0) * PER_DEGREE).floor() as i32)
}

const fn key((row, column): (i32, i32)) -> i32 {
    row * COLUMNS + column.rem_euclid(COLUMNS)
}

/// The communes of one cell.
#[derive(Debug, Default)]
struct Cell {
    communes: Vec<(Position, Landmass)>,
    /// Another landmass is near: every commune around must be looked at.
    is_mixed: bool,
}

/// The communes by cell, so that a look-up reads one cell nearly everywhere.
#[derive(Debug)]
struct Map {
    table: Table,
    cells: HashMap<i32, Cell>,
    /// Degrees, row and column, within one degree of a commune.
    near: HashSet<(i32, i32)>,
}

impl Map {
    fn new(table: Table, gazetteer: &Gazetteer) -> Self {
        let mut cells: HashMap<i32, Cell> = HashMap::new();
        let mut near = HashSet::new();
        let mut islands: Vec<((i32, i32), Landmass)> = Vec::new();
        for commune in gazetteer.communes() {
            let (land, at) = (table.of_commune(commune.insee), cell(commune.position));
            let degree = (at.0.div_euclid(10), at.1.div_euclid(10));
            near.extend(around(degree, 1));
            if land != Landmass::CONTINENT {
                islands.push((at, land));
            }
            // Circles alone tell who is on an island that has some.
            if !table.circles.iter().any(|circle| circle.land == land) {
                cells.entry(key(at)).or_default().communes.push((commune.position, land));
            }
        }
        islands.extend(table.circles.iter().map(|circle| (cell(circle.centre), circle.land)));
        for (at, land) in islands {
            let mut is_alone = true;
            for other in around(at, CLEAR) {
                let Some(cell) = cells.get_mut(&key(other)) else { continue };
                if cell.communes.iter().any(|(_, known)| *known != land) {
                    cell.is_mixed = true;
                    is_alone = false;
                }
            }
            if let Some(cell) = cells.get_mut(&key(at)).filter(|_| !is_alone) {
                cell.is_mixed = true;
            }
        }
        Self { table, cells, near }
    }

    fn of(&self, position: Position) -> Landmass {
        let at = cell(position);
        if let Some(cell) = self.cells.get(&key(at)).filter(|cell| !cell.is_mixed)
            && let Some((_, land)) = cell.communes.first()
        {
            return *land;
        }
        if !self.near.contains(&(at.0.div_euclid(10), at.1.div_euclid(10))) {
            return Landmass::CONTINENT;
        }
        let holds = |circle: &&Circle| circle.centre.distance_m(position) <= circle.radius_m;
        if let Some(circle) = self.table.circles.iter().find(holds) {
            return circle.land;
        }
        self.nearest(position, at).unwrap_or(Landmass::CONTINENT)
    }

    /// The landmass of the nearest commune, looked for in wider and wider rings of cells.
    fn nearest(&self, position: Position, at: (i32, i32)) -> Option<Landmass> {
        let narrow = position.lat.to_radians().cos();
        let mut best: Option<(f64, Landmass)> = None;
        for ring in 0..=MAX_RINGS {
            // Nothing in this ring or beyond is nearer than this, in squared degrees.
            let bound = (f64::from(ring - 1).max(0.0) / PER_DEGREE * narrow).powi(2);
            if best.is_some_and(|(known, _)| known <= bound) {
                break;
            }
            for other in around(at, ring).filter(|other| (other.0 - at.0).abs().max((other.1 - at.1).abs()) == ring) {
                let communes = self.cells.get(&key(other)).map_or(&[][..], |cell| &cell.communes);
                for (there, land) in communes {
                    let east = (there.lon - position.lon + 540.0).rem_euclid(360.0) - 180.0;
                    let away = (there.lat - position.lat).powi(2) + (east * narrow).powi(2);
                    if best.is_none_or(|(known, _)| away < known) {
                        best = Some((away, *land));
                    }
                }
            }
        }
        best.map(|(_, land)| land)
    }
}

/// The square of cells around one.
fn around((row, column): (i32, i32), reach: i32) -> impl Iterator<Item = (i32, i32)> {
    (row - reach..=row + reach).flat_map(move |row| (column - reach..=column + reach).map(move |column| (row, column)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lat: f64, lon: f64) -> &'static str {
        Landmass::of(Position::new(lat, lon).unwrap()).id()
    }

    #[test]
    fn the_table_is_read_whole_and_names_real_communes() {
        let table = Table::read(TEXT);
        assert_eq!(table.faults, 0);
        assert_eq!(table.names[0].0, "metropole");
        assert!(table.names.len() < 200, "numbers are eight bits");
        for insee in table.communes.keys() {
            assert!(Gazetteer::embedded().by_insee(insee).is_some(), "no commune {insee}");
        }
        for (prefix, _) in &table.prefixes {
            assert!(Gazetteer::embedded().communes().iter().any(|commune| commune.insee.starts_with(prefix)));
        }
        for (number, (id, name)) in table.names.iter().enumerate() {
            let land = Landmass::with_id(id).unwrap();
            assert_eq!((land.index(), land.id(), land.name()), (number, *id, *name));
            assert!(!name.is_empty());
        }
    }

    /// An address without a position is placed at its commune: both ways must lead to one landmass.
    #[test]
    fn every_commune_lies_on_its_own_landmass_by_its_position_too() {
        for commune in Gazetteer::embedded().communes() {
            assert_eq!(Landmass::of(commune.position), Landmass::of_commune(commune.insee), "{commune:?}");
        }
    }

    #[test]
    fn islands_without_a_bridge_are_apart_from_the_coast() {
        let of = |insee| Landmass::of_commune(insee).id();
        for belle_ile in ["56009", "56114", "56152", "56241"] {
            assert_eq!(of(belle_ile), "belle-ile");
        }
        for (insee, island) in [
            ("56069", "groix"),
            ("56086", "houat"),
            ("56085", "hoedic"),
            ("85113", "yeu"),
            ("29155", "ouessant"),
            ("22016", "brehat"),
            ("17004", "aix"),
            ("2B050", "corse"),
            ("2A004", "corse"),
            ("97112", "marie-galante"),
            ("97131", "les-saintes-terre-de-haut"),
            ("97120", "guadeloupe"),
            ("97105", "guadeloupe"),
            ("97608", "mayotte-petite-terre"),
            ("97611", "mayotte-grande-terre"),
            ("98818", "nouvelle-caledonie"),
            ("98814", "lifou"),
            ("98735", "tahiti"),
            ("98729", "moorea"),
            ("97352", "saul"),
        ] {
            assert_eq!(of(insee), island, "{insee}");
        }
        // Overseas, nothing is on the continent.
        let overseas = Gazetteer::embedded().communes().iter().filter(|commune| commune.department().len() == 3);
        for commune in overseas {
            assert_ne!(Landmass::of_commune(commune.insee), Landmass::CONTINENT, "{commune:?}");
        }
    }

    #[test]
    fn islands_with_a_bridge_are_on_the_continent() {
        for insee in ["17369", "17385", "85163", "29085", "50353", "93039"] {
            assert_eq!(Landmass::of_commune(insee), Landmass::CONTINENT, "{insee}");
        }
    }

    #[test]
    fn the_shore_on_each_side_of_a_strait_is_told_apart() {
        // Port-Blanc in Baden, 900 m from the landing of the Île-aux-Moines.
        assert_eq!(at(47.6028, -2.8590), "metropole");
        assert_eq!(at(47.6003, -2.8510), "ile-aux-moines");
        assert_eq!(at(47.6340, -2.7790), "metropole", "Conleau");
        assert_eq!(at(48.8215, -3.0165), "metropole", "Pointe de l'Arcouest");
        assert_eq!(at(48.8390, -3.0020), "brehat", "Port-Clos");
        assert_eq!(at(48.7265, -3.9825), "metropole", "Roscoff, the old harbour");
        assert_eq!(at(46.0030, -1.1180), "metropole", "Pointe de la Fumée");
        assert_eq!(at(43.0275, 6.1555), "metropole", "La Tour Fondue");
        assert_eq!(at(43.0005, 6.2010), "porquerolles");
        assert_eq!(at(43.0080, 6.3810), "port-cros");
        assert_eq!(at(48.8700, -1.8280), "chausey");
        assert_eq!(at(47.4680, -3.0960), "metropole", "Quiberon, the tip");
        assert_eq!(at(-12.7780, 45.2280), "mayotte-grande-terre");
        assert_eq!(at(-12.8045, 45.2830), "mayotte-petite-terre", "the airport of Pamandzi");
        assert_eq!(at(43.5400, 7.0350), "metropole", "Cannes, Pointe Croisette");
    }

    #[test]
    fn places_abroad_and_at_sea_have_an_answer() {
        for (lat, lon) in [(51.5, -0.12), (50.85, 4.35), (40.4, -3.7), (0.0, 0.0), (-89.9, 179.9), (90.0, -180.0)] {
            assert_eq!(at(lat, lon), "metropole", "{lat} {lon}");
        }
        assert_eq!(at(-13.3, -176.2), "wallis");
        assert_eq!(at(-13.3, 183.8 - 360.0), "wallis");
    }

    /// The shortcut of a cell without others near is the rule itself.
    #[test]
    fn a_cell_answers_what_the_nearest_commune_answers() {
        let map = &*MAP;
        let mut plain = 0;
        for step in 0..10_000_u32 {
            let spread = |factor: u32| f64::from(step.wrapping_mul(factor) % 65_536) / 65_536.0;
            let position = Position::new(41.0 + 10.5 * spread(40_503), -5.5 + 15.5 * spread(2_654_435)).unwrap();
            let circle = map.table.circles.iter().find(|circle| circle.centre.distance_m(position) <= circle.radius_m);
            let at = cell(position);
            let near = map.near.contains(&(at.0.div_euclid(10), at.1.div_euclid(10)));
            let whole = circle.map(|circle| circle.land).or_else(|| map.nearest(position, at)).filter(|_| near);
            assert_eq!(map.of(position), whole.unwrap_or(Landmass::CONTINENT), "{position:?}");
            plain += usize::from(map.cells.get(&key(at)).is_some_and(|cell| !cell.is_mixed));
        }
        assert!(plain > 2_500, "{plain} of 10,000 were answered by one cell");
    }
}
