//! `close_investigation`: Closes the investigation: its record ends the anomaly, or confirms the violation.

use actix_web::{post, web};
use audit_sampling_types::{Conclusion, Course, NoData};
use chassis::{Answer, Command, Result};
use kernel::days;
use uuid::Uuid;

use crate::domain::finding::Finding;
use crate::domain::investigation::{Investigation, Party};
use crate::{acts, duties, edge};

/// Closes the investigation: its record ends the anomaly, or confirms the violation.
#[utoipa::path(post, path = "/v1/investigations/{id}/closing", params(("id" = Uuid, Path)), request_body = NoData,
    responses((status = 200, body = Investigation)))]
#[post("/v1/investigations/{id}/closing")]
pub async fn close_investigation(
    command: Command<NoData>,
    id: web::Path<Uuid>,
) -> Result<Answer<Investigation>> {
    let person = command.person()?;
    let party = Party::of(&command.principal.roles);
    command
        .run(async |tx| {
            let mut it = tx.load::<Investigation>(*id).await?;
            command.expect_version(it.version)?;
            let today = days::taipei_date(tx.now());
            let pack = edge::pack_of(&tx.context(), &it.rule_pack)?;
            // Where the pack does not know the addition, the article itself asks for the joint record.
            let off = pack.additions.iter().any(|a| a.id.ends_with("+three-endorsements") && !a.enabled);
            let conclusion = it.doc.close(person, party, !off, today)?;
            let evidence = (&it.doc.record, &it.doc.endorsements);
            let digest = acts::record_governance(tx, *id, "audit-record", &evidence, "H8.3").await?;
            it.doc.digest = Some(digest);
            let mut finding = tx.load::<Finding>(it.finding_id).await?;
            if let Some(record) = it.record.clone() {
                finding.doc.follow(
                    Course {
                        cause: Some(record.cause),
                        effect: Some(record.effect),
                        containment: Some(record.containment),
                    },
                    person,
                )?;
            }
            let violation = conclusion == Conclusion::Violation;
            finding.doc.conclude(violation, person, today)?;
            let (subject, url) = (finding.doc.id.to_string(), format!("/v1/investigations/{id}"));
            let what = ("the investigation was closed with its record", url.as_str());
            duties::close_event(tx, &pack, "anomaly_found", &subject, what).await?;
            if violation {
                acts::violation_found(tx, &pack, &finding).await?;
            } else {
                acts::finding_closed(tx, &pack, &finding, true).await?;
            }
            tx.update(&finding).await?;
            let version = tx.update(&it).await?;
            Ok(Answer::ok(it.doc.clone()).version(version))
        })
        .await
}
