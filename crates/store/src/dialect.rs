//! All that differs between SQLite and PostgreSQL, in eleven entries at most. Everything else is written
//! once for both.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use crate::attempts::{Earlier, Kept};
use crate::schema::{event_chains, idempotent_answers};
use crate::{Connection, StoreError};

/// (1) A SQLite session: write-ahead log, durable commits, enforced references, and up to five seconds
/// of patience with another process (the command line, a backup) that holds the lock.
pub(crate) const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;";

/// (1) A PostgreSQL session. The wait for a lock is short: two transactions that wait for each other fail after a
/// quarter of a second, and run again one by one. The server ends a transaction whose node is gone.
pub(crate) const POSTGRES_SESSION: &str = "SET lock_timeout = '250ms'; SET statement_timeout = '15s'; \
     SET idle_in_transaction_session_timeout = '10s'; SET client_min_messages = warning;";

/// (2) Further settings of the one writer of a SQLite file. It caches 32 MiB of pages: SQLite walks through its whole
/// cache at most commits, and with 128 MiB that took a sixth of the writer's time. It moves the log into the database
/// every 10 MiB instead of every 4.
pub(crate) fn prepare_writer(connection: &mut Connection) -> Result<(), StoreError> {
    match connection {
        Connection::Sqlite(one) => {
            one.batch_execute("PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 2500;")?;
        }
        Connection::Postgres(_) => {}
    }
    Ok(())
}

/// (3) What keeps a reader from writing.
pub(crate) fn prepare_reader(connection: &mut Connection) -> Result<(), StoreError> {
    match connection {
        Connection::Sqlite(one) => one.batch_execute("PRAGMA query_only = ON")?,
        Connection::Postgres(one) => one.batch_execute("SET default_transaction_read_only = on")?,
    }
    Ok(())
}

/// (4) Begins a transaction that will write. SQLite takes its write lock at once. PostgreSQL's reads see
/// what was committed before each statement: a decision on read rows is guarded by a version, a lock
/// or a unique row that detects a change.
pub(crate) fn begin(connection: &mut Connection) -> QueryResult<()> {
    match connection {
        Connection::Sqlite(one) => one.batch_execute("BEGIN IMMEDIATE"),
        Connection::Postgres(one) => one.batch_execute("BEGIN"),
    }
}

/// (5) The end of a tenant's chain, held until the transaction ends, so that no other writer goes on from
/// it. SQLite has one writer at a time and needs no lock.
pub(crate) fn hold_chain(
    connection: &mut Connection,
    tenant: &str,
    genesis: &[u8],
) -> QueryResult<Option<(i64, Vec<u8>)>> {
    let columns = (event_chains::length, event_chains::hash);
    match connection {
        Connection::Sqlite(one) => event_chains::table.find(tenant).select(columns).get_result(one).optional(),
        Connection::Postgres(one) => {
            let held =
                |one: &mut _| event_chains::table.find(tenant).select(columns).for_update().get_result(one).optional();
            if let Some(end) = held(one)? {
                return Ok(Some(end));
            }
            // A tenant's first event: there must be a row to hold.
            let empty = (event_chains::tenant.eq(tenant), event_chains::length.eq(0), event_chains::hash.eq(genesis));
            diesel::insert_into(event_chains::table).values(empty).on_conflict_do_nothing().execute(one)?;
            held(one)
        }
    }
}

/// (6) Lets one process at a time change the schema; the transaction under way is its own.
pub(crate) fn lock_schema(connection: &mut Connection) -> QueryResult<()> {
    match connection {
        Connection::Sqlite(_) => Ok(()),
        // Any number will do while all use the same; it is given back with the transaction.
        Connection::Postgres(one) => {
            one.batch_execute("SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(4027105186)")
        }
    }
}

/// (7) A step of the schema in the words of the database. The steps are written for SQLite; PostgreSQL
/// has other names for three types, and compares text by bytes only when told to. What follows a line
/// `-- only sqlite` or `-- only postgresql`, up to the next empty line, is for that one alone.
pub(crate) fn translated(connection: &Connection, step: &str) -> String {
    let (mine, others) = match connection {
        Connection::Sqlite(_) => ("-- only sqlite", "-- only postgresql"),
        Connection::Postgres(_) => ("-- only postgresql", "-- only sqlite"),
    };
    let blocks: Vec<&str> = step.split("\n\n").filter(|block| !block.trim_start().starts_with(others)).collect();
    let text = blocks.join("\n\n").replace(mine, "");
    match connection {
        Connection::Sqlite(_) => text,
        Connection::Postgres(_) => text
            .replace("INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
            .replace(" BLOB", " BYTEA")
            .replace(" TEXT", " TEXT COLLATE \"C\""),
    }
}

/// (8) Writes the whole database anew, without what was deleted or overwritten.
pub(crate) fn scrub(connection: &mut Connection) -> Result<(), StoreError> {
    #[derive(diesel::QueryableByName)]
    struct Checkpoint {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        busy: i32,
    }
    match connection {
        Connection::Sqlite(one) => {
            // The copy may be larger than the memory.
            one.batch_execute("PRAGMA temp_store = FILE; PRAGMA busy_timeout = 30000; VACUUM")?;
            // A server's own checkpoint may be under way, and SQLite does not wait for that one.
            for _ in 0..100 {
                let done: Checkpoint = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(one)?;
                if done.busy == 0 {
                    return Ok(());
                }
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
            Err(StoreError::Busy("the write-ahead log is in use".to_owned()))
        }
        Connection::Postgres(one) => {
            one.batch_execute("SET statement_timeout = 0; SET lock_timeout = '30s'")?;
            // By itself: several statements sent at once are one transaction.
            Ok(one.batch_execute("VACUUM FULL")?)
        }
    }
}

/// (9) A PostgreSQL URL that notices a server that is gone: in five seconds when connecting, in about
/// fifteen when it stops answering. What the URL says itself stands.
pub(crate) fn patient_url(url: &str) -> String {
    const TIMEOUTS: [(&str, &str); 6] = [
        ("connect_timeout", "5"),
        ("keepalives_idle", "5"),
        ("keepalives_interval", "3"),
        ("keepalives_count", "3"),
        ("tcp_user_timeout", "15000"),
        ("application_name", "constat"),
    ];
    let missing = TIMEOUTS.iter().filter(|(name, _)| !url.contains(&format!("{name}=")));
    missing.fold(url.to_owned(), |url, (name, value)| {
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}{name}={value}")
    })
}

/// (10) A copy of the whole database in a file of its own, as of one instant. Only SQLite.
pub(crate) fn snapshot(connection: &mut Connection, to: &std::path::Path) -> Result<(), StoreError> {
    let to = to.to_str().ok_or_else(|| StoreError::Unavailable("the path of the copy is not UTF-8".to_owned()))?;
    match connection {
        Connection::Sqlite(one) => {
            diesel::sql_query("VACUUM INTO ?").bind::<diesel::sql_types::Text, _>(to).execute(one)?;
            Ok(())
        }
        Connection::Postgres(_) => Err(StoreError::Unavailable("a PostgreSQL database has its own tools".to_owned())),
    }
}

diesel::define_sql_function! {
    /// A function of the schema, on PostgreSQL.
    #[sql_name = "take_idempotency_key"]
    fn pg_take_idempotency_key(asked_by: diesel::sql_types::Text, asked_under: diesel::sql_types::Text)
        -> diesel::sql_types::Nullable<diesel::sql_types::Text>;
}

/// (11) Takes an `Idempotency-Key` for the transaction, and reads the answer kept under it. SQLite has one
/// transaction that writes at a time: in one that does, there is nothing to take.
pub(crate) fn take_idempotency_key(connection: &mut Connection, caller: &str, key: &str) -> QueryResult<Earlier> {
    let kept = match connection {
        Connection::Sqlite(one) => idempotent_answers::table
            .find((caller, key))
            .select((idempotent_answers::request_digest, idempotent_answers::answer))
            .get_result::<(String, String)>(one)
            .optional()?,
        Connection::Postgres(one) => {
            let told: Option<String> = diesel::select(pg_take_idempotency_key(caller, key)).get_result(one)?;
            match told.as_deref().map(|told| told.split_once('\n')) {
                None => None,
                Some(None) => return Ok(Earlier::InTransaction),
                Some(Some((request_digest, answer))) => Some((request_digest.to_owned(), answer.to_owned())),
            }
        }
    };
    Ok(kept.map_or(Earlier::Nothing, |(request_digest, answer)| Earlier::Kept(Kept { request_digest, answer })))
}
