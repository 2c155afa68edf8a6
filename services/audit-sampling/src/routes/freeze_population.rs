//! `freeze_population`: Freezes the population and names the source of randomness; the digest goes to the governance log.

use actix_web::{post, web};
use audit_sampling_types::{FreezePopulation, FrozenAccount};
use chassis::{Answer, Command, Result};
use kernel::ids::PlanId;

use crate::domain::plan::AuditPlan;
use crate::store::population;
use crate::{acts, edge};

/// Freezes the population and names the source of randomness; the digest goes to the governance log.
#[utoipa::path(post, path = "/v1/audit-plans/{id}/population", params(("id" = PlanId, Path)), request_body = FreezePopulation,
    responses((status = 200, body = AuditPlan)))]
#[post("/v1/audit-plans/{id}/population")]
pub async fn freeze_population(
    command: Command<FreezePopulation>,
    id: web::Path<PlanId>,
) -> Result<Answer<AuditPlan>> {
    let person = command.person()?;
    edge::text("/source/name", &command.body.source.name, 200)?;
    command
        .run(async |tx| {
            let mut plan = tx.load::<AuditPlan>(*id).await?;
            command.expect_version(plan.version)?;
            let pack = edge::pack_of(&tx.context(), &plan.rule_pack)?;
            let rules = pack.sampling.as_ref().ok_or_else(|| edge::no_rule("a sample"))?;
            let (regulation, period) = (plan.regulation.clone(), plan.period_start);
            population::freeze(tx.conn(), *id, &regulation, period).await?;
            let members = population::members(tx.conn(), *id).await?;
            let frozen: Vec<FrozenAccount> = members.into_iter().map(|m| m.frozen).collect();
            let source = command.body.source.clone();
            plan.doc.freeze(&frozen, rules, source, person, tx.now())??;
            acts::record_governance(tx, id.0, "draw-plan", &plan.doc.commitment, "H8.2").await?;
            let version = tx.update(&plan).await?;
            Ok(Answer::ok(plan.doc.clone()).version(version))
        })
        .await
}
