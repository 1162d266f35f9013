//! The HTTP suite: what users of the three contracts notice, against a real server and database.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails loudly, in its helpers too")]

mod basics;
mod concurrency;
mod partner_bad_input;
mod partner_calendars;
mod partner_life;
mod partner_sessions;
mod partner_support;
mod cli;
mod claims;
mod claims_bad_input;
mod claim_appointments;
mod flow;
mod platform_support;
mod documents;
mod dossier;
mod openapi;
mod prime;
