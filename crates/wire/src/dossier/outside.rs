//! Addresses that a declaration gives of files kept elsewhere. The server never follows them, and hands them out
//! as outside links, not in the shape of a file.

use constat_domain::claim::is_program_name;
use constat_domain::ids::DocumentId;
use serde_json::{Map, Value, json};

/// Top-level names that are of no public site (RFC 2606, RFC 6761, RFC 6762, RFC 8375, RFC 9476, and names in
/// common private use).
const PRIVATE_TOP_LEVELS: [&str; 18] = [
    "alt",
    "arpa",
    "corp",
    "domain",
    "home",
    "host",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "onion",
    "private",
    "svc",
    "test",
];

/// The only ports that an address may name.
const PORTS: [&str; 4] = ["", "80", "443", "8443"];

const NOT_AN_ADDRESS: &str = "expected the id of one of the claim's documents, or an address that starts with https:// or \
                              http://";
const NOT_PUBLIC: &str = "expected the address of a public site by its name, without a user, and on a usual port";
const PROGRAM: &str = "expected the address of a picture or a document: this one leads to a program";

/// The host of an http(s) address that may be handed on as an outside link. The message says what is wrong with
/// any other: it is no address (RFC 3986), its host is no name of a public site (an IP address in any notation, a
/// name without a dot, a private name), or it leads to a program.
pub(super) fn outside_host(address: &str) -> Result<String, &'static str> {
    let rest = without_scheme(address).filter(|rest| is_plain(rest)).ok_or(NOT_AN_ADDRESS)?;
    let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |place| rest.split_at(place));
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    if !PORTS.contains(&port) || !is_public(host) {
        return Err(NOT_PUBLIC);
    }
    if decoded(path).split(['/', '?', '&', '=', ';', ',', '\\']).any(is_program_name) {
        return Err(PROGRAM);
    }
    Ok(host.to_ascii_lowercase())
}

fn without_scheme(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    is_web.then_some(rest)
}

/// Whether there is nothing in it that an address may not hold.
fn is_plain(rest: &str) -> bool {
    let mut letters = rest.bytes();
    while let Some(letter) = letters.next() {
        let is_escape = |one: Option<u8>, two: Option<u8>| {
            [one, two].into_iter().all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
        };
        let fits = match letter {
            b'%' => is_escape(letters.next(), letters.next()),
            b'#' => false,
            _ => letter.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=".contains(&letter),
        };
        if !fits {
            return false;
        }
    }
    true
}

/// Whether it is a domain name of a public site: labels of letters, digits and hyphens, the last of them letters.
fn is_public(host: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let Some(last) = labels.last() else { return false };
    let is_top_level = last.len() >= 2
        && (last.bytes().all(|byte| byte.is_ascii_alphabetic())
            || last.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--")))
        && !PRIVATE_TOP_LEVELS.iter().any(|private| last.eq_ignore_ascii_case(private));
    host.len() <= 253 && labels.len() >= 2 && is_top_level && labels.iter().all(is_label)
}

/// A path with its percent escapes decoded, twice: some servers do.
fn decoded(path: &str) -> String {
    let once = |text: &str| {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let escape = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
            if let Some(byte) = escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                bytes.push(byte);
                rest = &after[2..];
            } else {
                bytes.push(*first);
                rest = after;
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    once(&once(path))
}

/// The declared damages as they are handed out: an attachment that names one of the server's documents becomes
/// its id, any other an outside link, and one that may not be handed on is left out.
pub(crate) fn handed_out(mut tree: Value) -> Value {
    rewrite(&mut tree);
    tree
}

fn rewrite(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.retain_mut(keeps);
            items.iter_mut().for_each(rewrite);
        }
        Value::Object(fields) => {
            fields.retain(|_, field| keeps(field));
            fields.values_mut().for_each(rewrite);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Turns a reference to a file into what is handed out of it. Says whether anything is.
fn keeps(value: &mut Value) -> bool {
    let Some(fields) = value.as_object() else { return true };
    let Some(address) = address(fields) else { return true };
    let id = fields.get("id").and_then(Value::as_str).filter(|id| id.parse::<DocumentId>().is_ok());
    let handed = match id {
        Some(id) => Some(json!(id)),
        None => outside_host(address).ok().map(|host| json!({ "outsideLink": address, "source": host })),
    };
    let is_kept = handed.is_some();
    *value = handed.unwrap_or_default();
    is_kept
}

fn address(fields: &Map<String, Value>) -> Option<&str> {
    fields.get("href").or_else(|| fields.get("outsideLink")).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_public_sites_are_handed_on() {
        for (good, host) in [
            ("https://claims.example/files/1?sig=abc", "claims.example"),
            ("http://photos.example.com/a%20b.jpg", "photos.example.com"),
            ("HTTPS://Photos.Example.COM:443/2024/01/img.JPEG?w=100", "photos.example.com"),
            ("https://xn--dgts-bpa.xn--p1ai/x", "xn--dgts-bpa.xn--p1ai"),
        ] {
            assert_eq!(outside_host(good).as_deref(), Ok(host), "{good}");
        }
    }

    #[test]
    fn private_and_odd_addresses_are_refused() {
        for bad in [
            "http://169.254.169.254/latest/meta-data/",
            "http://127.0.0.1:8080/a",
            "http://localhost/a",
            "https://h",
            "http://10.0.0.1",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[fd00::1]/x.jpg",
            "https://metadata.google.internal/",
            "https://printer.local/x.jpg",
            "https://intranet/x.jpg",
            "https://claims.example:22/x.jpg",
            "https://user:secret@claims.example/x.jpg",
            "https://claims.example@169.254.169.254/x.jpg",
            "https://claims.example./x.jpg",
            "https://-a.example/x.jpg",
            "javascript:alert(1)",
            "data:text/html,<script>",
            "file:///etc/passwd",
            "ftp://claims.example/x.jpg",
            "//claims.example/x.jpg",
            "/v2/files/abc",
            "https://",
            "https:///x.jpg",
            "https://claims.example/a b",
            "https://claims.example/a#b",
            "https://claims.example/%2",
            "https://cl\u{e9}ims.example/x.jpg",
            "",
            "x",
        ] {
            assert!(outside_host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_of_programs_are_refused() {
        for bad in [
            "https://claims.example/x.exe",
            "https://claims.example/photo.jpg.EXE",
            "https://claims.example/x.hta?y=1",
            "https://claims.example/get?file=photo.jpg.scr",
            "https://claims.example/x%2Eexe",
            "https://claims.example/x%252Eexe",
            "https://claims.example/x.exe/photo.jpg",
            "https://claims.example/x.lnk.",
        ] {
            assert_eq!(outside_host(bad), Err(PROGRAM), "{bad}");
        }
    }

    #[test]
    fn attachments_are_handed_out_as_outside_links() {
        let own = DocumentId::new(jiff::Timestamp::UNIX_EPOCH, &[7; 10]).to_string();
        let file = |href: &str| json!({ "type": "Photo", "fileName": "x.jpg", "mimeType": "image/jpeg", "href": href });
        let tree = json!({ "contentDamages": [{
            "name": "TV",
            "invoice": file("http://169.254.169.254/x"),
            "pictures": [
                own.clone(),
                file("https://photos.example.com/1.jpg"),
                file("http://10.0.0.1/1.jpg"),
                { "id": own.clone(), "type": "Photo", "href": "https://elsewhere.example/1.jpg" },
                { "outsideLink": "https://photos.example.com/2.jpg", "source": "La Banque" },
            ],
        }] });
        let outside = |number: u8| {
            json!({
                "outsideLink": format!("https://photos.example.com/{number}.jpg"),
                "source": "photos.example.com",
            })
        };
        let pictures = json!([own.clone(), outside(1), own, outside(2)]);
        assert_eq!(handed_out(tree), json!({ "contentDamages": [{ "name": "TV", "pictures": pictures }] }));
    }
}
