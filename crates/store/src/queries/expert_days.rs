//! The guard rows of the commit protocol: one version for each expert and local day.

use constat_domain::ids::ExpertId;
use diesel::prelude::*;
use jiff::civil::Date;

use crate::connection::on_each;
use crate::schema::expert_days;
use crate::{Connection, StoreError, Tx};

/// Days since 1970-01-01.
fn number(day: Date) -> i64 {
    i64::from(Date::constant(1970, 1, 1).until(day).map_or(0, |span| span.get_days()))
}

/// The version of an expert's day; 0 when nothing was ever written to it.
pub fn version(connection: &mut Connection, expert: ExpertId, day: Date) -> Result<i64, StoreError> {
    let found: Option<i64> = on_each!(connection, one => expert_days::table
        .find((expert.to_string(), number(day)))
        .select(expert_days::version)
        .get_result(one)
        .optional())?;
    Ok(found.unwrap_or(0))
}

/// Compare-and-swap: raises the day's version by one if it still is `expected`. `false` means that
/// another transaction was first: read the day and decide again.
pub fn advance(tx: &mut Tx, expert: ExpertId, day: Date, expected: i64) -> Result<bool, StoreError> {
    let (expert, day) = (expert.to_string(), number(day));
    let rows = if expected == 0 {
        on_each!(&mut **tx, one => diesel::insert_into(expert_days::table)
            .values((expert_days::expert.eq(expert), expert_days::day.eq(day), expert_days::version.eq(1)))
            .on_conflict_do_nothing()
            .execute(one))?
    } else {
        diesel::update(expert_days::table.find((expert, day)).filter(expert_days::version.eq(expected)))
            .set(expert_days::version.eq(expected + 1))
            .execute(&mut **tx)?
    };
    Ok(rows == 1)
}

/// Raises the day's version whatever it is: for changes that need no decision, such as an absence.
pub fn bump(tx: &mut Tx, expert: ExpertId, day: Date) -> Result<(), StoreError> {
    on_each!(&mut **tx, one => diesel::insert_into(expert_days::table)
        .values((
            expert_days::expert.eq(expert.to_string()),
            expert_days::day.eq(number(day)),
            expert_days::version.eq(1),
        ))
        .on_conflict((expert_days::expert, expert_days::day))
        .do_update()
        .set(expert_days::version.eq(expert_days::version + 1))
        .execute(one))?;
    Ok(())
}
