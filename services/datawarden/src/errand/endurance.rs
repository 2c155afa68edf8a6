//! Errands without end while pods go and come; at the end, everything that was acknowledged is looked for.

use std::sync::atomic::{AtomicBool, Ordering};

use kernel::ids::{CaseId, QueryApplicationId};
use query_registry_types::applications::{ApplicationState, QueryApplicationDetail};
use query_registry_types::queries::{QueryAnswer, QueryRecord};

use super::{Errand, REGISTRY, is_open};
use crate::client::{CallError, Called, Client};

/// Errands under way at once.
const AT_ONCE: usize = 3;

/// What was acknowledged, and what was not.
#[derive(Default)]
pub struct Ledger {
    /// Answers that arrived.
    pub answers: Vec<QueryAnswer>,
    /// Applications that were taken and stamped.
    pub stamped: Vec<QueryApplicationId>,
    /// Queries that a service took with it when it was killed: never acknowledged, settled as failed later.
    pub interrupted: usize,
    /// What else failed although it was tried again.
    pub failures: Vec<CallError>,
}

/// Runs errands for one case until `stop` completes.
pub async fn run(
    errand: &Errand,
    client: &Client<'_>,
    stop: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<Ledger> {
    let case = errand.register_case(client).await?;
    let ended = AtomicBool::new(false);
    let work = async || {
        let mut ledger = Ledger::default();
        while !ended.load(Ordering::Relaxed) {
            match once(errand, client, case, &mut ledger).await {
                Err(error) if is_open(&error) => ledger.interrupted += 1,
                Err(error) => ledger.failures.push(error),
                Ok(()) => {}
            }
        }
        ledger
    };
    let wait = async {
        let stopped = stop.await;
        ended.store(true, Ordering::Relaxed);
        stopped
    };
    let (stopped, ledgers) = tokio::join!(wait, futures::future::join_all((0..AT_ONCE).map(|_| work())));
    stopped?;
    let mut whole = Ledger::default();
    for ledger in ledgers {
        whole.answers.extend(ledger.answers);
        whole.stamped.extend(ledger.stamped);
        whole.interrupted += ledger.interrupted;
        whole.failures.extend(ledger.failures);
    }
    Ok(whole)
}

async fn once(errand: &Errand, client: &Client<'_>, case: CaseId, ledger: &mut Ledger) -> Called<()> {
    let application = errand.apply(client, case).await?;
    errand.stamp(client, &application).await?;
    ledger.stamped.push(application.id);
    ledger.answers.push(errand.ask(client, application.id).await?);
    Ok(())
}

/// What of `ledger` is not there, or otherwise than it was acknowledged.
pub async fn missing(errand: &Errand, client: &Client<'_>, ledger: &Ledger) -> Vec<String> {
    let mut missing = vec![];
    for answer in &ledger.answers {
        let record: Called<QueryRecord> =
            client.call(errand.user, (REGISTRY, "get_query"), &[&answer.query], &[], None::<&()>).await;
        match record {
            Ok(record) if is_of(&record, answer) => {}
            Ok(record) => missing.push(format!("query {}: acknowledged otherwise: {record:?}", answer.query)),
            Err(error) => missing.push(format!("query {}: {error}", answer.query)),
        }
    }
    for id in &ledger.stamped {
        let detail: Called<QueryApplicationDetail> =
            client.call(errand.user, (REGISTRY, "get_query_application"), &[id], &[], None::<&()>).await;
        match detail {
            Ok(detail) if detail.application.state == ApplicationState::Endorsed => {}
            Ok(detail) => missing.push(format!("application {id}: {:?}", detail.application.state)),
            Err(error) => missing.push(format!("application {id}: {error}")),
        }
    }
    missing
}

fn is_of(record: &QueryRecord, answer: &QueryAnswer) -> bool {
    record.decision == Some(answer.decision)
        && record.digest.as_deref() == Some(answer.digest.as_str())
        && record.log == answer.receipt.log
        && record.log_index.and_then(|i| u64::try_from(i).ok()) == Some(answer.receipt.index)
}
