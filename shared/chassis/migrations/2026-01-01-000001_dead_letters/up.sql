-- What a dead letter needs to be taken in later as if it had just come.
ALTER TABLE dead_letters
    ADD COLUMN source text NOT NULL DEFAULT '',
    ADD COLUMN occurred_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN traceparent text;
CREATE INDEX dead_letters_open ON dead_letters (failed_at, event_id) WHERE replayed_at IS NULL;
