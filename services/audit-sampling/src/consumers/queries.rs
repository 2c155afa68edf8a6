//! Queries: into the population, and what they make suspect.

use chassis::{EventMeta, Result, Tx, document};
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
use crate::store::usage::{self, Counted};

pub async fn queries_recorded(tx: &mut Tx, events: Vec<(QueryRecorded, EventMeta)>) -> Result<()> {
    let mut counted = vec![];
    let mut examined = vec![];
    for (event, meta) in &events {
        let day = days::taipei_date(event.at);
        let pack = edge::pack(&tx.context(), &event.regulation, day)?;
        if let (Some(account), Some((_, rhythm))) = (event.account, grouping(&pack)) {
            counted.push(Counted { account, period: period_start(rhythm, day), query: event });
        }
        if detects(&pack) {
            examined.push((event, meta));
        }
    }
    usage::add(tx.conn(), &counted).await?;
    let ids = |id: fn(&QueryRecorded) -> Option<Uuid>| examined.iter().filter_map(|(e, _)| id(e)).collect();
    let accounts = document::find_all::<AccountView>(tx.conn(), &ids(|e| e.account.map(|a| a.0))).await?;
    let persons = document::find_all::<PersonView>(tx.conn(), &ids(|e| Some(e.person.0))).await?;
    for (event, meta) in examined {
        let account = event.account.and_then(|id| accounts.get(&id.0)).map(|stored| &stored.doc);
        let person = persons.get(&event.person.0).map(|stored| &stored.doc);
        for kind in misuse::of_query(event, account, person) {
            let suspected = Suspected {
                regulation: &event.regulation,
                day: days::taipei_date(event.at),
                agency: event.agency,
                account: event.account,
                person: Some(event.person),
                source: "query",
                source_id: event.query.0,
                queries: vec![event.query],
                what: describe(event),
            };
            suspect(tx, kind, suspected, meta).await?;
        }
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
