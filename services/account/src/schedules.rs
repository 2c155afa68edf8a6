//! What recurs: duties of each period, campaigns, ends of accounts and sessions, what is overdue, what is held, what served
//! its time.

mod account_ends;
mod holdings;
mod overdue;
mod periods;
pub(crate) mod personnel_changes;
mod proposals;
mod sessions;
mod sweep;

use chassis::{Rhythm, Schedule};

/// Every schedule. All run at night in Taipei, in this order.
pub fn all() -> Vec<Schedule> {
    vec![
        Schedule::new("periods", Rhythm::Daily(0, 20), periods::periods),
        Schedule::new("personnel-changes", Rhythm::Daily(0, 30), personnel_changes::personnel_changes),
        Schedule::new("account-ends", Rhythm::Daily(0, 40), account_ends::account_ends),
        Schedule::new("sessions", Rhythm::Daily(0, 45), sessions::sessions),
        Schedule::new("overdue", Rhythm::Daily(0, 50), overdue::overdue),
        Schedule::new("proposals", Rhythm::Daily(0, 55), proposals::proposals),
        Schedule::new("sweep", Rhythm::Daily(1, 0), sweep::sweep),
        Schedule::new("holdings", Rhythm::Monthly(3, 0), holdings::holdings),
    ]
}
