//! What queries ask of the database at the same moment, done at once: the facts that decisions need, claims on deliveries,
//! settlements with their events.

use std::sync::Arc;

use chassis::outbox::Outgoing;
use chassis::{Context, Result, Together};
use futures::FutureExt as _;
use kernel::ids::QueryId;
use statement::Json;

use crate::store::queries::{self, Ask, Found};

/// A query's record, a settlement, or whatever else is written of it.
#[derive(Debug)]
pub struct Of<T> {
    /// The query.
    pub query: QueryId,
    /// What is written.
    pub what: T,
}

/// How a query ends, and what the others are told of it.
#[derive(Debug)]
pub struct Ending {
    /// A [`queries::Settlement`].
    pub settlement: Json,
    /// Told when the query was open until now.
    pub event: Outgoing,
}

/// The gate's ways to the database.
#[derive(Debug)]
pub struct Batches {
    /// Gives what the database says.
    pub facts: Together<Ask, Found>,
    /// Inserts records ([`queries::NewRecord`]); false: another query holds the claim.
    pub claims: Together<Of<Json>, bool>,
    /// Settles open records; false: it is no longer open.
    pub settlements: Together<Of<Ending>, bool>,
}

impl Batches {
    /// Starts on the runtime that this is called in.
    pub fn open(context: &Context) -> Self {
        let (facts, claims, settlements) = (context.clone(), context.clone(), context.clone());
        Self {
            facts: Together::new(move |asks| read(facts.clone(), asks).boxed()),
            claims: Together::new(move |records| claim(claims.clone(), records).boxed()),
            settlements: Together::new(move |endings| settle(settlements.clone(), endings).boxed()),
        }
    }
}

async fn read(context: Context, asks: Vec<Arc<Ask>>) -> Result<Vec<Found>> {
    let mut conn = context.lookups().await?;
    queries::facts(&mut conn, &asks).await
}

async fn claim(context: Context, records: Vec<Arc<Of<Json>>>) -> Result<Vec<bool>> {
    let mut conn = context.lookups().await?;
    let rows: Vec<&Json> = records.iter().map(|record| &record.what).collect();
    let inserted = queries::insert(&mut conn, &rows).await?;
    Ok(records.iter().map(|record| inserted.contains(&record.query)).collect())
}

async fn settle(context: Context, endings: Vec<Arc<Of<Ending>>>) -> Result<Vec<bool>> {
    let settlements: Vec<&Json> = endings.iter().map(|ending| &ending.what.settlement).collect();
    let events: Vec<_> = endings.iter().map(|ending| (ending.query.0, &ending.what.event)).collect();
    let settled = queries::settle(&context, &settlements, &events).await?;
    Ok(endings.iter().map(|ending| settled.contains(&ending.query.0)).collect())
}
