//! What services hold, and until when.

use actix_web::{get, web};
use chassis::answer::PageParams;
use chassis::document::Filter;
use chassis::{Answer, Caller, Page, Result, reading};
use kernel::days;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::holding::Holding;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListHoldings {
    /// `household`, `tax` or `immigration`.
    pub regulation: Option<String>,
    /// Record kind of the rule packs.
    pub record_kind: Option<String>,
    /// `kept`, `ordered` or `destroyed`.
    pub state: Option<String>,
    /// Only those whose term is over.
    #[serde(default)]
    pub past_term: bool,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Lists what each service holds by record kind, regulation and month, with the end of its term.
#[utoipa::path(get, path = "/v1/holdings", params(ListHoldings), responses((status = 200, body = Page<Holding>)))]
#[get("/v1/holdings")]
pub async fn list_holdings(caller: Caller, query: web::Query<ListHoldings>) -> Result<Answer<Page<Holding>>> {
    let query = query.into_inner();
    let mut filter = Filter::all()
        .eq_opt("regulation", query.regulation.as_deref())
        .one_of_opt("regulation", caller.regulations())
        .eq_opt("record_kind", query.record_kind.as_deref())
        .eq_opt("state", query.state.as_deref());
    if query.past_term {
        filter = filter.op("may_end_on", "<=", days::taipei_date(caller.context.now()));
    }
    reading::page(&caller, filter, &PageParams { after: query.after, limit: query.limit }).await
}
