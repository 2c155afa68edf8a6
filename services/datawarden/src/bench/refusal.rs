//! From an act that takes a right away to the gate's first refusal (invariant 7).

use std::time::{Duration, Instant};

use account_types::AccountAct;
use serde_json::Value;

use super::{Figure, quantile};
use crate::client::{Called, Client};
use crate::errand::Errand;
use crate::stack::Stack;

const ROUNDS: usize = 20;
/// What the gate says of an account that is held back.
const REFUSED: &str = "account-not-active";
/// When to give up.
const LIMIT: Duration = Duration::from_secs(30);

/// An account is held back and resumed again and again, while its holder goes on asking. The time counts from before the
/// act is sent, so the act itself is in it.
pub async fn measure(stack: &Stack) -> anyhow::Result<Vec<Figure>> {
    let client = Client::open(stack).await?;
    let packs = stack.service("query-registry").context.packs();
    let errand = Errand::choose(&stack.city, packs, client.now())?;
    let case = errand.register_case(&client).await?;
    let application = errand.apply(&client, case).await?;
    errand.stamp(&client, &application).await?;
    let it = client.bureau("it_unit").ok_or_else(|| anyhow::anyhow!("nobody in the IT unit"))?;
    let act = async |operation: &str| -> Called<Value> {
        let words = AccountAct { reason: "benchmark".into(), clause: "H9".into() };
        client.post(it, ("account", operation), &[&errand.account], &words).await
    };
    let until = async |refused: bool| {
        let begun = Instant::now();
        loop {
            let answer = errand.ask(&client, application.id).await;
            if answer.is_err_and(|error| error.code() == REFUSED) == refused {
                return Ok(());
            }
            anyhow::ensure!(begun.elapsed() < LIMIT, "the gate did not follow within {LIMIT:?}");
        }
    };
    let mut times = vec![];
    for _ in 0..ROUNDS {
        until(false).await?;
        let begun = Instant::now();
        let (acted, followed) = tokio::join!(act("suspend_account"), until(true));
        times.push(begun.elapsed().as_secs_f64());
        acted?;
        followed?;
        act("resume_account").await?;
    }
    Ok(vec![Figure::lower(
        "revocation: account held back → gate refuses, slowest of 20",
        quantile(&mut times, 1.0),
        "s",
        1.0,
    )])
}
