//! What a photo's file tells beside the picture: read, and taken out of what others get.
//!
//! A [`PhotoScan`] walks through the file as it comes in, piece by piece, and holds no more of it
//! than one block of metadata. It tells when and where the photo was taken, and the [`PhotoEdit`]s
//! that turn the original into a copy which tells neither: nothing is encoded anew, and no second
//! copy need be kept. The copy of a photo is built from an allow-list of what a picture is drawn from; anything
//! else is left out, known or not: comments, maker's notes, thumbnails, films behind the picture.

mod exif;
mod heif;
mod jpeg;
mod pdf;
mod png;
mod webp;

use constat_domain::claim::{Photo, PhotoEdit};

/// Longest block of metadata that is held: 1 MiB.
const MAX_BLOCK_BYTES: usize = 1024 * 1024;

/// Most edits: a file cut into more stretches is no camera's.
const MAX_EDITS: usize = 1024;

/// What a format does with the bytes it asked for.
trait Format: Send {
    /// Looks at exactly as many bytes as were asked for; `at` is where they begin.
    fn step(&mut self, bytes: &[u8], at: u64, found: &mut Found) -> Next;
    /// Sees every piece of the file as it comes; `start` is where it begins.
    fn look(&mut self, _piece: &[u8], _start: u64, _found: &mut Found) {}
    /// The file is over, after `size` bytes.
    fn end(&mut self, _size: u64, _found: &mut Found) {}
}

/// What a format wants next.
enum Next {
    /// This many bytes, held together, after skipping others.
    Take { skip: u64, bytes: usize },
    /// Bytes one by one up to a marker of JPEG; then the marker's two.
    Scan,
    /// Nothing more: what follows is no part of the picture.
    Cut,
}

impl Next {
    const fn take(bytes: usize) -> Self {
        Self::Take { skip: 0, bytes }
    }
}

/// A TIFF block of Exif that tells which way up the picture is, and nothing else.
fn upright_block(way: u16) -> Vec<u8> {
    let mut block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    block.extend_from_slice(&way.to_be_bytes());
    block.extend_from_slice(&[0; 6]);
    block
}

/// What was found so far.
#[derive(Default)]
struct Found {
    facts: exif::Facts,
    edits: Vec<PhotoEdit>,
    /// A stretch further on that holds an Exif block: where, and what came of it.
    ahead: Option<(u64, u64, Vec<u8>)>,
    /// Where the picture ends: what follows is cut.
    ends_at: Option<u64>,
    too_many: bool,
}

impl Found {
    fn edit(&mut self, edit: PhotoEdit) {
        if self.edits.len() < MAX_EDITS {
            self.edits.push(edit);
        } else {
            self.too_many = true;
        }
    }

    fn cut(&mut self, from: u64, to: u64) {
        // Neighbours become one.
        if let Some(last) = self.edits.last_mut().filter(|last| last.to == from) {
            last.to = to;
            return;
        }
        self.edit(PhotoEdit { from, to, with: Vec::new(), zeros: 0 });
    }

    fn read_exif(&mut self, block: &[u8]) {
        let facts = exif::read(block);
        self.facts.taken_at = self.facts.taken_at.or(facts.taken_at);
        self.facts.position = self.facts.position.or(facts.position);
        self.facts.orientation = self.facts.orientation.or(facts.orientation);
    }
}

/// A walk through a photo's file.
pub struct PhotoScan {
    format: Box<dyn Format>,
    next: Next,
    held: Vec<u8>,
    /// How many bytes came.
    seen: u64,
    /// Whether the last byte of a scan was 0xFF.
    after_ff: bool,
    /// From where on everything is left out.
    cut_from: Option<u64>,
    found: Found,
}

impl PhotoScan {
    /// Begins a walk. `None` for what is neither a photo nor a PDF, which may hold photos.
    pub fn of(media_type: &str) -> Option<Self> {
        let (format, first): (Box<dyn Format>, usize) = match media_type {
            "image/jpeg" => (Box::new(jpeg::Jpeg::default()), 2),
            "image/png" => (Box::new(png::Png::default()), 8),
            "image/webp" => (Box::new(webp::WebP::default()), 12),
            "image/heic" | "image/heif" => (Box::new(heif::Heif::default()), 8),
            "application/pdf" => (Box::new(pdf::Pdf::default()), 1),
            _ => return None,
        };
        Some(Self {
            format,
            next: Next::take(first),
            held: Vec::new(),
            seen: 0,
            after_ff: false,
            cut_from: None,
            found: Found::default(),
        })
    }

    /// The next bytes of the file.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        let (piece, start) = (bytes, self.seen);
        while !bytes.is_empty() && self.cut_from.is_none() {
            match &mut self.next {
                Next::Cut => self.cut_from = Some(self.seen),
                Next::Scan => bytes = self.scan(bytes),
                Next::Take { skip, .. } if *skip > 0 => {
                    let passed = usize::try_from(*skip).unwrap_or(usize::MAX).min(bytes.len());
                    *skip -= passed as u64;
                    self.seen += passed as u64;
                    bytes = &bytes[passed..];
                }
                Next::Take { bytes: wanted, .. } => {
                    let (now, later) = bytes.split_at(bytes.len().min(*wanted - self.held.len()));
                    self.held.extend_from_slice(now);
                    self.seen += now.len() as u64;
                    bytes = later;
                    if self.held.len() == *wanted {
                        self.step();
                    }
                }
            }
        }
        self.seen += bytes.len() as u64;
        self.keep_what_lies_ahead(piece, start);
        self.format.look(piece, start, &mut self.found);
    }

    /// Keeps of a piece of the file what belongs to the block that is waited for.
    fn keep_what_lies_ahead(&mut self, piece: &[u8], start: u64) {
        let Some((from, to, held)) = &mut self.found.ahead else { return };
        let wanted = *from + held.len() as u64;
        if wanted < start {
            // The offset points backwards.
            return;
        }
        let place = |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(piece.len());
        held.extend_from_slice(piece.get(place(wanted)..place(*to)).unwrap_or_default());
    }

    fn step(&mut self) {
        let held = std::mem::take(&mut self.held);
        let at = self.seen - held.len() as u64;
        self.next = self.format.step(&held, at, &mut self.found);
        // A format never asks for nothing, or for more than may be held.
        if matches!(self.next, Next::Take { bytes, .. } if bytes == 0 || bytes > MAX_BLOCK_BYTES) {
            self.next = Next::Cut;
        }
        if matches!(self.next, Next::Cut) {
            self.cut_from = Some(self.seen);
        }
    }

    /// The compressed picture of a JPEG, up to the next marker.
    fn scan<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        for (place, byte) in bytes.iter().enumerate() {
            let is_marker = self.after_ff && !matches!(byte, 0x00 | 0xD0..=0xD7 | 0xFF);
            self.after_ff = *byte == 0xFF;
            if is_marker {
                self.after_ff = false;
                self.held = vec![0xFF, *byte];
                self.seen += place as u64 + 1;
                self.step();
                return &bytes[place + 1..];
            }
        }
        self.seen += bytes.len() as u64;
        &[]
    }

    /// What the file told. A file that breaks off or makes no sense is cut where it stops making
    /// sense.
    pub fn finish(mut self) -> Photo {
        let size = self.seen;
        self.format.end(size, &mut self.found);
        if let Some((_, _, block)) = self.found.ahead.take() {
            heif::read_item(&block, &mut self.found);
        }
        let mut edits = self.found.edits;
        edits.sort_by_key(|edit| edit.from);
        let cut_from = [self.cut_from, self.found.ends_at].into_iter().flatten().min();
        let cut_from = if self.found.too_many { Some(0) } else { cut_from };
        if let Some(from) = cut_from.filter(|from| *from < size) {
            edits.retain(|edit| edit.from < from);
            edits.push(PhotoEdit { from, to: size, with: Vec::new(), zeros: 0 });
        }
        let mut last = 0;
        edits.retain_mut(|edit| {
            // What lies in a stretch that is edited already, or beyond the end, needs no edit.
            edit.to = edit.to.min(size);
            // A box may say that it is longer than the file: no more is blanked than there is.
            edit.zeros = edit.zeros.min(edit.to.saturating_sub(edit.from));
            let sound = edit.from >= last && edit.from < edit.to;
            last = if sound { edit.to } else { last };
            sound
        });
        let exif::Facts { taken_at, position, .. } = self.found.facts;
        Photo { taken_at, position, edits, rules: Photo::RULES }
    }
}

/// A stretch of the copy that others get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stretch {
    /// These bytes of the original.
    Original(std::ops::Range<u64>),
    /// These, in place of others.
    Bytes(Vec<u8>),
    /// This many zeros, in place of others.
    Zeros(u64),
}

impl Stretch {
    const fn len(&self) -> u64 {
        match self {
            Self::Original(range) => range.end - range.start,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Zeros(count) => *count,
        }
    }

    /// Without the first bytes, and no longer than that.
    fn part(self, skip: u64, most: u64) -> Self {
        match self {
            Self::Original(range) => {
                let start = range.start + skip;
                Self::Original(start..range.end.min(start.saturating_add(most)))
            }
            Self::Bytes(bytes) => {
                let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                Self::Bytes(bytes[place(skip)..place(skip.saturating_add(most))].to_vec())
            }
            Self::Zeros(count) => Self::Zeros((count - skip).min(most)),
        }
    }
}

/// How long the copy is that others get of an original of `size` bytes.
pub fn clean_size(photo: &Photo, size: u64) -> u64 {
    let change = |edit: &PhotoEdit| (edit.to - edit.from, edit.with.len() as u64 + edit.zeros);
    photo.edits.iter().map(change).fold(size, |size, (less, more)| size.saturating_sub(less) + more)
}

/// The copy, or a range of it, as stretches of the original and what replaces others.
pub fn clean_copy(photo: &Photo, size: u64, wanted: std::ops::Range<u64>) -> Vec<Stretch> {
    let mut whole = Vec::new();
    let mut at = 0;
    for edit in &photo.edits {
        whole.push(Stretch::Original(at..edit.from));
        whole.push(Stretch::Bytes(edit.with.clone()));
        whole.push(Stretch::Zeros(edit.zeros));
        at = edit.to;
    }
    whole.push(Stretch::Original(at..size));
    let mut passed = 0;
    let mut parts = Vec::new();
    for stretch in whole {
        let (start, end) = (passed, passed + stretch.len());
        passed = end;
        let (from, to) = (start.max(wanted.start), end.min(wanted.end));
        if from < to {
            parts.push(stretch.part(from - start, to - from));
        }
    }
    parts
}

#[cfg(test)]
mod tests;
