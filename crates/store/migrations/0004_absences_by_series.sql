-- An import looks each absence's series up. With one index for the tenant and one for the series SQLite
-- took the tenant's, and read every absence of the firm for each that it saved.
DROP INDEX absences_by_series;
DROP INDEX absences_by_tenant;
CREATE INDEX absences_by_tenant ON absences (tenant, series);
