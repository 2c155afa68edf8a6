//! The one error type of handlers, consumers and jobs. Problems are answered as they are; anything else is logged
//! once at the edge and answered with a generic text.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::problem::{self, Problem};

/// Result of a handler, consumer or job.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can end a piece of work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A problem for the caller.
    #[error("{}", .0.kind.code)]
    Problem(Box<Problem>),
    /// The database said no.
    #[error("database error")]
    Database(#[from] DieselError),
    /// No connection to the database could be had.
    #[error("no database connection")]
    Pool(#[source] anyhow::Error),
    /// Anything else.
    #[error("internal error")]
    Internal(#[from] anyhow::Error),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<kernel::sealed::SealError> for Error {
    fn from(error: kernel::sealed::SealError) -> Self {
        Self::Internal(error.into())
    }
}

impl Error {
    /// Whether the same work may succeed when it is done again at once.
    pub fn is_retryable(&self) -> bool {
        let Self::Database(DieselError::DatabaseError(kind, info)) = self else { return false };
        matches!(kind, DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::UniqueViolation)
            || info.message().contains("deadlock detected")
    }

    /// Whether the database went away, or came back just now: what was to be done is as right as before, and may be
    /// done again once it is there.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Pool(_) | Self::Database(DieselError::BrokenTransactionManager) => true,
            Self::Database(DieselError::DatabaseError(kind, info)) => {
                matches!(
                    kind,
                    DatabaseErrorKind::ClosedConnection
                        | DatabaseErrorKind::UnableToSendCommand
                        | DatabaseErrorKind::ReadOnlyTransaction
                ) || info.message().starts_with("terminating connection")
            }
            _ => false,
        }
    }

    /// The problem that the caller sees.
    pub fn to_problem(&self) -> Problem {
        match self {
            Self::Problem(problem) => (**problem).clone(),
            Self::Database(DieselError::NotFound) => Problem::new(&problem::NOT_FOUND, "Check the id."),
            Self::Database(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                Problem::new(&problem::CONFLICT, "It exists already.")
            }
            Self::Database(DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => {
                Problem::new(&problem::UNAVAILABLE, "Try again.").retry_after(1)
            }
            outage if outage.is_outage() => Problem::new(&problem::UNAVAILABLE, "Try again.").retry_after(1),
            Self::Pool(_) | Self::Database(_) | Self::Internal(_) => Problem::new(
                &problem::INTERNAL,
                "The details are in the log under the transaction number of this answer.",
            ),
        }
    }

    /// The code of the problem, for logs and metrics.
    pub fn code(&self) -> &'static str {
        self.to_problem().kind.code
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.to_problem().kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        if !matches!(self, Self::Problem(_)) {
            tracing::error!(error = ?self, "request failed");
        }
        respond(&self.to_problem())
    }
}

/// Seconds after which to try again what is away.
const AGAIN: u32 = 5;

/// Answers with `problem`.
pub fn respond(problem: &Problem) -> HttpResponse {
    let status = StatusCode::from_u16(problem.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&problem.body()).unwrap_or_default();
    let mut response = HttpResponse::build(status).content_type("application/problem+json").body(body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Every 503 says when to come back; a cause that knows better says so itself.
    let unavailable = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(AGAIN);
    if let Some(seconds) = problem.retry_after.or(unavailable) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
