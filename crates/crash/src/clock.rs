//! The machine's clock: a crash test is about real time.

use jiff::Timestamp;

/// Now.
#[expect(clippy::disallowed_methods, reason = "histories are stamped with the machine's time")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
