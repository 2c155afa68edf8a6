//! The seam for chance: ids, salts, seeds. Tests and the simulated year use [`SeededRandom`].

use std::sync::Mutex;

use aws_lc_rs::{digest, rand};
use uuid::Uuid;

use crate::Instant;

/// Gives random bytes.
pub trait Random: Send + Sync + 'static {
    /// Fills `to` with random bytes.
    fn fill(&self, to: &mut [u8]);
}

impl dyn Random {
    /// A time-ordered id (UUID version 7) for `now`.
    pub fn id<T: From<Uuid>>(&self, now: Instant) -> T {
        let mut bytes = [0; 10];
        self.fill(&mut bytes);
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid().into()
    }

    /// 32 random bytes.
    pub fn bytes32(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        bytes
    }
}

/// The operating system's randomness through aws-lc.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::expect_used, reason = "without randomness nothing may go on: no salt, no id, no key")]
    fn fill(&self, to: &mut [u8]) {
        rand::fill(to).expect("the operating system gives random bytes");
    }
}

/// A repeatable stream: SHA-256 over seed and counter. Never for keys in production.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    counter: Mutex<u64>,
}

impl SeededRandom {
    /// The stream that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: Mutex::new(0) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, to: &mut [u8]) {
        for chunk in to.chunks_mut(32) {
            let mut counter = self.counter.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *counter += 1;
            let mut input = self.seed.to_be_bytes().to_vec();
            input.extend_from_slice(&counter.to_be_bytes());
            let block = digest::digest(&digest::SHA256, &input);
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream_and_ids_sort_by_time() {
        let (a, b): (Box<dyn Random>, Box<dyn Random>) =
            (Box::new(SeededRandom::new(7)), Box::new(SeededRandom::new(7)));
        assert_eq!(a.bytes32(), b.bytes32());
        let early: Uuid = a.id(chrono::DateTime::UNIX_EPOCH + chrono::Duration::days(1));
        let late: Uuid = a.id(chrono::DateTime::UNIX_EPOCH + chrono::Duration::days(2));
        assert!(early < late);
    }
}
