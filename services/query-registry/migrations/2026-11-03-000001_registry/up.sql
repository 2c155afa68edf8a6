-- Cases, query applications, the gate and what is recorded of it.

-- The account service's state, as far as decisions need it. One counter orders the changes: its row lock lasts to the
-- commit, so that whoever has read up to a number has missed nothing.
CREATE TABLE directory_clock (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    change bigint NOT NULL
);
INSERT INTO directory_clock (change) VALUES (0);
CREATE TABLE directory (
    kind text NOT NULL CHECK (kind IN ('account', 'person', 'agency', 'system', 'configuration')),
    -- No foreign key: the things are the account service's.
    id uuid NOT NULL,
    revision bigint NOT NULL,
    change bigint NOT NULL,
    doc jsonb NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX directory_changed ON directory (change);

-- Registered cases (H2.3). Persons are keyed hashes.
CREATE TABLE cases (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    number text GENERATED ALWAYS AS (doc->>'number') STORED NOT NULL,
    programme text GENERATED ALWAYS AS (doc->>'programme') STORED NOT NULL,
    -- No foreign key: agencies and units are the account service's.
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL,
    unit_id uuid GENERATED ALWAYS AS ((doc->>'unit_id')::uuid) STORED NOT NULL,
    closed_on date GENERATED ALWAYS AS (iso_day(doc->>'closed_on')) STORED,
    UNIQUE (agency_id, number)
);

-- Numbers of rows of annex 2.
CREATE SEQUENCE register_numbers;
-- Places of keys in the trees of the registers' months. It may begin again after 2^32: months of then have other trees.
CREATE SEQUENCE register_leaves MINVALUE 0 MAXVALUE 4294967295 CYCLE;

-- Query applications (H4.2, annex 2), one row each. Reason and conditions are sealed inside the document.
CREATE TABLE query_applications (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    register_number text GENERATED ALWAYS AS (doc->>'register_number') STORED NOT NULL UNIQUE,
    regulation text GENERATED ALWAYS AS (doc->>'regulation') STORED NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    day date GENERATED ALWAYS AS (iso_day(doc->>'date')) STORED NOT NULL,
    -- No foreign keys: people, agencies, units and accounts are the account service's.
    user_id uuid GENERATED ALWAYS AS ((doc->>'user')::uuid) STORED NOT NULL,
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL,
    unit_id uuid GENERATED ALWAYS AS ((doc->>'unit_id')::uuid) STORED NOT NULL,
    account_id uuid GENERATED ALWAYS AS ((doc->>'account_id')::uuid) STORED NOT NULL,
    case_id uuid GENERATED ALWAYS AS ((doc->>'case_id')::uuid) STORED NOT NULL REFERENCES cases (id),
    valid_until timestamptz GENERATED ALWAYS AS (iso_moment(doc->>'valid_until')) STORED NOT NULL,
    expiry_told boolean GENERATED ALWAYS AS ((doc->>'expiry_told')::boolean) STORED NOT NULL
);
CREATE INDEX query_applications_unit ON query_applications (unit_id, day, id);
CREATE INDEX query_applications_agency ON query_applications (agency_id, state, id);
CREATE INDEX query_applications_user ON query_applications (user_id, day, id);
CREATE INDEX query_applications_case ON query_applications (case_id);
CREATE INDEX query_applications_running ON query_applications (valid_until) WHERE NOT expiry_told;

-- Batches of endorsements: one signature over the digests of many applications.
CREATE TABLE endorsement_batches (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- One record (筆) for each query about one person, answered or refused. No content, no national id.
CREATE TABLE query_records (
    id uuid PRIMARY KEY,
    application_id uuid REFERENCES query_applications (id),
    delivery smallint NOT NULL DEFAULT 0,
    -- No foreign keys: accounts, people, agencies, units and systems are the account service's.
    account_id uuid,
    person_id uuid NOT NULL,
    agency_id uuid NOT NULL,
    unit_id uuid,
    system_id uuid,
    -- No foreign key: a refused query may name a case that is not there.
    case_id uuid,
    regulation text NOT NULL,
    programme text,
    legal_basis text,
    subject text NOT NULL,
    decision text NOT NULL CHECK (decision IN ('open', 'answered', 'not_found', 'refused', 'failed', 'imported')),
    refusal text,
    items text[] NOT NULL,
    fields_asked text[] NOT NULL DEFAULT '{}',
    fields_returned text[] NOT NULL DEFAULT '{}',
    records integer NOT NULL DEFAULT 0,
    digest text,
    log text NOT NULL,
    intent_index bigint,
    log_index bigint,
    at timestamptz NOT NULL,
    marks jsonb NOT NULL DEFAULT '{}',
    rule_pack text,
    -- Real time, not business time: a claim whose process died is released by it.
    claimed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- One delivery of an answer at a time; a failed one frees its place.
CREATE UNIQUE INDEX query_records_delivery ON query_records (application_id, subject, delivery)
    WHERE decision IN ('open', 'answered', 'not_found');
CREATE INDEX query_records_account ON query_records (account_id, at);
CREATE INDEX query_records_account_subject ON query_records (account_id, subject, at);
CREATE INDEX query_records_agency ON query_records (agency_id, at);
CREATE INDEX query_records_case ON query_records (case_id, at);
CREATE INDEX query_records_subject ON query_records (subject, at);
-- What imports compare a new file with, apart from the many that pass the gate.
CREATE INDEX query_records_imported ON query_records (at, account_id) WHERE decision = 'imported' AND account_id IS NOT NULL;
CREATE INDEX query_records_open ON query_records (claimed_at) WHERE decision = 'open';

-- Prints, files and copies (H3.2).
CREATE TABLE outputs (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    query_id uuid GENERATED ALWAYS AS ((doc->>'query')::uuid) STORED NOT NULL REFERENCES query_records (id),
    -- No foreign key: agencies are the account service's.
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL
);
CREATE INDEX outputs_query ON outputs (query_id);
CREATE INDEX outputs_agency ON outputs (agency_id, state, id);

-- Requests for copies (H6.4).
CREATE TABLE copy_requests (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    query_id uuid GENERATED ALWAYS AS ((doc->>'query_id')::uuid) STORED NOT NULL REFERENCES query_records (id),
    -- No foreign key: agencies and units are the account service's.
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL,
    unit_id uuid GENERATED ALWAYS AS ((doc->>'unit_id')::uuid) STORED NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL
);
CREATE INDEX copy_requests_unit ON copy_requests (unit_id, state, id);
CREATE INDEX copy_requests_query ON copy_requests (query_id);

-- What agencies' systems are told. `txid` lets a reader wait for transactions that are still running.
CREATE TABLE changes (
    id bigserial PRIMARY KEY,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind text NOT NULL,
    -- No foreign keys: agencies are the account service's, subjects are of several tables.
    agency_id uuid NOT NULL,
    subject uuid NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX changes_order ON changes ((txid::text::bigint), id);
