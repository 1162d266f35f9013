//! Identifiers that carry their kind.
//!
//! Every identifier is a UUIDv7 written as a short prefix and 26 Crockford base32 characters,
//! `clm_06E3ZQK8X5V2M0TQ9R7H4B1CDS`. They sort by creation time. Where a contract asks for a UUID
//! the hyphenated form of the same value is accepted and given. A text that is neither cannot
//! become an identifier.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ENCODED_LEN: usize = 26;
/// The digit that each byte stands for, in either case and with the letters that are easily taken for
/// digits; `NO_DIGIT` for all others.
const DIGITS: [u8; 256] = digits();
const NO_DIGIT: u8 = u8::MAX;

const fn digits() -> [u8; 256] {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        let letter = ALPHABET[digit];
        #[expect(clippy::cast_possible_truncation, reason = "below 32")]
        let value = digit as u8;
        digits[letter as usize] = value;
        digits[letter.to_ascii_lowercase() as usize] = value;
        digit += 1;
    }
    (digits[b'O' as usize], digits[b'o' as usize]) = (0, 0);
    (digits[b'I' as usize], digits[b'i' as usize]) = (1, 1);
    (digits[b'L' as usize], digits[b'l' as usize]) = (1, 1);
    digits
}

/// Ten random bytes, as many as a UUIDv7 needs. Drawn by the caller: chance is an argument.
pub type Entropy = [u8; 10];

/// Why a text is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an identifier like {prefix}_… or a UUID")]
pub struct InvalidId {
    /// The prefix that was expected, without the underscore.
    pub prefix: &'static str,
}

/// Builds a UUIDv7 from an instant (millisecond precision; before 1970 counts as 1970) and chance.
pub fn uuid_v7(at: Timestamp, entropy: &Entropy) -> Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, entropy).into_uuid()
}

fn encode(value: Uuid) -> [u8; ENCODED_LEN] {
    let mut rest = value.as_u128();
    let mut out = [b'0'; ENCODED_LEN];
    for slot in out.iter_mut().rev() {
        *slot = ALPHABET[usize::from((rest & 31) as u8)];
        rest >>= 5;
    }
    out
}

fn decode(text: &str) -> Option<Uuid> {
    if text.len() != ENCODED_LEN {
        return None;
    }
    let mut value: u128 = 0;
    for (index, byte) in text.bytes().enumerate() {
        let digit = DIGITS[usize::from(byte)];
        if digit == NO_DIGIT || (index == 0 && digit > 7) {
            return None;
        }
        value = (value << 5) | u128::from(digit);
    }
    Some(Uuid::from_u128(value))
}

macro_rules! define_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix of this kind, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new identifier, ordered by `at`.
            pub fn new(at: Timestamp, entropy: &Entropy) -> Self {
                Self(uuid_v7(at, entropy))
            }

            /// The identifier that a UUID stands for.
            pub const fn from_uuid(value: Uuid) -> Self {
                Self(value)
            }

            /// The UUID form, for contracts that ask for one.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// The instant of creation, in milliseconds. `None` for a UUID that was not made by
            /// [`Self::new`].
            pub fn made_at(self) -> Option<Timestamp> {
                let millis = i64::try_from(self.0.as_u128() >> 80).ok()?;
                (self.0.get_version_num() == 7).then(|| Timestamp::from_millisecond(millis).ok()).flatten()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let encoded = encode(self.0);
                f.write_str(concat!($prefix, "_"))?;
                f.write_str(std::str::from_utf8(&encoded).map_err(|_never| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .or_else(|| (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten())
                    .map(Self)
                    .ok_or(InvalidId { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

define_ids! {
    /// An organisation: insurer, platform or partner firm.
    OrgId = "org";
    /// An API key's public name (the secret is never stored).
    KeyId = "key";
    /// A declaration before and after it is submitted: the `id` of the claims API.
    DeclarationId = "dcl";
    /// The internal claim that a submitted declaration becomes: `claimId`.
    ClaimId = "clm";
    /// A document uploaded to a claim.
    DocumentId = "doc";
    /// A refund, charge or return on a claim.
    SettlementId = "stl";
    /// An expert (loss adjuster) or a repair worker who can be booked.
    ExpertId = "exp";
    /// An absence of an expert.
    AbsenceId = "abs";
    /// An appointment in a partner firm's calendar.
    AppointmentId = "apt";
    /// The platform's own record of an appointment on a claim.
    ClaimAppointmentId = "cap";
    /// One search for slots and the offers it made.
    SessionId = "ses";
    /// A mission: one order to one firm on one claim.
    MissionId = "msn";
    /// A line of the events table.
    EventId = "evt";
    /// A webhook.
    WebhookId = "whk";
    /// One event for one webhook.
    WebhookDeliveryId = "dlv";
    /// One request, as told back to its caller.
    ExecutionId = "exe";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_in_both_forms_and_sorts_by_time() {
        let early = ClaimId::new(Timestamp::from_second(1_700_000_000).unwrap(), &[7; 10]);
        let late = ClaimId::new(Timestamp::from_second(1_700_000_001).unwrap(), &[0; 10]);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(early.to_string().to_lowercase().parse(), Ok(early));
        assert_eq!(early.uuid().to_string().parse(), Ok(early));
        assert_eq!(early.to_string().len(), 30);
    }

    #[test]
    fn the_wrong_kind_is_refused() {
        let id = DocumentId::new(Timestamp::UNIX_EPOCH, &[1; 10]).to_string();
        for bad in [id.as_str(), "clm_", "clm_ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "", "clm_é23456789012345678901234"] {
            assert_eq!(bad.parse::<ClaimId>(), Err(InvalidId { prefix: "clm" }), "{bad}");
        }
    }
}
