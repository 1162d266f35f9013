//! JPEG (ITU-T T.81): segments, then the compressed picture. Kept of the segments that applications
//! add: the colour profile, and what decoders need (JFIF, Adobe).

use super::{Format, Found, Next, PhotoEdit};

#[derive(Default)]
pub(super) struct Jpeg {
    state: State,
    /// Whether the way up was written down again.
    turned: bool,
}

#[derive(Default)]
enum State {
    #[default]
    Start,
    Marker,
    Length {
        marker: u8,
        from: u64,
    },
    Body {
        marker: u8,
        from: u64,
        to: u64,
    },
}

impl Format for Jpeg {
    fn step(&mut self, bytes: &[u8], at: u64, found: &mut Found) -> Next {
        match std::mem::take(&mut self.state) {
            State::Start => self.marker(),
            State::Marker => match bytes {
                // Any number of 0xFF may stand before a marker.
                [0xFF, 0xFF] => self.second_of_marker(at),
                [0xFF, marker] => self.after_marker(*marker, at),
                _ => Next::Cut,
            },
            State::Length { marker: 0xFF, from } => match bytes {
                [0xFF] => self.second_of_marker(from),
                [marker] => self.after_marker(*marker, from),
                _ => Next::Cut,
            },
            State::Length { marker, from } => {
                let length = u64::from(u16::from_be_bytes([bytes[0], bytes[1]]));
                if length < 2 { Next::Cut } else { self.body(marker, from, at + length, length - 2, found) }
            }
            State::Body { marker, from, to } => {
                self.look(marker, bytes, from, to, found);
                let skip = to - (at + bytes.len() as u64);
                self.state = State::Marker;
                Next::Take { skip, bytes: 2 }
            }
        }
    }
}

impl Jpeg {
    fn marker(&mut self) -> Next {
        self.state = State::Marker;
        Next::take(2)
    }

    fn second_of_marker(&mut self, from: u64) -> Next {
        self.state = State::Length { marker: 0xFF, from };
        Next::take(1)
    }

    fn after_marker(&mut self, marker: u8, from: u64) -> Next {
        match marker {
            // The end of the image.
            0xD9 => Next::Cut,
            // Markers without a segment.
            0x01 | 0xD0..=0xD8 => self.marker(),
            _ => {
                self.state = State::Length { marker, from };
                Next::take(2)
            }
        }
    }

    fn body(&mut self, marker: u8, from: u64, to: u64, length: u64, found: &mut Found) -> Next {
        // How much of a segment must be seen to judge it.
        let looked_at = match marker {
            0xE1 => length,
            0xE2 => length.min(12),
            _ => 0,
        };
        if looked_at > 0 {
            self.state = State::Body { marker, from, to };
            return Next::take(usize::try_from(looked_at).unwrap_or(usize::MAX));
        }
        if matches!(marker, 0xE1..=0xED | 0xEF | 0xFE) {
            found.cut(from, to);
        }
        if marker == 0xDA {
            // The picture follows the scan's header: skip that, then look for the next marker.
            self.state = State::Marker;
            return Next::Scan;
        }
        self.state = State::Marker;
        Next::Take { skip: length, bytes: 2 }
    }

    fn look(&mut self, marker: u8, body: &[u8], from: u64, to: u64, found: &mut Found) {
        match body.strip_prefix(b"Exif\0\0") {
            Some(block) if marker == 0xE1 => {
                found.read_exif(block);
                let way = found.facts.orientation.filter(|way| *way != 1 && !self.turned);
                self.turned |= way.is_some();
                let with = way.map(upright_note).unwrap_or_default();
                if with.is_empty() { found.cut(from, to) } else { found.edit(PhotoEdit { from, to, with, zeros: 0 }) }
            }
            _ if marker == 0xE2 && body.starts_with(b"ICC_PROFILE\0") => {}
            _ => found.cut(from, to),
        }
    }
}

/// An Exif segment that tells which way up the picture is, and nothing else.
fn upright_note(way: u16) -> Vec<u8> {
    let mut segment = vec![0xFF, 0xE1, 0, 34];
    segment.extend_from_slice(b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01");
    segment.extend_from_slice(&way.to_be_bytes());
    segment.extend_from_slice(&[0; 6]);
    segment
}
