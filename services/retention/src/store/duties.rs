//! Obligations of this service: ids, clauses, titles and dates come from the packs.

use chassis::document::{self, Filter};
use chassis::{Context, Result, Stored, Tx};
use chrono::NaiveDate;
use identity::Role;
use kernel::days;
use kernel::ids::AgencyId;
use obligations::{NewObligation, Obligation};
use rule_pack::{DeadlineKind, Duty, Owner, RhythmKind, RulePack};

use crate::domain::directory::Agency;
use crate::domain::order::DestructionOrder;
use crate::domain::output::Output;
use crate::domain::term::record_kind;

/// Word of the packs for a result that was printed or saved.
const PRINTED: &str = "result_printed";
/// Word of the packs for an output that need not be kept.
const NOT_NEEDED: &str = "retention_not_needed";

/// The pack of `regulation` that is followed on `day`.
pub fn pack<'a>(context: &'a Context, regulation: &str, day: NaiveDate) -> Option<&'a RulePack> {
    context.packs().on(regulation.parse().ok()?, day).map(AsRef::as_ref)
}

/// The last day in time for filing or destroying what became due on `day`.
pub fn disposal_due(context: &Context, pack: &RulePack, day: NaiveDate) -> NaiveDate {
    pack.deadline(DeadlineKind::Disposal).map_or(day, |d| d.due(day, context.calendar()))
}

fn is_on(pack: &RulePack, duty: &Duty) -> bool {
    duty.addition.as_deref().is_none_or(|a| pack.addition_enabled(a))
}

fn on_event<'a>(pack: &'a RulePack, event: &str) -> Option<&'a Duty> {
    pack.obligations.iter().find(|d| d.event.as_deref() == Some(event) && is_on(pack, d))
}

/// The bureau, which owes the retention of the whole suite.
async fn bureau(tx: &mut Tx) -> Result<Option<AgencyId>> {
    let found: Option<Stored<Agency>> =
        document::first(tx.conn(), Filter::all().eq("kind", "bureau")).await?;
    Ok(found.map(|a| a.id))
}

fn order_path(order: &DestructionOrder) -> String {
    format!("/v1/destruction-orders/{}", order.id)
}

/// Opens the duty to decide on a month past its term (H4.3, H6.6, H8.3, I3.8).
pub async fn open_order(tx: &mut Tx, order: &DestructionOrder) -> Result<()> {
    let key = format!("destruction/{}", order.id);
    open_for_order(
        tx,
        order,
        key,
        Role::RecordsOfficer,
        ("Decide on a month past its term", "屆滿保存年限資料之處理"),
    )
    .await
}

async fn open_for_order(
    tx: &mut Tx,
    order: &DestructionOrder,
    key: String,
    actor: Role,
    (title, title_zh): (&str, &str),
) -> Result<()> {
    let (context, today) = (tx.context(), days::taipei_date(tx.now()));
    let Some(pack) = pack(&context, &order.regulation, today) else { return Ok(()) };
    let kind = record_kind(&order.record_kind);
    let duty = pack.obligations.iter().find(|d| d.retention.is_some() && d.retention == kind);
    let new = NewObligation {
        key,
        duty: duty.map_or_else(|| format!("retention.{}", order.record_kind), |d| d.id.clone()),
        clause: order.term.clause.clone(),
        title: title.to_owned(),
        title_zh: title_zh.to_owned(),
        rule_pack: pack.reference(),
        actor: actor.code().to_owned(),
        agency_id: bureau(tx).await?,
        subject: Some(order_path(order)),
        due_on: disposal_due(&context, pack, today),
    };
    obligations::open(tx, new).await?;
    Ok(())
}

/// Opens, for each holder, the duty to confirm within the pack's days.
pub async fn open_confirmations(tx: &mut Tx, order: &DestructionOrder) -> Result<()> {
    let title = ("Confirm that an approved destruction was carried out", "確認已執行核准之銷毀");
    for holder in &order.holders {
        open_for_order(tx, order, confirmation_key(order, &holder.service), Role::ItUnit, title).await?;
    }
    Ok(())
}

fn confirmation_key(order: &DestructionOrder, service: &str) -> String {
    format!("destruction/{}/{service}", order.id)
}

/// Closes a holder's duty.
pub async fn close_confirmation(tx: &mut Tx, order: &DestructionOrder, service: &str) -> Result<()> {
    obligations::close(
        tx,
        &confirmation_key(order, service),
        "carried out and confirmed",
        &order_path(order),
    )
    .await?;
    Ok(())
}

/// Closes the duty of a month: the certificate is its evidence.
pub async fn close_order(tx: &mut Tx, order: &DestructionOrder) -> Result<()> {
    let url = format!("{}/certificate", order_path(order));
    obligations::close(tx, &format!("destruction/{}", order.id), "destroyed, certificate issued", &url)
        .await?;
    Ok(())
}

fn output_path(output: &Output) -> String {
    format!("/v1/outputs/{}", output.id)
}

async fn open_for_output(
    tx: &mut Tx,
    output: &Output,
    pack: &RulePack,
    duty: &Duty,
    step: &str,
    due_on: NaiveDate,
) -> Result<()> {
    let new = NewObligation {
        key: format!("output/{}/{step}", output.id),
        duty: duty.id.clone(),
        clause: duty.clause.clone(),
        title: duty.title.en.clone(),
        title_zh: duty.title.zh.clone(),
        rule_pack: pack.reference(),
        actor: Role::User.code().to_owned(),
        agency_id: Some(output.agency_id),
        subject: Some(output_path(output)),
        due_on,
    };
    obligations::open(tx, new).await?;
    Ok(())
}

/// Opens the duty to file or destroy a new output (H3.2). Of what the gate saw, the query registry opens the duties that
/// the pack gives to it.
pub async fn open_filing(tx: &mut Tx, output: &Output) -> Result<()> {
    let context = tx.context();
    let Some(pack) = pack(&context, &output.regulation, output.made_on) else { return Ok(()) };
    let Some(duty) = on_event(pack, PRINTED).or_else(|| on_event(pack, NOT_NEEDED)) else { return Ok(()) };
    if output.from_gate && duty.owner != Owner::Retention {
        return Ok(());
    }
    open_for_output(tx, output, pack, duty, "filing", output.due_on).await
}

/// Opens the duty to destroy what need not be kept (H7.1–3, I5).
pub async fn open_destruction(tx: &mut Tx, output: &Output) -> Result<()> {
    let (context, today) = (tx.context(), days::taipei_date(tx.now()));
    let Some(pack) = pack(&context, &output.regulation, today) else { return Ok(()) };
    let Some(duty) = on_event(pack, NOT_NEEDED) else { return Ok(()) };
    open_for_output(tx, output, pack, duty, "destruction", disposal_due(&context, pack, today)).await
}

/// Closes what an output owed, and the reminders of its office that have nothing left.
pub async fn close_output(tx: &mut Tx, output: &Output) -> Result<()> {
    for step in ["filing", "destruction"] {
        let key = format!("output/{}/{step}", output.id);
        obligations::close(tx, &key, output.state.as_str(), &output_path(output)).await?;
    }
    let filter = Filter::all()
        .eq("agency_id", output.agency_id)
        .eq("state", "open")
        .one_of("duty", &["H7.reminder", "I5.reminder"]);
    let reminders: Vec<Stored<Obligation>> = document::select(tx.conn(), filter, 500).await?;
    for reminder in reminders {
        let Some((head, end)) = reminder.key.rsplit_once('/') else { continue };
        let (true, Ok(end)) = (head == reminder_head(&output.regulation, output.agency_id), end.parse())
        else {
            continue;
        };
        if unsettled(tx, output.agency_id, &output.regulation, end).await? == 0 {
            obligations::close(tx, &reminder.key, "all filed or destroyed", "/v1/outputs").await?;
        }
    }
    Ok(())
}

fn reminder_head(regulation: &str, agency: AgencyId) -> String {
    format!("disposal-reminder/{regulation}/{agency}")
}

/// How many outputs of an office that were made up to `end` are neither filed nor destroyed.
pub async fn unsettled(tx: &mut Tx, agency: AgencyId, regulation: &str, end: NaiveDate) -> Result<i64> {
    let filter = Filter::all()
        .eq("agency_id", agency)
        .eq("regulation", regulation)
        .eq("unsettled", true)
        .op("made_on", "<=", end);
    document::count::<Output>(tx.conn(), filter).await
}

/// Reminds an office of what it has neither filed nor destroyed at the end of a period (H7, I5 ＋).
pub async fn open_reminder(
    tx: &mut Tx,
    agency: AgencyId,
    regulation: &str,
    period_end: NaiveDate,
) -> Result<()> {
    let context = tx.context();
    let Some(pack) = pack(&context, regulation, period_end) else { return Ok(()) };
    let Some(rhythm) = pack.rhythm(RhythmKind::DisposalReminder) else { return Ok(()) };
    let duty =
        pack.obligations.iter().find(|d| d.rhythm == Some(RhythmKind::DisposalReminder) && is_on(pack, d));
    let Some(duty) = duty else { return Ok(()) };
    let new = NewObligation {
        key: format!("{}/{period_end}", reminder_head(regulation, agency)),
        duty: duty.id.clone(),
        clause: duty.clause.clone(),
        title: duty.title.en.clone(),
        title_zh: duty.title.zh.clone(),
        rule_pack: pack.reference(),
        actor: Role::User.code().to_owned(),
        agency_id: Some(agency),
        subject: Some("/v1/outputs".to_owned()),
        due_on: rhythm.due(period_end, context.calendar()),
    };
    obligations::open(tx, new).await?;
    Ok(())
}

/// The role that a late duty goes up to.
pub fn escalate_to(obligation: &Obligation) -> String {
    let role = match obligation.actor.parse() {
        Ok(Role::User) => Role::UnitSupervisor,
        Ok(Role::ItUnit) => Role::Administrator,
        _ => Role::AgencyHead,
    };
    role.code().to_owned()
}
