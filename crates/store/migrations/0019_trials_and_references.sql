-- Trials (pings) of a webhook are sent before whatever else waits. The index finds them in a long queue.
CREATE INDEX webhook_deliveries_by_kind ON webhook_deliveries (webhook, kind, is_next);

-- What appointments are for: kind of intervention and insurer's reference, to find what is booked for the same
-- claim already. Appointments from before this step have no row.
CREATE TABLE appointment_references (
  tenant TEXT NOT NULL,
  reference TEXT NOT NULL,
  appointment TEXT NOT NULL,
  PRIMARY KEY (tenant, reference, appointment)
);
