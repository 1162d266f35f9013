-- Bytes of documents that were erased: given up in the transaction that erased their rows, and removed
-- after it. What a crash leaves here is removed by the next erasure.
CREATE TABLE bytes_to_remove (
  storage_key TEXT NOT NULL PRIMARY KEY
);
