//! How many slips of the pen lie between what was typed and a name.

/// Maximum number of slips that are ever forgiven.
pub(super) const MAX_EDITS: u8 = 2;
/// Cells of a row of the table that can hold `MAX_EDITS` or less.
const BAND: usize = 2 * MAX_EDITS as usize + 1;
/// More than is ever forgiven.
const FAR: u8 = MAX_EDITS + 1;

/// Slips between a query and a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edits {
    /// To the start of the name that is nearest.
    pub to_start: u8,
    /// To the whole name; [`FAR`](self) when that is beyond what is forgiven.
    pub to_whole: u8,
}

/// Counts insertions, deletions, replacements and swaps of neighbours (optimal string alignment)
/// between `query` and the start of `name`, in bytes. `None` when there are more than `most`, which
/// is [`MAX_EDITS`] or less.
///
/// Only the cells of the table that may hold `most` or less are looked at: five for each letter.
#[inline]
pub(super) fn edits(query: &[u8], name: &[u8], most: u8) -> Option<Edits> {
    let middle = usize::from(MAX_EDITS);
    // Cell `d` of row `i` stands for the first `i` letters of the query and `i + d - middle` of the name.
    let mut before = [FAR; BAND];
    let mut row = [FAR; BAND];
    for (d, cell) in (0_u8..).zip(&mut row[middle..]) {
        *cell = d;
    }
    for (i, &letter) in query.iter().enumerate() {
        let mut next = [FAR; BAND];
        for d in 0..BAND {
            let Some(j) = (i + 1 + d).checked_sub(middle).filter(|j| *j <= name.len()) else { continue };
            // One letter of the query too many.
            let mut cell = if d + 1 < BAND { row[d + 1] + 1 } else { FAR };
            if d > 0 {
                // One missing.
                cell = cell.min(next[d - 1] + 1);
            }
            if j > 0 {
                cell = cell.min(row[d] + u8::from(name[j - 1] != letter));
                if j > 1 && i > 0 && name[j - 1] == query[i - 1] && name[j - 2] == letter {
                    cell = cell.min(before[d] + 1);
                }
            }
            next[d] = cell.min(FAR);
        }
        if next.iter().all(|cell| *cell > most) {
            return None;
        }
        (before, row) = (row, next);
    }
    let to_start = row.into_iter().min().filter(|count| *count <= most)?;
    let end = (name.len() + middle).checked_sub(query.len());
    let to_whole = end.and_then(|d| row.get(d).copied()).unwrap_or(FAR);
    Some(Edits { to_start, to_whole })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The whole table, with nothing left out.
    fn plainly(query: &[u8], name: &[u8]) -> usize {
        let mut table = vec![vec![0; name.len() + 1]; query.len() + 1];
        for i in 0..=query.len() {
            for j in 0..=name.len() {
                table[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let same = usize::from(query[i - 1] != name[j - 1]);
                    let mut cell = (table[i - 1][j] + 1).min(table[i][j - 1] + 1).min(table[i - 1][j - 1] + same);
                    if i > 1 && j > 1 && query[i - 1] == name[j - 2] && query[i - 2] == name[j - 1] {
                        cell = cell.min(table[i - 2][j - 2] + 1);
                    }
                    cell
                };
            }
        }
        table[query.len()][name.len()]
    }

    #[test]
    fn each_kind_of_slip_counts_as_one() {
        for typed in ["bordaux", "bordeeaux", "bordeuax", "bordeaus"] {
            assert_eq!(edits(typed.as_bytes(), b"bordeaux", 1).unwrap().to_whole, 1, "{typed}");
        }
        assert_eq!(edits(b"montpelie", b"montpellier", 2), Some(Edits { to_start: 1, to_whole: 2 }));
        assert_eq!(edits(b"paris", b"lyon", 2), None);
        assert_eq!(edits(b"", b"lyon", 0), Some(Edits { to_start: 0, to_whole: FAR }));
        assert_eq!(edits(b"lyon", b"", 2), None);
    }

    proptest! {
        #[test]
        fn the_narrow_table_tells_what_the_whole_one_does(query in "[ab]{0,9}", name in "[abc]{0,9}", most in 0..=MAX_EDITS) {
            let (query, name) = (query.as_bytes(), name.as_bytes());
            let to_start = (0..=name.len()).map(|end| plainly(query, &name[..end])).min().unwrap();
            let found = edits(query, name, most);
            prop_assert_eq!(found.is_some(), to_start <= usize::from(most));
            if let Some(found) = found {
                prop_assert_eq!(usize::from(found.to_start), to_start);
                prop_assert_eq!(usize::from(found.to_whole), plainly(query, name).min(usize::from(FAR)));
            }
        }
    }
}
