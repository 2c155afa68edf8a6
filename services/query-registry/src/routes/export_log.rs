//! A log as a bundle, to be checked offline.

use std::ops::Range;
use std::sync::Arc;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, get, web};
use chassis::{Caller, Problem, Result, document};
use query_log::LogError;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, DuplexStream};
use utoipa::IntoParams;

use crate::problems;
use crate::state::Registry;

/// Bytes that wait for a slow reader at most.
const AHEAD: usize = 64 * 1024;

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportRange {
    /// First index; 0 unless told.
    #[serde(default)]
    #[param(minimum = 0)]
    from: i64,
    /// Index after the last; the head unless told.
    #[param(minimum = 0)]
    until: Option<i64>,
}

impl ExportRange {
    fn indexes(&self) -> Result<Range<u64>> {
        let index = |name: &str, value: i64| {
            u64::try_from(value).map_err(|_| Problem::invalid(name, "an index of the log, 0 or more"))
        };
        let until = self.until.map_or(Ok(u64::MAX), |until| index("until", until))?;
        Ok(index("from", self.from)?..until)
    }
}

/// Exports a log as lines of JSON that `datawarden verify-log` and `verify-endorsement` check offline. Personal values stay
/// encrypted. A bundle without its last line was cut short.
#[utoipa::path(get, path = "/v1/logs/{log}/bundle",
    params(("log" = String, Path, description = "Name of the log", example = "governance"), ExportRange),
    responses((status = 200, description = "Lines of JSON. 逐行之 JSON。", body = String, content_type = "text/plain")))]
#[get("/v1/logs/{log}/bundle")]
pub async fn export_log(
    caller: Caller,
    log: web::Path<String>,
    range: web::Query<ExportRange>,
) -> Result<HttpResponse> {
    let range = range.indexes()?;
    let registry = caller.context.state::<Registry>();
    registry.log.head(&log).await.map_err(|error| match error {
        LogError::UnknownLog(_) => document::missing("log"),
        other => problems::log_unavailable(&other).into(),
    })?;
    let (reader, writer) = tokio::io::duplex(AHEAD);
    actix_web::rt::spawn(write(registry, log.into_inner(), range, writer));
    let lines = futures::stream::try_unfold(reader, next);
    let no_store = (CACHE_CONTROL, "no-store");
    Ok(HttpResponse::Ok().insert_header(no_store).content_type("text/plain").streaming(lines))
}

/// Writes the bundle for as long as somebody reads.
async fn write(registry: Arc<Registry>, log: String, range: Range<u64>, mut writer: DuplexStream) {
    if let Err(error) = registry.log.export_bundle(&log, range, &mut writer).await {
        tracing::warn!(log, %error, "the export of a log was cut short");
    }
}

async fn next(mut reader: DuplexStream) -> std::io::Result<Option<(Bytes, DuplexStream)>> {
    let mut part = vec![0; AHEAD];
    let length = reader.read(&mut part).await?;
    part.truncate(length);
    Ok((length > 0).then(|| (Bytes::from(part), reader)))
}
