//! What every check of control does with what it finds: an item, its duty, its event; once for each key.

use chassis::document::{self, Filter};
use chassis::{Result, Tx};
use kernel::days;
use kernel::ids::AgencyId;
use obligations::NewObligation;
use query_registry_types::events::ControlItemRaised;
use rule_pack::{DeadlineKind, RhythmKind, RulePack};
use uuid::Uuid;

use crate::domain::control_item::{self, KeptItem, NewItem, kind};
use crate::state::Registry;

/// Items of one kind that one run raises one by one at most; what is beyond is counted.
pub const MOST_ITEMS: usize = 500;

/// The id that the same thing has whenever it is built.
pub fn fixed_id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("urn:datawarden:{name}").as_bytes())
}

/// The bureau, once its master data are here.
pub fn bureau(registry: &Registry) -> Option<AgencyId> {
    registry.index().agencies().find(|(_, agency)| agency.kind == "bureau").map(|(id, _)| id)
}

/// Raises an item with its duty and event; one that is there under the same key stays as it is.
pub async fn raise(tx: &mut Tx, new: NewItem) -> Result<Option<Uuid>> {
    if document::first::<KeptItem>(tx.conn(), Filter::all().eq("key", new.key.as_str())).await?.is_some() {
        return Ok(None);
    }
    let context = tx.context();
    let registry = context.state::<Registry>();
    let now = tx.now();
    let today = days::taipei_date(now);
    let id: Uuid = tx.new_id();
    let (due_on, duty) = {
        let index = registry.index();
        let rules = index.rules.named(&new.regulation, today);
        let due = rules
            .and_then(|r| r.pack.deadline(DeadlineKind::ReportExplanation))
            .map_or(today, |d| d.due(today, context.calendar()));
        (due, rules.and_then(|r| explanation(&r.pack, &new, id, due)))
    };
    let kept = new.into_item(id, due_on, now);
    tx.insert(&kept).await?;
    if let Some(duty) = duty {
        obligations::open(tx, duty).await?;
    }
    let item = kept.item;
    tx.emit(&ControlItemRaised {
        item: id,
        kind: item.kind,
        agency: item.agency,
        account: item.account,
        person: item.person,
        queries: item.queries,
        clause: item.clause,
        day: item.day,
        detail: item.detail,
    })
    .await?;
    Ok(Some(id))
}

/// The duty to settle an item. Of imported lines audit holds the duty (I4.1.1), together with what follows.
fn explanation(
    pack: &RulePack,
    new: &NewItem,
    item: Uuid,
    due_on: chrono::NaiveDate,
) -> Option<NewObligation> {
    let id = match (new.regulation.as_str(), new.kind) {
        ("household", kind::MISSING_TAX_QUERY) => "H8.1.2.explanation",
        ("household", _) => "H8.1.1.explanation",
        ("tax", _) => "T.explanation",
        _ => return None,
    };
    obligation(
        pack,
        id,
        control_item::duty_key(item),
        new.agency,
        format!("/v1/control-items/{item}"),
        due_on,
        "responsible_supervisor",
    )
}

/// The duty to endorse a report, with its due day, where the pack has it.
pub fn report_duty(
    pack: &RulePack,
    id: &str,
    (report, agency): (Uuid, AgencyId),
    due_on: chrono::NaiveDate,
) -> Option<NewObligation> {
    let actor = if id == WEEKLY { "business_supervisor" } else { "responsible_supervisor" };
    let path = if id == WEEKLY { "weekly-reports" } else { "daily-reports" };
    obligation(pack, id, report_key(report), agency, format!("/v1/{path}/{report}"), due_on, actor)
}

fn obligation(
    pack: &RulePack,
    id: &str,
    key: String,
    agency: AgencyId,
    subject: String,
    due_on: chrono::NaiveDate,
    actor: &str,
) -> Option<NewObligation> {
    let duty = pack.obligation(id)?;
    if duty.addition.as_deref().is_some_and(|addition| !pack.addition_enabled(addition)) {
        return None;
    }
    Some(NewObligation {
        key,
        duty: duty.id.clone(),
        clause: duty.clause.clone(),
        title: duty.title.en.clone(),
        title_zh: duty.title.zh.clone(),
        rule_pack: pack.reference(),
        actor: actor.to_owned(),
        agency_id: Some(agency),
        subject: Some(subject),
        due_on,
    })
}

/// Key of the duty to endorse a report.
pub fn report_key(report: Uuid) -> String {
    format!("control-report/{report}")
}

/// Duty id of a weekly report.
pub const WEEKLY: &str = "H8.1.2.weekly";
/// Duty id of a district office's daily report.
pub const DAILY: &str = "H8.1.1.daily";
/// Duty id of a daily report of the bureau's own offices.
pub const DAILY_BUREAU: &str = "H8.1.1.daily-bureau";

/// The day on which a report about the period that ended on `end` is due.
pub fn report_due(
    pack: &RulePack,
    rhythm: RhythmKind,
    end: chrono::NaiveDate,
    calendar: &kernel::WorkingCalendar,
) -> chrono::NaiveDate {
    pack.rhythm(rhythm).map_or(end, |rhythm| rhythm.due(end, calendar))
}
