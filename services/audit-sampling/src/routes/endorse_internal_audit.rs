//! `endorse_internal_audit`: Takes the supervisor's endorsement; rows answered with no become anomalies to follow.

use actix_web::{post, web};
use audit_sampling_types::Endorse;
use chassis::{Answer, Command, Result};
use uuid::Uuid;

use crate::acts::{self, NewFinding};
use crate::domain::internal_audit::InternalAudit;
use crate::{duties, edge};

/// Takes the supervisor's endorsement; rows answered with no become anomalies to follow.
#[utoipa::path(post, path = "/v1/internal-audits/{id}/endorsements", params(("id" = Uuid, Path)), request_body = Endorse,
    responses((status = 200, body = InternalAudit)))]
#[post("/v1/internal-audits/{id}/endorsements")]
pub async fn endorse_internal_audit(
    command: Command<Endorse>,
    id: web::Path<Uuid>,
) -> Result<Answer<InternalAudit>> {
    let agency = command.agency()?;
    command
        .run(async |tx| {
            let mut audit = tx.load::<InternalAudit>(*id).await?;
            command.within(audit.agency_id)?;
            command.expect_version(audit.version)?;
            let content = audit.content();
            let act = ("endorse_internal_audit", *id, "I4.1.1");
            let endorsement = &command.body.endorsement;
            let by = edge::signed(tx, &command, endorsement, act, (&content, audit.matter())).await?;
            audit.doc.endorse(by, agency)?;
            let pack = edge::pack_of(&tx.context(), &audit.rule_pack)?;
            let rows: Vec<String> = audit.failed_rows().into_iter().map(str::to_owned).collect();
            for row in rows {
                let new = NewFinding {
                    kind: "internal_audit",
                    key: format!("internal_audit/{id}/{row}"),
                    regulation: "immigration",
                    clause: "I4.1.2",
                    agency,
                    account: None,
                    person: None,
                    violation: false,
                    suspend: false,
                    source: "internal-audit",
                    source_id: *id,
                    queries: vec![],
                    what: row.clone(),
                };
                let finding = acts::raise(tx, &pack, new).await?;
                audit.doc.findings.push(finding);
            }
            let evidence = (&audit.doc.auditor, &audit.doc.supervisor);
            acts::record_governance(tx, *id, "internal-audit", &evidence, "I4.1.1").await?;
            let subject = acts::period_key("immigration", audit.period_start, Some(agency));
            let url = format!("/v1/internal-audits/{id}");
            if let Some(kind) = acts::annex(audit.annex) {
                let what = ("the record was endorsed", url.as_str());
                duties::close_rhythm(tx, &pack, kind, &subject, what).await?;
            }
            let version = tx.update(&audit).await?;
            Ok(Answer::ok(audit.doc.clone()).version(version))
        })
        .await
}
