-- Identifiers are text, instants UTC microseconds, booleans 0/1, nested data JSON text in `body`.
-- `tenant` is an organisation and a mode, 'org_…/test': test and live rows never share one.

CREATE TABLE organisations (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL
);

CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  issuer TEXT NOT NULL REFERENCES organisations (id),
  holder TEXT NOT NULL REFERENCES organisations (id),
  created_at BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX api_keys_by_issuer ON api_keys (issuer, holder);

-- One row for each change of an API key, such as a revocation. Nodes cache keys until the number of rows
-- changes.
CREATE TABLE api_key_changes (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL
);

-- Keys that seal offers, sessions and links. Several are valid at once during a rotation.
CREATE TABLE sealing_keys (
  number BIGINT NOT NULL PRIMARY KEY,
  secret BLOB NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE contracts (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  number TEXT NOT NULL,
  email TEXT, -- the policyholder's, lower case
  body TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX contracts_by_user ON contracts (tenant, user_id);
CREATE INDEX contracts_by_number ON contracts (tenant, number);
CREATE INDEX contracts_by_email ON contracts (tenant, email) WHERE email IS NOT NULL;

CREATE TABLE claims (
  declaration_id TEXT NOT NULL PRIMARY KEY,
  claim_id TEXT UNIQUE,
  tenant TEXT NOT NULL,
  user_id TEXT NOT NULL,
  declared_by TEXT NOT NULL, -- the organisation that holds the key of the declaration
  contract_id TEXT NOT NULL,
  status TEXT NOT NULL,
  insurer_reference TEXT,
  created_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX claims_by_user ON claims (tenant, user_id, created_at);
CREATE INDEX claims_by_reference ON claims (tenant, insurer_reference);
CREATE INDEX claims_by_contract ON claims (tenant, contract_id);

-- One row for each stored document of a claim: promoted from the claim's JSON, so that the removal of stray
-- bytes, the search for duplicates and the virus scanner do not read every claim.
CREATE TABLE document_files (
  storage_key TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  declaration_id TEXT NOT NULL REFERENCES claims (declaration_id),
  document_id TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  scan TEXT NOT NULL, -- none, pending, clean, infected
  size BIGINT NOT NULL -- in bytes
);
CREATE INDEX document_files_by_hash ON document_files (tenant, sha256);
CREATE INDEX document_files_to_scan ON document_files (storage_key) WHERE scan = 'pending';
CREATE INDEX document_files_by_size ON document_files (tenant, size);

-- Document bytes whose rows an erasure has deleted. The bytes are removed after its transaction; after a
-- crash, by the next erasure.
CREATE TABLE bytes_to_remove (
  storage_key TEXT NOT NULL PRIMARY KEY
);

-- When to evaluate a claim's deadlines next. A narrow row beside the claim's wide one, because each evaluation
-- writes it. The deadlines themselves are computed from the claim when they are read.
CREATE TABLE deadline_watch (
  declaration_id TEXT NOT NULL PRIMARY KEY REFERENCES claims (declaration_id) ON DELETE CASCADE,
  tenant TEXT NOT NULL,
  version BIGINT NOT NULL, -- of the claim
  look_at BIGINT, -- 0: the claim changed, evaluate at once; null: no evaluation until the claim changes
  running_at BIGINT, -- the end of the first running term
  missed_at BIGINT -- the end of the first term that was missed and is not met since
);
CREATE INDEX deadline_watch_by_look ON deadline_watch (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX deadline_watch_running ON deadline_watch (tenant, running_at) WHERE running_at IS NOT NULL;
CREATE INDEX deadline_watch_missed ON deadline_watch (tenant, missed_at) WHERE missed_at IS NOT NULL;

-- Notices sent about a claim's deadlines: one for each rule, term and kind.
CREATE TABLE deadline_notices (
  declaration_id TEXT NOT NULL REFERENCES claims (declaration_id) ON DELETE CASCADE,
  rule TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  kind TEXT NOT NULL, -- of the event
  PRIMARY KEY (declaration_id, rule, due_at, kind)
);

-- The digest of the rules of the last evaluation. When the rules change, all claims are evaluated again.
CREATE TABLE deadline_rules (
  id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  digest TEXT NOT NULL
);

-- Catastrophes that operators have declared, past ones included.
CREATE TABLE catastrophes (
  name TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL
);

CREATE TABLE experts (
  id TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  reference TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (tenant, reference)
);

CREATE TABLE absences (
  id TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  expert TEXT NOT NULL REFERENCES experts (id),
  starts_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  series TEXT NOT NULL, -- shared by the occurrences of one imported rule
  CHECK (starts_at < ends_at)
);
CREATE INDEX absences_by_expert ON absences (expert, ends_at);
-- One index on both columns: with one index each, SQLite chose the tenant's and read every absence of the firm
-- for each that an import saved.
CREATE INDEX absences_by_tenant ON absences (tenant, series);

-- Counts changes of a firm's experts and absences. Calendars in memory are loaded again when it changes.
-- Appointments do not count: calendars follow them one by one.
CREATE TABLE calendar_changes (
  tenant TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL
);

-- The guard of the commit protocol: one row for each expert and local day with any write.
-- SQLite stores it, and the used sessions, as one tree without row numbers; each booking writes both.

-- only sqlite
CREATE TABLE expert_days (
  expert TEXT NOT NULL,
  day BIGINT NOT NULL, -- days since 1970-01-01
  version BIGINT NOT NULL,
  PRIMARY KEY (expert, day)
) WITHOUT ROWID;

-- only postgresql
CREATE TABLE expert_days (
  expert TEXT NOT NULL,
  day BIGINT NOT NULL, -- days since 1970-01-01
  version BIGINT NOT NULL,
  PRIMARY KEY (expert, day)
);

CREATE TABLE appointments (
  id TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  expert TEXT NOT NULL REFERENCES experts (id),
  status TEXT NOT NULL,
  busy_from BIGINT NOT NULL,
  busy_to BIGINT NOT NULL,
  lat DOUBLE PRECISION, -- where the expert is during it; null for a remote appointment
  lon DOUBLE PRECISION,
  booked_by TEXT NOT NULL,
  claim_id TEXT, -- the platform's id of the claim, UUID form when it is one
  zip TEXT,
  starts_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  search_text TEXT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT NOT NULL,
  CHECK (busy_from < busy_to)
);
-- Holds every column that a commit reads of an expert's day: the rows with their long bodies stay unread.
CREATE INDEX appointments_by_expert ON appointments (expert, status, busy_to, busy_from, id, lat, lon);
CREATE INDEX appointments_by_start ON appointments (tenant, starts_at);
CREATE INDEX appointments_by_claim ON appointments (claim_id);

-- The second lock behind the guards of the commit protocol: two visits of one expert never overlap. SQLite has
-- no such constraint; its one writer decides alone.

-- only postgresql
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE appointments ADD CONSTRAINT appointments_never_overlap
  EXCLUDE USING gist (expert WITH =, int8range(busy_from, busy_to) WITH &&) WHERE (status = 'booked');

-- Kind of intervention and insurer's reference of each appointment: finds earlier bookings for the same claim.
CREATE TABLE appointment_references (
  tenant TEXT NOT NULL,
  reference TEXT NOT NULL,
  appointment TEXT NOT NULL,
  PRIMARY KEY (tenant, reference, appointment)
);

-- Times held for a booking. A hold has the id of the future appointment. It has no effect from `expires_at` on.
CREATE TABLE holds (
  id TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  expert TEXT NOT NULL REFERENCES experts (id),
  session TEXT NOT NULL, -- the search session; its holds are taken and released together
  holder TEXT NOT NULL,
  busy_from BIGINT NOT NULL,
  busy_to BIGINT NOT NULL,
  lat DOUBLE PRECISION,
  lon DOUBLE PRECISION,
  expires_at BIGINT NOT NULL,
  CHECK (busy_from < busy_to)
);
CREATE INDEX holds_by_expert ON holds (expert, busy_to);
CREATE INDEX holds_by_session ON holds (session);
CREATE INDEX holds_by_tenant ON holds (tenant, expires_at);

-- One row for each platform with holds at a firm. A transaction changes it before it counts the platform's holds,
-- so that two nodes do not count at once.
CREATE TABLE hold_counts (
  tenant TEXT NOT NULL,
  holder TEXT NOT NULL,
  changes BIGINT NOT NULL,
  PRIMARY KEY (tenant, holder)
);

-- A session books or reschedules once. Sessions are 122 random bits: unique without the tenant.

-- only sqlite
CREATE TABLE used_sessions (
  session TEXT NOT NULL PRIMARY KEY,
  appointment TEXT NOT NULL,
  used_at BIGINT NOT NULL
) WITHOUT ROWID;

-- only postgresql
CREATE TABLE used_sessions (
  session TEXT NOT NULL PRIMARY KEY,
  appointment TEXT NOT NULL,
  used_at BIGINT NOT NULL
);

CREATE TABLE claim_appointments (
  id TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  declaration_id TEXT NOT NULL REFERENCES claims (declaration_id),
  partner_org TEXT,
  status TEXT NOT NULL,
  kind TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX claim_appointments_by_claim ON claim_appointments (declaration_id, created_at);

-- Appointments whose personal data partner firms have to erase too. Each is requested until the firm answers.
CREATE TABLE erasures_to_pass_on (
  appointment_id TEXT NOT NULL PRIMARY KEY, -- of claim_appointments
  tenant TEXT NOT NULL,
  declaration_id TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  due_at BIGINT NOT NULL
);
CREATE INDEX erasures_to_pass_on_by_due ON erasures_to_pass_on (due_at);

-- Answers to writes with an Idempotency-Key. They are removed after some days.
CREATE TABLE idempotent_answers (
  caller TEXT NOT NULL, -- the key's id
  idempotency_key TEXT NOT NULL,
  request_digest TEXT NOT NULL,
  answer TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (caller, idempotency_key)
);
CREATE INDEX idempotent_answers_by_age ON idempotent_answers (created_at);

-- Requests with an Idempotency-Key that a node works on outside of a transaction, while it waits for a partner
-- firm. Another node with the same request waits until the row is gone or `until` has passed.
CREATE TABLE open_attempts (
  caller TEXT NOT NULL, -- the key's id
  idempotency_key TEXT NOT NULL,
  request_digest TEXT NOT NULL,
  owner TEXT NOT NULL, -- names the attempt
  until BIGINT NOT NULL,
  PRIMARY KEY (caller, idempotency_key)
);

-- only postgresql
-- Takes the advisory lock of one Idempotency-Key for the transaction, without waiting, and returns the stored
-- answer: its request digest, a line feed, its text. NULL without an answer, 'busy' when another transaction has
-- the lock. One round trip. VOLATILE, so that the second query sees all that was committed before the lock was
-- taken.
CREATE FUNCTION take_idempotency_key(asked_by text, asked_under text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  kept text;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended(asked_by || ' ' || asked_under, 0)) THEN
    RETURN 'busy';
  END IF;
  SELECT request_digest || E'\n' || answer INTO kept FROM idempotent_answers
    WHERE caller = asked_by AND idempotency_key = asked_under;
  RETURN kept;
END $$;

-- Drafts declared lately without an Idempotency-Key, by a digest of key and body: the same declaration
-- sent twice within seconds is one draft.
CREATE TABLE recent_declarations (
  digest TEXT NOT NULL PRIMARY KEY,
  declaration_id TEXT NOT NULL,
  declared_at BIGINT NOT NULL
);
CREATE INDEX recent_declarations_by_age ON recent_declarations (declared_at);

-- Every change, in commit order: audit trail, timeline, feed and outbox read it. The events of one tenant are a
-- chain: numbered without a gap, each with the hash of the event before it and of its content
-- (crates/store/src/chain.rs).
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
  UNIQUE (tenant, position) -- two writers cannot both continue from the same event
);
CREATE INDEX events_by_subject ON events (subject, seq);

-- The end of each tenant's chain: the next event continues from it, and events cut off at the end are noticed.
CREATE TABLE event_chains (
  tenant TEXT NOT NULL PRIMARY KEY,
  length BIGINT NOT NULL,
  hash BLOB NOT NULL
);

-- Single-use sign-in links, by a hash of the secret.
CREATE TABLE sign_in_links (
  hash TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  declaration_id TEXT NOT NULL REFERENCES claims (declaration_id),
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  api_key TEXT NOT NULL -- the link ends when this key is revoked
);

-- `cursor` is the position of the tenant's last event that was turned into deliveries for this webhook: one
-- transaction moves it and adds the deliveries.
CREATE TABLE webhooks (
  id TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  api_key TEXT NOT NULL REFERENCES api_keys (id),
  status TEXT NOT NULL, -- active, paused, failing
  cursor BIGINT NOT NULL,
  failures BIGINT NOT NULL, -- in a row
  last_success_at BIGINT,
  created_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX webhooks_by_tenant ON webhooks (tenant, created_at);

-- One event for one webhook. The message is built when it is sent: no row holds personal data.
CREATE TABLE webhook_deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  webhook TEXT NOT NULL REFERENCES webhooks (id),
  event TEXT NOT NULL,
  subject TEXT NOT NULL, -- deliveries with the same subject are sent in order
  kind TEXT NOT NULL,
  status TEXT NOT NULL, -- pending, delivered, failed
  attempts BIGINT NOT NULL,
  first_attempt_at BIGINT, -- since it was made, replayed or resumed
  due_at BIGINT NOT NULL,
  leased_until BIGINT NOT NULL,
  leased_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  done_at BIGINT,
  -- Whether it is the next one of its subject. Stored, so that due deliveries are a range of an index, however
  -- many were sent before or wait behind.
  is_next BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook, seq);
CREATE INDEX webhook_deliveries_by_subject ON webhook_deliveries (webhook, status, subject, seq);
CREATE INDEX webhook_deliveries_next ON webhook_deliveries (webhook, is_next, due_at);
-- Pings are sent before other deliveries; this index finds them in a long queue.
CREATE INDEX webhook_deliveries_by_kind ON webhook_deliveries (webhook, kind, is_next);

-- The log of attempts.
CREATE TABLE webhook_attempts (
  delivery TEXT NOT NULL REFERENCES webhook_deliveries (id),
  number BIGINT NOT NULL,
  at BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL,
  status BIGINT, -- of the HTTP answer, if there was one
  error TEXT, -- why there was none
  PRIMARY KEY (delivery, number)
);
