//! Catastrophes that operators have declared.

use constat_domain::catastrophe::Catastrophe;
use diesel::prelude::*;

use super::{from_bodies, from_body, to_body};
use crate::schema::catastrophes;
use crate::{Connection, StoreError, Tx};

/// Declares one. A name that is taken is a [`StoreError::Conflict`].
pub fn insert(tx: &mut Tx, catastrophe: &Catastrophe) -> Result<(), StoreError> {
    diesel::insert_into(catastrophes::table)
        .values((catastrophes::name.eq(&catastrophe.name), catastrophes::body.eq(to_body(catastrophe)?)))
        .execute(&mut **tx)?;
    Ok(())
}

/// Replaces one of the same name.
pub fn update(tx: &mut Tx, catastrophe: &Catastrophe) -> Result<(), StoreError> {
    diesel::update(catastrophes::table.find(&catastrophe.name))
        .set(catastrophes::body.eq(to_body(catastrophe)?))
        .execute(&mut **tx)?;
    Ok(())
}

/// The one with this name.
pub fn by_name(connection: &mut Connection, name: &str) -> Result<Option<Catastrophe>, StoreError> {
    let body: Option<String> =
        catastrophes::table.find(name).select(catastrophes::body).get_result(connection).optional()?;
    body.as_deref().map(from_body).transpose()
}

/// All of them, those that are over too, by name.
pub fn all(connection: &mut Connection) -> Result<Vec<Catastrophe>, StoreError> {
    let bodies: Vec<String> =
        catastrophes::table.order(catastrophes::name).select(catastrophes::body).load(connection)?;
    from_bodies(&bodies)
}
