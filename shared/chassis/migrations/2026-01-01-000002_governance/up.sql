-- What was changed under a break-glass grant: the evidence of its review.
CREATE TABLE emergency_acts (
    id uuid PRIMARY KEY,
    -- No foreign key: grants are the account service's.
    grant_id uuid NOT NULL,
    operation text NOT NULL,
    path text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX emergency_acts_grant ON emergency_acts (grant_id, id);

-- What two persons approved that services run on (invariant 11): the account service's own table, a projection elsewhere.
CREATE TABLE approved_configuration (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    kind text GENERATED ALWAYS AS (doc->'item'->>'kind') STORED NOT NULL
);
CREATE INDEX approved_configuration_kind ON approved_configuration (kind, id);
