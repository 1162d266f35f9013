-- When to look at a claim's deadlines again: a narrow row beside the claim's wide one, since it is
-- written after each look. The terms themselves are counted from the claim whenever they are asked for.
CREATE TABLE deadline_watch (
  declaration_id TEXT NOT NULL PRIMARY KEY REFERENCES claims (declaration_id) ON DELETE CASCADE,
  tenant TEXT NOT NULL,
  version BIGINT NOT NULL, -- of the claim
  look_at BIGINT, -- 0: it changed, look at once; null: nothing more comes unless it changes
  running_at BIGINT, -- the end of the first term that runs
  missed_at BIGINT -- the end of the first term that is over and was not met since
);
CREATE INDEX deadline_watch_by_look ON deadline_watch (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX deadline_watch_running ON deadline_watch (tenant, running_at) WHERE running_at IS NOT NULL;
CREATE INDEX deadline_watch_missed ON deadline_watch (tenant, missed_at) WHERE missed_at IS NOT NULL;

INSERT INTO deadline_watch (declaration_id, tenant, version, look_at)
SELECT declaration_id, tenant, version, 0 FROM claims;

-- What was told of a claim's deadlines: each once for a rule and a term.
CREATE TABLE deadline_notices (
  declaration_id TEXT NOT NULL REFERENCES claims (declaration_id) ON DELETE CASCADE,
  rule TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  kind TEXT NOT NULL, -- the event's
  PRIMARY KEY (declaration_id, rule, due_at, kind)
);

-- A digest of the rules that all claims were last looked at with. Others: all are looked at again.
CREATE TABLE deadline_rules (
  id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  digest TEXT NOT NULL
);
