-- Answers kept for repeats are forgotten after some days.
CREATE INDEX idempotent_answers_by_age ON idempotent_answers (created_at);
