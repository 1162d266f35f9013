//! WebP (RFC 9649): a RIFF file. Kept are the chunks that a picture is drawn from; the header is told
//! what is gone.

use super::{Format, Found, LONGEST_BLOCK, Next, PhotoEdit};

#[derive(Default)]
pub(super) struct WebP {
    state: State,
    /// Where the file says that it ends.
    end: u64,
    /// How many bytes were left out.
    gone: u64,
    /// The flags of the extended header, and where they are.
    flags: Option<(u64, u8)>,
}

#[derive(Default)]
enum State {
    #[default]
    Start,
    Header,
    Flags,
    Exif,
}

const KEPT: [&[u8; 4]; 7] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];

/// The flags that announce Exif and XMP.
const ANNOUNCED: u8 = 0b0000_1100;

impl Format for WebP {
    fn step(&mut self, bytes: &[u8], at: u64, found: &mut Found) -> Next {
        match std::mem::replace(&mut self.state, State::Header) {
            State::Start => {
                let [_, _, _, _, a, b, c, d, ..] = bytes else { return Next::Cut };
                self.end = 8 + u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
                found.ends_at = Some(self.end);
                Next::take(8)
            }
            State::Header => self.chunk(bytes, at, found),
            State::Flags => {
                self.flags = bytes.first().map(|flags| (at, *flags));
                Next::Take { skip: 9, bytes: 8 }
            }
            State::Exif => {
                found.read_exif(bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes));
                Next::Take { skip: (bytes.len() as u64) & 1, bytes: 8 }
            }
        }
    }

    fn end(&mut self, _size: u64, found: &mut Found) {
        if self.gone == 0 {
            return;
        }
        let size = u32::try_from(self.end.saturating_sub(8 + self.gone)).unwrap_or(u32::MAX);
        found.edit(PhotoEdit { from: 4, to: 8, with: size.to_le_bytes().to_vec(), zeros: 0 });
        if let Some((at, flags)) = self.flags {
            found.edit(PhotoEdit { from: at, to: at + 1, with: vec![flags & !ANNOUNCED], zeros: 0 });
        }
    }
}

impl WebP {
    fn chunk(&mut self, bytes: &[u8], at: u64, found: &mut Found) -> Next {
        let [n1, n2, n3, n4, a, b, c, d] = bytes else { return Next::Cut };
        let (name, length) = ([*n1, *n2, *n3, *n4], u64::from(u32::from_le_bytes([*a, *b, *c, *d])));
        // Bodies are padded to an even length.
        let padded = length + (length & 1);
        if at >= self.end {
            return Next::Cut;
        }
        if !KEPT.contains(&&name) {
            found.cut(at, at + 8 + padded);
            self.gone += 8 + padded;
        }
        match (&name, usize::try_from(length)) {
            (b"VP8X", Ok(10)) => {
                self.state = State::Flags;
                Next::take(1)
            }
            (b"EXIF", Ok(length @ 1..=LONGEST_BLOCK)) => {
                self.state = State::Exif;
                Next::take(length)
            }
            _ => Next::Take { skip: padded, bytes: 8 },
        }
    }
}
