//! What the adapters' HTTP clients have in common.

use std::time::Duration;

use reqwest::{ClientBuilder, Response, Url};

/// A client for one service, still to be built: nothing is followed elsewhere, and the machine's proxy
/// settings are not used.
pub(crate) fn client(service: &Url, timeout: Duration) -> ClientBuilder {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails only when another thread was faster, which is as good.
        let _installed = rustls::crypto::ring::default_provider().install_default();
    }
    let builder = reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("constat/", env!("CARGO_PKG_VERSION")));
    // Plain HTTP needs no certificates: loading the machine's takes time, and may find none.
    if service.scheme() == "http" { builder.tls_certs_only([]) } else { builder }
}

/// The body of an answer; `None` when it is longer than `most` bytes.
pub(crate) async fn body(mut answer: Response, most: usize) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await? {
        if body.len() + part.len() > most {
            return Ok(None);
        }
        body.extend_from_slice(&part);
    }
    Ok(Some(body))
}
