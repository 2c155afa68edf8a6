//! Rhythms of this service.

use chassis::{Rhythm, Schedule};

mod count_own_records;
mod escalate_overdue;
mod propose_destruction;
mod remind_disposal;

/// Every schedule.
pub fn all() -> Vec<Schedule> {
    vec![
        Schedule::new("count-own-records", Rhythm::Monthly(1, 30), count_own_records::run),
        Schedule::new("propose-destruction", Rhythm::Daily(2, 0), propose_destruction::run),
        Schedule::new("remind-disposal", Rhythm::Monthly(1, 0), remind_disposal::run),
        Schedule::new("escalate-overdue", Rhythm::Daily(2, 30), escalate_overdue::run),
    ]
}
