DROP INDEX dead_letters_open;
ALTER TABLE dead_letters DROP COLUMN source, DROP COLUMN occurred_at, DROP COLUMN traceparent;
