//! Events that this service takes in.

use chassis::Consumer;

mod destructions;
mod directory;
mod erasures;
mod holdings;
mod outputs;

/// Every consumer.
pub fn all() -> Vec<Consumer> {
    vec![
        Consumer::on(directory::on_person_changed),
        Consumer::on(directory::on_agency_changed),
        Consumer::on(holdings::on_registry_holding),
        Consumer::on(holdings::on_audit_holding),
        Consumer::on(holdings::on_account_holding),
        Consumer::on(destructions::on_registry_destruction),
        Consumer::on(destructions::on_audit_destruction),
        Consumer::on(destructions::on_account_destruction),
        Consumer::on(erasures::on_erasure),
        Consumer::on(erasures::on_refusal),
        Consumer::on(outputs::on_output_recorded),
        Consumer::on(chassis::configuration::take),
    ]
}
