//! A paper, and how it becomes a PDF.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use krilla::color::rgb;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

use crate::printed::block::{Block, PrintError};
use crate::printed::face::Faces;
use crate::printed::layout::{HEIGHT, Layout, MARGIN, Mark, WIDTH};

/// A paper in French.
#[derive(Debug, Clone, PartialEq)]
pub struct Paper {
    /// The document's title.
    pub title: String,
    /// What stands at the foot of each page, before its number.
    pub foot: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// What it says.
    pub blocks: Vec<Block>,
}

impl Paper {
    /// The paper as a PDF (PDF/A-2b).
    pub fn to_pdf(&self) -> Result<Vec<u8>, PrintError> {
        let fault = |what: &str| PrintError(format!("the PDF cannot be made: {what}"));
        let faces = Faces::load()?;
        let configuration = ConfigurationBuilder::new().with_archival_validator(Archival::A2_B).finish();
        let configuration = configuration.map_err(|_error| fault("configuration"))?;
        let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
        let pages = Layout::of(&faces, &self.blocks);
        let count = pages.len();
        for (index, marks) in pages.iter().enumerate() {
            let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(|| fault("page size"))?;
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            for mark in marks {
                draw(&mut surface, &faces, mark);
            }
            let number = format!("{} · page {} / {count}", self.foot, index + 1);
            let foot = Mark::Text {
                x: MARGIN,
                y: HEIGHT - MARGIN + 10.0,
                size: 7.5,
                bold: false,
                text: faces.printable(&number, false).replace('\n', " "),
            };
            draw(&mut surface, &faces, &foot);
            surface.finish();
            page.finish();
        }
        document.set_metadata(
            Metadata::new()
                .title(self.title.clone())
                .language("fr".to_owned())
                .creator("Constat".to_owned())
                .creation_date(date(self.made_at)),
        );
        // The library's own words may quote the text.
        document.finish().map_err(|_error| fault("it would not be PDF/A"))
    }
}

fn draw(surface: &mut Surface<'_>, faces: &Faces, mark: &Mark) {
    match mark {
        Mark::Text { x, y, size, bold, text } => {
            surface.set_stroke(None);
            surface.set_fill(Some(Fill { paint: rgb::Color::black().into(), ..Fill::default() }));
            let mut at = *x;
            for run in faces.runs(text, *bold) {
                surface.draw_glyphs(Point::from_xy(at, *y), &run.glyphs, run.face.font.clone(), text, *size, false);
                at += run.width * size;
            }
        }
        Mark::Rule { y } => {
            let mut path = PathBuilder::new();
            path.move_to(MARGIN, *y);
            path.line_to(WIDTH - MARGIN, *y);
            if let Some(path) = path.finish() {
                surface.set_fill(None);
                let grey = rgb::Color::new(150, 150, 150);
                surface.set_stroke(Some(Stroke { paint: grey.into(), width: 0.6, ..Stroke::default() }));
                surface.draw_path(&path);
            }
        }
    }
}

fn date(at: Timestamp) -> DateTime {
    let at = TimeZone::UTC.to_datetime(at);
    // jiff's own ranges: a month is 1 to 12.
    let small = |value: i8| u8::try_from(value).unwrap_or_default();
    DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(pdf: &[u8]) -> (usize, String) {
        let document = lopdf::Document::load_mem(pdf).unwrap();
        let pages: Vec<u32> = document.get_pages().keys().copied().collect();
        (pages.len(), document.extract_text(&pages).unwrap())
    }

    #[test]
    fn names_in_any_script_can_be_read_in_the_file() {
        let names = ["山田太郎", "김민수", "王小明", "Ђорђе", "😀🚲"];
        let arabic = "محمد بن عبد الله";
        let paper = Paper {
            title: "Dossier".to_owned(),
            foot: "Dossier".to_owned(),
            made_at: Timestamp::UNIX_EPOCH,
            blocks: vec![
                Block::Title(arabic.to_owned()),
                Block::Paragraph(names.join(" ")),
                Block::Fields(vec![("Nom".to_owned(), format!("{arabic} (Mohamed) 12"))]),
            ],
        };
        let pdf = paper.to_pdf().unwrap();
        assert!(pdf.len() < 200_000, "only the letters that are used are embedded: {} bytes", pdf.len());
        let (_, text) = text_of(&pdf);
        for name in names {
            assert!(text.contains(name), "{name}: {text}");
        }
        for letter in arabic.chars() {
            assert!(text.contains(letter), "{letter}: {text}");
        }
        assert!(!text.contains('?'), "{text}");
    }

    #[test]
    fn what_is_printed_can_be_read_again_however_long_it_is() {
        let long =
            (0..400).map(|number| format!("Le {number}e jour, l'eau a coulé jusqu'au café.")).collect::<Vec<_>>();
        let rows = (0..80).map(|number| vec![format!("ligne {number}"), "Œuvre à 1\u{a0}234,50\u{a0}€".to_owned()]);
        let paper = Paper {
            title: "Dossier de sinistre".to_owned(),
            foot: "Dossier".to_owned(),
            made_at: Timestamp::UNIX_EPOCH,
            blocks: vec![
                Block::Title("Dossier de sinistre".to_owned()),
                Block::Heading("Circonstances".to_owned()),
                Block::Paragraph(long.join(" ")),
                Block::Fields(vec![("Nom".to_owned(), "Jean Dupont 😀\u{0}\u{202e}".to_owned())]),
                Block::Table { columns: vec![("Un".to_owned(), 1.0), ("Deux".to_owned(), 2.0)], rows: rows.collect() },
            ],
        };
        let pdf = paper.to_pdf().unwrap();
        let (pages, text) = text_of(&pdf);
        assert!(pages >= 5, "{pages} pages");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for told in ["Dossier de sinistre", "Le 0e jour", "399e jour", "café", "Jean Dupont", "ligne 79", "Œuvre"] {
            assert!(words.contains(told), "{told}");
        }
        assert!(words.contains(&format!("page {pages} / {pages}")), "{}", &words[words.len() - 300..]);
        let raw = String::from_utf8_lossy(&pdf);
        assert!(raw.contains("pdfaid:part") && raw.contains("/Lang"), "PDF/A with its language set");
        assert!(!words.contains('?'), "every letter has a glyph");
        // The same paper is the same file, byte by byte.
        assert_eq!(paper.to_pdf().unwrap(), pdf);
    }
}
