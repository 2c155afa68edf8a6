//! Each month the provider's count is compared with the register: a call past the gate shows. The count is fetched by
//! a job: a provider that is away is asked again, and until it answers the reconciliation stands as pending.

use std::collections::{BTreeMap, BTreeSet};

use chassis::jobs::JobKind;
use chassis::{Context, Result, Tx};
use chrono::NaiveDate;
use kernel::ids::{AgencyId, QueryId};
use kernel::{Instant, days};
use query_registry_types::control::Reconciliation;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::control;
use crate::domain::control_item::{NewItem, kind};
use crate::domain::reconciliation::{Difference, KeptReconciliation, compare};
use crate::state::Registry;
use crate::store::reconciling;

const JOB: &str = "reconcile-provider";
const REGULATIONS: [&str; 2] = ["household", "tax"];

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Month {
    id: Uuid,
    regulation: String,
    month: NaiveDate,
}

/// Begins the reconciliation of the month before `due` with each provider that is set.
pub async fn run(context: &Context, due: Instant) -> Result<()> {
    let registry = context.state::<Registry>();
    let month = days::sub_months(days::first_of_month(days::taipei_date(due)), 1);
    for regulation in REGULATIONS.into_iter().filter(|r| registry.provider(r).is_some()) {
        context.transaction(async |tx| begin(tx, regulation, month).await).await?;
    }
    Ok(())
}

async fn begin(tx: &mut Tx, regulation: &str, month: NaiveDate) -> Result<()> {
    let id = control::fixed_id(&format!("reconciliation/{regulation}/{month}"));
    if tx.find::<KeptReconciliation>(id).await?.is_some() {
        return Ok(());
    }
    let regulation = regulation.to_owned();
    tx.insert(&KeptReconciliation(Reconciliation {
        id,
        regulation: regulation.clone(),
        month,
        state: "pending".to_owned(),
        calls: 0,
        queries: 0,
        past_the_gate: 0,
        missing_at_provider: 0,
        repeated: 0,
        items: vec![],
        done_at: None,
    }))
    .await?;
    let now = tx.now();
    tx.enqueue(JOB, &Month { id, regulation, month }, now).await
}

/// The job that asks the provider and compares.
pub fn job() -> JobKind {
    JobKind::new(JOB, async |context: &Context, month: Month| carry_out(context, &month).await)
}

async fn carry_out(context: &Context, month: &Month) -> Result<()> {
    let registry = context.state::<Registry>();
    let mut conn = context.connection().await?;
    registry.refresh(&mut conn).await?;
    drop(conn);
    registry.check_approved(&month.regulation, days::taipei_date(context.now()))?;
    let provider =
        registry.provider(&month.regulation).ok_or_else(|| anyhow::anyhow!("no provider is set"))?;
    let name = |month: NaiveDate| month.format("%Y-%m").to_string();
    let calls = provider.month_calls(&name(month.month)).await.map_err(anyhow::Error::from)?;
    let later = provider.month_calls(&name(days::add_months(month.month, 1))).await;
    let later: BTreeSet<Uuid> = later.map_err(anyhow::Error::from)?.into_iter().collect();
    let mut conn = context.connection().await?;
    registry.refresh(&mut conn).await?;
    let expected = reconciling::answered(&mut conn, &month.regulation, month.month).await?;
    let known = reconciling::known(&mut conn, &month.regulation, &calls).await?;
    drop(conn);
    let found = compare(&calls, &known, &expected, &later);
    let counts = (number(calls.len()), number(expected.len()));
    let bureau = control::bureau(&registry);
    context.transaction(async |tx| settle(tx, month, counts, &found, bureau).await).await
}

async fn settle(
    tx: &mut Tx,
    month: &Month,
    (calls, queries): (u32, u32),
    found: &Difference,
    bureau: Option<AgencyId>,
) -> Result<()> {
    let mut stored = tx.load::<KeptReconciliation>(month.id).await?;
    if stored.0.state == "done" {
        return Ok(());
    }
    let mut items = vec![];
    // A number that the register does not know belongs to no agency: the bureau looks into it.
    if let Some(bureau) = bureau {
        for call in found.past_the_gate.iter().take(control::MOST_ITEMS) {
            items.extend(control::raise(tx, item(month, bureau, kind::PAST_THE_GATE, *call)).await?);
        }
    }
    let missing = found.missing.iter().map(|query| (kind::MISSING_AT_PROVIDER, query.0));
    let repeated = found.repeated.difference(&found.past_the_gate).map(|call| (kind::REPEATED_CALL, *call));
    for (kind, number) in missing.take(control::MOST_ITEMS).chain(repeated.take(control::MOST_ITEMS)) {
        let Some((agency, person, account, day)) = reconciling::owner(tx.conn(), QueryId(number)).await?
        else {
            continue;
        };
        let mut new = item(month, agency, kind, number);
        (new.person, new.account, new.day) = (Some(person), account, day);
        new.queries = vec![QueryId(number)];
        items.extend(control::raise(tx, new).await?);
    }
    let doc = &mut stored.doc.0;
    "done".clone_into(&mut doc.state);
    (doc.calls, doc.queries) = (calls, queries);
    doc.past_the_gate = number(found.past_the_gate.len());
    doc.missing_at_provider = number(found.missing.len());
    doc.repeated = number(found.repeated.len());
    doc.items = items;
    doc.done_at = Some(tx.now());
    tx.update(&stored).await?;
    Ok(())
}

fn item(month: &Month, agency: AgencyId, kind: &'static str, call: Uuid) -> NewItem {
    NewItem {
        key: format!("{kind}/{}/{call}", month.regulation),
        kind,
        regulation: month.regulation.clone(),
        agency,
        account: None,
        person: None,
        queries: vec![],
        clause: "H3.1",
        day: month.month,
        source: month.id,
        detail: BTreeMap::from([
            ("found-in".to_owned(), "provider-count".to_owned()),
            ("transaction".to_owned(), call.to_string()),
        ]),
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
