//! Lists records of queries (H4.3, H6.6, I3.4).

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::{Answer, Caller, Page, Result};
use chrono::{DateTime, Utc};
use identity::Role;
use kernel::ids::{AccountId, AgencyId, CaseId, PersonId, QueryApplicationId};
use query_registry_types::queries::QueryRecord;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::store::records::{self, Filter};

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQueries {
    /// Agency.
    pub agency: Option<AgencyId>,
    /// Account.
    pub account: Option<AccountId>,
    /// Official.
    pub person: Option<PersonId>,
    /// Case.
    pub case: Option<CaseId>,
    /// Application.
    pub application: Option<QueryApplicationId>,
    /// Keyed hash of the person asked about.
    pub subject: Option<String>,
    /// Asked at or after.
    pub from: Option<DateTime<Utc>>,
    /// Asked before.
    pub until: Option<DateTime<Utc>>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists records of queries, answered and refused, oldest first. Users see their own; auditors never their own.
#[utoipa::path(get, path = "/v1/queries", params(ListQueries), responses((status = 200, body = Page<QueryRecord>)))]
#[get("/v1/queries")]
pub async fn list_queries(
    caller: Caller,
    query: web::Query<ListQueries>,
) -> Result<Answer<Page<QueryRecord>>> {
    let query = query.into_inner();
    let audits = caller.principal.has_any(&[Role::Auditor, Role::EthicsOfficer, Role::ExternalAuditor]);
    let reviews = audits || caller.principal.has_any(&[Role::ResponsibleSupervisor, Role::Service]);
    let filter = Filter {
        agency: caller.scope(query.agency)?,
        regulations: caller.regulations().map(|own| own.iter().cloned().collect()),
        account: query.account,
        person: if reviews { query.person } else { Some(caller.person()?) },
        case: query.case,
        application: query.application,
        subject: query.subject,
        from: query.from,
        until: query.until,
        but_person: caller.principal.person().filter(|_| audits),
    };
    let params = PageParams { after: query.after, limit: query.limit };
    let mut conn = caller.context.connection().await?;
    Ok(Answer::ok(records::page(&mut conn, &filter, &params).await?))
}
