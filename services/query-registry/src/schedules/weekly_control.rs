//! The weekly check (H8.1.2): users of all agencies who queried household data and made no tax query in time after.

use std::collections::BTreeMap;

use chassis::{Context, Result, Tx};
use chrono::{Days, NaiveDate};
use kernel::ids::{AgencyId, PersonId};
use kernel::{Instant, canonical, days};
use query_registry_types::control::{ReportContent, ReportKind};
use rule_pack::{DeadlineKind, Regulation, RhythmKind, RulePack};

use crate::control;
use crate::domain::control_item::{NewItem, kind};
use crate::domain::follow_up::judged_days;
use crate::schedules::daily_control;
use crate::state::Registry;
use crate::store::daily::{self, Unfollowed};

/// The addition by which a tax query must be about the same case.
const PER_CASE: &str = "H8.1.2+per-case";

/// Builds the report of the week that ended before `due`.
pub async fn run(context: &Context, due: Instant) -> Result<()> {
    let today = days::taipei_date(due);
    let week = today.checked_sub_days(Days::new(7)).unwrap_or(today);
    build(context, week).await
}

/// Builds the report of the seven days from `week`; one that is there stays as it is.
pub async fn build(context: &Context, week: NaiveDate) -> Result<()> {
    let registry = context.state::<Registry>();
    let mut conn = context.connection().await?;
    registry.refresh(&mut conn).await?;
    let Some(bureau) = control::bureau(&registry) else { return Ok(()) };
    let Some(pack) = context.packs().on(Regulation::Household, week).cloned() else { return Ok(()) };
    let Some(deadline) = pack.deadline(DeadlineKind::TaxFollowUp) else { return Ok(()) };
    let (mut judged, mut lines) = (0, vec![]);
    for day in judged_days(week, deadline, context.calendar()) {
        let (all, missing) =
            daily::unfollowed(&mut conn, day.day, day.until, pack.addition_enabled(PER_CASE)).await?;
        judged += all;
        lines.extend(missing.into_iter().map(|line| (day.day, line)));
    }
    drop(conn);
    context.transaction(async |tx| write(tx, &pack, (bureau, week), judged, &lines).await).await
}

async fn write(
    tx: &mut Tx,
    pack: &RulePack,
    (bureau, week): (AgencyId, NaiveDate),
    judged: u32,
    lines: &[(NaiveDate, Unfollowed)],
) -> Result<()> {
    if daily_control::of_day(tx, ReportKind::Weekly, bureau, week).await?.is_some() {
        return Ok(());
    }
    let id: uuid::Uuid = tx.new_id();
    let mut by_user: BTreeMap<PersonId, u32> = BTreeMap::new();
    for (day, line) in lines {
        *by_user.entry(line.person).or_default() += 1;
        let case = line.case.map_or_else(|| "any".to_owned(), |case| case.to_string());
        let item = NewItem {
            key: format!("{}/{}/{case}/{day}", kind::MISSING_TAX_QUERY, line.person),
            kind: kind::MISSING_TAX_QUERY,
            regulation: "household".to_owned(),
            agency: line.agency,
            account: line.account,
            person: Some(line.person),
            queries: line.queries.clone(),
            clause: "H8.1.2",
            day: *day,
            source: id,
            detail: [("queries".to_owned(), line.queries.len().to_string()), ("case".to_owned(), case)]
                .into(),
        };
        control::raise(tx, item).await?;
    }
    let until = week.checked_add_days(Days::new(6)).unwrap_or(week);
    let unmatched = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    let ids: Vec<String> =
        lines.iter().flat_map(|(_, line)| line.queries.iter().map(ToString::to_string)).collect();
    let content = ReportContent {
        report: id,
        kind: ReportKind::Weekly,
        agency: bureau,
        day: week,
        until,
        lines: judged,
        unmatched,
        platform_lines: 0,
        findings: [(kind::MISSING_TAX_QUERY.to_owned(), unmatched)].into(),
        lines_digest: canonical::sha256_hex(&canonical::bytes(&ids)?),
    };
    let due_on = control::report_due(pack, RhythmKind::WeeklyReport, until, tx.context().calendar());
    daily_control::insert(tx, content, by_user, due_on, pack, control::WEEKLY).await
}
