//! Allowed addresses of webhooks: public Internet addresses only, so that a webhook cannot make this server
//! call internal services.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address belongs to the public Internet. Source: the IANA registries of special-purpose
/// addresses for IPv4 and IPv6.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(|| is_public_v6(address), is_public_v4),
    }
}

/// Endings of names that no public name server answers for: special-use names (RFC 6761, RFC 6762, RFC 8375,
/// RFC 7686), `internal` (reserved by ICANN in 2024) and what is usual inside private networks.
const PRIVATE_ENDINGS: [&str; 15] = [
    "localhost",
    "local",
    "internal",
    "invalid",
    "test",
    "example",
    "onion",
    "arpa",
    "lan",
    "intranet",
    "private",
    "corp",
    "home",
    "localdomain",
    "alt",
];

/// Whether a host name may be one of the public Internet, by its spelling alone. Nothing is looked up: the
/// answer tells nothing about the names of this server's own network.
pub fn may_be_public_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let Some((_, ending)) = host.rsplit_once('.') else { return false };
    !PRIVATE_ENDINGS.iter().any(|private| ending.eq_ignore_ascii_case(private))
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // shared by carriers
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && (b == 18 || b == 19)); // benchmarks
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only 2000::/3 is global unicast; unique-local, link-local, multicast, loopback and addresses that
    // wrap an IPv4 one lie outside it, but for these:
    let global = first & 0xE000 == 0x2000;
    let special = (first == 0x2001 && (second < 0x0200 || second == 0x0DB8)) // protocols, Teredo; documentation
        || first == 0x2002 // 6to4
        || (first == 0x3FFF && second < 0x1000); // documentation
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_private_networks_are_known_by_their_spelling() {
        for private in
            ["localhost", "localhost.", "db", "vault.internal", "printer.local", "nas.lan", "x.home.arpa", "A.CORP", ""]
        {
            assert!(!may_be_public_name(private), "{private}");
        }
        for public in ["receiver.fr", "hooks.receiver.com.", "local.receiver.fr", "internal-tools.receiver.fr"] {
            assert!(may_be_public_name(public), "{public}");
        }
    }

    #[test]
    fn only_the_public_internet_is_public() {
        for public in ["1.1.1.1", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }
}
