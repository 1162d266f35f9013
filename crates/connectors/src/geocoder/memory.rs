//! Answers of the service, remembered: as many as the settings say, those of late.

use std::collections::HashMap;

/// Two halves: when the young one is full it becomes the old one, whose answers are forgotten
/// unless they are asked for again. At most `capacity` in both, and what was used lately stays.
#[derive(Debug)]
pub(super) struct Memory<T> {
    half: usize,
    young: HashMap<String, T>,
    old: HashMap<String, T>,
}

impl<T: Copy> Memory<T> {
    pub fn of(capacity: usize) -> Self {
        Self { half: capacity / 2, young: HashMap::new(), old: HashMap::new() }
    }

    /// What the service answered for a key.
    pub fn recall(&mut self, key: &str) -> Option<T> {
        if let Some(known) = self.young.get(key) {
            return Some(*known);
        }
        let (key, known) = self.old.remove_entry(key)?;
        self.keep(key, known);
        Some(known)
    }

    pub fn keep(&mut self, key: String, answer: T) {
        if self.half == 0 {
            return;
        }
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, answer);
    }
}

#[cfg(test)]
mod tests {
    use constat_domain::geo::Position;

    use super::*;

    #[test]
    fn what_was_used_lately_stays_and_the_size_is_bounded() {
        let mut memory = Memory::of(10);
        let here = Position::new(48.0, 2.0);
        memory.keep("often".to_owned(), here);
        for number in 0..100 {
            memory.keep(number.to_string(), None);
            assert_eq!(memory.recall("often"), Some(here), "{number}");
            assert!(memory.young.len() + memory.old.len() <= 10);
        }
        assert_eq!(memory.recall("99"), Some(None));
        assert_eq!(memory.recall("1"), None);
        let mut none = Memory::of(0);
        none.keep("a".to_owned(), here);
        assert_eq!(none.recall("a"), None);
    }
}
