-- Times that are kept for whoever is about to book them. A hold is the place of an appointment that is not
-- made yet, and has the appointment's id; it ends by itself at an instant, and counts for nothing from then
-- on.
CREATE TABLE holds (
  id TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  expert TEXT NOT NULL REFERENCES experts (id),
  session TEXT NOT NULL, -- the search session it was taken in: those of one are taken and released together
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
