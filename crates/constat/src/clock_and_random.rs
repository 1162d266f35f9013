//! The machine's clock and the machine's chance: the only place that asks for either.

use std::cell::RefCell;

use constat_core::{Clock, SecureRandom};
use jiff::Timestamp;
use rand_core::{OsRng, RngCore as _, UnwrapErr};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    /// To the microsecond, as the database keeps it: what is read back equals what was answered.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

impl SystemClock {
    /// The present date in UTC.
    pub fn today() -> jiff::civil::Date {
        jiff::tz::TimeZone::UTC.to_datetime(Self.now()).date()
    }
}

/// Bytes drawn from the operating system at once. One call for some hundred identifiers.
const DRAWN_AT_ONCE: usize = 4096;

struct Drawn {
    bytes: [u8; DRAWN_AT_ONCE],
    used: usize,
}

thread_local! {
    static DRAWN: RefCell<Drawn> = const { RefCell::new(Drawn { bytes: [0; DRAWN_AT_ONCE], used: DRAWN_AT_ONCE }) };
}

/// The operating system's source of randomness, drawn in blocks by each thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl SecureRandom for OsRandom {
    /// Panics when the operating system has no randomness to give: nothing safe can be done then.
    fn fill(&self, buffer: &mut [u8]) {
        if buffer.len() > DRAWN_AT_ONCE {
            UnwrapErr(OsRng).fill_bytes(buffer);
            return;
        }
        DRAWN.with_borrow_mut(|drawn| {
            if drawn.used + buffer.len() > DRAWN_AT_ONCE {
                UnwrapErr(OsRng).fill_bytes(&mut drawn.bytes);
                drawn.used = 0;
            }
            let taken = &mut drawn.bytes[drawn.used..drawn.used + buffer.len()];
            buffer.copy_from_slice(taken);
            // What was given out is not kept: a later look at this memory finds no secret.
            taken.fill(0);
            drawn.used += buffer.len();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bytes_are_given_twice() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..2_000 {
            let mut bytes = [0; 16];
            OsRandom.fill(&mut bytes);
            assert!(seen.insert(bytes));
        }
        let mut large = [0; DRAWN_AT_ONCE + 1];
        OsRandom.fill(&mut large);
        assert!(large.iter().any(|byte| *byte != 0));
    }
}
