//! The entries of a log in bundles, for those who check all of it.

use actix_web::{HttpResponse, get, web};
use chassis::{Caller, Result, document};
use transparency::tile::Tile;

use crate::routes::get_log_tile::{Octets, not_found};
use crate::state::Registry;

/// Shows a bundle of up to 256 entries (C2SP tlog-tiles), each its public bytes behind their length in two bytes. Gone with
/// the month that it belongs to.
#[utoipa::path(get, path = "/v1/logs/{log}/tile/entries/{tile}",
    params(("log" = String, Path, description = "Name of the log", example = "three-year"),
        ("tile" = String, Path, description = "Place of the bundle, its slashes as they are", example = "000.p/1")),
    responses((status = 200, description = "Entries. 日誌項目。", body = Octets,
        content_type = "application/octet-stream",
        headers(("cache-control" = String, description = "In the caller's own cache alone. 僅限呼叫端。")))))]
#[get("/v1/logs/{log}/tile/entries/{tile:.*}")]
pub async fn get_log_entries(caller: Caller, place: web::Path<(String, String)>) -> Result<HttpResponse> {
    let (log, tile) = place.into_inner();
    let tile: Tile =
        format!("tile/entries/{tile}").parse().map_err(|_| document::missing("bundle of entries"))?;
    let bytes = caller.context.state::<Registry>().log.tile(&log, tile).await.map_err(not_found)?;
    // Not in a shared cache: the next caller may be nobody who may read it.
    Ok(HttpResponse::Ok()
        .insert_header((actix_web::http::header::CACHE_CONTROL, "private, max-age=3600"))
        .content_type("application/octet-stream")
        .body(bytes))
}
