//! `create_internal_audit`: Opens the internal audit of the caller's agency on annex 2 or 3 for a period; the one that is there is given back.

use actix_web::post;
use audit_sampling_types::CreateInternalAudit;
use chassis::{Answer, Command, Result};

use crate::domain::internal_audit::InternalAudit;
use crate::{acts, edge};

/// Opens the internal audit of the caller's agency on annex 2 or 3 for a period; the one that is there is given back.
#[utoipa::path(post, path = "/v1/internal-audits", request_body = CreateInternalAudit,
    responses((status = 201, body = InternalAudit)))]
#[post("/v1/internal-audits")]
pub async fn create_internal_audit(command: Command<CreateInternalAudit>) -> Result<Answer<InternalAudit>> {
    let agency = command.agency()?;
    command
        .run(async |tx| {
            let body = &command.body;
            let pack = edge::pack(&tx.context(), "immigration", body.day)?;
            let audit = acts::internal_audit_for(tx, &pack, body.annex, agency, body.day).await?;
            Ok(Answer::created(audit.ok_or_else(|| edge::no_rule("an internal audit on this annex"))?))
        })
        .await
}
