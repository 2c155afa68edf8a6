//! Events that the registry takes in.

pub mod account_history;
pub mod certificate;
pub mod directory;
pub mod governed;
pub mod outputs;

use chassis::Consumer;

/// Every consumer.
pub fn all() -> Vec<Consumer> {
    vec![
        Consumer::on(account_history::take_account),
        Consumer::on(directory::take_person),
        Consumer::on(directory::take_agency),
        Consumer::on(directory::take_system),
        Consumer::on(directory::take_configuration),
        Consumer::on(governed::take_account_act),
        Consumer::on(governed::take_audit_act),
        Consumer::on(governed::take_inventory),
        Consumer::on(outputs::take_settled),
        Consumer::on(certificate::take_certificate),
        Consumer::on(certificate::take_endorsement),
        Consumer::on(crate::destruction::take_order),
        Consumer::on(crate::erasing::take_order),
    ]
}
