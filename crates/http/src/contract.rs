//! The differences between the three contracts: the header of the key, and the format of errors.

use std::borrow::Cow;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use constat_domain::ids::ExecutionId;
use constat_domain::tenancy::Api;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};

use crate::Problem;

/// One of the three public contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// The API.
    pub api: Api,
    /// The header of the key.
    pub key_header: &'static str,
    /// The base path.
    pub base: &'static str,
}

/// Claims API v2.
pub const CLAIMS: Contract = Contract { api: Api::Claims, key_header: "key", base: "/v2" };
/// Partner appointment API.
pub const PARTNER: Contract = Contract { api: Api::Partner, key_header: "pid", base: "/claims/api/v1" };
/// Dossier API.
pub const DOSSIER: Contract = Contract { api: Api::Dossier, key_header: "ctoken", base: "/v1" };

impl Contract {
    /// The key of a request: in the contract's own header, as the user name of HTTP Basic (the password is ignored),
    /// or as a bearer token. Every contract accepts all three.
    pub fn key(self, headers: &HeaderMap) -> Option<Cow<'_, str>> {
        let own = headers.get(self.key_header).and_then(|value| value.to_str().ok()).map(str::trim);
        if let Some(key) = own.filter(|key| !key.is_empty()) {
            return Some(key.into());
        }
        let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(rest.into()).filter(|key: &Cow<'_, str>| !key.is_empty());
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        let user = pair.split_once(':').map_or(pair.as_str(), |(user, _password)| user);
        Some(user.to_owned().into()).filter(|key: &Cow<'_, str>| !key.is_empty())
    }

    /// Adds `WWW-Authenticate` to a 401 (RFC 9110, section 11.6.1), with one challenge for each way to give a key.
    /// `ApiKey` is not a registered scheme: it names the contract's own header.
    pub(crate) fn challenge(self, headers: &mut HeaderMap) {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"constat\""));
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"constat\", charset=\"UTF-8\""));
        let own = format!("ApiKey realm=\"constat\", in=\"header\", name=\"{}\"", self.key_header);
        if let Ok(own) = HeaderValue::try_from(own) {
            headers.append(WWW_AUTHENTICATE, own);
        }
    }

    /// Renders a problem in the contract's format.
    pub fn write(self, problem: &Problem, execution: ExecutionId) -> Response {
        match self.api {
            Api::Claims => crate::claims::problem::write(problem, execution),
            // The dossier contract writes errors as the partner contract does.
            Api::Partner | Api::Dossier => crate::scheduling::problem::write(problem, execution),
        }
    }
}
