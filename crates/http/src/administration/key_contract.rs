//! What differs in the operations on keys between the two contracts that have them: envelopes, and how errors are described.

use aide::transform::TransformOperation;
use constat_core::AppError;
use constat_wire::claims::{Success, SuccessList};
use constat_wire::common::Key;
use constat_wire::partner::{Envelope, ListEnvelope};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::authenticated_request::{ApiContract, Claims, Partner};
use crate::{claims, scheduling};

/// A contract that has the operations on keys.
pub(crate) trait KeyContract: ApiContract {
    /// One key in the contract's envelope.
    type One: Serialize + DeserializeOwned + JsonSchema;
    /// Several keys in the contract's envelope.
    type Several: Serialize + JsonSchema;

    /// Wraps a key.
    fn one(key: Key) -> Self::One;
    /// Wraps several keys.
    fn several(keys: Vec<Key>) -> Self::Several;
    /// The key in the envelope.
    fn key_in(one: &mut Self::One) -> &mut Key;

    /// Describes an operation: its summary, its text, and what a 200 gives. Adds the errors of every operation that
    /// is for the organisation's own key.
    fn describe<'t, T: JsonSchema + Serialize>(
        operation: TransformOperation<'t>,
        summary: &str,
        description: &str,
        gives: &str,
    ) -> TransformOperation<'t>;

    /// Describes an error. The claims API puts its code in front.
    fn failure<'t, const STATUS: u16>(
        operation: TransformOperation<'t>,
        code: u32,
        when: &str,
    ) -> TransformOperation<'t>;

    /// Adds the errors of every operation that writes.
    fn writes(operation: TransformOperation<'_>) -> TransformOperation<'_>;

    /// Reads the answer to an operation on one key.
    fn parse_key(body: &str) -> Result<Self::One, AppError> {
        serde_json::from_str(body).map_err(|error| AppError::Fault(format!("the answer about a key: {error}")))
    }
}

impl KeyContract for Claims {
    type One = Success<Key>;
    type Several = SuccessList<Key>;

    fn one(key: Key) -> Self::One {
        Success::new(key)
    }

    fn several(keys: Vec<Key>) -> Self::Several {
        SuccessList::new(keys)
    }

    fn key_in(one: &mut Self::One) -> &mut Key {
        &mut one.data
    }

    fn describe<'t, T: JsonSchema + Serialize>(
        operation: TransformOperation<'t>,
        summary: &str,
        description: &str,
        gives: &str,
    ) -> TransformOperation<'t> {
        claims::docs::handler_failures(claims::docs::endpoint::<T>(operation, summary, description, gives))
    }

    fn failure<'t, const STATUS: u16>(
        operation: TransformOperation<'t>,
        code: u32,
        when: &str,
    ) -> TransformOperation<'t> {
        claims::docs::failure::<STATUS>(operation, &format!("{code} {when}"))
    }

    fn writes(operation: TransformOperation<'_>) -> TransformOperation<'_> {
        operation
    }
}

impl KeyContract for Partner {
    type One = Envelope<Key>;
    type Several = ListEnvelope<Key>;

    fn one(key: Key) -> Self::One {
        Envelope::ok(key)
    }

    fn several(keys: Vec<Key>) -> Self::Several {
        ListEnvelope::ok(keys)
    }

    fn key_in(one: &mut Self::One) -> &mut Key {
        &mut one.data
    }

    fn describe<'t, T: JsonSchema + Serialize>(
        operation: TransformOperation<'t>,
        summary: &str,
        description: &str,
        gives: &str,
    ) -> TransformOperation<'t> {
        let operation = operation.summary(summary).description(description);
        scheduling::docs::usual_of_the_firm(scheduling::docs::answers::<200, T>(operation, gives))
    }

    fn failure<'t, const STATUS: u16>(
        operation: TransformOperation<'t>,
        _code: u32,
        when: &str,
    ) -> TransformOperation<'t> {
        scheduling::docs::refuses::<STATUS>(operation, when)
    }

    fn writes(operation: TransformOperation<'_>) -> TransformOperation<'_> {
        scheduling::docs::usual_of_a_write(operation)
    }
}
