//! The grid of possible starts of a search, and where a pass over the calendars collects them.

use std::ops::Range;

use crate::best_expert::{BestExpertPerStart, Entry};
use crate::gaps::Origin;
use crate::requirement::Requirement;

/// The grid of starts, in the index's seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    first: i32,
    step: i32,
    /// `2^45 / step`, rounded up: divides 31-bit numbers exactly.
    reciprocal: u64,
    cells: usize,
}

impl Grid {
    pub(crate) fn new(requirement: &Requirement, origin: Origin) -> Self {
        let first = requirement.on_grid(requirement.from);
        let count = (requirement.to - first).max(0) / requirement.grid + 1;
        let step = u64::try_from(requirement.grid).unwrap_or(1).max(1);
        Self {
            first: origin.seconds(first),
            step: i32::try_from(step).unwrap_or(1),
            reciprocal: (1_u64 << 45).div_ceil(step),
            cells: usize::try_from(count).unwrap_or(0),
        }
    }

    #[inline]
    fn divide(self, seconds: i32) -> usize {
        usize::try_from((u64::from(seconds.unsigned_abs()) * self.reciprocal) >> 45).unwrap_or(usize::MAX)
    }

    /// The first cell at or after an instant.
    #[inline]
    pub(crate) fn from(self, first: i32) -> usize {
        self.divide(first - self.first + self.step - 1)
    }

    /// One past the last cell at or before an instant.
    #[inline]
    pub(crate) fn to(self, last: i32) -> usize {
        self.divide(last - self.first + self.step)
    }

    /// The cells between two instants, both included and clamped to the grid.
    pub(crate) fn within(self, first: i32, last: i32) -> Range<usize> {
        if last < self.first {
            return 0..0;
        }
        let to = self.to(last).min(self.cells);
        self.from(first.max(self.first)).min(to)..to
    }

    /// The start of a cell.
    pub(crate) fn start_of(self, cell: usize) -> i32 {
        self.first + self.step * i32::try_from(cell).unwrap_or(0)
    }

    /// Number of starts.
    pub(crate) const fn len(self) -> usize {
        self.cells
    }
}

/// Collects the starts of a pass.
pub(crate) struct StartCollector {
    pub(crate) best: BestExpertPerStart,
    /// The runs of the current expert, if they are needed.
    pub(crate) runs: Vec<(usize, usize)>,
}

impl StartCollector {
    #[inline]
    pub(crate) fn lower<const NOTED: bool>(&mut self, from: usize, to: usize, entry: Entry) {
        if NOTED {
            self.runs.push((from, to));
        }
        self.best.lower(from, to, entry);
    }
}
