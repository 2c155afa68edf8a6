//! The decision in memory, and the way of an event from commit to projection.

use std::collections::HashMap;
use std::time::Instant;

use account_types::events::{AccountChanged, AccountSnapshot, AccountStatus};
use chrono::{DateTime, Utc};
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use kernel::{Clock as _, SystemClock};
use query_registry::domain::authorization::{Asker, Request, decide};
use query_registry::domain::directory::{Index, Record};
use query_registry::domain::rules::RuleBook;
use rule_pack::PackSet;
use uuid::Uuid;

use super::{Figure, quantile};
use crate::stack::Stack;

const ACCOUNTS: u32 = 100_000;
const DECISIONS: u32 = 20_000;
const EVENTS: i64 = 400;

fn snapshot(n: u32, revision: i64) -> AccountSnapshot {
    let id = Uuid::from_u128(0xbe << 64 | u128::from(n));
    AccountSnapshot {
        id: id.into(),
        number: format!("B-{n}"),
        regulation: "household".into(),
        person: id.into(),
        post: id.into(),
        agency: id.into(),
        unit: id.into(),
        status: AccountStatus::Active,
        permission_items: ["low-income".to_owned()].into(),
        valid_from: chrono::NaiveDate::default(),
        valid_until: None,
        opened_by: id.into(),
        revision,
    }
}

/// One decision with 100,000 accounts in memory (the first preconditions; each further one costs a look-up more).
pub fn decision() -> anyhow::Result<Vec<Figure>> {
    let packs = PackSet::embedded()?;
    let mut index = Index::new(RuleBook::new(packs.iter()));
    for n in 0..ACCOUNTS {
        index.apply(Record::Account(snapshot(n, 1)));
    }
    let now = SystemClock.now();
    let mut times = vec![];
    for n in 0..DECISIONS {
        let id = Uuid::from_u128(0xbe << 64 | u128::from(n * 4));
        let asker = Asker {
            person: id.into(),
            post: id.into(),
            agency: id.into(),
            system: Some(id.into()),
            place: Some(std::net::IpAddr::from([10, 0, 0, 1])),
            revoked: false,
        };
        let request = Request {
            asker,
            application: None,
            case: None,
            subject: "00",
            items: None,
            delivered: &[],
            delivery_of: None,
        };
        let begun = Instant::now();
        let decided = decide(&index, &request, now);
        times.push(begun.elapsed().as_secs_f64() * 1e6);
        anyhow::ensure!(decided.is_err(), "nobody without an application is let in");
    }
    Ok(vec![Figure::lower("refusal in memory, 100,000 accounts, p99", quantile(&mut times, 0.99), "µs", 5.0)])
}

#[derive(QueryableByName)]
struct Stamp {
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

async fn publish(stack: &Stack, revision: i64) -> anyhow::Result<()> {
    let event =
        AccountChanged { account: snapshot(1, revision), cause: "replayed".into(), clause: "H5.1.2".into() };
    let account = &stack.service("account").context;
    account.transaction(async |tx| tx.emit(&event).await).await.map_err(|e| anyhow::anyhow!("{e:?}"))
}

/// From commit in the account service to the projection in the query registry, one event after the other.
pub async fn projection(stack: &Stack) -> anyhow::Result<Vec<Figure>> {
    let account = &stack.service("account").context;
    // A consumer that has just started waits for its group: the first event is not one of those measured.
    publish(stack, 0).await?;
    stack.settle().await?;
    let begun = SystemClock.now();
    for n in 0..EVENTS {
        publish(stack, n + 1).await?;
    }
    stack.settle().await?;
    let mut out = account.connection().await.map_err(|e| anyhow::anyhow!("{e:?}"))?;
    let sent: Vec<Stamp> =
        sql_query("SELECT event_id, occurred_at AS at FROM outbox WHERE occurred_at >= $1")
            .bind::<Timestamptz, _>(begun)
            .load(&mut out)
            .await?;
    let mut registry =
        stack.service("query-registry").context.connection().await.map_err(|e| anyhow::anyhow!("{e:?}"))?;
    let taken: Vec<Stamp> =
        sql_query("SELECT event_id, received_at AS at FROM inbox WHERE received_at >= $1")
            .bind::<Timestamptz, _>(begun)
            .load(&mut registry)
            .await?;
    let taken: HashMap<Uuid, DateTime<Utc>> = taken.into_iter().map(|s| (s.event_id, s.at)).collect();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
    let mut lags: Vec<f64> = sent
        .iter()
        .filter_map(|s| Some((*taken.get(&s.event_id)? - s.at).num_microseconds()? as f64 / 1e3))
        .collect();
    anyhow::ensure!(lags.len() >= 300, "only {} events came through", lags.len());
    Ok(vec![Figure::lower("event: commit to projection, p99", quantile(&mut lags, 0.99), "ms", 250.0)])
}
