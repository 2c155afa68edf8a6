DROP TABLE revocation_evidence, endorsements;
