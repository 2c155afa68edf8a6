//! Lists prints, files and copies of a result (H3.2).

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::{self, Filter};
use chassis::{Answer, Caller, Page, Result};
use identity::Role;
use kernel::ids::QueryId;
use query_registry_types::outputs::Output;

use crate::domain::output::KeptOutput;
use crate::store::records;

/// Lists what was made of a query's result; users see their own.
#[utoipa::path(get, path = "/v1/queries/{id}/outputs", params(("id" = QueryId, Path), PageParams),
    responses((status = 200, body = Page<Output>)))]
#[get("/v1/queries/{id}/outputs")]
pub async fn list_outputs(
    caller: Caller,
    id: web::Path<QueryId>,
    params: web::Query<PageParams>,
) -> Result<Answer<Page<Output>>> {
    let mut conn = caller.context.connection().await?;
    let record = records::find(&mut conn, *id).await?.ok_or_else(|| document::missing("query"))?;
    caller.within(record.agency)?;
    caller.within_regulation(&record.regulation)?;
    let own = caller.principal.person() == Some(record.person);
    let reviews = caller.principal.has_any(&[Role::ResponsibleSupervisor, Role::UnitSupervisor]);
    if !own && !reviews && !caller.sees_all_agencies() {
        return Err(document::missing("query"));
    }
    let page = document::page::<KeptOutput>(&mut conn, Filter::all().eq("query_id", *id), &params).await?;
    Ok(Answer::ok(Page { items: page.items.into_iter().map(|o| o.doc.0).collect(), next: page.next }))
}
