//! What queries ask of the database at the same moment, done at once: the facts that decisions need, claims on deliveries,
//! settlements with their events.

use std::sync::Arc;

use chassis::db::Outgoing;
use chassis::{Context, Result, Together, Tx};
use futures::FutureExt as _;
use futures::future::BoxFuture;
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
    let endings: Arc<[_]> = endings.into();
    context.transaction_of_lookups(async move |tx: &mut Tx| settle_in(tx, Arc::clone(&endings)).await).await
}

/// Boxed, because this runs in a task of its own.
fn settle_in(tx: &mut Tx, endings: Arc<[Arc<Of<Ending>>]>) -> BoxFuture<'_, Result<Vec<bool>>> {
    async move {
        let settlements: Vec<&Json> = endings.iter().map(|ending| &ending.what.settlement).collect();
        let settled = queries::settle(tx.conn(), &settlements).await?;
        let told = endings.iter().filter(|ending| settled.contains(&ending.query));
        let told: Vec<&Outgoing> = told.map(|ending| &ending.what.event).collect();
        tx.emit_all(&told).await?;
        Ok(endings.iter().map(|ending| settled.contains(&ending.query)).collect())
    }
    .boxed()
}
