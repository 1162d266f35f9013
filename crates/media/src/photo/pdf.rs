//! Photos within a PDF. A photo is usually embedded as the JPEG that the camera wrote, with where it was taken. What
//! such a JPEG says beside the picture is overwritten with zeros where it lies, since places in a PDF are counted. So
//! is an XMP packet that holds a position.
//!
//! Photos and XMP packets in streams that are compressed once more, or encrypted, are not seen.

use super::{Format, Found, Next};
use constat_domain::claim::PhotoEdit;

#[derive(Default)]
pub(super) struct Pdf {
    state: State,
    /// Edits of what may be a JPEG and has not shown yet that it is one.
    pending: Vec<PhotoEdit>,
    is_jpeg: bool,
    packets: Packets,
}

#[derive(Default)]
enum State {
    #[default]
    Start,
    /// Anywhere in the file, up to what may be a JPEG.
    Search,
    /// After the beginning of a JPEG, or of a segment.
    Marker,
    /// After the 0xFF of a marker, or of a byte that fills.
    Filled {
        count: usize,
    },
    Length {
        marker: u8,
    },
    /// The beginning of a segment's body, of which `length` bytes are left.
    Body {
        marker: u8,
        length: u64,
    },
}

/// How much of a segment is looked at.
const LOOKED_AT: u64 = 14;

/// Maximum bytes that fill before a marker, and segments before one that shows a JPEG.
const MAX_FILLED: usize = 256;
const MAX_PENDING: usize = 256;

/// What the first segments of photos begin with. A file that is compressed has the bytes of a marker by chance, but not
/// these behind it.
const BEGINNINGS: [&[u8]; 7] =
    [b"JFIF\0", b"JFXX\0", b"Exif\0\0", b"http://", b"Adobe", b"ICC_PROFILE\0", b"Photoshop 3"];

impl Pdf {
    /// What was walked through is a JPEG: its edits hold.
    fn decide(&mut self, found: &mut Found) {
        self.is_jpeg = true;
        self.pending.drain(..).for_each(|edit| found.edit(edit));
    }

    fn marker(&mut self, marker: u8, found: &mut Found) -> Next {
        match marker {
            0xC0..=0xCF | 0xDB | 0xDD | 0xE0..=0xEF | 0xFE => {
                self.state = State::Length { marker };
                Next::take(2)
            }
            // Segments one behind the other up to the picture are no chance.
            0xDA if !self.pending.is_empty() => {
                self.decide(found);
                Next::Scan
            }
            _ => Next::Scan,
        }
    }
}

impl Format for Pdf {
    fn step(&mut self, bytes: &[u8], at: u64, found: &mut Found) -> Next {
        match (std::mem::replace(&mut self.state, State::Search), bytes) {
            (State::Search | State::Marker, [0xFF, 0xD8]) => {
                self.pending.clear();
                self.is_jpeg = false;
                self.state = State::Marker;
                Next::take(2)
            }
            (State::Marker, [0xFF, 0xFF]) => {
                self.state = State::Filled { count: 1 };
                Next::take(1)
            }
            (State::Filled { count }, [0xFF]) if count < MAX_FILLED => {
                self.state = State::Filled { count: count + 1 };
                Next::take(1)
            }
            (State::Marker, [0xFF, marker]) | (State::Filled { .. }, [marker]) => self.marker(*marker, found),
            (State::Length { marker }, [high, low]) => {
                let length = u64::from(u16::from_be_bytes([*high, *low]));
                match (length.checked_sub(2), marker) {
                    (None, _) => Next::Scan,
                    (Some(0), _) => {
                        self.state = State::Marker;
                        Next::take(2)
                    }
                    (Some(body), _) => {
                        self.state = State::Body { marker, length: body };
                        Next::take(usize::try_from(body.min(LOOKED_AT)).unwrap_or(1))
                    }
                }
            }
            (State::Body { marker, length }, body) => {
                if let Some(kept) = kept(marker, body) {
                    let (from, to) = (at + kept.min(length), at + length);
                    if from < to {
                        self.pending.push(PhotoEdit { from, to, with: Vec::new(), zeros: to - from });
                    }
                }
                if self.is_jpeg || is_photo(marker, length, body) || is_frame(marker, length, body) {
                    self.decide(found);
                } else if self.pending.len() > MAX_PENDING {
                    return Next::Scan;
                }
                self.state = State::Marker;
                Next::Take { skip: length - body.len() as u64, bytes: 2 }
            }
            _ => Next::Scan,
        }
    }

    fn look(&mut self, piece: &[u8], start: u64, found: &mut Found) {
        self.packets.look(piece, start, found);
    }
}

/// Finds XMP packets, which are text that a reader may write anywhere in a file.
#[derive(Default)]
struct Packets {
    /// The end of what was looked at, which may be the beginning of a mark.
    held: Vec<u8>,
    /// Where the packet began, and whether it holds a position.
    open: Option<(u64, bool)>,
}

const PACKET_BEGINS: &[u8] = b"<?xpacket begin";
const PACKET_ENDS: &[u8] = b"<?xpacket end";
const POSITION: &[u8] = b"exif:GPS";
/// Longest mark without its last byte.
const HELD: usize = PACKET_BEGINS.len() - 1;

impl Packets {
    fn look(&mut self, piece: &[u8], start: u64, found: &mut Found) {
        let first = start - self.held.len() as u64;
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(piece);
        for (place, _) in bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, b'<' | b'e')) {
            let (rest, at) = (&bytes[place..], first + place as u64);
            if rest.starts_with(PACKET_BEGINS) {
                // Seen a second time in the bytes that were held back, it is the same one.
                let has_position = self.open.is_some_and(|(from, has)| from == at && has);
                self.open = Some((at, has_position));
            } else if let Some((from, has_position)) = &mut self.open {
                if rest.starts_with(POSITION) {
                    *has_position = true;
                } else if rest.starts_with(PACKET_ENDS) {
                    if *has_position {
                        found.edit(PhotoEdit { from: *from, to: at, with: Vec::new(), zeros: at - *from });
                    }
                    self.open = None;
                }
            }
        }
        self.held = bytes.split_off(bytes.len().saturating_sub(HELD));
    }
}

/// Whether the segment is a frame's header, with as many components as its length says.
fn is_frame(marker: u8, length: u64, body: &[u8]) -> bool {
    let is_header = matches!(marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF);
    is_header && body.get(5).is_some_and(|count| (1..=4).contains(count) && length == 6 + 3 * u64::from(*count))
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
