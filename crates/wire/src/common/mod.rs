//! What the contracts share: instants, amounts, addresses, persons, faults.

mod address;
mod amount;
mod check;
mod cover;
mod instant;
mod key;
mod loss;
mod one_or_many;
mod person;
mod schema;
mod status;
mod structure;

pub use address::{Place, Position, PostalAddress};
pub use amount::Amount;
pub use check::Checker;
pub use cover::{CoverDates, CoverReason, CoverState};
pub use instant::Instant;
pub use key::{IssueKey, Key, KeyApi, KeyHolder, KeyMode};
pub use loss::{Company, LossCharacteristics, Valuation};
pub use one_or_many::OneOrMany;
pub use person::{Customer, UserInfo, UserType};
pub use schema::{False, True, every_field_present};
pub use status::{FieldFault, ResponseStatus, StatusCode};
pub use structure::{faults_of_shape, read_json};

/// An enum of the wire that mirrors one of the domain's: same variants, documented wire names.
macro_rules! wire_enum {
    ($(#[$meta:meta])* $name:ident = $domain:ident { $($(#[$vmeta:meta])* $variant:ident = $wire:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$vmeta])* #[serde(rename = $wire)] $variant,)+
        }

        impl $name {
            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }
        }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                match value { $($domain::$variant => Self::$variant,)+ }
            }
        }

        impl From<$name> for $domain {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant,)+ }
            }
        }
    };
}
pub(crate) use wire_enum;
