//! Random numbers from a seed: the made-up world is the same for the same seed.

use constat_domain::ids::Entropy;

/// The `SplitMix64` generator, for demonstration data. Not for secrets.
pub struct SeededRng(u64);

impl SeededRng {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    /// True with a probability in percent.
    pub fn percent(&mut self, secure_random: usize) -> bool {
        self.below(100) < secure_random
    }

    /// One of several; `None` when there is none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// Bytes for an identifier.
    pub fn entropy(&mut self) -> Entropy {
        let mut bytes = Entropy::default();
        let drawn = self.next().to_le_bytes().into_iter().chain(self.next().to_le_bytes());
        bytes.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
        bytes
    }
}
