//! Islands that are a part of a commune on the mainland: rows of `data/gazetteer/islands.csv` that name
//! their commune in the text and have circles, such as `Porquerolles (commune d'Hyères)`.

use std::sync::LazyLock;

use super::Commune;
use super::spelling::Spelling;
use crate::geo::Position;
use crate::text::place_key;

static TEXT: &str = include_str!("../../../../data/gazetteer/islands.csv");
static ISLETS: LazyLock<Vec<Islet>> = LazyLock::new(|| TEXT.lines().skip(1).filter_map(read_line).collect());

/// An island without a commune.
#[derive(Debug)]
struct Islet {
    /// The words of its name without articles and `île`.
    words: Vec<String>,
    /// The key of the name of its commune.
    commune: String,
    /// The middle of its first circle.
    middle: Position,
}

fn read_line(line: &str) -> Option<Islet> {
    let mut fields = line.split(',').skip(1);
    let (name, commune) = fields.next()?.split_once('(')?;
    let commune = commune.trim_end_matches(')').strip_prefix("commune d")?;
    let commune = commune.strip_prefix("e ").or_else(|| commune.strip_prefix('\''))?;
    let mut circle = fields.nth(1)?.split_whitespace();
    let middle = Position::new(circle.next()?.parse().ok()?, circle.next()?.parse().ok()?)?;
    let words = Spelling::of(name).loose.into_iter().filter(|word| !is_island(word)).collect();
    Some(Islet { words, commune: place_key(commune), middle })
}

fn is_island(word: &str) -> bool {
    matches!(word, "ile" | "iles" | "isle" | "ilot")
}

/// The middle of the island of this commune that the city names: the island alone, with the commune's
/// name, or with other words when the city says `île`.
pub(super) fn middle_of(commune: &Commune, city: &Spelling) -> Option<Position> {
    let name = place_key(commune.town().unwrap_or(commune.name));
    let own = Spelling::of(&name).loose;
    let says_island = city.loose.iter().any(|word| is_island(word));
    let here = ISLETS.iter().filter(|islet| islet.commune == name);
    let mut named = here.filter(|islet| {
        let is_rest = || city.loose.iter().filter(|word| !own.contains(word) && !is_island(word)).eq(&islet.words);
        is_rest() || says_island && city.loose.windows(islet.words.len()).any(|words| words == islet.words)
    });
    named.next().map(|islet| islet.middle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gazetteer::Gazetteer;

    #[test]
    fn every_island_without_a_commune_is_read_with_a_real_one() {
        assert_eq!(ISLETS.len(), TEXT.matches("(commune d").count());
        assert!(ISLETS.len() >= 10);
        for islet in ISLETS.iter() {
            let is_its = |one: &Commune| place_key(one.name) == islet.commune;
            assert!(Gazetteer::embedded().communes().iter().any(is_its), "{islet:?}");
            assert!(!islet.words.is_empty(), "{islet:?}");
        }
    }
}
