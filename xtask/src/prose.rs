//! Checks the language of comments, messages and documentation against a list of words that plain
//! technical English does not need.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Words and phrases that are refused, in lower case: vague subjects, passives that hide who acts, and the
/// metaphors that stood for this program's parts.
const REFUSED: &[&str] = &[
    "whoever",
    "nobody",
    "somebody",
    "anybody",
    "everybody",
    "is told",
    "are told",
    "was told",
    "so many",
    "of its own accord",
    "as ever",
    "house",
    "rooms",
    "door",
    "doors",
    "ledger",
    "promise",
    "promises",
    "promised",
];

/// Phrases in which a refused word is the field's own: rooms of a dwelling, doors of a burglary, the product
/// type of a detached home.
const ALLOWED: &[&str] = &["rooms of the dwelling", "number of rooms", "front door", "house maisonparticuliere"];

/// Folders that are read, with the endings of files in each.
const FOLDERS: &[&str] = &["crates", "docs", "data/rules", "xtask/src"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// All files below a folder with one of the endings that people read or write.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the workspace").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|ending| ["rs", "md", "toml", "sql"].iter().any(|known| ending == *known))
        {
            found.push(path);
        }
    }
}

/// What a Rust file says to people: its comments and its string literals, without code.
///
/// Character literals and lifetimes are told apart by their closing quote. Raw strings count as strings.
fn said_in_rust(source: &str) -> String {
    apart(source).1
}

/// The code of a Rust file: what [`said_in_rust`] leaves out.
pub fn without_comments_and_strings(source: &str) -> String {
    apart(source).0
}

/// Code, and comments with strings.
fn apart(source: &str) -> (String, String) {
    let (mut code, mut said) = (String::new(), String::new());
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(hashes) = raw_string(rest) {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            rest[open..].find(&close).map_or(rest.len(), |at| open + at + close.len())
        } else if next == '"' {
            string_length(rest)
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\") {
            rest[2..].find('\'').map_or(rest.len(), |at| at + 3)
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        said.push_str(&rest[..length]);
        said.push('\n');
        rest = &rest[length..];
    }
    (code, said)
}

/// The number of `#` of a raw string that starts here.
fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// Bytes of a plain string literal, quotes included.
fn string_length(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            '"' if !is_escaped => return at + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    rest.len()
}

/// The words of a text in lower case, without what stands between backticks. Underscores and digits belong
/// to a word, so that identifiers are not taken for prose.
fn words(text: &str) -> Vec<String> {
    text.lines()
        .flat_map(|line| line.split('`').step_by(2))
        .flat_map(|part| part.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The refused phrases that a text uses, in their order.
fn hits(text: &str) -> Vec<&'static str> {
    let mut text = words(text).join(" ");
    for phrase in ALLOWED {
        text = text.replace(phrase, "");
    }
    let words = words(&text);
    let refused: Vec<(Vec<&str>, &'static str)> =
        REFUSED.iter().map(|phrase| (phrase.split(' ').collect(), *phrase)).collect();
    let mut found = Vec::new();
    for start in 0..words.len() {
        let starts_here = refused.iter().filter(|(phrase, _)| {
            words.len() >= start + phrase.len() && phrase.iter().zip(&words[start..]).all(|(left, right)| left == right)
        });
        found.extend(starts_here.map(|(_, phrase)| *phrase));
    }
    found
}

/// Hits of each file that has some, by its path in the workspace.
fn hits_by_file() -> BTreeMap<String, Vec<&'static str>> {
    let root = root();
    let mut paths = vec![root.join("README.md")];
    for folder in FOLDERS {
        files(&root.join(folder), &mut paths);
    }
    let mut by_file = BTreeMap::new();
    for path in paths {
        let name = path.strip_prefix(&root).expect("a path of the workspace").to_string_lossy().replace('\\', "/");
        if name == "xtask/src/prose.rs" {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text file");
        let found = if path.extension().is_some_and(|ending| ending == "rs") {
            hits(&said_in_rust(&text))
        } else {
            hits(&text)
        };
        if !found.is_empty() {
            by_file.insert(name, found);
        }
    }
    by_file
}

#[test]
fn no_file_uses_a_refused_word() {
    let hits: Vec<String> =
        hits_by_file().iter().map(|(name, found)| format!("{name}: {}", found.join(", "))).collect();
    assert!(
        hits.is_empty(),
        "words that plain technical English does not need (see xtask/src/prose.rs):\n{}",
        hits.join("\n")
    );
}

#[test]
fn comments_and_messages_are_read_and_code_is_not() {
    let source = "// Nobody waits.\nlet house = 'x'; let promise: &'a str = \"so many \\\" doors\"; f(r#\"a \"room\" \"#); '\"'; let nobody = 1;";
    assert_eq!(hits(&said_in_rust(source)), ["nobody", "so many", "doors"]);
}

#[test]
fn code_between_backticks_and_longer_words_are_not_hits() {
    assert_eq!(hits("`Promise` and houses, so_many_of_them, warehouse"), Vec::<&str>::new());
    assert_eq!(hits("A caller is told so; Whoever"), ["is told", "whoever"]);
}
