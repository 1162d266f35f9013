-- The contract that a claim was declared on, so that claims follow when the dates of their contract change. Null
-- on rows of before, and on those of servers of the version before that run on beside this one: they are found by
-- their user until their next change writes it down.
ALTER TABLE claims ADD COLUMN contract_id TEXT;
CREATE INDEX claims_by_contract ON claims (tenant, contract_id);
