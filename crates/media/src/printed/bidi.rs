//! The order and the forms in which letters of a line are drawn: Arabic letters are joined, and writing that runs
//! from right to left is turned.
//!
//! A line runs from left to right, as French does; stretches of Arabic or Hebrew in it are turned, numbers in them are
//! not (the Unicode Bidirectional Algorithm, UAX 9, at the two levels that a line of a form needs). Arabic letters take
//! the forms that Unicode has as characters of their own (Arabic Presentation Forms), so that the fonts need no layout
//! tables.

use std::ops::Range;

/// A letter as it is drawn, and the part of the text that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The character that is drawn.
    pub drawn: char,
    /// The bytes of the text that it stands for.
    pub range: Range<usize>,
    /// A mark that is put on the letter before it, in the order of writing.
    pub is_mark: bool,
}

/// The letters of a line from left to right.
pub fn visual(text: &str) -> Vec<Letter> {
    let mut letters = joined(text);
    let mut start = 0;
    while start < letters.len() {
        if !is_right_to_left(letters[start].drawn) {
            start += 1;
            continue;
        }
        let mut end = start + 1;
        for (place, letter) in letters.iter().enumerate().skip(start + 1) {
            match () {
                () if is_right_to_left(letter.drawn) || letter.drawn.is_numeric() || letter.is_mark => end = place + 1,
                () if letter.drawn.is_alphabetic() => break,
                () => {}
            }
        }
        turn(&mut letters[start..end]);
        start = end;
    }
    letters
}

/// Turns a stretch that is written from right to left. Numbers in it stay as they are; a mark stands before its letter.
fn turn(stretch: &mut [Letter]) {
    stretch.reverse();
    let is_of_number =
        |letter: &Letter| letter.drawn.is_numeric() || matches!(letter.drawn, '.' | ',' | ':' | '/' | '+');
    let mut place = 0;
    while place < stretch.len() {
        if !stretch[place].drawn.is_numeric() {
            stretch[place].drawn = mirrored(stretch[place].drawn);
            place += 1;
            continue;
        }
        let mut end = stretch[place..]
            .iter()
            .position(|letter| !is_of_number(letter))
            .map_or(stretch.len(), |length| place + length);
        while !stretch[end - 1].drawn.is_numeric() {
            end -= 1;
        }
        stretch[place..end].reverse();
        place = end;
    }
}

const fn mirrored(letter: char) -> char {
    match letter {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        '«' => '»',
        '»' => '«',
        other => other,
    }
}

/// Whether a letter belongs to a script that is written from right to left. Its digits do not.
const fn is_right_to_left(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{65f}' | '\u{66a}'..='\u{6ef}' | '\u{6fa}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefe}')
}

/// Marks that are put on a letter and have no place on the line.
const fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}'
        | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}'
        | '\u{6e7}'..='\u{6e8}' | '\u{6ea}'..='\u{6ed}' | '\u{3099}'..='\u{309a}')
}

/// Characters that are not drawn: they join or part letters, turn the direction, or choose a style.
pub const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// The letters in the order of writing, in the forms that they take beside each other, without those that are not
/// drawn.
fn joined(text: &str) -> Vec<Letter> {
    let all: Vec<(usize, char)> = text.char_indices().collect();
    let mut letters: Vec<Letter> = Vec::with_capacity(all.len());
    // Whether the last letter, marks aside, reaches for the next one.
    let mut reaches = false;
    let mut place = 0;
    while let Some((start, letter)) = all.get(place).copied() {
        place += 1;
        let mut range = start..start + letter.len_utf8();
        if is_mark(letter) {
            letters.push(Letter { drawn: letter, range, is_mark: true });
            continue;
        }
        if is_invisible(letter) {
            // A zero-width non-joiner parts letters.
            reaches = reaches && letter != '\u{200c}';
            continue;
        }
        let next = all[place..].iter().map(|(_, letter)| *letter).find(|letter| !is_mark(*letter));
        if letter == LAM
            && let Some((at, alef)) = all.get(place).copied()
            && let Some(forms) = lam_alef(alef)
        {
            range.end = at + alef.len_utf8();
            letters.push(Letter { drawn: forms[usize::from(reaches)], range, is_mark: false });
            reaches = false;
            place += 1;
            continue;
        }
        let Some(forms) = forms(letter) else {
            reaches = letter == TATWEEL;
            letters.push(Letter { drawn: letter, range, is_mark: false });
            continue;
        };
        let before = reaches && forms.last.is_some();
        let after = forms.first.is_some() && next.is_some_and(is_reached);
        let drawn = match (before, after) {
            (false, false) => forms.alone,
            (true, false) => forms.last.unwrap_or(forms.alone),
            (false, true) => forms.first.unwrap_or(forms.alone),
            (true, true) => forms.middle.or(forms.last).unwrap_or(forms.alone),
        };
        reaches = forms.first.is_some();
        letters.push(Letter { drawn, range, is_mark: false });
    }
    letters
}

const LAM: char = '\u{644}';
const TATWEEL: char = '\u{640}';

/// Whether a letter can be joined to the one before it.
fn is_reached(letter: char) -> bool {
    letter == TATWEEL || letter == '\u{200d}' || forms(letter).is_some_and(|forms| forms.last.is_some())
}

/// Lam and this kind of alef are one letter: alone, and joined to the one before.
const fn lam_alef(alef: char) -> Option<[char; 2]> {
    match alef {
        '\u{622}' => Some(['\u{fef5}', '\u{fef6}']),
        '\u{623}' => Some(['\u{fef7}', '\u{fef8}']),
        '\u{625}' => Some(['\u{fef9}', '\u{fefa}']),
        '\u{627}' => Some(['\u{fefb}', '\u{fefc}']),
        _ => None,
    }
}

/// The forms of an Arabic letter.
#[derive(Debug, Clone, Copy)]
struct Forms {
    alone: char,
    last: Option<char>,
    first: Option<char>,
    middle: Option<char>,
}

fn forms(letter: char) -> Option<Forms> {
    let place = FORMS.binary_search_by_key(&u32::from(letter), |(known, _)| u32::from(*known)).ok()?;
    let (_, [alone, last, first, middle]) = FORMS.get(place)?;
    let drawn = |code: &u16| char::from_u32(u32::from(*code)).filter(|_| *code != 0);
    Some(Forms { alone: drawn(alone).unwrap_or(letter), last: drawn(last), first: drawn(first), middle: drawn(middle) })
}

/// Each Arabic letter with its forms: alone, last, first, in the middle of a word; 0 for none. Source: the
/// decompositions of the Unicode Character Database.
const FORMS: &[(u16, [u16; 4])] = &[
    (0x0621, [0xFE80, 0, 0, 0]),
    (0x0622, [0xFE81, 0xFE82, 0, 0]),
    (0x0623, [0xFE83, 0xFE84, 0, 0]),
    (0x0624, [0xFE85, 0xFE86, 0, 0]),
    (0x0625, [0xFE87, 0xFE88, 0, 0]),
    (0x0626, [0xFE89, 0xFE8A, 0xFE8B, 0xFE8C]),
    (0x0627, [0xFE8D, 0xFE8E, 0, 0]),
    (0x0628, [0xFE8F, 0xFE90, 0xFE91, 0xFE92]),
    (0x0629, [0xFE93, 0xFE94, 0, 0]),
    (0x062A, [0xFE95, 0xFE96, 0xFE97, 0xFE98]),
    (0x062B, [0xFE99, 0xFE9A, 0xFE9B, 0xFE9C]),
    (0x062C, [0xFE9D, 0xFE9E, 0xFE9F, 0xFEA0]),
    (0x062D, [0xFEA1, 0xFEA2, 0xFEA3, 0xFEA4]),
    (0x062E, [0xFEA5, 0xFEA6, 0xFEA7, 0xFEA8]),
    (0x062F, [0xFEA9, 0xFEAA, 0, 0]),
    (0x0630, [0xFEAB, 0xFEAC, 0, 0]),
    (0x0631, [0xFEAD, 0xFEAE, 0, 0]),
    (0x0632, [0xFEAF, 0xFEB0, 0, 0]),
    (0x0633, [0xFEB1, 0xFEB2, 0xFEB3, 0xFEB4]),
    (0x0634, [0xFEB5, 0xFEB6, 0xFEB7, 0xFEB8]),
    (0x0635, [0xFEB9, 0xFEBA, 0xFEBB, 0xFEBC]),
    (0x0636, [0xFEBD, 0xFEBE, 0xFEBF, 0xFEC0]),
    (0x0637, [0xFEC1, 0xFEC2, 0xFEC3, 0xFEC4]),
    (0x0638, [0xFEC5, 0xFEC6, 0xFEC7, 0xFEC8]),
    (0x0639, [0xFEC9, 0xFECA, 0xFECB, 0xFECC]),
    (0x063A, [0xFECD, 0xFECE, 0xFECF, 0xFED0]),
    (0x0641, [0xFED1, 0xFED2, 0xFED3, 0xFED4]),
    (0x0642, [0xFED5, 0xFED6, 0xFED7, 0xFED8]),
    (0x0643, [0xFED9, 0xFEDA, 0xFEDB, 0xFEDC]),
    (0x0644, [0xFEDD, 0xFEDE, 0xFEDF, 0xFEE0]),
    (0x0645, [0xFEE1, 0xFEE2, 0xFEE3, 0xFEE4]),
    (0x0646, [0xFEE5, 0xFEE6, 0xFEE7, 0xFEE8]),
    (0x0647, [0xFEE9, 0xFEEA, 0xFEEB, 0xFEEC]),
    (0x0648, [0xFEED, 0xFEEE, 0, 0]),
    (0x0649, [0xFEEF, 0xFEF0, 0xFBE8, 0xFBE9]),
    (0x064A, [0xFEF1, 0xFEF2, 0xFEF3, 0xFEF4]),
    (0x0671, [0xFB50, 0xFB51, 0, 0]),
    (0x0677, [0xFBDD, 0, 0, 0]),
    (0x0679, [0xFB66, 0xFB67, 0xFB68, 0xFB69]),
    (0x067A, [0xFB5E, 0xFB5F, 0xFB60, 0xFB61]),
    (0x067B, [0xFB52, 0xFB53, 0xFB54, 0xFB55]),
    (0x067E, [0xFB56, 0xFB57, 0xFB58, 0xFB59]),
    (0x067F, [0xFB62, 0xFB63, 0xFB64, 0xFB65]),
    (0x0680, [0xFB5A, 0xFB5B, 0xFB5C, 0xFB5D]),
    (0x0683, [0xFB76, 0xFB77, 0xFB78, 0xFB79]),
    (0x0684, [0xFB72, 0xFB73, 0xFB74, 0xFB75]),
    (0x0686, [0xFB7A, 0xFB7B, 0xFB7C, 0xFB7D]),
    (0x0687, [0xFB7E, 0xFB7F, 0xFB80, 0xFB81]),
    (0x0688, [0xFB88, 0xFB89, 0, 0]),
    (0x068C, [0xFB84, 0xFB85, 0, 0]),
    (0x068D, [0xFB82, 0xFB83, 0, 0]),
    (0x068E, [0xFB86, 0xFB87, 0, 0]),
    (0x0691, [0xFB8C, 0xFB8D, 0, 0]),
    (0x0698, [0xFB8A, 0xFB8B, 0, 0]),
    (0x06A4, [0xFB6A, 0xFB6B, 0xFB6C, 0xFB6D]),
    (0x06A6, [0xFB6E, 0xFB6F, 0xFB70, 0xFB71]),
    (0x06A9, [0xFB8E, 0xFB8F, 0xFB90, 0xFB91]),
    (0x06AD, [0xFBD3, 0xFBD4, 0xFBD5, 0xFBD6]),
    (0x06AF, [0xFB92, 0xFB93, 0xFB94, 0xFB95]),
    (0x06B1, [0xFB9A, 0xFB9B, 0xFB9C, 0xFB9D]),
    (0x06B3, [0xFB96, 0xFB97, 0xFB98, 0xFB99]),
    (0x06BA, [0xFB9E, 0xFB9F, 0, 0]),
    (0x06BB, [0xFBA0, 0xFBA1, 0xFBA2, 0xFBA3]),
    (0x06BE, [0xFBAA, 0xFBAB, 0xFBAC, 0xFBAD]),
    (0x06C0, [0xFBA4, 0xFBA5, 0, 0]),
    (0x06C1, [0xFBA6, 0xFBA7, 0xFBA8, 0xFBA9]),
    (0x06C5, [0xFBE0, 0xFBE1, 0, 0]),
    (0x06C6, [0xFBD9, 0xFBDA, 0, 0]),
    (0x06C7, [0xFBD7, 0xFBD8, 0, 0]),
    (0x06C8, [0xFBDB, 0xFBDC, 0, 0]),
    (0x06C9, [0xFBE2, 0xFBE3, 0, 0]),
    (0x06CB, [0xFBDE, 0xFBDF, 0, 0]),
    (0x06CC, [0xFBFC, 0xFBFD, 0xFBFE, 0xFBFF]),
    (0x06D0, [0xFBE4, 0xFBE5, 0xFBE6, 0xFBE7]),
    (0x06D2, [0xFBAE, 0xFBAF, 0, 0]),
    (0x06D3, [0xFBB0, 0xFBB1, 0, 0]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> String {
        visual(text).iter().map(|letter| letter.drawn).collect()
    }

    #[test]
    fn french_stays_as_it_is() {
        for text in ["Jean Dupont, 12 rue de l'Église (75017)", "山田太郎", "", "Ο Γιάννης", "12:30"] {
            assert_eq!(drawn(text), text);
        }
    }

    #[test]
    fn arabic_letters_are_joined_and_turned() {
        // Muhammad: meem first, hah middle, meem middle, dal last; from right to left.
        assert_eq!(drawn("\u{645}\u{62d}\u{645}\u{62f}"), "\u{feaa}\u{fee4}\u{fea4}\u{fee3}");
        // Lam and alef are one.
        assert_eq!(drawn("\u{644}\u{627}"), "\u{fefb}");
        assert_eq!(visual("\u{644}\u{627}")[0].range, 0..4);
        // A letter after one that does not reach on stands alone; a non-joiner parts.
        assert_eq!(drawn("\u{627}\u{628}"), "\u{fe8f}\u{fe8d}");
        assert_eq!(drawn("\u{628}\u{200c}\u{628}"), "\u{fe8f}\u{fe8f}");
        // Marks do not part, and stand before their letter from left to right.
        assert_eq!(drawn("\u{628}\u{64e}\u{628}"), "\u{fe90}\u{64e}\u{fe91}");
    }

    #[test]
    fn only_what_runs_from_right_to_left_is_turned() {
        assert_eq!(
            drawn("M. \u{5d0}\u{5d1} (\u{5d2}\u{5d3}) \u{5d4} est"),
            "M. \u{5d4} (\u{5d3}\u{5d2}) \u{5d1}\u{5d0} est"
        );
        assert_eq!(drawn("\u{5d0} 12,50 \u{5d1}"), "\u{5d1} 12,50 \u{5d0}");
        assert_eq!(drawn("\u{5d0}\u{5d1} 75017"), "75017 \u{5d1}\u{5d0}");
    }
}
