//! Effects that several operations, consumers and schedules share. Each is written with its event and its line in the
//! feed in one transaction.

use account_types::events::{AccountStatus, GovernanceRecorded, InventoryClosed};
use chassis::document::{self, Filter};
use chassis::revocations::Kind;
use chassis::{Result, Stored, Tx};
use kernel::ids::{AgencyId, PersonId};
use kernel::{canonical, days};
use rule_pack::{ProviderKind, RulePack};
use uuid::Uuid;

use crate::domain::account::Account;
use crate::domain::agency_act::{AgencyAct, AgencyActKind, AgencyActStatus};
use crate::domain::inventory::{Closing, Inventory, InventoryLine, InventoryStatus};
use crate::domain::person::Person;
use crate::domain::personnel::PersonnelChange;
use crate::domain::session::SessionEnd;
use crate::{duties, edge, store};

/// Most accounts of one person that are looked at.
const MOST: i64 = 500;

/// Enters an act for the governance log.
pub async fn record_governance(tx: &mut Tx, kind: &str, digest: &str, clause: &str) -> Result<()> {
    let act: Uuid = tx.new_id();
    tx.emit(&GovernanceRecorded {
        act,
        kind: kind.to_owned(),
        digest: digest.to_owned(),
        clause: clause.to_owned(),
    })
    .await
}

/// Writes a changed account, tells others and its agency's systems. What takes or changes a right ends the holder's
/// sessions: the next one takes the card.
pub async fn save_account(tx: &mut Tx, account: &Stored<Account>, what: &str, clause: &str) -> Result<i64> {
    let version = tx.update(account).await?;
    tx.emit(&account.event(what, clause)).await?;
    if what != "resumed" {
        store::sessions::end_of_person(tx, account.person_id, SessionEnd::AccountChanged).await?;
    }
    let subject = format!("/v1/accounts/{}", account.doc.id);
    store::changes::note(tx, account.agency_id, "account", &subject, what).await?;
    let (id, now_stands) = (account.doc.id.to_string(), account.event(what, clause).account);
    store::revocations::note(tx, (Kind::Account, &id), false, Some(&now_stands)).await?;
    Ok(version)
}

/// Writes a changed person who lost nothing, and tells others.
pub async fn save_person(tx: &mut Tx, person: &mut Stored<Person>) -> Result<i64> {
    change_person(tx, person, false).await
}

/// Writes a person who lost a card, a post, a role or his service, and tells others: tokens that were issued before end.
pub async fn narrow_person(tx: &mut Tx, person: &mut Stored<Person>) -> Result<i64> {
    change_person(tx, person, true).await
}

async fn change_person(tx: &mut Tx, person: &mut Stored<Person>, ends_tokens: bool) -> Result<i64> {
    person.revision += 1;
    let version = tx.update(person).await?;
    // What stood on a card, post or role that is gone ends with it.
    store::sessions::end_unfounded(tx, person).await?;
    let event = person.event();
    tx.emit(&event).await?;
    store::revocations::note(tx, (Kind::Person, &event.person.to_string()), ends_tokens, Some(&event))
        .await?;
    Ok(version)
}

/// The accounts of `person` that have not ended, locked.
pub async fn live_accounts(tx: &mut Tx, person: PersonId) -> Result<Vec<Stored<Account>>> {
    let filter = Filter::all().eq("person_id", person).one_of("status", &["active", "suspended"]);
    let live: Vec<Stored<Account>> = document::select(tx.conn(), filter, MOST).await?;
    let mut locked = vec![];
    for account in live {
        locked.push(tx.load(account.doc.id).await?);
    }
    Ok(locked)
}

/// Holds `account` back; for an account in the agency's own system an act there becomes due.
pub async fn suspend(
    tx: &mut Tx,
    account: &mut Stored<Account>,
    because: &str,
    reason: &str,
    clause: &str,
) -> Result<bool> {
    if account.status == AccountStatus::Stopped || !account.suspend(because, reason, clause, tx.now())? {
        return Ok(false);
    }
    save_account(tx, account, "suspended", clause).await?;
    let kind =
        if because == "lost-card" { AgencyActKind::LostCardNotice } else { AgencyActKind::SuspendAccount };
    open_agency_act(tx, account, kind, because).await?;
    Ok(true)
}

/// Ends `account` and settles the personnel changes that wait for it.
pub async fn stop(
    tx: &mut Tx,
    account: &mut Stored<Account>,
    reason: &str,
    clause: &str,
    settled_as: &str,
) -> Result<bool> {
    if !account.stop(reason, clause, tx.now()) {
        return Ok(false);
    }
    save_account(tx, account, "stopped", clause).await?;
    if settled_as != "confirmed-there" {
        open_agency_act(tx, account, AgencyActKind::EndAccount, reason).await?;
    }
    settle_personnel(tx, account, settled_as).await?;
    Ok(true)
}

/// Notes in open personnel changes what became of `account`, and closes the duty when that was the last.
pub async fn settle_personnel(tx: &mut Tx, account: &Stored<Account>, state: &str) -> Result<()> {
    let filter = Filter::all().eq("person_id", account.person_id).one_of("status", &["reported", "pending"]);
    let changes: Vec<Stored<PersonnelChange>> = document::select(tx.conn(), filter, MOST).await?;
    for mut change in changes {
        if !change.stops.iter().any(|s| s.account_id == account.doc.id && s.state == "proposed") {
            continue;
        }
        change.settle(account.doc.id, state);
        tx.update(&change).await?;
        let subject = format!("personnel/{}/{}", change.doc.id, account.doc.id);
        let url = format!("/v1/accounts/{}", account.doc.id);
        duties::close_event(tx, &account.regulation, "personnel_changed", &subject, state, &url).await?;
    }
    Ok(())
}

/// Opens an act in the agency's own system, where the account lives there.
pub async fn open_agency_act(
    tx: &mut Tx,
    account: &Stored<Account>,
    kind: AgencyActKind,
    cause: &str,
) -> Result<()> {
    let context = tx.context();
    let today = days::taipei_date(tx.now());
    let pack = edge::pack(&context, edge::regulation(&account.regulation)?, today)?;
    if pack.provider.kind != ProviderKind::ImportedLog {
        return Ok(());
    }
    let act = AgencyAct {
        id: tx.new_id(),
        kind,
        regulation: account.regulation.clone(),
        rule_pack: pack.reference(),
        account_id: account.doc.id,
        mirrored: account.status,
        person_id: account.person_id,
        agency_id: account.agency_id,
        cause: cause.to_owned(),
        status: AgencyActStatus::Open,
        opened_at: tx.now(),
        recorded: None,
        confirmed: None,
    };
    tx.insert(&act).await?;
    let event = agency_event(kind);
    duties::open_event(
        tx,
        &pack,
        event,
        &act_subject(&act),
        Some(act.agency_id),
        Some(format!("/v1/agency-acts/{}", act.id)),
    )
    .await?;
    Ok(())
}

/// The pack's event by which an act in the agency's system becomes due.
pub fn agency_event(kind: AgencyActKind) -> &'static str {
    match kind {
        AgencyActKind::EndAccount => "personnel_changed",
        AgencyActKind::SuspendAccount => "violation_found",
        AgencyActKind::LostCardNotice => "card_lost",
    }
}

/// Names an act in the keys of duties.
pub fn act_subject(act: &AgencyAct) -> String {
    format!("agency-act/{}", act.id)
}

/// Who closes an inventory.
pub struct Closer {
    /// The person.
    pub person: PersonId,
    /// The own post.
    pub post: kernel::ids::PostId,
}

/// Carries out the decisions of an inventory as the competent actor's acts and closes it (H5.1.3, I4.1.3).
pub async fn close_inventory(tx: &mut Tx, inventory: &mut Stored<Inventory>, closer: Closer) -> Result<i64> {
    let (lines, pack) = (store::inventories::lines(tx, inventory.doc.id).await?, {
        let context = tx.context();
        edge::pack_of(&context, &inventory.rule_pack)?
    });
    let undecided = lines.iter().filter(|l| !l.decided).count();
    inventory.may_close(undecided, days::taipei_date(tx.now()))?;
    let mut changed = 0;
    let clause = inventory.clause.clone();
    for line in &lines {
        changed += u32::from(carry_out(tx, &pack, inventory, line, &clause).await?);
    }
    let records: Vec<&InventoryLine> = lines.iter().map(|l| &l.doc).collect();
    let digest = canonical::sha256_hex(&canonical::bytes(&(&inventory.doc, &records))?);
    let undecided = u32::try_from(undecided).unwrap_or(u32::MAX);
    let reviewed = inventory.lines.saturating_sub(undecided);
    inventory.status = InventoryStatus::Closed;
    inventory.closing = Some(Closing {
        person: closer.person,
        post: closer.post,
        at: tx.now(),
        reviewed,
        changed,
        undecided,
        digest: digest.clone(),
    });
    let version = tx.update(inventory).await?;
    tx.emit(&InventoryClosed {
        inventory: inventory.doc.id,
        regulation: inventory.regulation.clone(),
        closed_on: days::taipei_date(tx.now()),
        reviewed,
        changed,
        undecided,
        digest,
    })
    .await?;
    let url = format!("/v1/inventories/{}", inventory.doc.id);
    let subject = format!("inventory/{}", inventory.doc.id);
    duties::close_event(tx, &inventory.regulation, "inventory_opened", &subject, "inventory closed", &url)
        .await?;
    duties::close_period(
        tx,
        &pack,
        rule_pack::RhythmKind::AccountInventory,
        inventory.period_start,
        inventory.agency_id.map(|a| a.0),
        "inventory closed",
        &url,
    )
    .await?;
    Ok(version)
}

async fn carry_out(
    tx: &mut Tx,
    pack: &RulePack,
    inventory: &Inventory,
    line: &InventoryLine,
    clause: &str,
) -> Result<bool> {
    use account_types::InventoryEffect as Effect;
    let mut account = tx.load::<Account>(line.account_id).await?;
    let because = format!("inventory/{}", inventory.id);
    match line.decision.as_ref().map(|d| (d.effect, d.reason.as_str())) {
        Some((Effect::Suspend, reason)) => suspend(tx, &mut account, &because, reason, clause).await,
        Some((Effect::Stop, reason)) => stop(tx, &mut account, reason, clause, "stopped").await,
        None if edge::has_addition(pack, "+suspend-undecided") => {
            suspend(tx, &mut account, &because, "逾期未決定", clause).await
        }
        Some((Effect::Keep, _)) | None => Ok(false),
    }
}

/// Notes a change of an application for its agency's systems.
pub async fn note_application(
    tx: &mut Tx,
    agency: AgencyId,
    id: impl std::fmt::Display,
    cause: &str,
) -> Result<()> {
    store::changes::note(
        tx,
        agency,
        "permission_application",
        &format!("/v1/permission-applications/{id}"),
        cause,
    )
    .await
}
