//! Hashes of a log's tree, of which everybody makes the proofs that he wants.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, get, web};
use chassis::{Context, Result, document};
use query_log::LogError;
use transparency::tile::Tile;
use utoipa::ToSchema;

use crate::problems;
use crate::state::Registry;

/// Bytes, as documents describe them.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Octets(#[expect(dead_code, reason = "a name for documents alone")] Vec<u8>);

/// Tiles never change: whoever has one need not ask again.
pub const FOR_EVER: (actix_web::http::header::HeaderName, &str) =
    (CACHE_CONTROL, "public, max-age=31536000, immutable");

/// Shows a tile of up to 256 hashes (C2SP tlog-tiles): `{level}/{tile}` is such as `0/x001/234` or, of a tile that is not
/// full, `0/x001/234.p/7`. Everybody may read it: hashes of entries name nobody.
#[utoipa::path(get, path = "/v1/logs/{log}/tile/{level}/{tile}",
    params(("log" = String, Path, description = "Name of the log", example = "three-year"),
        ("level" = String, Path, description = "Height of the tile", example = "0"),
        ("tile" = String, Path, description = "Place of the tile, its slashes as they are", example = "000.p/1")),
    responses((status = 200, description = "Hashes of 32 bytes. 雜湊值。", body = Octets,
        content_type = "application/octet-stream",
        headers(("cache-control" = String, description = "For ever: tiles do not change. 永久。")))))]
#[get("/v1/logs/{log}/tile/{level}/{tile:.*}")]
pub async fn get_log_tile(
    context: web::Data<Context>,
    place: web::Path<(String, String, String)>,
) -> Result<HttpResponse> {
    let (log, level, tile) = place.into_inner();
    let tile: Tile = format!("tile/{level}/{tile}").parse().map_err(|_| document::missing("tile"))?;
    let bytes = context.state::<Registry>().log.tile(&log, tile).await.map_err(not_found)?;
    Ok(HttpResponse::Ok().insert_header(FOR_EVER).content_type("application/octet-stream").body(bytes))
}

/// What is not in the log is missing; everything else is the log's trouble.
pub fn not_found(error: LogError) -> chassis::Error {
    match error {
        LogError::NotFound | LogError::UnknownLog(_) | LogError::Month(_) => {
            document::missing("part of a log")
        }
        other => problems::log_unavailable(&other).into(),
    }
}
