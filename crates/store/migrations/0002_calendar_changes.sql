-- How often a firm's experts or absences were changed: tells the calendars in memory, of this process
-- or another, that they must be read again. Appointments do not count: they are followed one by one.
CREATE TABLE calendar_changes (
  tenant TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL
);
