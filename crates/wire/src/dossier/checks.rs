//! Checks of lists and amounts in declared damages.

use crate::common::{Amount, Checker};

/// Maximum entries in a list of damages, premises or files.
pub(super) const MAX_LIST_ENTRIES: usize = 500;

/// Checks a list: not too long, and each of its items.
pub(super) fn each<T>(checker: &mut Checker, name: &str, items: &[T], check: impl Fn(&T, &mut Checker)) {
    if items.len() > MAX_LIST_ENTRIES {
        checker.fail(name, format!("expected at most {MAX_LIST_ENTRIES} items"));
    }
    checker.each(name, items, check);
}

/// Checks an optional amount.
pub(super) fn amount(checker: &mut Checker, name: &str, value: Option<&Amount>) {
    if let Some(value) = value {
        checker.object(name, |inner| value.read(inner));
    }
}
