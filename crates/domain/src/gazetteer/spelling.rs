//! Place names as people write them: abbreviations, linking words, glued words, CEDEX suffixes.

use std::borrow::Cow;

use crate::text::{place_key, place_words};

/// Words that join the parts of a name and are often left out or abbreviated.
const LINKS: [&str; 20] = [
    "a", "au", "aux", "d", "de", "des", "du", "en", "es", "et", "l", "la", "le", "les", "lez", "s", "sous", "sr", "ss",
    "sur",
];

/// Words with the abbreviation that both spellings are reduced to.
const SHORT: [(&str, &str); 24] = [
    ("saint", "st"),
    ("saints", "st"),
    ("sts", "st"),
    ("sainte", "ste"),
    ("saintes", "ste"),
    ("stes", "ste"),
    ("grand", "gd"),
    ("grands", "gd"),
    ("gds", "gd"),
    ("grande", "gde"),
    ("grandes", "gde"),
    ("gdes", "gde"),
    ("petit", "pt"),
    ("petits", "pt"),
    ("petite", "pte"),
    ("petites", "pte"),
    ("vieux", "vx"),
    ("mont", "mt"),
    ("charles", "ch"),
    ("chateau", "ch"),
    ("chat", "ch"),
    ("cht", "ch"),
    ("grd", "gd"),
    ("bourg", "bg"),
];

/// The numbers of arrondissements as they were once written.
const ROMAN: [&str; 20] = [
    "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi", "xvii",
    "xviii", "xix", "xx",
];

/// One spelling of a place name, reduced to what two spellings of one name have in common. All keys
/// are lower-case ASCII letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spelling {
    /// The words, separated by spaces, with `st` and `ste` written out: the strictest key.
    pub key: String,
    /// All words abbreviated where an abbreviation is usual, without spaces.
    pub compact: String,
    /// As `compact`, without articles and linking words.
    pub loose: Vec<String>,
}

impl Spelling {
    /// Reads a name. A slash separates words; `17e`, `17EME` and `017` are the number 17.
    pub fn of(name: &str) -> Self {
        let plain = place_words(name);
        let short = short_words(&plain);
        let compact = glued(&short.concat());
        let loose = without_links(short).into_iter().map(Cow::into_owned).collect();
        Self { key: place_key(name), compact, loose }
    }

    /// The loose words without spaces.
    pub fn loose_key(&self) -> String {
        glued(&self.loose.concat())
    }

    /// Whether there is nothing to compare: no letter at all.
    pub fn is_empty(&self) -> bool {
        !self.key.bytes().any(|byte| byte.is_ascii_lowercase())
    }
}

/// All names by their loose spelling: a list of hashes, which a search halves its way into.
#[derive(Debug)]
pub(super) struct LooseIndex {
    /// In order, each with the place of the name.
    hashes: Vec<(u64, u32)>,
}

impl LooseIndex {
    pub fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut hashes: Vec<_> = names.zip(0_u32..).map(|(name, at)| (hash(&loose_key(name)), at)).collect();
        hashes.sort_unstable();
        Self { hashes }
    }

    /// The places of the names with a loose spelling. Two spellings of one 64-bit hash are not told apart.
    pub fn spelt(&self, loose: &str) -> impl Iterator<Item = u32> {
        let wanted = hash(loose);
        let first = self.hashes.partition_point(|(hash, _)| *hash < wanted);
        self.hashes.iter().skip(first).take_while(move |(hash, _)| *hash == wanted).map(|(_, name)| *name)
    }
}

/// As [`Spelling::loose_key`], of a name.
fn loose_key(name: &str) -> String {
    glued(&without_links(short_words(&place_words(name))).concat())
}

/// A hash that is the same in every run (FNV-1a).
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The words of a folded name, abbreviated where that is usual.
fn short_words(plain: &str) -> Vec<Cow<'_, str>> {
    let mut words: Vec<Cow<'_, str>> = Vec::with_capacity(8);
    for word in plain.split_whitespace() {
        let is_after_town =
            words.len() == 1 && words.first().is_some_and(|first| matches!(&**first, "paris" | "lyon" | "marseille"));
        // `nd` stands for two words.
        if word == "dame" && words.last().is_some_and(|last| last == "notre") {
            words.pop();
            words.push(Cow::Borrowed("nd"));
        } else if let Some(number) = ordinal(word).or_else(|| is_after_town.then(|| roman(word)).flatten()) {
            words.push(Cow::Owned(number.to_string()));
        } else {
            let short = SHORT.iter().find(|(long, _)| *long == word).map_or(word, |(_, short)| short);
            words.push(Cow::Borrowed(short));
        }
    }
    if words.iter().any(|word| is_number(word)) {
        words.retain(|word| !matches!(&**word, "arrondissement" | "arrdt" | "ardt" | "arr" | "arrond"));
    }
    words
}

/// Leaves out articles and linking words, unless there are no others.
fn without_links(words: Vec<Cow<'_, str>>) -> Vec<Cow<'_, str>> {
    if words.iter().all(|word| LINKS.contains(&&**word)) {
        return words;
    }
    words.into_iter().filter(|word| !LINKS.contains(&&**word)).collect()
}

/// Abbreviates `saint` and `sainte` in words that are glued together: both lose `ain`.
fn glued(words: &str) -> String {
    words.replace("saint", "st")
}

/// The number of an arrondissement in Roman numerals, perhaps with `e` or `eme`.
fn roman(word: &str) -> Option<u16> {
    let numeral = word.trim_end_matches("eme").trim_end_matches('e');
    ROMAN.iter().zip(1..).find(|(known, _)| **known == numeral).map(|(_, number)| number)
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number of `17`, `017`, `17e`, `1er` or `17eme`; at most three digits.
fn ordinal(word: &str) -> Option<u16> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=3).contains(&digits) {
        return None;
    }
    let (number, suffix) = word.split_at(digits);
    matches!(suffix, "" | "e" | "er" | "eme" | "ieme" | "me" | "ere" | "nd" | "nde" | "d")
        .then(|| number.parse().ok())
        .flatten()
}

/// The city of an address line, split from its CEDEX suffix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CityLine {
    /// The town or label; perhaps empty.
    pub name: String,
    /// Whether the line says CEDEX.
    pub is_cedex: bool,
    /// The number of the CEDEX: `3` in `LYON CEDEX 03`.
    pub number: Option<u16>,
}

impl CityLine {
    /// Splits a city line: `LYON CEDEX 03`, `CEDEX 9 AJACCIO`, `Paris Cédex17`. The postcode is left out
    /// when the line repeats it, and so is the number of its département but for arrondissements.
    pub fn of(city: &str, zip: &str) -> Self {
        let mut line = Self { name: String::new(), is_cedex: false, number: None };
        let departments = [zip.get(..2), zip.get(..3)];
        let mut after_cedex = false;
        let plain_city;
        let city = if says_arrondissement(city) {
            city
        } else {
            plain_city = without_department(city);
            &plain_city
        };
        for word in city.split(|letter: char| letter.is_whitespace() || letter == ',') {
            let plain = place_words(word);
            let plain = plain.trim();
            let bare = plain.trim_end_matches(|letter: char| letter.is_ascii_digit());
            if matches!(bare, "cedex" | "cedx" | "cdx") {
                line.is_cedex = true;
                line.number = plain.get(bare.len()..).and_then(|digits| digits.parse().ok()).or(line.number);
                after_cedex = line.number.is_none();
                continue;
            }
            if after_cedex && !plain.is_empty() {
                after_cedex = false;
                if is_number(plain) {
                    line.number = plain.parse().ok();
                    continue;
                }
            }
            let is_department = !line.has_arrondissements() && departments.contains(&Some(plain));
            if !plain.is_empty() && (plain == zip || is_department && !line.name.is_empty()) {
                continue;
            }
            if !line.name.is_empty() {
                line.name.push(' ');
            }
            line.name.push_str(word);
        }
        line
    }

    fn has_arrondissements(&self) -> bool {
        says_arrondissement(&self.name)
    }
}

/// Whether a city starts with a town that has arrondissements: a number after it may be one.
fn says_arrondissement(city: &str) -> bool {
    let first = city.split(|letter: char| !letter.is_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default();
    ["paris", "lyon", "marseille"].iter().any(|town| first.eq_ignore_ascii_case(town))
}

/// The city without the number of a département in brackets: `Rennes (35)`.
fn without_department(city: &str) -> Cow<'_, str> {
    let Some((before, rest)) = city.split_once('(') else { return Cow::Borrowed(city) };
    let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
    if is_department(inside.trim()) {
        Cow::Owned(format!("{} {}", before.trim(), after.trim()).trim().to_owned())
    } else {
        Cow::Borrowed(city)
    }
}

/// Whether a word has the shape of a département's number: `35`, `2A`, `974`.
fn is_department(word: &str) -> bool {
    let word = word.as_bytes();
    (2..=3).contains(&word.len())
        && word.first().is_some_and(u8::is_ascii_digit)
        && (is_digits(word) || matches!(word, [b'2', b'A' | b'B' | b'a' | b'b']))
}

fn is_digits(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_digit)
}

/// Words before the name of a town that are no part of it, longest first.
const BEFORE: [&str; 10] = [
    "hotel de ville de ",
    "aeroport de ",
    "centre ville de ",
    "commune de ",
    "commune d ",
    "mairie de ",
    "mairie d ",
    "ville de ",
    "ville d ",
    "aeroport d ",
];
/// Words after the name of a town that are no part of it.
const AFTER: [&str; 7] = [" centre ville", " centre", " ville", " france", " cedex", " bourg", " aeroport"];

/// The names that a city may consist of: the whole, and its parts between commas, brackets, slashes and
/// dashes, each without words such as `ville de` and `centre` and without the number of a département.
pub(super) fn parts(city: &str) -> Vec<String> {
    let spaced = city.replace(" - ", ",").replace(['–', '—'], ",");
    let mut found: Vec<String> = Vec::new();
    for part in std::iter::once(city).chain(spaced.split([',', '(', ')', '/', ';'])) {
        let key = place_key(part);
        let mut rest = key.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ' ');
        rest = BEFORE.iter().find_map(|lead| rest.strip_prefix(lead)).unwrap_or(rest);
        loop {
            let shorter = AFTER.iter().find_map(|end| rest.strip_suffix(end));
            let number = || rest.rsplit_once(' ').filter(|(_, word)| is_department(word)).map(|(start, _)| start);
            match shorter.or_else(number) {
                Some(shorter) => rest = shorter,
                None => break,
            }
        }
        if !rest.is_empty() && !found.iter().any(|known| known == rest) {
            found.push(rest.to_owned());
        }
    }
    found
}

/// What a word that is being typed may stand for, best first: itself alone unless it is an
/// abbreviation. `is_last`: nothing follows, so that it may also be the start of a longer word.
pub(super) fn meanings(word: &str, is_last: bool) -> &'static [&'static str] {
    match (word, is_last) {
        ("sts", _) => &["saints"],
        ("stes", _) => &["saintes"],
        ("gd", false) => &["grand"],
        ("gde", false) => &["grande"],
        ("gds", false) => &["grands"],
        ("gdes", false) => &["grandes"],
        ("pt", false) => &["petit"],
        ("pte", false) => &["petite"],
        ("vx", _) => &["vieux"],
        ("mt", false) => &["mont"],
        ("nd", _) => &["notre dame"],
        ("s", false) => &["sur", "sous", "s"],
        ("ss", false) => &["sous", "sur s"],
        ("ss", true) => &["sur s", "sous s", "ss"],
        _ => &[],
    }
}

/// What a slash between two words may stand for.
pub(super) const SLASH: [&str; 4] = ["sur", "sous", "les", "en"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_meet() {
        let loose = |name| Spelling::of(name).loose_key();
        for name in [
            "ST GEORGES S/ CHER",
            "St-Georges-s/Cher",
            "Saint Georges/Cher",
            "SAINTGEORGES CHER",
            "ST GEORGES SUR CHER",
        ] {
            assert_eq!(loose(name), loose("Saint-Georges-sur-Cher"), "{name}");
        }
        assert_eq!(loose("FONTENAY S/S BOIS"), loose("Fontenay-sous-Bois"));
        assert_eq!(loose("L HAY LES ROSES"), loose("L'Haÿ-les-Roses"));
        assert_eq!(loose("VILLENEUVE ASCQ"), loose("Villeneuve-d'Ascq"));
        assert_eq!(loose("ND DE BELLECOMBE"), loose("Notre-Dame-de-Bellecombe"));
        assert_eq!(loose("GD QUEVILLY"), loose("Le Grand-Quevilly"));
        assert_eq!(Spelling::of("SAINTEMAXIME").compact, Spelling::of("Ste Maxime").compact);
        for name in ["PARIS 17", "Paris 17e", "paris 17EME arrdt", "PARIS 017", "Paris XVIIe"] {
            assert_eq!(loose(name), loose("Paris 17e Arrondissement"), "{name}");
        }
        assert_ne!(loose("Lyon 3"), loose("Lyon 8"));
        assert!(Spelling::of("41400").is_empty() && Spelling::of(" - ").is_empty());
    }

    #[test]
    fn a_cedex_suffix_is_split_off() {
        let line = |city| {
            let line = CityLine::of(city, "41400");
            (line.name, line.is_cedex, line.number)
        };
        assert_eq!(line("LYON CEDEX 03"), ("LYON".to_owned(), true, Some(3)));
        assert_eq!(line("PARIS 17 CEDEX"), ("PARIS 17".to_owned(), true, None));
        assert_eq!(line("Paris Cédex17"), ("Paris".to_owned(), true, Some(17)));
        assert_eq!(line("CEDEX 9 AJACCIO"), ("AJACCIO".to_owned(), true, Some(9)));
        assert_eq!(line("SAINT DENIS CEDEX"), ("SAINT DENIS".to_owned(), true, None));
        assert_eq!(line("Saint-Denis"), ("Saint-Denis".to_owned(), false, None));
        assert_eq!(line("41400 ANGE (41)"), ("ANGE".to_owned(), false, None));
        assert_eq!(line("MARSEILLE 41"), ("MARSEILLE 41".to_owned(), false, None));
    }
}
