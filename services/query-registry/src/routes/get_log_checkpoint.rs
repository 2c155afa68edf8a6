//! The newest checkpoint of a log, for witnesses, verifiers and whoever wants to keep it (invariant 4).

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, get, web};
use chassis::{Context, Result};

use crate::routes::get_log_tile::not_found;
use crate::state::Registry;

/// Shows the signed checkpoint that was published last (C2SP tlog-checkpoint), with the cosignatures that it has by now.
/// Everybody may read it: it names nobody.
#[utoipa::path(get, path = "/v1/logs/{log}/checkpoint",
    params(("log" = String, Path, description = "Name of the log", example = "three-year")),
    responses((status = 200, description = "A signed note. 簽章文件。", body = String, content_type = "text/plain",
        headers(("cache-control" = String, description = "For a second. 一秒。")))))]
#[get("/v1/logs/{log}/checkpoint")]
pub async fn get_log_checkpoint(context: web::Data<Context>, log: web::Path<String>) -> Result<HttpResponse> {
    let registry = context.state::<Registry>();
    let published = registry.log.checkpoint(&log).await.map_err(not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=1"))
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body(published.note))
}
