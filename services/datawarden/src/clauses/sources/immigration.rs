//! Where the clauses on immigration data, and what goes with both regulations, show.

use super::{Clause, at};

/// Id, title and places of each clause.
pub const CLAUSES: &[Clause] = &[
    (
        "I2",
        "Agencies and legal bases of I",
        &[
            at("account", "/v1/agencies", "agencies").item("/v1/agencies/{id}"),
            at("account", "/v1/accounts", "accounts under I")
                .item("/v1/accounts/{id}")
                .with("regulation", "immigration"),
        ],
    ),
    (
        "I3.1",
        "Items limited to the statutory duty",
        &[
            at("account", "/v1/accounts", "immigration accounts with their items")
                .item("/v1/accounts/{id}")
                .with("regulation", "immigration"),
            at("audit-sampling", "/v1/findings", "uses that were not approved")
                .item("/v1/findings/{id}")
                .with("kind", "unapproved_use"),
        ],
    ),
    (
        "I3.2",
        "Designated officers",
        &[at("account", "/v1/people", "people with a post as designated officer")
            .item("/v1/people/{id}")
            .with("posts.roles", "designated_officer")],
    ),
    (
        "I3.3",
        "The path of an application under I",
        &[at("account", "/v1/permission-applications", "immigration applications that passed every stage")
            .item("/v1/permission-applications/{id}")
            .with("form", "I-A1")],
    ),
    (
        "I3.4",
        "Only the approved person queries",
        &[at("audit-sampling", "/v1/findings", "uses that were not approved")
            .item("/v1/findings/{id}")
            .with("kind", "unapproved_use")],
    ),
    (
        "I3.5",
        "Log out on finish and on leaving",
        &[at("account", "/v1/attestations", "log-out attestations").with("kind", "log_out")],
    ),
    (
        "I3.6",
        "Account ended with the agency certificate",
        &[at("account", "/v1/agency-acts", "ends recorded under the agency certificate")
            .item("/v1/agency-acts/{id}")
            .with("kind", "end_account")],
    ),
    (
        "I3.7",
        "Lost card: notice at once",
        &[
            at("account", "/v1/agency-acts", "notices of a lost card")
                .item("/v1/agency-acts/{id}")
                .with("kind", "lost_card_notice"),
            at("account", "/v1/accounts", "accounts held back at some time")
                .item("/v1/accounts/{id}")
                .with("suspensions", "*"),
        ],
    ),
    (
        "I3.8",
        "Immigration logs kept five years",
        &[
            at("retention", "/v1/destruction-orders", "immigration months destroyed by order")
                .item("/v1/destruction-orders/{id}")
                .with("regulation", "immigration"),
            at("retention", "/v1/holdings", "immigration months under their term")
                .item("/v1/holdings/{id}")
                .with("regulation", "immigration"),
        ],
    ),
    (
        "I4.1.1",
        "Audit of the downloaded log on annex 2",
        &[at("audit-sampling", "/v1/internal-audits", "internal audits on annex 2")
            .item("/v1/internal-audits/{id}")
            .with("annex", "2")],
    ),
    (
        "I4.1.2",
        "Each anomaly followed through cause, effect, containment",
        &[at("audit-sampling", "/v1/findings", "findings with their course")
            .item("/v1/findings/{id}")
            .with("course.cause", "*")],
    ),
    (
        "I4.1.3",
        "Permission inventory and annex 3 every six months",
        &[
            at("account", "/v1/inventories", "immigration inventories")
                .item("/v1/inventories/{id}")
                .with("regulation", "immigration"),
            at("audit-sampling", "/v1/internal-audits", "internal audits on annex 3")
                .item("/v1/internal-audits/{id}")
                .with("annex", "3"),
        ],
    ),
    (
        "I4.2.1",
        "Spot checks on site",
        &[at("audit-sampling", "/v1/spot-checks", "spot checks").item("/v1/spot-checks/{id}")],
    ),
    (
        "I4.2.2",
        "The agency’s inspections",
        &[at("audit-sampling", "/v1/audit-packages", "sealed packages")
            .item("/v1/audit-packages/{id}")
            .with("manifest.scope.regulation", "immigration")],
    ),
    (
        "I5",
        "Destruction of immigration prints and files",
        &[at("retention", "/v1/outputs?regulation=immigration", "immigration prints and files destroyed")
            .item("/v1/outputs/{id}")
            .with("state", "destroyed")],
    ),
    (
        "I6",
        "Violation: permission suspended, liability pursued",
        &[
            at("audit-sampling", "/v1/findings", "immigration violations")
                .item("/v1/findings/{id}")
                .with("regulation", "immigration"),
            at("account", "/v1/agency-acts", "acts in the agency’s system").item("/v1/agency-acts/{id}"),
        ],
    ),
    (
        "I-A1",
        "Annex 1: application",
        &[at("account", "/v1/permission-applications", "applications on annex 1 of I")
            .item("/v1/permission-applications/{id}")
            .with("form", "I-A1")],
    ),
    (
        "I-A2",
        "Annex 2: internal audit record",
        &[at("audit-sampling", "/v1/internal-audits", "annex 2, filled in")
            .item("/v1/internal-audits/{id}/form")
            .with("annex", "2")],
    ),
    (
        "I-A3",
        "Annex 3: annual internal audit",
        &[at("audit-sampling", "/v1/internal-audits", "annex 3, filled in")
            .item("/v1/internal-audits/{id}/form")
            .with("annex", "3")],
    ),
    (
        "tax",
        "Tax queries pass the same gate",
        &[at("query-registry", "/v1/queries", "tax queries")
            .item("/v1/queries/{id}")
            .with("regulation", "tax")],
    ),
    (
        "all.1",
        "Who is to do what by when, and who is late",
        &[
            at("account", "/v1/obligations?state=open", "duties open in account")
                .item("/v1/obligations/{id}"),
            at("query-registry", "/v1/obligations?state=open", "duties open in query-registry")
                .item("/v1/obligations/{id}"),
            at("audit-sampling", "/v1/obligations?state=open", "duties open in audit-sampling")
                .item("/v1/obligations/{id}"),
            at("retention", "/v1/obligations?state=open", "duties open in retention")
                .item("/v1/obligations/{id}"),
            at("account", "/v1/obligations?state=done", "duties that were late in account")
                .item("/v1/obligations/{id}")
                .with("overdue_since", "*"),
            at("query-registry", "/v1/obligations?state=done", "duties that were late in query-registry")
                .item("/v1/obligations/{id}")
                .with("overdue_since", "*"),
            at("audit-sampling", "/v1/obligations?state=done", "duties that were late in audit-sampling")
                .item("/v1/obligations/{id}")
                .with("overdue_since", "*"),
            at("retention", "/v1/obligations?state=done", "duties that were late in retention")
                .item("/v1/obligations/{id}")
                .with("overdue_since", "*"),
        ],
    ),
    (
        "all.2",
        "Periods follow 行政程序法 §48",
        &[at("audit-sampling", "/v1/obligations?state=done", "duties with a due day on a working day")
            .item("/v1/obligations/{id}")
            .with("due_on", "*")],
    ),
    (
        "all.3",
        "Dates in the Republic of China calendar",
        &[at("query-registry", "/v1/query-applications", "rows printed with 民國 dates")
            .item("/v1/query-register?unit={unit}&from={date}&to={date}")],
    ),
    (
        "all.4",
        "Each obligation, decision and report names its rule pack",
        &[
            at("query-registry", "/v1/query-applications", "query applications that name their rule pack")
                .item("/v1/query-applications/{id}")
                .with("rule_pack", "*"),
            at("account", "/v1/obligations?state=done", "duties that name their rule pack")
                .item("/v1/obligations/{id}")
                .with("rule_pack", "*"),
        ],
    ),
    (
        "all.5",
        "One record is one query about one person",
        &[at("query-registry", "/v1/queries", "records").item("/v1/queries/{id}")],
    ),
    (
        "all.6",
        "Deputies and several posts per person",
        &[
            at("account", "/v1/deputies", "deputies"),
            at("account", "/v1/people", "people").item("/v1/people/{id}"),
        ],
    ),
    (
        "all.7",
        "Another provider is a rule pack and master data",
        &[
            at("account", "/v1/accounts", "accounts under the pack for tax data")
                .item("/v1/accounts/{id}")
                .with("regulation", "tax"),
            at("account", "/v1/accounts", "accounts under the pack for immigration data")
                .item("/v1/accounts/{id}")
                .with("regulation", "immigration"),
        ],
    ),
];
