//! `record_host_security`

use account_types::RecordHostSecurity;
use actix_web::post;
use chassis::{Answer, Command, Problem, Result};
use kernel::days;

use crate::domain::records::HostSecurityRecord;
use crate::edge;

/// Records a host security or maintenance act with its evidence (H6.2).
#[utoipa::path(post, path = "/v1/host-security-records", request_body = RecordHostSecurity,
    responses((status = 201, body = HostSecurityRecord)))]
#[post("/v1/host-security-records")]
pub async fn record_host_security(
    command: Command<RecordHostSecurity>,
) -> Result<Answer<HostSecurityRecord>> {
    edge::text("/host", &command.body.host, 200)?;
    edge::text("/duty", &command.body.duty, 200)?;
    edge::text("/evidence", &command.body.evidence, 500)?;
    command
        .run(async |tx| {
            let body = &command.body;
            if body.done_on > days::taipei_date(tx.now()) {
                return Err(Problem::invalid("/done_on", "lies in the future").clause("H6.2").into());
            }
            let record = HostSecurityRecord {
                id: tx.new_id(),
                host: body.host.clone(),
                duty: body.duty.clone(),
                done_on: body.done_on,
                evidence: body.evidence.clone(),
                recorded_by: command.person()?,
            };
            let version = tx.insert(&record).await?;
            Ok(Answer::created(record).version(version))
        })
        .await
}
