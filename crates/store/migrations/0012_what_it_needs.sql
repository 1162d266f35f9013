-- Which programs may run on a schema that is ahead of them: a step that takes something away says which
-- step a program must know to do without it. 0: any may, the step only added.
ALTER TABLE schema_version ADD COLUMN needs BIGINT NOT NULL DEFAULT 0;
