//! The proof of an entry, with what witnesses have said since (invariant 4).

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, get, web};
use chassis::{Caller, Result};

use crate::routes::get_log_tile::not_found;
use crate::state::Registry;

/// Shows the proof of an entry (C2SP tlog-proof@v1, the entry's public bytes as extra data) against the checkpoint that was
/// published last. 404 for the second until one is published that covers the entry.
#[utoipa::path(get, path = "/v1/logs/{log}/entries/{index}/proof",
    params(("log" = String, Path, description = "Name of the log", example = "three-year"), ("index" = u64, Path)),
    responses((status = 200, description = "A proof. 納入證明。", body = String, content_type = "text/plain")))]
#[get("/v1/logs/{log}/entries/{index}/proof")]
pub async fn get_log_proof(caller: Caller, place: web::Path<(String, u64)>) -> Result<HttpResponse> {
    let (log, index) = place.into_inner();
    let proof = caller.context.state::<Registry>().log.proof(&log, index).await.map_err(not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body(proof.to_string()))
}
