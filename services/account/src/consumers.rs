//! What other services tell and what it does here.

mod destruction_approved;
mod finding_closed;
mod finding_raised;
mod query_recorded;

use chassis::Consumer;

/// Every consumer.
pub fn all() -> Vec<Consumer> {
    vec![
        Consumer::on::<audit_sampling_types::events::FindingRaised, _>(finding_raised::finding_raised),
        Consumer::on::<audit_sampling_types::events::FindingClosed, _>(finding_closed::finding_closed),
        Consumer::on_all::<query_registry_types::events::QueryRecorded, _>(query_recorded::queries_recorded),
        Consumer::on::<retention_types::events::DestructionApproved, _>(
            destruction_approved::destruction_approved,
        ),
    ]
}
