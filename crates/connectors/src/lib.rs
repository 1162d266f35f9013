//! Everything outside this server, behind traits that the application owns.

mod partner;
mod routing;

pub use partner::PartnerOverHttp;
pub use routing::routing_service;
