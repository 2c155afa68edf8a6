//! What many ask of the database at the same moment, done in one statement or transaction: group commit, as the query
//! log has it for its entries. By back-pressure, without a timer: while one batch is under way the next gathers, and who
//! is alone waits for nobody.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Result};

/// Items that wait before askers are held back.
const QUEUE: usize = 1_024;
/// Most items of one batch.
const BATCH: usize = 128;

struct Waiting<T, R> {
    item: T,
    answer: oneshot::Sender<Result<R>>,
}

/// A kind of work that is done for many at once. Cheap to clone.
pub struct Together<T, R> {
    queue: mpsc::Sender<Waiting<T, R>>,
}

impl<T, R> Clone for Together<T, R> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<T, R> fmt::Debug for Together<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").finish_non_exhaustive()
    }
}

impl<T, R> Together<T, R>
where
    T: Send + Sync + 'static,
    R: Send + 'static,
{
    /// Starts on the runtime that this is called in. `work` gives a result for each item, in their order, and changes
    /// nothing on an error: a batch that fails is done again item by item, so that nobody fails for another's sake.
    pub fn new<F>(work: F) -> Self
    where
        F: Fn(Vec<Arc<T>>) -> BoxFuture<'static, Result<Vec<R>>> + Send + Sync + 'static,
    {
        let (queue, mut waiting) = mpsc::channel::<Waiting<T, R>>(QUEUE);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while waiting.recv_many(&mut batch, BATCH).await > 0 {
                let (items, answers): (Vec<_>, Vec<_>) =
                    batch.drain(..).map(|w| (Arc::new(w.item), w.answer)).unzip();
                for (result, answer) in results(&work, items).await.into_iter().zip(answers) {
                    // Who went away meanwhile needs no answer.
                    let _ = answer.send(result);
                }
            }
        });
        Self { queue }
    }

    /// Has `item` done with whatever else waits. What was begun is done even when the asker goes away.
    pub async fn ask(&self, item: T) -> Result<R> {
        let (answer, answered) = oneshot::channel();
        let gone = || Error::Internal(anyhow::anyhow!("the service ends"));
        self.queue.send(Waiting { item, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

async fn results<T, R: Send + 'static>(
    work: &impl Fn(Vec<Arc<T>>) -> BoxFuture<'static, Result<Vec<R>>>,
    items: Vec<Arc<T>>,
) -> Vec<Result<R>> {
    // In a task of its own: one that panics must not be the last.
    let done = async |items| match tokio::spawn(work(items)).await {
        Ok(done) => done,
        Err(panic) => Err(Error::Internal(panic.into())),
    };
    let error = match done(items.clone()).await {
        Ok(results) => return results.into_iter().map(Ok).collect(),
        Err(error) => error,
    };
    if items.len() == 1 {
        return vec![Err(error)];
    }
    tracing::debug!(?error, items = items.len(), "done one by one");
    let mut results = vec![];
    for item in items {
        let alone = done(vec![item]).await;
        results.push(alone.and_then(|mut results| {
            results.pop().ok_or_else(|| Error::Internal(anyhow::anyhow!("no result for an item")))
        }));
    }
    results
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt as _;
    use futures::future::join_all;

    use super::*;

    /// Doubles numbers; a batch with a zero in it fails, one with a hundred and one panics.
    fn doubling(batches: &Arc<AtomicUsize>) -> Together<u32, u32> {
        let batches = Arc::clone(batches);
        Together::new(move |items: Vec<Arc<u32>>| {
            batches.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::task::yield_now().await;
                assert!(!items.iter().any(|n| **n == 101), "a hundred and one");
                if items.iter().any(|n| **n == 0) {
                    return Err(anyhow::anyhow!("zero").into());
                }
                Ok(items.iter().map(|n| **n * 2).collect())
            }
            .boxed()
        })
    }

    #[tokio::test]
    async fn what_waits_is_done_at_once_and_everyone_gets_his_own_result() {
        let batches = Arc::default();
        let doubling = doubling(&batches);
        let results = join_all((1..=100).map(|n| doubling.ask(n))).await;
        let results: Vec<u32> = results.into_iter().map(|r| r.expect("doubled")).collect();
        assert_eq!(results, (1..=100).map(|n| n * 2).collect::<Vec<_>>());
        assert!(batches.load(Ordering::Relaxed) < 10, "{batches:?} batches");
    }

    #[tokio::test]
    async fn nobody_fails_for_anothers_sake() {
        let doubling = doubling(&Arc::default());
        let results = join_all([1, 0, 101, 2].map(|n| doubling.ask(n))).await;
        let results: Vec<Option<u32>> = results.into_iter().map(Result::ok).collect();
        assert_eq!(results, [Some(2), None, None, Some(4)]);
        assert_eq!(doubling.ask(3).await.ok(), Some(6));
    }
}
