//! `review_emergency_grant`

use account_types::{ActContent, ReviewEmergencyGrant};
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::ids::EmergencyGrantId;

use crate::domain::emergency::{EmergencyGrant, Review};
use crate::{edge, emergencies};

/// An auditor who took no part says whether there was an emergency and what was done under the grant (invariants 9 and
/// 11).
#[utoipa::path(post, path = "/v1/emergency-grants/{id}/review", params(("id" = EmergencyGrantId, Path)),
    request_body = ReviewEmergencyGrant, responses((status = 200, body = EmergencyGrant)))]
#[post("/v1/emergency-grants/{id}/review")]
pub async fn review_emergency_grant(
    command: Command<ReviewEmergencyGrant>,
    id: web::Path<EmergencyGrantId>,
) -> Result<Answer<EmergencyGrant>> {
    let words = &command.body.words;
    edge::text("/words/findings", &words.findings, 2000)?;
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut grant = tx.load::<EmergencyGrant>(*id).await?;
            command.expect_version(grant.version)?;
            let (acts, digest) = emergencies::acts_under(tx.conn(), *id).await?;
            let review = Review {
                person: actor.person,
                post: actor.post,
                at: tx.now(),
                proper: words.proper,
                findings: words.findings.clone(),
                acts: acts.len(),
                acts_digest: words.acts_digest.clone(),
                endorsement: command.body.endorsement.clone(),
            };
            grant.close(review, &digest)?;
            let content = ActContent::new("review_emergency_grant", id.0, actor.post, words);
            edge::endorsed(tx, &actor, &command.body.endorsement, &content, ("invariant-11", actor.matter()))
                .await?;
            let version = tx.update(&grant).await?;
            emergencies::record(tx, &grant, "emergency-reviewed").await?;
            emergencies::tell(tx, &grant, "reviewed").await?;
            let (key, url) = (emergencies::review_key(*id), emergencies::url(*id));
            obligations::close(tx, &key, "reviewed by an auditor", &url).await?;
            Ok(Answer::ok(grant.doc).version(version))
        })
        .await
}
