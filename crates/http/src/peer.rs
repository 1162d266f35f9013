//! The client behind a request: the other end of its connection, or what a trusted proxy says of it.

use std::net::IpAddr;

use constat_core::Network;
use http::{HeaderMap, HeaderName};

/// The header in which proxies name the client, nearest proxy last.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of the connection that a request came on. In the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Peer {
    /// The address of the client. Behind trusted proxies it is the last address of `X-Forwarded-For` that
    /// is none of theirs; `None` when they name none.
    pub(crate) fn client(self, headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
        let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
        if !is_trusted(self.0) {
            return Some(self.0);
        }
        let values = headers.get_all(FORWARDED_FOR).into_iter().filter_map(|value| value.to_str().ok());
        let named: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
        let addresses = named.into_iter().rev().map_while(|text| text.trim().parse::<IpAddr>().ok());
        addresses.map(|address| address.to_canonical()).find(|address| !is_trusted(*address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> Option<String> {
        let trusted = ["127.0.0.0/8", "10.0.0.0/8"].map(|text| text.parse().unwrap());
        let headers = forwarded.iter().map(|value| (FORWARDED_FOR, value.parse().unwrap())).collect();
        Peer(peer.parse().unwrap()).client(&headers, &trusted).map(|address| address.to_string())
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_about_its_own_client() {
        assert_eq!(client("203.0.113.9", &["192.0.2.1"]).as_deref(), Some("203.0.113.9"), "a stranger's header");
        assert_eq!(client("10.0.0.1", &["192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(client("10.0.0.1", &["198.51.100.7, 192.0.2.1", "10.0.0.2"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(client("10.0.0.1", &["2001:db8::1"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(client("127.0.0.1", &[]), None);
        assert_eq!(client("127.0.0.1", &["10.0.0.3"]), None);
        assert_eq!(client("127.0.0.1", &["192.0.2.1, unknown"]), None, "what the proxy says cannot be read");
    }
}
