//! One file per operation; the operation id is the handler's name.

pub mod close_case;
pub mod confirm_as_finding;
pub mod create_query;
pub mod create_query_application;
pub mod decide_copy_request;
pub mod endorse_daily_report;
pub mod endorse_query_applications;
pub mod endorse_weekly_report;
pub mod explain_control_item;
pub mod export_log;
pub mod get_case;
pub mod get_control_item;
pub mod get_daily_report;
pub mod get_import;
pub mod get_log_checkpoint;
pub mod get_log_entries;
pub mod get_log_entry;
pub mod get_log_loss;
pub mod get_log_proof;
pub mod get_log_successor;
pub mod get_log_tile;
pub mod get_query;
pub mod get_query_application;
pub mod get_query_register;
pub mod get_reconciliation;
pub mod get_weekly_report;
pub mod import_immigration_log;
pub mod import_platform_report;
pub mod list_cases;
pub mod list_changes;
pub mod list_control_items;
pub mod list_copy_requests;
pub mod list_daily_reports;
pub mod list_imports;
pub mod list_log_heads;
pub mod list_outputs;
pub mod list_queries;
pub mod list_query_applications;
pub mod list_reconciliations;
pub mod list_report_lines;
pub mod list_weekly_reports;
pub mod read_log_entry;
pub mod record_output;
pub mod register_case;
pub mod request_copy;
pub mod return_query_application;
pub mod search_log_entries;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds every operation.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(register_case::register_case)
        .service(list_cases::list_cases)
        .service(get_case::get_case)
        .service(close_case::close_case)
        .service(create_query_application::create_query_application)
        .service(list_query_applications::list_query_applications)
        .service(get_query_application::get_query_application)
        .service(endorse_query_applications::endorse_query_applications)
        .service(return_query_application::return_query_application)
        .service(get_query_register::get_query_register)
        .service(create_query::create_query)
        .service(list_queries::list_queries)
        .service(get_query::get_query)
        .service(record_output::record_output)
        .service(list_outputs::list_outputs)
        .service(request_copy::request_copy)
        .service(list_copy_requests::list_copy_requests)
        .service(decide_copy_request::decide_copy_request)
        .service(list_log_heads::list_log_heads)
        .service(get_log_entry::get_log_entry)
        .service(get_log_proof::get_log_proof)
        .service(get_log_loss::get_log_loss)
        .service(get_log_successor::get_log_successor)
        .service(get_log_checkpoint::get_log_checkpoint)
        // Before the hashes, whose path would take it too.
        .service(get_log_entries::get_log_entries)
        .service(get_log_tile::get_log_tile)
        .service(export_log::export_log)
        .service(read_log_entry::read_log_entry)
        .service(search_log_entries::search_log_entries)
        .service(list_changes::list_changes)
        .service(list_daily_reports::list_daily_reports)
        .service(get_daily_report::get_daily_report)
        .service(list_report_lines::list_report_lines)
        .service(endorse_daily_report::endorse_daily_report)
        .service(list_weekly_reports::list_weekly_reports)
        .service(get_weekly_report::get_weekly_report)
        .service(endorse_weekly_report::endorse_weekly_report)
        .service(import_platform_report::import_platform_report)
        .service(list_control_items::list_control_items)
        .service(get_control_item::get_control_item)
        .service(explain_control_item::explain_control_item)
        .service(confirm_as_finding::confirm_as_finding)
        .service(list_reconciliations::list_reconciliations)
        .service(get_reconciliation::get_reconciliation)
        .service(import_immigration_log::import_immigration_log)
        .service(list_imports::list_imports)
        .service(get_import::get_import);
    obligations::routes::configure(config);
    chassis::dead_letters::configure(config);
    chassis::endorsements::configure(config);
}
