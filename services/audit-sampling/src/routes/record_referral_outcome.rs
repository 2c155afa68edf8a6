//! `record_referral_outcome`: Records how a referral ended.

use actix_web::{post, web};
use audit_sampling_types::RecordReferralOutcome;
use chassis::{Answer, Command, Result};
use kernel::ids::FindingId;

use crate::domain::finding::Finding;
use crate::edge;

/// Records how a referral ended.
#[utoipa::path(post, path = "/v1/findings/{id}/referral-outcomes", params(("id" = FindingId, Path)), request_body = RecordReferralOutcome,
    responses((status = 200, body = Finding)))]
#[post("/v1/findings/{id}/referral-outcomes")]
pub async fn record_referral_outcome(
    command: Command<RecordReferralOutcome>,
    id: web::Path<FindingId>,
) -> Result<Answer<Finding>> {
    let person = command.person()?;
    edge::text("/outcome", &command.body.outcome, 2000)?;
    command
        .run(async |tx| {
            let mut finding = tx.load::<Finding>(*id).await?;
            command.expect_version(finding.version)?;
            finding.doc.referral_ended(&command.body, person)?;
            let version = tx.update(&finding).await?;
            Ok(Answer::ok(finding.doc.clone()).version(version))
        })
        .await
}
