//! What the application needs from outside, as traits that it owns: time and chance.

use constat_domain::ids::Entropy;
use jiff::Timestamp;

/// Tells the time. The binary passes the machine's clock, tests one they turn by hand.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// A source of random bytes fit for secrets. Tests pass a seeded one.
pub trait SecureRandom: Send + Sync + 'static {
    /// Fills the whole buffer.
    fn fill(&self, buffer: &mut [u8]);

    /// As many bytes as a new identifier needs.
    fn entropy(&self) -> Entropy {
        let mut bytes = Entropy::default();
        self.fill(&mut bytes);
        bytes
    }
}
