//! Rows of a table: what a CSV file and a sheet of a workbook have in common, and the reader of CSV.

use std::io::{BufRead, ErrorKind};

/// Longest row of a table, in bytes: 1 MiB. A row has the flat fields only; one whose quotation mark is
/// never closed would go on to the end of the file.
pub(super) const MAX_ROW_BYTES: usize = 1024 * 1024;

/// A cell as the file has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RawCell {
    /// Nothing.
    Empty,
    /// Text. All cells of a CSV file are text.
    Text(String),
    /// A number of a workbook.
    Number(f64),
    /// A truth value of a workbook.
    Bool(bool),
    /// A date, a time or both, of a workbook: ISO 8601 without offset.
    Date(String),
    /// A formula of a workbook whose result was not saved.
    Formula,
    /// The error that a formula gave: `#N/A`.
    Error(String),
}

impl RawCell {
    /// Whether there is nothing but blanks.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::Number(_) | Self::Bool(_) | Self::Date(_) | Self::Formula | Self::Error(_) => false,
        }
    }
}

/// A row that has something in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// The line of the file on which it starts, as an editor counts; the row of a sheet. The first is 1.
    pub line: u64,
    /// Its cells.
    pub cells: Vec<RawCell>,
}

/// What is wrong with a row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowFault {
    /// Where it starts.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

/// The next row, or why there is none.
pub(super) type NextRow = Option<Result<Row, RowFault>>;

/// Reads the rows of a CSV file one by one. Lines end with LF, CR LF or CR, in any mixture.
pub(super) struct CsvRows<R> {
    reader: R,
    separator: u8,
    /// The line of the next byte.
    line: u64,
    /// The last byte was a CR: a LF that follows belongs to the same line end.
    is_after_cr: bool,
    is_ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the first byte of a cell.
    Start,
    Plain,
    Quoted,
    /// After a quotation mark inside a quoted cell: its end, or the first of two.
    QuoteInQuoted,
}

impl<R: BufRead> CsvRows<R> {
    /// Starts at the given line.
    pub(super) fn new(reader: R, separator: u8, line: u64) -> Self {
        Self { reader, separator, line, is_after_cr: false, is_ended: false }
    }

    /// The next row that is not blank.
    ///
    /// # Errors
    /// The file cannot be read on.
    pub(super) fn next_row(&mut self) -> std::io::Result<NextRow> {
        loop {
            let Some(row) = self.any_row()? else { return Ok(None) };
            if row.as_ref().map_or(true, |row| !row.cells.iter().all(RawCell::is_blank)) {
                return Ok(Some(row));
            }
        }
    }

    /// Ends the reading, since nothing tells where the next row starts.
    fn end(&mut self, line: u64, message: impl Into<String>) -> RowFault {
        self.is_ended = true;
        RowFault { line, message: message.into() }
    }

    fn any_row(&mut self) -> std::io::Result<NextRow> {
        if self.is_ended {
            return Ok(None);
        }
        let mut row = Building::default();
        loop {
            let held = match self.reader.fill_buf() {
                Ok(held) => held,
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    let line = row.starts_at.unwrap_or(self.line);
                    return Ok(Some(Err(self.end(line, format!("{error}; nothing after it was read")))));
                }
                Err(error) => return Err(error),
            };
            if held.is_empty() {
                self.is_ended = true;
                let Some(starts_at) = row.starts_at else { return Ok(None) };
                if row.state == State::Quoted {
                    return Ok(Some(Err(self.end(starts_at, "a quotation mark that opens is never closed"))));
                }
                return Ok(Some(row.finish(starts_at)));
            }
            let (mut line, mut is_after_cr) = (self.line, self.is_after_cr);
            let mut used = 0;
            let mut is_whole = false;
            for &byte in held {
                used += 1;
                let continues_end = byte == b'\n' && is_after_cr;
                is_after_cr = byte == b'\r';
                let is_end = matches!(byte, b'\r' | b'\n');
                if is_end && row.state != State::Quoted {
                    line += u64::from(!continues_end);
                    // The rest of the line end before, or a blank line.
                    if row.starts_at.is_none() {
                        continue;
                    }
                    is_whole = true;
                    break;
                }
                let starts_at = *row.starts_at.get_or_insert(line);
                line += u64::from(is_end && !continues_end);
                row.take(byte, self.separator);
                if row.bytes > MAX_ROW_BYTES {
                    self.reader.consume(used);
                    let most = MAX_ROW_BYTES / 1024 / 1024;
                    return Ok(Some(Err(self.end(starts_at, format!("the row is longer than {most} MiB: a quotation mark that opens is never closed, or too much is in one row; nothing after it was read")))));
                }
            }
            self.reader.consume(used);
            (self.line, self.is_after_cr) = (line, is_after_cr);
            if is_whole {
                let starts_at = row.starts_at.unwrap_or(self.line);
                return Ok(Some(row.finish(starts_at)));
            }
        }
    }
}

/// A row while it is read.
struct Building {
    starts_at: Option<u64>,
    state: State,
    cell: Vec<u8>,
    cells: Vec<Vec<u8>>,
    bytes: usize,
}

impl Default for Building {
    fn default() -> Self {
        Self { starts_at: None, state: State::Start, cell: Vec::new(), cells: Vec::new(), bytes: 0 }
    }
}

impl Building {
    fn take(&mut self, byte: u8, separator: u8) {
        self.bytes += 1;
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::QuoteInQuoted,
            (State::Quoted, _) => {
                self.cell.push(byte);
                State::Quoted
            }
            (_, byte) if byte == separator => {
                self.cells.push(std::mem::take(&mut self.cell));
                State::Start
            }
            (State::Start, b'"') => State::Quoted,
            (State::Start, b' ') if separator != b' ' => State::Start,
            (State::QuoteInQuoted, b'"') => {
                self.cell.push(b'"');
                State::Quoted
            }
            (State::Start | State::Plain | State::QuoteInQuoted, _) => {
                self.cell.push(byte);
                State::Plain
            }
        };
    }

    fn finish(mut self, line: u64) -> Result<Row, RowFault> {
        self.cells.push(self.cell);
        let cells: Result<Vec<RawCell>, _> =
            self.cells.into_iter().map(|cell| String::from_utf8(cell).map(RawCell::Text)).collect();
        let not_text =
            |_| RowFault { line, message: "is not UTF-8 text; save the file as \"CSV UTF-8\" or .xlsx".to_owned() };
        cells.map(|cells| Row { line, cells }).map_err(not_text)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// All rows, read with a buffer of that size.
    fn rows(text: &str, separator: u8, buffer: usize) -> Vec<Result<(u64, Vec<String>), u64>> {
        let mut rows = CsvRows::new(BufReader::with_capacity(buffer, text.as_bytes()), separator, 1);
        let mut all = Vec::new();
        while let Some(row) = rows.next_row().unwrap() {
            let texts = |row: Row| {
                let text = |cell| if let RawCell::Text(text) = cell { text } else { panic!("a CSV cell is text") };
                (row.line, row.cells.into_iter().map(text).collect())
            };
            all.push(row.map(texts).map_err(|fault| fault.line));
        }
        all
    }

    #[test]
    fn cells_are_read_with_quotes_separators_and_line_ends_in_them() {
        let expected = |cells: &[&str]| Ok((1, cells.iter().map(ToString::to_string).collect::<Vec<_>>()));
        for (text, cells) in [
            ("a;b", &["a", "b"][..]),
            ("a;\"b;c\"\r\n", &["a", "b;c"]),
            ("\"a\"\"b\";\"\"", &["a\"b", ""]),
            ("a\"b;c", &["a\"b", "c"]),
            ("\"a\r\nb\";c", &["a\r\nb", "c"]),
            (" \"a\";b ", &["a", "b "]),
            ("a;;", &["a", "", ""]),
        ] {
            for buffer in [1, 64] {
                assert_eq!(rows(text, b';', buffer), [expected(cells)], "{text:?}");
            }
        }
        assert_eq!(rows("\n \n;;\n\r\n", b';', 3), []);
        assert_eq!(rows("a\n\"b\nc", b';', 3), [expected(&["a"]), Err(2)]);
    }

    /// The line of a place in a text, as an editor counts: CR LF, LF and CR each end one line.
    fn editor_line(before: &str) -> u64 {
        1 + before.replace("\r\n", "\n").replace('\r', "\n").matches('\n').count() as u64
    }

    proptest! {
        /// For any mixture of line ends, blank lines and line ends inside quotes, the line that is
        /// reported is that on which the row starts in an editor.
        #[test]
        fn the_line_of_a_row_is_that_of_an_editor(
            lines in vec((select(vec!["", "", " ", ";", "x;y", "\"x\ny\";z", "\"x\r\ny\r\";z", "\"\r\n\r\r\n\n\";z", "é"]),
                          select(vec!["\n", "\r\n", "\r"])), 0..20),
            buffer in 1_usize..40,
        ) {
            let mut text = String::new();
            let mut expected = Vec::new();
            for (line, end) in lines {
                // A line that starts with LF after one that ends with CR would be one line end.
                if !line.is_empty() && line != " " && line != ";" {
                    expected.push(editor_line(&text));
                }
                text.push_str(line);
                text.push_str(end);
            }
            let found: Vec<u64> = rows(&text, b';', buffer).into_iter().map(|row| row.unwrap().0).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
