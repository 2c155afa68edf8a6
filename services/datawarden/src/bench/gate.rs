//! The way of an event from commit to projection.

use std::collections::HashMap;

use account_types::events::{AccountChanged, AccountSnapshot, AccountStatus};
use chrono::{DateTime, Utc};
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use kernel::{Clock as _, SystemClock};
use uuid::Uuid;

use super::{Figure, quantile};
use crate::stack::Stack;

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

#[derive(QueryableByName)]
struct Stamp {
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

/// Tells of an account at each of `revisions`, in one transaction.
pub(super) async fn publish(stack: &Stack, revisions: std::ops::Range<i64>) -> anyhow::Result<()> {
    let account = &stack.service("account").context;
    let emitted = account.transaction(async |tx| {
        for revision in revisions.clone() {
            let account = snapshot(1, revision);
            tx.emit(&AccountChanged { account, cause: "replayed".into(), clause: "H5.1.2".into() }).await?;
        }
        Ok(())
    });
    emitted.await.map_err(|e| anyhow::anyhow!("{e:?}"))
}

/// From commit in the account service to the projection in the query registry, one event after the other.
pub async fn projection(stack: &Stack) -> anyhow::Result<Vec<Figure>> {
    let account = &stack.service("account").context;
    // A consumer that has just started waits for its group: the first event is not one of those measured.
    publish(stack, 0..1).await?;
    stack.settle().await?;
    let begun = SystemClock.now();
    for n in 0..EVENTS {
        publish(stack, n + 1..n + 2).await?;
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
