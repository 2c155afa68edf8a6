//! What can go wrong with the log.

use crate::body::BodyError;
use crate::header::HeaderError;
use crate::keys::KeyError;
use crate::month::Month;
use crate::standing::AnchorError;

/// Why the log refused or failed. After any error of an append the caller must treat the entry as not recorded.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The log was not named when the [`crate::QueryLog`] was opened.
    #[error("there is no log {0}")]
    UnknownLog(String),
    /// The call breaks a rule of the log; nothing was done.
    #[error("{0}")]
    Invalid(&'static str),
    /// The entry is larger than 256 KiB.
    #[error("the entry is too large")]
    TooLarge,
    /// The database cannot be reached or did not answer in time. An append may or may not have been recorded.
    #[error("the log's database is unavailable")]
    Unavailable,
    /// Another sequencer took the log over and did not give it back in time; try again.
    #[error("another sequencer holds the log")]
    Fenced,
    /// The database holds fewer entries than were signed: restored or failed over without its end. Nothing is
    /// sequenced until an operator has decided (docs/OPERATIONS.md).
    #[error("the log has {size} entries, but {known} were signed: its end is lost")]
    LostTail {
        /// Entries under the largest head that somebody holds.
        known: u64,
        /// Entries that the database has.
        size: u64,
    },
    /// The database holds other entries than were signed.
    #[error("the log's first {size} entries are not those that were signed")]
    Forked {
        /// Entries under the head that they contradict.
        size: u64,
    },
    /// The last checkpoint was signed by another key or under another name: the key store, or the setting of the log's
    /// origin, is not this log's. Nothing is sequenced and nothing signed.
    #[error("the log's checkpoints are signed by another key")]
    OtherKey,
    /// The log has ended, as two persons accepted: its successor goes on.
    #[error("the log has ended, another goes on")]
    Ended,
    /// The log before it ended in a way that nobody accepted, or not any more.
    #[error("nobody accepted how the log before this one ended")]
    Unaccepted,
    /// What a witness answered is not its cosignature of the checkpoint.
    #[error("the witness's cosignature does not hold")]
    Cosignature(#[source] transparency::note::NoteError),
    /// None of those who hold copies of the log's heads could be asked.
    #[error("the log's head cannot be compared")]
    Anchor(#[from] AnchorError),
    /// The sequencer has ended with its runtime.
    #[error("the log is closed")]
    Closed,
    /// No such entry, or its month was destroyed.
    #[error("there is no such entry")]
    NotFound,
    /// The month is not in the log, not closed yet, or already dropped.
    #[error("month {0} is not there, or not closed")]
    Month(Month),
    /// The database refused: a missing right, a trigger, or no approved destruction order.
    #[error("the database refused: {0}")]
    Refused(String),
    /// The key store has no key to give.
    #[error("the key store gives no key")]
    Key(#[from] KeyError),
    /// A body does not open.
    #[error("the body cannot be read")]
    Body(#[from] BodyError),
    /// A header could not be written or read.
    #[error("the header cannot be read")]
    Header(#[from] HeaderError),
    /// A stored row does not have its shape.
    #[error("a stored row of the log is malformed")]
    Malformed,
    /// The database reported an error.
    #[error("the log's database failed")]
    Database(#[source] diesel::result::Error),
    /// The export could not be written.
    #[error("the bundle cannot be written")]
    Write(#[from] std::io::Error),
}

impl From<diesel::result::Error> for LogError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error};
        match error {
            Error::DatabaseError(Kind::ClosedConnection | Kind::UnableToSendCommand, _)
            | Error::BrokenTransactionManager => Self::Unavailable,
            other => Self::Database(other),
        }
    }
}
