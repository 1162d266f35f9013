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

-- Keys that seal offers, sessions and links. Several live at once while they rotate.
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
  status TEXT NOT NULL,
  insurer_reference TEXT,
  created_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX claims_by_user ON claims (tenant, user_id, created_at);
CREATE INDEX claims_by_reference ON claims (tenant, insurer_reference);

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
  series TEXT NOT NULL, -- what was imported as one: the occurrences of a rule share it
  CHECK (starts_at < ends_at)
);
CREATE INDEX absences_by_expert ON absences (expert, ends_at);
CREATE INDEX absences_by_series ON absences (series);
CREATE INDEX absences_by_tenant ON absences (tenant);

-- The guard of the commit protocol: one row for each expert and local day that was ever written to.
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
-- Holds every column that a commit reads of an expert's day, so that the rows and their bodies, which
-- are long, stay unread.
CREATE INDEX appointments_by_expert ON appointments (expert, status, busy_to, busy_from, id, lat, lon);
CREATE INDEX appointments_by_start ON appointments (tenant, starts_at);
CREATE INDEX appointments_by_claim ON appointments (claim_id);

-- A session books, or moves, once. Sessions are 122 random bits: unique without the tenant.
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

-- What was answered to a write that carried an Idempotency-Key.
CREATE TABLE idempotent_answers (
  caller TEXT NOT NULL, -- the key's id
  idempotency_key TEXT NOT NULL,
  request_digest TEXT NOT NULL,
  answer TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (caller, idempotency_key)
);

-- Every change, in commit order: audit trail, timeline, feed and outbox all read it.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL, -- the key's id, or 'system'
  data TEXT NOT NULL
);
CREATE INDEX events_by_subject ON events (subject, seq);

-- Single-use sign-in links; only a hash of the secret is kept.
CREATE TABLE sign_in_links (
  hash TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  declaration_id TEXT NOT NULL REFERENCES claims (declaration_id),
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);
