//! Sets of experts by number.

/// A set of numbers below a fixed bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    pub(crate) fn none(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    pub(crate) fn insert(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    pub(crate) fn remove(&mut self, number: usize) {
        self.0[number / 64] &= !(1 << (number % 64));
    }

    pub(crate) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Keeps what another set holds too.
    pub(crate) fn keep(&mut self, other: &Self) {
        for (word, kept) in self.0.iter_mut().zip(&other.0) {
            *word &= kept;
        }
    }

    /// Keeps what one of some sets holds too; a set that is not there holds nothing.
    pub(crate) fn keep_any(&mut self, others: &[Option<&Self>]) {
        for (place, word) in self.0.iter_mut().enumerate() {
            let kept = others.iter().flatten().fold(0, |kept, other| kept | other.0.get(place).copied().unwrap_or(0));
            *word &= kept;
        }
    }

    /// Takes out what another set holds.
    pub(crate) fn take_out(&mut self, other: &Self) {
        for (word, out) in self.0.iter_mut().zip(&other.0) {
            *word &= !out;
        }
    }

    /// The numbers, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(place, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.checked_ilog2().map(|_| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(place * 64 + bit)
            })
        })
    }
}
