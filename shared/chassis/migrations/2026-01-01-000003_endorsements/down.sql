DROP TABLE revocation_evidence, endorsed_records, endorsements;
