//! The insured person, and the place of the loss.

use serde::{Deserialize, Serialize};

/// Where the loss happened, as the claims API writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Number and street.
    pub address: String,
    /// Town.
    pub city: String,
    /// Country: its French name (`France`, `La Réunion`) or its ISO 3166-1 alpha-2 code, as it was given.
    pub country: String,
    /// Postcode: five digits in France, free elsewhere.
    pub zipcode: String,
}

/// The insured person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insured {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Phone number.
    pub phone_number: String,
    /// E-mail.
    pub email: Option<String>,
    /// Company.
    pub company: Option<String>,
}
