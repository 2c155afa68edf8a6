-- What every service's database holds besides its own tables.

-- ISO texts in documents as dates and moments: the casts depend on session settings in general, not for ISO texts,
-- and generated columns need immutable functions.
CREATE FUNCTION iso_day(text) RETURNS date IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql AS 'SELECT $1::date';
CREATE FUNCTION iso_moment(text) RETURNS timestamptz IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql AS 'SELECT $1::timestamptz';

-- Events on their way to Kafka; written in the transaction that made them.
CREATE TABLE outbox (
    id bigserial PRIMARY KEY,
    event_id uuid NOT NULL UNIQUE,
    topic text NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    occurred_at timestamptz NOT NULL,
    data text NOT NULL,
    traceparent text,
    tracestate text,
    published_at timestamptz
);
CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

-- Events that were taken in; written in the transaction of their effect.
CREATE TABLE inbox (
    event_id uuid PRIMARY KEY,
    topic text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);

-- Events that could not be taken in; replayed with `replay_dead_letter`.
CREATE TABLE dead_letters (
    event_id uuid PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    data text NOT NULL,
    reason text NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now(),
    replayed_at timestamptz
);

-- Answers to POSTs by their Idempotency-Key.
CREATE TABLE idempotency (
    caller text NOT NULL,
    key text NOT NULL,
    operation text NOT NULL,
    fingerprint text NOT NULL,
    status smallint NOT NULL,
    etag bigint,
    response jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);

-- Rhythms: the next due time of each; claimed by one replica at a time.
CREATE TABLE schedules (
    name text PRIMARY KEY,
    next_at timestamptz NOT NULL,
    claimed_until timestamptz
);

-- Work to do later, at least once.
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    run_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    claimed_until timestamptz,
    last_error text,
    done_at timestamptz,
    gave_up_at timestamptz
);
CREATE INDEX jobs_waiting ON jobs (run_at) WHERE done_at IS NULL AND gave_up_at IS NULL;
