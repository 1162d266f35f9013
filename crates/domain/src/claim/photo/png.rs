//! PNG (W3C): chunks, each with its name. Kept are those that a picture is drawn from.

use super::{Format, Found, LONGEST_BLOCK, Next};

#[derive(Default)]
pub(super) struct Png {
    state: State,
}

#[derive(Default)]
enum State {
    #[default]
    Start,
    Header,
    Exif,
}

/// What a decoder draws with: picture, palette, transparency, colour, resolution, animation.
const KEPT: [&[u8; 4]; 20] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV",
    b"cLLI", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT",
];

impl Format for Png {
    fn step(&mut self, bytes: &[u8], at: u64, found: &mut Found) -> Next {
        match std::mem::replace(&mut self.state, State::Header) {
            State::Start => Next::take(8),
            State::Header => {
                let ([a, b, c, d, name @ ..], true) = (bytes, bytes.len() == 8) else { return Next::Cut };
                let length = u32::from_be_bytes([*a, *b, *c, *d]);
                if length > i32::MAX as u32 {
                    return Next::Cut;
                }
                // Length, name, body and checksum.
                let end = at + 12 + u64::from(length);
                if !KEPT.iter().any(|kept| kept.as_slice() == name) {
                    found.cut(at, end);
                }
                match (name, usize::try_from(length)) {
                    (b"IEND", _) => {
                        // Its checksum still belongs to it.
                        self.state = State::Start;
                        found.ends_at = Some(end);
                        Next::Take { skip: u64::from(length) + 4, bytes: 8 }
                    }
                    (b"eXIf", Ok(length @ 1..=LONGEST_BLOCK)) => {
                        self.state = State::Exif;
                        Next::take(length)
                    }
                    _ => Next::Take { skip: u64::from(length) + 4, bytes: 8 },
                }
            }
            State::Exif => {
                found.read_exif(bytes);
                Next::Take { skip: 4, bytes: 8 }
            }
        }
    }
}
