//! Letters: which glyph, how wide, where a line breaks.

use std::io::Read as _;
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider as _};

use crate::printed::bidi::{self, Letter};
use crate::printed::block::PrintError;

/// Liberation Sans 2.1.5, SIL Open Font License 1.1: see `data/LICENCES.md`.
static REGULAR: &[u8] = include_bytes!("../../../../data/fonts/LiberationSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../../../data/fonts/LiberationSans-Bold.ttf");

/// Fonts for letters that Liberation Sans does not have, in the order in which they are tried, compressed with gzip:
/// Arabic, Armenian, Georgian and signs; Chinese, Japanese and Korean; emoji.
static MORE: [&[u8]; 3] = [
    include_bytes!("../../../../data/fonts/DejaVuSans.ttf.gz"),
    include_bytes!("../../../../data/fonts/DroidSansFallback.ttf.gz"),
    include_bytes!("../../../../data/fonts/NotoEmoji.ttf.gz"),
];

/// Those fonts as they are read, each once it is needed.
static UNPACKED: [OnceLock<Vec<u8>>; 3] = [OnceLock::new(), OnceLock::new(), OnceLock::new()];

/// A typeface.
pub struct Face {
    /// As the PDF embeds it.
    pub font: Font,
    letters: FontRef<'static>,
    units: f32,
}

/// The faces of a paper.
pub struct Faces {
    regular: Face,
    bold: Face,
    more: [OnceLock<Option<Face>>; 3],
}

/// Glyphs of one face that stand side by side.
pub struct Run<'a> {
    /// The face.
    pub face: &'a Face,
    /// The glyphs from left to right. Their ranges are of the whole line.
    pub glyphs: Vec<KrillaGlyph>,
    /// How wide they are, in parts of the size.
    pub width: f32,
}

impl Face {
    fn read(bytes: &'static [u8]) -> Result<Self, PrintError> {
        let fault = || PrintError("a font inside the program cannot be read".to_owned());
        let font = Font::new(bytes.into(), 0).ok_or_else(fault)?;
        let letters = FontRef::new(bytes).map_err(|_unreadable| fault())?;
        let units = font.units_per_em();
        Ok(Self { font, letters, units })
    }

    /// One of the fonts for more letters; `None` when it cannot be read, which a test rules out.
    fn unpack(which: usize) -> Option<Self> {
        let unpacked = UNPACKED.get(which)?.get_or_init(|| {
            let mut bytes = Vec::new();
            let read = MORE.get(which).map(|packed| GzDecoder::new(*packed).read_to_end(&mut bytes));
            if matches!(read, Some(Ok(_))) { bytes } else { Vec::new() }
        });
        Self::read(unpacked).ok()
    }

    fn metrics(&self) -> GlyphMetrics<'static> {
        GlyphMetrics::new(&self.letters, Size::unscaled(), LocationRef::default())
    }

    fn has(&self, letter: char) -> bool {
        self.letters.charmap().map(letter).is_some_and(|glyph| glyph.to_u32() != 0)
    }
}

impl Faces {
    /// Reads the fonts inside the program.
    pub fn load() -> Result<Self, PrintError> {
        Ok(Self { regular: Face::read(REGULAR)?, bold: Face::read(BOLD)?, more: [const { OnceLock::new() }; 3] })
    }

    /// The first face that has a letter. Most letters are in the one for text or headings.
    fn face_with(&self, letter: char, bold: bool) -> Option<&Face> {
        let own = if bold { &self.bold } else { &self.regular };
        if own.has(letter) {
            return Some(own);
        }
        let more = self.more.iter().enumerate();
        let mut more = more.filter_map(|(which, face)| face.get_or_init(|| Face::unpack(which)).as_ref());
        more.find(|face| face.has(letter))
    }

    /// What can be printed of a text: control characters become spaces, characters that are not drawn are left out,
    /// and letters that no font has become a question mark.
    pub fn printable(&self, text: &str, bold: bool) -> String {
        let known = |letter: char| match letter {
            '\n' | ZERO_WIDTH_NON_JOINER => Some(letter),
            _ if letter.is_control() => Some(' '),
            _ if bidi::is_invisible(letter) => None,
            _ if self.face_with(letter, bold).is_none() => Some('?'),
            _ => Some(letter),
        };
        text.chars().filter_map(known).collect()
    }

    /// The glyphs of a line that [`printable`](Self::printable) gave, from left to right.
    pub fn runs(&self, text: &str, bold: bool) -> Vec<Run<'_>> {
        let mut runs: Vec<Run<'_>> = Vec::new();
        for Letter { drawn, range, is_mark } in bidi::visual(text) {
            // A form of a letter that no font has is drawn as the letter itself.
            let written = text[range.clone()].chars().next().unwrap_or(drawn);
            let found = self.face_with(drawn, bold).map(|face| (face, drawn));
            let found = found.or_else(|| self.face_with(written, bold).map(|face| (face, written)));
            let Some((face, letter)) = found else { continue };
            let glyph = face.letters.charmap().map(letter).unwrap_or_default();
            let advance =
                if is_mark { 0.0 } else { face.metrics().advance_width(glyph).unwrap_or_default() / face.units };
            let glyph = KrillaGlyph::new(GlyphId::new(glyph.to_u32()), advance, 0.0, 0.0, 0.0, range, None);
            match runs.last_mut().filter(|run| std::ptr::eq(run.face, face)) {
                Some(run) => {
                    run.glyphs.push(glyph);
                    run.width += advance;
                }
                None => runs.push(Run { face, glyphs: vec![glyph], width: advance }),
            }
        }
        runs
    }

    /// How wide a text is, in points, at a size in points.
    pub fn width(&self, text: &str, bold: bool, size: f32) -> f32 {
        self.runs(text, bold).iter().map(|run| run.width).sum::<f32>() * size
    }

    /// Breaks a text into lines no wider than `width` points: at spaces, and within a word that is wider
    /// than a whole line.
    pub fn lines(&self, text: &str, bold: bool, size: f32, width: f32) -> Vec<String> {
        let text = self.printable(text, bold);
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let mut line = String::new();
            // Not at a space that was put there to hold a figure and its unit together.
            for word in paragraph.split([' ', '\t']).filter(|word| !word.is_empty()) {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(&longer, bold, size) <= width {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                for letter in word.chars() {
                    line.push(letter);
                    if self.width(&line, bold, size) > width && line.chars().count() > 1 {
                        line.pop();
                        lines.push(std::mem::replace(&mut line, letter.to_string()));
                    }
                }
            }
            lines.push(line);
        }
        lines
    }
}

/// Parts Arabic letters that would be joined.
const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_lose_nothing() {
        let faces = Faces::load().unwrap();
        let text = "L'été où l'eau a coulé, le plafond s'est taché ; 1\u{a0}234,56\u{a0}€ de dégâts. ".repeat(20)
            + &"anticonstitutionnellement".repeat(12)
            + "\nŒuvre";
        let lines = faces.lines(&text, false, 10.0, 200.0);
        assert!(lines.iter().all(|line| faces.width(line, false, 10.0) <= 200.0));
        let plain = |text: &str| text.chars().filter(|letter| !matches!(letter, ' ' | '\n')).collect::<String>();
        assert_eq!(plain(&lines.concat()), plain(&text));
        assert!(lines.len() > 20 && lines.last().unwrap() == "Œuvre");
        assert!(lines.iter().any(|line| line.contains("1\u{a0}234,56\u{a0}€")));
        assert_eq!(faces.lines("a\u{7}b \u{e123}", false, 10.0, 200.0), ["a b ?"]);
    }

    #[test]
    fn names_of_many_scripts_and_emoji_are_printed_with_a_font_that_has_them() {
        let faces = Faces::load().unwrap();
        for name in [
            "محمد بن عبد الله",
            "شهلا پورگل ژاله چمن",
            "משה כהן",
            "山田太郎 さくら ヤマダ",
            "王小明 龍",
            "김민수",
            "Αλέξανδρος Ивана Ђорђе",
            "Արամ გიორგი",
            "Nguyễn Thị Ánh",
            "😀🚲🔑🔥🏠👍",
        ] {
            for bold in [false, true] {
                assert_eq!(faces.printable(name, bold), name);
                let glyphs: usize = faces.runs(name, bold).iter().map(|run| run.glyphs.len()).sum();
                let expected = bidi::visual(name).len();
                assert_eq!(glyphs, expected, "{name}");
                assert!(
                    faces.runs(name, bold).iter().flat_map(|run| &run.glyphs).all(|glyph| glyph.glyph_id.to_u32() != 0)
                );
            }
        }
        // What is not drawn is left out: a joined family, a skin colour, a direction.
        assert_eq!(faces.printable("👨\u{200d}👩 👍\u{1f3fd} ❤\u{fe0f} a\u{202e}b", false), "👨👩 👍 ❤ ab");
    }
}
