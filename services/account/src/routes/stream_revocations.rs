//! `stream_revocations`

use std::sync::Arc;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, get, web};
use chassis::revocations::{Connection, Message, Told, Word};
use chassis::{Caller, Context, Problem, Result};
use identity::StreamSigner;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::time::Instant;
use utoipa::IntoParams;

use crate::store::revocations;

/// Where to begin, and for which connection.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct StreamParams {
    /// The last number that the listener knows; 0 for everything that is kept.
    #[param(minimum = 0)]
    after: i64,
    /// A random text of the listener's that every message repeats: what was signed for another connection is worth
    /// nothing in this one.
    #[param(min_length = 16, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
    challenge: String,
}

/// What is said next on one connection.
struct Speech {
    context: Context,
    connection: Connection,
    words: Receiver<Word>,
    /// The last number that was said.
    said: i64,
    caught_up: bool,
    /// When the last page had been read.
    paged_at: Option<Instant>,
}

/// Tells what was revoked, for as long as the connection lives: each act at once, and each second the number of the last
/// one as it was just read from the primary database. Each line is a JWS signed by this service. While the number cannot
/// be read nothing is said.
#[utoipa::path(get, path = "/v1/revocations", params(StreamParams),
    responses((status = 200, description = "Lines, each a signed message. 逐行傳送之簽章訊息。", body = String,
        content_type = "text/plain")))]
#[get("/v1/revocations")]
pub async fn stream_revocations(caller: Caller, params: web::Query<StreamParams>) -> Result<HttpResponse> {
    let params = params.into_inner();
    if params.after < 0 {
        return Err(Problem::invalid("after", "a number of the stream, or 0").into());
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    if !(16..=64).contains(&params.challenge.len()) || !params.challenge.bytes().all(plain) {
        return Err(Problem::invalid("challenge", "16 to 64 characters of base64url").into());
    }
    let context = caller.context.clone();
    let speech = Speech {
        connection: Connection::new(&caller.principal.subject, &params.challenge, Instant::now()),
        // Before the first page is read: nothing falls between the page and the words.
        words: context.revocations().words().ok_or_else(|| anyhow::anyhow!("the process ends"))?,
        said: params.after,
        caught_up: false,
        paged_at: None,
        context,
    };
    let lines = futures::stream::try_unfold(speech, Speech::next);
    let no_store = (CACHE_CONTROL, "no-store");
    Ok(HttpResponse::Ok().insert_header(no_store).content_type("text/plain").streaming(lines))
}

impl Speech {
    /// The next line, when there is something to say. `None` ends the connection: the listener comes again.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        let word = if self.caught_up { self.heard().await } else { Some(self.page().await?) };
        let Some(word) = word else { return Ok(None) };
        self.said = word.told.seq;
        let message: Message = self.connection.speak(&word);
        // The certificate of the moment: a renewed one signs at once.
        let signer = StreamSigner::new(self.context.keys().signer.credential().clone());
        let mut line = signer.and_then(|signer| signer.sign(&message)).map_err(anyhow::Error::from)?;
        line.push('\n');
        Ok(Some((line.into(), self)))
    }

    /// What the listener missed, page by page.
    async fn page(&mut self) -> Result<Word> {
        let read_at = Instant::now();
        let mut conn = self.context.connection().await?;
        let told = revocations::told(&mut conn, self.said).await?;
        self.caught_up = !told.more;
        self.paged_at = Some(Instant::now());
        Ok(Word { told: Arc::new(told), read_at })
    }

    /// What this process's reader read; nothing when it is cut off, or when the database went back: the listener comes again
    /// and finds that out by the number.
    async fn heard(&mut self) -> Option<Word> {
        let after = self.said;
        loop {
            let mut word = self.words.recv().await.ok()?;
            if word.told.seq <= after && self.paged_at.is_some_and(|paged| word.read_at < paged) {
                // Read before the page that was told since.
                continue;
            }
            if word.told.after > after || word.told.seq < after {
                return None;
            }
            if word.told.after < after {
                let entries = word.told.entries.iter().filter(|e| e.seq > after).cloned().collect();
                let told = Told { after, seq: word.told.seq, entries, more: false };
                word.told = Arc::new(told);
            }
            return Some(word);
        }
    }
}
