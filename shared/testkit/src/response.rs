//! An answer, with assertions that print it when they fail.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// An answer: status, headers, JSON body.
#[derive(Debug)]
pub struct TestResponse {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: reqwest::header::HeaderMap,
    /// Body; `Null` when it is not JSON.
    pub body: Value,
}

impl TestResponse {
    /// Reads the answer.
    pub async fn read(response: reqwest::Response) -> anyhow::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
        Ok(Self { status, headers, body })
    }

    /// The body, of an answer that must have `status`.
    ///
    /// # Panics
    /// When the status is another one.
    pub fn expect_status(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    /// The body as `T`, of an answer that must have `status`.
    ///
    /// # Panics
    /// When the status is another one or the body is no `T`.
    #[must_use]
    #[expect(clippy::panic, reason = "a test's assertion")]
    pub fn json<T: DeserializeOwned>(self, status: u16) -> T {
        let body = self.expect_status(status);
        serde_json::from_value(body.clone()).unwrap_or_else(|e| panic!("{e}: {body:#}"))
    }

    /// Asserts that the answer is the problem `code`.
    ///
    /// # Panics
    /// When it is not.
    pub fn expect_problem(self, code: &str) -> Value {
        assert_eq!(self.body["type"], format!("urn:datawarden:problem:{code}"), "{:#}", self.body);
        self.body
    }
}
