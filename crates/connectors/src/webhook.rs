//! Webhooks over HTTP: judges where they lead, by spelling when they are registered, by address on every
//! connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use constat_claims::webhooks::{SendFailure, WebhookRequest, WebhookSender};
use constat_core::WebhookSettings;
use constat_domain::webhook::{is_public, may_be_public_name};
use futures_util::future::BoxFuture;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CONTENT_TYPE;

/// Longest wait for the name of a host.
const NAME_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends webhooks over HTTP.
pub struct WebhooksOverHttp {
    allow_private: bool,
    timeout: Duration,
    /// For `https`. Made when it is needed: the machine may have no certificates, and a server
    /// without webhooks needs none.
    secure: OnceLock<Option<reqwest::Client>>,
    plain: OnceLock<Option<reqwest::Client>>,
}

/// A host's name leads nowhere, or to addresses inside a private network, all or some of them. One answer for
/// all, so that the delivery log does not tell which names exist inside this server's network.
#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the address is not on the public Internet")
    }
}

impl std::error::Error for Refused {}

/// Resolves a name to public addresses only. The connection is made to exactly what was judged, so a
/// name that changes its mind in between gains nothing.
struct PublicOnly {
    allow_private: bool,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            if allow_private {
                let addresses: Addrs = Box::new(look_up(&name).await?.into_iter());
                return Ok(addresses);
            }
            let looked_up = tokio::time::timeout(NAME_TIMEOUT, look_up(&name)).await;
            let found = looked_up.map_err(|_slow| Refused)?.map_err(|_unknown| Refused)?;
            if found.is_empty() || found.iter().any(|address| !is_public(address.ip())) {
                return Err(Refused.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

async fn look_up(name: &Name) -> std::io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect())
}

/// The address that a URL names itself, without a name to resolve.
fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

impl WebhooksOverHttp {
    /// A sender with these settings.
    pub fn new(settings: &WebhookSettings) -> Self {
        Self {
            allow_private: settings.allow_private,
            timeout: Duration::from_millis(settings.timeout_ms),
            secure: OnceLock::new(),
            plain: OnceLock::new(),
        }
    }

    /// What is wrong with a URL before anything is resolved.
    fn read(&self, text: &str) -> Result<Url, String> {
        let url = Url::parse(text).map_err(|_no_url| "expected a URL such as https://receiver.example/events")?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_private => {}
            _ => return Err("expected https://".to_owned()),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user name or password: messages are signed".to_owned());
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err("expected a host".to_owned());
        }
        Ok(url)
    }

    /// What is wrong with a URL by its spelling. No name is resolved here: an answer that depends on it would
    /// tell which names exist inside this server's network.
    fn judge(&self, text: &str) -> Result<(), String> {
        let url = self.read(text)?;
        let host = url.host_str().unwrap_or_default();
        let is_public = literal(&url).map_or_else(|| may_be_public_name(host), is_public);
        if self.allow_private || is_public {
            return Ok(());
        }
        Err("expected a host of the public Internet, such as https://hooks.receiver.fr/events".to_owned())
    }

    fn client(&self, url: &Url) -> Option<&reqwest::Client> {
        let is_plain = url.scheme() == "http";
        let place = if is_plain { &self.plain } else { &self.secure };
        place
            .get_or_init(|| {
                let builder = reqwest::Client::builder()
                    .timeout(self.timeout)
                    .redirect(reqwest::redirect::Policy::none())
                    .no_proxy()
                    .dns_resolver(Arc::new(PublicOnly { allow_private: self.allow_private }))
                    .user_agent(concat!("constat/", env!("CARGO_PKG_VERSION")));
                // Plain HTTP needs no certificates: loading the machine's takes time, and may find none.
                let builder = if is_plain { builder.tls_certs_only([]) } else { builder };
                let built = builder.build();
                if let Err(error) = &built {
                    tracing::error!(%error, "webhooks cannot be sent");
                }
                built.ok()
            })
            .as_ref()
    }

    async fn send(&self, request: WebhookRequest) -> Result<u16, SendFailure> {
        let url = self.read(&request.url).map_err(|_refused| SendFailure::AddressRefused)?;
        // The client resolves names only: an address in the URL is judged here.
        if !self.allow_private && literal(&url).is_some_and(|address| !is_public(address)) {
            return Err(SendFailure::AddressRefused);
        }
        let client = self.client(&url).ok_or(SendFailure::Unreachable)?;
        let mut call = client.post(url).header(CONTENT_TYPE, "application/json").body(request.body);
        for (name, value) in request.headers {
            call = call.header(name, value);
        }
        match call.send().await {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) if is_refused(&error) => Err(SendFailure::AddressRefused),
            Err(error) if error.is_timeout() => Err(SendFailure::Timeout),
            Err(error) if is_about_the_certificate(&error) => Err(SendFailure::Certificate),
            Err(_error) => Err(SendFailure::Unreachable),
        }
    }
}

/// Whether our own resolver refused the name.
fn is_refused(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(known) = cause {
        if known.is::<Refused>() {
            return true;
        }
        cause = known.source();
    }
    false
}

/// Whether the receiver's certificate is why there is no connection. The cause lies inside an I/O error, which
/// does not tell it as its source.
fn is_about_the_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(known) = cause {
        if let Some(rustls::Error::InvalidCertificate(_)) = known.downcast_ref() {
            return true;
        }
        let within = known.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match within {
            Some(within) => Some(within),
            None => known.source(),
        };
    }
    false
}

impl WebhookSender for WebhooksOverHttp {
    fn check<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(std::future::ready(self.judge(url)))
    }

    fn post(&self, request: WebhookRequest) -> BoxFuture<'_, Result<u16, SendFailure>> {
        Box::pin(self.send(request))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;

    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ServerConfig, ServerConnection, StreamOwned};

    use super::*;

    /// Self-signed; its key is used for nothing else.
    const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBXjCCARCgAwIBAgIULscUbSjCFNDs9WFwL0PGd9sHO4wwBQYDK2VwMBsxGTAX
BgNVBAMMEHJlY2VpdmVyLmV4YW1wbGUwIBcNMjYxMTIyMTQ1MzA2WhgPMjEyNjEw
MjkxNDUzMDZaMBsxGTAXBgNVBAMMEHJlY2VpdmVyLmV4YW1wbGUwKjAFBgMrZXAD
IQAr+32uuX+tp642RwEvbnt8V2D4ZUanXUdvdwGYJFbUQaNkMGIwHQYDVR0OBBYE
FHNfPC/lJ2cWTUsYoVED7WmMaDeYMB8GA1UdIwQYMBaAFHNfPC/lJ2cWTUsYoVED
7WmMaDeYMA8GA1UdEwEB/wQFMAMBAf8wDwYDVR0RBAgwBocEfwAAATAFBgMrZXAD
QQBksJ6+bxcp6h+yvEHOzbpKYsS5ni78BoP3NyKX+0uiEe53RHKDzSWJSRtzocaD
tbReQLRsaFnA9GbWd0P2a5QK
-----END CERTIFICATE-----";
    const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIKve6j1UfQGKjG3jIb3oaxSTb9szCHGkzXOdcYJd+A9A
-----END PRIVATE KEY-----";

    fn receiver() -> SocketAddr {
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let connection = ServerConnection::new(Arc::new(config)).unwrap();
            let mut stream = StreamOwned::new(connection, listener.accept().unwrap().0);
            let _refused = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        });
        address
    }

    #[tokio::test]
    async fn a_name_of_this_network_and_one_that_does_not_exist_are_told_alike() {
        let door = WebhooksOverHttp::new(&WebhookSettings { timeout_ms: 5_000, ..WebhookSettings::default() });
        let _installed = rustls::crypto::ring::default_provider().install_default();
        for host in ["localhost", "localhost.", "no-such-name.invalid", "no-such-name.localhost"] {
            let url = format!("https://{host}/events");
            let told = door.post(WebhookRequest { url, headers: Vec::new(), body: "{}".to_owned() }).await;
            assert_eq!(told, Err(SendFailure::AddressRefused), "{host}");
        }
        // At registration nothing is looked up: what is spelt alike is answered alike.
        for (one, other) in [("localhost", "no-such-name"), ("db.internal", "no-such-name.internal")] {
            let answers = [one, other].map(|host| door.judge(&format!("https://{host}/events")));
            assert_eq!(answers[0], answers[1]);
            assert!(answers[0].is_err());
        }
        for accepted in ["https://no-such-name.receiver.fr/x", "https://93.184.216.34/x"] {
            assert_eq!(door.judge(accepted), Ok(()));
        }
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_vouches_for_is_told_from_a_receiver_that_is_away() {
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let settings = WebhookSettings { allow_private: true, timeout_ms: 5_000, ..WebhookSettings::default() };
        let door = WebhooksOverHttp::new(&settings);
        let request = |url: String| WebhookRequest { url, headers: Vec::new(), body: "{}".to_owned() };
        let told = door.post(request(format!("https://{}/events", receiver()))).await;
        assert_eq!(told, Err(SendFailure::Certificate));
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let told = door.post(request(format!("https://{closed}/events"))).await;
        assert_eq!(told, Err(SendFailure::Unreachable));
    }
}
