//! A word on the wire: signed for one connection. The listener's challenge and a counter tie it to this connection and
//! its place in it; the age says when it was read from the primary, counted from the connection's beginning there. So a
//! word that was replayed, held back or put in later is at best as fresh as it truly is: the listener counts its age
//! from the moment at which it asked, which lies before that beginning.

use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant};

use super::Word;
use super::entry::Told;

/// The service that speaks.
pub const SPEAKER: &str = "account";

/// The claims of one word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The speaker.
    pub iss: String,
    /// The listener: `revocations/` and the service's name.
    pub aud: String,
    /// What the listener chose for this connection.
    pub challenge: String,
    /// Place in this connection, from 0.
    pub n: u64,
    /// Milliseconds from the connection's beginning to the moment at which this was read.
    pub age_ms: u64,
    /// What was read.
    #[serde(flatten)]
    pub told: Told,
}

/// Why a word is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// From or for somebody else.
    #[error("the word is from or for somebody else")]
    Party,
    /// Of another connection.
    #[error("the word is of another connection")]
    Challenge,
    /// Repeated, or one before it is missing.
    #[error("the word is not the next one")]
    Place,
}

/// One side's view of a connection: whose it is, and what comes next.
#[derive(Debug, Clone)]
pub struct Connection {
    aud: String,
    challenge: String,
    next: u64,
    /// Here: when it began. At the listener: when it asked.
    since: Instant,
}

impl Connection {
    /// A connection of `listener` under `challenge`, begun at `since`.
    pub fn new(listener: &str, challenge: &str, since: Instant) -> Self {
        Self { aud: format!("revocations/{listener}"), challenge: challenge.to_owned(), next: 0, since }
    }

    /// The claims of the next word.
    pub fn speak(&mut self, word: &Word) -> Message {
        let age = word.read_at.saturating_duration_since(self.since);
        let n = self.next;
        self.next += 1;
        Message {
            iss: SPEAKER.to_owned(),
            aud: self.aud.clone(),
            challenge: self.challenge.clone(),
            n,
            age_ms: u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
            told: (*word.told).clone(),
        }
    }

    /// What a word that came at `now` tells, and the latest moment at which it can have been read, if it is the next of this
    /// connection.
    pub fn listen(&mut self, message: Message, now: Instant) -> Result<(Told, Instant), Foreign> {
        if message.iss != SPEAKER || message.aud != self.aud {
            return Err(Foreign::Party);
        }
        if message.challenge != self.challenge {
            return Err(Foreign::Challenge);
        }
        if message.n != self.next {
            return Err(Foreign::Place);
        }
        self.next += 1;
        let read_at = self.since.checked_add(Duration::from_millis(message.age_ms)).ok_or(Foreign::Place)?;
        // A speaker whose clock runs ahead makes nothing fresher than now.
        Ok((message.told, read_at.min(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(read_at: Instant) -> Word {
        let told = Told { after: 0, seq: 0, entries: vec![], more: false };
        Word { told: told.into(), read_at }
    }

    fn pair() -> (Connection, Connection) {
        let now = Instant::now();
        (Connection::new("notes", "c", now), Connection::new("notes", "c", now))
    }

    fn heard(here: &mut Connection, message: &Message) -> Result<Instant, Foreign> {
        here.listen(message.clone(), Instant::now()).map(|(_, read_at)| read_at)
    }

    #[test]
    fn a_word_counts_once_in_its_place_of_its_connection() {
        let (mut there, mut here) = pair();
        let first = there.speak(&word(Instant::now()));
        let second = there.speak(&word(Instant::now()));
        assert_eq!(heard(&mut here, &second), Err(Foreign::Place), "one is missing");
        heard(&mut here, &first).unwrap();
        assert_eq!(heard(&mut here, &first), Err(Foreign::Place), "repeated");
        heard(&mut here, &second).unwrap();
        let mut later = Connection::new("notes", "another", Instant::now());
        assert_eq!(heard(&mut later, &first), Err(Foreign::Challenge), "replayed");
        let mut other = Connection::new("console", "c", Instant::now());
        assert_eq!(heard(&mut other, &first), Err(Foreign::Party), "told to another service");
        let (_, mut here) = pair();
        assert_eq!(heard(&mut here, &Message { iss: "retention".into(), ..first }), Err(Foreign::Party));
    }

    #[test]
    fn a_word_that_was_held_back_is_as_old_as_it_is() {
        let asked = Instant::now();
        let after = |seconds| asked + Duration::from_secs(seconds);
        // The connection began there a second after it was asked for here.
        let (mut there, mut here) =
            (Connection::new("notes", "c", after(1)), Connection::new("notes", "c", asked));
        let held = there.speak(&word(after(3)));
        let (_, read_at) = here.listen(held, after(60)).unwrap();
        assert_eq!(read_at, after(2), "never younger than it is");
    }

    #[test]
    fn a_speaker_whose_clock_runs_ahead_is_not_believed_ahead() {
        let (mut there, mut here) = pair();
        let now = Instant::now();
        let ahead = there.speak(&word(now + Duration::from_secs(3600)));
        assert_eq!(here.listen(ahead, now).unwrap().1, now);
    }
}
