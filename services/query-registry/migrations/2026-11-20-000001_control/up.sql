-- Daily and weekly control, control items, reconciliation, imports, destruction.

-- What the matching looks at, out of the documents: a million lines a day are joined without opening one (H8.1.1).
ALTER TABLE query_applications
    ADD COLUMN endorsed_at timestamptz GENERATED ALWAYS AS (iso_moment(doc#>>'{supervisor,at}')) STORED,
    ADD COLUMN subjects jsonb GENERATED ALWAYS AS (doc->'subjects') STORED,
    ADD COLUMN items jsonb GENERATED ALWAYS AS (doc->'items') STORED;
CREATE INDEX query_records_day ON query_records USING brin (at);

-- Daily reports by agency and day, weekly reports of the bureau by week (H8.1).
CREATE TABLE control_reports (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    kind text GENERATED ALWAYS AS (doc#>>'{content,kind}') STORED NOT NULL,
    -- No foreign key: agencies are the account service's.
    agency_id uuid GENERATED ALWAYS AS ((doc#>>'{content,agency}')::uuid) STORED NOT NULL,
    day date GENERATED ALWAYS AS (iso_day(doc#>>'{content,day}')) STORED NOT NULL,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    due_on date GENERATED ALWAYS AS (iso_day(doc->>'due_on')) STORED NOT NULL,
    UNIQUE (kind, agency_id, day)
);
CREATE INDEX control_reports_due ON control_reports (state, due_on);

-- What must be explained or becomes a finding (H8.1, H8.3, I4.1.2).
CREATE TABLE control_items (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- What it is about, once: raising it again changes nothing.
    key text GENERATED ALWAYS AS (doc->>'key') STORED NOT NULL UNIQUE,
    kind text GENERATED ALWAYS AS (doc->>'kind') STORED NOT NULL,
    -- No foreign keys: agencies and people are the account service's; a source is a report, reconciliation or import.
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency')::uuid) STORED NOT NULL,
    person_id uuid GENERATED ALWAYS AS ((doc->>'person')::uuid) STORED,
    source_id uuid GENERATED ALWAYS AS ((doc->>'source')::uuid) STORED NOT NULL,
    first_query_id uuid GENERATED ALWAYS AS ((doc#>>'{queries,0}')::uuid) STORED,
    state text GENERATED ALWAYS AS (doc->>'state') STORED NOT NULL,
    day date GENERATED ALWAYS AS (iso_day(doc->>'day')) STORED NOT NULL
);
CREATE INDEX control_items_agency ON control_items (agency_id, state, id);
CREATE INDEX control_items_source ON control_items (source_id, id);
CREATE INDEX control_items_query ON control_items (first_query_id);
CREATE INDEX control_items_day ON control_items (day);

-- A provider's month against the register.
CREATE TABLE reconciliations (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    regulation text GENERATED ALWAYS AS (doc->>'regulation') STORED NOT NULL,
    month date GENERATED ALWAYS AS (iso_day(doc->>'month')) STORED NOT NULL,
    UNIQUE (regulation, month)
);

-- Imported files (I4.1.1, H8.1.1).
CREATE TABLE imports (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    kind text GENERATED ALWAYS AS (doc->>'kind') STORED NOT NULL,
    digest text GENERATED ALWAYS AS (doc->>'digest') STORED NOT NULL,
    -- No foreign key: agencies are the account service's.
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency')::uuid) STORED NOT NULL,
    UNIQUE (kind, agency_id, digest)
);

-- Lines of the immigration system's log: sealed until they are in the query log, which then alone holds them.
CREATE TABLE import_lines (
    query_id uuid PRIMARY KEY REFERENCES query_records (id),
    import_id uuid NOT NULL REFERENCES imports (id),
    line integer NOT NULL,
    -- Keyed hash of the line's values and of its place among equal lines of its file.
    line_key text NOT NULL UNIQUE,
    sealed jsonb
);
CREATE INDEX import_lines_open ON import_lines (import_id, line) WHERE sealed IS NOT NULL;

-- Lines of the welfare platform's own report. Persons are keyed hashes, reasons and names are not kept.
CREATE TABLE platform_lines (
    line_key text PRIMARY KEY,
    import_id uuid NOT NULL REFERENCES imports (id),
    line integer NOT NULL,
    -- No foreign key: agencies are the account service's.
    agency_id uuid NOT NULL,
    day date NOT NULL,
    at timestamptz NOT NULL,
    account_number text NOT NULL,
    subject text NOT NULL,
    regulation text NOT NULL,
    case_number text NOT NULL,
    -- The record that it stands for; none: past the gate.
    query_id uuid UNIQUE REFERENCES query_records (id)
);
CREATE INDEX platform_lines_day ON platform_lines (agency_id, day);
CREATE INDEX platform_lines_import ON platform_lines (import_id);

-- What each account was at what time: an imported line is judged by the account as it was then.
CREATE TABLE account_states (
    -- No foreign key: accounts are the account service's.
    account_id uuid NOT NULL,
    revision bigint NOT NULL,
    since timestamptz NOT NULL,
    regulation text NOT NULL,
    doc jsonb NOT NULL,
    PRIMARY KEY (account_id, revision)
);
CREATE INDEX account_states_number ON account_states (regulation, lower(doc->>'number'));

-- Early erasures and how far they are carried out (H6.6, I3.8).
CREATE TABLE erasures (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Destruction orders and how far they are carried out (H4.3, H6.6, I3.8).
CREATE TABLE destructions (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Up to which checkpoint of each log the audit service was told.
CREATE TABLE told_checkpoints (
    log text PRIMARY KEY,
    size bigint NOT NULL
);
