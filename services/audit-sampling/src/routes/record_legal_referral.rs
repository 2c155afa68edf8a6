//! `record_legal_referral`: Records the referral of a violation: civil, criminal, disciplinary, administrative.

use actix_web::{post, web};
use audit_sampling_types::RecordLegalReferral;
use chassis::{Answer, Command, Result};
use kernel::ids::FindingId;

use crate::domain::finding::Finding;
use crate::{acts, duties, edge};

/// Records the referral of a violation: civil, criminal, disciplinary, administrative.
#[utoipa::path(post, path = "/v1/findings/{id}/legal-referrals", params(("id" = FindingId, Path)), request_body = RecordLegalReferral,
    responses((status = 200, body = Finding)))]
#[post("/v1/findings/{id}/legal-referrals")]
pub async fn record_legal_referral(
    command: Command<RecordLegalReferral>,
    id: web::Path<FindingId>,
) -> Result<Answer<Finding>> {
    let person = command.person()?;
    edge::text("/authority", &command.body.authority, 200)?;
    edge::text("/number", &command.body.number, 100)?;
    command
        .run(async |tx| {
            let mut finding = tx.load::<Finding>(*id).await?;
            command.expect_version(finding.version)?;
            finding.doc.refer(&command.body, person)?;
            let pack = edge::pack_of(&tx.context(), &finding.rule_pack)?;
            let (subject, url) = (id.to_string(), acts::finding_url(*id));
            let what = ("it was referred", url.as_str());
            duties::close_event(tx, &pack, "violation_confirmed", &subject, what).await?;
            acts::record_governance(tx, id.0, "legal-referral", &finding.referrals, "H9").await?;
            let version = tx.update(&finding).await?;
            Ok(Answer::ok(finding.doc.clone()).version(version))
        })
        .await
}
