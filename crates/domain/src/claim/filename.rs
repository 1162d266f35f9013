//! File names: read from what clients of all kinds send, and made safe to keep and to hand out.
//!
//! Clients write names that are not ASCII in many ways: RFC 2047 encoded words (.NET), RFC 8187 extended
//! values and RFC 2231 continuations (old Python), percent escapes (browsers), raw Latin-1 bytes.
//! The ending of a name that is handed out always follows the type that was detected in the content.

use super::ending_of;

/// Longest file name kept, in characters.
const MAX_CHARACTERS: usize = 200;

/// Longest file name kept, in bytes of UTF-8: what common file systems take.
const MAX_BYTES: usize = 255;

/// The name used when nothing is left of the given one.
const NO_NAME: &str = "document";

/// Longest last part of a name that is taken for an ending, in characters.
const MAX_ENDING: usize = 12;

/// Endings of programs, scripts, installers and shortcuts.
const PROGRAMS: &[&str] = &[
    "ade",
    "adp",
    "apk",
    "app",
    "appinstaller",
    "application",
    "appref-ms",
    "appx",
    "bas",
    "bash",
    "bat",
    "bin",
    "cab",
    "chm",
    "cmd",
    "cnt",
    "com",
    "command",
    "cpl",
    "crt",
    "csh",
    "deb",
    "der",
    "desktop",
    "diagcab",
    "dll",
    "dmg",
    "dylib",
    "elf",
    "exe",
    "fxp",
    "gadget",
    "grp",
    "hlp",
    "hpj",
    "hta",
    "htc",
    "img",
    "inf",
    "ins",
    "iqy",
    "iso",
    "isp",
    "its",
    "jar",
    "jnlp",
    "js",
    "jse",
    "ksh",
    "lib",
    "library-ms",
    "lnk",
    "mad",
    "maf",
    "mag",
    "mam",
    "maq",
    "mar",
    "mas",
    "mau",
    "mav",
    "maw",
    "mcf",
    "mda",
    "mdb",
    "mde",
    "mdt",
    "mdw",
    "mdz",
    "mjs",
    "msc",
    "msh",
    "msi",
    "msix",
    "msp",
    "mst",
    "msu",
    "ocx",
    "ops",
    "osd",
    "out",
    "pcd",
    "phar",
    "pif",
    "pkg",
    "pl",
    "plg",
    "prf",
    "prg",
    "printerexport",
    "ps1",
    "ps1xml",
    "ps2",
    "psc1",
    "psd1",
    "psm1",
    "pst",
    "py",
    "pyc",
    "pyo",
    "pyw",
    "rb",
    "reg",
    "rpm",
    "run",
    "scf",
    "scr",
    "sct",
    "search-ms",
    "settingcontent-ms",
    "sh",
    "shb",
    "shs",
    "slk",
    "so",
    "swf",
    "sys",
    "theme",
    "tmp",
    "url",
    "vb",
    "vbe",
    "vbp",
    "vbs",
    "vhd",
    "vhdx",
    "vsmacros",
    "vsw",
    "wasm",
    "webloc",
    "website",
    "ws",
    "wsc",
    "wsf",
    "wsh",
    "xbap",
    "xll",
    "xnk",
];

/// Endings of other kinds of file than programs, the document types themselves among them.
const OTHERS: &[&str] = &[
    // Web pages and data.
    "asp", "aspx", "css", "htm", "html", "json", "jsp", "mht", "mhtml", "php", "phtml", "shtml", "svg", "svgz", "xhtml",
    "xht", "xml", "xsl", "xslt", // Office files and text.
    "csv", "doc", "docb", "docm", "docx", "dot", "dotm", "dotx", "eml", "mpp", "msg", "odp", "ods", "odt", "one",
    "pot", "potm", "potx", "ppam", "pps", "ppsm", "ppsx", "ppt", "pptm", "pptx", "pub", "rtf", "tex", "txt", "xla",
    "xlam", "xls", "xlsb", "xlsm", "xlsx", "xlt", "xltm", "xltx", // Archives.
    "7z", "ace", "arj", "bz2", "gz", "lha", "lzh", "rar", "tar", "tgz", "xz", "z", "zip",
    // Pictures, films and documents.
    "ai", "avi", "avif", "bmp", "dng", "eps", "gif", "heic", "heics", "heif", "ico", "jfif", "jpe", "jpeg", "jpg",
    "mov", "mp4", "pdf", "png", "ps", "psd", "raw", "tif", "tiff", "webm", "webp",
];

/// Whether a name ends like that of a program, a script, an installer or a shortcut.
///
/// ```
/// # use constat_domain::claim::is_program_name;
/// assert!(is_program_name("facture.pdf.HTA") && !is_program_name("facture.pdf"));
/// ```
pub fn is_program_name(name: &str) -> bool {
    trimmed(name).rsplit_once('.').is_some_and(|(_, last)| is_one_of(PROGRAMS, last))
}

fn is_one_of(endings: &[&str], ending: &str) -> bool {
    endings.iter().any(|known| ending.trim().eq_ignore_ascii_case(known))
}

/// The endings that a file of a document's media type may keep, the usual one first.
fn endings_of(media_type: &str) -> &'static [&'static str] {
    match media_type {
        "application/pdf" => &["pdf"],
        "image/jpeg" => &["jpg", "jpeg", "jpe"],
        "image/png" => &["png"],
        "image/webp" => &["webp"],
        "image/heic" => &["heic", "heif"],
        "image/heif" => &["heif", "heic"],
        _ => &["bin"],
    }
}

/// The name under which a file of this media type is kept: the given one, decoded from whatever form the client
/// wrote it in, and made safe by [`safe_filename`].
///
/// ```
/// # use constat_domain::claim::name_of_file;
/// assert_eq!(name_of_file("facture.pdf.hta", "application/pdf"), "facture.pdf");
/// assert_eq!(name_of_file("=?utf-8?B?ZMOpcMO0dC5wZGY=?=", "application/pdf"), "dépôt.pdf");
/// assert_eq!(name_of_file("..\\..\\C:\\plainte du 15.jpg", "image/jpeg"), "plainte du 15.jpg");
/// assert_eq!(name_of_file("/", "image/png"), "document.png");
/// ```
pub fn name_of_file(given: &str, media_type: &str) -> String {
    safe_filename(&decoded(given), media_type)
}

/// The name under which a file of this media type is handed out: without paths, control, direction and other
/// invisible characters, not the name of a device, with the ending of the media type, at most 200 characters and
/// 255 bytes long.
pub fn safe_filename(name: &str, media_type: &str) -> String {
    let plain = clean_filename(name);
    let (stem, ending) = split_ending(&plain, media_type);
    let stem = if stem.is_empty() { NO_NAME } else { stem };
    let stem = if is_reserved(stem) { format!("_{stem}") } else { stem.to_owned() };
    let room = MAX_BYTES - ending.len() - 1;
    let stem = cut(&stem, MAX_CHARACTERS - ending.len() - 1, room);
    format!("{}.{ending}", stem.trim_end_matches(['.', ' ']))
}

/// A file name without what is not part of a name: its last path component without control, invisible and
/// direction characters, quotes, leading dots, trailing dots and spaces. `document` when nothing is left.
///
/// ```
/// # use constat_domain::claim::clean_filename;
/// assert_eq!(clean_filename("..\\..\\C:\\plainte du 15.pdf"), "plainte du 15.pdf");
/// assert_eq!(clean_filename("/"), "document");
/// ```
pub fn clean_filename(given: &str) -> String {
    // Signs that look like a separator, or are turned into one by a system that normalises names.
    let separators =
        ['/', '\\', '\u{2044}', '\u{2215}', '\u{2216}', '\u{29f5}', '\u{29f8}', '\u{29f9}', '\u{ff0f}', '\u{ff3c}'];
    let last = given.rsplit(separators).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .filter(|letter| !letter.is_control() && !matches!(letter, '"' | '<' | '>' | ':' | '|' | '?' | '*'))
        .filter(|letter| !is_invisible(*letter))
        .map(|letter| if letter.is_whitespace() { ' ' } else { letter })
        .collect();
    let kept =
        kept.trim_matches(|letter: char| letter == ' ').trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    if kept.is_empty() { NO_NAME.to_owned() } else { kept.to_owned() }
}

/// Whether a name has a path in it, or characters that no file name may have.
pub(super) fn is_unsafe_filename(name: &str) -> bool {
    let is_direction_mark =
        |letter| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_bad = |letter: char| letter.is_control() || is_direction_mark(letter) || r#"/\"<>:|?*"#.contains(letter);
    name.starts_with('.') || name.contains(is_bad)
}

/// Characters that are not seen: they turn the writing direction (`exe.pdf` is shown for `fdp.exe`), join
/// nothing, or tag text.
const fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}' | '\u{e0000}'..='\u{e0fff}')
}

/// The name without its endings, and the ending that it gets.
fn split_ending<'a>(name: &'a str, media_type: &str) -> (&'a str, String) {
    let own = endings_of(media_type);
    let is_own = |ending: &str| own.iter().any(|known| ending.eq_ignore_ascii_case(known));
    let mut stem = trimmed(name);
    let mut kept = None;
    // `facture.pdf.2` and `facture.pdf.xyz`: what follows the right ending is no part of the name.
    let mut rest = stem;
    while let Some((before, last)) = rest.rsplit_once('.') {
        if !looks_like_an_ending(last) {
            break;
        }
        if is_own(last.trim()) {
            (stem, kept) = (trimmed(before), Some(last.trim()));
            break;
        }
        rest = before;
    }
    while let Some((before, last)) = stem.rsplit_once('.') {
        let last = last.trim();
        if !is_one_of(PROGRAMS, last) && !is_one_of(OTHERS, last) {
            break;
        }
        if kept.is_none() && is_own(last) {
            kept = Some(last);
        }
        stem = trimmed(before);
    }
    (stem, kept.map_or_else(|| ending_of(media_type).to_owned(), str::to_owned))
}

fn trimmed(name: &str) -> &str {
    name.trim_end_matches(['.', ' '])
}

fn looks_like_an_ending(part: &str) -> bool {
    let part = part.trim();
    part.len() <= MAX_ENDING
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~'))
}

/// Names of devices, which Windows opens instead of a file whatever their ending is.
fn is_reserved(stem: &str) -> bool {
    let first = stem.split('.').next().unwrap_or_default().trim().to_ascii_uppercase();
    let is_numbered = |prefix: &str| {
        let number = first.strip_prefix(prefix).map(|rest| rest.chars().collect::<Vec<_>>());
        number.is_some_and(
            |number| matches!(number.as_slice(), [digit] if digit.is_ascii_digit() || "¹²³".contains(*digit)),
        )
    };
    matches!(first.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CLOCK$" | "CONIN$" | "CONOUT$")
        || is_numbered("COM")
        || is_numbered("LPT")
}

/// The beginning of a text: at most this many characters and bytes.
fn cut(text: &str, most_characters: usize, most_bytes: usize) -> &str {
    let fits = |(place, letter): &(usize, char)| place + letter.len_utf8() <= most_bytes;
    let end = text.char_indices().take(most_characters).take_while(fits).last();
    end.map_or("", |(place, letter)| &text[..place + letter.len_utf8()])
}

/// A name as it was meant: encoded words and percent escapes are decoded, and UTF-8 that was read as
/// Latin-1 is read again. A name in no such form stays as it is.
fn decoded(given: &str) -> String {
    let words = if given.contains("=?") { encoded_words(given) } else { given.to_owned() };
    let plain = if words == given { percent_decoded(given).unwrap_or(words) } else { words };
    read_again(&plain).unwrap_or(plain)
}

/// Names of which each letter is a byte of UTF-8: `dÃ©pÃ´t` for `dépôt`. `None` for any other.
fn read_again(name: &str) -> Option<String> {
    if name.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> = name.chars().map(latin_byte).collect();
    String::from_utf8(bytes?).ok()
}

/// The byte that stands for a letter in Latin-1, or in Windows-1252.
fn latin_byte(letter: char) -> Option<u8> {
    u8::try_from(u32::from(letter)).ok().or_else(|| {
        let place = WINDOWS_1252.iter().position(|known| *known == letter)?;
        Some(0x80 + u8::try_from(place).ok()?)
    })
}

/// What Windows-1252 has at 0x80 to 0x9F. Source: the WHATWG Encoding Standard.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Bytes of a header as text: UTF-8 if they are, Windows-1252 (which contains Latin-1) if not.
pub fn text_of_header(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_no_utf8| windows_1252(bytes), str::to_owned)
}

fn windows_1252(bytes: &[u8]) -> String {
    let letter = |byte: &u8| match byte {
        0x80..=0x9F => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(*byte),
    };
    bytes.iter().map(letter).collect()
}

/// Bytes in a charset, as text. `None` for a charset that is not known, or bytes that are not in it.
fn in_charset(charset: &str, bytes: &[u8]) -> Option<String> {
    let named = |names: &[&str]| names.iter().any(|name| charset.eq_ignore_ascii_case(name));
    if named(&["utf-8", "utf8", "us-ascii", "ascii", "unicode-1-1-utf-8"]) {
        return String::from_utf8(bytes.to_vec()).ok();
    }
    if named(&["iso-8859-15", "latin9", "latin-9"]) {
        let letter = |byte: &u8| match byte {
            0xA4 => '€',
            0xA6 => 'Š',
            0xA8 => 'š',
            0xB4 => 'Ž',
            0xB8 => 'ž',
            0xBC => 'Œ',
            0xBD => 'œ',
            0xBE => 'Ÿ',
            _ => char::from(*byte),
        };
        return Some(bytes.iter().map(letter).collect());
    }
    let is_latin = named(&["iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "windows-1252", "cp1252"]);
    is_latin.then(|| windows_1252(bytes))
}

/// An encoded word of RFC 2047, its bytes decoded and not yet read: `=?charset?B or Q?text?=`.
struct EncodedWord<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
}

/// The encoded word that a text begins with, and what follows it. Its length is not limited: clients do not
/// keep to the 75 characters of the standard.
fn encoded_word(text: &str) -> Option<(EncodedWord<'_>, &str)> {
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (coded, rest) = rest.split_once("?=")?;
    // A language may follow the charset (RFC 2231).
    let charset = charset.split('*').next().unwrap_or_default();
    let bytes = match encoding {
        "B" | "b" => base64(coded)?,
        "Q" | "q" => quoted(coded)?,
        _ => return None,
    };
    Some((EncodedWord { charset, bytes }, rest))
}

/// The text with its encoded words decoded. Blanks between two of them are no part of it, and a letter may be
/// split between two of them. What cannot be decoded stays.
fn encoded_words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(place) = rest.find("=?") {
        out.push_str(&rest[..place]);
        rest = &rest[place..];
        let Some((mut word, mut after)) = encoded_word(rest) else {
            out.push_str("=?");
            rest = &rest[2..];
            continue;
        };
        let mut texts = Vec::new();
        while let Some((next, further)) = encoded_word(after.trim_start()) {
            if next.charset.eq_ignore_ascii_case(word.charset) {
                word.bytes.extend(next.bytes);
            } else {
                texts.push(std::mem::replace(&mut word, next));
            }
            after = further;
        }
        texts.push(word);
        for word in texts {
            out.push_str(&in_charset(word.charset, &word.bytes).unwrap_or_else(|| text_of_header(&word.bytes)));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Base64 (RFC 4648), its padding left out or not, of either alphabet.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digit = |letter: u8| match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0_u32, 0);
    for letter in text.trim_end_matches('=').bytes().filter(|letter| !letter.is_ascii_whitespace()) {
        held = (held << 6) | u32::from(digit(letter)?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xFF).ok()?);
        }
    }
    Some(bytes)
}

/// The `Q` encoding of RFC 2047.
fn quoted(text: &str) -> Option<Vec<u8>> {
    escaped(&text.replace('_', " "), b'=')
}

/// The bytes of a text in which a sign and two hexadecimal digits stand for a byte. `None` when the sign stands
/// anywhere else.
fn escaped(text: &str, sign: u8) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut letters = text.bytes();
    while let Some(letter) = letters.next() {
        if letter != sign {
            bytes.push(letter);
            continue;
        }
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let (high, low) = (digit(letters.next()?)?, digit(letters.next()?)?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(bytes)
}

/// The text that percent escapes stand for. `None` when there are none, or a `%` stands for itself.
fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    escaped(text, b'%').map(|bytes| text_of_header(&bytes))
}

/// The file name of a `Content-Disposition` header, as it was meant: `filename*` (RFC 8187), its
/// continuations `filename*0`, `filename*1*` (RFC 2231), or `filename`, in quotes or without.
///
/// ```
/// # use constat_domain::claim::filename_of_disposition;
/// let header = b"form-data; name=\"file\"; filename*=utf-8''d%C3%A9p%C3%B4t.pdf";
/// assert_eq!(filename_of_disposition(header).as_deref(), Some("dépôt.pdf"));
/// ```
pub fn filename_of_disposition(header: &[u8]) -> Option<String> {
    let parameters = parameters(header);
    let find = |wanted: &str| {
        let found = parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_slice())
    };
    if let Some(extended) = find("filename*").and_then(|value| extended(&text_of_header(value))) {
        return Some(extended);
    }
    let plain = find("filename").map(text_of_header);
    continued(&find).or(plain)
}

/// A value of RFC 8187: charset, language, percent escapes.
fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, coded) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = escaped(coded, b'%')?;
    Some(in_charset(charset, &bytes).unwrap_or_else(|| text_of_header(&bytes)))
}

/// A value in numbered parts, of which those with a star are escaped.
fn continued<'a>(find: &impl Fn(&str) -> Option<&'a [u8]>) -> Option<String> {
    let (mut bytes, mut charset) = (Vec::new(), None);
    for part in 0..=99 {
        if let Some(coded) = find(&format!("filename*{part}*")) {
            let text = text_of_header(coded);
            let coded = match text.splitn(3, '\'').collect::<Vec<_>>().as_slice() {
                [named, _, coded] if part == 0 => {
                    charset = Some((*named).to_owned());
                    (*coded).to_owned()
                }
                _ => text,
            };
            bytes.extend(escaped(&coded, b'%')?);
        } else if let Some(plain) = find(&format!("filename*{part}")) {
            bytes.extend_from_slice(plain);
        } else if part == 0 {
            return None;
        } else {
            break;
        }
    }
    let known = charset.and_then(|charset| in_charset(&charset, &bytes));
    Some(known.unwrap_or_else(|| text_of_header(&bytes)))
}

/// The parameters of a header: names and values, quotes taken off.
fn parameters(header: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = header.iter().position(|byte| *byte == b';').map_or(&[][..], |place| &header[place + 1..]);
    while !rest.is_empty() {
        let Some(equals) = rest.iter().position(|byte| matches!(byte, b'=' | b';')) else { break };
        if rest[equals] == b';' {
            rest = &rest[equals + 1..];
            continue;
        }
        let name = text_of_header(rest[..equals].trim_ascii());
        let value = rest[equals + 1..].trim_ascii_start();
        let (value, after) = if let Some(quoted) = value.strip_prefix(b"\"") {
            in_quotes(quoted)
        } else {
            let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
            (value[..end].trim_ascii().to_vec(), &value[end..])
        };
        found.push((name, value));
        rest = after.iter().position(|byte| *byte == b';').map_or(&[][..], |place| &after[place + 1..]);
    }
    found
}

/// What stands up to the closing quote, and what follows. A backslash escapes quotes and itself only: browsers
/// send those of Windows paths as they are.
fn in_quotes(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut value = Vec::new();
    let mut place = 0;
    while let Some(byte) = text.get(place) {
        match (byte, text.get(place + 1)) {
            (b'"', _) => return (value, &text[place + 1..]),
            (b'\\', Some(b'"' | b'\\')) => {
                value.push(text[place + 1]);
                place += 1;
            }
            _ => value.push(*byte),
        }
        place += 1;
    }
    (value, &[])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PDF: &str = "application/pdf";

    #[test]
    fn names_lose_paths_and_tricks() {
        for (given, clean) in [
            ("plainte.pdf", "plainte.pdf"),
            ("../../etc/passwd", "passwd"),
            (".htaccess", "htaccess"),
            ("a\r\nb\"c\".pdf", "abc.pdf"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("photo\u{200f}\u{2066}\u{feff}\u{ad}.jpg", "photo.jpg"),
            ("Dépôt n°3.jpg", "Dépôt n°3.jpg"),
            ("plainte. . .", "plainte"),
            ("un\u{a0}deux\u{3000}trois.pdf", "un deux trois.pdf"),
            ("..\u{2215}..\u{ff0f}secret.pdf", "secret.pdf"),
            ("\0", "document"),
        ] {
            assert_eq!(clean_filename(given), clean, "{given:?}");
        }
    }

    #[test]
    fn the_ending_follows_the_type() {
        for (given, name) in [
            ("facture.pdf.hta", "facture.pdf"),
            ("facture.hta", "facture.pdf"),
            ("facture.PDF", "facture.PDF"),
            ("facture.pdf.exe.", "facture.pdf"),
            ("facture.pdf .hta  ", "facture.pdf"),
            ("facture.pdf.scr.js.lnk", "facture.pdf"),
            ("facture.exe.pdf", "facture.pdf"),
            ("facture.pdf.xyz", "facture.pdf"),
            ("facture.pdf.2", "facture.pdf"),
            ("facture.jpg", "facture.pdf"),
            ("facture\u{202e}fdp.exe", "facturefdp.pdf"),
            ("facture.pdf::$DATA", "facture.pdf$DATA.pdf"),
            ("plainte du 15.01.2024", "plainte du 15.01.2024.pdf"),
            ("M. Dupont", "M. Dupont.pdf"),
            ("facture", "facture.pdf"),
            (".hta", "hta.pdf"),
            ("", "document.pdf"),
        ] {
            assert_eq!(name_of_file(given, PDF), name, "{given:?}");
        }
        assert_eq!(name_of_file("photo.JPEG", "image/jpeg"), "photo.JPEG");
        assert_eq!(name_of_file("photo.jpg.exe", "image/jpeg"), "photo.jpg");
        assert_eq!(name_of_file("photo.pdf", "image/png"), "photo.png");
        assert_eq!(name_of_file("IMG_1.heif", "image/heic"), "IMG_1.heif");
        assert_eq!(name_of_file("IMG_1.php", "image/webp"), "IMG_1.webp");
    }

    #[test]
    fn names_of_devices_are_not_handed_out() {
        for given in ["CON", "con.pdf", "NUL.txt", "aux.tar.pdf", "COM1.pdf", "lpt9", "COM¹.pdf", "CONIN$", "nul .pdf"]
        {
            let name = name_of_file(given, PDF);
            let (stem, ending) = name.rsplit_once('.').unwrap();
            assert!(stem.starts_with('_') && ending == "pdf", "{given}: {name}");
        }
        assert_eq!(name_of_file("contrat.pdf", PDF), "contrat.pdf");
        assert_eq!(name_of_file("COM10.pdf", PDF), "COM10.pdf");
    }

    #[test]
    fn encoded_names_are_read() {
        for (given, name) in [
            ("=?utf-8?B?ZMOpcMO0dC5wZGY=?=", "dépôt.pdf"),
            ("=?UTF-8?b?ZMOpcMO0dC5wZGY?=", "dépôt.pdf"),
            ("=?utf-8?Q?d=C3=A9p=C3=B4t_de_plainte.pdf?=", "dépôt de plainte.pdf"),
            ("=?iso-8859-1?Q?d=E9p=F4t.pdf?=", "dépôt.pdf"),
            ("=?windows-1252?Q?d=E9p=F4t_100=80.pdf?=", "dépôt 100€.pdf"),
            ("=?ISO-8859-15?Q?100=A4.pdf?=", "100€.pdf"),
            // A letter split between two words, which blanks and line ends may stand between.
            ("=?utf-8?Q?d=C3?= =?utf-8?Q?=A9p=C3=B4t.pdf?=", "dépôt.pdf"),
            ("=?utf-8?Q?d=C3=A9p?=\r\n =?iso-8859-1?Q?=F4t.pdf?=", "dépôt.pdf"),
            ("\"=?utf-8?B?ZMOpcMO0dC5wZGY=?=\"", "dépôt.pdf"),
            ("Scan =?utf-8?Q?d=C3=A9p=C3=B4t?=.pdf", "Scan dépôt.pdf"),
            ("d%C3%A9p%C3%B4t%20de%20plainte.pdf", "dépôt de plainte.pdf"),
            ("d%E9p%F4t.pdf", "dépôt.pdf"),
            // What .NET makes of a long name, with and without blanks between the words.
            (
                "\"=?utf-8?B?UmFwcG9ydCBkJ2V4cGVydGlzZSDigJMg?= =?utf-8?B?ZMOpZ8OidHMgZGVzIGVhdXgucGRm?=\"",
                "Rapport d'expertise – dégâts des eaux.pdf",
            ),
            ("=?utf-8?B?ZMOpZ8OidHM=?==?utf-8?B?LnBkZg==?=", "dégâts.pdf"),
            ("=?utf-8?Q?facture=5Fn=C2=B012.pdf?=", "facture_n°12.pdf"),
            ("100% sinistre.pdf", "100% sinistre.pdf"),
            ("dÃ©pÃ´t.pdf", "dépôt.pdf"),
            ("dépôt.pdf", "dépôt.pdf"),
            ("=?utf-8?X?abc?=.pdf", "=utf-8Xabc=.pdf"),
            ("=?utf-8?B?***?=.pdf", "=utf-8B=.pdf"),
            ("=?utf-8?B?Li4vLi4vZXZpbC5odGE=?=", "evil.pdf"),
            ("..%2F..%2Fevil.hta", "evil.pdf"),
        ] {
            assert_eq!(name_of_file(given, PDF), name, "{given}");
        }
    }

    #[test]
    fn long_names_are_cut_before_their_ending() {
        let name = name_of_file(&format!("{}.pdf", "a".repeat(260)), PDF);
        assert_eq!((name.len(), name.ends_with("aaa.pdf")), (200, true));
        let name = name_of_file(&format!("{}.jpeg", "é".repeat(260)), "image/jpeg");
        assert!(name.len() <= 255 && name.len() > 250 && name.ends_with("é.jpeg"), "{name}");
        let name = name_of_file(&format!("{}.pdf", "😀".repeat(100)), PDF);
        assert!(name.len() <= 255 && name.ends_with("😀.pdf"), "{name}");
    }

    #[test]
    fn a_disposition_tells_the_name_in_every_form() {
        for (header, name) in [
            (&b"form-data; name=\"file\"; filename=\"plainte.pdf\""[..], Some("plainte.pdf")),
            (b"form-data; name=file; filename=plainte.pdf", Some("plainte.pdf")),
            (b"form-data; name=\"file\"; filename*=utf-8''d%C3%A9p%C3%B4t.pdf", Some("d\u{e9}p\u{f4}t.pdf")),
            (b"form-data; filename=\"x.pdf\"; filename*=UTF-8'fr'd%C3%A9p%C3%B4t.pdf", Some("d\u{e9}p\u{f4}t.pdf")),
            (b"form-data; FileName*=iso-8859-1''d%E9p%F4t.pdf", Some("d\u{e9}p\u{f4}t.pdf")),
            (b"form-data; filename*0=\"une longue \"; filename*1=\"plainte.pdf\"", Some("une longue plainte.pdf")),
            (
                b"form-data; filename*0*=utf-8''d%C3%A9; filename*1*=p%C3%B4t; filename*2=.pdf",
                Some("d\u{e9}p\u{f4}t.pdf"),
            ),
            (b"form-data; filename=\"d\xe9p\xf4t.pdf\"", Some("d\u{e9}p\u{f4}t.pdf")),
            ("form-data; filename=\"d\u{e9}p\u{f4}t.pdf\"".as_bytes(), Some("d\u{e9}p\u{f4}t.pdf")),
            (b"form-data; filename=\"a \\\"b\\\"; c.pdf\"; name=file", Some("a \"b\"; c.pdf")),
            (b"form-data; filename=\"C:\\scans\\plainte.pdf\"", Some("C:\\scans\\plainte.pdf")),
            (b"form-data; filename*=utf-8''%ZZ; filename=\"plainte.pdf\"", Some("plainte.pdf")),
            (b"form-data; name=\"file\"", None),
            (b"form-data; filename=\"ouvert.pdf", Some("ouvert.pdf")),
            (b";;;=;", None),
        ] {
            let shown = String::from_utf8_lossy(header);
            assert_eq!(filename_of_disposition(header).as_deref(), name, "{shown}");
        }
    }

    proptest! {
        #[test]
        fn any_name_becomes_one_that_every_system_takes(given in "\\PC{0,300}|([a-z.%=?_ /\\\\-]|\u{202e}|é|😀|pdf|hta|=C3|%2F){0,80}") {
            for media_type in ["application/pdf", "image/jpeg", "image/heif"] {
                let name = name_of_file(&given, media_type);
                prop_assert!(name.len() <= MAX_BYTES && !name.starts_with('.'));
                prop_assert!(!name.chars().any(|letter| letter.is_control() || is_invisible(letter)));
                prop_assert!(!name.contains(['/', '\\', ':', '"', '<', '>', '|', '?', '*']));
                let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
                prop_assert!(ending.is_some_and(|ending| endings_of(media_type).contains(&ending.as_str())));
            }
        }

        #[test]
        fn any_header_is_read(header in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _read = filename_of_disposition(&header);
            let _read = filename_of_disposition(&[b"form-data; filename=", header.as_slice()].concat());
        }
    }
}
