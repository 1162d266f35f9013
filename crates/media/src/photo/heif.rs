//! HEIC and HEIF (ISO/IEC 23008-12 over 14496-12): boxes. Items are found by their place in the file, so nothing may
//! move: what is not kept is overwritten with zeros where it lies, and boxes that are not needed become `free`.
//!
//! Kept are the primary picture, the tiles that it is made of, its transparency, and the properties that they are
//! drawn with. Everything else in the file is overwritten: metadata, thumbnails, other pictures, names, films, free
//! space, and whatever lies between the items.

use super::{Format, Found, MAX_BLOCK_BYTES, Next};
use constat_domain::claim::PhotoEdit;

#[derive(Default)]
pub(super) struct Heif {
    state: State,
    /// Where the bodies of media data boxes are.
    media: Vec<(u64, u64)>,
    /// The stretches of the file that hold kept items, once the box that tells them was read.
    kept: Option<Vec<(u64, u64)>>,
    /// Where the next box begins.
    next: u64,
    /// Where the last box that is not kept begins.
    dropped: Option<u64>,
}

#[derive(Default)]
enum State {
    #[default]
    Header,
    LongHeader {
        from: u64,
        name: [u8; 4],
    },
    Brands,
    Meta,
}

/// Longest list of brands that is read.
const MAX_BRANDS: u64 = 1024;

/// Brands that are kept: those of the formats that are taken in, and of what they build on.
const BRANDS: [&[u8; 4]; 17] = [
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1", b"miaf", b"MiHB", b"MiHE",
    b"MiPr", b"iso8", b"isom", b"jpeg", b"unif",
];

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
                self.within(name, from, 16, size.min(u64::MAX >> 1), found)
            }
            State::Brands => {
                brands(bytes, at, found);
                Next::take(8)
            }
            State::Meta => {
                self.kept = kept_stretches(bytes, at, found);
                if self.kept.is_some() {
                    return Next::take(8);
                }
                // Without understanding it, nothing is known of what follows.
                found.ends_at = Some(at.saturating_sub(8));
                Next::Cut
            }
        }
    }

    fn end(&mut self, size: u64, found: &mut Found) {
        // A box that is longer than the file, or the beginning of one, at the end.
        let torn = self.dropped.filter(|_| self.next > size);
        let rest = Some(self.next).filter(|next| *next < size && size - *next < 8);
        if let Some(end) = torn.or(rest) {
            found.ends_at = Some(found.ends_at.map_or(end, |before| before.min(end)));
        }
        let mut kept = self.kept.take().unwrap_or_default();
        kept.sort_unstable();
        for (from, to) in std::mem::take(&mut self.media) {
            let to = to.min(size);
            for (from, to) in gaps(&kept, from, to) {
                found.edit(PhotoEdit { from, to, with: Vec::new(), zeros: to - from });
            }
        }
    }
}

/// What lies between `from` and `to` outside of the kept stretches, which are in order.
fn gaps(kept: &[(u64, u64)], from: u64, to: u64) -> Vec<(u64, u64)> {
    let mut gaps = Vec::new();
    let mut at = from;
    for (start, end) in kept {
        let (start, end) = ((*start).clamp(from, to), (*end).clamp(from, to));
        if start > at {
            gaps.push((at, start));
        }
        at = at.max(end);
    }
    if at < to {
        gaps.push((at, to));
    }
    gaps
}

impl Heif {
    fn within(&mut self, name: [u8; 4], from: u64, header: u64, size: u64, found: &mut Found) -> Next {
        let Some(body) = size.checked_sub(header) else {
            found.ends_at = Some(from);
            return Next::Cut;
        };
        let start = from + header;
        self.next = start.saturating_add(body);
        self.dropped = None;
        match (&name, usize::try_from(body)) {
            (b"ftyp", Ok(length)) if from == 0 && (1..=MAX_BRANDS).contains(&body) => {
                self.state = State::Brands;
                Next::take(length)
            }
            (b"meta", Ok(length @ 1..=MAX_BLOCK_BYTES)) if self.kept.is_none() => {
                self.state = State::Meta;
                Next::take(length)
            }
            (b"mdat", _) => {
                self.media.push((start, self.next));
                Next::Take { skip: body, bytes: 8 }
            }
            _ => {
                self.dropped = Some(from);
                if &name != b"free" {
                    found.edit(PhotoEdit { from: from + 4, to: from + 8, with: b"free".to_vec(), zeros: 0 });
                }
                if body > 0 {
                    found.edit(PhotoEdit { from: start, to: self.next, with: Vec::new(), zeros: body });
                }
                Next::Take { skip: body, bytes: 8 }
            }
        }
    }
}

/// Replaces brands that are not known, and the version of the brand.
fn brands(body: &[u8], at: u64, found: &mut Found) {
    for (place, brand) in body.chunks(4).enumerate() {
        let from = at + 4 * place as u64;
        let is_known = BRANDS.iter().any(|known| known.as_slice() == brand);
        let with: &[u8] = if place == 1 || brand.len() < 4 { &[0; 4][..brand.len()] } else { b"mif1" };
        if brand != with && (place == 1 || !is_known) {
            found.edit(PhotoEdit { from, to: from + brand.len() as u64, with: with.to_vec(), zeros: 0 });
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
}

/// A box within another.
#[derive(Clone, Copy)]
struct Inner<'a> {
    name: [u8; 4],
    body: &'a [u8],
    /// Where its body begins in the file.
    at: u64,
}

impl<'a> Inner<'a> {
    /// The boxes of a body that begins at `at` in the file. `None` when they make no sense.
    fn all(body: &'a [u8], at: u64) -> Option<Vec<Self>> {
        let mut reader = Reader(body);
        let mut found = Vec::new();
        while !reader.0.is_empty() {
            let size = reader.count(4)?;
            let name = reader.bytes(4)?.try_into().ok()?;
            let start = at + (body.len() - reader.0.len()) as u64;
            found.push(Self { name, body: reader.bytes(size.checked_sub(8)?)?, at: start });
        }
        Some(found)
    }

    /// Overwrites a part of the body with zeros, unless it is zero already.
    fn blank(&self, from: usize, to: usize, found: &mut Found) {
        let part = self.body.get(from..to.min(self.body.len())).unwrap_or_default();
        if part.iter().any(|byte| *byte != 0) {
            let start = self.at + from as u64;
            let length = part.len() as u64;
            found.edit(PhotoEdit { from: start, to: start + length, with: Vec::new(), zeros: length });
        }
    }

    /// Overwrites what follows the first bytes.
    fn blank_after(&self, length: usize, found: &mut Found) {
        self.blank(length, self.body.len(), found);
    }

    fn rename(&self, name: [u8; 4], found: &mut Found) {
        if self.name != name {
            let with = name.to_vec();
            found.edit(PhotoEdit { from: self.at - 4, to: self.at, with, zeros: 0 });
        }
    }

    /// Makes free space of the box.
    fn free(&self, found: &mut Found) {
        self.rename(*b"free", found);
        self.blank_after(0, found);
    }
}

/// An item of the file, as it is announced.
struct Item {
    id: u64,
    kind: [u8; 4],
    /// Where its flags end in the file, and their last byte.
    flags: (u64, u8),
}

/// A reference of one item to others.
struct Reference<'a> {
    inner: Inner<'a>,
    from: u64,
    to: Vec<u64>,
}

/// The types of item that a picture is drawn from.
const PICTURES: [&[u8; 4]; 6] = [b"hvc1", b"hev1", b"av01", b"grid", b"iden", b"iovl"];

/// Reads the box that describes the items, overwrites in it what is not kept, and gives the stretches of the file
/// that hold kept items. `None` when it makes no sense.
fn kept_stretches(meta: &[u8], at: u64, found: &mut Found) -> Option<Vec<(u64, u64)>> {
    // Version and flags come first.
    let boxes = Inner::all(meta.get(4..)?, at + 4)?;
    let find = |name: &[u8; 4]| boxes.iter().find(|inner| &inner.name == name).copied();
    let items = find(b"iinf").map_or(Some(Vec::new()), |iinf| announced(iinf, found))?;
    let references = find(b"iref").map_or(Some(Vec::new()), references)?;
    let transparent = find(b"iprp").map_or(Some(Vec::new()), |iprp| properties(iprp, found))?;
    let primary = find(b"pitm").and_then(primary);
    let kept = kept_items(primary, &items, &references, &transparent);
    for reference in &references {
        let is_kept = matches!(&reference.inner.name, b"dimg" | b"auxl") && kept.contains(&reference.from);
        if !is_kept {
            reference.inner.rename(*b"skip", found);
        }
    }
    for item in items.iter().filter(|item| !kept.contains(&item.id) && item.flags.1 & 1 == 0) {
        // Hidden: no reader is to show it.
        let (end, flags) = item.flags;
        found.edit(PhotoEdit { from: end - 1, to: end, with: vec![flags | 1], zeros: 0 });
    }
    let mut seen = Vec::new();
    for inner in &boxes {
        match &inner.name {
            _ if seen.contains(&inner.name) => inner.free(found),
            // Version, a zero, the handler's type, three zeros, a name.
            b"hdlr" => {
                inner.blank(0, 8, found);
                inner.blank_after(12, found);
            }
            b"pitm" | b"iinf" | b"iloc" | b"iref" | b"iprp" | b"idat" => {}
            _ => inner.free(found),
        }
        seen.push(inner.name);
    }
    let idat = find(b"idat");
    let extents = find(b"iloc").map_or(Some(Vec::new()), |iloc| extents(iloc.body))?;
    let (mut stretches, mut inside) = (Vec::new(), Vec::new());
    for Extent { item, method, offset, length } in extents {
        let from = match method {
            0 => offset,
            1 => idat?.at.checked_add(offset)?,
            _ => return None,
        };
        let to = from.checked_add(length)?;
        if kept.contains(&item) {
            // A length of zero would be the whole file.
            if length == 0 {
                return None;
            }
            if method == 0 { stretches.push((from, to)) } else { inside.push((from, to)) }
        }
        let is_exif = items.iter().any(|known| known.id == item && &known.kind == b"Exif");
        if is_exif && found.ahead.is_none() && length <= MAX_BLOCK_BYTES as u64 {
            let place = |at_file: u64| usize::try_from(at_file.checked_sub(at)?).ok();
            match place(from).zip(place(to)).and_then(|(from, to)| meta.get(from..to)) {
                Some(block) => read_item(block, found),
                None => found.ahead = Some((from, to, Vec::new())),
            }
        }
    }
    if let Some(idat) = idat {
        inside.sort_unstable();
        for (from, to) in gaps(&inside, idat.at, idat.at + idat.body.len() as u64) {
            let place = |at: u64| usize::try_from(at - idat.at).unwrap_or(usize::MAX);
            idat.blank(place(from), place(to), found);
        }
    }
    Some(stretches)
}

/// The primary picture, what it is made of, and its transparency.
fn kept_items(primary: Option<u64>, items: &[Item], references: &[Reference<'_>], transparent: &[u64]) -> Vec<u64> {
    let is_picture = |id: &u64| items.iter().any(|item| item.id == *id && PICTURES.contains(&&item.kind));
    let mut kept: Vec<u64> = primary.into_iter().filter(is_picture).collect();
    let mut place = 0;
    while let Some(id) = kept.get(place).copied() {
        place += 1;
        let parts = references.iter().filter(|reference| &reference.inner.name == b"dimg" && reference.from == id);
        let parts = parts.flat_map(|reference| reference.to.iter().copied());
        let planes =
            references.iter().filter(|reference| &reference.inner.name == b"auxl" && reference.to.contains(&id));
        let planes = planes.map(|reference| reference.from).filter(|plane| transparent.contains(plane));
        for found in parts.chain(planes).filter(is_picture).collect::<Vec<_>>() {
            if !kept.contains(&found) {
                kept.push(found);
            }
        }
    }
    kept
}

fn primary(pitm: Inner<'_>) -> Option<u64> {
    let mut reader = Reader(pitm.body);
    let version = reader.number(4)? >> 24;
    reader.number(if version == 0 { 2 } else { 4 })
}

/// The items, whose names are overwritten.
fn announced(iinf: Inner<'_>, found: &mut Found) -> Option<Vec<Item>> {
    let mut reader = Reader(iinf.body);
    let version = reader.number(4)? >> 24;
    reader.count(if version == 0 { 2 } else { 4 })?;
    let start = iinf.body.len() - reader.0.len();
    let mut items = Vec::new();
    for inner in Inner::all(reader.0, iinf.at + start as u64)? {
        if &inner.name != b"infe" {
            inner.free(found);
            continue;
        }
        let mut entry = Reader(inner.body);
        let head = entry.number(4)?;
        let flags = (inner.at + 4, u8::try_from(head & 0xFF).ok()?);
        let version = head >> 24;
        let id = entry.number(if version < 3 { 2 } else { 4 })?;
        let _protection = entry.number(2)?;
        let kind = if version < 2 { [0; 4] } else { entry.bytes(4)?.try_into().ok()? };
        inner.blank_after(inner.body.len() - entry.0.len(), found);
        items.push(Item { id, kind, flags });
    }
    Some(items)
}

fn references(iref: Inner<'_>) -> Option<Vec<Reference<'_>>> {
    let version = Reader(iref.body).number(4)? >> 24;
    let width = if version == 0 { 2 } else { 4 };
    let mut references = Vec::new();
    for inner in Inner::all(iref.body.get(4..)?, iref.at + 4)? {
        let mut reader = Reader(inner.body);
        let from = reader.number(width)?;
        let count = reader.count(2)?;
        let to: Option<Vec<u64>> = (0..count).map(|_| reader.number(width)).collect();
        references.push(Reference { inner, from, to: to? });
    }
    Some(references)
}

/// Overwrites properties that no picture is drawn with, and gives the items that are planes of transparency.
fn properties(iprp: Inner<'_>, found: &mut Found) -> Option<Vec<u64>> {
    let mut planes = Vec::new();
    let mut transparent = Vec::new();
    for inner in Inner::all(iprp.body, iprp.at)? {
        match &inner.name {
            b"ipco" => {
                for (place, property) in Inner::all(inner.body, inner.at)?.into_iter().enumerate() {
                    if clean_property(property, found)? {
                        planes.push(place + 1);
                    }
                }
            }
            b"ipma" => {
                for (item, property) in associations(inner.body)? {
                    if planes.contains(&property) {
                        transparent.push(item);
                    }
                }
            }
            _ => inner.free(found),
        }
    }
    Some(transparent)
}

/// Overwrites what a property holds beside what a picture is drawn with. Says whether it marks a plane of
/// transparency.
fn clean_property(property: Inner<'_>, found: &mut Found) -> Option<bool> {
    match &property.name {
        b"ispe" | b"rloc" => property.blank_after(12, found),
        b"irot" | b"imir" => property.blank_after(1, found),
        b"clap" => property.blank_after(32, found),
        b"pasp" => property.blank_after(8, found),
        b"lsel" => property.blank_after(2, found),
        b"clli" => property.blank_after(4, found),
        b"mdcv" => property.blank_after(24, found),
        b"pixi" => {
            let channels = property.body.get(4).copied().unwrap_or_default();
            property.blank_after(5 + usize::from(channels), found);
        }
        b"colr" => {
            if property.body.starts_with(b"nclx") {
                property.blank_after(11, found);
            }
        }
        b"hvcC" => clean_decoder_settings(property, found)?,
        b"av1C" => {}
        b"auxC" => {
            let kind = property.body.get(4..)?.split(|byte| *byte == 0).next()?;
            property.blank_after(5 + kind.len(), found);
            let alpha: [&[u8]; 2] = [b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"];
            if alpha.contains(&kind) {
                return Some(true);
            }
            property.blank(4, property.body.len(), found);
        }
        _ => property.free(found),
    }
    Some(false)
}

/// Overwrites what HEVC's decoder settings (ISO/IEC 14496-15) hold beside parameter sets, such as messages.
fn clean_decoder_settings(property: Inner<'_>, found: &mut Found) -> Option<()> {
    const PARAMETER_SETS: std::ops::RangeInclusive<u64> = 32..=34;
    let mut reader = Reader(property.body);
    reader.bytes(22)?;
    for _ in 0..reader.count(1)? {
        let kind = reader.number(1)? & 0x3F;
        for _ in 0..reader.count(2)? {
            let length = reader.count(2)?;
            let start = property.body.len() - reader.0.len();
            reader.bytes(length)?;
            if !PARAMETER_SETS.contains(&kind) {
                property.blank(start, start + length, found);
            }
        }
    }
    property.blank_after(property.body.len() - reader.0.len(), found);
    Some(())
}

/// Which item has which property, counted from one.
fn associations(ipma: &[u8]) -> Option<Vec<(u64, usize)>> {
    let mut reader = Reader(ipma);
    let head = reader.number(4)?;
    let (wide_items, wide_places) = (head >> 24 > 0, head & 1 == 1);
    let mut found = Vec::new();
    for _ in 0..reader.count(4)? {
        let item = reader.number(if wide_items { 4 } else { 2 })?;
        for _ in 0..reader.count(1)? {
            let place = if wide_places { reader.count(2)? & 0x7FFF } else { reader.count(1)? & 0x7F };
            found.push((item, place));
        }
    }
    Some(found)
}

/// Where a part of an item is.
struct Extent {
    item: u64,
    /// How its place is meant: 0 in the file, 1 in `idat`.
    method: u64,
    offset: u64,
    length: u64,
}

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
        let method = if version == 0 { 0 } else { reader.number(2)? & 15 };
        reader.number(2)?;
        let base = reader.number(base)?;
        for _ in 0..reader.count(2)? {
            if version > 0 {
                reader.number(index)?;
            }
            let offset = base.checked_add(reader.number(offset)?)?;
            extents.push(Extent { item, method, offset, length: reader.number(length)? });
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
