//! The duties of a new period (H5.1.3, H5.1.5, H5.2.3, H6.5; I3.5, I4.1.3), and the campaigns of the one that ended.

use std::collections::BTreeMap;

use account_types::AgencyKind;
use account_types::events::AccountStatus;
use chassis::document::{self, Filter};
use chassis::{Context, Result, Stored, Tx};
use chrono::{DateTime, NaiveDate, Utc};
use kernel::days;
use kernel::ids::{AccountId, AgencyId, PersonId};
use rule_pack::{DeadlineKind, Duty, Rhythm, RhythmKind, RulePack, Scope};
use uuid::Uuid;

use crate::domain::account::Account;
use crate::domain::agency::Agency;
use crate::domain::inventory::{Inventory, InventoryLine, InventoryStatus, Usage, evidence};
use crate::domain::link::DataLink;
use crate::domain::person::Person;
use crate::domain::personnel::PersonnelChange;
use crate::{duties, store};

/// Most rows that one night looks at.
const MOST: i64 = 1_000_000;

/// Opens what begins on the day of `due`. Everything has a key of its own: a second run changes nothing.
pub async fn periods(context: &Context, due: DateTime<Utc>) -> Result<()> {
    let day = days::taipei_date(due);
    for pack in duties::packs_on(context, day) {
        for (duty, kind, rhythm) in duties::periodic(&pack) {
            if duties::period_start(rhythm, day) != day {
                continue;
            }
            context.transaction(async |tx| open(tx, &pack, (duty, kind, rhythm), day).await).await?;
        }
    }
    Ok(())
}

async fn open(
    tx: &mut Tx,
    pack: &RulePack,
    (duty, kind, rhythm): (&Duty, RhythmKind, &Rhythm),
    day: NaiveDate,
) -> Result<()> {
    if kind == RhythmKind::AccountInventory {
        return open_campaigns(tx, pack, (duty, rhythm), day).await;
    }
    let regulation = pack.regulation.as_str();
    match duty.scope {
        Scope::EachAccount => {
            let filter = Filter::all().eq("regulation", regulation).eq("status", "active");
            let accounts: Vec<Stored<Account>> = document::select(tx.conn(), filter, MOST).await?;
            for account in accounts {
                let about = (
                    Some(account.doc.id.0),
                    Some(account.agency_id),
                    Some(format!("/v1/accounts/{}", account.doc.id)),
                );
                duties::open_period(tx, pack, (duty, rhythm), day, about).await?;
            }
        }
        Scope::EachLink => {
            let links: Vec<Stored<DataLink>> =
                document::select(tx.conn(), Filter::all().eq("status", "active"), MOST).await?;
            for link in links.iter().filter(|l| l.regulation == regulation) {
                let about = (
                    Some(link.doc.id),
                    Some(link.agency_id),
                    Some(format!("/v1/data-links/{}", link.doc.id)),
                );
                duties::open_period(tx, pack, (duty, rhythm), day, about).await?;
            }
        }
        _ => duties::open_period(tx, pack, (duty, rhythm), day, (None, None, None)).await?,
    }
    Ok(())
}

/// An inventory looks back: the campaign about a period opens on the day after it.
async fn open_campaigns(
    tx: &mut Tx,
    pack: &RulePack,
    (duty, rhythm): (&Duty, &Rhythm),
    day: NaiveDate,
) -> Result<()> {
    let Some(end) = day.pred_opt() else { return Ok(()) };
    let start = duties::period_start(rhythm, end);
    let filter =
        Filter::all().eq("regulation", pack.regulation.as_str()).one_of("status", &["active", "suspended"]);
    let accounts: Vec<Account> =
        document::select::<Account>(tx.conn(), filter, MOST).await?.into_iter().map(|s| s.doc).collect();
    let mut groups: BTreeMap<Option<AgencyId>, Vec<&Account>> = BTreeMap::new();
    if duty.scope == Scope::EachAgency {
        for account in &accounts {
            groups.entry(Some(account.agency_id)).or_default().push(account);
        }
        // An office without accounts still owes the look.
        for agency in document::select::<Agency>(tx.conn(), Filter::all(), MOST).await? {
            if matches!(agency.kind, AgencyKind::Bureau | AgencyKind::DistrictOffice) {
                groups.entry(Some(agency.doc.id)).or_default();
            }
        }
    } else {
        groups.insert(None, accounts.iter().collect());
    }
    let known = Known::load(tx, &accounts).await?;
    for (agency, accounts) in groups {
        open_campaign(tx, pack, (duty, rhythm), (start, end, day), agency, &accounts, &known).await?;
    }
    Ok(())
}

struct Known {
    people: BTreeMap<PersonId, Person>,
    uses: BTreeMap<AccountId, store::uses::Use>,
    changing: Vec<PersonId>,
    by_person: BTreeMap<PersonId, Vec<AccountId>>,
}

impl Known {
    async fn load(tx: &mut Tx, accounts: &[Account]) -> Result<Self> {
        let people: Vec<Stored<Person>> = document::select(tx.conn(), Filter::all(), MOST).await?;
        let open = Filter::all().one_of("status", &["reported", "pending"]);
        let changes: Vec<Stored<PersonnelChange>> = document::select(tx.conn(), open, MOST).await?;
        let mut by_person: BTreeMap<PersonId, Vec<AccountId>> = BTreeMap::new();
        for account in accounts.iter().filter(|a| a.status != AccountStatus::Stopped) {
            by_person.entry(account.person_id).or_default().push(account.id);
        }
        Ok(Self {
            people: people.into_iter().map(|p| (p.doc.id, p.doc)).collect(),
            uses: store::uses::all(tx).await?,
            changing: changes.into_iter().map(|c| c.doc.person_id).collect(),
            by_person,
        })
    }

    fn usage(&self, account: &Account) -> Usage {
        let used = self.uses.get(&account.id);
        let others = self.by_person.get(&account.person_id).into_iter().flatten();
        Usage {
            last_used_at: used.map(|u| u.last_used_at),
            uses: used.map_or(0, |u| u.uses),
            duplicates: others.copied().filter(|id| *id != account.id).collect(),
            change_reported: self.changing.contains(&account.person_id),
        }
    }
}

async fn open_campaign(
    tx: &mut Tx,
    pack: &RulePack,
    (duty, rhythm): (&Duty, &Rhythm),
    (start, end, day): (NaiveDate, NaiveDate, NaiveDate),
    agency: Option<AgencyId>,
    accounts: &[&Account],
    known: &Known,
) -> Result<()> {
    let filter = Filter::all().eq("regulation", pack.regulation.as_str()).eq("period_end", end);
    let there: Vec<Stored<Inventory>> = document::select(tx.conn(), filter, MOST).await?;
    if there.iter().any(|i| i.agency_id == agency) {
        return Ok(());
    }
    let context = tx.context();
    let due_on = rhythm.due(end, context.calendar());
    let decide_by =
        pack.deadline(DeadlineKind::InventoryDecision).map_or(due_on, |d| d.due(day, context.calendar()));
    let inventory = Inventory {
        id: tx.new_id(),
        regulation: pack.regulation.as_str().to_owned(),
        rule_pack: pack.reference(),
        clause: duty.clause.clone(),
        agency_id: agency,
        period_start: start,
        period_end: end,
        decide_by,
        due_on,
        status: InventoryStatus::Open,
        lines: u32::try_from(accounts.len()).unwrap_or(u32::MAX),
        escalated_on: None,
        closing: None,
    };
    tx.insert(&inventory).await?;
    for account in accounts {
        let Some(holder) = known.people.get(&account.person_id) else { continue };
        let line = InventoryLine {
            id: tx.new_id::<Uuid>(),
            inventory_id: inventory.id,
            account_id: account.id,
            number: account.number.clone(),
            person_id: account.person_id,
            agency_id: account.agency_id,
            unit_id: account.unit_id,
            opened_by: account.opened_by,
            evidence: evidence(account, holder, known.usage(account), day, pack.accounts.idle_after_days),
            decision: None,
            decided: false,
        };
        tx.insert(&line).await?;
    }
    let url = format!("/v1/inventories/{}", inventory.id);
    let about = (agency.map(|a| a.0), agency, Some(url.clone()));
    duties::open_period(tx, pack, (duty, rhythm), start, about).await?;
    let subject = format!("inventory/{}", inventory.id);
    duties::open_event(tx, pack, "inventory_opened", &subject, agency, Some(url)).await
}
