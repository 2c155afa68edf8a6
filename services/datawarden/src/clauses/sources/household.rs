//! Where the clauses on household data show.

use super::{Clause, at};

/// Id, title and places of each clause.
pub const CLAUSES: &[Clause] = &[
    (
        "H2.1",
        "Legal bases in force; each query cites one",
        &[
            at("query-registry", "/v1/query-applications", "query applications that cite a legal basis")
                .item("/v1/query-applications/{id}")
                .with("legal_basis", "*"),
            at("query-registry", "/v1/queries", "queries refused: legal-basis-not-in-force")
                .item("/v1/queries/{id}")
                .with("refusal", "legal-basis-not-in-force"),
        ],
    ),
    (
        "H2.2",
        "Agencies in scope: bureau, subordinates, 38 district offices",
        &[
            at("account", "/v1/agencies", "district offices")
                .item("/v1/agencies/{id}")
                .with("kind", "district_office"),
            at("account", "/v1/agencies", "bureau").item("/v1/agencies/{id}").with("kind", "bureau"),
        ],
    ),
    (
        "H2.3",
        "Only for cases of social assistance and welfare",
        &[
            at("query-registry", "/v1/cases", "registered cases").item("/v1/cases/{id}"),
            at("query-registry", "/v1/queries", "queries refused: outside-case")
                .item("/v1/queries/{id}")
                .with("refusal", "outside-case"),
            at("query-registry", "/v1/queries", "queries refused: person-not-covered")
                .item("/v1/queries/{id}")
                .with("refusal", "person-not-covered"),
            at("query-registry", "/v1/queries", "queries refused: permission-missing")
                .item("/v1/queries/{id}")
                .with("refusal", "permission-missing"),
        ],
    ),
    (
        "H3.1",
        "Only at the office, only through the welfare platform",
        &[
            at("account", "/v1/systems", "registered systems"),
            at("query-registry", "/v1/queries", "queries through the gate").item("/v1/queries/{id}"),
            at("query-registry", "/v1/queries", "queries refused: outside-office-network")
                .item("/v1/queries/{id}")
                .with("refusal", "outside-office-network"),
            at("query-registry", "/v1/queries", "queries refused: system-not-registered")
                .item("/v1/queries/{id}")
                .with("refusal", "system-not-registered"),
        ],
    ),
    (
        "H3.2",
        "Prints and files go into their case",
        &[at("retention", "/v1/outputs", "prints and files filed into their case")
            .item("/v1/outputs/{id}")
            .with("state", "filed")],
    ),
    (
        "H4.1",
        "No query before an approved permission application",
        &[
            at("account", "/v1/permission-applications", "permission applications that passed every stage")
                .item("/v1/permission-applications/{id}")
                .with("status", "done"),
            at("query-registry", "/v1/queries", "queries refused: no-account")
                .item("/v1/queries/{id}")
                .with("refusal", "no-account"),
            at("query-registry", "/v1/queries", "queries refused: account-not-active")
                .item("/v1/queries/{id}")
                .with("refusal", "account-not-active"),
        ],
    ),
    (
        "H4.2",
        "Every item filled in and endorsed before data is returned",
        &[
            at(
                "query-registry",
                "/v1/query-applications",
                "query applications endorsed by user and responsible supervisor",
            )
            .item("/v1/query-applications/{id}")
            .with("state", "endorsed"),
            at("query-registry", "/v1/queries", "queries refused: application-not-endorsed")
                .item("/v1/queries/{id}")
                .with("refusal", "application-not-endorsed"),
        ],
    ),
    (
        "H4.3",
        "Register kept three years, read by auditors of both",
        &[
            at("retention", "/v1/holdings", "months of the register under their term")
                .item("/v1/holdings/{id}")
                .with("record_kind", "query_register"),
            at("retention", "/v1/holdings", "months of records under their term").item("/v1/holdings/{id}"),
        ],
    ),
    (
        "H5.1.1",
        "What was retrieved is kept complete, never its content",
        &[at("query-registry", "/v1/queries", "queries with fields, number and digest")
            .item("/v1/queries/{id}")
            .with("digest", "*")],
    ),
    (
        "H5.1.2",
        "Only the IT unit opens, changes, stops accounts",
        &[
            at("account", "/v1/accounts", "accounts opened on an application")
                .item("/v1/accounts/{id}")
                .with("applications", "*"),
            at("account", "/v1/accounts", "accounts stopped")
                .item("/v1/accounts/{id}")
                .with("status", "stopped"),
        ],
    ),
    (
        "H5.1.3",
        "Account inventory every three months",
        &[
            at("account", "/v1/inventories", "household inventories closed")
                .item("/v1/inventories/{id}")
                .with("regulation", "household"),
            at("account", "/v1/inventory-lines", "lines decided by a named reviewer").with("decided", "true"),
        ],
    ),
    (
        "H5.1.4",
        "A new link manager is told to the city IT centre",
        &[at("account", "/v1/data-links", "data links with letters")
            .item("/v1/data-links/{id}")
            .with("letters", "*")],
    ),
    ("H5.1.5", "Periodic security training", &[at("account", "/v1/trainings", "security trainings")]),
    (
        "H5.2.1",
        "The path of a permission application",
        &[
            at("account", "/v1/permission-applications", "household permission applications")
                .item("/v1/permission-applications/{id}")
                .with("regulation", "household"),
            at("account", "/v1/deputies", "deputies"),
        ],
    ),
    (
        "H5.2.2",
        "Change of duties: permission changed or stopped",
        &[
            at("account", "/v1/personnel-changes", "personnel changes settled").with("status", "settled"),
            at("account", "/v1/accounts", "accounts stopped")
                .item("/v1/accounts/{id}")
                .with("status", "stopped"),
        ],
    ),
    (
        "H5.2.3",
        "Secrecy of account and PIN, periodic change",
        &[
            at("account", "/v1/attestations", "PIN changes attested").with("kind", "pin_changed"),
            at("account", "/v1/accounts", "accounts held back at some time")
                .item("/v1/accounts/{id}")
                .with("suspensions", "*"),
        ],
    ),
    (
        "H6.1",
        "Nothing stays on screen; supervised",
        &[at("query-registry", "/v1/queries", "answers handed over with watermark and time on screen")
            .item("/v1/queries/{id}")
            .with("decision", "answered")],
    ),
    (
        "H6.2",
        "Host security and maintenance",
        &[at("account", "/v1/host-security-records", "host security records")],
    ),
    (
        "H6.3",
        "A reason for each query",
        &[
            at("query-registry", "/v1/query-applications", "query applications with a reason, sealed")
                .item("/v1/query-applications/{id}"),
            at("query-registry", "/v1/queries", "queries whose reason is marked as copied")
                .item("/v1/queries/{id}")
                .with("marks.copied-reason", "*"),
            at("query-registry", "/v1/queries", "queries whose reason is marked as meaningless")
                .item("/v1/queries/{id}")
                .with("marks.meaningless-reason", "*"),
        ],
    ),
    (
        "H6.4",
        "Copies only with the supervisor’s prior approval",
        &[at("query-registry", "/v1/copy-requests", "copies decided on")],
    ),
    (
        "H6.5",
        "Each data link reviewed once a year",
        &[
            at("account", "/v1/data-links", "data links reviewed")
                .item("/v1/data-links/{id}")
                .with("reviews", "*"),
            at("account", "/v1/data-links", "data links ended")
                .item("/v1/data-links/{id}")
                .with("status", "ended"),
        ],
    ),
    (
        "H6.6",
        "Every query logged, the log kept three years",
        &[
            at("query-registry", "/v1/logs", "the heads of the query logs"),
            at("query-registry", "/v1/queries", "queries in the log")
                .item("/v1/queries/{id}")
                .with("log_index", "*"),
            at("retention", "/v1/destruction-orders", "query-log months destroyed by order")
                .item("/v1/destruction-orders/{id}")
                .with("record_kind", "query_log"),
            at("retention", "/v1/erasure-orders", "records erased early, each with its certificate")
                .item("/v1/erasure-orders/{id}")
                .with("state", "certified"),
        ],
    ),
    (
        "H7.1–3",
        "Destruction beyond recovery, with date and witness",
        &[at("retention", "/v1/outputs", "prints and files destroyed")
            .item("/v1/outputs/{id}")
            .with("state", "destroyed")],
    ),
    (
        "H8.1.1",
        "Daily report matched with the register",
        &[
            at("query-registry", "/v1/reports", "daily reports")
                .item("/v1/reports/{id}")
                .with("kind", "daily"),
            at("query-registry", "/v1/daily-reports", "daily reports").item("/v1/daily-reports/{id}"),
        ],
    ),
    (
        "H8.1.2",
        "Weekly list of household queries without a tax query",
        &[
            at("query-registry", "/v1/reports", "weekly reports")
                .item("/v1/reports/{id}")
                .with("kind", "weekly"),
            at("query-registry", "/v1/weekly-reports", "weekly reports").item("/v1/weekly-reports/{id}"),
        ],
    ),
    (
        "H8.2",
        "Audit every three months by a draw",
        &[
            at("audit-sampling", "/v1/audit-plans", "quarterly audits drawn")
                .item("/v1/audit-plans/{id}")
                .with("sample", "*"),
            at("audit-sampling", "/v1/audit-plans", "draws that anyone can repeat")
                .item("/v1/audit-plans/{id}/draw-proof")
                .with("state", "closed"),
        ],
    ),
    (
        "H8.3",
        "Results kept; joint investigation of an anomaly",
        &[at("audit-sampling", "/v1/investigations", "joint investigations closed")
            .item("/v1/investigations/{id}")
            .with("state", "closed")],
    ),
    (
        "H8.4",
        "Roster and material ready for the provider’s audit",
        &[
            at("audit-sampling", "/v1/audit-packages", "sealed packages").item("/v1/audit-packages/{id}"),
            at("audit-sampling", "/v1/cooperation-requests", "users asked to cooperate")
                .item("/v1/cooperation-requests/{id}"),
        ],
    ),
    (
        "H8.5",
        "Immediate correction, report within ten days",
        &[
            at("audit-sampling", "/v1/findings", "findings with a correction order")
                .item("/v1/findings/{id}")
                .with("order", "*"),
            at("audit-sampling", "/v1/findings", "findings with a report")
                .item("/v1/findings/{id}")
                .with("reports", "*"),
        ],
    ),
    (
        "H9",
        "Liability referred, with its outcome",
        &[
            at("audit-sampling", "/v1/findings", "findings with referrals")
                .item("/v1/findings/{id}")
                .with("referrals", "*"),
            at("audit-sampling", "/v1/findings", "queries after a change of duties")
                .item("/v1/findings/{id}")
                .with("kind", "transferred_still_querying"),
            at("audit-sampling", "/v1/findings", "tries by people without an account")
                .item("/v1/findings/{id}")
                .with("kind", "never_authorised_attempt"),
        ],
    ),
    (
        "H-A1",
        "Annex 1: permission application",
        &[at("account", "/v1/permission-applications", "applications on annex 1 of H")
            .item("/v1/permission-applications/{id}")
            .with("form", "H-A1")],
    ),
    (
        "H-A2",
        "Annex 2: query application record",
        &[at("query-registry", "/v1/query-applications", "rows of annex 2")
            .item("/v1/query-register?unit={unit}&from={date}&to={date}")],
    ),
];
