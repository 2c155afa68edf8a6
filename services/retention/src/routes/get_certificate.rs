//! The certificate of an order.

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use kernel::ids::OrderId;

use crate::domain::certificate::DestructionCertificate;

/// Shows the certificate of destruction: its content, the exact bytes under its digest, and the digest.
#[utoipa::path(get, path = "/v1/destruction-orders/{id}/certificate", params(("id" = OrderId, Path)),
    responses((status = 200, body = DestructionCertificate)))]
#[get("/v1/destruction-orders/{id}/certificate")]
pub async fn get_certificate(
    caller: Caller,
    id: web::Path<OrderId>,
) -> Result<Answer<DestructionCertificate>> {
    reading::one::<DestructionCertificate>(&caller, *id, "certificate", |_| None).await
}
