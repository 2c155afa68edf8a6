//! A request that changes something: checked body, Idempotency-Key, If-Match; one effect however often it is sent.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, IF_MATCH};
use actix_web::{FromRequest, HttpRequest};
use diesel::sql_types::{BigInt, Jsonb, Nullable, SmallInt, Text};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::RunQueryDsl as _;
use futures::future::LocalBoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use statement::statement;

use crate::answer::Answer;
use crate::db::Tx;
use crate::emergency;
use crate::error::{Error, Result};
use crate::http::{Caller, body};
use crate::problem::{self, Problem};

/// A changing request with body `B`; dereferences to its [`Caller`].
pub struct Command<B> {
    /// Who calls.
    pub caller: Caller,
    /// The body.
    pub body: B,
    /// Version from `If-Match`, if it was sent.
    pub if_match: Option<i64>,
    idempotency_key: Option<String>,
    operation: String,
    path: String,
    fingerprint: String,
}

impl<B> std::ops::Deref for Command<B> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Text)]
    operation: String,
    #[diesel(sql_type = Text)]
    fingerprint: String,
    #[diesel(sql_type = SmallInt)]
    status: i16,
    #[diesel(sql_type = Nullable<BigInt>)]
    etag: Option<i64>,
    #[diesel(sql_type = Jsonb)]
    response: serde_json::Value,
}

impl<B> Command<B> {
    /// 412 when `If-Match` was sent and names another version.
    pub fn expect_version(&self, version: i64) -> Result<()> {
        match self.if_match {
            Some(wanted) if wanted != version => {
                Err(Problem::new(&problem::PRECONDITION_FAILED, "Load it again and repeat the change.")
                    .into())
            }
            _ => Ok(()),
        }
    }

    /// Runs `work` in a transaction that also keeps its answer under the Idempotency-Key: the same request again gets
    /// the same answer and no second effect; another request under the same key is refused (422).
    pub async fn run<T>(&self, work: impl AsyncFn(&mut Tx) -> Result<Answer<T>>) -> Result<Answer<T>>
    where
        T: Serialize + DeserializeOwned,
    {
        self.context
            .transaction(async |tx| {
                if let Some(answer) = self.known(tx).await? {
                    return Ok(answer);
                }
                let answer = work(tx).await?;
                if let Some(grant) = self.caller.principal.emergency {
                    emergency::note(tx, grant, &self.operation, &self.path).await?;
                }
                self.remember(tx, &answer).await?;
                Ok(answer)
            })
            .await
    }

    fn caller_key(&self) -> &str {
        &self.caller.principal.subject
    }

    async fn known<T: Serialize + DeserializeOwned>(&self, tx: &mut Tx) -> Result<Option<Answer<T>>> {
        let Some(key) = &self.idempotency_key else { return Ok(None) };
        let known: Option<Known> = statement(
            "SELECT operation, fingerprint, status, etag, response FROM idempotency WHERE caller = $1 AND key = $2",
        )
        .bind::<Text, _>(self.caller_key())
        .bind::<Text, _>(key)
        .get_result(tx.conn())
        .await
        .optional()?;
        let Some(known) = known else { return Ok(None) };
        if known.operation != self.operation || known.fingerprint != self.fingerprint {
            return Err(
                Problem::new(&problem::IDEMPOTENCY_KEY_REUSED, "Use a new key for a new request.").into()
            );
        }
        let status = StatusCode::from_u16(known.status.unsigned_abs()).unwrap_or(StatusCode::OK);
        Ok(Some(Answer::stored(serde_json::from_value(known.response)?, status, known.etag)))
    }

    async fn remember<T: Serialize>(&self, tx: &mut Tx, answer: &Answer<T>) -> Result<()> {
        let Some(key) = &self.idempotency_key else { return Ok(()) };
        let (status, version, body) = answer.parts();
        statement(
            "INSERT INTO idempotency (caller, key, operation, fingerprint, status, etag, response) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind::<Text, _>(self.caller_key())
        .bind::<Text, _>(key)
        .bind::<Text, _>(&self.operation)
        .bind::<Text, _>(&self.fingerprint)
        .bind::<SmallInt, _>(i16::try_from(status.as_u16()).unwrap_or(200))
        .bind::<Nullable<BigInt>, _>(version)
        .bind::<Jsonb, _>(serde_json::to_value(body)?)
        .execute(tx.conn())
        .await?;
        Ok(())
    }
}

impl<B: DeserializeOwned + 'static> FromRequest for Command<B> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let caller = caller.await?;
            let idempotency_key = idempotency_key(&request)?;
            let bytes = body::read(&mut payload).await?;
            body::expect_json(request.headers(), &bytes)?;
            let body = body::parse(&bytes)?;
            // The path takes part: the same key and body for another resource is another request. The body is kept
            // as a keyless digest of canonical form only when it is the caller's own; personal values in it are few
            // and guessable, so the digest is keyed by the idempotency key, which the caller chose at random.
            let mut material = idempotency_key.clone().unwrap_or_default().into_bytes();
            material.extend_from_slice(request.uri().path().as_bytes());
            material.push(0);
            material.extend_from_slice(&bytes);
            Ok(Self {
                operation: format!("{} {}", request.method(), request.match_pattern().unwrap_or_default()),
                path: request.path().to_owned(),
                fingerprint: kernel::canonical::sha256_hex(&material),
                if_match: if_match(request.headers())?,
                idempotency_key,
                caller,
                body,
            })
        })
    }
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<String>> {
    let key = request.headers().get("idempotency-key").map(|v| v.to_str().unwrap_or_default().to_owned());
    match key {
        None if request.method() == actix_web::http::Method::POST => Err(Problem::new(
            &problem::IDEMPOTENCY_KEY_MISSING,
            "Send a fresh random Idempotency-Key with each new request.",
        )
        .field("Idempotency-Key", "is missing")
        .into()),
        Some(key) if key.is_empty() || key.len() > 100 || !key.bytes().all(|b| b.is_ascii_graphic()) => {
            Err(Problem::invalid("Idempotency-Key", "1 to 100 visible ASCII characters").into())
        }
        key => Ok(key),
    }
}

fn if_match(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(value) = headers.get(IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let number = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let number = number.filter(|n| n.bytes().all(|b| b.is_ascii_digit())).and_then(|n| n.parse().ok());
    match number {
        Some(version) => Ok(Some(version)),
        None => Err(Problem::invalid("If-Match", "send the ETag as it was answered").into()),
    }
}
