//! The certificate of an erasure.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use kernel::ids::OrderId;

use crate::domain::erasure::ErasureCertificate;

/// Shows the certificate of an early erasure, with the day when the last backup of what went expires.
#[utoipa::path(get, path = "/v1/erasure-orders/{id}/certificate", params(("id" = OrderId, Path)),
    responses((status = 200, body = ErasureCertificate)))]
#[get("/v1/erasure-orders/{id}/certificate")]
pub async fn get_erasure_certificate(
    caller: Caller,
    id: web::Path<OrderId>,
) -> Result<Answer<ErasureCertificate>> {
    let mut conn = caller.context.connection().await?;
    let found = document::find::<ErasureCertificate>(&mut conn, id.0, false).await?;
    let stored = found.ok_or_else(|| document::missing("certificate"))?;
    Ok(Answer::ok(stored.doc).version(stored.version))
}
