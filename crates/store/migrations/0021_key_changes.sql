-- One row for each change of an API key (a revocation): nodes remember keys as long as their number stays
-- the same.
CREATE TABLE api_key_changes (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL
);

-- The bytes of a document, for the storage quota. NULL for documents from before this step: they count as
-- nothing.
ALTER TABLE document_files ADD COLUMN size BIGINT;
CREATE INDEX document_files_by_size ON document_files (tenant, size);
