-- Two small tables that every booking writes: kept by their keys alone, without numbered rows beside them,
-- they are one tree each instead of two. PostgreSQL has no such choice.

-- only sqlite
CREATE TABLE used_sessions_by_key (
  session TEXT NOT NULL PRIMARY KEY,
  appointment TEXT NOT NULL,
  used_at BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO used_sessions_by_key SELECT session, appointment, used_at FROM used_sessions;
DROP TABLE used_sessions;
ALTER TABLE used_sessions_by_key RENAME TO used_sessions;
CREATE TABLE expert_days_by_key (
  expert TEXT NOT NULL,
  day BIGINT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (expert, day)
) WITHOUT ROWID;
INSERT INTO expert_days_by_key SELECT expert, day, version FROM expert_days;
DROP TABLE expert_days;
ALTER TABLE expert_days_by_key RENAME TO expert_days;
