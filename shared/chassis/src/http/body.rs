//! A body of JSON: read up to a limit, parsed with the place of each fault.

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::{FromRequest, HttpRequest};
use futures::StreamExt as _;
use futures::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::problem::{self, Problem};

/// Bytes of a request body at most.
pub const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// The body of a public operation, where no caller is known and no Idempotency-Key is asked for; everything else takes
/// a [`crate::Command`].
pub struct Body<B>(pub B);

impl<B: DeserializeOwned + 'static> FromRequest for Body<B> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = read(&mut payload).await?;
            expect_json(request.headers(), &bytes)?;
            parse(&bytes).map(Self)
        })
    }
}

/// 415 for a body of another type than JSON.
pub(super) fn expect_json(headers: &HeaderMap, bytes: &[u8]) -> Result<()> {
    if bytes.is_empty() || is_json(headers) {
        return Ok(());
    }
    let text = "Send the body as `Content-Type: application/json`.";
    Err(Problem::new(&problem::UNSUPPORTED_MEDIA_TYPE, text).into())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The body, at most [`BODY_LIMIT`].
pub(super) async fn read(payload: &mut Payload) -> Result<Vec<u8>> {
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
