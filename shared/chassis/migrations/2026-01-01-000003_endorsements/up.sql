-- Endorsements that were taken, each with what it rested on (design: endorsements). The governance log holds `digest`.
CREATE TABLE endorsements (
    digest text PRIMARY KEY,
    -- SHA-256 of the signed bytes: of one content, or of a list of salted digests.
    content_digest text NOT NULL,
    record jsonb NOT NULL,
    -- Sealed; null where the service keeps it elsewhere under a key of its own.
    content jsonb,
    -- Whose matter it is, for auditors whose sight is narrowed; null: nobody's of these.
    agency_id uuid,
    regulation text,
    accepted_at timestamptz NOT NULL
);
CREATE INDEX endorsements_content ON endorsements (content_digest);
CREATE INDEX endorsements_listed ON endorsements USING gin ((record->'endorsement'->'digests'));

-- The records that an endorsement was made for: it ends with the last of them.
CREATE TABLE endorsed_records (
    record_id uuid NOT NULL,
    digest text NOT NULL REFERENCES endorsements (digest) ON DELETE CASCADE,
    PRIMARY KEY (record_id, digest)
);
CREATE INDEX endorsed_records_digest ON endorsed_records (digest);

-- Revocation lists and OCSP answers that endorsements rest on, each once.
CREATE TABLE revocation_evidence (
    digest text PRIMARY KEY,
    kind text NOT NULL,
    der bytea NOT NULL,
    first_seen timestamptz NOT NULL
);
-- Serials and signatures do not compress.
ALTER TABLE revocation_evidence ALTER COLUMN der SET STORAGE EXTERNAL;
