//! Operations, one file each.

use utoipa_actix_web::service_config::ServiceConfig;

mod approve_destruction;
mod approve_erasure;
mod confirm_no_need;
mod destroy_output;
mod file_output;
mod get_certificate;
mod get_destruction_order;
mod get_erasure_certificate;
mod get_erasure_order;
mod get_hold;
mod get_holding;
mod get_output;
mod lift_hold;
mod list_certificates;
mod list_destruction_orders;
mod list_erasure_orders;
mod list_holdings;
mod list_holds;
mod list_outputs;
mod place_hold;
mod register_output;
mod request_destruction;
mod request_erasure;
mod return_destruction;
mod return_erasure;
mod support;

/// Adds every operation.
pub fn configure(config: &mut ServiceConfig<'_>) {
    obligations::routes::configure(config);
    chassis::dead_letters::configure(config);
    chassis::endorsements::configure(config);
    config
        .service(list_holdings::list_holdings)
        .service(get_holding::get_holding)
        .service(place_hold::place_hold)
        .service(lift_hold::lift_hold)
        .service(list_holds::list_holds)
        .service(get_hold::get_hold)
        .service(request_destruction::request_destruction)
        .service(approve_destruction::approve_destruction)
        .service(return_destruction::return_destruction)
        .service(list_destruction_orders::list_destruction_orders)
        .service(get_destruction_order::get_destruction_order)
        .service(get_certificate::get_certificate)
        .service(list_certificates::list_certificates)
        .service(request_erasure::request_erasure)
        .service(approve_erasure::approve_erasure)
        .service(return_erasure::return_erasure)
        .service(list_erasure_orders::list_erasure_orders)
        .service(get_erasure_order::get_erasure_order)
        .service(get_erasure_certificate::get_erasure_certificate)
        .service(register_output::register_output)
        .service(file_output::file_output)
        .service(confirm_no_need::confirm_no_need)
        .service(destroy_output::destroy_output)
        .service(list_outputs::list_outputs)
        .service(get_output::get_output);
}
