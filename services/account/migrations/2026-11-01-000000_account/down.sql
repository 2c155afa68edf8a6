DROP TABLE revocations, changes, session_places, refresh_tokens, sessions, account_uses, deputies, host_security_records,
    attestations, trainings, data_links,
    inventory_lines, inventories, personnel_changes, agency_acts, emergency_grants, custodians, first_starts,
    governed_changes, permission_applications, accounts,
    people, systems, agencies;
