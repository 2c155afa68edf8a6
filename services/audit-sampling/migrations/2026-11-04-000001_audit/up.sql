-- Audits, findings, investigations, and the population of queries that samples are drawn from.

-- Projections of other services' events; their ids are theirs, so nothing here has foreign keys to them.
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    person_id uuid GENERATED ALWAYS AS ((doc#>>'{account,person}')::uuid) STORED NOT NULL,
    agency_id uuid GENERATED ALWAYS AS ((doc#>>'{account,agency}')::uuid) STORED NOT NULL,
    regulation text GENERATED ALWAYS AS (doc#>>'{account,regulation}') STORED NOT NULL
);
CREATE INDEX accounts_person ON accounts (person_id);
CREATE INDEX accounts_regulation ON accounts (regulation, agency_id, id);

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
    kind text GENERATED ALWAYS AS (doc->>'kind') STORED NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Control items of the registry (H8.1).
CREATE TABLE control_items (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    explain_by date GENERATED ALWAYS AS (iso_day(doc->>'explain_by')) STORED NOT NULL,
    day date GENERATED ALWAYS AS (iso_day(doc->>'day')) STORED NOT NULL
);
CREATE INDEX control_items_waiting ON control_items (explain_by) WHERE state = 'waiting';

-- Closed inventories and reports, for packages.
CREATE TABLE control_records (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    kind text GENERATED ALWAYS AS (doc->>'kind') STORED NOT NULL,
    day date GENERATED ALWAYS AS (iso_day(doc->>'day')) STORED NOT NULL
);
CREATE INDEX control_records_day ON control_records (day, id);

-- The population. One row for each account, regulation and period; `root` chains the query ids, `count` numbers them, so
-- that a draw reads counts and single rows and never groups millions of them.
CREATE TABLE population_usage (
    regulation text NOT NULL,
    period date NOT NULL,
    -- No foreign keys: accounts, people, agencies and units are the account service's.
    account_id uuid NOT NULL,
    person_id uuid NOT NULL,
    agency_id uuid NOT NULL,
    unit_id uuid,
    count bigint NOT NULL,
    root bytea NOT NULL,
    PRIMARY KEY (regulation, period, account_id)
);
CREATE TABLE population_queries (
    -- No foreign keys: accounts, queries, people and agencies are other services'.
    account_id uuid NOT NULL,
    regulation text NOT NULL,
    period date NOT NULL,
    position bigint NOT NULL,
    query_id uuid NOT NULL UNIQUE,
    person_id uuid NOT NULL,
    agency_id uuid NOT NULL,
    at timestamptz NOT NULL,
    log text NOT NULL,
    log_index bigint NOT NULL,
    marks jsonb NOT NULL,
    PRIMARY KEY (account_id, regulation, period, position)
);
CREATE INDEX population_queries_at ON population_queries (account_id, at);

-- Quarterly audits (H8.2).
CREATE TABLE audit_plans (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    regulation text GENERATED ALWAYS AS (doc->>'regulation') STORED NOT NULL,
    period_start date GENERATED ALWAYS AS (iso_day(doc->>'period_start')) STORED NOT NULL,
    period_end date GENERATED ALWAYS AS (iso_day(doc->>'period_end')) STORED NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    closed_on date GENERATED ALWAYS AS (iso_day(doc->>'closed_on')) STORED,
    UNIQUE (regulation, period_start)
);
CREATE TABLE plan_population (
    plan_id uuid NOT NULL REFERENCES audit_plans (id) ON DELETE CASCADE,
    -- No foreign keys: accounts, people, agencies and units are the account service's.
    account_id uuid NOT NULL,
    person_id uuid NOT NULL,
    agency_id uuid NOT NULL,
    unit_id uuid,
    count bigint NOT NULL,
    root bytea NOT NULL,
    PRIMARY KEY (plan_id, account_id)
);
CREATE TABLE audit_worksheets (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    plan_id uuid GENERATED ALWAYS AS ((doc->>'plan_id')::uuid) STORED NOT NULL REFERENCES audit_plans (id) ON DELETE CASCADE,
    -- No foreign keys: accounts and people are the account service's.
    account_id uuid GENERATED ALWAYS AS ((doc->>'account')::uuid) STORED NOT NULL,
    auditor_id uuid GENERATED ALWAYS AS ((doc->>'auditor')::uuid) STORED,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    UNIQUE (plan_id, account_id)
);
CREATE INDEX audit_worksheets_auditor ON audit_worksheets (auditor_id, state, id);

-- Findings, once for each kind, subject and period.
CREATE TABLE findings (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    key text GENERATED ALWAYS AS (doc->>'key') STORED NOT NULL UNIQUE,
    kind text GENERATED ALWAYS AS (doc->>'kind') STORED NOT NULL,
    regulation text GENERATED ALWAYS AS (doc->>'regulation') STORED NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    violation boolean GENERATED ALWAYS AS ((doc->>'violation')::boolean) STORED NOT NULL,
    -- No foreign keys: agencies, accounts and people are the account service's.
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL,
    account_id uuid GENERATED ALWAYS AS ((doc->>'account')::uuid) STORED,
    person_id uuid GENERATED ALWAYS AS ((doc->>'person')::uuid) STORED,
    found_on date GENERATED ALWAYS AS (iso_day(doc->>'found_on')) STORED NOT NULL,
    closed_on date GENERATED ALWAYS AS (iso_day(doc->>'closed_on')) STORED
);
CREATE INDEX findings_agency ON findings (agency_id, state, id);
CREATE INDEX findings_kind ON findings (kind, id);
CREATE INDEX findings_closed ON findings (regulation, closed_on);

-- Joint investigations (H8.3).
CREATE TABLE investigations (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    finding_id uuid GENERATED ALWAYS AS ((doc->>'finding_id')::uuid) STORED NOT NULL UNIQUE REFERENCES findings (id),
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    closed_on date GENERATED ALWAYS AS (iso_day(doc->>'closed_on')) STORED
);

-- Internal audits of immigration data (I4.1).
CREATE TABLE internal_audits (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    key text GENERATED ALWAYS AS (doc->>'key') STORED NOT NULL UNIQUE,
    -- No foreign key: agencies are the account service's.
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    period_end date GENERATED ALWAYS AS (iso_day(doc->>'period_end')) STORED NOT NULL,
    closed_on date GENERATED ALWAYS AS (iso_day(doc->>'closed_on')) STORED
);
CREATE INDEX internal_audits_agency ON internal_audits (agency_id, state, id);

-- Spot checks (I4.2.1).
CREATE TABLE spot_checks (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    visit_on date GENERATED ALWAYS AS (iso_day(doc->>'visit_on')) STORED NOT NULL,
    visited_on date GENERATED ALWAYS AS (iso_day(doc->>'visited_on')) STORED
);

-- Packages for external audits (H8.4, I4.2.2).
CREATE TABLE audit_packages (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    regulation text GENERATED ALWAYS AS (doc#>>'{manifest,scope,regulation}') STORED NOT NULL
);
CREATE TABLE package_contents (
    id uuid PRIMARY KEY REFERENCES audit_packages (id) ON DELETE CASCADE,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE cooperation_requests (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    package_id uuid GENERATED ALWAYS AS ((doc->>'package_id')::uuid) STORED NOT NULL REFERENCES audit_packages (id) ON DELETE CASCADE,
    -- No foreign key: people are the account service's.
    person_id uuid GENERATED ALWAYS AS ((doc->>'person_id')::uuid) STORED NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL
);
CREATE INDEX cooperation_requests_person ON cooperation_requests (person_id, state, id);
CREATE INDEX cooperation_requests_package ON cooperation_requests (package_id);

-- Copies of the query log's checkpoints (invariant 4). Never changed, never removed: the log is held to them.
CREATE TABLE checkpoint_copies (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    log text GENERATED ALWAYS AS (doc->>'log') STORED NOT NULL,
    size bigint GENERATED ALWAYS AS ((doc->>'size')::bigint) STORED NOT NULL,
    fault text GENERATED ALWAYS AS (doc->>'fault') STORED
);
CREATE INDEX checkpoint_copies_log ON checkpoint_copies (log, size);
CREATE FUNCTION checkpoint_copies_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'copies of checkpoints are neither changed nor removed' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER stay BEFORE UPDATE OR DELETE ON checkpoint_copies FOR EACH ROW EXECUTE FUNCTION checkpoint_copies_stay();
CREATE TRIGGER stay_all BEFORE TRUNCATE ON checkpoint_copies EXECUTE FUNCTION checkpoint_copies_stay();
