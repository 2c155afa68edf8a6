//! What can be wrong with a pack; every text names file, key path and reason.

use std::fmt;

/// A rule pack that cannot be used. The services refuse to start on it.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The file or folder cannot be read.
    #[error("{file}: cannot be read")]
    Read {
        /// The path.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The text is not TOML.
    #[error("{file}: not TOML: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// The parser's words, with line and column.
        reason: String,
    },
    /// A key is missing, unknown or of the wrong type.
    #[error("{file}: {key}: {reason}")]
    Value {
        /// The file.
        file: String,
        /// Path of the key, such as `rhythms.account_inventory.every`; `.` is the file itself.
        key: String,
        /// What was expected.
        reason: String,
    },
    /// The pack can be read but contradicts itself.
    #[error("{file}: {}", join(faults))]
    Invalid {
        /// The file.
        file: String,
        /// Everything that was found, at least one.
        faults: Vec<Fault>,
    },
    /// Two files hold the same pack and version.
    #[error("{file}: version: {reference} is also in {other}")]
    Repeated {
        /// The second file.
        file: String,
        /// The first file.
        other: String,
        /// `id@version`.
        reference: String,
    },
    /// A folder without any pack.
    #[error("{file}: holds no rule pack (*.toml)")]
    Empty {
        /// The folder.
        file: String,
    },
}

/// One contradiction in a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Path of the key, such as `obligations[3].clause`.
    pub key: String,
    /// What is wrong with it.
    pub reason: Reason,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.reason)
    }
}

/// The kinds of contradictions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// An id stands twice in one list.
    #[error("`{0}` is used twice")]
    Duplicate(String),
    /// A name that nothing in the pack has.
    #[error("`{name}` is no {what} of this pack")]
    UnknownReference {
        /// What should have been named, such as `legal basis`.
        what: &'static str,
        /// The name that was found.
        name: String,
    },
    /// Parts of a whole that are none or more than the whole.
    #[error("must be more than 0 and at most 1, is {0}")]
    NotARatio(String),
    /// A number that must be 1 or more.
    #[error("must be 1 or more")]
    NotPositive,
    /// A number above what makes sense there.
    #[error("must be at most {0}")]
    TooLarge(u32),
    /// An end before its beginning.
    #[error("ends ({to}) before it begins ({from})")]
    DatesOutOfOrder {
        /// The first day.
        from: chrono::NaiveDate,
        /// The last day.
        to: chrono::NaiveDate,
    },
    /// An endorsement after the fact, or none, without a citation (H4.2).
    #[error("a mode other than `before` must cite a legal basis")]
    EndorsementNeedsBasis,
    /// A duty without a clause.
    #[error("must name the clause")]
    EmptyClause,
    /// A text or list that must not be empty.
    #[error("must not be empty")]
    Empty,
    /// A trigger without the key that it needs, or with one that it does not take.
    #[error(
        "a trigger `{trigger}` needs `{needs}`, and no other of event, rhythm, deadline, retention but a deadline for an event"
    )]
    Trigger {
        /// The trigger.
        trigger: &'static str,
        /// The key it needs.
        needs: &'static str,
    },
    /// A path that ends without anybody granting or opening anything.
    #[error("has no stage that grants (`decide` or `allot`)")]
    NoResult,
}

fn join(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
