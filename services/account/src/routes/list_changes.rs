//! `list_changes`

use actix_web::{get, web};
use chassis::{Answer, Caller, Problem, Result};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::store::changes::{self, Change};

/// Lines at most.
const LIMIT: i64 = 200;

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListChanges {
    /// Cursor: `next` of the answer before; everything from the beginning without it.
    pub after: Option<String>,
}

/// A piece of the feed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Changes {
    /// Lines, in the order of commits.
    pub items: Vec<Change>,
    /// Cursor for the next call; the same again when nothing is new.
    pub next: String,
}

/// Tells what happened to applications and accounts of the caller's agency, in order.
#[utoipa::path(get, path = "/v1/changes", params(ListChanges), responses((status = 200, body = Changes)))]
#[get("/v1/changes")]
pub async fn list_changes(caller: Caller, query: web::Query<ListChanges>) -> Result<Answer<Changes>> {
    let after = query.after.as_deref().unwrap_or("0");
    let after: i64 = after.parse().map_err(|_| Problem::invalid("after", "not a cursor of this feed"))?;
    let mut conn = caller.context.connection().await?;
    let items = changes::after(&mut conn, caller.scope(None)?, after, LIMIT).await?;
    let next = items.last().map_or(after, |c| c.seq).to_string();
    Ok(Answer::ok(Changes { items, next }))
}
