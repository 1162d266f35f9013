//! The best expert for each start of a grid, collected while a search scans the gaps.
//!
//! A gap allows a run of starts at one price. Updating every cell of every run would dominate a search. Instead a
//! run is stored as two overlapping runs of a power of two cells, in a row for that power, and the rows are merged
//! once at the end (a sparse table).

/// Price and number of an expert in one word. The lower word is the cheaper expert, or the lower number at equal
/// prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry(u64);

impl Entry {
    /// No expert.
    pub(crate) const NONE: Self = Self(u64::MAX);

    /// Bits of the number: a million experts.
    const NUMBER: u32 = 20;

    /// An entry; the price is below 2^44.
    #[inline]
    pub(crate) fn new(cost: u64, expert: u32) -> Self {
        Self(cost << Self::NUMBER | u64::from(expert))
    }

    /// The same with any price, capped at the maximum.
    pub(crate) fn capped(cost: u64, expert: u32) -> Self {
        Self::new(cost.min((1 << (64 - Self::NUMBER)) - 2), expert)
    }

    /// Points and number of the expert, if there is one.
    pub(crate) fn get(self) -> Option<(u64, u32)> {
        let number = u32::try_from(self.0 & ((1 << Self::NUMBER) - 1)).unwrap_or(0);
        (self != Self::NONE).then_some((self.0 >> Self::NUMBER, number))
    }
}

/// Minimum entry per start, over all added runs.
pub(crate) struct BestExpertPerStart {
    rows: Vec<Entry>,
    /// Cells in a row.
    cells: usize,
}

impl BestExpertPerStart {
    /// An empty grid of `cells` starts, for runs of at most `longest` cells.
    pub(crate) fn new(cells: usize, longest: usize) -> Self {
        let rows = longest.max(1).ilog2() as usize + 1;
        Self { rows: vec![Entry::NONE; cells * rows], cells }
    }

    /// Lowers the cells from `from` to `to` (excluded) to an entry. An empty run, or one longer than `longest`, is
    /// ignored.
    #[inline]
    pub(crate) fn lower(&mut self, from: usize, to: usize, entry: Entry) {
        let Some(power) = to.saturating_sub(from).checked_ilog2() else { return };
        let row = power as usize * self.cells;
        for cell in [row + from, row + to - (1 << power)] {
            if let Some(known) = self.rows.get_mut(cell) {
                *known = (*known).min(entry);
            }
        }
    }

    /// The best entry of each cell.
    pub(crate) fn into_best(mut self) -> Vec<Entry> {
        let cells = self.cells;
        let count = self.rows.len().checked_div(cells).unwrap_or(0);
        for row in (1..count).rev() {
            let half = 1 << (row - 1);
            let (lower, upper) = self.rows.split_at_mut(row * cells);
            let lower = &mut lower[(row - 1) * cells..];
            for (index, entry) in upper[..cells].iter().enumerate() {
                lower[index] = lower[index].min(*entry);
                if let Some(cell) = lower.get_mut(index + half) {
                    *cell = (*cell).min(*entry);
                }
            }
        }
        self.rows.truncate(cells);
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_lower_exactly_their_cells(
            runs in proptest::collection::vec((0_usize..60, 0_usize..25, 0_u64..50, 0_u32..9), 0..40),
        ) {
            let mut best = BestExpertPerStart::new(60, 24);
            let mut plain = vec![Entry::NONE; 60];
            for (from, length, cost, expert) in runs {
                let to = (from + length).min(60);
                let entry = Entry::new(cost, expert);
                best.lower(from, to, entry);
                for cell in &mut plain[from..to] {
                    *cell = (*cell).min(entry);
                }
            }
            prop_assert_eq!(best.into_best(), plain);
        }
    }

    #[test]
    fn of_equal_prices_the_lower_number_wins() {
        assert!(Entry::new(5, 3) < Entry::new(5, 4) && Entry::new(4, 9) < Entry::new(5, 0));
        assert_eq!(Entry::new(1 << 43, 7).get(), Some((1 << 43, 7)));
        assert_eq!(Entry::NONE.get(), None);
    }
}
