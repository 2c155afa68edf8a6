//! How a provider behaves, by count.

use serde::{Deserialize, Serialize};

/// How a provider behaves. The default answers everything at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// Milliseconds before each answer.
    pub latency_ms: u64,
    /// Of 100 calls, so many get 500; spread evenly, the same ones each time (50: every second one).
    pub error_percent: u8,
    /// Every call gets 503.
    pub outage: bool,
    /// Every n-th call breaks off in the middle of its answer; 0: none.
    pub break_every: u32,
}

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered,
    Failed,
    Refused,
    BrokenOff,
}

impl Behaviour {
    /// What happens to the `call`-th call (from 1) since the behaviour was set.
    pub(crate) fn fate(self, call: u64) -> Fate {
        let failed = |calls: u64| calls * u64::from(self.error_percent.min(100)) / 100;
        if self.outage {
            Fate::Refused
        } else if failed(call) > failed(call - 1) {
            Fate::Failed
        } else if self.break_every > 0 && call.is_multiple_of(self.break_every.into()) {
            Fate::BrokenOff
        } else {
            Fate::Answered
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_follow_from_the_number_of_the_call() {
        let half = Behaviour { error_percent: 50, ..Behaviour::default() };
        let fates: Vec<Fate> = (1..=4).map(|n| half.fate(n)).collect();
        assert_eq!(fates, [Fate::Answered, Fate::Failed, Fate::Answered, Fate::Failed]);
        let broken = Behaviour { break_every: 3, ..Behaviour::default() };
        assert_eq!((1..=9).filter(|n| broken.fate(*n) == Fate::BrokenOff).count(), 3);
        let all = Behaviour { error_percent: 100, ..Behaviour::default() };
        assert!((1..=50).all(|n| all.fate(n) == Fate::Failed));
        assert_eq!(Behaviour { outage: true, ..all }.fate(1), Fate::Refused);
    }
}
