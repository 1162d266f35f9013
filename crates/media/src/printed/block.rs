//! The blocks that a paper is made of.

/// A piece of a paper, from top to bottom.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// What the paper is.
    Title(String),
    /// What follows.
    Heading(String),
    /// A text; its line breaks are kept.
    Paragraph(String),
    /// Names and values.
    Fields(Vec<(String, String)>),
    /// A table: its columns with their share of the width, and its rows.
    Table {
        /// Name and share of each column.
        columns: Vec<(String, f32)>,
        /// A text for each column.
        rows: Vec<Vec<String>>,
    },
}

/// The PDF could not be made. Holds nothing of what it should say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintError(pub(crate) String);

impl std::fmt::Display for PrintError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PrintError {}
