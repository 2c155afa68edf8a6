//! The draw over the stored population, its proof, and the audit record it ends in.

use audit_sampling_types::{AccountChain, DrawProof, DrawnAccount, RecordOutcome};
use chassis::document::{self, Filter};
use chassis::{Result, Stored};
use diesel_async::AsyncPgConnection;
use kernel::canonical;
use kernel::ids::{AccountId, AgencyId, PersonId, UnitId};

use crate::domain::Fault;
use crate::domain::draw;
use crate::domain::plan::{AuditPlan, AuditRecord, PlanState};
use crate::domain::worksheet::{Worksheet, WorksheetState};
use crate::store::population::{self, Member};

/// Worksheets of one plan at most.
const MOST: i64 = 100_000;

/// A drawn account with its holder.
pub struct Drawn {
    /// What goes into the proof.
    pub account: DrawnAccount,
    /// The holder.
    pub person: PersonId,
    /// The holder's agency.
    pub agency: AgencyId,
    /// The holder's unit.
    pub unit: Option<UnitId>,
}

/// Draws from the frozen population of `plan`, whose randomness is confirmed.
pub async fn draw(conn: &mut AsyncPgConnection, plan: &AuditPlan) -> Result<Vec<Drawn>> {
    let members = population::members(conn, plan.id).await?;
    draw_from(conn, plan, &members).await
}

async fn draw_from(conn: &mut AsyncPgConnection, plan: &AuditPlan, members: &[Member]) -> Result<Vec<Drawn>> {
    let (Some(commitment), Some(digest), Some(randomness)) =
        (&plan.commitment, &plan.plan_digest, &plan.randomness)
    else {
        return Err(Fault::WrongState.into());
    };
    let digest = draw::digest("the plan's digest", digest)?;
    let frozen: Vec<_> = members.iter().map(|m| m.frozen.clone()).collect();
    let chosen = draw::draw(commitment, &digest, &frozen, &randomness.text);
    let wanted: Vec<(AccountId, Vec<u64>)> = chosen
        .iter()
        .filter_map(|(index, positions)| Some((frozen.get(*index)?.account, positions.clone())))
        .collect();
    let mut queries = population::at_positions(conn, &plan.regulation, plan.period_start, &wanted).await?;
    let drawn = chosen.iter().filter_map(|(index, _)| {
        let member = members.get(*index)?;
        let (account, count) = (member.frozen.account, member.frozen.count);
        Some(Drawn {
            account: DrawnAccount {
                account,
                count,
                shortfall: u64::from(commitment.least_records).saturating_sub(count),
                queries: queries.remove(&account).unwrap_or_default(),
            },
            person: member.person,
            agency: member.agency,
            unit: member.unit,
        })
    });
    Ok(drawn.collect())
}

/// Everything needed to repeat the draw of `plan` offline.
pub async fn proof(conn: &mut AsyncPgConnection, plan: &AuditPlan) -> Result<DrawProof> {
    let (Some(commitment), Some(digest), Some(randomness), Some(sample)) =
        (&plan.commitment, &plan.plan_digest, &plan.randomness, &plan.sample)
    else {
        return Err(Fault::WrongState.into());
    };
    let members = population::members(conn, plan.id).await?;
    let drawn: Vec<DrawnAccount> =
        draw_from(conn, plan, &members).await?.into_iter().map(|d| d.account).collect();
    let wanted: Vec<(AccountId, u64)> = drawn.iter().map(|d| (d.account, d.count)).collect();
    let chains = population::chains(conn, &plan.regulation, plan.period_start, &wanted).await?;
    Ok(DrawProof {
        commitment: commitment.clone(),
        plan_digest: digest.clone(),
        population: members.into_iter().map(|m| m.frozen).collect(),
        randomness: randomness.clone(),
        drawn,
        chains: chains.into_iter().map(|(account, queries)| AccountChain { account, queries }).collect(),
        sample_digest: sample.digest.clone(),
    })
}

/// The worksheets of `plan`.
pub async fn worksheets(conn: &mut AsyncPgConnection, plan: &AuditPlan) -> Result<Vec<Stored<Worksheet>>> {
    document::select(conn, Filter::all().eq("plan_id", plan.id), MOST).await
}

/// The audit record of `plan`: refused while worksheets wait for their results.
pub async fn audit_record(conn: &mut AsyncPgConnection, plan: &AuditPlan) -> Result<AuditRecord> {
    if let Some(record) = &plan.audit_record {
        return Ok(record.clone());
    }
    let (PlanState::Drawn, Some(commitment), Some(digest), Some(sample)) =
        (plan.state, &plan.commitment, &plan.plan_digest, &plan.sample)
    else {
        return Err(Fault::WrongState.into());
    };
    let sheets = worksheets(conn, plan).await?;
    if sheets.iter().any(|s| s.state != WorksheetState::Recorded) {
        return Err(Fault::WorksheetsOpen.into());
    }
    let results: Vec<_> = sheets.iter().map(|s| (s.account, &s.doc.result)).collect();
    let outcomes = |wanted: RecordOutcome| {
        let records = sheets.iter().flat_map(|s| &s.doc.result).flat_map(|r| &r.records);
        u64::try_from(records.filter(|r| r.outcome == wanted).count()).unwrap_or(u64::MAX)
    };
    Ok(AuditRecord {
        plan: plan.id,
        rule_pack: plan.rule_pack.clone(),
        accounts_used: commitment.accounts,
        plan_digest: digest.clone(),
        sample: sample.clone(),
        records_in_order: outcomes(RecordOutcome::Ok),
        records_with_findings: outcomes(RecordOutcome::Finding),
        findings: sheets.iter().filter_map(|s| s.doc.result.as_ref()?.finding).collect(),
        worksheets_digest: canonical::sha256_hex(&canonical::bytes(&results)?),
    })
}
