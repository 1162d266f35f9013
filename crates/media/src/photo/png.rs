//! PNG (W3C): chunks, each with its name. A copy is built from an allow-list: the chunks that a picture is drawn
//! from, in the lengths that they may have, the colour profile under a name that says nothing, and a note of which
//! way is up.

use super::{Format, Found, MAX_BLOCK_BYTES, Next, PhotoEdit, upright_block};

#[derive(Default)]
pub(super) struct Png {
    state: State,
    has_profile: bool,
    turned: bool,
}

#[derive(Default)]
enum State {
    #[default]
    Start,
    Header,
    Exif {
        from: u64,
    },
    Profile {
        from: u64,
    },
}

/// Whether a picture is drawn with a chunk of this name and length: picture, palette, transparency, colour,
/// resolution, animation. Suggested palettes have names and are left out.
fn is_kept(name: &[u8], length: u32) -> bool {
    match name {
        b"IHDR" => length == 13,
        b"PLTE" => length <= 768 && length.is_multiple_of(3),
        b"IDAT" => true,
        b"IEND" => length == 0,
        b"tRNS" => length <= 256,
        b"cHRM" => length == 32,
        b"gAMA" | b"cICP" => length == 4,
        b"sRGB" => length == 1,
        b"sBIT" => length <= 4,
        b"mDCV" => length == 24,
        b"cLLI" | b"acTL" => length == 8,
        b"bKGD" => length <= 6,
        b"pHYs" => length == 9,
        b"fcTL" => length == 26,
        b"fdAT" => length > 4,
        _ => false,
    }
}

/// The last chunk.
const IEND: &[u8; 12] = b"\0\0\0\0IEND\xae\x42\x60\x82";

/// The name that colour profiles get.
const PROFILE_NAME: &[u8] = b"icc";

impl Format for Png {
    fn step(&mut self, bytes: &[u8], at: u64, found: &mut Found) -> Next {
        match std::mem::replace(&mut self.state, State::Header) {
            State::Start => Next::take(8),
            State::Header => self.chunk(bytes, at, found),
            State::Exif { from } => {
                let to = at + bytes.len() as u64 + 4;
                found.read_exif(bytes);
                let way = found.facts.orientation.filter(|way| *way != 1 && !self.turned);
                self.turned |= way.is_some();
                match way.map(upright_block) {
                    Some(block) if block == bytes => {}
                    Some(block) => found.edit(PhotoEdit { from, to, with: chunk(*b"eXIf", &block), zeros: 0 }),
                    None => found.cut(from, to),
                }
                Next::Take { skip: 4, bytes: 8 }
            }
            State::Profile { from } => {
                rename(bytes, from, at, found);
                Next::Take { skip: 4, bytes: 8 }
            }
        }
    }
}

impl Png {
    fn chunk(&mut self, bytes: &[u8], at: u64, found: &mut Found) -> Next {
        let ([a, b, c, d, name @ ..], true) = (bytes, bytes.len() == 8) else { return Next::Cut };
        let length = u32::from_be_bytes([*a, *b, *c, *d]);
        if length > i32::MAX as u32 {
            return Next::Cut;
        }
        // Length, name, body and checksum.
        let end = at + 12 + u64::from(length);
        match (name, usize::try_from(length)) {
            (b"IEND", _) => {
                if length > 0 {
                    found.edit(PhotoEdit { from: at, to: end, with: IEND.to_vec(), zeros: 0 });
                }
                // Its checksum still belongs to it.
                self.state = State::Start;
                found.ends_at = Some(end);
            }
            (b"eXIf", Ok(length @ 1..=MAX_BLOCK_BYTES)) => {
                self.state = State::Exif { from: at };
                return Next::take(length);
            }
            (b"iCCP", Ok(length @ 3..=MAX_BLOCK_BYTES)) if !self.has_profile => {
                self.has_profile = true;
                self.state = State::Profile { from: at };
                return Next::take(length);
            }
            _ if is_kept(name, length) => {}
            _ => found.cut(at, end),
        }
        Next::Take { skip: u64::from(length) + 4, bytes: 8 }
    }
}

/// Gives a colour profile, whose chunk begins at `from` and its body at `at`, the name that says nothing.
fn rename(body: &[u8], from: u64, at: u64, found: &mut Found) {
    let end = at + body.len() as u64;
    let name_end = body.iter().take(80).position(|byte| *byte == 0);
    let Some(name_end) = name_end else { return found.cut(from, end + 4) };
    if &body[..name_end] == PROFILE_NAME {
        return;
    }
    let renamed = chunk(*b"iCCP", &[PROFILE_NAME, &body[name_end..]].concat());
    let (head, checksum) = (renamed[..8 + PROFILE_NAME.len()].to_vec(), renamed[renamed.len() - 4..].to_vec());
    found.edit(PhotoEdit { from, to: at + name_end as u64, with: head, zeros: 0 });
    found.edit(PhotoEdit { from: end, to: end + 4, with: checksum, zeros: 0 });
}

/// A chunk with its length and its checksum.
fn chunk(name: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let named = [&name[..], body].concat();
    [&length.to_be_bytes()[..], &named, &crc(&named).to_be_bytes()].concat()
}

/// CRC-32 as PNG uses it (ISO 3309).
fn crc(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |crc: u32, byte: &u8| TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ (crc >> 8);
    !bytes.iter().fold(u32::MAX, step)
}

const fn table() -> [u32; 256] {
    let mut table = [0_u32; 256];
    let mut place = 0_u32;
    while place < 256 {
        let (mut value, mut bit) = (place, 0);
        while bit < 8 {
            value = if value & 1 == 1 { 0xEDB8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[place as usize] = value;
        place += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_png() {
        assert_eq!(chunk(*b"IEND", b""), IEND);
        assert_eq!(crc(b"123456789"), 0xCBF4_3926);
    }
}
