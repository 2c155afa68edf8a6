DROP TABLE told_checkpoints;
DROP TABLE destructions, erasures, account_states, platform_lines, import_lines, imports, reconciliations, control_items, control_reports;
DROP INDEX query_records_day;
ALTER TABLE query_applications DROP COLUMN endorsed_at, DROP COLUMN subjects, DROP COLUMN items;
