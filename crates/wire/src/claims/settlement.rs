//! Settlements: money that moves for a claim.

use constat_domain::claim::{self, SettlementKind};
use constat_domain::{Currency, FieldError, Money};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Checker, Instant, every_field_present, wire_enum};

/// Largest amount of one settlement, in cents. Ours: far above what a household's claim costs, and far
/// below what a float carries to the cent.
const MAX_CENTS: i64 = 9_999_999_999;

wire_enum! {
    /// What a settlement is.
    SettlementType = SettlementKind {
        /// Paid to the insured.
        Refund = "refund",
        /// Paid by the insured.
        Charge = "charge",
        /// A settlement that was withdrawn.
        Cancel = "cancel",
        /// A payment that came back.
        Returned = "returned",
    }
}

/// Money that moves, or is to move, for a claim. One row for one payment: a withdrawn one becomes of type
/// `cancel`, one that came back of type `returned`, under the same id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct Settlement {
    /// Identifies it.
    pub id: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: SettlementType,
    /// How much, in euros.
    #[schemars(example = 150)]
    pub amount: f64,
    /// When it was paid, or null.
    pub payment_at: Option<Instant>,
    /// When it was decided.
    pub created_at: Instant,
}

impl From<&claim::Settlement> for Settlement {
    fn from(settlement: &claim::Settlement) -> Self {
        Self {
            id: settlement.id.to_string(),
            kind: settlement.kind.into(),
            amount: settlement.amount.to_major(),
            payment_at: settlement.payment_at.map(Into::into),
            created_at: settlement.created_at.into(),
        }
    }
}

/// The way money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SettlementDirection {
    /// To the insured.
    Refund,
    /// From the insured.
    Charge,
}

/// Decides on a payment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CreateSettlement {
    /// Which way.
    #[serde(rename = "type")]
    pub kind: SettlementDirection,
    /// How much, in euros: above 0, with two decimals at most.
    #[schemars(range(min = 0.01, max = 99_999_999.99), example = 150.5)]
    pub amount: f64,
    /// `EUR`, or left out: no other currency is taken. Extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"EUR")]
    pub currency: Option<String>,
}

impl CreateSettlement {
    /// Reads it, or lists everything wrong with it.
    pub fn into_domain(self) -> Result<(SettlementKind, Money), Vec<FieldError>> {
        let mut checker = Checker::new();
        if self.currency.as_ref().is_some_and(|code| code != Currency::EUR.code()) {
            checker.fail("currency", "expected EUR: settlements are in euros");
        }
        let exact = Money::exact_from_major(self.amount, Currency::EUR);
        let amount = exact.filter(|money| (1..=MAX_CENTS).contains(&money.minor));
        if amount.is_none() {
            checker.fail("amount", "expected euros from 0.01 to 99999999.99, with two decimals at most");
        }
        let kind = match self.kind {
            SettlementDirection::Refund => SettlementKind::Refund,
            SettlementDirection::Charge => SettlementKind::Charge,
        };
        checker.finish(amount.map(|amount| (kind, amount)))
    }
}

/// A payment was made. The body may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaySettlement {
    /// When; now, when left out. Not in the future, not before the claim was submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_at: Option<Instant>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_positive_and_bounded() {
        let read = |amount: f64| {
            let settlement = CreateSettlement { kind: SettlementDirection::Refund, amount, currency: None };
            settlement.into_domain().map(|(_, money)| money.minor).ok()
        };
        for (amount, cents) in [(0.01, 1), (150.0, 15_000), (1234.56, 123_456), (0.07, 7), (99_999_999.99, MAX_CENTS)] {
            assert_eq!(read(amount), Some(cents), "{amount}");
        }
        for (currency, is_taken) in [("EUR", true), ("USD", false), ("eur", false), ("", false)] {
            let currency = Some(currency.to_owned());
            let settlement = CreateSettlement { kind: SettlementDirection::Refund, amount: 1.0, currency };
            let faults = settlement.into_domain().err().unwrap_or_default();
            let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
            assert_eq!(fields, if is_taken { vec![] } else { vec!["currency"] });
        }
        for wrong in [0.0, -0.0, -1.0, 0.001, 10.005, 0.1 + 0.2, 1e8, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
