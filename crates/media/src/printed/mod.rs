//! Papers to print: a claim's summary as a PDF, in French, on A4.
//!
//! Pure: what is printed comes in as data, what comes out is bytes. Files are PDF/A-2b, so that an
//! archive can still read them in thirty years; their fonts are inside.

mod bidi;
mod block;
mod face;
mod layout;
mod paper;
mod summary;

pub use block::{Block, PrintError};
pub use paper::Paper;
pub use summary::{Happened, Summary};
