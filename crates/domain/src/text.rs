//! Comparing texts the way people do: without accents, typographic variants or stray spaces.

/// A key under which two spellings of one French sentence meet: lower case, one kind of apostrophe,
/// single spaces, none before `?`, `!`, `:` and `;`.
pub(crate) fn sentence_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !key.is_empty() && !matches!(word, "?" | "!" | ":" | ";") {
            key.push(' ');
        }
        for letter in word.chars() {
            match letter {
                '’' | '‘' | 'ʼ' | '´' | '`' => key.push('\''),
                _ => key.extend(letter.to_lowercase()),
            }
        }
    }
    key
}

/// A key under which two spellings of one place name meet: lower case, no accents, words of letters
/// and digits only, `st` and `ste` written out. ASCII.
pub(crate) fn place_key(name: &str) -> String {
    let plain = place_words(name);
    let words: Vec<&str> = plain
        .split_whitespace()
        .map(|word| match word {
            "st" => "saint",
            "ste" => "sainte",
            other => other,
        })
        .collect();
    words.join(" ")
}

/// A place name in lower-case ASCII letters and digits, all else a space.
pub(crate) fn place_words(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'à' | 'á' | 'â' | 'ä' | 'ã' | 'å' => plain.push('a'),
            'ç' => plain.push('c'),
            'é' | 'è' | 'ê' | 'ë' => plain.push('e'),
            'í' | 'ì' | 'î' | 'ï' => plain.push('i'),
            'ñ' => plain.push('n'),
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' => plain.push('o'),
            'ú' | 'ù' | 'û' | 'ü' => plain.push('u'),
            'ý' | 'ÿ' => plain.push('y'),
            'œ' => plain.push_str("oe"),
            'æ' => plain.push_str("ae"),
            // Combining marks: what is left of an accent in decomposed text.
            '\u{300}'..='\u{36f}' => {}
            _ if letter.is_ascii_alphanumeric() => plain.push(letter),
            _ => plain.push(' '),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_known_by_any_spelling_of_its_marks() {
        let plain = sentence_key("Le vélo était-il attaché avec l'antivol fourni ?");
        assert_eq!(plain, sentence_key("  Le vélo était-il  attaché avec l’antivol fourni\u{a0}? "));
        assert_eq!(plain, sentence_key("Le vélo était-il attaché avec l'antivol fourni\u{202f}?"));
        assert_eq!(plain, sentence_key("Le vélo était-il attaché avec l'antivol fourni?"));
    }

    #[test]
    fn a_place_is_known_without_its_accents() {
        assert_eq!(place_key("SAINT-ÉTIENNE"), place_key("St Etienne"));
        assert_eq!(place_key("L’Haÿ-les-Roses"), "l hay les roses");
        assert_eq!(place_key("E\u{301}vreux"), "evreux");
    }
}
