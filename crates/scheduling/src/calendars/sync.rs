//! The locks of a firm. A test compiles `firm.rs` again with locks whose every order it tries (`interleaved.rs`).

pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
