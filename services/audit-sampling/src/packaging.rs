//! Collects the parts of a package for an external audit (H8.4, I4.2.2).

use audit_sampling_types::CreatePackage;
use chassis::document::{self, Filter};
use chassis::{Document, Result};
use diesel_async::AsyncPgConnection;
use kernel::days;
use kernel::ids::AgencyId;
use serde_json::{Value, json};

use crate::domain::finding::Finding;
use crate::domain::internal_audit::InternalAudit;
use crate::domain::investigation::Investigation;
use crate::domain::package::{PackagePart, part};
use crate::domain::plan::AuditPlan;
use crate::domain::projection::{AccountView, ControlRecord};
use crate::domain::worksheet::Worksheet;
use crate::store::population;

/// Entries of one part at most.
const MOST: i64 = 100_000;

async fn all<T: Document>(
    conn: &mut AsyncPgConnection,
    filter: Filter,
    fits: impl Fn(&T) -> bool,
) -> Result<Vec<T>> {
    let found = document::select::<T>(conn, filter, MOST).await?;
    Ok(found.into_iter().map(|s| s.doc).filter(|doc| fits(doc)).collect())
}

fn values<T: serde::Serialize>(docs: &[T]) -> Result<Vec<Value>> {
    docs.iter().map(|doc| Ok(serde_json::to_value(doc)?)).collect()
}

/// The parts: 使用者清冊, 稽核紀錄 and what goes with them.
pub async fn parts(conn: &mut AsyncPgConnection, scope: &CreatePackage) -> Result<Vec<PackagePart>> {
    let regulation = scope.regulation.as_str();
    let inside = |agency: AgencyId| scope.agencies.is_empty() || scope.agencies.contains(&agency);
    let overlaps = |start, end| start <= scope.until && end >= scope.from;

    let by_regulation = || Filter::all().eq("regulation", regulation);
    let roster = all::<AccountView>(conn, by_regulation(), |a| inside(a.account.agency)).await?;
    let plans = all::<AuditPlan>(conn, by_regulation(), |p| overlaps(p.period_start, p.period_end)).await?;
    let mut worksheets = vec![];
    for plan in &plans {
        worksheets.extend(
            all::<Worksheet>(conn, Filter::all().eq("plan_id", plan.id), |w| inside(w.agency_id)).await?,
        );
    }
    let dated = by_regulation().op("found_on", ">=", scope.from).op("found_on", "<=", scope.until);
    let findings = all::<Finding>(conn, dated, |f| inside(f.agency_id)).await?;
    let investigations =
        all::<Investigation>(conn, Filter::all(), |i| findings.iter().any(|f| f.id == i.finding_id)).await?;
    let internal = if regulation == "immigration" {
        all::<InternalAudit>(conn, Filter::all(), |a| {
            inside(a.agency_id) && overlaps(a.period_start, a.period_end)
        })
        .await?
    } else {
        vec![]
    };
    let dated = Filter::all().op("day", ">=", scope.from).op("day", "<=", scope.until);
    let registers = all::<ControlRecord>(conn, dated, |r| {
        r.regulation.as_deref().is_none_or(|own| own == regulation) && r.agency_id.is_none_or(inside)
    })
    .await?;
    let span = (days::start_of(scope.from), days::end_of(scope.until));
    let extracts: Vec<Value> = population::extracts(conn, regulation, span, &scope.agencies)
        .await?
        .into_iter()
        .map(|e| {
            json!({"account": e.account_id, "log": e.log, "count": e.count,
                "first_index": e.first_index, "last_index": e.last_index})
        })
        .collect();
    Ok(vec![
        part("audit-plans", values(&plans)?)?,
        part("audit-worksheets", values(&worksheets)?)?,
        part("control-registers", values(&registers)?)?,
        part("findings", values(&findings)?)?,
        part("internal-audits", values(&internal)?)?,
        part("investigations", values(&investigations)?)?,
        part("log-extracts", extracts)?,
        part("roster", values(&roster)?)?,
    ])
}
