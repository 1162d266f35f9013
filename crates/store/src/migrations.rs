//! The schema, as one numbered list. A step that has been released is never edited: add another.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use crate::{Connection, StoreError};

const STEPS: &[(i64, &str)] = &[
    (1, include_str!("../migrations/0001_first.sql")),
    (2, include_str!("../migrations/0002_calendar_changes.sql")),
    (3, include_str!("../migrations/0003_event_chain.sql")),
    (4, include_str!("../migrations/0004_absences_by_series.sql")),
    (5, include_str!("../migrations/0005_webhooks.sql")),
    (6, include_str!("../migrations/0006_document_files.sql")),
    (7, include_str!("../migrations/0007_deadlines.sql")),
    (8, include_str!("../migrations/0008_erasure.sql")),
];

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    version: i64,
}

/// Applies the steps that are missing, each in a transaction of its own. Safe to run from several
/// processes at once: the write lock is taken before the version is read.
pub(crate) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    connection.batch_execute(
        "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY); \
         INSERT OR IGNORE INTO schema_version (version) VALUES (0);",
    )?;
    for (number, sql) in STEPS {
        connection.batch_execute("BEGIN IMMEDIATE")?;
        let applied = diesel::sql_query("SELECT MAX(version) AS version FROM schema_version")
            .get_result::<Version>(connection)
            .map_err(StoreError::from)
            .and_then(|current| {
                if current.version >= *number {
                    return Ok(());
                }
                connection.batch_execute(sql)?;
                connection
                    .batch_execute(&format!("INSERT INTO schema_version (version) VALUES ({number})"))
                    .map_err(StoreError::from)
            });
        match applied {
            Ok(()) => connection.batch_execute("COMMIT")?,
            Err(error) => {
                connection.batch_execute("ROLLBACK")?;
                return Err(error);
            }
        }
    }
    Ok(())
}
