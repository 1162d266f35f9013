//! Organisations: insurers, platforms, partner firms.

use constat_domain::ids::OrgId;
use constat_domain::tenancy::Organisation;
use diesel::prelude::*;

use super::{from_bodies, from_body, to_body};
use crate::schema::organisations;
use crate::{Connection, StoreError, Tx};

/// Registers an organisation. A name that is taken is a [`StoreError::Conflict`].
pub fn insert(tx: &mut Tx, organisation: &Organisation) -> Result<(), StoreError> {
    diesel::insert_into(organisations::table)
        .values((
            organisations::id.eq(organisation.id.to_string()),
            organisations::name.eq(&organisation.name),
            organisations::body.eq(to_body(organisation)?),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// The organisation with this id.
pub fn by_id(connection: &mut Connection, id: OrgId) -> Result<Option<Organisation>, StoreError> {
    let body: Option<String> =
        organisations::table.find(id.to_string()).select(organisations::body).get_result(connection).optional()?;
    body.as_deref().map(from_body).transpose()
}

/// The organisation with exactly this name.
pub fn by_name(connection: &mut Connection, name: &str) -> Result<Option<Organisation>, StoreError> {
    let body: Option<String> = organisations::table
        .filter(organisations::name.eq(name))
        .select(organisations::body)
        .get_result(connection)
        .optional()?;
    body.as_deref().map(from_body).transpose()
}

/// All of them, by name.
pub fn all(connection: &mut Connection) -> Result<Vec<Organisation>, StoreError> {
    let bodies: Vec<String> =
        organisations::table.order(organisations::name).select(organisations::body).load(connection)?;
    from_bodies(&bodies)
}
