//! Which commune is meant, while somebody types.

use std::cmp::Reverse;

use super::Commune;
use super::edits::{MOST, edits};
use crate::text::{place_key, place_words};

/// How a suggestion fits what was typed, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fit {
    /// It is the whole name, with or without its article (`Havre`), or the whole postcode.
    Exact,
    /// It is the start of the name, with or without its article, or of a postcode.
    Prefix,
    /// It is the start of a later word of the name.
    Word,
    /// It is the name or its start but for a slip of the pen.
    Typo,
}

/// A commune that may be meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suggestion<'g> {
    /// The commune.
    pub commune: &'g Commune,
    /// How well it fits.
    pub fit: Fit,
}

/// Where a word of a commune's name starts.
#[derive(Debug, Clone, Copy)]
struct Start {
    commune: u32,
    /// First byte in the text of all names; the name goes on to its end.
    from: u32,
    /// Whether it is the first word, or the first after an article.
    leads: bool,
}

/// A name's place in the text of all names.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: u32,
    /// Where the name goes on after its article; `from` when it has none.
    bare: u32,
    end: u32,
    /// The letters and digits that it has.
    letters: u64,
}

/// A commune that was found. The order is the order of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    fit: Fit,
    slips: u8,
    only_start: bool,
    population: Reverse<u32>,
    commune: u32,
}

/// Every name as it is compared, made once.
#[derive(Debug)]
pub(super) struct Names {
    /// The keys of all names, one after the other: ASCII.
    text: String,
    /// In the order of the communes.
    spans: Vec<Span>,
    /// In the order of the text from there to the name's end.
    starts: Vec<Start>,
    /// In order, with the place of the commune.
    postcodes: Vec<(&'static str, u32)>,
}

impl Names {
    pub(super) fn of(communes: &[Commune]) -> Self {
        let mut text = String::new();
        let mut spans = Vec::with_capacity(communes.len());
        let mut starts = Vec::new();
        let mut postcodes = Vec::new();
        for (at, commune) in (0_u32..).zip(communes) {
            let key = place_key(commune.name);
            let place = |offset: usize| u32::try_from(text.len() + offset).unwrap_or(u32::MAX);
            let bare = after_article(&key);
            let words = key.match_indices(' ').map(|(space, _)| space + 1);
            for word in std::iter::once(0).chain(words) {
                starts.push(Start { commune: at, from: place(word), leads: word == 0 || word == bare });
            }
            spans.push(Span { from: place(0), bare: place(bare), end: place(key.len()), letters: letters(&key) });
            postcodes.extend(commune.postcodes().map(|postcode| (postcode, at)));
            text.push_str(&key);
        }
        let mut names = Self { text, spans, starts: Vec::new(), postcodes };
        starts.sort_unstable_by(|left, right| names.from(left).cmp(names.from(right)));
        names.starts = starts;
        names.postcodes.sort_unstable();
        names
    }

    pub(super) fn suggest<'g>(&self, communes: &'g [Commune], query: &str, limit: usize) -> Vec<Suggestion<'g>> {
        let wanted = Wanted::read(query);
        let mut found = if wanted.names.is_empty() {
            let whole = wanted.postcode.as_deref().unwrap_or_default();
            self.by_postcode(communes, whole)
        } else {
            self.by_name(communes, &wanted)
        };
        best(&mut found, limit);
        if found.len() < limit && wanted.slips > 0 {
            self.by_likeness(communes, &wanted, &mut found);
            best(&mut found, limit);
        }
        let told = found
            .into_iter()
            .filter_map(|rank| Some(Suggestion { commune: communes.get(rank.commune as usize)?, fit: rank.fit }));
        told.collect()
    }

    fn slice(&self, from: u32, end: u32) -> &str {
        self.text.get(from as usize..end as usize).unwrap_or_default()
    }

    /// A name from one of its words on.
    fn from(&self, start: &Start) -> &str {
        let end = self.spans.get(start.commune as usize).map_or(start.from, |span| span.end);
        self.slice(start.from, end)
    }

    fn by_postcode(&self, communes: &[Commune], typed: &str) -> Vec<Rank> {
        if typed.is_empty() {
            return Vec::new();
        }
        let first = self.postcodes.partition_point(|(postcode, _)| *postcode < typed);
        let served = self.postcodes.iter().skip(first).take_while(|(postcode, _)| postcode.starts_with(typed));
        let fit = |postcode: &str| if postcode == typed { Fit::Exact } else { Fit::Prefix };
        served.map(|(postcode, at)| rank(communes, *at, fit(postcode))).collect()
    }

    fn by_name(&self, communes: &[Commune], wanted: &Wanted) -> Vec<Rank> {
        let mut found = Vec::new();
        for name in &wanted.names {
            let first = self.starts.partition_point(|start| self.from(start) < name.as_str());
            for start in self.starts.iter().skip(first) {
                let rest = self.from(start);
                if !rest.starts_with(name.as_str()) {
                    break;
                }
                let fit = match start.leads {
                    true if rest.len() == name.len() => Fit::Exact,
                    true => Fit::Prefix,
                    false => Fit::Word,
                };
                if wanted.allows(communes, start.commune) {
                    found.push(rank(communes, start.commune, fit));
                }
            }
        }
        found
    }

    fn by_likeness(&self, communes: &[Commune], wanted: &Wanted, found: &mut Vec<Rank>) {
        let Some(name) = wanted.names.first() else { return };
        let needed = letters(name);
        for (at, span) in (0_u32..).zip(&self.spans) {
            // Each letter that the name does not have costs a slip.
            if (needed & !span.letters).count_ones() > u32::from(wanted.slips) || !wanted.allows(communes, at) {
                continue;
            }
            let whole = Some(span.from);
            let bare = Some(span.bare).filter(|bare| *bare != span.from);
            for from in whole.into_iter().chain(bare) {
                let edits = edits(name.as_bytes(), self.slice(from, span.end).as_bytes(), wanted.slips);
                if let Some(edits) = edits {
                    let only_start = edits.to_whole > edits.to_start;
                    let slips = edits.to_start;
                    found.push(Rank { slips, only_start, ..rank(communes, at, Fit::Typo) });
                }
            }
        }
    }
}

/// What a query asks for.
#[derive(Debug)]
struct Wanted {
    /// The name, as keys are written. Two where the last word is `st` or `ste`: it may stand for
    /// `saint`, or be the start of `Strasbourg`.
    names: Vec<String>,
    /// Digits: the start of a postcode, or, beside a name, a whole one.
    postcode: Option<String>,
    /// How many slips are forgiven.
    slips: u8,
}

impl Wanted {
    fn read(query: &str) -> Self {
        let plain = place_words(query);
        let (mut words, mut postcode) = (Vec::new(), None);
        let alone = plain.split_whitespace().count() == 1;
        for word in plain.split_whitespace() {
            let digits = word.bytes().all(|byte| byte.is_ascii_digit());
            if digits && postcode.is_none() && (alone || word.len() == 5) {
                postcode = Some(word.to_owned());
            } else {
                words.push(word);
            }
        }
        let key = place_key(&words.join(" "));
        let length = key.bytes().filter(|byte| *byte != b' ').count();
        let slips = match length {
            0..4 => 0,
            4..8 => 1,
            _ => MOST,
        };
        let mut names = Vec::new();
        if let Some((last, before)) = words.split_last() {
            if matches!(*last, "st" | "ste") {
                names.push(place_key(&before.join(" ")));
                if let Some(name) = names.last_mut() {
                    if !name.is_empty() {
                        name.push(' ');
                    }
                    name.push_str(last);
                }
            }
            names.insert(0, key);
        }
        Self { names, postcode, slips }
    }

    /// Whether the commune has the postcode that stands beside the name.
    fn allows(&self, communes: &[Commune], at: u32) -> bool {
        let Some(wanted) = &self.postcode else { return true };
        communes.get(at as usize).is_some_and(|commune| commune.postcodes().any(|postcode| postcode == wanted))
    }
}

fn rank(communes: &[Commune], commune: u32, fit: Fit) -> Rank {
    let population = communes.get(commune as usize).map_or(0, |commune| commune.population);
    Rank { fit, slips: 0, only_start: false, population: Reverse(population), commune }
}

/// Keeps each commune's best rank, and of those the best `limit`, in order.
fn best(found: &mut Vec<Rank>, limit: usize) {
    found.sort_unstable_by_key(|rank| (rank.commune, *rank));
    found.dedup_by_key(|rank| rank.commune);
    if limit < found.len() {
        found.select_nth_unstable(limit);
        found.truncate(limit);
    }
    found.sort_unstable();
}

/// Where a key goes on after its article.
fn after_article(key: &str) -> usize {
    let article = ["le ", "la ", "les ", "l "].into_iter().find(|article| key.starts_with(article));
    article.map_or(0, str::len)
}

/// The letters and digits of a key, a bit for each.
fn letters(key: &str) -> u64 {
    key.bytes().fold(0, |set, byte| match byte {
        b'a'..=b'z' => set | 1 << (byte - b'a'),
        b'0'..=b'9' => set | 1 << (byte - b'0' + 26),
        _ => set,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gazetteer::Gazetteer;

    fn names(query: &str, limit: usize) -> Vec<&'static str> {
        Gazetteer::embedded().suggest(query, limit).iter().map(|found| found.commune.name).collect()
    }

    fn first(query: &str) -> (&'static str, Fit) {
        let found = Gazetteer::embedded().suggest(query, 10);
        found.first().map_or(("", Fit::Typo), |found| (found.commune.name, found.fit))
    }

    #[test]
    fn a_name_is_found_in_any_spelling() {
        for query in ["Saint-Étienne", "SAINT ETIENNE", "st-etienne", "St Étienne", " saint   etienne ", "st.etienne"]
        {
            assert_eq!(first(query), ("Saint-Étienne", Fit::Exact), "{query}");
        }
        assert_eq!(first("ste-maxime"), ("Sainte-Maxime", Fit::Exact));
        assert_eq!(first("l’haÿ les roses"), ("L'Haÿ-les-Roses", Fit::Exact));
        assert_eq!(first("hay-les-roses"), ("L'Haÿ-les-Roses", Fit::Exact));
        assert_eq!(first("havre"), ("Le Havre", Fit::Exact));
        assert_eq!(first("Le Havre"), ("Le Havre", Fit::Exact));
        assert_eq!(first("paris"), ("Paris", Fit::Exact));
    }

    #[test]
    fn while_typing_the_most_peopled_come_first() {
        assert_eq!(first("marse"), ("Marseille", Fit::Prefix));
        assert_eq!(names("bordea", 1), ["Bordeaux"]);
        assert_eq!(first("saint den"), ("Saint-Denis", Fit::Prefix));
        assert_eq!(first("lyon 3"), ("Lyon 3e Arrondissement", Fit::Prefix));
        // The exact name stands before longer ones, however large: a village before Saint-Denis.
        assert_eq!(first("sai"), ("Sai", Fit::Exact));
        assert_eq!(first("lille"), ("Lille", Fit::Exact));
        let found = Gazetteer::embedded().suggest("bains", 30);
        assert_eq!(found[0].commune.name, "Bains");
        assert!(found.iter().any(|found| found.commune.name == "Aix-les-Bains" && found.fit == Fit::Word));
        assert!(found.is_sorted_by_key(|found| found.fit));
    }

    #[test]
    fn st_may_be_a_saint_or_the_start_of_strasbourg() {
        let found = names("st", 30);
        assert!(found.contains(&"Strasbourg") && found.contains(&"Saint-Denis"), "{found:?}");
        assert!(names("ste", 30).contains(&"Sainte-Maxime"));
        assert!(names("bourg st", 5).contains(&"Bourg-Saint-Maurice"));
    }

    #[test]
    fn slips_of_the_pen_are_forgiven_by_length() {
        for (query, name) in [
            ("bordaux", "Bordeaux"),
            ("nordeaux", "Bordeaux"),
            ("marsiele", "Marseille"),
            ("monpelier", "Montpellier"),
            ("clermon ferand", "Clermont-Ferrand"),
            ("toulosue", "Toulouse"),
            ("lyno", "Lyon"),
            ("harve", "Le Havre"),
            ("aix en provnece", "Aix-en-Provence"),
        ] {
            let found = Gazetteer::embedded().suggest(query, 5);
            assert!(found.iter().any(|found| found.commune.name == name), "{query}: {:?}", names(query, 5));
        }
        assert_eq!(first("marsiele"), ("Marseille", Fit::Typo));
        // Three letters are taken as they are, and so is nonsense.
        assert_eq!(names("xyz", 10), Vec::<&str>::new());
        assert_eq!(names("qqqqqqqqqqqq", 10), Vec::<&str>::new());
    }

    #[test]
    fn the_start_of_a_postcode_is_taken_too() {
        let found = Gazetteer::embedded().suggest("7501", 30);
        assert_eq!(found.len(), 10, "75010 to 75019: {:?}", names("7501", 30));
        assert!(found.iter().all(|found| found.commune.department() == "75" && found.fit == Fit::Prefix));
        assert_eq!(first("42000"), ("Saint-Étienne", Fit::Exact));
        assert_eq!(first("34725").1, Fit::Exact);
        for query in ["75017 paris", "Paris 75017", "75017 par"] {
            assert_eq!(names(query, 10), ["Paris 17e Arrondissement"], "{query}");
        }
        assert_eq!(names("75017 marseille", 10), Vec::<&str>::new());
        assert_eq!(names("750170", 10), Vec::<&str>::new());
    }

    #[test]
    fn nothing_is_found_for_nothing() {
        for query in ["", "  ", "-'-", "—", "🚲"] {
            assert_eq!(names(query, 10), Vec::<&str>::new(), "{query}");
        }
        assert_eq!(names("paris", 0), Vec::<&str>::new());
        assert!(names(&"saint ".repeat(50), 10).is_empty());
    }

    #[test]
    fn each_commune_is_found_once_under_its_own_name() {
        let gazetteer = Gazetteer::embedded();
        for commune in gazetteer.communes().iter().step_by(97) {
            let found = gazetteer.suggest(commune.name, 400);
            let of_it: Vec<_> = found.iter().filter(|found| found.commune.insee == commune.insee).collect();
            assert_eq!(of_it.len(), 1, "{commune:?}");
            assert_eq!(of_it[0].fit, Fit::Exact);
        }
    }
}
