//! What CEDEX codes stand for: `data/gazetteer/cedex.csv`.

use super::Commune;
use super::spelling::Spelling;
use crate::geo::Position;

/// A run of CEDEX codes with one label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    /// The first code.
    pub from: u32,
    /// The last code.
    pub to: u32,
    /// What stands before the word CEDEX: a town, or a label that names no commune.
    pub label: &'static str,
    /// The commune, as a place in the list of communes.
    pub commune: u32,
    /// Where the label lies, when it is not the commune's name.
    pub position: Option<Position>,
}

/// Reads the runs, in order. Lines of another shape or of an unknown commune are left out: a test
/// checks that there are none.
pub(super) fn read(text: &'static str, communes: &[Commune]) -> Vec<Run> {
    text.lines().skip(1).filter_map(|line| read_line(line, communes)).collect()
}

fn read_line(line: &'static str, communes: &[Commune]) -> Option<Run> {
    let mut fields = line.split(',');
    let (from, to) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let (label, insee) = (fields.next()?, fields.next()?);
    let commune = super::place_of(communes, insee)?;
    let position = super::read_position(fields.next()?, fields.next()?);
    Some(Run { from, to, label, commune, position })
}

/// A CEDEX label that names no commune: `PARIS LA DEFENSE`.
#[derive(Debug)]
pub(super) struct Label {
    /// Its words, compared loosely.
    pub words: Vec<String>,
    /// The commune, as a place in the list of communes.
    pub commune: u32,
}

/// The labels that name no commune, each with its words: read once, because suggestions compare all of them.
pub(super) fn labels(runs: &[Run]) -> Vec<Label> {
    let named = runs.iter().filter(|run| run.position.is_some());
    named.map(|run| Label { words: Spelling::of(run.label).loose, commune: run.commune }).collect()
}

/// The run that a code belongs to.
pub(super) fn of_code(runs: &[Run], code: u32) -> Option<&Run> {
    let next = runs.partition_point(|run| run.from <= code);
    next.checked_sub(1).and_then(|at| runs.get(at)).filter(|run| code <= run.to)
}

/// The départements and collectivities that a code may lie in when no table has it.
pub(super) fn territories(code: &str) -> Vec<&str> {
    match code.get(..3) {
        Some("970" | "971") => vec!["971", "977", "978"],
        Some("977") => vec!["974", "977"],
        Some("978") => vec!["974", "978"],
        Some(three) if three.starts_with("20") => vec!["2A", "2B"],
        Some(three) if three.starts_with("97") || three.starts_with("98") => vec![three],
        _ => code.get(..2).into_iter().collect(),
    }
}
