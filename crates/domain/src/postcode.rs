//! French postcodes as people write them, and the département that each lies in.

use std::fmt;

use crate::country::Country;

/// Why a text is no French postcode. The text of each says what is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostcodeFault {
    /// Not five digits.
    Shape,
    /// Four digits: the first zero may have been lost. Holds the postcode that may be meant.
    LostZero(String),
    /// Five digits that belong to no part of France.
    Nowhere,
    /// A postcode of another part of France than the country says.
    Elsewhere(&'static str),
}

impl fmt::Display for PostcodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => f.write_str("expected a French postcode of five digits, such as 75012"),
            Self::LostZero(meant) => write!(f, "expected a French postcode of five digits: {meant}?"),
            Self::Nowhere => f.write_str("no French postcode begins like this; expected one such as 75012 or 97410"),
            Self::Elsewhere(country) => {
                write!(f, "is no postcode of {country}: correct the postcode or the country")
            }
        }
    }
}

/// Reads a French postcode: spaces of any kind, full-width digits, a leading `F-` or `FR-`, separators
/// between the digits, a trailing `CEDEX 9` and the `.0` of a spreadsheet make no difference.
///
/// # Errors
/// What it is instead. Four digits are refused and not completed: `1000` is Brussels as well as `01000`.
///
/// ```
/// # use constat_domain::postcode::{PostcodeFault, read_french};
/// for written in ["75012", "75 012", "F-75012", "FR 75012", "75\u{a0}012", "７５０１２", "75012 CEDEX 12"] {
///     assert_eq!(read_french(written).as_deref(), Ok("75012"));
/// }
/// assert_eq!(read_french("1000"), Err(PostcodeFault::LostZero("01000".to_owned())));
/// assert_eq!(read_french("abcde"), Err(PostcodeFault::Shape));
/// ```
pub fn read_french(text: &str) -> Result<String, PostcodeFault> {
    let digits = digits_of(text).ok_or(PostcodeFault::Shape)?;
    match digits.len() {
        5 if department(&digits).is_some() => Ok(digits),
        5 => Err(PostcodeFault::Nowhere),
        4 => {
            let meant = format!("0{digits}");
            let fault =
                if department(&meant).is_some() { PostcodeFault::LostZero(meant) } else { PostcodeFault::Shape };
            Err(fault)
        }
        _ => Err(PostcodeFault::Shape),
    }
}

/// Reads the postcode of an address in a country: see [`read_french`] for all of France; elsewhere it is
/// free and stays as it is.
///
/// # Errors
/// What is wrong with a French one, also when it lies in another territory than the country says.
pub fn read(text: &str, country: &Country) -> Result<String, PostcodeFault> {
    if !country.is_french() {
        return Ok(text.to_owned());
    }
    let postcode = read_french(text)?;
    let Some(own) = country.department() else { return Ok(postcode) };
    let lies_in = department(&postcode).unwrap_or_default();
    // Saint-Barthélemy and Saint-Martin left Guadeloupe in 2007; their addresses are written either way.
    let is_antilles = |code: &str| matches!(code, "971" | "977" | "978");
    if lies_in == own || is_antilles(own) && is_antilles(lies_in) {
        Ok(postcode)
    } else {
        Err(PostcodeFault::Elsewhere(country.french))
    }
}

/// The digits of a postcode; `None` when there is anything else that is no decoration.
fn digits_of(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .filter(|letter| {
            !letter.is_whitespace() && !matches!(letter, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
        })
        .map(|letter| match letter {
            '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(letter) - 0xff10, 10).unwrap_or(letter),
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' => '-',
            other => other.to_ascii_uppercase(),
        })
        .collect();
    let plain = plain.strip_prefix('\'').unwrap_or(&plain);
    let plain = ["FR-", "F-", "FR", "F"].iter().find_map(|prefix| plain.strip_prefix(prefix)).unwrap_or(plain);
    let plain = match plain.split_once("CEDEX") {
        Some((code, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => code,
        Some(_) => return None,
        None => plain,
    };
    let plain = [".0", ",0"].iter().find_map(|zero| plain.strip_suffix(zero)).unwrap_or(plain);
    let mut digits = String::with_capacity(5);
    let mut was_digit = false;
    for letter in plain.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            '.' | '-' | ',' if was_digit => {}
            _ => return None,
        }
        was_digit = letter.is_ascii_digit();
    }
    (was_digit || digits.is_empty()).then_some(digits)
}

/// The département code of a French postcode of five digits; `None` when no part of France has it.
///
/// What a postcode's first digits do not tell: Corsica's CEDEX codes (`207` is Ajaccio), La Réunion's,
/// which begin with 977 and 978, and Saint-Barthélemy and Saint-Martin, which have Guadeloupe's 971 and
/// its CEDEX codes 970. Sources: La Poste's ordinary postcodes, as the gazetteer has them; CEDEX codes as
/// public addresses show them.
pub(crate) fn department(postcode: &str) -> Option<&str> {
    if postcode.len() != 5 || !postcode.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (two, three) = (postcode.get(..2)?, postcode.get(..3)?);
    match (two, three) {
        ("20", "200" | "201" | "203" | "207") => Some("2A"),
        ("20", _) => Some("2B"),
        ("97", _) => match (three, postcode.parse::<u32>().ok()?) {
            (_, 97_133 | 97_700 | 97_090..=97_099) => Some("977"),
            (_, 97_150 | 97_050..=97_089) => Some("978"),
            ("970" | "971", _) => Some("971"),
            ("974" | "977" | "978", _) => Some("974"),
            ("972" | "973" | "975" | "976", _) => Some(three),
            _ => None,
        },
        ("98", "984" | "986" | "987" | "988") => Some(three),
        ("00" | "96" | "98" | "99", _) => None,
        _ => Some(two),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gazetteer::Gazetteer;

    #[test]
    fn what_is_unambiguous_is_read() {
        for (written, code) in [
            ("67 000", "67000"),
            ("75 012", "75012"),
            (" 75012 ", "75012"),
            ("F-75012", "75012"),
            ("F - 75012", "75012"),
            ("FR 75012", "75012"),
            ("98 714", "98714"),
            ("f75012", "75012"),
            ("FR-75012", "75012"),
            ("F‑75 012", "75012"),
            ("75\u{202f}012", "75012"),
            ("75.012", "75012"),
            ("75-012", "75012"),
            ("75012.0", "75012"),
            ("'01000", "01000"),
            ("\u{feff}01000", "01000"),
            ("９７４１０", "97410"),
            ("97744 Cedex 9", "97744"),
            ("92908cedex", "92908"),
            ("20 000", "20000"),
        ] {
            assert_eq!(read_french(written).as_deref(), Ok(code), "{written}");
        }
    }

    #[test]
    fn the_rest_is_refused_and_what_may_be_meant_is_said() {
        let lost = |code: &str| PostcodeFault::LostZero(code.to_owned());
        for (written, fault) in [
            ("1000", lost("01000")),
            ("1 000", lost("01000")),
            ("1000.0", lost("01000")),
            ("6000", lost("06000")),
            ("0123", PostcodeFault::Shape),
            ("abcde", PostcodeFault::Shape),
            ("", PostcodeFault::Shape),
            (" ", PostcodeFault::Shape),
            ("F-", PostcodeFault::Shape),
            ("750120", PostcodeFault::Shape),
            ("75O12", PostcodeFault::Shape),
            ("2A004", PostcodeFault::Shape),
            ("75012 Paris", PostcodeFault::Shape),
            ("75--012", PostcodeFault::Shape),
            ("-75012", PostcodeFault::Shape),
            ("75012-", PostcodeFault::Shape),
            ("B-1000", PostcodeFault::Shape),
            ("00000", PostcodeFault::Nowhere),
            ("96000", PostcodeFault::Nowhere),
            ("97900", PostcodeFault::Nowhere),
            ("98100", PostcodeFault::Nowhere),
            // Monaco is a country: its postcode is free, as abroad.
            ("98000", PostcodeFault::Nowhere),
            ("99123", PostcodeFault::Nowhere),
        ] {
            assert_eq!(read_french(written), Err(fault), "{written}");
        }
        assert!(lost("01000").to_string().contains("01000?"));
    }

    #[test]
    fn a_postcode_must_lie_in_the_territory_that_the_country_names() {
        let at = |country: &str, zip: &str| read(zip, Country::read(country).unwrap());
        assert_eq!(at("La Réunion", "97 410").as_deref(), Ok("97410"));
        assert_eq!(at("RE", "97744").as_deref(), Ok("97744"));
        assert_eq!(at("France", "97410").as_deref(), Ok("97410"));
        assert_eq!(at("Guadeloupe", "97133").as_deref(), Ok("97133"));
        assert_eq!(at("MF", "97150").as_deref(), Ok("97150"));
        assert_eq!(at("REU", "75012"), Err(PostcodeFault::Elsewhere("La Réunion")));
        assert_eq!(at("Mayotte", "97410"), Err(PostcodeFault::Elsewhere("Mayotte")));
        // Abroad it is free.
        assert_eq!(at("Belgique", "1000").as_deref(), Ok("1000"));
        assert_eq!(at("Monaco", "98000").as_deref(), Ok("98000"));
        assert_eq!(at("GB", "SW1A 2AA").as_deref(), Ok("SW1A 2AA"));
    }

    #[test]
    fn the_departement_of_special_codes_is_the_right_one() {
        for (code, is) in [
            ("97744", "974"),
            ("97715", "974"),
            ("97801", "974"),
            ("97490", "974"),
            ("97133", "977"),
            ("97098", "977"),
            ("97150", "978"),
            ("97052", "978"),
            ("97110", "971"),
            ("97001", "971"),
            ("97261", "972"),
            ("97306", "973"),
            ("97500", "975"),
            ("97600", "976"),
            ("98600", "986"),
            ("98714", "987"),
            ("98800", "988"),
            ("98413", "984"),
            ("20700", "2A"),
            ("20187", "2A"),
            ("20303", "2A"),
            ("20407", "2B"),
            ("20600", "2B"),
            ("92908", "92"),
        ] {
            assert_eq!(department(code), Some(is), "{code}");
        }
    }

    #[test]
    fn every_postcode_of_the_gazetteer_is_read_however_it_is_spaced() {
        for commune in Gazetteer::embedded().communes() {
            for code in commune.postcodes() {
                for written in [code.to_owned(), format!("F-{code}"), format!("{}\u{a0}{}", &code[..2], &code[2..])] {
                    assert_eq!(read_french(&written).as_deref(), Ok(code), "{written}");
                }
                if commune.department().len() == 3 {
                    assert_eq!(department(code), Some(commune.department()), "{code}");
                }
            }
        }
    }
}
