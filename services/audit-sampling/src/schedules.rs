//! Rhythms of this service.

mod daily;
mod holdings;

use chassis::{Rhythm, Schedule};

/// Every schedule.
pub fn all() -> Vec<Schedule> {
    vec![
        Schedule::new("open-audits", Rhythm::Daily(0, 30), daily::open_audits),
        Schedule::new("unexplained-items", Rhythm::Daily(1, 0), daily::follow_unexplained),
        Schedule::new("overdue-and-reminders", Rhythm::Daily(1, 30), daily::mark_and_remind),
        Schedule::new("count-holdings", Rhythm::Monthly(2, 0), holdings::count),
    ]
}
