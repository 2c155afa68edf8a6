//! Events that this service takes in.

mod checkpoints;
mod control;
mod destruction;
mod directory;
mod queries;

use account_types::events::{AccountChanged, AgencyChanged, InventoryClosed, TwoPlacesFound};
use chassis::Consumer;
use query_registry_types::events::{
    CheckpointPublished, ControlItemRaised, ControlItemSettled, QueryRecorded, ReportClosed,
};
use retention_types::events::DestructionApproved;

pub(crate) use control::item_to_finding;

use crate::domain::projection::PersonView;

/// Every consumer.
pub fn all() -> Vec<Consumer> {
    vec![
        Consumer::on::<AccountChanged, _>(directory::account_changed),
        Consumer::on::<PersonView, _>(directory::person_changed),
        Consumer::on::<AgencyChanged, _>(directory::agency_changed),
        Consumer::on::<InventoryClosed, _>(control::inventory_closed),
        Consumer::on::<TwoPlacesFound, _>(control::two_places_found),
        Consumer::on_all::<QueryRecorded, _>(queries::queries_recorded),
        Consumer::on::<ControlItemRaised, _>(control::item_raised),
        Consumer::on::<ControlItemSettled, _>(control::item_settled),
        Consumer::on::<ReportClosed, _>(control::report_closed),
        Consumer::on::<CheckpointPublished, _>(checkpoints::checkpoint_published),
        Consumer::on::<DestructionApproved, _>(destruction::destruction_approved),
        Consumer::on(chassis::configuration::take),
    ]
}
