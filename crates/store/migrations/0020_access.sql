-- The key that a sign-in link was made with: the link ends when the key is revoked. Null on links of before,
-- which end by themselves within a week.
ALTER TABLE sign_in_links ADD COLUMN api_key TEXT;

-- The drafts declared lately without an Idempotency-Key, by a digest of key and body: the same declaration
-- sent twice within some seconds is one draft.
CREATE TABLE recent_declarations (
  digest TEXT NOT NULL PRIMARY KEY,
  declaration_id TEXT NOT NULL,
  declared_at BIGINT NOT NULL
);
CREATE INDEX recent_declarations_by_age ON recent_declarations (declared_at);

-- Appointments at partner firms whose personal data is to be erased there too: each is asked for until the
-- firm answers.
CREATE TABLE erasures_to_pass_on (
  appointment_id TEXT NOT NULL PRIMARY KEY, -- of claim_appointments
  tenant TEXT NOT NULL,
  declaration_id TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  due_at BIGINT NOT NULL
);
CREATE INDEX erasures_to_pass_on_by_due ON erasures_to_pass_on (due_at);
