-- Aggregates as documents (docs/decisions): what is filtered on is generated from the document.

-- What services hold by kind, regulation, month and log: the retention schedule.
CREATE TABLE holdings (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    service text GENERATED ALWAYS AS (doc->>'service') STORED NOT NULL,
    record_kind text GENERATED ALWAYS AS (doc->>'record_kind') STORED NOT NULL,
    regulation text GENERATED ALWAYS AS (doc->>'regulation') STORED NOT NULL,
    month date GENERATED ALWAYS AS (iso_day(doc->>'month')) STORED NOT NULL,
    key text GENERATED ALWAYS AS ((doc->>'record_kind') || '/' || (doc->>'regulation') || '/' || (doc->>'month') || '/' || coalesce(doc->>'log', '')) STORED NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    may_end_on date GENERATED ALWAYS AS (iso_day(doc->>'may_end_on')) STORED,
    count bigint GENERATED ALWAYS AS ((doc->>'count')::bigint) STORED NOT NULL
);
CREATE INDEX holdings_key ON holdings (key);
CREATE INDEX holdings_due ON holdings (may_end_on) WHERE state = 'kept';
CREATE INDEX holdings_kind ON holdings (regulation, record_kind, month);

CREATE TABLE holds (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    active boolean GENERATED ALWAYS AS ((doc->>'active')::boolean) STORED NOT NULL
);
CREATE INDEX holds_active ON holds (id) WHERE active;

CREATE TABLE destruction_orders (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    key text GENERATED ALWAYS AS (doc->>'key') STORED NOT NULL,
    regulation text GENERATED ALWAYS AS (doc->>'regulation') STORED NOT NULL,
    record_kind text GENERATED ALWAYS AS (doc->>'record_kind') STORED NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    open boolean GENERATED ALWAYS AS ((doc->>'open')::boolean) STORED NOT NULL
);
-- One open order for the same records at a time.
CREATE UNIQUE INDEX destruction_orders_open ON destruction_orders (key) WHERE open;
CREATE INDEX destruction_orders_state ON destruction_orders (state, id);

-- A certificate has its order's id.
CREATE TABLE destruction_certificates (
    id uuid PRIMARY KEY REFERENCES destruction_orders,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    regulation text GENERATED ALWAYS AS (doc->'content'->>'regulation') STORED NOT NULL,
    issued_at timestamptz GENERATED ALWAYS AS (iso_moment(doc->'content'->>'issued_at')) STORED NOT NULL,
    digest text GENERATED ALWAYS AS (doc->>'digest') STORED NOT NULL UNIQUE
);
CREATE INDEX destruction_certificates_issued ON destruction_certificates (issued_at);

-- Early erasures of one record of a query log, each with its certificate.
CREATE TABLE erasure_orders (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL
);
CREATE INDEX erasure_orders_state ON erasure_orders (state, id);

CREATE TABLE erasure_certificates (
    id uuid PRIMARY KEY REFERENCES erasure_orders,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    digest text GENERATED ALWAYS AS (doc->>'digest') STORED NOT NULL UNIQUE
);

-- Prints, files and media with retrieved data, per office. No foreign keys on agency_id and person_id: agencies and
-- people are the account service's, and an output may be told of before its maker.
CREATE TABLE outputs (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL,
    person_id uuid GENERATED ALWAYS AS ((doc->>'person')::uuid) STORED NOT NULL,
    regulation text GENERATED ALWAYS AS (doc->>'regulation') STORED NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    unsettled boolean GENERATED ALWAYS AS (doc->>'state' IN ('open', 'not_needed')) STORED NOT NULL,
    made_on date GENERATED ALWAYS AS (iso_day(doc->>'made_on')) STORED NOT NULL,
    due_on date GENERATED ALWAYS AS (iso_day(doc->>'due_on')) STORED NOT NULL,
    settled_on date GENERATED ALWAYS AS (iso_day(doc->>'settled_on')) STORED
);
CREATE INDEX outputs_agency ON outputs (agency_id, state, id);
CREATE INDEX outputs_person ON outputs (person_id, id);
CREATE INDEX outputs_unsettled ON outputs (agency_id, regulation, made_on) WHERE unsettled;
CREATE INDEX outputs_settled ON outputs (settled_on) WHERE settled_on IS NOT NULL;

-- Projections of the account service's events.
CREATE TABLE people (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE agencies (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    kind text GENERATED ALWAYS AS (doc->>'kind') STORED NOT NULL
);
CREATE INDEX agencies_kind ON agencies (kind, id);
