DROP TABLE checkpoint_copies;
DROP FUNCTION checkpoint_copies_stay();
DROP TABLE cooperation_requests, package_contents, audit_packages, spot_checks, internal_audits, investigations, findings,
    audit_worksheets, plan_population, audit_plans, population_queries, population_usage, control_records, control_items,
    agencies, people, accounts;
