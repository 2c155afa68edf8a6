-- Statutory duties: who is to do what by when, on which rule, closed by which evidence.
CREATE TABLE obligations (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- Names the duty once: the same duty about the same thing in the same period is one row.
    key text GENERATED ALWAYS AS (doc->>'key') STORED NOT NULL UNIQUE,
    duty text GENERATED ALWAYS AS (doc->>'duty') STORED NOT NULL,
    clause text GENERATED ALWAYS AS (doc->>'clause') STORED NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    -- No foreign key: agencies are the account service's.
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED,
    due_on date GENERATED ALWAYS AS (iso_day(doc->>'due_on')) STORED
);
CREATE INDEX obligations_open ON obligations (due_on) WHERE state = 'open';
CREATE INDEX obligations_agency ON obligations (agency_id, state, id);
CREATE INDEX obligations_clause ON obligations (clause, id);
