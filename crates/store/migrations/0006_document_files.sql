-- One row for each document whose bytes are stored: what a claim's JSON names, promoted, so that the
-- sweep, the search for duplicates and the virus scanner need not read every claim.
CREATE TABLE document_files (
  storage_key TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  declaration_id TEXT NOT NULL REFERENCES claims (declaration_id),
  document_id TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  scan TEXT NOT NULL -- none, pending, clean, infected
);
CREATE INDEX document_files_by_hash ON document_files (tenant, sha256);
CREATE INDEX document_files_to_scan ON document_files (storage_key) WHERE scan = 'pending';

-- only sqlite
INSERT INTO document_files (storage_key, tenant, declaration_id, document_id, sha256, scan)
SELECT
  json_extract(document.value, '$.storage_key'), claims.tenant, claims.declaration_id,
  json_extract(document.value, '$.id'), json_extract(document.value, '$.sha256'), 'none'
FROM claims, json_each(claims.body, '$.documents') AS document;
