//! Operations: one file each, the handler is the operation id of `operations.toml`.

mod add_joint_unit;
mod approve_governed_change;
mod attest;
mod change_account;
mod change_link_manager;
mod close_inventory;
mod complete_emergency_grant;
mod confirm_agency_act;
mod confirm_link_letter;
pub(crate) mod create_application;
mod create_deputy;
mod decide_inventory_line;
mod declare_relatives;
mod drop_governed_change;
mod end_deputy;
mod end_emergency_grant;
mod endorse_application;
mod enrol_person;
mod get_account;
mod get_agency;
mod get_agency_act;
mod get_data_link;
mod get_emergency_grant;
mod get_first_start;
mod get_governed_change;
mod get_inventory;
mod get_jwks;
mod get_oauth_metadata;
mod get_permission_application;
mod get_person;
mod import_personnel_changes;
mod issue_token;
mod list_accounts;
mod list_agencies;
mod list_agency_acts;
mod list_attestations;
mod list_changes;
mod list_configuration;
mod list_data_links;
mod list_deputies;
mod list_emergency_grants;
mod list_governed_changes;
mod list_host_security_records;
mod list_inventories;
mod list_inventory_lines;
mod list_people;
mod list_permission_applications;
mod list_personnel_changes;
mod list_systems;
mod list_trainings;
mod open_account;
mod prepare_login;
mod propose_emergency_grant;
mod propose_governed_change;
mod record_agency_act;
mod record_host_security;
mod record_stage;
mod record_training;
mod refuse_application;
mod register_link;
mod report_lost_card;
mod resubmit_application;
mod resume_account;
mod return_application;
mod review_emergency_grant;
mod review_link;
mod revoke_token;
mod send_link_letter;
mod stop_account;
mod stream_revocations;
mod suspend_account;

use actix_web::http::Method;
use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

/// Adds every operation.
pub fn configure(config: &mut ServiceConfig<'_>) {
    obligations::routes::configure(config);
    chassis::dead_letters::configure(config);
    chassis::endorsements::configure(config);
    config
        .service(add_joint_unit::add_joint_unit)
        .service(approve_governed_change::approve_governed_change)
        .service(attest::attest)
        .service(change_account::change_account)
        .service(change_link_manager::change_link_manager)
        .service(close_inventory::close_inventory)
        .service(complete_emergency_grant::complete_emergency_grant)
        .service(confirm_agency_act::confirm_agency_act)
        .service(confirm_link_letter::confirm_link_letter)
        .service(create_application::create_application)
        .service(create_deputy::create_deputy)
        .service(decide_inventory_line::decide_inventory_line)
        .service(declare_relatives::declare_relatives)
        .service(drop_governed_change::drop_governed_change)
        .service(end_deputy::end_deputy)
        .service(end_emergency_grant::end_emergency_grant)
        .service(endorse_application::endorse_application)
        .service(enrol_person::enrol_person)
        .service(get_account::get_account)
        .service(get_agency::get_agency)
        .service(get_agency_act::get_agency_act)
        .service(get_data_link::get_data_link)
        .service(get_emergency_grant::get_emergency_grant)
        .service(get_first_start::get_first_start)
        .service(get_governed_change::get_governed_change)
        .service(get_inventory::get_inventory)
        .service(get_jwks::get_jwks)
        .service(get_oauth_metadata::get_oauth_metadata)
        .service(get_permission_application::get_permission_application)
        .service(get_person::get_person)
        .service(import_personnel_changes::import_personnel_changes)
        .service(issue_token::issue_token)
        .service(list_accounts::list_accounts)
        .service(list_agencies::list_agencies)
        .service(list_agency_acts::list_agency_acts)
        .service(list_attestations::list_attestations)
        .service(list_changes::list_changes)
        .service(list_configuration::list_configuration)
        .service(list_data_links::list_data_links)
        .service(list_deputies::list_deputies)
        .service(list_emergency_grants::list_emergency_grants)
        .service(list_governed_changes::list_governed_changes)
        .service(list_host_security_records::list_host_security_records)
        .service(list_inventories::list_inventories)
        .service(list_inventory_lines::list_inventory_lines)
        .service(list_people::list_people)
        .service(list_permission_applications::list_permission_applications)
        .service(list_personnel_changes::list_personnel_changes)
        .service(list_systems::list_systems)
        .service(list_trainings::list_trainings)
        .service(open_account::open_account)
        .service(propose_emergency_grant::propose_emergency_grant)
        .service(prepare_login::prepare_login)
        .route("/v1/logins", web::method(Method::OPTIONS).to(prepare_login::preflight))
        .service(propose_governed_change::propose_governed_change)
        .service(record_agency_act::record_agency_act)
        .service(record_host_security::record_host_security)
        .service(record_stage::record_stage)
        .service(record_training::record_training)
        .service(refuse_application::refuse_application)
        .service(register_link::register_link)
        .service(report_lost_card::report_lost_card)
        .service(resubmit_application::resubmit_application)
        .service(resume_account::resume_account)
        .service(return_application::return_application)
        .service(review_emergency_grant::review_emergency_grant)
        .service(revoke_token::revoke_token)
        .service(review_link::review_link)
        .service(send_link_letter::send_link_letter)
        .service(stop_account::stop_account)
        .service(stream_revocations::stream_revocations)
        .service(suspend_account::suspend_account);
}
