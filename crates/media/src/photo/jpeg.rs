//! JPEG (ITU-T T.81): segments, then the compressed picture. A copy is built from an allow-list: the tables and
//! headers that a decoder needs, each in its exact length, JFIF and Adobe headers, the colour profile, and a note
//! of which way is up. Everything else is left out.

use super::{Format, Found, Next, PhotoEdit, upright_block};

#[derive(Default)]
pub(super) struct Jpeg {
    state: State,
    /// Whether the way up was written down again.
    turned: bool,
    has_jfif: bool,
    has_adobe: bool,
}

#[derive(Default)]
enum State {
    #[default]
    Start,
    Marker,
    /// After one 0xFF, which stands at `from`.
    Second {
        from: u64,
    },
    /// Bytes between two segments, from here on, which are in no segment.
    Garbage {
        from: u64,
    },
    Length {
        marker: u8,
        from: u64,
    },
    Body {
        marker: u8,
        from: u64,
    },
}

impl Format for Jpeg {
    fn step(&mut self, bytes: &[u8], at: u64, found: &mut Found) -> Next {
        match (std::mem::replace(&mut self.state, State::Marker), bytes) {
            (State::Start, [0xFF, 0xD8]) => Next::take(2),
            (State::Garbage { from }, [0xFF, marker]) => {
                found.cut(from, at);
                self.after_marker(*marker, at, found)
            }
            (State::Marker, [0xFF, marker]) => self.second(*marker, at, found),
            (State::Marker, [_, 0xFF]) => {
                found.cut(at, at + 1);
                self.state = State::Second { from: at + 1 };
                Next::take(1)
            }
            (State::Marker, _) => {
                self.state = State::Garbage { from: at };
                Next::Scan
            }
            (State::Second { from }, [marker]) => self.second(*marker, from, found),
            (State::Length { marker, from }, [high, low]) => {
                let length = u16::from_be_bytes([*high, *low]);
                match length.checked_sub(2) {
                    None => {
                        found.cut(from, at + 2);
                        Next::take(2)
                    }
                    Some(0) => self.segment(marker, &[], from, found),
                    Some(body) if is_looked_at(marker) => {
                        self.state = State::Body { marker, from };
                        Next::take(usize::from(body))
                    }
                    Some(body) => {
                        found.cut(from, at + u64::from(length));
                        Next::Take { skip: body.into(), bytes: 2 }
                    }
                }
            }
            (State::Body { marker, from }, body) => self.segment(marker, body, from, found),
            (State::Start | State::Second { .. } | State::Garbage { .. } | State::Length { .. }, _) => Next::Cut,
        }
    }

    fn end(&mut self, size: u64, found: &mut Found) {
        // A segment that breaks off is left out.
        if let State::Garbage { from }
        | State::Second { from }
        | State::Length { from, .. }
        | State::Body { from, .. } = self.state
        {
            found.cut(from, size);
        }
    }
}

/// Whether a segment may be kept, so that its body must be seen.
const fn is_looked_at(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xC7 | 0xC9..=0xCF | 0xDA..=0xDD | 0xE0..=0xE2 | 0xEE)
}

impl Jpeg {
    /// The second byte of a marker whose 0xFF stands at `from`. Any number of 0xFF may stand before it.
    fn second(&mut self, marker: u8, from: u64, found: &mut Found) -> Next {
        if marker == 0xFF {
            found.cut(from, from + 1);
            self.state = State::Second { from: from + 1 };
            return Next::take(1);
        }
        self.after_marker(marker, from, found)
    }

    fn after_marker(&mut self, marker: u8, from: u64, found: &mut Found) -> Next {
        self.state = State::Marker;
        match marker {
            // The end of the image.
            0xD9 => return Next::Cut,
            // Markers without a segment, which belong into the compressed picture or to the beginning.
            0x00 | 0x01 | 0xD0..=0xD8 => found.cut(from, from + 2),
            _ => self.state = State::Length { marker, from },
        }
        Next::take(2)
    }

    /// Keeps a segment, or the part of it that belongs to it, or leaves it out.
    fn segment(&mut self, marker: u8, body: &[u8], from: u64, found: &mut Found) -> Next {
        self.state = State::Marker;
        let to = from + 4 + body.len() as u64;
        match marker {
            0xE0 => self.jfif(body, from, to, found),
            0xE1 => self.exif(body, from, to, found),
            0xE2 if body.len() > 14 && body.starts_with(b"ICC_PROFILE\0") => {}
            0xEE if body.len() >= 12 && body.starts_with(b"Adobe") && !self.has_adobe => {
                self.has_adobe = true;
                keep_beginning(0xEE, 12, body, from, to, found);
            }
            0xE2 | 0xEE => found.cut(from, to),
            _ => match exact_length(marker, body) {
                Some(length) => keep_beginning(marker, length, body, from, to, found),
                None => found.cut(from, to),
            },
        }
        // The compressed picture follows the header of a scan.
        if marker == 0xDA { Next::Scan } else { Next::take(2) }
    }

    /// The JFIF header without its thumbnail.
    fn jfif(&mut self, body: &[u8], from: u64, to: u64, found: &mut Found) {
        if self.has_jfif || !body.starts_with(b"JFIF\0") || body.len() < 14 {
            return found.cut(from, to);
        }
        self.has_jfif = true;
        if body.len() > 14 || body[12..] != [0, 0] {
            let with = [&[0xFF, 0xE0, 0, 16], &body[..12], &[0, 0]].concat();
            found.edit(PhotoEdit { from, to, with, zeros: 0 });
        }
    }

    fn exif(&mut self, body: &[u8], from: u64, to: u64, found: &mut Found) {
        let Some(block) = body.strip_prefix(b"Exif\0\0") else { return found.cut(from, to) };
        found.read_exif(block);
        let way = found.facts.orientation.filter(|way| *way != 1 && !self.turned);
        self.turned |= way.is_some();
        match way.map(upright_note) {
            Some(note) if note[4..] == *body => {}
            Some(with) => found.edit(PhotoEdit { from, to, with, zeros: 0 }),
            None => found.cut(from, to),
        }
    }
}

/// Keeps the first bytes of a segment's body, and says so in its length.
fn keep_beginning(marker: u8, length: usize, body: &[u8], from: u64, to: u64, found: &mut Found) {
    if length == body.len() {
        return;
    }
    let Ok(told) = u16::try_from(length + 2) else { return found.cut(from, to) };
    let [high, low] = told.to_be_bytes();
    found.edit(PhotoEdit { from, to: from + 4, with: vec![0xFF, marker, high, low], zeros: 0 });
    found.cut(from + 4 + length as u64, to);
}

/// How many bytes of a body are the tables or the header that the segment is for; `None` when it holds none.
fn exact_length(marker: u8, body: &[u8]) -> Option<usize> {
    let of_each = |each: usize, around: usize| Some(around + each * usize::from(*body.first()?));
    let length = match marker {
        // Quantisation tables: precision and number, then 64 values.
        0xDB => tables(body, |table| {
            let (precision, number) = (table[0] >> 4, table[0] & 15);
            (precision < 2 && number < 4).then_some(1 + 64 * (1 + usize::from(precision)))
        }),
        // Huffman tables: class and number, 16 counts, as many values.
        0xC4 => tables(body, |table| {
            let values: usize = table.get(1..17)?.iter().map(|count| usize::from(*count)).sum();
            (table[0] >> 4 < 2 && table[0] & 15 < 4 && values <= 256).then_some(17 + values)
        }),
        // Conditioning of arithmetic coding: 8 tables at most.
        0xCC => Some(body.len().min(16) & !1),
        // Restart interval, number of lines.
        0xDC | 0xDD => Some(2),
        // Header of a scan: the number of components, two bytes for each, three more.
        0xDA => of_each(2, 4),
        // Header of a frame: the number of components is its sixth byte, three bytes for each.
        0xC0..=0xCF => Some(6 + 3 * usize::from(*body.get(5)?)),
        _ => None,
    }?;
    (1..=body.len()).contains(&length).then_some(length)
}

/// The length of the tables at the beginning of a body; `of_one` tells that of the one that it begins with.
fn tables(body: &[u8], of_one: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
    let mut length = 0;
    while length < body.len() {
        match of_one(&body[length..]) {
            Some(one) if length + one <= body.len() => length += one,
            _ => break,
        }
    }
    (length > 0).then_some(length)
}

/// An Exif segment that tells which way up the picture is, and nothing else.
fn upright_note(way: u16) -> Vec<u8> {
    let mut segment = vec![0xFF, 0xE1, 0, 34];
    segment.extend_from_slice(b"Exif\0\0");
    segment.extend_from_slice(&upright_block(way));
    segment
}
