//! Lock-free count of the permits of each key.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use constat_domain::ids::KeyId;

/// Keys with a count of their own. More keys share counts, which lowers their share but stays correct.
const SLOTS: usize = 4096;

/// Slots probed for a key, starting at its hash.
const PROBES: usize = 16;

/// An append-only table: there are about as many keys as platforms.
pub(super) struct Keys(Box<[Slot]>);

#[derive(Default)]
struct Slot {
    /// Fingerprint of the key; 0 when empty.
    print: AtomicU64,
    at_work: AtomicU32,
}

impl Default for Keys {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| Slot::default()).collect())
    }
}

impl Keys {
    /// Where a key's count is.
    pub(super) fn slot(&self, key: KeyId) -> usize {
        let (high, low) = key.uuid().as_u64_pair();
        let print = (high ^ low.rotate_left(32)).max(1);
        let spread = print.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 52;
        let home = usize::try_from(spread).unwrap_or(0) % SLOTS;
        for step in 0..PROBES {
            let at = (home + step) % SLOTS;
            let Some(slot) = self.0.get(at) else { continue };
            let mut known = slot.print.load(Ordering::Relaxed);
            if known == 0 {
                known = match slot.print.compare_exchange(0, print, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => print,
                    Err(faster) => faster,
                };
            }
            if known == print {
                return at;
            }
        }
        home
    }

    /// The count of a slot.
    pub(super) fn at_work(&self, slot: usize) -> &AtomicU32 {
        &self.0[slot % SLOTS].at_work
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn keys_are_told_apart_and_found_again() {
        let keys = Keys::default();
        let key = |number: u16| {
            let mut entropy = [0; 10];
            entropy[4..6].copy_from_slice(&number.to_be_bytes());
            KeyId::new(Timestamp::UNIX_EPOCH, &entropy)
        };
        let slots: Vec<usize> = (0..1000).map(|number| keys.slot(key(number))).collect();
        assert_eq!(slots.iter().collect::<std::collections::BTreeSet<_>>().len(), 1000);
        assert!((0..1000).all(|number| keys.slot(key(number)) == slots[usize::from(number)]));
        // More keys than slots: they share, and nothing is lost.
        assert!((0..u16::MAX).all(|number| keys.slot(key(number)) < SLOTS));
    }
}
