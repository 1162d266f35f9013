//! Cells of a table: how each kind is read, what a spreadsheet may have destroyed in it, and how text is
//! written so that a spreadsheet changes nothing and an import reads it back identically.

use std::borrow::Cow;

use constat_domain::codes::Codes;
use jiff::civil;
use serde_json::{Value, json};

use crate::table::RawCell;

/// How a cell becomes a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Free text.
    Text,
    /// A number, code or reference that someone else gave: text, in which every digit counts.
    Id,
    /// A phone number.
    Phone,
    /// A postcode.
    Postcode,
    /// An ACAM code: eight digits.
    Insurer,
    /// The code of a French département: `01`, `2A`, `974`.
    Department,
    /// A day, as `2026-12-24` or `24/12/2026`.
    Date,
    /// A day, a local time or an instant: `2026-12-24`, `24/12/2026 09:00`, `2026-12-24T09:00:00+01:00`.
    Time,
    /// An instant with its offset: `2026-12-24T09:00:00+01:00`.
    Instant,
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// A latitude or longitude in degrees.
    Degrees,
    /// Several texts, separated by `;` or `|`.
    List,
    /// Several values of one kind, separated by `;` or `|`.
    ListOf(&'static Cell),
}

/// What PostgreSQL stores in no text, so that no file may bring it.
pub(super) const NUL: &str = "must not contain the character U+0000";

const NO_DATE: &str = "expected a date such as 2026-12-24 or 24/12/2026 (day, month, year of four digits)";
const NO_TIME: &str = "expected a date (2026-12-24 or 24/12/2026), a local time (2026-12-24T09:00 or 24/12/2026 09:00) \
                       or an instant with its offset (2026-12-24T09:00:00+01:00)";
const NO_INSTANT: &str = "expected an instant with its offset, such as 2026-12-24T09:00:00+01:00; write it as text";
const AS_TEXT: &str = "format the column as text in the spreadsheet and enter the value again";

/// The value of a cell and whether it was marked as text that must not be interpreted.
pub(super) struct ReadCell {
    pub value: Value,
    pub is_exact: bool,
}

/// Reads a cell of a table; `None` when it is blank.
///
/// # Errors
/// What is wrong, what is accepted and what to do. The message repeats no personal data.
pub(super) fn read_cell(cell: Cell, raw: &RawCell) -> Result<Option<ReadCell>, String> {
    let text = match raw {
        RawCell::Empty => return Ok(None),
        RawCell::Text(text) => Cow::Borrowed(text.trim()),
        RawCell::Number(number) => match cell {
            Cell::Number | Cell::Degrees => return Ok(Some(plain(number_value(*number)))),
            _ => Cow::Owned(digits_of(*number)?),
        },
        RawCell::Bool(is_true) if cell == Cell::Bool => return Ok(Some(plain(json!(is_true)))),
        RawCell::Bool(is_true) => Cow::Borrowed(if *is_true { "true" } else { "false" }),
        RawCell::Date(date) => match cell {
            Cell::Text | Cell::Date | Cell::Time | Cell::Instant | Cell::List | Cell::ListOf(Cell::Date) => {
                Cow::Borrowed(date.as_str())
            }
            _ => return Err(format!("is a date in the spreadsheet; {AS_TEXT}")),
        },
        RawCell::Formula => {
            return Err("holds a formula without a value; open the file in a spreadsheet and save it".to_owned());
        }
        RawCell::Error(error) => {
            return Err(format!("shows the error {error} in the spreadsheet; correct the formula"));
        }
    };
    if text.is_empty() {
        return Ok(None);
    }
    if text.contains('\0') {
        return Err(NUL.to_owned());
    }
    let (text, is_exact) = unguarded(cell, &text);
    let value = if is_exact && is_text(cell) { json!(text) } else { settle(cell, &text)? };
    Ok(Some(ReadCell { value, is_exact }))
}

const fn plain(value: Value) -> ReadCell {
    ReadCell { value, is_exact: false }
}

const fn is_text(cell: Cell) -> bool {
    matches!(
        cell,
        Cell::Text | Cell::Id | Cell::Phone | Cell::Postcode | Cell::Insurer | Cell::Department | Cell::Instant
    )
}

/// The digits of a number that stands where a text is expected.
pub(super) fn digits_of(number: f64) -> Result<String, String> {
    // A spreadsheet stores 15 digits.
    if number.abs() >= 1e15 {
        return Err(format!("has more than 15 digits, of which a spreadsheet changes the last ones; {AS_TEXT}"));
    }
    Ok(number.to_string())
}

/// A whole number without a decimal part: `6.0` is 6.
pub(super) fn number_value(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53, checked beside")]
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}

/// The value that a text stands for.
///
/// # Errors
/// As [`read_cell`].
pub(super) fn settle(cell: Cell, text: &str) -> Result<Value, String> {
    match cell {
        Cell::Text => Ok(json!(text)),
        Cell::Id => refuse_damaged(text).map(|()| json!(text)),
        Cell::Phone => read_phone(text).map(Value::from),
        Cell::Postcode => refuse_damaged(text).map(|()| json!(without_zero_decimals(without_apostrophe(text)))),
        Cell::Insurer => refuse_damaged(text).map(|()| json!(read_insurer(text))),
        Cell::Department => refuse_damaged(text).map(|()| json!(read_department(text))),
        // A spreadsheet may add midnight to a day.
        Cell::Date => ["T00:00:00", " 00:00:00", " 00:00"]
            .iter()
            .find_map(|midnight| text.strip_suffix(midnight))
            .map_or_else(|| read_date(text), read_date)
            .map(|date| json!(date)),
        Cell::Time => read_time(text).map(Value::from),
        Cell::Instant if text.parse::<jiff::Timestamp>().is_ok() => Ok(json!(text)),
        Cell::Instant => Err(serial_number(text).unwrap_or_else(|| NO_INSTANT.to_owned())),
        Cell::Bool => read_bool(text),
        Cell::Number => read_number(text, false).map(number_value),
        Cell::Degrees => read_number(text, true).map(number_value),
        Cell::List => settle(Cell::ListOf(&Cell::Text), text),
        Cell::ListOf(item) => {
            let items = text.split([';', '|']).map(str::trim).filter(|part| !part.is_empty());
            items.map(|part| settle(*item, part)).collect()
        }
    }
}

fn read_bool(text: &str) -> Result<Value, String> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "vrai" | "oui" | "o" | "1" | "1.0" | "1,0" => Ok(json!(true)),
        "false" | "no" | "n" | "faux" | "non" | "0" | "0.0" | "0,0" => Ok(json!(false)),
        _ => Err("expected true or false (also yes/no, VRAI/FAUX, OUI/NON, 1/0)".to_owned()),
    }
}

/// Reads a number with a decimal point or comma; blanks may group the thousands.
fn read_number(text: &str, is_degrees: bool) -> Result<f64, String> {
    const EXPECTED: &str = "expected a number such as 1234.5 or 1 234,5";
    let text = text.trim_end_matches('€').trim_end();
    if let Some(number) = exponent_of(text) {
        return match number {
            Exponent::Typed => text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or(EXPECTED.to_owned()),
            Exponent::Displayed => Err(format!("is rounded: a spreadsheet shows only its first digits; {AS_TEXT}")),
        };
    }
    let (sign, digits) = match text.strip_prefix(['-', '−']) {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let is_known = |sign: char| sign.is_ascii_digit() || sign.is_whitespace() || matches!(sign, '.' | ',');
    if !digits.chars().all(is_known) || !digits.chars().any(|sign| sign.is_ascii_digit()) {
        return Err(EXPECTED.to_owned());
    }
    let (points, commas) = (digits.matches('.').count(), digits.matches(',').count());
    let decimal = match (points, commas) {
        (0, 0) => None,
        (1, 0) => digits.find('.'),
        (0, 1) => digits.find(','),
        // The last one is the decimal sign when it is there once: 1.234,5 or 1,234.5.
        (1.., 1) if digits.rfind('.') < digits.find(',') => digits.find(','),
        (1, 1..) if digits.rfind(',') < digits.find('.') => digits.find('.'),
        _ => return Err(EXPECTED.to_owned()),
    };
    let (whole, fraction) = digits.split_at(decimal.unwrap_or(digits.len()));
    let fraction = fraction.get(1..).unwrap_or_default();
    let groups: Vec<&str> = whole.split(|sign: char| !sign.is_ascii_digit()).collect();
    let is_grouped = groups.iter().skip(1).all(|group| group.len() == 3) && groups.first().is_some_and(|g| g.len() < 4);
    if (groups.len() > 1 && !is_grouped) || fraction.chars().any(|sign| !sign.is_ascii_digit()) {
        return Err(EXPECTED.to_owned());
    }
    // 1,234 is 1.234 in French and 1234 in English, 1.234 the other way round. Degrees have decimals.
    if !is_degrees && commas + points == 1 && is_ambiguous(whole, fraction) {
        let message = "is ambiguous: write 1234 for thousands; write decimals with another number of digits (1.2340)";
        return Err(message.to_owned());
    }
    let plain = format!("{}.{}", groups.concat(), if fraction.is_empty() { "0" } else { fraction });
    plain.parse::<f64>().map(|number| sign * number).map_err(|_not_a_number| EXPECTED.to_owned())
}

/// Whether a whole part and three decimals may also be a number of thousands.
fn is_ambiguous(whole: &str, fraction: &str) -> bool {
    (1..=3).contains(&whole.len()) && fraction.len() == 3 && whole != "0"
}

/// A day: ISO, or as French people write it.
fn read_date(text: &str) -> Result<civil::Date, String> {
    if let Ok(date) = civil::Date::strptime("%Y-%m-%d", text) {
        return Ok(date);
    }
    if let Some(message) = serial_number(text) {
        return Err(message);
    }
    let parts: Vec<&str> = text.split(['/', '.', '-']).collect();
    let [day, month, year] = parts.as_slice() else { return Err(NO_DATE.to_owned()) };
    let are_digits = |part: &str, least: usize, most: usize| {
        (least..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !are_digits(day, 1, 2) || !are_digits(month, 1, 2) || !are_digits(year, 4, 4) {
        return Err(NO_DATE.to_owned());
    }
    let (Ok(day), Ok(month), Ok(year)) = (day.parse(), month.parse(), year.parse()) else {
        return Err(NO_DATE.to_owned());
    };
    civil::Date::new(year, month, day).map_err(|_no_such_day| format!("{NO_DATE}; there is no such day"))
}

/// A time with the end of a day, `24:00`, written as the start of the next one. Other texts stay.
///
/// ```
/// # use constat_tables::cells::next_midnight;
/// assert_eq!(next_midnight("2026-12-31T24:00"), "2027-01-01T00:00");
/// assert_eq!(next_midnight("2026-12-31T24:00:00+01:00"), "2027-01-01T00:00:00+01:00");
/// assert_eq!(next_midnight("2026-12-31T24:30"), "2026-12-31T24:30");
/// ```
pub fn next_midnight(text: &str) -> Cow<'_, str> {
    let changed = || {
        let (date, time) = text.split_once(['T', 't', ' '])?;
        let time = time.trim_start();
        let written = ["24:00", "24h00", "24H00"].into_iter().find_map(|end| time.strip_prefix(end));
        let rest = written.or_else(|| matches!(time, "24h" | "24H").then_some(""))?;
        let rest =
            rest.strip_prefix(":00").map_or(rest, |after| after.trim_start_matches(['.', ',']).trim_start_matches('0'));
        let is_zone = rest.is_empty() || rest.starts_with(['Z', 'z', '+', '-']);
        let next = read_date(date).ok()?.tomorrow().ok()?;
        let seconds = if time.starts_with("24:00:00") { ":00" } else { "" };
        is_zone.then(|| format!("{next}T00:00{seconds}{rest}"))
    };
    changed().map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A day, a local time or an instant, in ISO 8601.
fn read_time(text: &str) -> Result<String, String> {
    let text = &*next_midnight(text);
    if text.parse::<jiff::Timestamp>().is_ok() {
        return Ok(text.to_owned());
    }
    if let Ok(date) = read_date(text) {
        return Ok(date.to_string());
    }
    let fails = || serial_number(text).unwrap_or_else(|| NO_TIME.to_owned());
    let (date, time) = text.split_once(['T', ' ']).ok_or_else(fails)?;
    let date = read_date(date).map_err(|_not_a_date| NO_TIME.to_owned())?;
    let time = time.trim().replace(['h', 'H'], ":");
    let mut parts = time.split(':');
    let (hour, minute, second) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let two = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let minute = minute.filter(|minute| !minute.is_empty()).unwrap_or("00");
    let is_sound = two(hour) && two(minute) && second.is_none_or(|second| second.len() == 2) && parts.next().is_none();
    if !is_sound || !text.contains([':', 'h', 'H']) {
        return Err(NO_TIME.to_owned());
    }
    let seconds = second.filter(|second| *second != "00").map_or(String::new(), |second| format!(":{second}"));
    let written = format!("{date}T{hour:0>2}:{minute:0>2}{seconds}");
    let is_time = written.parse::<civil::DateTime>().is_ok();
    if is_time { Ok(written) } else { Err(NO_TIME.to_owned()) }
}

/// Why a text is no date, when a spreadsheet made it of one.
fn serial_number(text: &str) -> Option<String> {
    let days: f64 = text.replace(',', ".").parse().ok()?;
    // From 1927 to 2173, counted from 1899-12-30.
    let is_serial = (10_000.0..100_000.0).contains(&days) && text.bytes().all(|byte| !byte.is_ascii_alphabetic());
    #[expect(clippy::cast_possible_truncation, reason = "below 100,000")]
    let date = civil::date(1899, 12, 30).checked_add(jiff::Span::new().days(days as i64)).ok()?;
    is_serial.then(|| {
        format!("is the serial number that a spreadsheet stores for a date (probably {date}); format the column as a date, or write the date as text")
    })
}

fn without_apostrophe(text: &str) -> &str {
    text.strip_prefix('\'')
        .filter(|rest| rest.starts_with(|sign: char| sign.is_ascii_digit() || sign == '+'))
        .unwrap_or(text)
}

/// Digits without the `.0` of a program that took them for a number.
fn without_zero_decimals(text: &str) -> &str {
    let whole = text.strip_suffix(".0").or_else(|| text.strip_suffix(",0"));
    whole.filter(|whole| whole.len() > 2 && whole.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or(text)
}

fn all_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_phone(text: &str) -> Result<String, String> {
    refuse_damaged(text)?;
    let text = without_zero_decimals(without_apostrophe(text));
    // The sign of +33612345678 is lost where a spreadsheet takes it for a number.
    let is_french = all_digits(text, 11) && text.starts_with("33") && !text.starts_with("330");
    Ok(if is_french { format!("+{text}") } else { text.to_owned() })
}

fn read_insurer(text: &str) -> String {
    let text = without_zero_decimals(without_apostrophe(text));
    let padded = format!("{text:0>8}");
    let is_restored = (4..8).contains(&text.len())
        && all_digits(text, text.len())
        && !Codes::embedded().insurers_of(&padded).is_empty();
    if is_restored { padded } else { text.to_owned() }
}

fn read_department(text: &str) -> String {
    let text = without_zero_decimals(without_apostrophe(text));
    let text = text.strip_suffix(".0").filter(|whole| all_digits(whole, whole.len())).unwrap_or(text);
    if all_digits(text, 1) { format!("0{text}") } else { text.to_uppercase() }
}

enum Exponent {
    /// `1E5`: someone typed it.
    Typed,
    /// `1E+05`, `3,36E10`: a spreadsheet shows a long number so, without its other digits.
    Displayed,
}

/// How a number with an exponent is written; `None` when the text is none.
fn exponent_of(text: &str) -> Option<Exponent> {
    let (mantissa, exponent) = text.split_once(['E', 'e'])?;
    let mantissa = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = mantissa.split_once([',', '.']).map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_number = !whole.is_empty()
        && all_digits(whole, whole.len())
        && fraction.is_none_or(|fraction| all_digits(fraction, fraction.len()))
        && (1..=3).contains(&digits.len())
        && all_digits(digits, digits.len());
    let is_displayed = fraction.is_some() || (digits.len() < exponent.len() && digits.len() >= 2);
    is_number.then_some(if is_displayed { Exponent::Displayed } else { Exponent::Typed })
}

/// Months as French and English spreadsheets abbreviate them.
const MONTHS: [&str; 27] = [
    "janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc", "fevr", "aout", "dec",
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Whether a spreadsheet made a date of a text such as `3-24`: `mars-24`, `3-mars`, `24-Mar`.
fn is_made_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_month = |part: &str| MONTHS.contains(&part.strip_suffix('.').unwrap_or(part));
    let is_number = |part: &str| (1..=4).contains(&part.len()) && all_digits(part, part.len());
    match parts.as_slice() {
        [first, second] => (is_month(first) && is_number(second)) || (is_number(first) && is_month(second)),
        [day, month, year] => is_number(day) && is_month(month) && is_number(year),
        _ => false,
    }
}

/// Refuses what no reference is and a spreadsheet leaves behind.
fn refuse_damaged(text: &str) -> Result<(), String> {
    const ERRORS: [&str; 14] = [
        "#N/A", "#N/D", "#REF!", "#VALUE!", "#VALEUR!", "#NAME?", "#NOM?", "#DIV/0!", "#NUM!", "#NOMBRE!", "#NULL!",
        "#NUL!", "#SPILL!", "#CALC!",
    ];
    if matches!(exponent_of(text), Some(Exponent::Displayed)) {
        return Err(format!(
            "is in scientific notation: a spreadsheet took it for a number and lost digits; {AS_TEXT}"
        ));
    }
    if is_made_date(text) {
        return Err(format!("is a date that a spreadsheet made of it; {AS_TEXT}"));
    }
    if ERRORS.contains(&text) || (text.len() > 2 && text.bytes().all(|byte| byte == b'#')) {
        return Err("shows an error or a column that is too narrow in the spreadsheet; correct it there".to_owned());
    }
    Ok(())
}

/// Restores the zero of a French phone number that a spreadsheet took for a number: `612345678`. Without
/// a French address it may be a number of another country, and is refused.
///
/// # Errors
/// What to write instead.
pub(super) fn restore_phone(text: &str, is_in_france: bool) -> Result<Cow<'_, str>, String> {
    let digits: String = text.chars().filter(|sign| !sign.is_whitespace() && !matches!(sign, '.' | '-')).collect();
    if !all_digits(&digits, 9) || digits.starts_with('0') {
        return Ok(Cow::Borrowed(text));
    }
    if is_in_france && !digits.starts_with('8') {
        return Ok(Cow::Owned(format!("0{digits}")));
    }
    Err("has nine digits: a spreadsheet took off the leading zero or sign; write it with its 0 (0612345678) or with the code of the country (+33612345678)".to_owned())
}

/// Whether a spreadsheet that opens a CSV file would take a text for a formula. A number it may take for
/// a number. Some skip blanks and quotation marks, or know the wide signs of East Asian keyboards.
fn is_formula(text: &str) -> bool {
    let start = text.trim_start_matches(['\'', ' ', '"', '\u{a0}']);
    let is_marked = start.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r']);
    is_marked && text.parse::<f64>().is_err()
}

/// Signs at which some program splits a file into cells: a formula may follow each.
const SPLITS: [char; 5] = [';', ',', '\t', '\n', '\r'];

/// Goes through the pieces after the first; `change` gives the new text of those that change.
fn change_pieces<'a>(text: &'a str, change: impl Fn(&'a str) -> Option<Cow<'a, str>>) -> Cow<'a, str> {
    let mut changed = String::new();
    let mut copied = 0;
    let starts = text.match_indices(SPLITS).map(|(at, sign)| at + sign.len());
    for start in starts {
        let rest = text.get(start..).unwrap_or_default();
        let piece = rest.split(SPLITS).next().unwrap_or_default();
        if let Some(new) = change(piece) {
            changed.push_str(text.get(copied..start).unwrap_or_default());
            changed.push_str(&new);
            copied = start + piece.len();
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    changed.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(changed)
}

/// Whether an import would read another value than the text itself.
fn is_changed(cell: Cell, text: &str) -> bool {
    if text.is_empty() {
        return false;
    }
    let nine = cell == Cell::Phone && restore_phone(text, true).is_ok_and(|restored| restored != text);
    let four = cell == Cell::Postcode && all_digits(text, 4);
    let wrapped = unwrapped(text).is_some();
    nine || four || wrapped || (is_text(cell) && settle(cell, text).ok() != Some(json!(text)))
}

fn needs_mark(cell: Cell, text: &str) -> bool {
    let bare = text.trim_start_matches('\'');
    is_formula(text) || is_changed(cell, bare) || is_changed(cell, text)
}

/// Text that no spreadsheet takes for a formula, also where it splits the cell at another separator, and
/// that [`read_cell`] gives back identically. An apostrophe marks each place; what starts with
/// apostrophes itself gets one more.
///
/// ```
/// # use constat_tables::cells::{Cell, guarded};
/// let guarded = |text| guarded(Cell::Text, text).into_owned();
/// assert_eq!((guarded("=1+1"), guarded("'@x"), guarded("-12.5")), ("'=1+1".into(), "''@x".into(), "-12.5".into()));
/// assert_eq!(guarded("vol;=1+1"), "vol;'=1+1");
/// ```
pub fn guarded(cell: Cell, text: &str) -> Cow<'_, str> {
    if cell == Cell::Number
        && let longer @ Cow::Owned(_) = unambiguous(text)
    {
        return longer;
    }
    let inner = change_pieces(text, |piece| is_formula(piece).then(|| Cow::Owned(format!("'{piece}"))));
    if needs_mark(cell, text) { Cow::Owned(format!("'{inner}")) } else { inner }
}

/// The text of a cell, and whether it was marked.
fn unguarded(cell: Cell, text: &str) -> (Cow<'_, str>, bool) {
    if let Some(inner) = unwrapped(text) {
        return (Cow::Owned(inner), true);
    }
    let unmark = |piece| strip_mark(piece).filter(|rest| is_formula(rest)).map(Cow::Borrowed);
    let (whole, is_marked) = match strip_mark(text) {
        Some(rest) if needs_mark(cell, &change_pieces(rest, unmark)) => (rest, true),
        _ => (text, false),
    };
    (change_pieces(whole, unmark), is_marked)
}

fn strip_mark(text: &str) -> Option<&str> {
    text.strip_prefix('\'')
}

/// The text in `="0612345678"`, which spreadsheets show as text.
fn unwrapped(text: &str) -> Option<String> {
    let inner = text.strip_prefix("=\"")?.strip_suffix('"')?;
    let single = inner.replace("\"\"", "");
    (!single.contains('"')).then(|| inner.replace("\"\"", "\""))
}

/// A number with a fourth decimal where three could be taken for thousands: `80.125` is written `80.1250`.
fn unambiguous(number: &str) -> Cow<'_, str> {
    let digits = number.strip_prefix('-').unwrap_or(number);
    match digits.split_once('.') {
        Some((whole, fraction)) if is_ambiguous(whole, fraction) => Cow::Owned(format!("{number}0")),
        _ => Cow::Borrowed(number),
    }
}

/// Text for a CSV file that French Excel opens: as [`guarded`], and what Excel would turn into a number
/// or a date is written `="..."`, which it shows as text. Numbers get a decimal comma.
pub fn for_excel(cell: Cell, text: &str) -> Cow<'_, str> {
    match cell {
        Cell::Number => Cow::Owned(unambiguous(text.strip_suffix(".0").unwrap_or(text)).replace('.', ",")),
        Cell::Degrees => Cow::Owned(text.strip_suffix(".0").unwrap_or(text).replace('.', ",")),
        Cell::Date | Cell::Bool => Cow::Borrowed(text),
        _ if text.len() <= 200 && is_converted(text) => Cow::Owned(format!("=\"{text}\"")),
        _ => guarded(cell, text),
    }
}

/// Whether Excel turns a text into a number, a date, a time or a truth value when it opens a file. Texts
/// that have such signs only and no quotation mark.
fn is_converted(text: &str) -> bool {
    let has_digit = text.chars().any(|sign| sign.is_ascii_digit());
    let is_sign = |sign: char| {
        sign.is_ascii_digit()
            || sign.is_whitespace()
            || matches!(sign, '.' | ',' | ':' | '/' | '+' | '-' | '%' | '€' | '$' | '(' | ')')
    };
    let is_word = |word: &str| {
        let word = word.trim_end_matches('.').to_lowercase();
        matches!(word.as_str(), "am" | "pm" | "e")
            || (word.chars().count() >= 3
                && [
                    "janvier",
                    "février",
                    "fevrier",
                    "mars",
                    "avril",
                    "mai",
                    "juin",
                    "juillet",
                    "août",
                    "aout",
                    "septembre",
                    "octobre",
                    "novembre",
                    "décembre",
                    "decembre",
                    "january",
                    "february",
                    "march",
                    "april",
                    "may",
                    "june",
                    "july",
                    "august",
                    "september",
                    "october",
                    "november",
                    "december",
                ]
                .iter()
                .any(|month| month.starts_with(&word)))
    };
    let words = text.split(|sign: char| !sign.is_alphabetic()).filter(|word| !word.is_empty());
    let only_known =
        text.chars().all(|sign| is_sign(sign) || sign.is_alphabetic()) && !text.contains(['\n', '\r', '\t']);
    let is_truth = matches!(text.to_uppercase().as_str(), "TRUE" | "FALSE" | "VRAI" | "FAUX");
    is_truth || (has_digit && only_known && words.clone().all(is_word))
}

/// Text for a cell of a workbook whose type is text: as it is, unless [`read_cell`] would read it
/// differently.
pub fn for_workbook(cell: Cell, text: &str) -> Cow<'_, str> {
    let is_read_back = unguarded(cell, text).0 == text && !is_changed(cell, text);
    if is_read_back { Cow::Borrowed(text) } else { guarded(cell, text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(cell: Cell, text: &str) -> Result<Value, String> {
        read_cell(cell, &RawCell::Text(text.to_owned())).map(|read| read.map_or(Value::Null, |read| read.value))
    }

    #[test]
    fn numbers_are_read_as_french_and_english_spreadsheets_write_them() {
        for (text, number) in [
            ("6", json!(6)),
            ("6.0", json!(6)),
            ("6,0", json!(6)),
            ("6,", json!(6)),
            ("-6,5", json!(-6.5)),
            ("80.5", json!(80.5)),
            ("80,50", json!(80.5)),
            ("1 234,5", json!(1234.5)),
            ("1\u{a0}234\u{a0}567", json!(1_234_567)),
            ("1\u{202f}234,50 €", json!(1234.5)),
            ("1.234,5", json!(1234.5)),
            ("1,234.5", json!(1234.5)),
            ("1.234.567,8", json!(1_234_567.8)),
            ("0,125", json!(0.125)),
            ("1.2340", json!(1.234)),
            ("1234.567", json!(1234.567)),
            ("0.125", json!(0.125)),
            ("1E5", json!(100_000)),
            ("+12", json!(12)),
        ] {
            assert_eq!(value(Cell::Number, text), Ok(number), "{text}");
        }
        assert_eq!(value(Cell::Degrees, "48,857"), Ok(json!(48.857)));
        assert_eq!(value(Cell::Degrees, "-1.234"), Ok(json!(-1.234)));
        for (text, said) in [
            ("1,234", "ambiguous"),
            ("1.234", "ambiguous"),
            ("-12.500 €", "ambiguous"),
            ("999.000", "ambiguous"),
            ("1,5E+05", "rounded"),
            ("1E+05", "rounded"),
            ("many", "expected a number"),
            ("12 34", "expected a number"),
            ("1,2,3", "expected a number"),
            ("1234 567", "expected a number"),
            ("-", "expected a number"),
            ("5%", "expected a number"),
            ("inf", "expected a number"),
            ("NaN", "expected a number"),
        ] {
            assert!(
                value(Cell::Number, text).is_err_and(|told| told.contains(said)),
                "{text}: {:?}",
                value(Cell::Number, text)
            );
        }
    }

    #[test]
    fn truth_values_are_read_in_french_and_english() {
        for yes in ["VRAI", "Vrai", "OUI", "oui", "TRUE", "true", "yes", "1", "1.0", "O"] {
            assert_eq!(value(Cell::Bool, yes), Ok(json!(true)), "{yes}");
        }
        for no in ["FAUX", "NON", "False", "no", "0", "0,0", "n"] {
            assert_eq!(value(Cell::Bool, no), Ok(json!(false)), "{no}");
        }
        for bad in ["2", "peut-être", "-1", "VRAIE"] {
            assert!(value(Cell::Bool, bad).is_err_and(|told| told.contains("VRAI/FAUX")), "{bad}");
        }
    }

    #[test]
    fn dates_and_times_are_read_as_people_write_them_and_serial_numbers_are_named() {
        for (text, date) in [
            ("2026-12-24", "2026-12-24"),
            ("24/12/2026", "2026-12-24"),
            ("1/2/2026", "2026-02-01"),
            ("24.12.2026", "2026-12-24"),
            ("24-12-2026", "2026-12-24"),
            ("24/12/2026 00:00:00", "2026-12-24"),
        ] {
            assert_eq!(value(Cell::Date, text), Ok(json!(date)), "{text}");
        }
        for (text, said) in [
            ("45231", "serial number that a spreadsheet stores for a date (probably 2023-11-01)"),
            ("45231,5", "serial number"),
            ("12/24/2026", "there is no such day"),
            ("31/02/2026", "there is no such day"),
            ("24/12/26", "four digits"),
            ("mars-24", "24/12/2026"),
            ("2026/12/24", "24/12/2026"),
            ("demain", "24/12/2026"),
        ] {
            assert!(
                value(Cell::Date, text).is_err_and(|told| told.contains(said)),
                "{text}: {:?}",
                value(Cell::Date, text)
            );
        }
        for (text, time) in [
            ("24/12/2026", "2026-12-24"),
            ("24/12/2026 09:00", "2026-12-24T09:00"),
            ("24/12/2026 9:00:00", "2026-12-24T09:00"),
            ("24/12/2026 9h30", "2026-12-24T09:30"),
            ("2026-12-24 09:00", "2026-12-24T09:00"),
            ("2026-12-24T09:00", "2026-12-24T09:00"),
            ("2026-12-24T09:00:00+04:00", "2026-12-24T09:00:00+04:00"),
            ("24/12/2026 24:00", "2026-12-25T00:00"),
            ("24/12/2026 24h00", "2026-12-25T00:00"),
            ("24/12/2026 24h", "2026-12-25T00:00"),
            ("31/12/2026 24H00", "2027-01-01T00:00"),
            ("24/12/2026 9H30", "2026-12-24T09:30"),
            ("2026-12-31T24:00:00", "2027-01-01T00:00"),
            ("24/12/2026 00:00:00", "2026-12-24T00:00"),
            ("2026-12-31T24:00:00+01:00", "2027-01-01T00:00:00+01:00"),
        ] {
            assert_eq!(value(Cell::Time, text), Ok(json!(time)), "{text}");
        }
        for bad in ["24:00", "24h00", "24/12/2026 24h30", "24/12/2026 25h", "45231,375", "24/12/2026 9", "hier 09:00"] {
            assert!(value(Cell::Time, bad).is_err(), "{bad}");
        }
        assert!(value(Cell::Instant, "24/12/2026 09:00").is_err_and(|told| told.contains("with its offset")));
        assert!(value(Cell::Instant, "45231").is_err_and(|told| told.contains("serial number")));
    }

    #[test]
    fn what_a_spreadsheet_destroyed_is_refused_and_what_is_certain_is_restored() {
        for (cell, text) in [
            (Cell::Id, "1E+05"),
            (Cell::Id, "1,23457E+11"),
            (Cell::Id, "3.36E10"),
            (Cell::Id, "mars-24"),
            (Cell::Id, "3-mars"),
            (Cell::Id, "24-Mar"),
            (Cell::Id, "#N/A"),
            (Cell::Id, "#NOM?"),
            (Cell::Id, "########"),
            (Cell::Phone, "3,36123E+10"),
            (Cell::Phone, "3.36E+10"),
            (Cell::Postcode, "1E+03"),
            (Cell::Insurer, "2,0004E+06"),
        ] {
            assert!(
                value(cell, text).is_err_and(|told| told.contains("spreadsheet")),
                "{text}: {:?}",
                value(cell, text)
            );
        }
        for (cell, text, restored) in [
            (Cell::Phone, "33612345678", "+33612345678"),
            (Cell::Phone, "'0612345678", "0612345678"),
            (Cell::Phone, "612345678.0", "612345678"),
            (Cell::Phone, "=\"0612345678\"", "0612345678"),
            (Cell::Phone, "32470123456", "32470123456"),
            (Cell::Insurer, "2000402", "02000402"),
            (Cell::Insurer, "2000402.0", "02000402"),
            (Cell::Insurer, "1234567", "1234567"),
            (Cell::Postcode, "75017.0", "75017"),
            (Cell::Department, "1", "01"),
            (Cell::Department, "2a", "2A"),
            (Cell::Id, "1E5", "1E5"),
            (Cell::Id, "MAR-24", "MAR-24"),
            (Cell::Id, "A-2024/03", "A-2024/03"),
            (Cell::Id, "'1E+05", "1E+05"),
        ] {
            assert_eq!(value(cell, text), Ok(json!(restored)), "{text}");
        }
        let phone = |text, is_in_france| restore_phone(text, is_in_france).map(Cow::into_owned);
        assert_eq!(phone("612345678", true).as_deref(), Ok("0612345678"));
        assert_eq!(phone("6 12 34 56 78", true).as_deref(), Ok("0612345678"));
        assert_eq!(phone("102030405", true).as_deref(), Ok("0102030405"));
        assert_eq!(phone("0612345678", false).as_deref(), Ok("0612345678"));
        assert!(phone("612345678", false).is_err_and(|told| told.contains("+33612345678")));
        assert!(phone("812345678", true).is_err());
    }

    #[test]
    fn cells_of_a_workbook_are_read_by_their_type() {
        let read = |cell, raw| read_cell(cell, &raw).map(|read| read.map_or(Value::Null, |read| read.value));
        let date = || RawCell::Date("2026-12-24".to_owned());
        for (cell, raw, expected) in [
            (Cell::Id, RawCell::Number(42.0), json!("42")),
            (Cell::Postcode, RawCell::Number(75_017.0), json!("75017")),
            (Cell::Phone, RawCell::Number(33_612_345_678.0), json!("+33612345678")),
            (Cell::Insurer, RawCell::Number(2_000_402.0), json!("02000402")),
            (Cell::Number, RawCell::Number(80.5), json!(80.5)),
            (Cell::Number, RawCell::Number(6.0), json!(6)),
            (Cell::Bool, RawCell::Bool(true), json!(true)),
            (Cell::Bool, RawCell::Number(0.0), json!(false)),
            (Cell::Date, date(), json!("2026-12-24")),
            (Cell::Time, RawCell::Date("2026-12-24T09:00:00".to_owned()), json!("2026-12-24T09:00")),
            (Cell::ListOf(&Cell::Date), date(), json!(["2026-12-24"])),
            (Cell::ListOf(&Cell::Department), RawCell::Number(1.0), json!(["01"])),
            (Cell::Text, RawCell::Text("  ".to_owned()), Value::Null),
            (Cell::Text, RawCell::Empty, Value::Null),
        ] {
            assert_eq!(read(cell, raw.clone()), Ok(expected), "{raw:?}");
        }
        for (cell, raw, said) in [
            (Cell::Id, RawCell::Number(1e15), "15 digits"),
            (Cell::Id, date(), "is a date in the spreadsheet"),
            (Cell::Phone, RawCell::Error("#N/A".to_owned()), "#N/A"),
            (Cell::Date, RawCell::Number(45_231.0), "serial number"),
            (Cell::Number, RawCell::Formula, "formula without a value"),
            (Cell::Text, RawCell::Formula, "save it"),
        ] {
            assert!(read(cell, raw.clone()).is_err_and(|told| told.contains(said)), "{raw:?}");
        }
    }
}
