//! What the operations on daily and weekly reports share.

use chassis::answer::PageParams;
use chassis::document::{self, Filter};
use chassis::endorsements::{self, Matter};
use chassis::{Answer, Caller, Command, Page, Result, Stored};
use chrono::NaiveDate;
use identity::Usage;
use kernel::days;
use kernel::ids::AgencyId;
use query_registry_types::control::{ControlReport, EndorseReport, ReportKind};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::control;
use crate::domain::report::KeptReport;
use crate::governance;
use crate::routes::endorse_query_applications::endorser;
use crate::schedules::overdue;
use crate::state::Registry;

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListReports {
    /// Agency.
    pub agency: Option<AgencyId>,
    /// `open` or `endorsed`.
    pub state: Option<String>,
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day.
    pub to: Option<NaiveDate>,
    /// Cursor: the `next` of the page before.
    pub after: Option<String>,
    /// Rows at most, 1–200 (50 unless told).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// A page of reports, those built last first.
pub async fn list(
    caller: &Caller,
    kind: ReportKind,
    query: ListReports,
) -> Result<Answer<Page<ControlReport>>> {
    let mut filter = Filter::all()
        .eq("kind", kind.as_str())
        .eq_opt("agency_id", caller.scope(query.agency)?)
        .eq_opt("state", query.state)
        .newest_first();
    if let Some(from) = query.from {
        filter = filter.op("day", ">=", from);
    }
    if let Some(to) = query.to {
        filter = filter.op("day", "<=", to);
    }
    let params = PageParams { after: query.after, limit: query.limit };
    let page =
        document::page::<KeptReport>(&mut *caller.context.connection().await?, filter, &params).await?;
    Ok(Answer::ok(Page { items: page.items.into_iter().map(|kept| kept.doc.0).collect(), next: page.next }))
}

/// The report `id` of this kind, if the caller may see it.
pub async fn find(caller: &Caller, kind: ReportKind, id: Uuid) -> Result<Stored<KeptReport>> {
    let report = document::find::<KeptReport>(&mut *caller.context.connection().await?, id, false)
        .await?
        .filter(|report| report.0.content.kind == kind)
        .ok_or_else(|| document::missing("report"))?;
    caller.within(report.0.content.agency)?;
    Ok(report)
}

/// Endorses a report: the card's signature over its content, the guards, the duty, the event.
pub async fn endorse(
    command: &Command<EndorseReport>,
    kind: ReportKind,
    id: Uuid,
) -> Result<Answer<ControlReport>> {
    let by = endorser(command)?;
    let registry = command.context.state::<Registry>();
    registry.refresh(&mut *command.context.connection().await?).await?;
    find(command, kind, id).await?;
    let endorsement = &command.body.endorsement;
    command
        .run(async |tx| {
            let mut stored = tx.load::<KeptReport>(id).await?;
            command.expect_version(stored.version)?;
            let content = &stored.0.content;
            let checked =
                endorsements::verify(&tx.context(), endorsement, content, Usage::CitizenSignature).await;
            let card = registry.own_card(by.person, checked, "/endorsement")?;
            let today = days::taipei_date(tx.now());
            stored.doc.endorse(&by, endorsement.clone(), today, tx.now())?;
            let version = tx.update(&stored).await?;
            let report = stored.doc.0;
            let path = format!("/v1/{}-reports/{id}", kind.as_str());
            obligations::close(tx, &control::report_key(id), "endorsed", &path).await?;
            tx.emit(&overdue::closed(&report, "endorsed")).await?;
            let matter = Matter { agency: Some(report.content.agency), regulation: None, records: &[id] };
            governance::enter_endorsement(tx, "report-endorsement", endorsement.clone(), (&card, matter))
                .await?;
            Ok(Answer::ok(report).version(version))
        })
        .await
}
