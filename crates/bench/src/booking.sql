-- The statements of one booking, as crates/scheduling/src/booking/book.rs makes them, for pgbench. Each transaction
-- books another expert, day and time, and commits on its own, without group commit.
\set slot :slot + 1
\set expert random(1, 200)
\set day random(20000, 20069)
\set start (:client_id * 100000 + :slot) * 3600000000
BEGIN;
INSERT INTO used_sessions (session, appointment, used_at) VALUES ('ses_' || :client_id || '_' || :slot, 'apt_' || :client_id || '_' || :slot, :start) ON CONFLICT DO NOTHING;
SELECT id, tenant, expert, session, holder, busy_from, busy_to, lat, lon, expires_at FROM holds WHERE session = 'ses_' || :client_id || '_' || :slot ORDER BY id;
SELECT version AS v FROM expert_days WHERE expert = 'exp_' || :expert AND day = :day \gset
SELECT id, expert, busy_from, busy_to, lat, lon FROM appointments WHERE expert = 'exp_' || :expert AND status = 'booked' AND busy_to > :start AND busy_from < :start + 86400000000 ORDER BY busy_from;
SELECT id, tenant, expert, starts_at, ends_at, reason, series FROM absences WHERE expert = 'exp_' || :expert AND ends_at > :start AND starts_at < :start + 86400000000 ORDER BY starts_at;
SELECT id, tenant, expert, session, holder, busy_from, busy_to, lat, lon, expires_at FROM holds WHERE expert = 'exp_' || :expert AND busy_to > :start AND busy_from < :start + 86400000000 AND expires_at > :start;
INSERT INTO appointments (id, tenant, expert, status, busy_from, busy_to, lat, lon, booked_by, claim_id, zip, starts_at, created_at, search_text, version, body) VALUES ('apt_' || :client_id || '_' || :slot, 'org_1/test', 'exp_' || :expert, 'booked', :start, :start + 3600000000, 48.85, 2.35, 'org_2', 'claim', '75017', :start, :start, 'case city street', 1, :body);
UPDATE expert_days SET version = :v + 1 WHERE expert = 'exp_' || :expert AND day = :day AND version = :v;
SELECT length AS n, hash FROM event_chains WHERE tenant = 'org_1/test' FOR UPDATE \gset
INSERT INTO events (id, tenant, position, subject, kind, at, actor, data, data_hash, previous, hash) VALUES ('evt_' || :client_id || '_' || :slot, 'org_1/test', :n + 1, 'apt_' || :client_id || '_' || :slot, 'appointment.booked', :start, 'key_1', :data, '\x00', '\x00', '\x00');
INSERT INTO event_chains (tenant, length, hash) VALUES ('org_1/test', :n + 1, '\x00') ON CONFLICT (tenant) DO UPDATE SET length = :n + 1, hash = '\x00';
COMMIT;
