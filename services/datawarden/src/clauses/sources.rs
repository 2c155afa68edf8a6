//! Where each clause shows: the list that is counted, what of it counts, and where one thing out of it is opened.

/// A place to look.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Service.
    pub service: &'a str,
    /// Path of a list or of one thing.
    pub path: &'a str,
    /// What its rows are.
    pub what: &'a str,
    /// Path of one row.
    pub item: Option<&'a str>,
    /// Member that a row must have, and its value (`*`: any but none).
    pub with: Option<(&'a str, &'a str)>,
}

/// Duties of a clause that were done, in each service.
pub const DUTIES: &[(&str, &str)] = &[
    ("duties of this clause done (accounts)", "account"),
    ("duties of this clause done (registry)", "query-registry"),
    ("duties of this clause done (audit)", "audit-sampling"),
    ("duties of this clause done (retention)", "retention"),
];

/// Id, title and places of each clause of requirements.md.
pub const CLAUSES: &[(&str, &str, &[Look<'static>])] = &[
    (
        "H2.1",
        "Legal bases in force; each query cites one",
        &[
            Look {
                service: "query-registry",
                path: "/v1/query-applications",
                what: "query applications that cite a legal basis",
                item: Some("/v1/query-applications/{id}"),
                with: Some(("legal_basis", "*")),
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries refused: legal-basis-not-in-force",
                item: Some("/v1/queries/{id}"),
                with: Some(("refusal", "legal-basis-not-in-force")),
            },
        ],
    ),
    (
        "H2.2",
        "Agencies in scope: bureau, subordinates, 38 district offices",
        &[
            Look {
                service: "account",
                path: "/v1/agencies",
                what: "district offices",
                item: Some("/v1/agencies/{id}"),
                with: Some(("kind", "district_office")),
            },
            Look {
                service: "account",
                path: "/v1/agencies",
                what: "bureau",
                item: Some("/v1/agencies/{id}"),
                with: Some(("kind", "bureau")),
            },
        ],
    ),
    (
        "H2.3",
        "Only for cases of social assistance and welfare",
        &[
            Look {
                service: "query-registry",
                path: "/v1/cases",
                what: "registered cases",
                item: Some("/v1/cases/{id}"),
                with: None,
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries refused: outside-case",
                item: Some("/v1/queries/{id}"),
                with: Some(("refusal", "outside-case")),
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries refused: person-not-covered",
                item: Some("/v1/queries/{id}"),
                with: Some(("refusal", "person-not-covered")),
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries refused: permission-missing",
                item: Some("/v1/queries/{id}"),
                with: Some(("refusal", "permission-missing")),
            },
        ],
    ),
    (
        "H3.1",
        "Only at the office, only through the welfare platform",
        &[
            Look {
                service: "account",
                path: "/v1/systems",
                what: "registered systems",
                item: None,
                with: None,
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries through the gate",
                item: Some("/v1/queries/{id}"),
                with: None,
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries refused: outside-office-network",
                item: Some("/v1/queries/{id}"),
                with: Some(("refusal", "outside-office-network")),
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries refused: system-not-registered",
                item: Some("/v1/queries/{id}"),
                with: Some(("refusal", "system-not-registered")),
            },
        ],
    ),
    (
        "H3.2",
        "Prints and files go into their case",
        &[Look {
            service: "retention",
            path: "/v1/outputs",
            what: "prints and files filed into their case",
            item: Some("/v1/outputs/{id}"),
            with: Some(("state", "filed")),
        }],
    ),
    (
        "H4.1",
        "No query before an approved permission application",
        &[
            Look {
                service: "account",
                path: "/v1/permission-applications",
                what: "permission applications that passed every stage",
                item: Some("/v1/permission-applications/{id}"),
                with: Some(("status", "done")),
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries refused: no-account",
                item: Some("/v1/queries/{id}"),
                with: Some(("refusal", "no-account")),
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries refused: account-not-active",
                item: Some("/v1/queries/{id}"),
                with: Some(("refusal", "account-not-active")),
            },
        ],
    ),
    (
        "H4.2",
        "Every item filled in and endorsed before data is returned",
        &[
            Look {
                service: "query-registry",
                path: "/v1/query-applications",
                what: "query applications endorsed by user and responsible supervisor",
                item: Some("/v1/query-applications/{id}"),
                with: Some(("state", "endorsed")),
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries refused: application-not-endorsed",
                item: Some("/v1/queries/{id}"),
                with: Some(("refusal", "application-not-endorsed")),
            },
        ],
    ),
    (
        "H4.3",
        "Register kept three years, read by auditors of both",
        &[
            Look {
                service: "retention",
                path: "/v1/holdings",
                what: "months of the register under their term",
                item: Some("/v1/holdings/{id}"),
                with: Some(("record_kind", "query_register")),
            },
            Look {
                service: "retention",
                path: "/v1/holdings",
                what: "months of records under their term",
                item: Some("/v1/holdings/{id}"),
                with: None,
            },
        ],
    ),
    (
        "H5.1.1",
        "What was retrieved is kept complete, never its content",
        &[Look {
            service: "query-registry",
            path: "/v1/queries",
            what: "queries with fields, number and digest",
            item: Some("/v1/queries/{id}"),
            with: Some(("digest", "*")),
        }],
    ),
    (
        "H5.1.2",
        "Only the IT unit opens, changes, stops accounts",
        &[
            Look {
                service: "account",
                path: "/v1/accounts",
                what: "accounts opened on an application",
                item: Some("/v1/accounts/{id}"),
                with: Some(("applications", "*")),
            },
            Look {
                service: "account",
                path: "/v1/accounts",
                what: "accounts stopped",
                item: Some("/v1/accounts/{id}"),
                with: Some(("status", "stopped")),
            },
        ],
    ),
    (
        "H5.1.3",
        "Account inventory every three months",
        &[
            Look {
                service: "account",
                path: "/v1/inventories",
                what: "household inventories closed",
                item: Some("/v1/inventories/{id}"),
                with: Some(("regulation", "household")),
            },
            Look {
                service: "account",
                path: "/v1/inventory-lines",
                what: "lines decided by a named reviewer",
                item: None,
                with: Some(("decided", "true")),
            },
        ],
    ),
    (
        "H5.1.4",
        "A new link manager is told to the city IT centre",
        &[Look {
            service: "account",
            path: "/v1/data-links",
            what: "data links with letters",
            item: Some("/v1/data-links/{id}"),
            with: Some(("letters", "*")),
        }],
    ),
    (
        "H5.1.5",
        "Periodic security training",
        &[Look {
            service: "account",
            path: "/v1/trainings",
            what: "security trainings",
            item: None,
            with: None,
        }],
    ),
    (
        "H5.2.1",
        "The path of a permission application",
        &[
            Look {
                service: "account",
                path: "/v1/permission-applications",
                what: "household permission applications",
                item: Some("/v1/permission-applications/{id}"),
                with: Some(("regulation", "household")),
            },
            Look { service: "account", path: "/v1/deputies", what: "deputies", item: None, with: None },
        ],
    ),
    (
        "H5.2.2",
        "Change of duties: permission changed or stopped",
        &[
            Look {
                service: "account",
                path: "/v1/personnel-changes",
                what: "personnel changes settled",
                item: None,
                with: Some(("status", "settled")),
            },
            Look {
                service: "account",
                path: "/v1/accounts",
                what: "accounts stopped",
                item: Some("/v1/accounts/{id}"),
                with: Some(("status", "stopped")),
            },
        ],
    ),
    (
        "H5.2.3",
        "Secrecy of account and PIN, periodic change",
        &[
            Look {
                service: "account",
                path: "/v1/attestations",
                what: "PIN changes attested",
                item: None,
                with: Some(("kind", "pin_changed")),
            },
            Look {
                service: "account",
                path: "/v1/accounts",
                what: "accounts held back at some time",
                item: Some("/v1/accounts/{id}"),
                with: Some(("suspensions", "*")),
            },
        ],
    ),
    (
        "H6.1",
        "Nothing stays on screen; supervised",
        &[Look {
            service: "query-registry",
            path: "/v1/queries",
            what: "answers handed over with watermark and time on screen",
            item: Some("/v1/queries/{id}"),
            with: Some(("decision", "answered")),
        }],
    ),
    (
        "H6.2",
        "Host security and maintenance",
        &[Look {
            service: "account",
            path: "/v1/host-security-records",
            what: "host security records",
            item: None,
            with: None,
        }],
    ),
    (
        "H6.3",
        "A reason for each query",
        &[
            Look {
                service: "query-registry",
                path: "/v1/query-applications",
                what: "query applications with a reason, sealed",
                item: Some("/v1/query-applications/{id}"),
                with: None,
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries whose reason is marked as copied",
                item: Some("/v1/queries/{id}"),
                with: Some(("marks.copied-reason", "*")),
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries whose reason is marked as meaningless",
                item: Some("/v1/queries/{id}"),
                with: Some(("marks.meaningless-reason", "*")),
            },
        ],
    ),
    (
        "H6.4",
        "Copies only with the supervisor’s prior approval",
        &[Look {
            service: "query-registry",
            path: "/v1/copy-requests",
            what: "copies decided on",
            item: None,
            with: None,
        }],
    ),
    (
        "H6.5",
        "Each data link reviewed once a year",
        &[
            Look {
                service: "account",
                path: "/v1/data-links",
                what: "data links reviewed",
                item: Some("/v1/data-links/{id}"),
                with: Some(("reviews", "*")),
            },
            Look {
                service: "account",
                path: "/v1/data-links",
                what: "data links ended",
                item: Some("/v1/data-links/{id}"),
                with: Some(("status", "ended")),
            },
        ],
    ),
    (
        "H6.6",
        "Every query logged, the log kept three years",
        &[
            Look {
                service: "query-registry",
                path: "/v1/logs",
                what: "the heads of the query logs",
                item: None,
                with: None,
            },
            Look {
                service: "query-registry",
                path: "/v1/queries",
                what: "queries in the log",
                item: Some("/v1/queries/{id}"),
                with: Some(("log_index", "*")),
            },
            Look {
                service: "retention",
                path: "/v1/destruction-orders",
                what: "query-log months destroyed by order",
                item: Some("/v1/destruction-orders/{id}"),
                with: Some(("record_kind", "query_log")),
            },
        ],
    ),
    (
        "H7.1–3",
        "Destruction beyond recovery, with date and witness",
        &[Look {
            service: "retention",
            path: "/v1/outputs",
            what: "prints and files destroyed",
            item: Some("/v1/outputs/{id}"),
            with: Some(("state", "destroyed")),
        }],
    ),
    (
        "H8.1.1",
        "Daily report matched with the register",
        &[
            Look {
                service: "query-registry",
                path: "/v1/reports",
                what: "daily reports",
                item: Some("/v1/reports/{id}"),
                with: Some(("kind", "daily")),
            },
            Look {
                service: "query-registry",
                path: "/v1/daily-reports",
                what: "daily reports",
                item: Some("/v1/daily-reports/{id}"),
                with: None,
            },
        ],
    ),
    (
        "H8.1.2",
        "Weekly list of household queries without a tax query",
        &[
            Look {
                service: "query-registry",
                path: "/v1/reports",
                what: "weekly reports",
                item: Some("/v1/reports/{id}"),
                with: Some(("kind", "weekly")),
            },
            Look {
                service: "query-registry",
                path: "/v1/weekly-reports",
                what: "weekly reports",
                item: Some("/v1/weekly-reports/{id}"),
                with: None,
            },
        ],
    ),
    (
        "H8.2",
        "Audit every three months by a draw",
        &[
            Look {
                service: "audit-sampling",
                path: "/v1/audit-plans",
                what: "quarterly audits drawn",
                item: Some("/v1/audit-plans/{id}"),
                with: Some(("sample", "*")),
            },
            Look {
                service: "audit-sampling",
                path: "/v1/audit-plans",
                what: "draws that anyone can repeat",
                item: Some("/v1/audit-plans/{id}/draw-proof"),
                with: Some(("state", "closed")),
            },
        ],
    ),
    (
        "H8.3",
        "Results kept; joint investigation of an anomaly",
        &[Look {
            service: "audit-sampling",
            path: "/v1/investigations",
            what: "joint investigations closed",
            item: Some("/v1/investigations/{id}"),
            with: Some(("state", "closed")),
        }],
    ),
    (
        "H8.4",
        "Roster and material ready for the provider’s audit",
        &[
            Look {
                service: "audit-sampling",
                path: "/v1/audit-packages",
                what: "sealed packages",
                item: Some("/v1/audit-packages/{id}"),
                with: None,
            },
            Look {
                service: "audit-sampling",
                path: "/v1/cooperation-requests",
                what: "users asked to cooperate",
                item: Some("/v1/cooperation-requests/{id}"),
                with: None,
            },
        ],
    ),
    (
        "H8.5",
        "Immediate correction, report within ten days",
        &[
            Look {
                service: "audit-sampling",
                path: "/v1/findings",
                what: "findings with a correction order",
                item: Some("/v1/findings/{id}"),
                with: Some(("order", "*")),
            },
            Look {
                service: "audit-sampling",
                path: "/v1/findings",
                what: "findings with a report",
                item: Some("/v1/findings/{id}"),
                with: Some(("reports", "*")),
            },
        ],
    ),
    (
        "H9",
        "Liability referred, with its outcome",
        &[
            Look {
                service: "audit-sampling",
                path: "/v1/findings",
                what: "findings with referrals",
                item: Some("/v1/findings/{id}"),
                with: Some(("referrals", "*")),
            },
            Look {
                service: "audit-sampling",
                path: "/v1/findings",
                what: "queries after a change of duties",
                item: Some("/v1/findings/{id}"),
                with: Some(("kind", "transferred_still_querying")),
            },
            Look {
                service: "audit-sampling",
                path: "/v1/findings",
                what: "tries by people without an account",
                item: Some("/v1/findings/{id}"),
                with: Some(("kind", "never_authorised_attempt")),
            },
        ],
    ),
    (
        "H-A1",
        "Annex 1: permission application",
        &[Look {
            service: "account",
            path: "/v1/permission-applications",
            what: "applications on annex 1 of H",
            item: Some("/v1/permission-applications/{id}"),
            with: Some(("form", "H-A1")),
        }],
    ),
    (
        "H-A2",
        "Annex 2: query application record",
        &[Look {
            service: "query-registry",
            path: "/v1/query-applications",
            what: "rows of annex 2",
            item: Some("/v1/query-register?unit={unit}&from={date}&to={date}"),
            with: None,
        }],
    ),
    (
        "I2",
        "Agencies and legal bases of I",
        &[
            Look {
                service: "account",
                path: "/v1/agencies",
                what: "agencies",
                item: Some("/v1/agencies/{id}"),
                with: None,
            },
            Look {
                service: "account",
                path: "/v1/accounts",
                what: "accounts under I",
                item: Some("/v1/accounts/{id}"),
                with: Some(("regulation", "immigration")),
            },
        ],
    ),
    (
        "I3.1",
        "Items limited to the statutory duty",
        &[
            Look {
                service: "account",
                path: "/v1/accounts",
                what: "immigration accounts with their items",
                item: Some("/v1/accounts/{id}"),
                with: Some(("regulation", "immigration")),
            },
            Look {
                service: "audit-sampling",
                path: "/v1/findings",
                what: "uses that were not approved",
                item: Some("/v1/findings/{id}"),
                with: Some(("kind", "unapproved_use")),
            },
        ],
    ),
    (
        "I3.2",
        "Designated officers",
        &[Look {
            service: "account",
            path: "/v1/people",
            what: "people with a post as designated officer",
            item: Some("/v1/people/{id}"),
            with: Some(("posts.roles", "designated_officer")),
        }],
    ),
    (
        "I3.3",
        "The path of an application under I",
        &[Look {
            service: "account",
            path: "/v1/permission-applications",
            what: "immigration applications that passed every stage",
            item: Some("/v1/permission-applications/{id}"),
            with: Some(("form", "I-A1")),
        }],
    ),
    (
        "I3.4",
        "Only the approved person queries",
        &[Look {
            service: "audit-sampling",
            path: "/v1/findings",
            what: "uses that were not approved",
            item: Some("/v1/findings/{id}"),
            with: Some(("kind", "unapproved_use")),
        }],
    ),
    (
        "I3.5",
        "Log out on finish and on leaving",
        &[Look {
            service: "account",
            path: "/v1/attestations",
            what: "log-out attestations",
            item: None,
            with: Some(("kind", "log_out")),
        }],
    ),
    (
        "I3.6",
        "Account ended with the agency certificate",
        &[Look {
            service: "account",
            path: "/v1/agency-acts",
            what: "ends recorded under the agency certificate",
            item: Some("/v1/agency-acts/{id}"),
            with: Some(("kind", "end_account")),
        }],
    ),
    (
        "I3.7",
        "Lost card: notice at once",
        &[
            Look {
                service: "account",
                path: "/v1/agency-acts",
                what: "notices of a lost card",
                item: Some("/v1/agency-acts/{id}"),
                with: Some(("kind", "lost_card_notice")),
            },
            Look {
                service: "account",
                path: "/v1/accounts",
                what: "accounts held back at some time",
                item: Some("/v1/accounts/{id}"),
                with: Some(("suspensions", "*")),
            },
        ],
    ),
    (
        "I3.8",
        "Immigration logs kept five years",
        &[
            Look {
                service: "retention",
                path: "/v1/destruction-orders",
                what: "immigration months destroyed by order",
                item: Some("/v1/destruction-orders/{id}"),
                with: Some(("regulation", "immigration")),
            },
            Look {
                service: "retention",
                path: "/v1/holdings",
                what: "immigration months under their term",
                item: Some("/v1/holdings/{id}"),
                with: Some(("regulation", "immigration")),
            },
        ],
    ),
    (
        "I4.1.1",
        "Audit of the downloaded log on annex 2",
        &[Look {
            service: "audit-sampling",
            path: "/v1/internal-audits",
            what: "internal audits on annex 2",
            item: Some("/v1/internal-audits/{id}"),
            with: Some(("annex", "2")),
        }],
    ),
    (
        "I4.1.2",
        "Each anomaly followed through cause, effect, containment",
        &[Look {
            service: "audit-sampling",
            path: "/v1/findings",
            what: "findings with their course",
            item: Some("/v1/findings/{id}"),
            with: Some(("course.cause", "*")),
        }],
    ),
    (
        "I4.1.3",
        "Permission inventory and annex 3 every six months",
        &[
            Look {
                service: "account",
                path: "/v1/inventories",
                what: "immigration inventories",
                item: Some("/v1/inventories/{id}"),
                with: Some(("regulation", "immigration")),
            },
            Look {
                service: "audit-sampling",
                path: "/v1/internal-audits",
                what: "internal audits on annex 3",
                item: Some("/v1/internal-audits/{id}"),
                with: Some(("annex", "3")),
            },
        ],
    ),
    (
        "I4.2.1",
        "Spot checks on site",
        &[Look {
            service: "audit-sampling",
            path: "/v1/spot-checks",
            what: "spot checks",
            item: Some("/v1/spot-checks/{id}"),
            with: None,
        }],
    ),
    (
        "I4.2.2",
        "The agency’s inspections",
        &[Look {
            service: "audit-sampling",
            path: "/v1/audit-packages",
            what: "sealed packages",
            item: Some("/v1/audit-packages/{id}"),
            with: Some(("manifest.scope.regulation", "immigration")),
        }],
    ),
    (
        "I5",
        "Destruction of immigration prints and files",
        &[Look {
            service: "retention",
            path: "/v1/outputs?regulation=immigration",
            what: "immigration prints and files destroyed",
            item: Some("/v1/outputs/{id}"),
            with: Some(("state", "destroyed")),
        }],
    ),
    (
        "I6",
        "Violation: permission suspended, liability pursued",
        &[
            Look {
                service: "audit-sampling",
                path: "/v1/findings",
                what: "immigration violations",
                item: Some("/v1/findings/{id}"),
                with: Some(("regulation", "immigration")),
            },
            Look {
                service: "account",
                path: "/v1/agency-acts",
                what: "acts in the agency’s system",
                item: Some("/v1/agency-acts/{id}"),
                with: None,
            },
        ],
    ),
    (
        "I-A1",
        "Annex 1: application",
        &[Look {
            service: "account",
            path: "/v1/permission-applications",
            what: "applications on annex 1 of I",
            item: Some("/v1/permission-applications/{id}"),
            with: Some(("form", "I-A1")),
        }],
    ),
    (
        "I-A2",
        "Annex 2: internal audit record",
        &[Look {
            service: "audit-sampling",
            path: "/v1/internal-audits",
            what: "annex 2, filled in",
            item: Some("/v1/internal-audits/{id}/form"),
            with: Some(("annex", "2")),
        }],
    ),
    (
        "I-A3",
        "Annex 3: annual internal audit",
        &[Look {
            service: "audit-sampling",
            path: "/v1/internal-audits",
            what: "annex 3, filled in",
            item: Some("/v1/internal-audits/{id}/form"),
            with: Some(("annex", "3")),
        }],
    ),
    (
        "tax",
        "Tax queries pass the same gate",
        &[Look {
            service: "query-registry",
            path: "/v1/queries",
            what: "tax queries",
            item: Some("/v1/queries/{id}"),
            with: Some(("regulation", "tax")),
        }],
    ),
    (
        "all.1",
        "Who is to do what by when, and who is late",
        &[
            Look {
                service: "account",
                path: "/v1/obligations?state=open",
                what: "duties open in account",
                item: Some("/v1/obligations/{id}"),
                with: None,
            },
            Look {
                service: "query-registry",
                path: "/v1/obligations?state=open",
                what: "duties open in query-registry",
                item: Some("/v1/obligations/{id}"),
                with: None,
            },
            Look {
                service: "audit-sampling",
                path: "/v1/obligations?state=open",
                what: "duties open in audit-sampling",
                item: Some("/v1/obligations/{id}"),
                with: None,
            },
            Look {
                service: "retention",
                path: "/v1/obligations?state=open",
                what: "duties open in retention",
                item: Some("/v1/obligations/{id}"),
                with: None,
            },
            Look {
                service: "account",
                path: "/v1/obligations?state=done",
                what: "duties that were late in account",
                item: Some("/v1/obligations/{id}"),
                with: Some(("overdue_since", "*")),
            },
            Look {
                service: "query-registry",
                path: "/v1/obligations?state=done",
                what: "duties that were late in query-registry",
                item: Some("/v1/obligations/{id}"),
                with: Some(("overdue_since", "*")),
            },
            Look {
                service: "audit-sampling",
                path: "/v1/obligations?state=done",
                what: "duties that were late in audit-sampling",
                item: Some("/v1/obligations/{id}"),
                with: Some(("overdue_since", "*")),
            },
            Look {
                service: "retention",
                path: "/v1/obligations?state=done",
                what: "duties that were late in retention",
                item: Some("/v1/obligations/{id}"),
                with: Some(("overdue_since", "*")),
            },
        ],
    ),
    (
        "all.2",
        "Periods follow 行政程序法 §48",
        &[Look {
            service: "audit-sampling",
            path: "/v1/obligations?state=done",
            what: "duties with a due day on a working day",
            item: Some("/v1/obligations/{id}"),
            with: Some(("due_on", "*")),
        }],
    ),
    (
        "all.3",
        "Dates in the Republic of China calendar",
        &[Look {
            service: "query-registry",
            path: "/v1/query-applications",
            what: "rows printed with 民國 dates",
            item: Some("/v1/query-register?unit={unit}&from={date}&to={date}"),
            with: None,
        }],
    ),
    (
        "all.4",
        "Each obligation, decision and report names its rule pack",
        &[
            Look {
                service: "query-registry",
                path: "/v1/query-applications",
                what: "query applications that name their rule pack",
                item: Some("/v1/query-applications/{id}"),
                with: Some(("rule_pack", "*")),
            },
            Look {
                service: "account",
                path: "/v1/obligations?state=done",
                what: "duties that name their rule pack",
                item: Some("/v1/obligations/{id}"),
                with: Some(("rule_pack", "*")),
            },
        ],
    ),
    (
        "all.5",
        "One record is one query about one person",
        &[Look {
            service: "query-registry",
            path: "/v1/queries",
            what: "records",
            item: Some("/v1/queries/{id}"),
            with: None,
        }],
    ),
    (
        "all.6",
        "Deputies and several posts per person",
        &[
            Look { service: "account", path: "/v1/deputies", what: "deputies", item: None, with: None },
            Look {
                service: "account",
                path: "/v1/people",
                what: "people",
                item: Some("/v1/people/{id}"),
                with: None,
            },
        ],
    ),
    (
        "all.7",
        "Another provider is a rule pack and master data",
        &[
            Look {
                service: "account",
                path: "/v1/accounts",
                what: "accounts under the pack for tax data",
                item: Some("/v1/accounts/{id}"),
                with: Some(("regulation", "tax")),
            },
            Look {
                service: "account",
                path: "/v1/accounts",
                what: "accounts under the pack for immigration data",
                item: Some("/v1/accounts/{id}"),
                with: Some(("regulation", "immigration")),
            },
        ],
    ),
];
