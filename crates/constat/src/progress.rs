//! How far a long command is. Shown on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar of a known count.
pub fn of_count(count: u64, what: impl Into<String>) -> ProgressBar {
    styled(ProgressBar::new(count), "{msg} {bar:40} {pos}/{len}, {eta} left", what)
}

/// A progress bar of a known number of bytes.
pub fn of_bytes(bytes: u64, what: impl Into<String>) -> ProgressBar {
    styled(ProgressBar::new(bytes), "{msg} {bar:40} {bytes}/{total_bytes}, {eta} left", what)
}

/// A progress bar of an unknown number of bytes.
pub fn of_some_bytes(what: impl Into<String>) -> ProgressBar {
    styled(ProgressBar::no_length(), "{msg} {bytes} {spinner}", what)
}

fn styled(bar: ProgressBar, template: &str, what: impl Into<String>) -> ProgressBar {
    let bar = bar.with_message(what.into());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_plain) => bar,
    }
}
