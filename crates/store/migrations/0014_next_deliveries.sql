-- Deliveries of one subject go out one after the other. Which one is next is written down when it becomes
-- so, instead of being found among all that wait each time something is sent: what is to be sent now is a
-- range of an index, however much was sent before or waits behind.
ALTER TABLE webhook_deliveries ADD COLUMN is_next BIGINT NOT NULL DEFAULT 0;
UPDATE webhook_deliveries SET is_next = 1 WHERE seq IN
  (SELECT min(seq) FROM webhook_deliveries WHERE status = 'pending' GROUP BY webhook, subject);
DROP INDEX webhook_deliveries_pending;
CREATE INDEX webhook_deliveries_by_subject ON webhook_deliveries (webhook, status, subject, seq);
CREATE INDEX webhook_deliveries_next ON webhook_deliveries (webhook, is_next, due_at);
