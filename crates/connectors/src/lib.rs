//! Everything outside this server, behind traits that the application owns.

mod clamd;
mod draw;
mod geocoder;
mod http;
mod partner;
mod routing;
mod webhook;

pub use clamd::virus_scanner;
pub use draw::{PASSWORD_QUESTION, PreviewProcess};
pub use geocoder::geocoder;
pub use partner::PartnerOverHttp;
pub use routing::routing_service;
pub use webhook::WebhooksOverHttp;
