//! Port for sending webhooks. `constat-connectors` implements it over HTTP.

use futures_util::future::BoxFuture;

/// A message to a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRequest {
    /// Where.
    pub url: String,
    /// Headers besides the content type: lower-case names.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

/// Why a receiver gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFailure {
    /// It did not answer in time.
    Timeout,
    /// It cannot be reached, or broke off.
    Unreachable,
    /// Its certificate is untrusted, for another host, or expired.
    Certificate,
    /// Its name leads to no address of the public Internet, or it is not spoken to in this way. Whether the name
    /// exists is not told.
    AddressRefused,
}

impl SendFailure {
    /// The word in the delivery log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Certificate => "certificate",
            Self::AddressRefused => "address_refused",
        }
    }
}

/// Sends webhooks.
pub trait WebhookSender: Send + Sync + 'static {
    /// Says what is wrong with an address that is to be registered, by its spelling: not a URL, not `https`, or
    /// the address or name of a private network. No name is resolved.
    fn check<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), String>>;

    /// Sends one request and gives the answer's status. The answer's body is not read; redirects are
    /// not followed; the address is judged again.
    fn post(&self, request: WebhookRequest) -> BoxFuture<'_, Result<u16, SendFailure>>;
}

/// A server that sends nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWebhookSender;

impl WebhookSender for NoWebhookSender {
    fn check<'a>(&'a self, _url: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(std::future::ready(Err("this server sends no webhooks".to_owned())))
    }

    fn post(&self, _request: WebhookRequest) -> BoxFuture<'_, Result<u16, SendFailure>> {
        Box::pin(std::future::ready(Err(SendFailure::Unreachable)))
    }
}
