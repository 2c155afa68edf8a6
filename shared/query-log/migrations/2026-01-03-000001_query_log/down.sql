-- The roles stay: they belong to the cluster, and other databases use them.
DROP FUNCTION log_end_subjects(text, bigint, bigint);
DROP FUNCTION log_open_subjects(text, bigint, bigint, bigint);
DROP FUNCTION log_erased_month(text, bigint, bigint);
DROP FUNCTION log_note_erasure(text, date, bigint, bigint);
DROP FUNCTION log_drop_month(text, date, bigint);
DROP FUNCTION log_drop_generations(text, date, bigint);
DROP FUNCTION log_open_month(text, date, bigint);
DROP FUNCTION log_open_generation(text, date, bigint);
DROP FUNCTION log_subject_partition(text, date, bigint);
DROP FUNCTION log_partition(text, text, date);
DROP FUNCTION log_attach(text, text, text, text);
DROP FUNCTION log_succeed(text, text, bigint, bytea, bigint, bytea, timestamptz);
DROP FUNCTION log_current(text);
DROP FUNCTION log_create(text);
DROP FUNCTION log_note(text, bigint);
DROP TABLE log_successions, log_losses, log_cosignatures, log_checkpoints, log_nodes, log_erasures, log_subjects, log_bodies, log_entries, log_months, log_heads;
DROP FUNCTION log_guard_head();
DROP FUNCTION log_refuse_change();
