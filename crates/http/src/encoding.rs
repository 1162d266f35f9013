//! Request bodies that come compressed: `Content-Encoding: gzip` (RFC 9110, section 8.4).

use std::io::Write as _;

use axum::extract::Request;
use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::Problem;
use crate::problem::Cause;

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As it is.
    Identity,
    /// Compressed.
    Gzip,
}

impl Encoding {
    /// The encoding that a request names.
    ///
    /// # Errors
    /// It is another one, or several.
    pub(crate) fn of(request: &Request) -> Result<Self, Problem> {
        Self::named(request.headers())
    }

    fn named(headers: &HeaderMap) -> Result<Self, Problem> {
        let unsupported = || Problem::from(Cause::UnsupportedContentEncoding);
        let mut found = Self::Identity;
        for value in headers.get_all(CONTENT_ENCODING) {
            let value = value.to_str().map_err(|_not_text| unsupported())?;
            for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let is_gzip = name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip");
                match found {
                    _ if name.eq_ignore_ascii_case("identity") => {}
                    Self::Identity if is_gzip => found = Self::Gzip,
                    // Another one, or compressed twice.
                    Self::Identity | Self::Gzip => return Err(unsupported()),
                }
            }
        }
        Ok(found)
    }
}

/// Inflates a body piece by piece, up to a number of bytes.
pub(crate) struct Inflating {
    decoder: MultiGzDecoder<Bounded>,
    limit: usize,
}

/// Takes bytes in up to a bound.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    is_exceeded: bool,
}

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            self.is_exceeded = true;
            return Err(std::io::Error::other("the body is too large"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Inflating {
    /// At most `limit` bytes come out.
    pub(crate) fn new(limit: usize) -> Self {
        let bounded = Bounded { bytes: Vec::new(), limit, is_exceeded: false };
        Self { decoder: MultiGzDecoder::new(bounded), limit }
    }

    /// Takes the next compressed bytes.
    ///
    /// # Errors
    /// They are not gzip, or too much comes out of them.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let outcome = self.decoder.write_all(bytes);
        outcome.map_err(|_fault| self.problem())
    }

    /// What came out, once all came.
    ///
    /// # Errors
    /// The body ends early, or too much comes out of it.
    pub(crate) fn finish(mut self) -> Result<Bytes, Problem> {
        let outcome = self.decoder.try_finish();
        outcome.map_err(|_fault| self.problem())?;
        let problem = self.problem();
        self.decoder.finish().map(|bounded| bounded.bytes.into()).map_err(|_fault| problem)
    }

    fn problem(&self) -> Problem {
        if self.decoder.get_ref().is_exceeded {
            Cause::BodyTooLarge { limit: self.limit }.into()
        } else {
            Problem::field("", "the body is not what Content-Encoding says: expected whole gzip data")
        }
    }
}

/// Inflates a whole body.
pub(crate) fn inflate(body: &[u8], limit: usize) -> Result<Bytes, Problem> {
    let mut inflating = Inflating::new(limit);
    inflating.write(body)?;
    inflating.finish()
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn named(values: &[&str]) -> Option<Encoding> {
        let headers = values.iter().map(|value| (CONTENT_ENCODING, value.parse().unwrap())).collect();
        Encoding::named(&headers).ok()
    }

    #[test]
    fn gzip_alone_is_taken() {
        for values in [&[][..], &[""], &["identity"], &["Identity, identity"]] {
            assert_eq!(named(values), Some(Encoding::Identity), "{values:?}");
        }
        for values in [&["gzip"][..], &["GZIP"], &["x-gzip"], &["identity, gzip"]] {
            assert_eq!(named(values), Some(Encoding::Gzip), "{values:?}");
        }
        for values in
            [&["br"][..], &["deflate"], &["zstd"], &["gzip, gzip"], &["gzip", "gzip"], &["gzip, br"], &["utf-8"]]
        {
            assert_eq!(named(values), None, "{values:?}");
        }
    }

    #[test]
    fn what_comes_out_is_what_went_in_and_never_more_than_the_limit() {
        let text = b"{\"a\": 1}".repeat(1000);
        assert_eq!(inflate(&zipped(&text), text.len()).unwrap(), text);
        // Two members, one after the other, are one body.
        let two = [zipped(b"one"), zipped(b"two")].concat();
        assert_eq!(inflate(&two, 6).unwrap(), &b"onetwo"[..]);
        for limit in [0, 1, text.len() - 1] {
            let problem = inflate(&zipped(&text), limit).unwrap_err();
            assert!(matches!(problem.cause(), Cause::BodyTooLarge { .. }), "{limit}");
        }
        let bomb = zipped(&vec![0; 50_000_000]);
        assert!(bomb.len() < 100_000);
        let problem = inflate(&bomb, 1024 * 1024).unwrap_err();
        assert!(matches!(problem.cause(), Cause::BodyTooLarge { limit: 1_048_576 }));
    }

    #[test]
    fn what_is_no_whole_gzip_is_refused() {
        let whole = zipped(b"{\"a\": 1}");
        let flipped: Vec<u8> =
            whole.iter().enumerate().map(|(at, byte)| if at == 12 { !byte } else { *byte }).collect();
        for body in [&b"{\"a\": 1}"[..], b"\x1f\x8b", &whole[..whole.len() - 1], &whole[..12], &flipped] {
            let problem = inflate(body, 1000).unwrap_err();
            assert!(!matches!(problem.cause(), Cause::BodyTooLarge { .. }), "{body:?}");
        }
    }
}
