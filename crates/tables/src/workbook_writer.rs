//! Writes a table as a workbook (.xlsx) with one sheet, row by row in bounded memory.
//!
//! Texts are cells of type text in columns formatted as text, so that a spreadsheet keeps their zeros and
//! signs and runs no formula in them. Numbers and dates are numbers and dates. Source of the format:
//! ECMA-376, part 1, 18 (`SpreadsheetML`).

use std::fmt::Write as _;
use std::io::{Error, Write};

use jiff::civil;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use crate::cells::{Cell, for_workbook};
use crate::column::Column;

/// Most rows of a sheet, with the header, in Excel.
const MAX_ROWS: u32 = 1_048_576;
/// Longest text of a cell in Excel, in UTF-16 units.
const MAX_TEXT_UNITS: usize = 32_767;

const CONTENT_TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"#;

const PACKAGE_RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;

const WORKBOOK_RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;

/// Cell formats: 0 general, 1 text (`@`), 2 date.
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"#;

/// A workbook on its way to a file.
pub struct WorkbookWriter<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    rows: u32,
}

impl<W: Write> WorkbookWriter<W> {
    /// Begins a workbook whose sheet has this name and a header of these columns.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn start(file: W, sheet: &str, columns: &[Column]) -> Result<Self, Error> {
        let mut zip = ZipWriter::new_stream(file);
        let workbook = format!(
            r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="{}" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
            escaped(sheet)
        );
        for (path, content) in [
            ("[Content_Types].xml", CONTENT_TYPES),
            ("_rels/.rels", PACKAGE_RELATIONS),
            ("xl/workbook.xml", &workbook),
            ("xl/_rels/workbook.xml.rels", WORKBOOK_RELATIONS),
            ("xl/styles.xml", STYLES),
        ] {
            zip.start_file(path, options())?;
            zip.write_all(content.as_bytes())?;
        }
        // Sheets may be larger than 4 GiB.
        zip.start_file("xl/worksheets/sheet1.xml", options().large_file(true))?;
        let mut start = String::from(
            r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>"#,
        );
        for (number, column) in (1..).zip(columns) {
            let style = style_of(column.cell);
            let number: u32 = number;
            let _infallible =
                write!(start, r#"<col min="{number}" max="{number}" width="20" customWidth="1" style="{style}"/>"#);
        }
        start.push_str("</cols><sheetData>");
        zip.write_all(start.as_bytes())?;
        let mut writer = Self { zip, rows: 0 };
        let names = columns.iter().map(|column| (Cell::Text, column.name));
        writer.write_row(names)?;
        Ok(writer)
    }

    /// Writes a row; its cells are in the order of the columns.
    ///
    /// # Errors
    /// The file cannot be written, or a sheet cannot have that many rows or a text of that length.
    pub fn row(&mut self, columns: &[Column], cells: &[String]) -> Result<(), Error> {
        self.write_row(columns.iter().map(|column| column.cell).zip(cells.iter().map(String::as_str)))
    }

    fn write_row<'a>(&mut self, cells: impl Iterator<Item = (Cell, &'a str)>) -> Result<(), Error> {
        self.rows += 1;
        if self.rows > MAX_ROWS {
            return Err(Error::other(format!("a sheet has {MAX_ROWS} rows at most; use --format csv")));
        }
        let mut row = format!(r#"<row r="{}">"#, self.rows);
        for (column, (cell, text)) in cells.enumerate() {
            if !text.is_empty() {
                write_cell(&mut row, &format!("{}{}", column_name(column), self.rows), cell, text)?;
            }
        }
        row.push_str("</row>");
        self.zip.write_all(row.as_bytes())
    }

    /// Ends the workbook and gives the file back.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> Result<W, Error> {
        self.zip.write_all(b"</sheetData></worksheet>")?;
        Ok(self.zip.finish()?.into_inner())
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).unix_permissions(0o600)
}

const fn style_of(cell: Cell) -> u8 {
    match cell {
        Cell::Number | Cell::Degrees | Cell::Bool => 0,
        Cell::Date => 2,
        _ => 1,
    }
}

fn write_cell(row: &mut String, place: &str, cell: Cell, text: &str) -> Result<(), Error> {
    let number = match cell {
        Cell::Number | Cell::Degrees => text.parse::<f64>().ok().filter(|number| number.is_finite()),
        Cell::Date => serial_number(text),
        _ => None,
    };
    let style = style_of(cell);
    if let Some(number) = number {
        let _infallible = write!(row, r#"<c r="{place}" s="{style}"><v>{number}</v></c>"#);
        return Ok(());
    }
    let text = for_workbook(cell, text);
    if text.encode_utf16().count() > MAX_TEXT_UNITS {
        let message = format!("cell {place} is longer than {MAX_TEXT_UNITS} characters; use --format csv");
        return Err(Error::other(message));
    }
    let text = escaped(&text);
    let _infallible =
        write!(row, r#"<c r="{place}" s="1" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>"#);
    Ok(())
}

/// The days of a date since 1899-12-30, as a spreadsheet counts from March 1900 on.
fn serial_number(text: &str) -> Option<f64> {
    let date: civil::Date = text.parse().ok()?;
    let days = civil::date(1899, 12, 30).until(date).ok()?.get_days();
    (61..=2_958_465).contains(&days).then(|| f64::from(days))
}

/// `A` to `Z`, then `AA`.
fn column_name(mut column: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(u8::try_from(column % 26).unwrap_or_default() + b'A');
        if column < 26 {
            break;
        }
        column = column / 26 - 1;
    }
    letters.iter().rev().map(|letter| char::from(*letter)).collect()
}

/// Text of an XML element. What XML has no sign for is written `_x0007_`, as spreadsheets do.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '_' if signs.peek() == Some(&'x') => escaped.push_str("_x005F_"),
            '\t' | '\n' => escaped.push(sign),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                let _infallible = write!(escaped, "_x{:04X}_", u32::from(sign));
            }
            _ => escaped.push(sign),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::cells::{for_excel, guarded};
    use crate::lines::{Format, Lines, column};
    use crate::report::Report;

    const COLUMNS: &[Column] = &[
        column("id", "id", Cell::Id),
        column("note", "note", Cell::Text),
        column("phone", "phone", Cell::Phone),
        column("zip", "zip", Cell::Postcode),
        column("insurer", "insurer", Cell::Insurer),
        column("amount", "amount", Cell::Number),
        column("day", "day", Cell::Date),
        column("at", "at", Cell::Instant),
    ];

    fn workbook(rows: &[Vec<String>]) -> Vec<u8> {
        let mut writer = WorkbookWriter::start(Vec::new(), "constat", COLUMNS).unwrap();
        for row in rows {
            writer.row(COLUMNS, row).unwrap();
        }
        writer.finish().unwrap()
    }

    fn table(rows: &[Vec<String>], separator: u8, write: impl Fn(Cell, &str) -> String) -> Vec<u8> {
        let header: Vec<String> = COLUMNS.iter().map(|column| column.name.to_owned()).collect();
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut text = String::new();
        let cells =
            rows.iter().map(|row| row.iter().zip(COLUMNS).map(|(text, column)| write(column.cell, text)).collect());
        for row in std::iter::once(header).chain(cells) {
            let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
            text += &cells.join(&char::from(separator).to_string());
            text += "\r\n";
        }
        text.into_bytes()
    }

    /// What an import reads, as the texts of the columns, with the line of each row.
    fn read(lines: Lines<'_>) -> Vec<(u64, Vec<String>)> {
        let mut report = Report::default();
        let records = lines.read_all(COLUMNS, &mut report).unwrap();
        assert!(report.is_empty(), "{}", report.text(None));
        let text = |value: Option<&serde_json::Value>| match value {
            None => String::new(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let texts =
            |object: &serde_json::Map<_, _>| COLUMNS.iter().map(|column| text(object.get(column.path))).collect();
        records.iter().map(|record| (record.line, texts(&record.object))).collect()
    }

    fn read_workbook(bytes: Vec<u8>) -> Vec<(u64, Vec<String>)> {
        read(Lines::of_workbook(Cursor::new(bytes), None, 1 << 26))
    }

    /// Every way out, read back.
    fn all_ways(rows: &[Vec<String>]) -> [Vec<(u64, Vec<String>)>; 3] {
        let plain = table(rows, b',', |cell, text| guarded(cell, text).into_owned());
        let excel = table(rows, b';', |cell, text| for_excel(cell, text).into_owned());
        [
            read(Lines::new(plain.as_slice(), Format::Csv)),
            read(Lines::new(excel.as_slice(), Format::Csv)),
            read_workbook(workbook(rows)),
        ]
    }

    #[test]
    fn what_a_spreadsheet_would_change_is_read_back_identically_from_every_export() {
        for id in [
            "00123",
            "+33612345678",
            "1E5",
            "1E+05",
            "3,36E+10",
            "mars-24",
            "3-mars",
            "2024-01-01",
            "1/2",
            "12:30",
            "TRUE",
            "Vrai",
            "0612345678",
            "12345678901234567890",
            "=1+1",
            "'=1+1",
            "''=1",
            "'Jean",
            "=\"00123\"",
            "'=\"00123\"",
            "@SUM(A1)",
            "-5",
            "-2+3",
            "#N/A",
            "####",
            "a;=1+1",
            "a;'=1",
            "a,+1;-2\n=3",
            "x\";=1",
            "x; @y",
            "＝1+1",
            "_x0041_",
            "<&>\"",
            "1 234,5 €",
            "15 mai 2024",
        ] {
            let row = vec![
                id.to_owned(),
                id.to_owned(),
                "+33612345678".into(),
                "01000".into(),
                "02000402".into(),
                "80.5".into(),
                "2024-02-29".into(),
                "2024-02-29T10:00:00Z".into(),
            ];
            for found in all_ways(std::slice::from_ref(&row)) {
                assert_eq!(found, [(2, row.clone())], "{id}");
            }
        }
        let odd = ["x", "", "612345678", "1000", "2000402", "6", "2024-01-01", ""].map(str::to_owned).to_vec();
        let same = ["x", "", "33612345678", "'7501", "", "", "", ""].map(str::to_owned).to_vec();
        let rows = [odd, same];
        for found in all_ways(&rows) {
            assert_eq!(found.into_iter().map(|(_, row)| row).collect::<Vec<_>>(), rows);
        }
    }

    #[test]
    fn no_piece_of_an_exported_cell_is_a_formula_at_any_separator() {
        for text in [
            "=cmd|' /C calc'!A0",
            "vol;=HYPERLINK(\"x\")",
            "vol\t@SUM(1)",
            "a\n+1+2",
            "a\r-x",
            "a,=1+b",
            "a; =1+b",
            "a;\"=1+b",
            "x;＝1",
        ] {
            for written in [guarded(Cell::Text, text), for_excel(Cell::Text, text)] {
                for piece in written.split([';', ',', '\t', '\n', '\r']) {
                    let start = piece.trim_start_matches([' ', '"']);
                    assert!(!start.starts_with(['=', '+', '-', '@', '＝']), "{text:?} is written {written:?}");
                }
            }
        }
        assert_eq!(for_excel(Cell::Phone, "+33612345678"), "=\"+33612345678\"");
        assert_eq!(for_excel(Cell::Insurer, "02000402"), "=\"02000402\"");
        assert_eq!(for_excel(Cell::Number, "80.5"), "80,5");
        assert_eq!(guarded(Cell::Phone, "+33612345678"), "+33612345678", "a table for machines stays exact");
        assert_eq!(guarded(Cell::Text, "12 rue de la Paix, 75002"), "12 rue de la Paix, 75002");
    }

    proptest! {
        /// Any text comes back from every export, but for blanks at its ends.
        #[test]
        fn any_text_is_read_back(pieces in vec("[=+@'\";,\\n\t a-c0-2é_x.-]{0,4}|1E[+]05|mars-24|\\PC", 1..6)) {
            let text = pieces.concat().trim().to_owned();
            prop_assume!(!text.is_empty());
            let mut row = vec![text.clone(), text];
            row.resize(COLUMNS.len(), String::new());
            for found in all_ways(std::slice::from_ref(&row)) {
                prop_assert_eq!(&found, &[(2, row.clone())]);
            }
        }
    }

    #[test]
    fn columns_are_lettered_as_in_a_sheet() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(column_name), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn a_workbook_that_unpacks_to_too_much_or_is_none_is_refused() {
        let refused = |bytes: Vec<u8>, sheet: Option<&str>, most| {
            let mut report = Report::default();
            let lines = Lines::of_workbook(Cursor::new(bytes), sheet.map(str::to_owned), most);
            assert!(lines.read_all(COLUMNS, &mut report).unwrap().is_empty());
            report.text(None)
        };
        let sound = workbook(&[vec!["x".to_owned(); 2]]);
        assert!(refused(workbook(&[vec!["x".repeat(30_000)]]), None, 20_000).contains("when unpacked"));
        assert!(refused(sound.clone(), Some("Feuil2"), 1 << 20).contains("its sheets: constat"));
        assert!(refused(b"PK\x03\x04 and no more".to_vec(), None, 1 << 20).contains("not a workbook"));
        assert!(refused(vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1], None, 1 << 20).contains("password"));
        assert!(refused(Vec::new(), None, 1 << 20).contains("not a workbook"));
        // A count of shared texts for which no memory would do.
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("xl/sharedStrings.xml", options()).unwrap();
        zip.write_all(b"<?xml version='1.0'?><sst uniqueCount='99999999999999'></sst>").unwrap();
        assert!(refused(zip.finish().unwrap().into_inner(), None, 1 << 20).contains("not a workbook"));
    }
}
