-- Who declared a claim: the organisation that holds the key it was declared with. Null on rows of before, and
-- on those of servers of the version before that run on beside this one: the audit trail's first word on the
-- claim tells then, and the claim's next change writes it down. No index: lists go by the user, the feed by
-- the claim's own key.
ALTER TABLE claims ADD COLUMN declared_by TEXT;
