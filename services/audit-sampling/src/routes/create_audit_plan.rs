//! `create_audit_plan`: Opens a quarterly audit for the period in which a day lies; the one that is there is given back.

use actix_web::post;
use audit_sampling_types::CreateAuditPlan;
use chassis::{Answer, Command, Result};

use crate::domain::plan::AuditPlan;
use crate::{acts, edge};

/// Opens a quarterly audit for the period in which a day lies; the one that is there is given back.
#[utoipa::path(post, path = "/v1/audit-plans", request_body = CreateAuditPlan,
    responses((status = 201, body = AuditPlan)))]
#[post("/v1/audit-plans")]
pub async fn create_audit_plan(command: Command<CreateAuditPlan>) -> Result<Answer<AuditPlan>> {
    command.person()?;
    command
        .run(async |tx| {
            let body = &command.body;
            let pack = edge::pack(&tx.context(), &body.regulation, body.day)?;
            let plan = acts::plan_for(tx, &pack, body.day).await?;
            Ok(Answer::created(plan.ok_or_else(|| edge::no_rule("a sampled audit"))?))
        })
        .await
}
