//! Letters: which glyph, how wide, where a line breaks.

use std::ops::Range;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider as _};

use crate::PrintError;

/// Liberation Sans 2.1.5, SIL Open Font License 1.1: see `data/LICENCES.md`.
static REGULAR: &[u8] = include_bytes!("../../../data/fonts/LiberationSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../../data/fonts/LiberationSans-Bold.ttf");

/// A typeface.
pub struct Face {
    /// As the PDF embeds it.
    pub font: Font,
    letters: FontRef<'static>,
    units: f32,
}

/// The two faces of a paper.
pub struct Faces {
    /// For text.
    pub regular: Face,
    /// For headings.
    pub bold: Face,
}

impl Faces {
    /// Reads the fonts inside the program.
    pub fn load() -> Result<Self, PrintError> {
        Ok(Self { regular: Face::read(REGULAR)?, bold: Face::read(BOLD)? })
    }
}

impl Face {
    fn read(bytes: &'static [u8]) -> Result<Self, PrintError> {
        let fault = || PrintError("a font inside the program cannot be read".to_owned());
        let font = Font::new(bytes.into(), 0).ok_or_else(fault)?;
        let letters = FontRef::new(bytes).map_err(|_unreadable| fault())?;
        let units = font.units_per_em();
        Ok(Self { font, letters, units })
    }

    fn metrics(&self) -> GlyphMetrics<'static> {
        GlyphMetrics::new(&self.letters, Size::unscaled(), LocationRef::default())
    }

    /// What can be printed of a text: control characters become spaces, letters that the font does not
    /// have a question mark.
    pub fn printable(&self, text: &str) -> String {
        let letters = self.letters.charmap();
        let known = |letter: char| match letter {
            '\n' => '\n',
            _ if letter.is_control() => ' ',
            _ if letters.map(letter).is_none_or(|glyph| glyph.to_u32() == 0) => '?',
            _ => letter,
        };
        text.chars().map(known).collect()
    }

    /// The glyphs of a text that [`printable`](Self::printable) gave.
    pub fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let (letters, metrics) = (self.letters.charmap(), self.metrics());
        let glyph = |(start, letter): (usize, char)| {
            let glyph = letters.map(letter).unwrap_or_default();
            let advance = metrics.advance_width(glyph).unwrap_or_default() / self.units;
            let range: Range<usize> = start..start + letter.len_utf8();
            KrillaGlyph::new(GlyphId::new(glyph.to_u32()), advance, 0.0, 0.0, 0.0, range, None)
        };
        text.char_indices().map(glyph).collect()
    }

    /// How wide a text is, in points, at a size in points.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        self.glyphs(text).iter().map(|glyph| glyph.x_advance).sum::<f32>() * size
    }

    /// Breaks a text into lines no wider than `width` points: at spaces, and within a word that is wider
    /// than a whole line.
    pub fn lines(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let text = self.printable(text);
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let mut line = String::new();
            // Not at a space that was put there to hold a figure and its unit together.
            for word in paragraph.split([' ', '\t']).filter(|word| !word.is_empty()) {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(&longer, size) <= width {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                for letter in word.chars() {
                    line.push(letter);
                    if self.width(&line, size) > width && line.chars().count() > 1 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_lose_nothing() {
        let Faces { regular, .. } = Faces::load().unwrap();
        let text = "L'été où l'eau a coulé, le plafond s'est taché ; 1\u{a0}234,56\u{a0}€ de dégâts. ".repeat(20)
            + &"anticonstitutionnellement".repeat(12)
            + "\nŒuvre";
        let lines = regular.lines(&text, 10.0, 200.0);
        assert!(lines.iter().all(|line| regular.width(line, 10.0) <= 200.0));
        let plain = |text: &str| text.chars().filter(|letter| !matches!(letter, ' ' | '\n')).collect::<String>();
        assert_eq!(plain(&lines.concat()), plain(&text));
        assert!(lines.len() > 20 && lines.last().unwrap() == "Œuvre");
        assert!(lines.iter().any(|line| line.contains("1\u{a0}234,56\u{a0}€")));
        assert_eq!(regular.lines("a\u{7}b 😀", 10.0, 200.0), ["a b ?"]);
    }
}
