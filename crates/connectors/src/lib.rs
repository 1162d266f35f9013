//! Everything outside this server, behind traits that the application owns.

mod geocoder;
mod http;
mod partner;
mod routing;

pub use geocoder::geocoder;
pub use partner::PartnerOverHttp;
pub use routing::routing_service;
