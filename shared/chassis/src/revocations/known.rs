//! What is known, and how it grows: pure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::entry::{Kind, Told};

/// How long an entry can concern a token: the longest life of one, and what clocks may differ by.
const CONCERNS_TOKENS_SECONDS: i64 = identity::token::MAX_ACCESS_SECONDS + 60;

/// What does not follow what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
    /// Entries are missing between.
    #[error("entries between {known} and {after} were not heard")]
    Missing {
        /// The last one known.
        known: i64,
        /// Where the next begins.
        after: i64,
    },
    /// The account service's database is older than what was heard from it: everything is heard anew.
    #[error("the account service knows less than it told: {known} before, {told} now")]
    Back {
        /// The last one known.
        known: i64,
        /// The last one told.
        told: i64,
    },
    /// Numbers that contradict each other.
    #[error("numbers are out of order")]
    Disorder,
}

/// An act after which older tokens of its subject are no good.
#[derive(Debug, Clone, Copy)]
struct Ended {
    seq: i64,
    until: DateTime<Utc>,
}

/// The last number, when it was heard, and whose tokens ended. Bounded: a subject is forgotten when no token from before
/// the act can live any more.
#[derive(Debug, Default)]
pub struct Known {
    seq: i64,
    heard: Option<Instant>,
    ended: HashMap<(Kind, String), Ended>,
}

impl Known {
    /// The last number.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// When the last word was read from the primary, at the latest.
    pub fn heard(&self) -> Option<Instant> {
        self.heard
    }

    /// Takes in what was read at `read_at`.
    pub fn take(&mut self, told: &Told, read_at: Instant, now: DateTime<Utc>) -> Result<(), Gap> {
        if told.after > self.seq {
            return Err(Gap::Missing { known: self.seq, after: told.after });
        }
        if told.seq < self.seq {
            let known = std::mem::take(&mut self.seq);
            return Err(Gap::Back { known, told: told.seq });
        }
        let mut last = told.after;
        for entry in &told.entries {
            if entry.seq <= last || entry.seq > told.seq {
                return Err(Gap::Disorder);
            }
            last = entry.seq;
        }
        for entry in told.entries.iter().filter(|e| e.seq > self.seq && e.ends_tokens) {
            let until = entry.at + chrono::Duration::seconds(CONCERNS_TOKENS_SECONDS);
            if until > now {
                let ended = Ended { seq: entry.seq, until };
                self.ended.insert((entry.kind, entry.subject.clone()), ended);
            }
        }
        if !told.entries.is_empty() {
            self.ended.retain(|_, ended| ended.until > now);
        }
        self.seq = told.seq;
        // A word that overtook a later one makes nothing older.
        self.heard = self.heard.max(Some(read_at));
        Ok(())
    }

    /// Whether no act concerns any token that can still live.
    pub fn is_quiet(&self) -> bool {
        self.ended.is_empty()
    }

    /// Which of `subjects` an act after number `as_of` concerned.
    pub fn refuses(&self, subjects: &[(Kind, String)], as_of: i64) -> Option<Kind> {
        let ended = |subject: &&(Kind, String)| self.ended.get(*subject).is_some_and(|e| e.seq > as_of);
        subjects.iter().find(ended).map(|(kind, _)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Entry;
    use super::*;

    fn entry(seq: i64, subject: &str, at: i64) -> Entry {
        Entry {
            seq,
            at: DateTime::from_timestamp(at, 0).unwrap(),
            kind: Kind::Person,
            subject: subject.to_owned(),
            ends_tokens: true,
            state: None,
        }
    }

    fn told(after: i64, seq: i64, entries: Vec<Entry>) -> Told {
        Told { after, seq, entries, more: false }
    }

    fn person(id: &str) -> [(Kind, String); 1] {
        [(Kind::Person, id.to_owned())]
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_token_from_before_the_act_ends_and_one_from_after_it_lives() {
        let mut known = Known::default();
        known.take(&told(0, 7, vec![entry(7, "a", 0)]), Instant::now(), at(0)).unwrap();
        assert_eq!(known.refuses(&person("a"), 6), Some(Kind::Person));
        assert_eq!(known.refuses(&person("a"), 7), None);
        assert_eq!(known.refuses(&person("b"), 0), None);
    }

    #[test]
    fn a_subject_is_forgotten_when_no_token_from_before_can_live() {
        let mut known = Known::default();
        let now = Instant::now();
        known.take(&told(0, 1, vec![entry(1, "a", 0)]), now, at(0)).unwrap();
        known.take(&told(1, 2, vec![entry(2, "b", 660)]), now, at(660)).unwrap();
        assert_eq!(known.ended.len(), 1);
        // Old ones that a new process hears first are not even remembered.
        known.take(&told(2, 3, vec![entry(3, "c", 0)]), now, at(660)).unwrap();
        assert_eq!(known.ended.len(), 1);
    }

    #[test]
    fn what_does_not_follow_is_refused_and_changes_nothing() {
        let mut known = Known::default();
        let now = Instant::now();
        known.take(&told(0, 5, vec![]), now, at(0)).unwrap();
        let gap = known.take(&told(6, 7, vec![entry(7, "a", 0)]), now, at(0));
        assert_eq!(gap, Err(Gap::Missing { known: 5, after: 6 }));
        for entries in [vec![entry(9, "a", 0)], vec![entry(7, "a", 0), entry(7, "b", 0)]] {
            assert_eq!(known.take(&told(5, 8, entries), now, at(0)), Err(Gap::Disorder));
        }
        assert_eq!((known.seq(), known.refuses(&person("a"), 0)), (5, None));
        // An overlap is no gap.
        known.take(&told(3, 6, vec![entry(4, "a", 0), entry(6, "b", 0)]), now, at(0)).unwrap();
        assert_eq!(
            (known.refuses(&person("a"), 0), known.refuses(&person("b"), 0)),
            (None, Some(Kind::Person))
        );
    }

    #[test]
    fn a_database_that_went_back_is_heard_from_its_beginning() {
        let mut known = Known::default();
        let now = Instant::now();
        known.take(&told(0, 9, vec![entry(9, "a", 0)]), now, at(0)).unwrap();
        assert_eq!(known.take(&told(9, 4, vec![]), now, at(0)), Err(Gap::Back { known: 9, told: 4 }));
        known.take(&told(0, 4, vec![entry(2, "b", 0)]), now, at(0)).unwrap();
        assert_eq!(known.refuses(&person("a"), 5), Some(Kind::Person), "what was refused stays so");
        assert_eq!(known.refuses(&person("b"), 0), Some(Kind::Person));
    }
}
