//! Signatures after the Standard Webhooks specification.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::hmac;

/// The value of `webhook-signature`: for each secret `v1,` and the base64 of the HMAC-SHA256 of
/// `<id>.<seconds>.<body>`, separated by spaces. A receiver accepts a message when one of them is
/// right; so it can change its secret at its leisure while two are live.
///
/// A secret is `whsec_` and base64; its bytes are the key. One that is neither signs as it is.
pub fn signature<'a>(secrets: impl Iterator<Item = &'a str>, id: &str, at: Timestamp, body: &str) -> String {
    let signed = format!("{id}.{}.{body}", at.as_second());
    let of_secret = |secret: &str| {
        let text = secret.strip_prefix("whsec_").unwrap_or(secret);
        let bytes = STANDARD.decode(text).unwrap_or_else(|_plain| text.as_bytes().to_vec());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
    };
    secrets.map(of_secret).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks libraries.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signed = signature(std::iter::once(secret), "msg_p5jXN8AQM9LWM0D4loKWxJek", at, "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let two = signature([secret, secret].into_iter(), "msg_p5jXN8AQM9LWM0D4loKWxJek", at, "{\"test\": 2432232314}");
        assert_eq!(two, format!("{signed} {signed}"));
    }
}
