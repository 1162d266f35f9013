//! Files that people look at: photos and what their metadata says, previews, printed papers.
//!
//! Pure: bytes and facts in, bytes out. The files come from strangers and their decoders are large, so that callers
//! render previews in a process of their own, with bounded time and memory (decision 12).

mod encryption;
pub mod photo;
pub mod previews;
pub mod printed;

pub use encryption::EncryptionScan;
