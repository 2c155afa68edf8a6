-- The roles stay: they belong to the cluster, and other databases use them.
DROP FUNCTION log_drop_month(text, date, bigint);
DROP FUNCTION log_open_month(text, date, bigint);
DROP FUNCTION log_create(text);
DROP TABLE log_checkpoints, log_nodes, log_subjects, log_bodies, log_entries, log_months, log_heads;
DROP FUNCTION log_guard_head();
DROP FUNCTION log_refuse_change();
