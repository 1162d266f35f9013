//! The schema, as a numbered list of steps. A released step is never edited; a change is a new step.
//!
//! During a rolling upgrade, servers of the previous version run on a schema that is ahead of them, and may start
//! on it. A step therefore only adds: tables, columns that may be null or have a default, indexes. Removal takes two
//! releases: the first stops using a column or table, a later one removes it with a step listed in [`NEEDS`]. A
//! program that still uses it does not start from then on.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use crate::{Connection, StoreError, dialect};

const STEPS: &[(i64, &str)] = &[(1, include_str!("../migrations/0001_schema.sql"))];

/// Steps that remove something, each with the newest step of the first release that does without it:
/// `(15, 13)` says that step 15 removes what programs that know step 13 no longer use.
const NEEDS: &[(i64, i64)] = &[];

/// `needs` is the step that a program must know to run on the schema; 0 admits every program.
const VERSION_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_version \
     (version BIGINT NOT NULL PRIMARY KEY, needs BIGINT NOT NULL DEFAULT 0);";

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    version: i64,
}

/// Applies the missing steps, each in its own transaction. Safe to run from several processes at once: the write
/// lock is taken before the version is read. Without missing steps it only reads: beside a busy server, a write lock
/// of SQLite may not come within the busy timeout.
///
/// # Errors
/// [`StoreError::Ahead`] when the database belongs to a version that this program cannot work with.
pub(crate) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    let missing = if has_all_steps(connection) { &[] } else { STEPS };
    if !missing.is_empty() {
        in_transaction(connection, |connection| Ok(connection.batch_execute(VERSION_TABLE)?))?;
    }
    refuse_unreleased(connection)?;
    for (number, sql) in missing {
        let step = dialect::translated(connection, sql);
        in_transaction(connection, |connection| apply(connection, *number, &step))?;
    }
    may_run(connection)
}

/// Whether no step is missing. A new database has no version table, and the query fails.
fn has_all_steps(connection: &mut Connection) -> bool {
    let known = STEPS.last().map_or(0, |(number, _)| *number);
    latest(connection).is_ok_and(|found| found >= known)
}

fn in_transaction(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    dialect::begin(connection)?;
    match dialect::lock_schema(connection).map_err(StoreError::from).and_then(|()| work(connection)) {
        Ok(()) => Ok(connection.batch_execute("COMMIT")?),
        Err(error) => {
            connection.batch_execute("ROLLBACK")?;
            Err(error)
        }
    }
}

fn apply(connection: &mut Connection, number: i64, step: &str) -> Result<(), StoreError> {
    if latest(connection)? < number {
        connection.batch_execute(step)?;
        let needs = NEEDS.iter().find(|(step, _)| *step == number).map_or(0, |(_, needs)| *needs);
        connection.batch_execute(&format!("INSERT INTO schema_version (version, needs) VALUES ({number}, {needs})"))?;
    }
    Ok(())
}

fn latest(connection: &mut Connection) -> QueryResult<i64> {
    let found: Version =
        diesel::sql_query("SELECT COALESCE(MAX(version), 0) AS version FROM schema_version").get_result(connection)?;
    Ok(found.version)
}

/// Refuses a database of a development version, whose steps had other contents under the same numbers. Those alone
/// have a row for version 0.
fn refuse_unreleased(connection: &mut Connection) -> Result<(), StoreError> {
    let found: Version =
        diesel::sql_query("SELECT COUNT(*) AS version FROM schema_version WHERE version = 0").get_result(connection)?;
    if found.version > 0 {
        return Err(StoreError::Ahead(
            "it was made by a development version, before the first release: export its data with that version and \
             import it into a new database"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Whether this program may run on the present schema, which may be ahead of it.
fn may_run(connection: &mut Connection) -> Result<(), StoreError> {
    let known = STEPS.last().map_or(0, |(number, _)| *number);
    let found = latest(connection)?;
    let needs: Version =
        diesel::sql_query("SELECT COALESCE(MAX(needs), 0) AS version FROM schema_version").get_result(connection)?;
    let needs = needs.version;
    if needs > known {
        return Err(StoreError::Ahead(format!(
            "a newer version has brought the schema to step {found} and removed what this version uses, which knows \
             step {known}: start a version that knows step {needs}"
        )));
    }
    if found > known {
        tracing::info!(found, known, "the schema is ahead of this program, which uses the part that it knows");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection as _;

    use super::{NEEDS, STEPS, run};
    use crate::StoreError;
    use crate::opening::open_file;

    /// Statements that a program without the step may not survive, or that restrict what it writes.
    const REMOVALS: [&str; 10] = [
        "DROP ",
        "RENAME ",
        "ALTER COLUMN",
        "SET NOT NULL",
        "ADD CONSTRAINT",
        "CREATE UNIQUE INDEX",
        "CREATE TRIGGER",
        "DELETE FROM",
        "TRUNCATE",
        "UPDATE ",
    ];

    fn removal(sql: &str) -> Option<&'static str> {
        let statements: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
        let text = statements.join(" ").to_uppercase();
        REMOVALS.into_iter().find(|word| text.contains(word))
    }

    #[test]
    fn steps_are_in_order_and_those_after_the_first_only_add_or_are_listed() {
        assert!(STEPS.is_sorted_by(|(one, _), (next, _)| one < next));
        for (number, sql) in &STEPS[1..] {
            assert!(
                NEEDS.iter().any(|(step, _)| step == number) || removal(sql).is_none(),
                "step {number} has {:?}: servers of the previous version run on beside it; see docs/operations.md, \
                 \"A new version\", and NEEDS",
                removal(sql)
            );
        }
        for (step, needs) in NEEDS {
            assert!(needs < step && STEPS.iter().any(|(number, _)| number == step), "{step}");
        }
        assert_eq!(removal("ALTER TABLE claims DROP COLUMN note; -- gone"), Some("DROP "));
        assert_eq!(removal("ALTER TABLE claims ADD COLUMN note TEXT; -- RENAME it later"), None);
    }

    #[test]
    fn a_database_of_a_development_version_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = open_file(&folder.path().join("constat.db")).unwrap();
        let old = "CREATE TABLE schema_version (version BIGINT NOT NULL PRIMARY KEY, needs BIGINT NOT NULL DEFAULT 0); \
                   INSERT INTO schema_version (version) VALUES (0), (21)";
        connection.batch_execute(old).unwrap();
        let refused = run(&mut connection).unwrap_err();
        assert!(matches!(&refused, StoreError::Ahead(why) if why.contains("development version")), "{refused}");
        assert!(connection.batch_execute("SELECT * FROM claims").is_err());
    }

    #[test]
    fn a_database_without_missing_steps_opens_while_another_process_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("constat.db");
        run(&mut open_file(&path).unwrap()).unwrap();
        let mut writer = open_file(&path).unwrap();
        writer.batch_execute("BEGIN IMMEDIATE").unwrap();
        run(&mut open_file(&path).unwrap()).unwrap();
        writer.batch_execute("ROLLBACK").unwrap();
    }
}
