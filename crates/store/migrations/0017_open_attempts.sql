-- Requests with an Idempotency-Key that a server works on outside of a transaction, while it waits for a partner
-- firm. Another server that gets the same request waits until the row is gone or `until` has passed.
CREATE TABLE open_attempts (
  caller TEXT NOT NULL, -- the key's id
  idempotency_key TEXT NOT NULL,
  request_digest TEXT NOT NULL,
  owner TEXT NOT NULL, -- names the attempt
  until BIGINT NOT NULL,
  PRIMARY KEY (caller, idempotency_key)
);

-- One row for each platform that has held times at a firm: changed before the platform's holds are counted, so that two
-- servers do not count at once.
CREATE TABLE hold_counts (
  tenant TEXT NOT NULL,
  holder TEXT NOT NULL,
  changes BIGINT NOT NULL,
  PRIMARY KEY (tenant, holder)
);

-- only postgresql
-- Takes the advisory lock of one Idempotency-Key for the transaction, without waiting, and gives the kept answer:
-- its request digest, a line feed, its text. NULL when there is none, 'busy' when another transaction has the lock.
-- In one round trip. VOLATILE, so that the second query sees all that was committed before the lock was taken.
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
