-- Aggregates as documents (docs/decisions): what is filtered on is generated from the document.

CREATE TABLE agencies (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    kind text GENERATED ALWAYS AS (doc->>'kind') STORED NOT NULL
);

CREATE TABLE systems (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    code text GENERATED ALWAYS AS (doc->>'code') STORED NOT NULL UNIQUE,
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency')::uuid) STORED NOT NULL REFERENCES agencies
);

CREATE TABLE people (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    staff_number text GENERATED ALWAYS AS (doc->>'staff_number') STORED NOT NULL UNIQUE,
    national_id_hash text GENERATED ALWAYS AS (doc->'national_id'->>'hash') STORED NOT NULL UNIQUE,
    -- Agency of the main post.
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED REFERENCES agencies,
    in_service boolean GENERATED ALWAYS AS ((doc->>'in_service')::boolean) STORED NOT NULL,
    -- One certificate belongs to one person: looked up at login.
    thumbprints jsonb GENERATED ALWAYS AS (jsonb_path_query_array(doc, '$.cards[*].binding.thumbprint')) STORED NOT NULL
);
CREATE INDEX people_agency ON people (agency_id, id);
CREATE INDEX people_thumbprints ON people USING gin (thumbprints);

CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    number text GENERATED ALWAYS AS (doc->>'number') STORED NOT NULL,
    regulation text GENERATED ALWAYS AS (doc->>'regulation') STORED NOT NULL,
    status text GENERATED ALWAYS AS (doc->>'status') STORED NOT NULL,
    person_id uuid GENERATED ALWAYS AS ((doc->>'person_id')::uuid) STORED NOT NULL REFERENCES people,
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL REFERENCES agencies,
    valid_until date GENERATED ALWAYS AS (iso_day(doc->>'valid_until')) STORED,
    UNIQUE (regulation, number)
);
CREATE INDEX accounts_person ON accounts (person_id, id);
CREATE INDEX accounts_agency ON accounts (agency_id, id);
CREATE INDEX accounts_regulation ON accounts (regulation, status, id);

CREATE TABLE permission_applications (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    regulation text GENERATED ALWAYS AS (doc->>'regulation') STORED NOT NULL,
    status text GENERATED ALWAYS AS (doc->>'status') STORED NOT NULL,
    next_stage text GENERATED ALWAYS AS (doc->>'next_stage') STORED,
    -- One form, one application: a signed form is never filed twice.
    form_digest text GENERATED ALWAYS AS (doc->>'form_digest') STORED NOT NULL UNIQUE,
    person_id uuid GENERATED ALWAYS AS ((doc->>'person_id')::uuid) STORED NOT NULL REFERENCES people,
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL REFERENCES agencies,
    account_id uuid GENERATED ALWAYS AS ((doc->>'account_id')::uuid) STORED REFERENCES accounts,
    closed_at timestamptz GENERATED ALWAYS AS (iso_moment(doc->>'closed_at')) STORED
);
CREATE INDEX permission_applications_agency ON permission_applications (agency_id, status, id);
CREATE INDEX permission_applications_person ON permission_applications (person_id, id);
CREATE INDEX permission_applications_next ON permission_applications (next_stage, id) WHERE next_stage IS NOT NULL;
CREATE INDEX permission_applications_account ON permission_applications (account_id);

CREATE TABLE governed_changes (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    status text GENERATED ALWAYS AS (doc->>'status') STORED NOT NULL
);
CREATE INDEX governed_changes_status ON governed_changes (status, id);

-- The first start: one row, ever (its id is fixed).
CREATE TABLE first_starts (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Who may break the glass: one row.
CREATE TABLE custodians (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE emergency_grants (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    status text GENERATED ALWAYS AS (doc->>'status') STORED NOT NULL,
    receiver_id uuid GENERATED ALWAYS AS ((doc->>'receiver_id')::uuid) STORED NOT NULL REFERENCES people
);
CREATE INDEX emergency_grants_receiver ON emergency_grants (receiver_id, id);
CREATE INDEX emergency_grants_status ON emergency_grants (status, id);

CREATE TABLE agency_acts (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    status text GENERATED ALWAYS AS (doc->>'status') STORED NOT NULL,
    account_id uuid GENERATED ALWAYS AS ((doc->>'account_id')::uuid) STORED NOT NULL REFERENCES accounts,
    person_id uuid GENERATED ALWAYS AS ((doc->>'person_id')::uuid) STORED NOT NULL REFERENCES people,
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL REFERENCES agencies
);
CREATE INDEX agency_acts_agency ON agency_acts (agency_id, status, id);
CREATE INDEX agency_acts_account ON agency_acts (account_id);

CREATE TABLE personnel_changes (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- Who, what, from when: the same file twice makes no duplicates.
    key text GENERATED ALWAYS AS (doc->>'key') STORED NOT NULL UNIQUE,
    status text GENERATED ALWAYS AS (doc->>'status') STORED NOT NULL,
    person_id uuid GENERATED ALWAYS AS ((doc->>'person_id')::uuid) STORED NOT NULL REFERENCES people,
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED REFERENCES agencies,
    effective_on date GENERATED ALWAYS AS (iso_day(doc->>'effective_on')) STORED NOT NULL
);
CREATE INDEX personnel_changes_status ON personnel_changes (status, effective_on);
CREATE INDEX personnel_changes_person ON personnel_changes (person_id);

CREATE TABLE inventories (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    regulation text GENERATED ALWAYS AS (doc->>'regulation') STORED NOT NULL,
    status text GENERATED ALWAYS AS (doc->>'status') STORED NOT NULL,
    -- No agency: the IT unit's inventory of all.
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED REFERENCES agencies,
    period_end date GENERATED ALWAYS AS (iso_day(doc->>'period_end')) STORED NOT NULL,
    UNIQUE NULLS NOT DISTINCT (regulation, agency_id, period_end)
);
CREATE INDEX inventories_status ON inventories (status, id);

CREATE TABLE inventory_lines (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    decided boolean GENERATED ALWAYS AS ((doc->>'decided')::boolean) STORED NOT NULL,
    inventory_id uuid GENERATED ALWAYS AS ((doc->>'inventory_id')::uuid) STORED NOT NULL REFERENCES inventories,
    account_id uuid GENERATED ALWAYS AS ((doc->>'account_id')::uuid) STORED NOT NULL REFERENCES accounts,
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL REFERENCES agencies,
    UNIQUE (inventory_id, account_id)
);
CREATE INDEX inventory_lines_inventory ON inventory_lines (inventory_id, decided, id);

CREATE TABLE data_links (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    status text GENERATED ALWAYS AS (doc->>'status') STORED NOT NULL,
    system_id uuid GENERATED ALWAYS AS ((doc->>'system_id')::uuid) STORED REFERENCES systems,
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL REFERENCES agencies
);

CREATE TABLE trainings (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    held_on date GENERATED ALWAYS AS (iso_day(doc->>'held_on')) STORED NOT NULL
);
CREATE INDEX trainings_participants ON trainings USING gin ((doc->'participants'));

CREATE TABLE attestations (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    account_id uuid GENERATED ALWAYS AS ((doc->>'account_id')::uuid) STORED NOT NULL REFERENCES accounts,
    person_id uuid GENERATED ALWAYS AS ((doc->>'person_id')::uuid) STORED NOT NULL REFERENCES people,
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL REFERENCES agencies
);
CREATE INDEX attestations_agency ON attestations (agency_id, id);

CREATE TABLE host_security_records (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    done_on date GENERATED ALWAYS AS (iso_day(doc->>'done_on')) STORED NOT NULL
);

CREATE TABLE deputies (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED NOT NULL REFERENCES agencies
);
CREATE INDEX deputies_agency ON deputies (agency_id, id);

-- Uses of accounts, counted from the query registry's events.
CREATE TABLE account_uses (
    account_id uuid PRIMARY KEY, -- No foreign key: events may come before the account's own row after a restore.
    last_used_at timestamptz NOT NULL,
    uses bigint NOT NULL
);

-- Sessions of people (H5.2.3, H6.1): posts are in the person's document, systems come and go.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    person_id uuid GENERATED ALWAYS AS ((doc->>'person_id')::uuid) STORED NOT NULL REFERENCES people,
    idle_until timestamptz GENERATED ALWAYS AS (iso_moment(doc->>'idle_until')) STORED NOT NULL,
    ended boolean GENERATED ALWAYS AS (doc->>'ended' IS NOT NULL) STORED NOT NULL
);
CREATE INDEX sessions_open ON sessions (person_id, id) WHERE NOT ended;
CREATE INDEX sessions_lapsing ON sessions (idle_until) WHERE NOT ended;
CREATE INDEX sessions_ended ON sessions (updated_at) WHERE ended;

-- Every refresh token that was given out, by its SHA-256: one that was replaced long ago still names its session when it
-- is shown again.
CREATE TABLE refresh_tokens (
    hash text PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

-- The place of each person's sessions (H5.2.3: one place at a time).
CREATE TABLE session_places (
    person_id uuid PRIMARY KEY REFERENCES people,
    place text NOT NULL,
    until timestamptz NOT NULL
);

-- What happened, for agencies' systems: numbered in the order of commits (the writer holds a lock until then).
CREATE TABLE changes (
    seq bigserial PRIMARY KEY,
    agency_id uuid NOT NULL REFERENCES agencies,
    kind text NOT NULL,
    subject text NOT NULL,
    cause text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX changes_agency ON changes (agency_id, seq);

-- What was taken from an account, person, system, session or token, or given back (invariant 7): numbered in the order of
-- commits, under the same lock as changes.
CREATE TABLE revocations (
    seq bigserial PRIMARY KEY,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('account', 'person', 'system', 'session', 'token')),
    subject text NOT NULL, -- No foreign key: of several tables, and tokens have none.
    ends_tokens boolean NOT NULL,
    state jsonb
);
CREATE INDEX revocations_at ON revocations (at);
