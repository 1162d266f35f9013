//! Suggests communes while the user types.

use std::cmp::Reverse;

use super::edits::{MAX_EDITS, edits};
use super::spelling::{SLASH, meanings};
use super::{Commune, Former};
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
    /// The name of a former commune that fits the query, where it is not the commune's own name.
    pub former_name: Option<&'g str>,
}

/// Where a word of a name starts.
#[derive(Debug, Clone, Copy)]
struct Start {
    /// The name's place in the list of names.
    name: u32,
    /// First byte in the text of all names; the name goes on to its end.
    from: u32,
    /// Whether it is the first word, or the first after an article.
    leads: bool,
}

/// A name's place in the text of all names.
#[derive(Debug, Clone, Copy)]
struct Span {
    commune: u32,
    from: u32,
    /// Where the name goes on after its article; `from` when it has none.
    bare: u32,
    end: u32,
}

/// Letters of a name, after its article, that count as its start.
const HEAD: usize = 14;

/// A commune that was found. The order is the order of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    fit: Fit,
    slips: u8,
    only_start: bool,
    is_former: bool,
    population: Reverse<u32>,
    commune: u32,
    name: u32,
}

/// The best ranks found, each commune once.
#[derive(Debug)]
struct Best {
    limit: usize,
    /// In order, `limit` at most.
    ranks: Vec<Rank>,
}

impl Best {
    fn add(&mut self, rank: Rank) {
        if self.ranks.len() >= self.limit && self.ranks.last().is_none_or(|worst| *worst <= rank) {
            return;
        }
        if let Some(at) = self.ranks.iter().position(|known| known.commune == rank.commune) {
            if self.ranks.get(at).is_some_and(|known| *known <= rank) {
                return;
            }
            self.ranks.remove(at);
        } else if self.ranks.len() >= self.limit {
            self.ranks.pop();
        }
        let at = self.ranks.partition_point(|known| *known < rank);
        self.ranks.insert(at, rank);
    }
}

/// Every name as it is compared, made once.
#[derive(Debug)]
pub(super) struct Names {
    /// The keys of all names, one after the other: ASCII.
    text: String,
    /// The communes' own names in their order, then those of former communes in theirs.
    spans: Vec<Span>,
    /// The letters and digits of each name, in the order of `spans`. Apart from them, because a query with a
    /// misspelling reads all of these and few of those.
    letters: Vec<u64>,
    /// The letters and digits of each name's start: as far as a query of `HEAD - MAX_EDITS` letters is compared.
    heads: Vec<u64>,
    /// In the order of the text from there to the name's end.
    starts: Vec<Start>,
    /// In order, with the place of the commune.
    postcodes: Vec<(&'static str, u32)>,
}

impl Names {
    pub(super) fn of(communes: &[Commune], formers: &[Former]) -> Self {
        let own = (0_u32..).zip(communes).map(|(at, commune)| (at, commune.name));
        let former = formers.iter().map(|former| (former.commune, former.name));
        let total = communes.len() + formers.len();
        let mut text = String::new();
        let mut spans = Vec::with_capacity(total);
        let (mut all_letters, mut heads) = (Vec::with_capacity(total), Vec::with_capacity(total));
        let mut starts = Vec::new();
        for (name, (commune, spelt)) in (0_u32..).zip(own.chain(former)) {
            let key = place_key(spelt);
            let place = |offset: usize| u32::try_from(text.len() + offset).unwrap_or(u32::MAX);
            let bare = after_article(&key);
            let words = key.match_indices(' ').map(|(space, _)| space + 1);
            for word in std::iter::once(0).chain(words) {
                starts.push(Start { name, from: place(word), leads: word == 0 || word == bare });
            }
            let (from, end) = (place(0), place(key.len()));
            spans.push(Span { commune, from, bare: place(bare), end });
            all_letters.push(letters(&key));
            heads.push(letters(key.get(..bare + HEAD).unwrap_or(&key)));
            text.push_str(&key);
        }
        let mut postcodes: Vec<_> = (0_u32..)
            .zip(communes)
            .flat_map(|(at, commune)| commune.postcodes().map(move |postcode| (postcode, at)))
            .collect();
        postcodes.sort_unstable();
        let mut names = Self { text, spans, letters: all_letters, heads, starts: Vec::new(), postcodes };
        starts.sort_unstable_by(|left, right| names.from(left).cmp(names.from(right)));
        names.starts = starts;
        names
    }

    pub(super) fn suggest<'g>(
        &self,
        communes: &'g [Commune],
        formers: &'g [Former],
        query: &str,
        limit: usize,
    ) -> Vec<Suggestion<'g>> {
        let wanted = Wanted::read(query);
        let mut best = Best { limit, ranks: Vec::with_capacity(limit.min(communes.len())) };
        if limit == 0 {
            return Vec::new();
        }
        if wanted.names.is_empty() {
            self.by_postcode(communes, wanted.postcode.as_deref().unwrap_or_default(), &mut best);
        } else {
            self.by_name(communes, &wanted, &mut best);
        }
        if best.ranks.len() < limit && wanted.slips > 0 {
            self.by_likeness(communes, &wanted, &mut best);
        }
        let told = best.ranks.into_iter().filter_map(|rank| {
            let former = (rank.name as usize).checked_sub(communes.len()).and_then(|at| formers.get(at));
            let commune = communes.get(rank.commune as usize)?;
            Some(Suggestion { commune, fit: rank.fit, former_name: former.map(|former| former.name) })
        });
        told.collect()
    }

    /// The names that are this one but for a slip of the pen in it: places in the list of names.
    pub(super) fn alike(&self, key: &str, slips: u8) -> impl Iterator<Item = u32> {
        let needed = letters(key);
        let length = key.len();
        (0_u32..).zip(self.spans.iter().zip(&self.letters)).filter_map(move |(name, (span, letters))| {
            let known = self.slice(span.from, span.end);
            let may = !has_more_than(slips, needed & !letters) && known.len().abs_diff(length) <= usize::from(slips);
            let found = may.then(|| edits(key.as_bytes(), known.as_bytes(), slips)).flatten()?;
            (found.to_whole <= slips).then_some(name)
        })
    }

    /// The names that go on after this key with another word: `levallois` in `Levallois-Perret`. Places in
    /// the list of names.
    pub(super) fn begun_by(&self, key: &str) -> impl Iterator<Item = u32> {
        let start = format!("{key} ");
        let first = self.starts.partition_point(|known| self.from(known) < start.as_str());
        let rest = self.starts.iter().skip(first);
        rest.take_while(move |known| self.from(known).starts_with(&start))
            .filter(|known| known.leads)
            .map(|one| one.name)
    }

    /// The commune of a name.
    pub(super) fn commune_of(&self, name: u32) -> Option<u32> {
        self.spans.get(name as usize).map(|span| span.commune)
    }

    fn slice(&self, from: u32, end: u32) -> &str {
        self.text.get(from as usize..end as usize).unwrap_or_default()
    }

    /// A name from one of its words on.
    fn from(&self, start: &Start) -> &str {
        let end = self.spans.get(start.name as usize).map_or(start.from, |span| span.end);
        self.slice(start.from, end)
    }

    fn by_postcode(&self, communes: &[Commune], typed: &str, best: &mut Best) {
        if typed.is_empty() {
            return;
        }
        let first = self.postcodes.partition_point(|(postcode, _)| *postcode < typed);
        let served = self.postcodes.iter().skip(first).take_while(|(postcode, _)| postcode.starts_with(typed));
        for (postcode, at) in served {
            best.add(self.rank(communes, *at, if *postcode == typed { Fit::Exact } else { Fit::Prefix }));
        }
    }

    fn by_name(&self, communes: &[Commune], wanted: &Wanted, best: &mut Best) {
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
                let rank = self.rank(communes, start.name, fit);
                if wanted.allows(communes, rank.commune) {
                    best.add(rank);
                }
            }
        }
    }

    fn by_likeness(&self, communes: &[Commune], wanted: &Wanted, best: &mut Best) {
        let Some(name) = wanted.names.first() else { return };
        let needed = letters(name);
        let shortest = u32::try_from(name.len()).unwrap_or(u32::MAX).saturating_sub(u32::from(wanted.slips));
        let is_short = name.len() + usize::from(MAX_EDITS) <= HEAD;
        let known_letters = if is_short { &self.heads } else { &self.letters };
        for (at, known) in (0_u32..).zip(known_letters) {
            // Each letter that the name does not have costs a slip, and so does each letter beyond its end.
            if has_more_than(wanted.slips, needed & !known) {
                continue;
            }
            let Some(span) = self.spans.get(at as usize).filter(|span| span.end - span.from >= shortest) else {
                continue;
            };
            if !wanted.allows(communes, span.commune) {
                continue;
            }
            let whole = Some(span.from);
            let bare = Some(span.bare).filter(|bare| *bare != span.from);
            for from in whole.into_iter().chain(bare) {
                let edits = edits(name.as_bytes(), self.slice(from, span.end).as_bytes(), wanted.slips);
                if let Some(edits) = edits {
                    let only_start = edits.to_whole > edits.to_start;
                    best.add(Rank { slips: edits.to_start, only_start, ..self.rank(communes, at, Fit::Typo) });
                }
            }
        }
    }

    /// The rank of a name that fits without a slip.
    fn rank(&self, communes: &[Commune], name: u32, fit: Fit) -> Rank {
        let commune = self.commune_of(name).unwrap_or(name);
        let population = communes.get(commune as usize).map_or(0, |commune| commune.population);
        let is_former = name as usize >= communes.len();
        Rank { fit, slips: 0, only_start: false, is_former, population: Reverse(population), commune, name }
    }
}

/// Most readings of one query: those of the first abbreviations are tried.
const MAX_READINGS: usize = 12;

/// What a query asks for.
#[derive(Debug)]
struct Wanted {
    /// The name, as keys are written, in each reading of its abbreviations, best first: `st` as the
    /// last word may stand for `saint`, or be the start of `Strasbourg`.
    names: Vec<String>,
    /// Digits: the start of a postcode, or, beside a name, a whole one.
    postcode: Option<String>,
    /// How many slips are forgiven.
    slips: u8,
}

impl Wanted {
    fn read(query: &str) -> Self {
        let (words, postcode) = Self::words(query);
        let mut names: Vec<String> = if words.is_empty() { Vec::new() } else { vec![String::new()] };
        for (at, word) in words.iter().enumerate() {
            let is_last = at + 1 == words.len();
            let readings: &[&str] = match word.as_str() {
                "/" => &SLASH,
                "st" if is_last => &["saint", "st"],
                "ste" if is_last => &["sainte", "ste"],
                "st" => &["saint"],
                "ste" => &["sainte"],
                other => meanings(other, is_last),
            };
            let own = [word.as_str()];
            let readings = if readings.is_empty() { &own[..] } else { readings };
            let longer = readings.iter().flat_map(|reading| names.iter().map(move |name| join(name, reading)));
            names = longer.take(MAX_READINGS).collect();
        }
        let length = names.first().map_or(0, |name| name.bytes().filter(|byte| *byte != b' ').count());
        Self { names, postcode, slips: slips_of(length) }
    }

    /// The words of a query, with `/` for a slash between two of them, and the postcode.
    fn words(query: &str) -> (Vec<String>, Option<String>) {
        let (mut words, mut postcode) = (Vec::<String>::new(), None);
        let parts: Vec<String> = query.split('/').map(place_words).collect();
        let alone = parts.iter().flat_map(|part| part.split_whitespace()).count() == 1;
        for (part, plain) in parts.iter().enumerate() {
            let mut part_words = plain.split_whitespace().peekable();
            if part > 0 && part_words.peek().is_some() && !words.is_empty() {
                match words.last().map(String::as_str) {
                    // `s/` and `s/s`: the letter says what the slash stands for.
                    Some("s") => {
                        if part_words.next_if_eq(&"s").is_some() {
                            words.pop();
                            words.push("ss".to_owned());
                        }
                    }
                    Some("/") => {}
                    _ => words.push("/".to_owned()),
                }
            }
            for word in part_words {
                let digits = word.bytes().all(|byte| byte.is_ascii_digit());
                if digits && postcode.is_none() && (alone || word.len() == 5) {
                    postcode = Some(word.to_owned());
                } else {
                    words.push(word.to_owned());
                }
            }
        }
        words.pop_if(|last| last == "/");
        (words, postcode)
    }

    /// Whether the commune has the postcode that stands beside the name.
    fn allows(&self, communes: &[Commune], at: u32) -> bool {
        let Some(wanted) = &self.postcode else { return true };
        communes.get(at as usize).is_some_and(|commune| commune.postcodes().any(|postcode| postcode == wanted))
    }
}

/// Two parts of a name with a space between them.
fn join(name: &str, word: &str) -> String {
    if name.is_empty() { word.to_owned() } else { format!("{name} {word}") }
}

/// How many slips of the pen are forgiven in a name of this length.
pub(super) const fn slips_of(letters: usize) -> u8 {
    match letters {
        0..4 => 0,
        4..8 => 1,
        _ => MAX_EDITS,
    }
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

/// Whether more than `count` bits are set. For counts up to `MAX_EDITS` this takes fewer steps than counting all of
/// them where the processor has no instruction for it.
const fn has_more_than(count: u8, mut bits: u64) -> bool {
    let mut cleared = 0;
    while cleared < count {
        bits &= bits.wrapping_sub(1);
        cleared += 1;
    }
    bits != 0
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
