//! `get_latest_checkpoint`: the largest head of a log that this service has a copy of.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};

use crate::domain::checkpoint::CheckpointCopy;
use crate::store::checkpoints;

/// Shows the copy of a log's largest checkpoint that contradicts nothing: what the log is compared with before it goes on
/// after a restore.
#[utoipa::path(get, path = "/v1/checkpoints/{log}/latest",
    params(("log" = String, Path, description = "Name of the log", example = "three-year")),
    responses((status = 200, body = CheckpointCopy)))]
#[get("/v1/checkpoints/{log}/latest")]
pub async fn get_latest_checkpoint(caller: Caller, log: web::Path<String>) -> Result<Answer<CheckpointCopy>> {
    let mut conn = caller.context.connection().await?;
    let copy = checkpoints::last_good(&mut conn, &log).await?;
    Ok(Answer::ok(copy.ok_or_else(|| document::missing("checkpoint of that log"))?))
}
