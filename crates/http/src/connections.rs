//! Limits on open connections, in total and for each client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use constat_core::{Network, RequestSettings, client_group};

/// Connections that are being refused at once; further ones are closed without an answer.
const MAX_REFUSALS: u32 = 64;

/// Counts the open connections of one listener.
pub(crate) struct Connections {
    max: u32,
    max_per_client: u32,
    trusted: Vec<Network>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    total: u32,
    refusals: u32,
    by_client: HashMap<IpAddr, u32>,
}

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// The total limit is reached.
    Total,
    /// The client's limit is reached.
    OfClient,
}

/// An open connection, released on drop.
pub(crate) struct Permit {
    connections: Arc<Connections>,
    of: Counted,
}

enum Counted {
    Exempt,
    Client(IpAddr),
    Refusal,
}

impl Connections {
    pub(crate) fn new(settings: &RequestSettings) -> Arc<Self> {
        Arc::new(Self {
            max: settings.connections,
            max_per_client: settings.connections_per_address,
            trusted: settings.trusted_networks(),
            open: Mutex::default(),
        })
    }

    /// Counts a connection from this address, unless a limit is reached.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Permit, Excess> {
        let mut open = self.open();
        if open.total >= self.max {
            return Err(Excess::Total);
        }
        let is_exempt = self.max_per_client == 0 || self.trusted.iter().any(|network| network.contains(address));
        let of = if is_exempt {
            Counted::Exempt
        } else {
            let client = client_group(address);
            let count = open.by_client.entry(client).or_default();
            if *count >= self.max_per_client {
                return Err(Excess::OfClient);
            }
            *count += 1;
            Counted::Client(client)
        };
        open.total += 1;
        Ok(Permit { connections: Arc::clone(self), of })
    }

    /// Counts a connection that is refused with an answer, unless too many are being refused.
    pub(crate) fn admit_refusal(self: &Arc<Self>) -> Option<Permit> {
        let mut open = self.open();
        if open.refusals >= MAX_REFUSALS {
            return None;
        }
        open.refusals += 1;
        Some(Permit { connections: Arc::clone(self), of: Counted::Refusal })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing here panics half-way through a change.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        match self.of {
            Counted::Refusal => open.refusals -= 1,
            Counted::Exempt => open.total -= 1,
            Counted::Client(client) => {
                open.total -= 1;
                if let Some(count) = open.by_client.get_mut(&client) {
                    *count -= 1;
                    if *count == 0 {
                        open.by_client.remove(&client);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(max: u32, per_address: u32, trusted: &[&str]) -> Arc<Connections> {
        Connections::new(&RequestSettings {
            connections: max,
            connections_per_address: per_address,
            trusted_addresses: trusted.iter().map(|text| (*text).to_owned()).collect(),
            ..RequestSettings::default()
        })
    }

    fn admit(connections: &Arc<Connections>, address: &str) -> Result<Permit, Excess> {
        connections.admit(address.parse().unwrap())
    }

    #[test]
    fn one_client_has_its_share_and_leaves_room_for_others() {
        let connections = connections(5, 2, &["127.0.0.0/8"]);
        let first = admit(&connections, "192.0.2.1").ok().unwrap();
        let _second = admit(&connections, "::ffff:192.0.2.1").ok().unwrap();
        assert_eq!(admit(&connections, "192.0.2.1").err(), Some(Excess::OfClient));
        let _other = admit(&connections, "192.0.2.2").ok().unwrap();
        drop(first);
        let _again = admit(&connections, "192.0.2.1").ok().unwrap();
        let _exempt = admit(&connections, "127.0.0.1").ok().unwrap();
        let _exempt_too = admit(&connections, "127.0.0.1").ok().unwrap();
        assert_eq!(admit(&connections, "127.0.0.1").err(), Some(Excess::Total));
    }

    #[test]
    fn the_addresses_of_one_ipv6_subscriber_share_a_bound() {
        let connections = connections(100, 1, &[]);
        let _held = admit(&connections, "2001:db8:0:1::1").ok().unwrap();
        assert_eq!(admit(&connections, "2001:db8:0:1:ffff::2").err(), Some(Excess::OfClient));
        assert!(admit(&connections, "2001:db8:0:2::1").is_ok());
    }

    #[test]
    fn without_a_bound_only_the_total_counts_and_nothing_is_left_behind() {
        let connections = connections(3, 0, &[]);
        let held: Vec<_> = (0..3).map(|_| admit(&connections, "192.0.2.1").ok().unwrap()).collect();
        assert_eq!(admit(&connections, "192.0.2.9").err(), Some(Excess::Total));
        drop(held);
        let open = connections.open();
        assert_eq!((open.total, open.by_client.len()), (0, 0));
    }
}
