//! `record_spot_check`: Records a visit; what is not in order becomes a finding.

use actix_web::{post, web};
use audit_sampling_types::RecordSpotCheck;
use chassis::{Answer, Command, Result};
use uuid::Uuid;

use crate::acts::{self, NewFinding};
use crate::domain::spot_check::SpotCheck;
use crate::edge;

/// Records a visit; what is not in order becomes a finding.
#[utoipa::path(post, path = "/v1/spot-checks/{id}/result", params(("id" = Uuid, Path)), request_body = RecordSpotCheck,
    responses((status = 200, body = SpotCheck)))]
#[post("/v1/spot-checks/{id}/result")]
pub async fn record_spot_check(
    command: Command<RecordSpotCheck>,
    id: web::Path<Uuid>,
) -> Result<Answer<SpotCheck>> {
    let person = command.person()?;
    let body = &command.body;
    edge::text("/result", &body.result, 4000)?;
    command
        .run(async |tx| {
            let mut check = tx.load::<SpotCheck>(*id).await?;
            command.expect_version(check.version)?;
            let (by, now) = (edge::person(tx, person).await?, tx.now());
            check.doc.record(&by, body.visited_on, &body.result, body.in_order, now)?;
            if let Some(agency) = check.office.filter(|_| !body.in_order) {
                let pack = edge::pack_of(&tx.context(), &check.rule_pack)?;
                let new = NewFinding {
                    kind: "spot_check",
                    key: format!("spot_check/{id}"),
                    regulation: "immigration",
                    clause: "I4.2.1",
                    agency,
                    account: None,
                    person: None,
                    violation: false,
                    suspend: false,
                    source: "spot-check",
                    source_id: *id,
                    queries: vec![],
                    what: "not in order at the visit".to_owned(),
                };
                check.doc.finding = Some(acts::raise(tx, &pack, new).await?);
            }
            let version = tx.update(&check).await?;
            Ok(Answer::ok(check.doc.clone()).version(version))
        })
        .await
}
