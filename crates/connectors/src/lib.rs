//! Everything outside this server, behind traits that the application owns.

mod partner;

pub use partner::PartnerOverHttp;
