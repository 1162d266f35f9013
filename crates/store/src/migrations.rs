//! The schema, as one numbered list. A step that has been released is never edited: add another.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use crate::{Connection, StoreError, dialect};

const STEPS: &[(i64, &str)] = &[
    (1, include_str!("../migrations/0001_first.sql")),
    (2, include_str!("../migrations/0002_calendar_changes.sql")),
    (3, include_str!("../migrations/0003_event_chain.sql")),
    (4, include_str!("../migrations/0004_absences_by_series.sql")),
    (5, include_str!("../migrations/0005_webhooks.sql")),
    (6, include_str!("../migrations/0006_document_files.sql")),
    (7, include_str!("../migrations/0007_deadlines.sql")),
    (8, include_str!("../migrations/0008_erasure.sql")),
    (9, include_str!("../migrations/0009_no_overlap.sql")),
    (10, include_str!("../migrations/0010_catastrophes.sql")),
    (11, include_str!("../migrations/0011_holds.sql")),
];

const BEGINNING: &str = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY); \
     INSERT INTO schema_version (version) VALUES (0) ON CONFLICT DO NOTHING;";

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    version: i64,
}

/// Applies the steps that are missing, each in a transaction of its own. Safe to run from several
/// processes at once: the write lock is taken before the version is read.
pub(crate) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    dialect::begin(connection)?;
    dialect::lock_schema(connection)?;
    connection.batch_execute(BEGINNING)?;
    connection.batch_execute("COMMIT")?;
    for (number, sql) in STEPS {
        dialect::begin(connection)?;
        let step = dialect::translated(connection, sql);
        match apply(connection, *number, &step) {
            Ok(()) => connection.batch_execute("COMMIT")?,
            Err(error) => {
                connection.batch_execute("ROLLBACK")?;
                return Err(error);
            }
        }
    }
    Ok(())
}

fn apply(connection: &mut Connection, number: i64, step: &str) -> Result<(), StoreError> {
    dialect::lock_schema(connection)?;
    let current: Version =
        diesel::sql_query("SELECT MAX(version) AS version FROM schema_version").get_result(connection)?;
    if current.version < number {
        connection.batch_execute(step)?;
        connection.batch_execute(&format!("INSERT INTO schema_version (version) VALUES ({number})"))?;
    }
    Ok(())
}
