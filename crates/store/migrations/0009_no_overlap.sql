-- The second lock behind the guards of the commit protocol: two visits of one expert can never overlap,
-- whatever the software above does. SQLite has no such constraint; its one writer decides alone.

-- only postgresql
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE appointments ADD CONSTRAINT appointments_never_overlap
  EXCLUDE USING gist (expert WITH =, int8range(busy_from, busy_to) WITH &&) WHERE (status = 'booked');
