//! The text encoding of an imported file: UTF-8, UTF-16 or Windows-1252, detected while it is read.
//!
//! Excel writes all three. A byte order mark decides; UTF-16 without one is recognised by its zero
//! bytes. Everything else is UTF-8 until the first byte that is not ASCII: when no UTF-8 sequence starts
//! there, the file is Windows-1252. Memory is bounded by one buffer, whatever the size of the file.

use std::io::{BufRead, Error, ErrorKind, Read};

/// What to do with a file that this module cannot read.
const MIXED: &str = "the file mixes UTF-8 and Windows-1252 text; correct it and save it as \"CSV UTF-8\"";
const UNKNOWN: &str = "the text is neither UTF-8 nor Windows-1252 (it may come from an old Macintosh or DOS program); \
                       save it as \"CSV UTF-8\" or .xlsx";
const BROKEN_UTF16: &str = "the file is not sound UTF-16 text; save it as \"CSV UTF-8\" or .xlsx";

/// Characters of Windows-1252 from 0x80 to 0x9F, in order; U+FFFD where it has none. The other bytes
/// are their own code points. Source: the Unicode Consortium's mapping table of code page 1252.
const HIGH_CONTROLS: [char; 32] = [
    '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž', '\u{fffd}', '\u{fffd}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}', 'ž', 'Ÿ',
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// Nothing was read yet.
    Unread,
    /// Only ASCII so far: UTF-8 or Windows-1252.
    Ascii,
    Utf8,
    Windows1252,
    Utf16 {
        is_big_endian: bool,
    },
}

/// Reads a file as UTF-8. In a file that is UTF-8 already the bytes are passed on unchecked: the caller
/// finds invalid ones where it needs text. Other faults are errors of kind
/// [`ErrorKind::InvalidData`] whose text tells the user what to do.
pub(super) struct Decoded<R> {
    inner: R,
    encoding: Encoding,
    /// Bytes read and not decoded yet.
    raw: Vec<u8>,
    /// The byte before them, which tells DOS and Macintosh files from those of Windows.
    before: u8,
    is_at_end: bool,
    /// Decoded text, and how much of it was consumed.
    text: Vec<u8>,
    used: usize,
}

impl<R: BufRead> Decoded<R> {
    pub(super) fn new(inner: R) -> Self {
        let (raw, text) = (Vec::new(), Vec::new());
        Self { inner, encoding: Encoding::Unread, raw, before: b' ', is_at_end: false, text, used: 0 }
    }

    /// Decodes more, until there is text or the file ends.
    fn fill(&mut self) -> Result<(), Error> {
        self.text.clear();
        self.used = 0;
        loop {
            if !self.is_at_end {
                let held = self.inner.fill_buf()?;
                self.is_at_end = held.is_empty();
                self.raw.extend_from_slice(held);
                let count = held.len();
                self.inner.consume(count);
            }
            if self.encoding == Encoding::Unread {
                if self.raw.len() < 4 && !self.is_at_end {
                    continue;
                }
                self.detect();
            }
            self.decode()?;
            if !self.text.is_empty() || (self.is_at_end && self.raw.is_empty()) {
                return Ok(());
            }
        }
    }

    fn detect(&mut self) {
        let (mark, encoding) = match self.raw.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => (3, Encoding::Utf8),
            [0xff, 0xfe, ..] => (2, Encoding::Utf16 { is_big_endian: false }),
            [0xfe, 0xff, ..] => (2, Encoding::Utf16 { is_big_endian: true }),
            [first, 0, second, 0, ..] if *first != 0 && *second != 0 => (0, Encoding::Utf16 { is_big_endian: false }),
            [0, first, 0, second, ..] if *first != 0 && *second != 0 => (0, Encoding::Utf16 { is_big_endian: true }),
            _ => (0, Encoding::Ascii),
        };
        self.raw.drain(..mark);
        self.encoding = encoding;
    }

    /// Moves from `raw` to `text` what can be decoded now.
    fn decode(&mut self) -> Result<(), Error> {
        if self.encoding == Encoding::Ascii {
            let ascii = self.raw.iter().position(|byte| !byte.is_ascii()).unwrap_or(self.raw.len());
            self.text.extend(self.raw.drain(..ascii));
            self.before = self.text.last().copied().unwrap_or(self.before);
            match std::str::from_utf8(self.raw.get(..self.raw.len().min(4)).unwrap_or_default()) {
                // Everything was ASCII, or the first other character is not all here yet.
                Ok("") => return Ok(()),
                Err(error) if error.valid_up_to() == 0 && error.error_len().is_none() && !self.is_at_end => {
                    return Ok(());
                }
                Err(error) if error.valid_up_to() == 0 => self.encoding = Encoding::Windows1252,
                Ok(_) | Err(_) => self.encoding = Encoding::Utf8,
            }
        }
        match self.encoding {
            Encoding::Unread | Encoding::Ascii => Ok(()),
            Encoding::Utf8 => {
                self.text.append(&mut self.raw);
                Ok(())
            }
            Encoding::Windows1252 => self.decode_windows(),
            Encoding::Utf16 { is_big_endian } => self.decode_utf16(is_big_endian),
        }
    }

    fn decode_windows(&mut self) -> Result<(), Error> {
        let mut done = 0;
        let mut fault = None;
        for (at, byte) in self.raw.iter().copied().enumerate() {
            let next = self.raw.get(at + 1).copied();
            if matches!(byte, 0xc2 | 0xc3) && next.is_none() && !self.is_at_end {
                break;
            }
            fault = fault_of_byte(self.before, byte, next);
            if fault.is_some() {
                break;
            }
            let letter = match byte {
                0x80..=0x9f => HIGH_CONTROLS.get(usize::from(byte - 0x80)).copied().unwrap_or('\u{fffd}'),
                _ => char::from(byte),
            };
            self.text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            self.before = byte;
            done = at + 1;
        }
        self.raw.drain(..done);
        // What stands before the fault is handed out first, so that the caller knows its line.
        match fault {
            Some(message) if self.text.is_empty() => Err(Error::new(ErrorKind::InvalidData, message)),
            _ => Ok(()),
        }
    }

    fn decode_utf16(&mut self, is_big_endian: bool) -> Result<(), Error> {
        let unit = |pair: &[u8]| match *pair {
            [first, second] if is_big_endian => u16::from_be_bytes([first, second]),
            [first, second] => u16::from_le_bytes([first, second]),
            _ => 0,
        };
        let mut units: Vec<u16> = self.raw.chunks_exact(2).map(unit).collect();
        // The second half of a pair may not be here yet.
        if !self.is_at_end && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            units.pop();
        }
        let mut done = 0;
        let mut is_faulty = self.is_at_end && self.raw.len() % 2 == 1;
        for letter in char::decode_utf16(units.iter().copied()) {
            let Ok(letter) = letter else {
                is_faulty = true;
                break;
            };
            self.text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            done += 2 * letter.len_utf16();
        }
        self.raw.drain(..done);
        if is_faulty && self.text.is_empty() {
            return Err(Error::new(ErrorKind::InvalidData, BROKEN_UTF16));
        }
        Ok(())
    }
}

/// Why a byte cannot be Windows-1252 text where it stands.
fn fault_of_byte(before: u8, byte: u8, next: Option<u8>) -> Option<&'static str> {
    match byte {
        // "Ã" or "Â" before a sign: a letter of UTF-8. No French word has them so.
        0xc2 | 0xc3 if next.is_some_and(|next| (0x80..=0xbf).contains(&next)) => Some(MIXED),
        0x81 | 0x8d | 0x8f | 0x90 | 0x9d => Some(UNKNOWN),
        // Accented letters of code page 850 and of Mac Roman: here they would be signs or capitals
        // inside a word.
        0x82 | 0x87 | 0x88 | 0x8a | 0x8e if before.is_ascii_lowercase() => Some(UNKNOWN),
        _ => None,
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let held = self.fill_buf()?;
        let count = held.len().min(buffer.len());
        let (Some(to), Some(from)) = (buffer.get_mut(..count), held.get(..count)) else { return Ok(0) };
        to.copy_from_slice(from);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> Result<&[u8], Error> {
        if self.used >= self.text.len() {
            self.fill()?;
        }
        Ok(self.text.get(self.used..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.used += count;
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// Decodes with a buffer of that size.
    fn decoded(bytes: &[u8], buffer: usize) -> Result<String, String> {
        let mut text = Vec::new();
        let read = Decoded::new(BufReader::with_capacity(buffer, bytes)).read_to_end(&mut text);
        read.map_err(|error| error.to_string()).map(|_| String::from_utf8_lossy(&text).into_owned())
    }

    fn utf16(text: &str, mark: bool, is_big_endian: bool) -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        let units = mark.into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if is_big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn every_encoding_that_excel_writes_gives_the_same_text() {
        let text = "nom;ville\r\nRené Œuvrard;Haÿ\r\n";
        let windows: &[u8] = b"nom;ville\r\nRen\xe9 \x8cuvrard;Ha\xff\r\n";
        for buffer in [1, 2, 3, 7, 8192] {
            for bytes in [
                text.as_bytes().to_vec(),
                format!("\u{feff}{text}").into_bytes(),
                windows.to_vec(),
                utf16(text, true, false),
                utf16(text, true, true),
                utf16(text, false, false),
                utf16(text, false, true),
            ] {
                assert_eq!(decoded(&bytes, buffer).as_deref(), Ok(text), "{bytes:x?} by {buffer}");
            }
        }
        assert_eq!(decoded(b"", 8).as_deref(), Ok(""));
        assert_eq!(decoded(b"\xff\xfe", 8).as_deref(), Ok(""));
        assert_eq!(decoded(&utf16("a\u{1f600}b", true, false), 1).as_deref(), Ok("a\u{1f600}b"));
        assert_eq!(decoded(b"1 200 \x80, l\x92\xe9t\xe9\x85", 1).as_deref(), Ok("1 200 €, l’été…"));
        assert_eq!(decoded(b"\xabCAF\xc9\xbb", 8).as_deref(), Ok("«CAFÉ»"));
    }

    #[test]
    fn text_of_another_encoding_is_refused_and_never_read_as_gibberish() {
        for (bytes, said) in [
            (&b"Ren\xe9,No\xc3\xabl"[..], "mixes UTF-8 and Windows-1252"),
            (b"Ren\x8e", "Macintosh"),
            (b"Gar\x8don", "Macintosh"),
            (b"Ren\x82", "DOS"),
            (b"fran\x87ais", "DOS"),
            (b"\xff\xfea", "UTF-16"),
            (b"\xff\xfe\x00\xdc\x00\x00", "UTF-16"),
        ] {
            for buffer in [1, 4096] {
                let told = decoded(bytes, buffer).unwrap_err();
                assert!(told.contains(said) && told.contains("save it as"), "{bytes:x?}: {told}");
            }
        }
    }
}
