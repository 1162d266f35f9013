//! Photos within a PDF. A photo is usually embedded as the JPEG that the camera wrote, with where it was taken. What
//! such a JPEG says beside the picture is overwritten with zeros where it lies, since places in a PDF are counted.
//!
//! Photos in streams that are compressed once more, or encrypted, are not seen.

use super::{Format, Found, Next, PhotoEdit};

#[derive(Default)]
pub(super) struct Pdf {
    state: State,
}

#[derive(Default)]
enum State {
    #[default]
    Start,
    /// Anywhere in the file, up to what may be a JPEG.
    Search,
    /// After the beginning of a JPEG, or of a segment.
    Marker {
        is_first: bool,
    },
    Length {
        marker: u8,
        is_first: bool,
    },
    /// The beginning of a segment's body, of which `length` bytes are left.
    Body {
        marker: u8,
        is_first: bool,
        length: u64,
    },
}

/// How much of a segment is looked at.
const LOOKED_AT: u64 = 14;

/// What the first segments of photos begin with. A file that is compressed has the bytes of a marker by chance, but not
/// these behind it.
const BEGINNINGS: [&[u8]; 7] =
    [b"JFIF\0", b"JFXX\0", b"Exif\0\0", b"http://", b"Adobe", b"ICC_PROFILE\0", b"Photoshop 3"];

impl Format for Pdf {
    fn step(&mut self, bytes: &[u8], at: u64, found: &mut Found) -> Next {
        match (std::mem::replace(&mut self.state, State::Search), bytes) {
            (State::Search, [0xFF, 0xD8]) => {
                self.state = State::Marker { is_first: true };
                Next::take(2)
            }
            (State::Marker { is_first }, [0xFF, marker @ (0xC0..=0xCF | 0xDB..=0xEF | 0xFE)]) => {
                self.state = State::Length { marker: *marker, is_first };
                Next::take(2)
            }
            (State::Length { marker, is_first }, [high, low]) => {
                let length = u64::from(u16::from_be_bytes([*high, *low]));
                match length.saturating_sub(2) {
                    0 => Next::Scan,
                    body => {
                        self.state = State::Body { marker, is_first, length: body };
                        Next::take(usize::try_from(body.min(LOOKED_AT)).unwrap_or(1))
                    }
                }
            }
            (State::Body { marker, is_first, length }, body) => {
                if is_first && !is_photo(marker, length, body) {
                    return Next::Scan;
                }
                if let Some(kept) = kept(marker, body) {
                    let (from, to) = (at + kept.min(length), at + length);
                    if from < to {
                        found.edit(PhotoEdit { from, to, with: Vec::new(), zeros: to - from });
                    }
                }
                self.state = State::Marker { is_first: false };
                Next::Take { skip: length - body.len() as u64, bytes: 2 }
            }
            _ => Next::Scan,
        }
    }
}

fn is_photo(marker: u8, length: u64, body: &[u8]) -> bool {
    let is_table = marker == 0xDB && matches!(length, 65 | 129 | 130 | 195 | 258 | 260);
    is_table || BEGINNINGS.iter().any(|beginning| body.starts_with(beginning))
}

/// How many bytes of a segment of metadata are kept; `None` for one that holds none, which stays whole.
fn kept(marker: u8, body: &[u8]) -> Option<u64> {
    match marker {
        // The header without its thumbnail, whose size is in its last two bytes.
        0xE0 if body.starts_with(b"JFIF\0") => Some(12),
        0xE2 if body.starts_with(b"ICC_PROFILE\0") => None,
        0xEE if body.starts_with(b"Adobe") => Some(12),
        0xE0..=0xEF | 0xFE => Some(0),
        _ => None,
    }
}
