//! Money as the partner and dossier contracts write it.

use constat_domain::{Currency, Money};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Checker;

/// An amount of money, tax-inclusive (TTC).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Amount {
    /// The amount in the currency's major unit. Rounded to the minor unit, half away from zero.
    #[schemars(example = 1250.5)]
    pub value: f64,
    /// ISO 4217 code of the currency.
    #[schemars(regex(pattern = "^[A-Z]{3}$"), example = &"EUR")]
    pub currency: String,
}

impl Amount {
    /// Reads the amount; notes `value` and `currency` when they are wrong. Negative amounts are
    /// refused: what is at stake or was paid is never below nothing.
    pub fn read(&self, checker: &mut Checker) -> Option<Money> {
        let currency = Currency::try_from(self.currency.clone());
        if currency.is_err() {
            checker.fail("currency", "expected an ISO 4217 code such as EUR");
        }
        let money = Money::from_major(self.value, currency.clone().unwrap_or(Currency::EUR));
        if self.value < 0.0 || money.is_none() {
            checker.fail("value", "expected an amount from 0 to 1e12");
        }
        currency.ok().and(money)
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { value: money.to_major(), currency: money.currency.code().to_owned() }
    }
}
