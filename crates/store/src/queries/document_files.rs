//! Which bytes belong to which document.

use constat_domain::claim::ScanState;
use constat_domain::ids::{DeclarationId, DocumentId};
use constat_domain::tenancy::TenantId;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::chain::GENESIS;
use crate::columns::AsText;
use crate::schema::document_files;
use crate::{Connection, StoreError, Tx, dialect};

/// Bytes that a document names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFile {
    /// Where they are in the document store.
    pub key: String,
    /// Whose.
    pub tenant: TenantId,
    /// The claim.
    pub declaration: DeclarationId,
    /// The document.
    pub document: DocumentId,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// What the virus scanner said.
    pub scan: ScanState,
    /// Size in bytes.
    pub size: u64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = document_files)]
struct Row {
    storage_key: String,
    tenant: AsText<TenantId>,
    declaration_id: AsText<DeclarationId>,
    document_id: AsText<DocumentId>,
    sha256: String,
    scan: String,
    size: i64,
}

fn read(row: Row) -> Result<DocumentFile, StoreError> {
    Ok(DocumentFile {
        key: row.storage_key,
        tenant: row.tenant.0,
        declaration: row.declaration_id.0,
        document: row.document_id.0,
        sha256: row.sha256,
        scan: ScanState::named(&row.scan).ok_or_else(|| StoreError::corrupt("scan", &row.scan))?,
        size: row.size.unsigned_abs(),
    })
}

/// Saves a new one.
pub fn insert(tx: &mut Tx, file: &DocumentFile) -> Result<(), StoreError> {
    let row = Row {
        storage_key: file.key.clone(),
        tenant: AsText(file.tenant),
        declaration_id: AsText(file.declaration),
        document_id: AsText(file.document),
        sha256: file.sha256.clone(),
        scan: file.scan.as_str().to_owned(),
        size: i64::try_from(file.size).unwrap_or(i64::MAX),
    };
    diesel::insert_into(document_files::table).values(row).execute(&mut **tx)?;
    Ok(())
}

/// Keeps what the scanner said of these bytes.
pub fn set_scan(tx: &mut Tx, key: &str, scan: ScanState) -> Result<(), StoreError> {
    diesel::update(document_files::table.find(key)).set(document_files::scan.eq(scan.as_str())).execute(&mut **tx)?;
    Ok(())
}

/// The tenant's oldest documents with these very bytes, oldest first.
pub fn of_tenant_with_hash(
    connection: &mut Connection,
    tenant: &TenantId,
    sha256: &str,
    limit: i64,
) -> Result<Vec<DocumentFile>, StoreError> {
    let rows: Vec<Row> = document_files::table
        .filter(document_files::tenant.eq(tenant.to_string()).and(document_files::sha256.eq(sha256)))
        // Identifiers begin with the instant they were made at.
        .order(document_files::document_id)
        .limit(limit)
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(read).collect()
}

/// Those after a key, in the order of their keys: for the sweep, which sees all tenants.
pub fn page_after(connection: &mut Connection, key: &str, limit: i64) -> Result<Vec<DocumentFile>, StoreError> {
    let rows: Vec<Row> = document_files::table
        .filter(document_files::storage_key.gt(key))
        .order(document_files::storage_key)
        .limit(limit)
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(read).collect()
}

/// How many bytes the tenant's documents have together.
pub fn bytes_of_tenant(connection: &mut Connection, tenant: &TenantId) -> Result<u64, StoreError> {
    // PostgreSQL's sum of BIGINT is a NUMERIC.
    let sum = sql::<BigInt>("CAST(COALESCE(SUM(size), 0) AS BIGINT)");
    let of_tenant = document_files::table.filter(document_files::tenant.eq(tenant.to_string()));
    let bytes: i64 = of_tenant.select(sum).get_result(connection)?;
    Ok(bytes.unsigned_abs())
}

/// As [`bytes_of_tenant`], and no other transaction that records an event of the tenant commits before this one
/// ends. To be asked after the transaction's other writes, as the order of locks is theirs.
pub fn bytes_of_tenant_held(tx: &mut Tx, tenant: &TenantId) -> Result<u64, StoreError> {
    dialect::hold_chain(tx, &tenant.to_string(), &GENESIS)?;
    bytes_of_tenant(tx, tenant)
}

/// Whether any document names these bytes.
pub fn exists(connection: &mut Connection, key: &str) -> Result<bool, StoreError> {
    Ok(diesel::select(diesel::dsl::exists(document_files::table.find(key))).get_result(connection)?)
}

/// How many there are.
pub fn count(connection: &mut Connection) -> Result<i64, StoreError> {
    Ok(document_files::table.count().get_result(connection)?)
}

/// Those that wait for the virus scanner and whose keys come after this one, of all tenants, in order of
/// their keys.
pub fn to_scan(connection: &mut Connection, after: &str, limit: i64) -> Result<Vec<DocumentFile>, StoreError> {
    let rows: Vec<Row> = document_files::table
        .filter(document_files::scan.eq(ScanState::Pending.as_str()).and(document_files::storage_key.gt(after)))
        .order(document_files::storage_key)
        .limit(limit)
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(read).collect()
}
