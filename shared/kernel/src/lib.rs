//! The words that every service shares and that need no I/O: typed ids, the seams for time and chance,
//! Taipei days and 民國 dates, the working-day calendar, values about persons, canonical bytes.

pub mod calendar;
pub mod canonical;
pub mod clock;
pub mod configuration;
pub mod days;
pub mod event;
pub mod ids;
pub mod personal;
pub mod random;
pub mod sealed;

pub use calendar::WorkingCalendar;
pub use clock::{Clock, SimulatedClock, SystemClock};
pub use event::Event;
pub use personal::{NationalId, Personal};
pub use random::{Random, SeededRandom, SystemRandom};
pub use sealed::{RegisterKey, Sealed};

/// A moment in business time, always UTC; days are counted in Asia/Taipei (see [`days`]).
pub type Instant = chrono::DateTime<chrono::Utc>;
