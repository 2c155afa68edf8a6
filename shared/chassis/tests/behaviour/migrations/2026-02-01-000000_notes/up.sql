CREATE TABLE notes (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    doc jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    agency_id uuid GENERATED ALWAYS AS ((doc->>'agency_id')::uuid) STORED
);
CREATE TABLE echoes (text text PRIMARY KEY, times integer NOT NULL);
