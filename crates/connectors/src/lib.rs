//! Everything outside this server, behind traits that the application owns.

mod geocoder;
mod partner;
mod routing;

pub use geocoder::{BanGeocoder, geocoder};
pub use partner::PartnerOverHttp;
pub use routing::routing_service;
