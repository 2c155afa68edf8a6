//! The seam for business time. Domain code is handed an [`Instant`]; only the edges hold a [`Clock`].
//! Leases, heartbeats and timeouts use `tokio::time` (real, monotonic) instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

use crate::Instant;

/// Tells business time.
pub trait Clock: Send + Sync + 'static {
    /// The moment it is now.
    fn now(&self) -> Instant;
}

/// The machine's own time.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the seam")]
    fn now(&self) -> Instant {
        DateTime::<Utc>::from(std::time::SystemTime::now())
    }
}

/// A clock that stands still until it is moved; clones share the same hand. After
/// [`SimulatedClock::release`] it follows the machine's time.
#[derive(Debug, Clone)]
pub struct SimulatedClock {
    micros: Arc<AtomicI64>,
}

/// Value of the hand that means "follow the machine".
const RELEASED: i64 = i64::MIN;

impl SimulatedClock {
    /// A clock that shows `start`.
    pub fn starting_at(start: Instant) -> Self {
        Self { micros: Arc::new(AtomicI64::new(start.timestamp_micros())) }
    }

    /// Moves the hand to `to`. Moving backwards is allowed: tests of clocks that jump need it.
    pub fn set(&self, to: Instant) {
        self.micros.store(to.timestamp_micros(), Ordering::SeqCst);
    }

    /// Moves the hand on by `by`.
    pub fn advance(&self, by: chrono::Duration) {
        self.micros.fetch_add(by.num_microseconds().unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// From now on the clock follows the machine's time.
    pub fn release(&self) {
        self.micros.store(RELEASED, Ordering::SeqCst);
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Instant {
        match self.micros.load(Ordering::SeqCst) {
            RELEASED => SystemClock.now(),
            micros => DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_one_hand_and_release_follows_the_machine() {
        let clock = SimulatedClock::starting_at(DateTime::UNIX_EPOCH);
        let other = clock.clone();
        other.advance(chrono::Duration::days(2));
        assert_eq!(clock.now().timestamp(), 172_800);
        clock.release();
        assert!(other.now().timestamp() > 1_700_000_000);
    }
}
