//! WebP (RFC 9649): a RIFF file. A copy is built from an allow-list: the chunks that a picture is drawn from, one of
//! each, also within the frames of an animation, and a note of which way is up. The headers say what is left.

use super::{Format, Found, MAX_BLOCK_BYTES, Next, PhotoEdit, upright_block};

#[derive(Default)]
pub(super) struct WebP {
    state: State,
    /// Where the file says that it ends.
    end: u64,
    /// How many bytes were left out of the file.
    gone: u64,
    /// The extended header, and where it is.
    header: Option<(u64, [u8; 4])>,
    /// The frame that is walked through.
    frame: Option<Frame>,
    /// The chunks kept so far, outside of frames.
    kept: Vec<[u8; 4]>,
    turned: bool,
}

/// A frame of an animation.
struct Frame {
    /// Where it says how long it is.
    length_at: u64,
    /// How long that is.
    length: u32,
    /// Where it ends.
    end: u64,
    /// How many bytes were left out of it.
    gone: u64,
    kept: Vec<[u8; 4]>,
}

#[derive(Default)]
enum State {
    #[default]
    Start,
    Header,
    Flags,
    Exif {
        from: u64,
    },
}

/// Chunks that a picture is drawn from, of which a file or a frame has one each.
const KEPT: [&[u8; 4]; 6] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ICCP"];

/// Chunks that a frame may have.
const KEPT_IN_FRAMES: [&[u8; 4]; 3] = [b"VP8 ", b"VP8L", b"ALPH"];

/// The flags of the extended header that announce a colour profile, transparency and an animation.
const PROFILE_FLAG: u8 = 0b0010_0000;
const TRANSPARENCY_FLAG: u8 = 0b0001_0000;
const ANIMATION_FLAG: u8 = 0b0000_0010;

/// The flag that announces Exif.
const EXIF_FLAG: u8 = 0b0000_1000;

/// The bytes of a frame before its chunks: its place, size, duration and blending.
const FRAME_HEADER: u32 = 16;

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
                self.header = bytes.try_into().ok().map(|flags| (at, flags));
                Next::Take { skip: 6, bytes: 8 }
            }
            State::Exif { from } => {
                let pad = (bytes.len() as u64) & 1;
                let to = at + bytes.len() as u64 + pad;
                found.read_exif(bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes));
                let way = found.facts.orientation.filter(|way| *way != 1 && !self.turned && self.frame.is_none());
                match way.map(upright_block) {
                    Some(block) if block == bytes => self.turned = true,
                    Some(block) if block.len() as u64 + 8 <= to - from => {
                        self.turned = true;
                        let length = u32::try_from(block.len()).unwrap_or_default();
                        let with = [&b"EXIF"[..], &length.to_le_bytes(), &block].concat();
                        self.gone += to - from - with.len() as u64;
                        found.edit(PhotoEdit { from, to, with, zeros: 0 });
                    }
                    _ => self.leave_out(from, to, found),
                }
                Next::Take { skip: pad, bytes: 8 }
            }
        }
    }

    fn end(&mut self, _size: u64, found: &mut Found) {
        self.close_frame(found);
        if self.gone > 0 {
            let size = u32::try_from(self.end.saturating_sub(8 + self.gone)).unwrap_or(u32::MAX);
            found.edit(PhotoEdit { from: 4, to: 8, with: size.to_le_bytes().to_vec(), zeros: 0 });
        }
        if let Some((at, header)) = self.header {
            let has = |name| self.kept.contains(name);
            let flags = [
                (header[0] & TRANSPARENCY_FLAG != 0, TRANSPARENCY_FLAG),
                (has(b"ICCP"), PROFILE_FLAG),
                (has(b"ANIM"), ANIMATION_FLAG),
                (self.turned, EXIF_FLAG),
            ];
            let flags = flags.into_iter().filter(|(is_set, _)| *is_set).fold(0, |all, (_, flag)| all | flag);
            let with = [flags, 0, 0, 0];
            if header != with {
                found.edit(PhotoEdit { from: at, to: at + 4, with: with.to_vec(), zeros: 0 });
            }
        }
    }
}

impl WebP {
    fn chunk(&mut self, bytes: &[u8], at: u64, found: &mut Found) -> Next {
        let [n1, n2, n3, n4, a, b, c, d] = bytes else { return Next::Cut };
        let (name, length) = ([*n1, *n2, *n3, *n4], u32::from_le_bytes([*a, *b, *c, *d]));
        // Bodies are padded to an even length.
        let padded = u64::from(length) + u64::from(length & 1);
        let end = at + 8 + padded;
        if at >= self.end {
            return Next::Cut;
        }
        if self.frame.as_ref().is_some_and(|frame| at >= frame.end) {
            self.close_frame(found);
        }
        if &name == b"ANMF" && length > FRAME_HEADER && self.frame.is_none() {
            self.frame = Some(Frame { length_at: at + 4, length, end, gone: 0, kept: Vec::new() });
            return Next::Take { skip: FRAME_HEADER.into(), bytes: 8 };
        }
        if self.keeps(name, length) {
            if &name == b"VP8X" {
                self.state = State::Flags;
                return Next::take(4);
            }
        } else if let (b"EXIF", Ok(length @ 1..=MAX_BLOCK_BYTES)) = (&name, usize::try_from(length)) {
            self.state = State::Exif { from: at };
            return Next::take(length);
        } else {
            self.leave_out(at, end, found);
        }
        Next::Take { skip: padded, bytes: 8 }
    }

    /// Whether a chunk is the first of its kind of those that a picture is drawn from.
    fn keeps(&mut self, name: [u8; 4], length: u32) -> bool {
        let (allowed, kept) = match &mut self.frame {
            Some(frame) => (&KEPT_IN_FRAMES[..], &mut frame.kept),
            None => (&KEPT[..], &mut self.kept),
        };
        let is_sound = match &name {
            b"VP8X" => length == 10,
            b"ANIM" => length == 6,
            _ => true,
        };
        // A picture is of one kind.
        let is_picture = |name: &[u8; 4]| matches!(name, b"VP8 " | b"VP8L");
        let is_first = !kept.iter().any(|known| *known == name || (is_picture(known) && is_picture(&name)));
        let keeps = allowed.contains(&&name) && is_sound && is_first;
        if keeps {
            kept.push(name);
        }
        keeps
    }

    fn leave_out(&mut self, from: u64, to: u64, found: &mut Found) {
        found.cut(from, to);
        self.gone += to - from;
        if let Some(frame) = &mut self.frame {
            frame.gone += to - from;
        }
    }

    fn close_frame(&mut self, found: &mut Found) {
        let Some(frame) = self.frame.take().filter(|frame| frame.gone > 0) else { return };
        let length = frame.length.saturating_sub(u32::try_from(frame.gone).unwrap_or(u32::MAX));
        let (from, with) = (frame.length_at, length.to_le_bytes().to_vec());
        found.edit(PhotoEdit { from, to: from + 4, with, zeros: 0 });
    }
}
