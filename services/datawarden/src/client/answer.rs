//! What a call gives: a value, or why there is none.

use std::time::Duration;

use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What a service says that is not ready, or what stands before it and does not reach it.
pub(super) const AWAY: [StatusCode; 3] =
    [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];

/// How long a service that was asked too often wants to be left alone (RFC 9110, 10.2.3), a minute at most.
pub(super) fn retry_after(answer: &reqwest::Response) -> Duration {
    let header = answer.headers().get(reqwest::header::RETRY_AFTER);
    let seconds: Option<u64> = header.and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1).min(60))
}

/// Why a call gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The suite refused: status, problem code, its text.
    #[error("{operation}: {status} {code}: {detail}")]
    Refused {
        /// Operation id.
        operation: String,
        /// HTTP status.
        status: u16,
        /// Problem code, or the OAuth error.
        code: String,
        /// What the problem says, field errors included.
        detail: String,
        /// Its further members.
        problem: Value,
    },
    /// The service has no such operation.
    #[error("{service} has no operation {operation}")]
    NoOperation {
        /// Service.
        service: String,
        /// Operation id.
        operation: String,
    },
    /// Nobody there, or an answer that cannot be read.
    #[error("{operation}: no usable answer")]
    Transport {
        /// Operation id.
        operation: String,
        /// Why.
        source: anyhow::Error,
    },
}

impl CallError {
    /// The problem code of a refusal; `no-operation` and `transport` otherwise.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::NoOperation { .. } => "no-operation",
            Self::Transport { .. } => "transport",
        }
    }

    /// Whether the same may go well a moment later: nobody there, or not ready.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Transport { .. } => true,
            Self::Refused { status, .. } => AWAY.iter().any(|away| away.as_u16() == *status),
            Self::NoOperation { .. } => false,
        }
    }

    /// Operation id.
    pub fn operation(&self) -> &str {
        match self {
            Self::Refused { operation, .. }
            | Self::NoOperation { operation, .. }
            | Self::Transport { operation, .. } => operation,
        }
    }
}

/// What a call gives.
pub type Called<T> = Result<T, CallError>;

pub(super) fn failed(operation: &str, source: anyhow::Error) -> CallError {
    CallError::Transport { operation: operation.to_owned(), source }
}

pub(super) async fn read<T: DeserializeOwned>(operation: &str, response: reqwest::Response) -> Called<T> {
    let status = response.status();
    let bytes = response.bytes().await.map_err(|e| failed(operation, e.into()))?;
    if status.is_success() {
        return serde_json::from_slice(&bytes).map_err(|e| failed(operation, e.into()));
    }
    let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let text = |name: &str| problem[name].as_str().map(str::to_owned);
    let code = text("type").and_then(|t| t.rsplit(':').next().map(str::to_owned)).or_else(|| text("error"));
    let said = text("detail").or_else(|| text("error_description")).unwrap_or_default();
    let errors = problem["errors"].as_array().map(|e| Value::from(e.clone()).to_string()).unwrap_or_default();
    Err(CallError::Refused {
        operation: operation.to_owned(),
        status: status.as_u16(),
        code: code.unwrap_or_else(|| "unknown".to_owned()),
        detail: format!("{said} {errors}").trim().to_owned(),
        problem,
    })
}
