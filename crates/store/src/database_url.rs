//! The URL of a PostgreSQL database, and what must not be said of it: its password.
//!
//! libpq quotes parts of a URL that it cannot read. With a reserved sign in the password, such a part is a
//! piece of the password. So a URL is checked here before libpq sees it, with messages that quote nothing,
//! and what libpq says of a sound one is scrubbed of the password all the same.

/// What stands for a secret in a message.
const HIDDEN: &str = "***";

/// Parameters whose values are secret.
const SECRET_PARAMETERS: [&str; 4] = ["password", "sslpassword", "oauth_client_secret", "scram_client_key"];

/// The parts of a URL, as libpq splits it.
struct Parts<'a> {
    /// What comes before the `@`: user name and password.
    user: Option<&'a str>,
    hosts: &'a str,
    database: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"))?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, after) = rest.split_at(end);
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, authority),
        };
        let (path, query) = after.split_once('?').unwrap_or((after, ""));
        Some(Self { user, hosts, database: path.strip_prefix('/').unwrap_or(path), query })
    }

    fn parameters(&self) -> impl Iterator<Item = &'a str> {
        self.query.split('&').filter(|parameter| !parameter.is_empty())
    }
}

/// Refuses a URL that libpq would read otherwise than it was meant, without quoting it.
///
/// # Errors
/// What is wrong, and what to write instead.
pub(crate) fn check(url: &str) -> Result<(), &'static str> {
    const RESERVED: &str = "in the URL of the database, write the signs @ / ? # % and spaces of the user name and the \
                            password percent-encoded: %40 %2F %3F %23 %25 %20";
    let parts = Parts::of(url).ok_or("the URL of the database must start with postgres://")?;
    let user = parts.user.unwrap_or_default();
    let elsewhere = [parts.hosts, parts.database, parts.query];
    let has_spaces = url.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    if user.contains('@') || elsewhere.iter().any(|part| part.contains('@')) || url.contains('#') || has_spaces {
        return Err(RESERVED);
    }
    if !is_percent_encoded(url) {
        return Err("in the URL of the database, a % is not followed by a hexadecimal code: write the sign itself as \
                    %25");
    }
    if !parts.hosts.split(',').all(has_sound_port) {
        return Err(
            "in the URL of the database, the port is not a number; if that is part of the password, write its \
                    signs @ / ? # % percent-encoded: %40 %2F %3F %23 %25",
        );
    }
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|sign| sign.is_ascii_alphabetic() || sign == b'_');
    if !parts.parameters().all(|parameter| parameter.split_once('=').is_some_and(|(name, _)| is_name(name))) {
        return Err(
            "in the URL of the database, what follows the ? must be name=value, joined by &; if it is part of \
                    the password, write its signs @ / ? # % percent-encoded: %40 %2F %3F %23 %25",
        );
    }
    Ok(())
}

fn is_percent_encoded(text: &str) -> bool {
    let mut pieces = text.split('%');
    pieces.next();
    pieces.all(|piece| {
        piece.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit) && digits != b"00")
    })
}

fn has_sound_port(host: &str) -> bool {
    let after = match host.strip_prefix('[') {
        Some(v6) => match v6.split_once(']') {
            Some((_address, after)) => after,
            None => return false,
        },
        None => return host.split_once(':').is_none_or(|(_host, port)| is_port(port)),
    };
    after.is_empty() || after.strip_prefix(':').is_some_and(is_port)
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether the URL holds a password.
pub fn has_password(url: &str) -> bool {
    !secrets(url).is_empty()
}

/// The secrets of a URL, as they are written and decoded; the longest first.
fn secrets(url: &str) -> Vec<String> {
    let Some(parts) = Parts::of(url) else { return Vec::new() };
    let mut written: Vec<&str> = Vec::new();
    // Liberally: up to the last @ of the whole URL, should the password hold reserved signs.
    let whole = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(user, _)| user);
    written.extend([parts.user, whole].into_iter().flatten().filter_map(|user| Some(user.split_once(':')?.1)));
    let of_parameters = parts.parameters().filter_map(|parameter| parameter.split_once('='));
    let is_secret = |name: &str| SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret));
    written.extend(of_parameters.filter(|(name, _)| is_secret(name)).map(|(_, value)| value));
    let mut found: Vec<String> = written.iter().flat_map(|text| [(*text).to_owned(), decoded(text)]).collect();
    found.retain(|secret| !secret.is_empty());
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    found.dedup();
    found
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((sign, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.filter(|_| *sign == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*sign));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The message without the secrets of the URL.
pub(crate) fn scrub(message: &str, url: &str) -> String {
    secrets(url).iter().fold(message.to_owned(), |message, secret| message.replace(secret.as_str(), HIDDEN))
}

/// The URL without its secrets, for people to recognise.
pub(crate) fn shown(url: &str) -> String {
    scrub(url, url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_url_passes() {
        for url in [
            "postgres://",
            "postgres://constat@db.example/constat",
            "postgres://constat:secret@db.example:5432/constat?sslmode=disable",
            "postgresql://constat:a%40b%2Fc:d@db1:5432,db2:5433/constat",
            "postgres://constat@[2001:db8::1]:5432/constat",
            "postgres:///constat?host=/run/postgresql&user=constat",
            "postgres://%2Frun%2Fpostgresql/constat",
            "postgres://constat@db.example/constat?options=-c%20search_path%3Dx",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn a_password_with_a_reserved_sign_is_refused_without_a_piece_of_it() {
        for url in [
            "postgres://constat:hunter@two@db.example/constat",
            "postgres://constat:hunter/two@db.example/constat",
            "postgres://constat:hunter?two@db.example/constat",
            "postgres://constat:12?hunter@db.example/constat",
            "postgres://constat:12/hunter@db.example/constat",
            "postgres://constat:hunter#two@db.example/constat",
            "postgres://constat:hunter%two@db.example/constat",
            "postgres://constat:hunter%@db.example/constat",
            "postgres://constat:hunter%00two@db.example/constat",
            "postgres://constat:hunter two@db.example/constat",
            "postgres://constat:hunter/two",
            "postgres://constat:hunter",
            "postgres://constat:12?hunter",
            "postgres://constat@db.example/constat?password=hunter@two",
            "postgres://constat@db.example/constat?password=x&hunter",
            "postgres://constat@db.example/constat?hunter-two=1",
            "postgres://constat@db.example:hunter/constat",
            "postgres://[hunter/constat",
            "host=db.example password=hunter",
        ] {
            let message = check(url).expect_err(url);
            for piece in ["hunter", "two", "db.example"] {
                assert!(!message.contains(piece), "{url}: {message}");
            }
        }
    }

    #[test]
    fn what_libpq_says_is_scrubbed_of_every_spelling_of_the_password() {
        let url = "postgres://constat:a%40b%C3%A9@db.example/constat?sslpassword=k%2Fey&password=third";
        for secret in ["a%40b%C3%A9", "a@bé", "k%2Fey", "k/ey", "third"] {
            let scrubbed = scrub(&format!("invalid value \"{secret}\" for user constat"), url);
            assert_eq!(scrubbed, "invalid value \"***\" for user constat");
        }
        assert_eq!(shown("postgres://constat:a@b@db/x"), "postgres://constat:***@db/x");
        assert!(has_password(url) && has_password("postgres://u:p@h/d"));
        assert!(!has_password("postgres://u@h/d") && !has_password("") && !has_password("postgres:///d?host=/x"));
    }
}
