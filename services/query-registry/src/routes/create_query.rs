//! Asks a data provider through the gate (H4.2, H6).

use actix_web::post;
use chassis::{Answer, Command, Result};
use query_registry_types::queries::{CreateQuery, QueryAnswer};

use crate::gate;

/// Queries the provider about one person under an endorsed application. The same query again gets 409 with status,
/// receipt and digest and never the content, whatever its Idempotency-Key: answers are not kept.
#[utoipa::path(post, path = "/v1/queries", request_body = CreateQuery,
    responses((status = 200, body = QueryAnswer), (status = 502, description = "The data provider failed.")))]
#[post("/v1/queries")]
pub async fn create_query(command: Command<CreateQuery>) -> Result<Answer<QueryAnswer>> {
    gate::ask(&command.caller, &command.body).await.map(Answer::ok)
}
