//! `draw_sample`: Draws accounts and records with the confirmed randomness and makes the worksheets.

use actix_web::{post, web};
use audit_sampling_types::{DrawnAccount, NoData};
use chassis::{Answer, Command, Result};
use kernel::ids::PlanId;

use crate::acts;
use crate::domain::Fault;
use crate::domain::plan::{AuditPlan, PlanState, SampleSummary};
use crate::domain::projection::AccountView;
use crate::domain::worksheet::{Worksheet, WorksheetState};
use crate::sampling::{self, Drawn};

/// Draws accounts and records with the confirmed randomness and makes the worksheets.
#[utoipa::path(post, path = "/v1/audit-plans/{id}/sample", params(("id" = PlanId, Path)), request_body = NoData,
    responses((status = 200, body = AuditPlan)))]
#[post("/v1/audit-plans/{id}/sample")]
pub async fn draw_sample(command: Command<NoData>, id: web::Path<PlanId>) -> Result<Answer<AuditPlan>> {
    command.person()?;
    command
        .run(async |tx| {
            let mut plan = tx.load::<AuditPlan>(*id).await?;
            command.expect_version(plan.version)?;
            if plan.state != PlanState::NumbersConfirmed {
                return Err(Fault::WrongState.into());
            }
            let drawn = sampling::draw(tx.conn(), &plan).await?;
            for one in &drawn {
                let opened_by =
                    tx.find::<AccountView>(one.account.account).await?.map(|a| a.account.opened_by);
                tx.insert(&worksheet(*id, tx.new_id(), one, opened_by)).await?;
            }
            let accounts: Vec<&DrawnAccount> = drawn.iter().map(|d| &d.account).collect();
            let digest = acts::record_governance(tx, id.0, "sample", &accounts, "H8.2").await?;
            let records = accounts.iter().map(|a| a.queries.len()).sum::<usize>();
            let short = accounts.iter().filter(|a| a.shortfall > 0).count();
            plan.doc.note_sample(SampleSummary {
                accounts: u64::try_from(accounts.len()).unwrap_or(u64::MAX),
                records: u64::try_from(records).unwrap_or(u64::MAX),
                short_accounts: u64::try_from(short).unwrap_or(u64::MAX),
                digest,
                drawn_at: tx.now(),
            })?;
            let version = tx.update(&plan).await?;
            Ok(Answer::ok(plan.doc.clone()).version(version))
        })
        .await
}

fn worksheet(
    plan_id: PlanId,
    id: uuid::Uuid,
    drawn: &Drawn,
    opened_by: Option<kernel::ids::PersonId>,
) -> Worksheet {
    Worksheet {
        id,
        plan_id,
        account: drawn.account.account,
        person: drawn.person,
        agency_id: drawn.agency,
        unit: drawn.unit,
        opened_by,
        count: drawn.account.count,
        shortfall: drawn.account.shortfall,
        queries: drawn.account.queries.clone(),
        state: WorksheetState::Unassigned,
        auditor: None,
        result: None,
    }
}
