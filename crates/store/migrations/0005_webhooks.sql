-- Whom to tell of events. `cursor` is the position of the last event of the tenant that was looked at
-- for this webhook: moving it and adding the deliveries is one transaction.
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

-- One event for one webhook. What is sent is made when it is sent: no row holds personal data.
CREATE TABLE webhook_deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  webhook TEXT NOT NULL REFERENCES webhooks (id),
  event TEXT NOT NULL,
  subject TEXT NOT NULL, -- deliveries with the same subject go out one after the other
  kind TEXT NOT NULL,
  status TEXT NOT NULL, -- pending, delivered, failed
  attempts BIGINT NOT NULL,
  first_attempt_at BIGINT, -- since it was made, replayed or resumed
  due_at BIGINT NOT NULL,
  leased_until BIGINT NOT NULL,
  leased_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  done_at BIGINT
);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (webhook, subject, seq) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook, seq);

-- The log: one row for each try.
CREATE TABLE webhook_attempts (
  delivery TEXT NOT NULL REFERENCES webhook_deliveries (id),
  number BIGINT NOT NULL,
  at BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL,
  status BIGINT, -- of the HTTP answer, when there was one
  error TEXT, -- why there was none
  PRIMARY KEY (delivery, number)
);
