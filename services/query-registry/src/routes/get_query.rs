//! Shows a record of a query (H4.3, H6.6).

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use identity::Role;
use kernel::ids::QueryId;
use query_registry_types::queries::QueryRecord;

use crate::store::records;

/// Shows what is recorded of a query; never its content.
#[utoipa::path(get, path = "/v1/queries/{id}", params(("id" = QueryId, Path)), responses((status = 200, body = QueryRecord)))]
#[get("/v1/queries/{id}")]
pub async fn get_query(caller: Caller, id: web::Path<QueryId>) -> Result<Answer<QueryRecord>> {
    let record = records::find(&mut *caller.context.connection().await?, *id)
        .await?
        .ok_or_else(|| document::missing("query"))?;
    caller.within(record.agency)?;
    caller.within_regulation(&record.regulation)?;
    let own = caller.principal.person() == Some(record.person);
    if !own && !caller.sees_all_agencies() && !caller.principal.has(Role::ResponsibleSupervisor) {
        return Err(document::missing("query"));
    }
    Ok(Answer::ok(record))
}
