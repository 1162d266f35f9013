//! The HTTP suite: what users of the three contracts notice, against a real server and database.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails loudly, in its helpers too")]

mod abuse;
mod basics;
mod catalogue;
mod claim_appointments;
mod claims;
mod claims_bad_input;
mod cli;
mod concurrency;
mod contract;
mod day_plan;
mod deadlines;
mod document_review;
mod document_stores;
mod documents;
mod dossier;
mod dry_run;
mod erasure;
mod events;
mod exchange;
mod flow;
mod fuzz;
mod geo;
mod geocoder;
mod import;
mod joint;
mod life_cycle;
mod metrics;
mod one_model;
mod openapi;
mod osrm;
mod pages;
mod partner_bad_input;
mod partner_calendars;
mod partner_eligibility;
mod partner_life;
mod partner_sessions;
mod partner_support;
mod photos;
mod platform_support;
mod prime;
mod receiver;
mod routing;
mod visits;
mod webhooks;
