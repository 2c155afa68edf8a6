//! Duties that are late are shown so and escalated once (H3.2 ＋, H8.1); a report whose day passed unendorsed is told.

use chassis::{Context, Result};
use kernel::{Instant, days};
use obligations::Obligation;
use query_registry_types::events::ReportClosed;

use crate::domain::report::KeptReport;

/// Marks and escalates.
pub async fn run(context: &Context, _: Instant) -> Result<()> {
    let late = obligations::mark_overdue(context, escalate_to).await?;
    if !late.is_empty() {
        tracing::warn!(count = late.len(), "duties are late");
    }
    for duty in late {
        let Some(report) =
            duty.key.strip_prefix("control-report/").and_then(|id| id.parse::<uuid::Uuid>().ok())
        else {
            continue;
        };
        context
            .transaction(async |tx| {
                let mut stored = tx.load::<KeptReport>(report).await?;
                if stored.0.seal.is_none() && stored.0.overdue_since.is_none() {
                    stored.doc.0.overdue_since = Some(days::taipei_date(tx.now()));
                    tx.update(&stored).await?;
                    tx.emit(&closed(&stored.0, "overdue")).await?;
                }
                Ok(())
            })
            .await?;
    }
    Ok(())
}

/// The event of a report that was endorsed or is overdue.
pub fn closed(report: &query_registry_types::control::ControlReport, state: &str) -> ReportClosed {
    ReportClosed {
        report: report.id,
        kind: report.content.kind.as_str().to_owned(),
        agency: report.content.agency,
        day: report.content.day,
        lines: report.content.lines,
        unmatched: report.content.unmatched,
        state: state.to_owned(),
        late: report.seal.as_ref().map_or(report.overdue_since.is_some(), |seal| seal.late),
    }
}

/// The next superior: a user's is the unit supervisor, a responsible supervisor's the bureau's business unit, and any
/// other's are the auditors.
fn escalate_to(duty: &Obligation) -> String {
    match duty.actor.as_str() {
        "user" => "unit_supervisor",
        "responsible_supervisor" => "business_supervisor",
        _ => "auditor",
    }
    .to_owned()
}
