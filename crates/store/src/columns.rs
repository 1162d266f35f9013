//! Column types of the row structs: values with a text form, and instants.

use std::fmt::Display;
use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::sql_types::{BigInt, Text};
use jiff::Timestamp;

/// A `TEXT` column that holds a value in its text form: an identifier, a tenant, a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromSqlRow)]
pub(crate) struct AsText<T>(pub(crate) T);

impl<T, DB> FromSql<Text, DB> for AsText<T>
where
    T: FromStr<Err: Display>,
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let text = String::from_sql(bytes)?;
        text.parse().map(Self).map_err(|error: T::Err| error.to_string().into())
    }
}

impl<T: Display> AsExpression<Text> for AsText<T> {
    type Expression = <String as AsExpression<Text>>::Expression;

    fn as_expression(self) -> Self::Expression {
        AsExpression::<Text>::as_expression(self.0.to_string())
    }
}

impl<T: Display> AsExpression<Text> for &AsText<T> {
    type Expression = <String as AsExpression<Text>>::Expression;

    fn as_expression(self) -> Self::Expression {
        AsExpression::<Text>::as_expression(self.0.to_string())
    }
}

/// A `BIGINT` column that holds an instant as UTC microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromSqlRow)]
pub(crate) struct Micros(pub(crate) Timestamp);

impl<DB> FromSql<BigInt, DB> for Micros
where
    DB: Backend,
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Timestamp::from_microsecond(i64::from_sql(bytes)?)?))
    }
}

impl AsExpression<BigInt> for Micros {
    type Expression = <i64 as AsExpression<BigInt>>::Expression;

    fn as_expression(self) -> Self::Expression {
        AsExpression::<BigInt>::as_expression(self.0.as_microsecond())
    }
}

impl AsExpression<BigInt> for &Micros {
    type Expression = <i64 as AsExpression<BigInt>>::Expression;

    fn as_expression(self) -> Self::Expression {
        AsExpression::<BigInt>::as_expression(self.0.as_microsecond())
    }
}
