//! The three things that are read of a photo's Exif block (CIPA DC-008): when, where, which way up.

use jiff::civil::DateTime;

use constat_domain::geo::Position;

/// What a block tells.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Facts {
    pub(super) taken_at: Option<DateTime>,
    pub(super) position: Option<Position>,
    /// 1 (upright) to 8.
    pub(super) orientation: Option<u16>,
}

const ORIENTATION: u16 = 0x0112;
const DATE_TIME: u16 = 0x0132;
const EXIF_IFD: u16 = 0x8769;
const GPS_IFD: u16 = 0x8825;
const DATE_TIME_ORIGINAL: u16 = 0x9003;
const LATITUDE_REF: u16 = 1;
const LATITUDE: u16 = 2;
const LONGITUDE_REF: u16 = 3;
const LONGITUDE: u16 = 4;

/// A TIFF structure. Its offsets are untrusted input, and every one is checked.
struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

struct Directory {
    at: usize,
    entries: usize,
}

/// Reads a block, without what its container puts before it. What is not there or makes no sense is
/// left out.
pub(super) fn read(bytes: &[u8]) -> Facts {
    let big_endian = match bytes.get(..2) {
        Some(b"MM") => true,
        Some(b"II") => false,
        _ => return Facts::default(),
    };
    let tiff = Tiff { bytes, big_endian };
    let Some(main) = tiff.u32(4).and_then(|at| tiff.directory(at)) else { return Facts::default() };
    let within = |tag| tiff.long(&main, tag).and_then(|at| tiff.directory(at));
    let original = within(EXIF_IFD).and_then(|exif| tiff.date(&exif, DATE_TIME_ORIGINAL));
    Facts {
        taken_at: original.or_else(|| tiff.date(&main, DATE_TIME)),
        position: within(GPS_IFD).and_then(|gps| tiff.position(&gps)),
        orientation: tiff.short(&main, ORIENTATION).filter(|way| (1..=8).contains(way)),
    }
}

impl Tiff<'_> {
    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn directory(&self, at: u32) -> Option<Directory> {
        let at = usize::try_from(at).ok()?;
        Some(Directory { at: at.checked_add(2)?, entries: usize::from(self.u16(at)?) })
    }

    /// Where the value field of a tag is, when it has this type.
    fn value(&self, directory: &Directory, tag: u16, kind: u16) -> Option<usize> {
        let places = (0..directory.entries).map_while(|entry| directory.at.checked_add(entry * 12));
        let found =
            places.into_iter().take_while(|at| self.u16(*at).is_some()).find(|at| self.u16(*at) == Some(tag))?;
        (self.u16(found + 2)? == kind).then_some(found + 8)
    }

    fn short(&self, directory: &Directory, tag: u16) -> Option<u16> {
        self.u16(self.value(directory, tag, 3)?)
    }

    fn long(&self, directory: &Directory, tag: u16) -> Option<u32> {
        self.u32(self.value(directory, tag, 4)?)
    }

    /// `2024:01:15 14:30:00`, as Exif writes an instant of unknown zone.
    fn date(&self, directory: &Directory, tag: u16) -> Option<DateTime> {
        let at = usize::try_from(self.long_of(directory, tag, 2)?).ok()?;
        let text = std::str::from_utf8(self.bytes.get(at..at.checked_add(19)?)?).ok()?;
        DateTime::strptime("%Y:%m:%d %H:%M:%S", text).ok()
    }

    fn long_of(&self, directory: &Directory, tag: u16, kind: u16) -> Option<u32> {
        self.u32(self.value(directory, tag, kind)?)
    }

    fn position(&self, gps: &Directory) -> Option<Position> {
        let side = |tag| self.bytes.get(self.value(gps, tag, 2)?).copied();
        let degrees = |tag| self.degrees(usize::try_from(self.long_of(gps, tag, 5)?).ok()?);
        let sign = |negative: bool| if negative { -1.0 } else { 1.0 };
        let lat = degrees(LATITUDE)? * sign(side(LATITUDE_REF)? == b'S');
        let lon = degrees(LONGITUDE)? * sign(side(LONGITUDE_REF)? == b'W');
        ((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon)).then_some(Position { lat, lon })
    }

    /// Degrees, minutes and seconds, each a fraction.
    fn degrees(&self, at: usize) -> Option<f64> {
        let fraction = |at: usize| {
            let (over, under) = (self.u32(at)?, self.u32(at.checked_add(4)?)?);
            (under != 0).then(|| f64::from(over) / f64::from(under))
        };
        Some(fraction(at)? + fraction(at.checked_add(8)?)? / 60.0 + fraction(at.checked_add(16)?)? / 3600.0)
    }
}
