-- The events become a chain: each tenant's are numbered without a gap, and each holds the hash of the
-- one before it and of its own content (crates/store/src/chain.rs). Nothing was released before this
-- step; what trials had recorded is not carried over.
DROP TABLE events;
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  position BIGINT NOT NULL, -- 1, 2, 3 ... within the tenant
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL, -- the key's id, 'insured' or 'system'
  data TEXT, -- null once erased: the chain covers its hash, not the text
  data_hash BLOB NOT NULL,
  previous BLOB NOT NULL, -- the hash of the event before; zeros for a tenant's first
  hash BLOB NOT NULL,
  UNIQUE (tenant, position) -- two writers cannot both go on from the same event
);
CREATE INDEX events_by_subject ON events (subject, seq);

-- The end of each tenant's chain: what the next event goes on from, and what tells that the last ones
-- were cut off.
CREATE TABLE event_chains (
  tenant TEXT NOT NULL PRIMARY KEY,
  length BIGINT NOT NULL,
  hash BLOB NOT NULL
);
