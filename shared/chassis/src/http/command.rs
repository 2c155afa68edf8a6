//! A request that changes something: checked body, Idempotency-Key, If-Match; one effect however often it is sent.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, IF_MATCH};
use actix_web::{FromRequest, HttpRequest};
use diesel::sql_types::{BigInt, Jsonb, Nullable, SmallInt, Text};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::RunQueryDsl as _;
use futures::StreamExt as _;
use futures::future::LocalBoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use statement::statement;

use crate::answer::Answer;
use crate::db::Tx;
use crate::emergency;
use crate::error::{Error, Result};
use crate::http::Caller;
use crate::problem::{self, Problem};

/// Bytes of a request body at most.
pub const BODY_LIMIT: usize = 4 * 1024 * 1024;

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
            let bytes = read(&mut payload).await?;
            if !bytes.is_empty() && !is_json(request.headers()) {
                let text = "Send the body as `Content-Type: application/json`.";
                return Err(Problem::new(&problem::UNSUPPORTED_MEDIA_TYPE, text).into());
            }
            let body = parse(&bytes)?;
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

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

async fn read(payload: &mut Payload) -> Result<Vec<u8>> {
    let mut bytes = vec![];
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::invalid("", "the body could not be read"))?;
        if bytes.len() + chunk.len() > BODY_LIMIT {
            return Err(Problem::new(&problem::TOO_LARGE, format!("At most {BODY_LIMIT} bytes.")).into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Parses JSON; a fault is told with the JSON pointer of its place and without the value. An empty body stands for `{}`.
pub fn parse<B: DeserializeOwned>(bytes: &[u8]) -> Result<B> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    if holds_nul(bytes) {
        return Err(Problem::invalid("", "no text may hold the character U+0000").into());
    }
    // serde takes an array for an object, its values in the order of the fields: no document offers that.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::invalid("", "expected an object").into());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value: B = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        Problem::invalid(pointer, reason(&error.inner().to_string()))
    })?;
    reader.end().map_err(|_| Problem::invalid("", "text after the end of the JSON value"))?;
    Ok(value)
}

/// Whether a JSON text holds the escape of U+0000, which no column of text can keep. Unescaped it is no JSON.
fn holds_nul(bytes: &[u8]) -> bool {
    let escape = b"\\u0000";
    let found = bytes.windows(escape.len()).enumerate().filter(|(_, window)| window == escape);
    // A backslash before it makes it a plain backslash and four digits.
    let before = |end: usize| bytes.iter().take(end).rev().take_while(|b| **b == b'\\').count();
    found.map(|(at, _)| before(at)).any(|backslashes| backslashes % 2 == 0)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => "/?".to_owned(),
        })
        .collect()
}

/// serde's message without the offending value, which may be personal.
pub(crate) fn reason(text: &str) -> String {
    let text = text.split(" at line ").next().unwrap_or_default();
    let quotes = ["invalid value: ", "invalid type: ", "unknown variant "];
    if !quotes.iter().any(|quote| text.contains(quote)) {
        return text.to_owned();
    }
    let expected = text.rsplit_once("expected ").map_or("another value", |(_, expected)| expected);
    format!("expected {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsing is tested")]
    struct Body {
        persons: Vec<Person>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsing is tested")]
    struct Person {
        age: u8,
        kind: Option<Kind>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Applicant,
        Relative,
    }

    fn error(text: &str) -> (String, String) {
        let problem = parse::<Body>(text.as_bytes()).unwrap_err().to_problem();
        (problem.errors[0].pointer.clone(), problem.errors[0].detail.clone())
    }

    #[test]
    fn a_fault_is_told_by_pointer_and_never_by_value() {
        let (pointer, detail) = error(r#"{"persons":[{"age":1},{"age":"S000000001"}]}"#);
        assert_eq!(pointer, "/persons/1/age");
        assert_eq!(detail, "expected u8");
        let (pointer, detail) = error(r#"{"persons":[{"age":1,"kind":"S000000001"}]}"#);
        assert_eq!(pointer, "/persons/0/kind");
        assert_eq!(detail, "expected `applicant` or `relative`");
        let (pointer, detail) = error(r#"{"persons":[{"age":1,"kind":"a\\\u0000"}]}"#);
        assert_eq!((pointer.as_str(), detail.as_str()), ("", "no text may hold the character U+0000"));
        let (pointer, _) = error(r#"{"persons":[{"age":1,"kind":"a\\u0000"}]}"#);
        assert_eq!(pointer, "/persons/0/kind", "a backslash and four digits");
        let (pointer, detail) = error(r#"{"persons":[],"x":1}"#);
        assert_eq!(pointer, "/x");
        assert!(detail.starts_with("unknown field"), "{detail}");
        assert_eq!(error(r#"[[{"age":1}]]"#), (String::new(), "expected an object".to_owned()));
    }
}
