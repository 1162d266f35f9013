//! HEIC and HEIF (ISO/IEC 23008-12 over 14496-12): boxes. Items of metadata are blanked where they
//! lie: other items are found by their place in the file, so nothing may move.

use super::{Format, Found, LONGEST_BLOCK, Next, PhotoEdit};

#[derive(Default)]
pub(super) struct Heif {
    state: State,
}

#[derive(Default)]
enum State {
    #[default]
    Header,
    LongHeader {
        from: u64,
        name: [u8; 4],
    },
    Meta,
}

impl Format for Heif {
    fn step(&mut self, bytes: &[u8], at: u64, found: &mut Found) -> Next {
        match std::mem::take(&mut self.state) {
            State::Header => {
                let [a, b, c, d, name @ ..] = bytes else { return Next::Cut };
                let Ok(name) = <[u8; 4]>::try_from(name) else { return Next::Cut };
                match u32::from_be_bytes([*a, *b, *c, *d]) {
                    1 => {
                        self.state = State::LongHeader { from: at, name };
                        Next::take(8)
                    }
                    // To the end of the file.
                    0 => self.within(name, at, 8, u64::MAX >> 1, found),
                    size => self.within(name, at, 8, u64::from(size), found),
                }
            }
            State::LongHeader { from, name } => {
                let size = <[u8; 8]>::try_from(bytes).map_or(0, u64::from_be_bytes);
                self.within(name, from, 16, size, found)
            }
            State::Meta => {
                // Without understanding it, nothing can be promised of what follows.
                if items(bytes, at, found).is_none() {
                    return Next::Cut;
                }
                Next::take(8)
            }
        }
    }
}

impl Heif {
    fn within(&mut self, name: [u8; 4], from: u64, header: u64, size: u64, found: &mut Found) -> Next {
        let Some(body) = size.checked_sub(header) else { return Next::Cut };
        match &name {
            b"meta" => match usize::try_from(body) {
                Ok(body @ 1..=LONGEST_BLOCK) => {
                    self.state = State::Meta;
                    Next::take(body)
                }
                _ => Next::Cut,
            },
            b"ftyp" | b"mdat" | b"free" | b"skip" => Next::Take { skip: body, bytes: 8 },
            // Films, makers' own boxes.
            _ => {
                let start = from + header;
                found.edit(PhotoEdit { from: start, to: start.saturating_add(body), with: Vec::new(), zeros: body });
                Next::Take { skip: body, bytes: 8 }
            }
        }
    }
}

/// Reads big-endian numbers of any width, and never beyond the end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, width: usize) -> Option<u64> {
        let bytes = if width <= 8 { self.bytes(width)? } else { return None };
        Some(bytes.iter().fold(0, |all, byte| (all << 8) | u64::from(*byte)))
    }

    fn count(&mut self, width: usize) -> Option<usize> {
        usize::try_from(self.number(width)?).ok()
    }

    /// The next box: its name, its body, and where the body begins.
    fn inner(&mut self, whole: &[u8]) -> Option<([u8; 4], &'a [u8], usize)> {
        let size = self.count(4)?;
        let name = self.bytes(4)?.try_into().ok()?;
        let at = whole.len() - self.0.len();
        Some((name, self.bytes(size.checked_sub(8)?)?, at))
    }
}

/// Finds the items that hold metadata and blanks them. `None` when the box makes no sense.
fn items(meta: &[u8], at: u64, found: &mut Found) -> Option<()> {
    let mut reader = Reader(meta);
    // Version and flags.
    reader.number(4)?;
    let (mut told, mut places, mut idat) = (Vec::new(), None, None);
    while !reader.0.is_empty() {
        let (name, body, start) = reader.inner(meta)?;
        match &name {
            b"iinf" => told = metadata_items(body)?,
            b"iloc" => places = Some(body),
            b"idat" => idat = Some(at + start as u64),
            _ => {}
        }
    }
    for (item, inside, offset, length) in places.map_or(Some(Vec::new()), extents)? {
        let Some((_, is_exif)) = told.iter().find(|(id, _)| *id == item) else { continue };
        let from = match inside {
            0 => offset,
            1 => idat?.checked_add(offset)?,
            _ => return None,
        };
        let to = from.checked_add(length)?;
        found.edit(PhotoEdit { from, to, with: Vec::new(), zeros: length });
        if *is_exif && found.ahead.is_none() && length <= LONGEST_BLOCK as u64 {
            let inside = |place: u64| usize::try_from(place.checked_sub(at)?).ok();
            match inside(from).zip(inside(to)).and_then(|(from, to)| meta.get(from..to)) {
                Some(block) => read_item(block, found),
                None => found.ahead = Some((from, to, Vec::new())),
            }
        }
    }
    Some(())
}

/// The items of type `Exif` (true) and `mime` (XMP and others; false).
fn metadata_items(iinf: &[u8]) -> Option<Vec<(u64, bool)>> {
    let mut reader = Reader(iinf);
    let version = reader.number(4)? >> 24;
    let count = reader.count(if version == 0 { 2 } else { 4 })?;
    let mut told = Vec::new();
    for _ in 0..count {
        let (name, body, _) = reader.inner(iinf)?;
        let mut entry = Reader(body);
        let version = entry.number(4)? >> 24;
        if &name != b"infe" || version < 2 {
            continue;
        }
        let item = entry.number(if version == 2 { 2 } else { 4 })?;
        entry.number(2)?;
        match entry.bytes(4)? {
            b"Exif" => told.push((item, true)),
            b"mime" | b"uri " => told.push((item, false)),
            _ => {}
        }
    }
    Some(told)
}

/// Item, how its place is meant (0 file, 1 `idat`), offset, length.
type Extent = (u64, u64, u64, u64);

fn extents(iloc: &[u8]) -> Option<Vec<Extent>> {
    let mut reader = Reader(iloc);
    let version = reader.number(4)? >> 24;
    let widths = reader.number(2)?;
    let width = |shift: u64| usize::try_from((widths >> shift) & 15).ok();
    let (offset, length, base, index) = (width(12)?, width(8)?, width(4)?, width(0)?);
    let count = reader.count(if version < 2 { 2 } else { 4 })?;
    let mut extents = Vec::new();
    for _ in 0..count {
        let item = reader.number(if version < 2 { 2 } else { 4 })?;
        let inside = if version == 0 { 0 } else { reader.number(2)? & 15 };
        reader.number(2)?;
        let base = reader.number(base)?;
        for _ in 0..reader.count(2)? {
            if version > 0 {
                reader.number(index)?;
            }
            let at = base.checked_add(reader.number(offset)?)?;
            extents.push((item, inside, at, reader.number(length)?));
        }
    }
    Some(extents)
}

/// An Exif item begins with how far on its block is.
pub(super) fn read_item(item: &[u8], found: &mut Found) {
    let mut reader = Reader(item);
    let block = reader.count(4).and_then(|skip| reader.0.get(skip..));
    if let Some(block) = block {
        found.read_exif(block.strip_prefix(b"Exif\0\0").unwrap_or(block));
    }
}
