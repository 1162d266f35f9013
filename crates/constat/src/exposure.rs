//! What a server that starts says of its place on the network: open files, connections, addresses without TLS.

use std::net::{IpAddr, SocketAddr};

use constat_core::RequestSettings;

/// Open files of a connection, at most: its socket, and the document that it is sent.
const FILES_PER_CONNECTION: u64 = 2;

/// Open files for everything else: the database, its readers, the log, the operators' listener, webhooks,
/// partners, previews.
const RESERVED_FILES: u64 = 512;

/// Raises the limit of open files as far as the system allows and `connections` needs. Where that is not
/// enough, lowers `connections`, so that the database and the health checks never find all files taken.
/// Gives what to log.
pub fn bound_connections(settings: &mut RequestSettings) -> Option<String> {
    let wanted = u64::from(settings.connections) * FILES_PER_CONNECTION + RESERVED_FILES;
    let granted = open_files(wanted)?;
    let most = connections_within(granted);
    if settings.connections <= most {
        return None;
    }
    let asked = std::mem::replace(&mut settings.connections, most);
    Some(format!(
        "the system allows {granted} open files: {most} connections are taken at once instead of {asked} \
         (requests.connections); allow {wanted} files (ulimit -n, LimitNOFILE)"
    ))
}

/// Number of connections that a limit of open files allows.
fn connections_within(files: u64) -> u32 {
    let for_connections = files.saturating_sub(RESERVED_FILES.min(files / 2));
    u32::try_from(for_connections / FILES_PER_CONNECTION).unwrap_or(u32::MAX).max(1)
}

/// Raises the limit and gives what it is now; `None` where there is none to ask for.
fn open_files(wanted: u64) -> Option<u64> {
    #[cfg(unix)]
    {
        use rlimit::Resource;
        let (soft, hard) = Resource::NOFILE.get().ok()?;
        let raised = wanted.min(hard);
        if raised > soft && Resource::NOFILE.set(raised, hard).is_ok() {
            return Some(raised);
        }
        Some(soft)
    }
    #[cfg(not(unix))]
    {
        let _unlimited = wanted;
        None
    }
}

/// What to log of a server whose clients may reach it without TLS; `None` when it listens on this machine alone, or
/// on a private address and `public_url` says that a proxy in front of it speaks TLS.
pub fn plaintext_warning(listen: SocketAddr, public_url: &str) -> Option<String> {
    let is_far = host_of(public_url).is_some_and(|host| !is_this_machine(host));
    if public_url.starts_with("https://") {
        return (!is_private(listen.ip())).then(|| {
            format!(
                "plain HTTP is open to every machine that reaches {listen}, beside the proxy at {public_url}: let the \
                 server listen on 127.0.0.1 if the proxy is on this machine, or on the private address that the proxy \
                 reaches if it is on another one (listen, --listen; docs/operations.md, \"TLS\")"
            )
        });
    }
    if listen.ip().is_loopback() && !is_far {
        return None;
    }
    Some(format!(
        "keys and personal data travel without TLS: the server listens on {listen} and is reached at {public_url}; put \
         a proxy that speaks TLS in front of it, let it listen on 127.0.0.1 (listen), and set public_url to the proxy's \
         https:// address and requests.trusted_addresses to the proxy's own (docs/operations.md, \"TLS\")"
    ))
}

/// What to log of an operators' listener that other machines may reach.
pub fn metrics_warning(listen: SocketAddr) -> Option<String> {
    let message = "the metrics need no key: let only your monitoring reach the address (metrics.listen)";
    (!listen.ip().is_loopback()).then(|| format!("{message}, which is {listen}"))
}

fn host_of(url: &str) -> Option<&str> {
    let authority = url.split_once("://")?.1.split('/').next()?;
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => authority.rsplit_once(':').map_or(authority, |(host, _port)| host),
    };
    Some(host).filter(|host| !host.is_empty())
}

/// Whether the internet has no way to the address: this machine's own, of a private network, or of one link.
/// Every address at once (`0.0.0.0`, `::`) is none.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_database_and_the_documents() {
        for (files, most) in [(64, 16), (1024, 256), (4096, 1792), (1_048_576, 524_032)] {
            assert_eq!(connections_within(files), most, "{files} files");
        }
        assert_eq!(connections_within(0), 1);
    }

    #[test]
    fn an_address_that_others_reach_without_tls_is_warned_about() {
        let warned = |listen: &str, url: &str| plaintext_warning(listen.parse().unwrap(), url).is_some();
        assert!(!warned("127.0.0.1:8080", "http://127.0.0.1:8080"));
        assert!(!warned("127.0.0.1:8080", "http://localhost:8080"));
        assert!(!warned("[::1]:8080", "http://[::1]:8080"));
        assert!(!warned("127.0.0.1:8080", "https://constat.example"));
        for private in ["10.0.0.1:8080", "192.168.1.4:8080", "[fd00::1]:8080", "[::ffff:172.16.0.1]:8080"] {
            assert!(!warned(private, "https://constat.example"), "{private}");
        }
        for open in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080", "[2001:db8::1]:8080"] {
            let warning = plaintext_warning(open.parse().unwrap(), "https://constat.example").expect(open);
            for way in ["127.0.0.1", "private address", "https://constat.example", open] {
                assert!(warning.contains(way), "{warning}");
            }
        }
        assert!(warned("0.0.0.0:8080", "http://127.0.0.1:8080"));
        assert!(warned("[::]:8080", "http://127.0.0.1:8080"));
        assert!(warned("192.0.2.1:80", "http://192.0.2.1"));
        assert!(warned("10.0.0.1:8080", "http://10.0.0.1:8080"));
        assert!(warned("127.0.0.1:8080", "http://constat.example"), "a proxy without TLS");
        let warning = plaintext_warning("0.0.0.0:80".parse().unwrap(), "http://constat.example").unwrap();
        for name in ["TLS", "public_url", "requests.trusted_addresses", "0.0.0.0:80"] {
            assert!(warning.contains(name), "{warning}");
        }
        assert!(metrics_warning("0.0.0.0:9464".parse().unwrap()).is_some());
        assert!(metrics_warning("127.0.0.1:9464".parse().unwrap()).is_none());
    }
}
