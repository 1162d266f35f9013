//! What a person's name, e-mail address and phone number must be: one rule for all contracts, imports and
//! the registry.
//!
//! The rules refuse what reaches no one or misleads its reader, and nothing else: how long a text may be is
//! each contract's own rule.

use std::net::IpAddr;

/// Longest part before the `@`, in bytes. Source: RFC 5321, 4.5.3.1.1.
const MAX_LOCAL_BYTES: usize = 64;
/// Longest label of a host name, in bytes. Source: RFC 1035, 2.3.4.
const MAX_LABEL_BYTES: usize = 63;
/// Digits of a phone number: short numbers have four or more, E.164 has 15 at most; `00` may stand before.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 4..=17;

/// A name, e-mail address or phone number without the blanks before and after it. Line ends stay: they are
/// faults.
///
/// ```
/// # use constat_domain::contact::without_blanks;
/// assert_eq!(without_blanks("\u{a0} jean@example.fr "), "jean@example.fr");
/// assert_eq!(without_blanks("jean@example.fr\n"), "jean@example.fr\n");
/// ```
pub fn without_blanks(text: &str) -> &str {
    let is_line_end = |sign| matches!(sign, '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    text.trim_matches(|sign: char| sign.is_whitespace() && !is_line_end(sign))
}

/// What is wrong with the name of a person or company; `None` when it is sound. Blank names are the
/// caller's to judge.
///
/// Refused are line ends and other control characters, marks that change the direction of the text around
/// them, and characters that no reader sees.
///
/// ```
/// # use constat_domain::contact::name_fault;
/// assert_eq!(name_fault("Zoé d’Arc-Müller"), None);
/// assert!(name_fault("Jean\u{202e}Dupont").unwrap().contains("U+202E"));
/// ```
pub fn name_fault(name: &str) -> Option<String> {
    if name.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        return Some("may not contain line ends".to_owned());
    }
    if name.chars().any(char::is_control) {
        return Some("may not contain control characters".to_owned());
    }
    if let Some(sign) = hidden_in(name) {
        return Some(format!("contains the invisible character U+{:04X}; remove it", u32::from(sign)));
    }
    let is_seen = |sign: char| !sign.is_whitespace() && !is_combining(sign);
    (!name.is_empty() && !name.chars().any(is_seen)).then(|| "has no visible character".to_owned())
}

/// What is wrong with an e-mail address; `None` when it is sound. Exactly one address, without a name
/// beside it. Whether mail arrives is not known here.
///
/// ```
/// # use constat_domain::contact::email_fault;
/// assert_eq!(email_fault("jean.o'neil+constat@mail.example.fr"), None);
/// assert!(email_fault("a@x.fr;b@x.fr").is_some() && email_fault("@@").is_some());
/// ```
pub fn email_fault(address: &str) -> Option<&'static str> {
    const EXPECTED: &str = "expected an e-mail address, such as jean@example.fr";
    const ONE: &str = "expected one e-mail address only";
    if address.matches('@').count() > 1 && address.contains([';', ',', ' ', '/', '|']) {
        return Some(ONE);
    }
    let Some((local, host)) = address.split_once('@') else { return Some(EXPECTED) };
    let is_local = |sign: char| {
        sign.is_ascii_alphanumeric()
            || "!#$%&'*+/=?^_`{|}~.-".contains(sign)
            || (!sign.is_ascii() && sign.is_alphanumeric())
    };
    let is_sound_local = (1..=MAX_LOCAL_BYTES).contains(&local.len())
        && local.chars().all(is_local)
        && !local.starts_with('.')
        && !local.ends_with('.');
    (!is_sound_local || !is_host(host)).then_some(EXPECTED)
}

/// A host name with a dot, whose last label is no number.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label.chars().all(|sign| sign == '-' || sign.is_alphanumeric() || is_combining(sign))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let Some((_, last)) = host.rsplit_once('.') else { return false };
    host.len() <= 253
        && host.split('.').all(is_label)
        && last.chars().count() >= 2
        && !last.bytes().all(|byte| byte.is_ascii_digit())
        && host.parse::<IpAddr>().is_err()
}

/// What is wrong with a phone number; `None` when it is sound: digits, with the usual marks between them,
/// `+` before them, and an extension such as `poste 12` after them.
///
/// ```
/// # use constat_domain::contact::phone_fault;
/// for sound in ["+33612345678", "06 12 34 56 78", "+33 (0)1.02-03/04 05", "0102030405 poste 12"] {
///     assert_eq!(phone_fault(sound), None);
/// }
/// for bad in ["voir mail", "3,36123E+10", "3.36E+10", "06", "06+12345678"] {
///     assert!(phone_fault(bad).is_some(), "{bad}");
/// }
/// ```
pub fn phone_fault(phone: &str) -> Option<&'static str> {
    const EXPECTED: &str = "expected a phone number such as 0612345678 or +33612345678";
    let number = without_extension(phone.trim_matches([' ', '\u{a0}', '\u{202f}']));
    let is_between = |sign: char| {
        sign.is_ascii_digit()
            || matches!(sign, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '.' | '-' | '/' | '(' | ')' | '‑')
    };
    let start = number.trim_start_matches('(');
    let rest = start.strip_prefix('+').unwrap_or(start);
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    let is_sound = rest.chars().all(is_between) && PHONE_DIGITS.contains(&digits);
    (!is_sound).then_some(EXPECTED)
}

/// The number before `poste 12`, `ext. 12`, `p. 12`, `x12` or `#12`.
fn without_extension(phone: &str) -> &str {
    let number = phone.trim_end_matches(|sign: char| sign.is_ascii_digit());
    let extension = phone.len() - number.len();
    if !(1..=6).contains(&extension) {
        return phone;
    }
    let number = number.trim_end();
    let lower = number.to_lowercase();
    let word = ["poste", "ext.", "ext", "p.", "x", "#"].into_iter().find(|word| lower.ends_with(word));
    let before = word.and_then(|word| number.get(..number.len().saturating_sub(word.len())));
    before.map_or(phone, |before| before.trim_end_matches([' ', ',', '\u{a0}']))
}

/// The first character that no reader sees, or that changes the direction of the text.
fn hidden_in(text: &str) -> Option<char> {
    let mut before = None;
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        let joins =
            matches!(sign, '\u{200c}' | '\u{200d}') && signs.peek().copied().is_some_and(is_letter_of_other_script);
        let varies = matches!(sign, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' | '\u{180b}'..='\u{180d}');
        // Persian, Indic, Mongolian and Han letters take these.
        let belongs = (joins || varies) && before.is_some_and(is_letter_of_other_script);
        if is_hidden(sign) && !belongs {
            return Some(sign);
        }
        before = Some(sign);
    }
    None
}

/// A letter, or a mark of one, that is not Latin.
fn is_letter_of_other_script(sign: char) -> bool {
    sign > '\u{2af}' && (sign.is_alphabetic() || is_combining(sign) || matches!(sign, '\u{900}'..='\u{dff}'))
}

/// Characters of the categories Cf, Co and Cn that stand for nothing visible, blank letters, and the
/// replacement character. Source: Unicode 16, `Default_Ignorable_Code_Point` and `White_Space`.
const fn is_hidden(sign: char) -> bool {
    matches!(
        sign,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}'
    )
}

const fn is_combining(sign: char) -> bool {
    matches!(
        sign,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_scripts_are_sound() {
        for name in [
            "Jean",
            "O'Brien",
            "d’Haÿ",
            "Nguyễn Thị Ánh",
            "E\u{301}lodie",
            "王小明",
            "葛\u{e0100}城",
            "محمد",
            "می\u{200c}خواهم",
            "क\u{94d}\u{200d}ष",
            "Łukasz",
            "Dupont / Martin",
            "SARL L'Été & Fils",
            "-",
            "Jean\u{a0}Paul",
            "",
        ] {
            assert_eq!(name_fault(name), None, "{name:?}");
        }
    }

    #[test]
    fn names_that_hide_something_are_refused_with_what_to_remove() {
        for (name, said) in [
            ("Jean\u{202e}tnopuD", "U+202E"),
            ("\u{2067}Jean\u{2069}", "U+2067"),
            ("Jean\u{200b}", "U+200B"),
            ("\u{feff}Jean", "U+FEFF"),
            ("Je\u{ad}an", "U+00AD"),
            ("Je\u{200d}an", "U+200D"),
            ("\u{3164}\u{3164}", "U+3164"),
            ("\u{2800}", "U+2800"),
            ("Jean\u{fffd}", "U+FFFD"),
            ("J\u{e0041}", "U+E0041"),
            ("Jean\nDupont", "line ends"),
            ("Jean\r", "line ends"),
            ("Jean\u{2028}Dupont", "line ends"),
            ("Jean\tDupont", "control characters"),
            ("Jean\u{7}", "control characters"),
            ("Jean\u{9b}31m", "control characters"),
            ("\u{a0}\u{3000}", "no visible"),
            ("\u{301}", "no visible"),
        ] {
            assert!(name_fault(name).is_some_and(|fault| fault.contains(said)), "{name:?}: {:?}", name_fault(name));
        }
    }

    #[test]
    fn one_address_and_nothing_else_is_an_email() {
        for sound in
            ["a@x.fr", "jean.dupont@sous.domaine.example", "élodie@exämple.fr", "a_b+c@x-y.co", "x@xn--caf-dma.fr"]
        {
            assert_eq!(email_fault(sound), None, "{sound}");
        }
        for bad in [
            "",
            "a",
            "@@",
            "@",
            "a@",
            "@x.fr",
            "a@x",
            "a@x.fr;b@x.fr",
            "a@x.fr,b@x.fr",
            "a@x.fr b@x.fr",
            "a@x.fr/b@x.fr",
            "a@x.fr et b@x.fr",
            "a@x.fr|b@x.fr",
            "a@@x.fr",
            "a@b@x.fr",
            "Jean <a@x.fr>",
            "mailto:a@x.fr",
            "a@x..fr",
            "a@.fr",
            "a@x.fr.",
            "a@-x.fr",
            "a@x.f",
            "a@1.2.3.4",
            "a b@x.fr",
            "a@x.fr\n",
            "a\u{200b}@x.fr",
            "a@x.fr\u{202e}",
            ".a@x.fr",
            "a@x.f r",
            "a@x,fr",
            "voir contrat",
        ] {
            assert!(email_fault(bad).is_some(), "{bad:?}");
        }
        assert!(email_fault(&format!("{}@x.fr", "a".repeat(65))).is_some());
    }

    #[test]
    fn a_phone_number_has_digits_and_the_usual_marks() {
        for sound in [
            "0612345678",
            "+33 6 12 34 56 78",
            "06.12.34.56.78",
            "(0)612345678",
            "(+33)612345678",
            "0033612345678",
            "3639",
            "06\u{202f}12\u{202f}34\u{202f}56\u{202f}78",
            "01 02 03 04 05 x12",
            "01 02 03 04 05, ext. 7",
            "+1 (212) 555-0100",
            " 0612345678 ",
        ] {
            assert_eq!(phone_fault(sound), None, "{sound}");
        }
        for bad in [
            "",
            "-",
            "12",
            "voir mail",
            "3,36123E+10",
            "3.36E+10",
            "336E8",
            "+",
            "++33612345678",
            "06 12 34 56 7B",
            "0612345678;0698765432",
            "a@x.fr",
            "0612345678\n",
            "0612345678\n0698765432",
            "123456789012345678",
            "06\u{200b}12345678",
            "٠٦١٢٣٤٥٦٧٨",
            "#N/A",
            "06 12 34 56 78 ou 06 98 76 54 32",
            "idem",
        ] {
            assert!(phone_fault(bad).is_some(), "{bad:?}");
        }
    }
}
