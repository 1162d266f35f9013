//! Where each line of a paper stands: pages, columns, breaks.

use crate::printed::block::Block;
use crate::printed::face::Faces;

/// A4, in points.
pub const WIDTH: f32 = 595.28;
/// A4, in points.
pub const HEIGHT: f32 = 841.89;
/// White on every side, in points: 2 cm.
pub const MARGIN: f32 = 56.7;
/// What the page number takes at the foot.
const FOOT: f32 = 24.0;
/// From one line to the next, as a part of the size.
const LEADING: f32 = 1.35;
const TEXT: f32 = 9.5;
/// How wide the names of fields are.
const NAMES: f32 = 150.0;
const GAP: f32 = 8.0;

/// A line of text, or a rule across the page.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// Text; `y` is its baseline from the top.
    Text {
        /// From the left, in points.
        x: f32,
        /// From the top, in points.
        y: f32,
        /// In points.
        size: f32,
        /// In the bold face.
        bold: bool,
        /// What it says.
        text: String,
    },
    /// A thin rule from margin to margin.
    Rule {
        /// From the top, in points.
        y: f32,
    },
}

/// A text that stands at one place of a row.
struct Cell {
    x: f32,
    bold: bool,
    lines: Vec<String>,
}

/// Pages under way.
pub struct Layout<'a> {
    faces: &'a Faces,
    pages: Vec<Vec<Mark>>,
    y: f32,
}

impl<'a> Layout<'a> {
    /// Lays blocks out over as many pages as they need.
    pub fn of(faces: &'a Faces, blocks: &[Block]) -> Vec<Vec<Mark>> {
        let mut layout = Self { faces, pages: vec![Vec::new()], y: MARGIN };
        for block in blocks {
            layout.block(block);
        }
        layout.pages
    }

    fn break_page(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN;
    }

    /// Begins a new page unless so much is left of this one.
    fn need(&mut self, height: f32) {
        if self.y + height > HEIGHT - MARGIN - FOOT {
            self.break_page();
        }
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Cells side by side, line by line: a row may go on over the page.
    fn row(&mut self, cells: &[Cell], size: f32) {
        let most = cells.iter().map(|cell| cell.lines.len()).max().unwrap_or_default();
        for index in 0..most {
            self.need(size * LEADING);
            self.y += size * LEADING;
            for cell in cells {
                let Some(text) = cell.lines.get(index).filter(|text| !text.is_empty()) else { continue };
                let y = self.y - size * 0.3;
                self.mark(Mark::Text { x: cell.x, y, size, bold: cell.bold, text: text.clone() });
            }
        }
    }

    fn text(&mut self, text: &str, size: f32, bold: bool) {
        let lines = self.faces.lines(text, bold, size, WIDTH - 2.0 * MARGIN);
        self.row(&[Cell { x: MARGIN, bold, lines }], size);
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Title(text) => {
                self.text(text, 17.0, true);
                self.y += 6.0;
            }
            Block::Heading(text) => {
                // Not alone at the foot of a page.
                self.need(60.0);
                self.y += 14.0;
                self.text(text, 11.5, true);
                self.y += 3.0;
                let y = self.y;
                self.mark(Mark::Rule { y });
                self.y += 3.0;
            }
            Block::Paragraph(text) => {
                self.text(text, TEXT, false);
                self.y += 4.0;
            }
            Block::Fields(fields) => {
                for (name, value) in fields {
                    let room = WIDTH - 2.0 * MARGIN - NAMES - GAP;
                    let cells = [
                        Cell { x: MARGIN, bold: true, lines: self.faces.lines(name, true, TEXT, NAMES) },
                        Cell {
                            x: MARGIN + NAMES + GAP,
                            bold: false,
                            lines: self.faces.lines(value, false, TEXT, room),
                        },
                    ];
                    self.row(&cells, TEXT);
                    self.y += 1.5;
                }
            }
            Block::Table { columns, rows } => self.table(columns, rows),
        }
    }

    fn table(&mut self, columns: &[(String, f32)], rows: &[Vec<String>]) {
        let all: f32 = columns.iter().map(|(_, share)| share).sum();
        let room = WIDTH - 2.0 * MARGIN;
        let head: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        let cells = |layout: &Self, texts: &[String], bold: bool| {
            let mut x = MARGIN;
            let mut cells = Vec::new();
            for ((_, share), text) in columns.iter().zip(texts) {
                let width = room * share / all;
                let lines = layout.faces.lines(text, bold, TEXT, width - GAP);
                cells.push(Cell { x, bold, lines });
                x += width;
            }
            cells
        };
        let header = cells(self, &head, true);
        self.need(TEXT * LEADING * 3.0);
        self.row(&header, TEXT);
        for row in rows {
            let row = cells(self, row, false);
            let height = row.iter().map(|cell| cell.lines.len()).max().unwrap_or_default();
            let pages = self.pages.len();
            // A row that fits on a page is not torn.
            #[expect(clippy::cast_precision_loss, reason = "a row has few lines")]
            self.need((height as f32 * TEXT * LEADING).min(HEIGHT / 2.0));
            if self.pages.len() > pages {
                self.row(&header, TEXT);
            }
            self.row(&row, TEXT);
            self.y += 2.0;
        }
    }
}
