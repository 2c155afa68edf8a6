//! What the stream tells.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whom or what an act concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An account; the state is that of `account.account-changed.v1`.
    Account,
    /// A person with cards and posts; the state is that of `account.person-changed.v1`.
    Person,
    /// An agency system; the state is that of `account.system-changed.v1`.
    System,
    /// A session.
    Session,
    /// One access token, by its `jti`.
    Token,
}

impl Kind {
    /// Its name in the database and on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Person => "person",
            Self::System => "system",
            Self::Session => "session",
            Self::Token => "token",
        }
    }
}

/// One act that took something away, or gave it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Its number, in the order of commits.
    pub seq: i64,
    /// When, in business time.
    pub at: DateTime<Utc>,
    /// Whom or what it concerns.
    pub kind: Kind,
    /// The id.
    pub subject: String,
    /// Whether access tokens that were issued before are no good any more.
    pub ends_tokens: bool,
    /// What stands since, with its revision, as the event of the kind has it: the newer revision counts, whichever way
    /// it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<serde_json::Value>,
}

/// What was read at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The number after which was read.
    pub after: i64,
    /// The last number that is covered: nothing between it and `after` is missing.
    pub seq: i64,
    /// The entries between, in order.
    pub entries: Vec<Entry>,
    /// Whether more follow that this page did not hold.
    #[serde(default)]
    pub more: bool,
}
