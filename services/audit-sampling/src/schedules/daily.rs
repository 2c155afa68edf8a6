//! Each day: audits are opened by rhythm, unexplained items become findings, lateness is marked and told beforehand.

use chassis::document::{self, Filter};
use chassis::{Context, Result};
use chrono::{DateTime, Utc};
use kernel::days;
use kernel::ids::AgencyId;
use obligations::{Evidence, Obligation};
use rule_pack::{Consequence, Regulation, RulePack};

use crate::acts;
use crate::consumers::item_to_finding;
use crate::domain::projection::{AgencyView, ControlItem};

/// Rows of one kind that a day's run looks at.
const MOST: i64 = 10_000;

/// Opens the quarterly audits and the internal audits of the present periods with their duties.
pub async fn open_audits(context: &Context, due: DateTime<Utc>) -> Result<()> {
    let day = days::taipei_date(due);
    context
        .transaction(async |tx| {
            let agencies = document::select::<AgencyView>(tx.conn(), Filter::all(), MOST).await?;
            for regulation in Regulation::ALL {
                let Some(pack) = context.packs().on(*regulation, day).cloned() else { continue };
                acts::plan_for(tx, &pack, day).await?;
                let concerned = agencies.iter().filter(|a| pack.agency_kind(&a.pack_kind()).is_some());
                let concerned: Vec<AgencyId> = concerned.map(|a| a.agency.agency).collect();
                for annex in [2, 3] {
                    acts::open_internal_audits(tx, &pack, annex, &concerned, day).await?;
                }
            }
            Ok(())
        })
        .await
}

/// What nobody explained in time becomes a finding (H8.1.2).
pub async fn follow_unexplained(context: &Context, due: DateTime<Utc>) -> Result<()> {
    let today = days::taipei_date(due);
    context
        .transaction(async |tx| {
            let filter = Filter::all().eq("state", "waiting").op("explain_by", "<", today);
            for item in document::select::<ControlItem>(tx.conn(), filter, MOST).await? {
                let mut item = tx.load::<ControlItem>(item.doc.id).await?;
                item_to_finding(tx, &mut item).await?;
            }
            Ok(())
        })
        .await
}

/// Marks late duties, escalated to whom the pack's consequence reaches, and notes reminders before the end (H8.5 ＋).
pub async fn mark_and_remind(context: &Context, due: DateTime<Utc>) -> Result<()> {
    obligations::mark_overdue(context, |late| {
        let pack = context.packs().by_reference(&late.rule_pack);
        let consequence = pack.and_then(|p| consequence(p, late));
        // What the pack escalates goes to the head of the agency that owes it, and within the bureau to its supervisor.
        match (consequence, late.agency_id) {
            (Some(Consequence::None), _) => late.actor.clone(),
            (_, Some(_)) => "agency_head".to_owned(),
            (_, None) => "business_supervisor".to_owned(),
        }
    })
    .await?;
    remind(context, due).await
}

fn consequence(pack: &RulePack, late: &Obligation) -> Option<Consequence> {
    let duty = pack.obligation(&late.duty)?;
    let by_deadline = duty.deadline.and_then(|d| pack.deadline(d)).map(|d| d.overdue);
    by_deadline.or_else(|| duty.rhythm.and_then(|r| pack.rhythm(r)).map(|r| r.overdue))
}

async fn remind(context: &Context, due: DateTime<Utc>) -> Result<()> {
    let today = days::taipei_date(due);
    context
        .transaction(async |tx| {
            let filter = Filter::all().eq("state", "open").op("due_on", ">", today);
            for mut open in document::select::<Obligation>(tx.conn(), filter, MOST).await? {
                let pack = context.packs().by_reference(&open.rule_pack);
                let deadline =
                    pack.and_then(|p| p.obligation(&open.duty)?.deadline.and_then(|d| p.deadline(d)));
                let left = (open.due_on - today).num_days();
                let what = format!("reminder: {left} days left");
                let is_day =
                    deadline.is_some_and(|d| d.remind_days_before.iter().any(|n| i64::from(*n) == left));
                if is_day && !open.evidence.iter().any(|e| e.what == what) {
                    let url = format!("/v1/obligations/{}", open.doc.id);
                    open.doc.evidence.push(Evidence { what, url, at: due });
                    tx.update(&open).await?;
                }
            }
            Ok(())
        })
        .await
}
