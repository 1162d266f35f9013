//! Money in minor units. Never a float inside; a decimal number only on the wire.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An ISO 4217 currency code: three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro, the currency of every French contract.
    pub const EUR: Self = Self(*b"EUR");

    /// How many decimals the currency's minor unit has (ISO 4217: none for XPF and JPY, else two
    /// for the currencies that this server meets).
    pub fn decimals(self) -> u32 {
        match &self.0 {
            b"XPF" | b"JPY" | b"KRW" | b"XOF" | b"XAF" => 0,
            _ => 2,
        }
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("EUR")
    }
}

impl TryFrom<String> for Currency {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        <[u8; 3]>::try_from(text.as_bytes())
            .ok()
            .filter(|letters| letters.iter().all(u8::is_ascii_uppercase))
            .map(Self)
            .ok_or_else(|| "expected an ISO 4217 code such as EUR".to_owned())
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in the currency's minor unit (cents for the euro). May be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: 15000 is 150.00 EUR.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Largest amount the wire accepts, in major units: what a float still carries to the cent.
    pub const MAX_MAJOR: f64 = 1e12;

    /// Euros from cents.
    pub const fn euro_cents(minor: i64) -> Self {
        Self { minor, currency: Currency::EUR }
    }

    /// Reads a decimal number from the wire, rounded to the minor unit, half away from zero.
    ///
    /// `None` when the number is not finite or beyond [`Money::MAX_MAJOR`].
    ///
    /// ```
    /// # use constat_domain::{Currency, Money};
    /// assert_eq!(Money::from_major(1234.565, Currency::EUR).map(|m| m.minor), Some(123_457));
    /// assert_eq!(Money::from_major(f64::NAN, Currency::EUR), None);
    /// ```
    pub fn from_major(value: f64, currency: Currency) -> Option<Self> {
        if !value.is_finite() || value.abs() > Self::MAX_MAJOR {
            return None;
        }
        // The shortest decimal text of the float is what the sender wrote: round that, so that
        // 1.005 is not at the mercy of its binary neighbour.
        let text = format!("{:.*}", 6, value.abs());
        let (whole, fraction) = text.split_once('.')?;
        let places = currency.decimals() as usize;
        let (kept, next) = fraction.split_at(places);
        let mut minor: i64 = format!("{whole}{kept}").parse().ok()?;
        if next.as_bytes().first().is_some_and(|digit| *digit >= b'5') {
            minor += 1;
        }
        Some(Self { minor: if value < 0.0 { -minor } else { minor }, currency })
    }

    /// Reads a decimal number from the wire that must be exact: `None` when it has more decimals than
    /// the currency, is not finite, or is beyond [`Money::MAX_MAJOR`].
    ///
    /// ```
    /// # use constat_domain::{Currency, Money};
    /// assert_eq!(Money::exact_from_major(1234.56, Currency::EUR).map(|m| m.minor), Some(123_456));
    /// assert_eq!(Money::exact_from_major(0.1 + 0.2, Currency::EUR), None);
    /// ```
    pub fn exact_from_major(value: f64, currency: Currency) -> Option<Self> {
        // The shortest decimal text of the float is what the sender wrote.
        let text = format!("{value}");
        let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        if decimals > currency.decimals() as usize { None } else { Self::from_major(value, currency) }
    }

    /// The decimal number for the wire.
    #[expect(clippy::cast_precision_loss, reason = "amounts stay far below 2^53 minor units")]
    pub fn to_major(self) -> f64 {
        self.minor as f64 / f64::from(10_u32.pow(self.currency.decimals()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_survive_the_wire_to_the_cent() {
        for minor in [0, 1, 99, 15_000, -12_345, 1_005, 99_999_999_999] {
            let money = Money::euro_cents(minor);
            assert_eq!(Money::from_major(money.to_major(), Currency::EUR), Some(money));
        }
        assert_eq!(Money::from_major(1.005, Currency::EUR).map(|m| m.minor), Some(101));
        assert!(Currency::try_from("eur".to_owned()).is_err());
    }
}
