//! The account service: one reader a process, on a connection of its own, which never waits behind the requests of the
//! pool. What it cannot read it does not say: silence is how others learn of it.

use std::convert::Infallible;

use anyhow::Context as _;
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use secrecy::ExposeSecret as _;
use tokio::time::{Duration, Instant, timeout};

use super::{BEAT, Reader, hear};
use crate::context::Context;

/// Between two looks at the last number: a tenth of the second within which a refusal is promised.
const LOOK: Duration = Duration::from_millis(100);
/// Longest wait for the database before the connection is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads for ever.
pub async fn run(context: &Context, reader: Reader) {
    loop {
        let Err(error) = read(context, reader).await;
        tracing::warn!(?error, "the last revocation cannot be read; it is tried again");
        tokio::time::sleep(LOOK).await;
    }
}

/// One connection, to its end.
async fn read(context: &Context, reader: Reader) -> anyhow::Result<Infallible> {
    let url = context.settings().database.url.expose_secret();
    let connecting = AsyncPgConnection::establish(url);
    let mut conn = timeout(PATIENCE, connecting).await.context("no connection in time")??;
    let mut spoken: Option<Instant> = None;
    loop {
        let looked = Instant::now();
        let reading = reader(&mut conn, context.revocations().seq());
        let told = timeout(PATIENCE, reading).await.context("no answer in time")??;
        let (news, more) = (!told.entries.is_empty() || told.seq != told.after, told.more);
        if news || spoken.is_none_or(|at| looked.duration_since(at) >= BEAT) {
            hear(context, told, looked)?;
            spoken = Some(looked);
        }
        if !more {
            tokio::time::sleep(LOOK).await;
        }
    }
}
