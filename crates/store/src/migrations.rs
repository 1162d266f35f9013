//! The schema, as one numbered list. A step that has been released is never edited: add another.
//!
//! Servers are replaced one after the other, so that a program meets a schema that is ahead of it: while
//! the next version's servers come up beside it, when it starts again meanwhile, and when the next version is
//! taken back. A step therefore only adds: tables, columns that may be null or have a default, indexes. What
//! is to go is first no longer used, in one release, and taken away in a later one, by a step that
//! [`NEEDS`] names; a program that still uses it does not start from then on.

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
    (12, include_str!("../migrations/0012_what_it_needs.sql")),
    (13, include_str!("../migrations/0013_one_tree.sql")),
    (14, include_str!("../migrations/0014_next_deliveries.sql")),
    (15, include_str!("../migrations/0015_answers_by_age.sql")),
    (16, include_str!("../migrations/0016_declared_by.sql")),
    (17, include_str!("../migrations/0017_open_attempts.sql")),
    (18, include_str!("../migrations/0018_claims_by_contract.sql")),
    (19, include_str!("../migrations/0019_trials_and_references.sql")),
    (20, include_str!("../migrations/0020_access.sql")),
    (21, include_str!("../migrations/0021_key_changes.sql")),
];

/// The steps that take something away, each with the newest step of the first release that does without it:
/// `(15, 13)` says that step 15 removes what programs that know step 13 no longer use.
const NEEDS: &[(i64, i64)] = &[];

const BEGINNING: &str = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY); \
     INSERT INTO schema_version (version) VALUES (0) ON CONFLICT DO NOTHING;";

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    version: i64,
}

/// Applies the steps that are missing, each in a transaction of its own. Safe to run from several
/// processes at once: the write lock is taken before the version is read.
///
/// # Errors
/// [`StoreError::Ahead`] when a newer version took away what this program uses.
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
    may_run(connection)
}

fn apply(connection: &mut Connection, number: i64, step: &str) -> Result<(), StoreError> {
    dialect::lock_schema(connection)?;
    if current(connection)? < number {
        // A step may be for the other database alone; PostgreSQL does not take nothing for a statement.
        if step.lines().any(|line| !line.trim().is_empty() && !line.starts_with("--")) {
            connection.batch_execute(step)?;
        }
        connection.batch_execute(&format!("INSERT INTO schema_version (version) VALUES ({number})"))?;
        if let Some((_, needs)) = NEEDS.iter().find(|(step, _)| *step == number) {
            connection.batch_execute(&format!("UPDATE schema_version SET needs = {needs} WHERE version = {number}"))?;
        }
    }
    Ok(())
}

fn current(connection: &mut Connection) -> QueryResult<i64> {
    let found: Version =
        diesel::sql_query("SELECT MAX(version) AS version FROM schema_version").get_result(connection)?;
    Ok(found.version)
}

/// Whether this program may run on the schema as it is now, which may be ahead of it.
fn may_run(connection: &mut Connection) -> Result<(), StoreError> {
    let known = STEPS.last().map_or(0, |(number, _)| *number);
    let found = current(connection)?;
    let needs: Version =
        diesel::sql_query("SELECT MAX(needs) AS version FROM schema_version").get_result(connection)?;
    let needs = needs.version;
    if needs > known {
        return Err(StoreError::Ahead(format!(
            "a newer version has brought the schema to step {found} and taken away what this one uses, which knows \
             step {known}: start a version that knows step {needs}"
        )));
    }
    if found > known {
        tracing::info!(found, known, "the schema is ahead of this program, which goes on with what it knows");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{NEEDS, STEPS};
    use crate::chain::{data_hash, hex};

    /// SHA-256 of each step that is on the main line. Add a line for a new step; never change one.
    const RELEASED: &[&str] = &[
        "abbb60f5fd4f4fa712b099fd1b8a2f9590cc2b1d972b9a76aaa6ab665942a450",
        "0e96237065d8e40c7bbbc5d1cff9b1c5cba9ccee0bea39cfe06dd440ad3b82b3",
        "ff36174388faffa847336a308057ec6aec189699d9758ab19356164450ae343d",
        "3871c1d3d3884d761f57cfcae09ad80b8ae89c87ff33a503a89208c9e3b8494f",
        "ff8c6f8183268f931da7e0a717552602a5ad94338faccdd89e61857bb51dcf3b",
        "a7556ddbff8d224a4851b07b99f6bafb4301e421d5732b38ba608e7fc648eec1",
        "35682840771853967de12e085bc67ef5e36a14912524631c75e88c3b1830dfaa",
        "bcb6f959da971a08af12e98ae279482de5db786a7da26cce413873d83d690948",
        "eafdfdaaa84f1090aaa26561630ed898287808e5b79d880494573bb9881fb33b",
        "c13cd7e63e391b8880b8b7ea3e6441c983845fb180b4174cfe72397602b97d6e",
        "4140d4cce88e6bf0f52513ab9aa6d818eb04451895bdcbb3b347bfa30b7b9c0d",
        "981d03aa2372b9026bf82e82141f2cd803d5f1eaff01fc60f737a99ce4875182",
        "50f2647474d970388d02ee26a37d872e52c783315a6a734a7a6b7c5931cbe5e4",
        "3ebe49dc2b5c417d6a81830daeea80e90e93d45ac9c06ac9ffbe63f7d527daca",
        "6e2a6b7a10bbc2844dfb7ab7ca4c8d48145a52ee2989370e8b25b3c3041ed511",
        "59c42c703f3c8c770183d79095357e765d8926589f1b1eb9b62e395add73c780",
        "bcb7afb8e8b792cf93e8abb4c7c461a3d115cfa6c8e4e7c50d1edc2c4474ea03",
        "cc53578db987acb309373990a6e29301a2e45fb66bd6347391e6381efa1af27f",
        "2766cd455797e30365fe4fb8a36a0b20eb505046cc00e4e99856215685becfa8",
        "997e1c2ff0a57e112603a1189160d4847745d47f0986b382682bb4b9d5efb1ea",
        "50ae9d505e9e90a7b59310fbbb2a894e6cf5b92c41ef7caaee6fa20ada83aa1c",
    ];

    #[test]
    fn steps_are_numbered_and_none_is_edited() {
        assert!(
            STEPS.is_sorted_by(|(one, _), (next, _)| one < next),
            "steps are applied in the order of their numbers"
        );
        for (place, (number, sql)) in STEPS.iter().enumerate() {
            let digest = hex(&data_hash(sql));
            assert_eq!(
                RELEASED.get(place).copied(),
                Some(digest.as_str()),
                "step {number}: a new one needs its line here; one that was released is never edited, add another"
            );
        }
        assert_eq!(RELEASED.len(), STEPS.len());
    }

    /// The last step that is not held to the rule: nothing had been released by then, and two steps up to it
    /// (13, 14) take away.
    const BEFORE_THE_RULE: i64 = 14;

    /// Words of a step that a program which does not know it may not survive, or that bind what it writes.
    const TAKES: [&str; 10] = [
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

    fn takes(sql: &str) -> Option<&'static str> {
        let statements: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
        let text = statements.join(" ").to_uppercase();
        TAKES.into_iter().find(|word| text.contains(word))
    }

    #[test]
    fn a_step_only_adds_or_says_who_can_do_without() {
        for (number, sql) in STEPS.iter().filter(|(number, _)| *number > BEFORE_THE_RULE) {
            let is_named = NEEDS.iter().any(|(step, _)| step == number);
            assert!(
                is_named || takes(sql).is_none(),
                "step {number} has {:?}: servers of the version before run on beside it; see docs/operations.md, \
                 \"A new version\", and NEEDS",
                takes(sql)
            );
        }
        for (step, needs) in NEEDS {
            assert!(needs < step && STEPS.iter().any(|(number, _)| number == step), "{step}");
        }
        assert_eq!(takes("ALTER TABLE claims DROP COLUMN note; -- gone"), Some("DROP "));
        assert_eq!(takes("ALTER TABLE claims ADD COLUMN note TEXT; -- RENAME it later"), None);
    }
}
