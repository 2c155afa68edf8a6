//! Queries: into the population, and what they make suspect.

use chassis::{EventMeta, Result, Tx};
use chrono::NaiveDate;
use kernel::days;
use kernel::ids::{AccountId, AgencyId, PersonId, QueryId};
use query_registry_types::events::QueryRecorded;
use rule_pack::RulePack;
use uuid::Uuid;

use crate::acts::{self, NewFinding};
use crate::domain::misuse::{self, MisuseKind};
use crate::domain::period::{grouping, period_start};
use crate::domain::projection::{AccountView, PersonView};
use crate::edge;
use crate::store::population;

pub async fn query_recorded(tx: &mut Tx, event: QueryRecorded, meta: EventMeta) -> Result<()> {
    let day = days::taipei_date(event.at);
    let pack = edge::pack(&tx.context(), &event.regulation, day)?;
    if let (Some(account), Some((_, rhythm))) = (event.account, grouping(&pack)) {
        population::add(tx.conn(), account, &event, period_start(rhythm, day)).await?;
    }
    if !detects(&pack) {
        return Ok(());
    }
    let account = match event.account {
        Some(id) => tx.find::<AccountView>(id).await?,
        None => None,
    };
    let person = tx.find::<PersonView>(event.person).await?;
    let kinds = misuse::of_query(&event, account.as_deref(), person.as_deref());
    for kind in kinds {
        let suspected = Suspected {
            regulation: &event.regulation,
            day,
            agency: event.agency,
            account: event.account,
            person: Some(event.person),
            source: "query",
            source_id: event.query.0,
            queries: vec![event.query],
            what: describe(&event),
        };
        suspect(tx, kind, suspected, &meta).await?;
    }
    Ok(())
}

/// Marks and codes, which hold nothing personal.
fn describe(event: &QueryRecorded) -> String {
    let marks = event.marks.iter().map(|(name, value)| format!("{name}={value}"));
    event.refusal.iter().cloned().chain(marks).collect::<Vec<_>>().join(" ")
}

/// Whether the pack wants misuse to be found; the switch is the addition of that name under any clause.
fn detects(pack: &RulePack) -> bool {
    !pack.additions.iter().any(|a| a.id.ends_with("+misuse-detection") && !a.enabled)
}

/// What a suspicion is about.
pub struct Suspected<'a> {
    pub regulation: &'a str,
    pub day: NaiveDate,
    pub agency: AgencyId,
    pub account: Option<AccountId>,
    pub person: Option<PersonId>,
    pub source: &'a str,
    pub source_id: Uuid,
    pub queries: Vec<QueryId>,
    pub what: String,
}

/// Follows a suspicion: one finding for each kind, account (else person, else agency) and period.
pub async fn suspect(tx: &mut Tx, kind: MisuseKind, about: Suspected<'_>, _: &EventMeta) -> Result<()> {
    suspect_as(tx, kind.as_str(), kind.clause(about.regulation), kind.suspends(), about).await
}

/// As [`suspect`], for a kind that another service names.
pub async fn suspect_as(
    tx: &mut Tx,
    kind: &str,
    clause: &str,
    suspends: bool,
    about: Suspected<'_>,
) -> Result<()> {
    let pack = edge::pack(&tx.context(), about.regulation, about.day)?;
    let period = grouping(&pack).map_or(about.day, |(_, rhythm)| period_start(rhythm, about.day));
    let subject = match (about.account, about.person) {
        (Some(account), _) => account.to_string(),
        (None, Some(person)) => person.to_string(),
        (None, None) => about.agency.to_string(),
    };
    let new = NewFinding {
        kind,
        key: misuse::finding_key(kind, about.regulation, &subject, period),
        regulation: about.regulation,
        clause,
        agency: about.agency,
        account: about.account,
        person: about.person,
        violation: false,
        suspend: suspends && about.account.is_some(),
        source: about.source,
        source_id: about.source_id,
        queries: about.queries,
        what: about.what,
    };
    acts::raise(tx, &pack, new).await?;
    Ok(())
}
