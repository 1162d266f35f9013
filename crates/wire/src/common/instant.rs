//! Instants on the wire: ISO 8601, the offset always said.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::fmt::temporal::Pieces;
use jiff::{Timestamp, Unit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An instant. Read from ISO 8601 with any offset, which may not be left out; written in UTC (`Z`).
///
/// Kept to the microsecond, as the databases keep it, so that what is read back equals what was
/// answered. Years run from 1900 to 2199: anything else is a slip of the pen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub Timestamp);

impl Instant {
    /// No place on Earth is further from UTC than this: Kiritimati, at +14:00.
    const FURTHEST_OFFSET: i32 = 14 * 3600;
    const EXPECTED: &str =
        "expected a date and time with its offset, such as 2021-08-02T07:00:00Z or 2021-08-02T09:00:00+02:00";
    /// 1900-01-01T00:00:00Z, in seconds.
    const FIRST: i64 = -2_208_988_800;
    /// 2200-01-01T00:00:00Z, in seconds; excluded.
    const END: i64 = 7_258_118_400;
}

impl FromStr for Instant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at: Timestamp = text.trim().parse().map_err(|_| Self::EXPECTED.to_owned())?;
        if !(Self::FIRST..Self::END).contains(&at.as_second()) {
            return Err("expected a year from 1900 to 2199".to_owned());
        }
        let offset = Pieces::parse(text.trim()).ok().and_then(|pieces| pieces.to_numeric_offset());
        if offset.is_some_and(|offset| offset.seconds().abs() > Self::FURTHEST_OFFSET) {
            return Err("expected an offset from -14:00 to +14:00".to_owned());
        }
        let whole = at.round(jiff::TimestampRound::new().smallest(Unit::Microsecond).mode(jiff::RoundMode::Trunc));
        Ok(Self(whole.unwrap_or(at)))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<Timestamp> for Instant {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl From<Instant> for Timestamp {
    fn from(at: Instant) -> Self {
        at.0
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Instant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "examples": ["2021-08-02T07:00:00Z"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_is_read_and_utc_is_written() {
        let at: Instant = serde_json::from_str("\"2021-08-02T09:00:00.1234567+02:00\"").unwrap();
        assert_eq!(serde_json::to_string(&at).unwrap(), "\"2021-08-02T07:00:00.123456Z\"");
    }

    #[test]
    fn a_date_without_offset_is_refused_with_an_example_of_a_good_one() {
        for bad in ["2021-08-02T09:00:00", "2021-08-02", "tomorrow", "", "2021-13-02T09:00:00Z"] {
            let error = serde_json::from_value::<Instant>(bad.into()).unwrap_err().to_string();
            assert!(error.contains("with its offset"), "{bad}: {error}");
        }
        for (offset, is_good) in [
            ("+14:00", true),
            ("-14:00", true),
            ("-00:00", true),
            ("+14:01", false),
            ("+25:00", false),
            ("-25:00", false),
        ] {
            let read = format!("2021-08-02T09:00:00{offset}").parse::<Instant>();
            assert_eq!(read.is_ok(), is_good, "{offset}: {read:?}");
        }
        assert!("0001-01-01T00:00:00Z".parse::<Instant>().unwrap_err().contains("1900"));
        assert!("2200-01-01T00:00:00Z".parse::<Instant>().is_err());
        assert!("1900-01-01T00:00:00Z".parse::<Instant>().is_ok());
    }
}
