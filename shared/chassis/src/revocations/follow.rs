//! Every service but the account service: the stream is kept, begun again after the last number that is known.

use std::convert::Infallible;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::stream::MAX_MESSAGE;
use tokio::time::{Duration, Instant, timeout};

use super::message::{Connection, Message, SPEAKER};
use super::{Gap, hear};
use crate::context::Context;

/// The operation that tells.
const PATH: &str = "/v1/revocations";
/// Silence after which the connection is given up: a word comes each second.
const PATIENCE: Duration = Duration::from_secs(3);
/// Age of a word at its coming past which a new connection is better than this one.
const LATE: Duration = Duration::from_secs(3);
/// Life of a connection: tokens and certificates are shown anew, and monotonic clocks cannot drift apart.
const LIFE: Duration = Duration::from_mins(10);
/// Between two tries: doubled from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Listens for ever.
pub async fn run(context: &Context, url: &str) {
    let mut pause = PAUSES.0;
    loop {
        let before = context.revocations().age();
        let Err(error) = listen(context, url).await;
        let heard = context.revocations().age().is_some_and(|age| before.is_none_or(|before| age < before));
        pause = if heard { PAUSES.0 } else { (pause * 2).min(PAUSES.1) };
        tracing::info!(?error, "stream of revocations ended; it is begun again");
        tokio::time::sleep(pause).await;
    }
}

/// One connection, to its end.
async fn listen(context: &Context, url: &str) -> anyhow::Result<Infallible> {
    let mut challenge = [0; 16];
    context.random().fill(&mut challenge);
    let challenge = URL_SAFE_NO_PAD.encode(challenge);
    // Before the request leaves: the speaker's count begins later.
    let asked = Instant::now();
    let mut connection = Connection::new(context.name(), &challenge, asked);
    let audience = &context.settings().identity.audience;
    let token = context.keys().signer.token(audience, context.now(), "GET", PATH)?;
    let after = context.revocations().seq().to_string();
    let request = context
        .http_client()
        .get(format!("{}{PATH}", url.trim_end_matches('/')))
        .query(&[("after", after.as_str()), ("challenge", &challenge)])
        .bearer_auth(token)
        .timeout(LIFE + PATIENCE);
    let mut response = timeout(PATIENCE, request.send()).await.context("no answer")??;
    ensure!(response.status() == reqwest::StatusCode::OK, "answered {}", response.status());
    let mut buffer = Vec::new();
    while asked.elapsed() < LIFE {
        let chunk = timeout(PATIENCE, response.chunk()).await.context("silent")??.context("closed")?;
        buffer.extend_from_slice(&chunk);
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = buffer.drain(..=end).collect();
            let line = std::str::from_utf8(&line).context("no text")?.trim_end();
            take(context, &mut connection, line)?;
        }
        ensure!(buffer.len() <= MAX_MESSAGE, "a message without end");
    }
    anyhow::bail!("renewed")
}

fn take(context: &Context, connection: &mut Connection, line: &str) -> anyhow::Result<()> {
    let message: Message = context.0.stream_verifier.verify(line, SPEAKER, context.now())?;
    let (told, read_at) = connection.listen(message, Instant::now())?;
    if let Err(gap) = hear(context, told, read_at) {
        if matches!(gap, Gap::Back { .. }) {
            tracing::error!(%gap, "the account service's database went back");
        }
        return Err(gap.into());
    }
    ensure!(read_at.elapsed() < LATE, "late by {:?}", read_at.elapsed());
    Ok(())
}
