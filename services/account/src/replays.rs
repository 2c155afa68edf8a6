//! What can be published again: the state that other services keep as projections (invariant 6).

use chassis::Replay;
use chassis::configuration::Approval;

use crate::domain::account::Account;
use crate::domain::agency::{Agency, System};
use crate::domain::person::Person;

/// Every kind.
pub fn all() -> Vec<Replay> {
    vec![
        Replay::of::<Agency, _>("agencies", |agency| agency.event()),
        Replay::of::<System, _>("systems", |system| system.event()),
        Replay::of::<Person, _>("people", |person| person.event()),
        Replay::of::<Approval, _>("configuration", |approval| approval.event()),
        Replay::of::<Account, _>("accounts", |account| account.event("replayed", "H5.1.2")),
    ]
}
