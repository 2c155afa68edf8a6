//! Rhythms of the registry.

pub mod abandoned;
pub mod daily_control;
pub mod expiry;
pub mod holdings;
pub mod overdue;
pub mod reconciliation;
pub mod weekly_control;

use chassis::{Rhythm, Schedule};

/// Every schedule.
pub fn all() -> Vec<Schedule> {
    vec![
        Schedule::new("release-abandoned-queries", Rhythm::Minutes(1), abandoned::run),
        Schedule::new("tell-expired-applications", Rhythm::Daily(0, 5), expiry::run),
        Schedule::new("escalate-late-duties", Rhythm::Daily(0, 10), overdue::run),
        Schedule::new("daily-control", Rhythm::Daily(1, 0), daily_control::run),
        Schedule::new("weekly-control", Rhythm::Weekly(chrono::Weekday::Mon, 6, 0), weekly_control::run),
        Schedule::new("count-holdings", Rhythm::Monthly(3, 0), holdings::run),
        Schedule::new("reconcile-providers", Rhythm::Monthly(4, 0), reconciliation::run),
    ]
}
