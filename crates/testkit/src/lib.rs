//! A running server for tests: real database, real HTTP, a clock turned by hand, seeded chance.
#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a test kit fails loudly")]

mod answers;
mod claims_caller;
mod clock;
mod firm;
pub mod fixtures;
mod openapi;
pub mod postgres;
mod s3;
mod secure_random;
mod server;

pub use answers::{RecordedAnswer, recorded_answers};
pub use claims_caller::{ClaimsCaller, Got, document};
pub use clock::TestClock;
pub use firm::{Firm, PARIS, artisan, expert};
pub use openapi::{Exchange, Faults, OpenApiChecker};
pub use s3::S3Server;
pub use secure_random::SeededRandom;
pub use server::{Server, ServerOptions};
