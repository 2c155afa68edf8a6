//! One file for each operation.

mod accept_correction_report;
mod answer_cooperation;
mod assign_worksheet;
mod close_audit_plan;
mod close_finding;
mod close_investigation;
mod confirm_draw_numbers;
mod create_audit_plan;
mod create_contribution;
mod create_finding;
mod create_internal_audit;
mod create_package;
mod create_spot_check;
mod draw_sample;
mod draw_spot_check;
mod endorse_internal_audit;
mod endorse_investigation;
mod freeze_population;
mod get_audit_plan;
mod get_audit_record;
mod get_cooperation_request;
mod get_draw_proof;
mod get_finding;
mod get_internal_audit;
mod get_internal_audit_form;
mod get_investigation;
mod get_latest_checkpoint;
mod get_package;
mod get_package_content;
mod get_spot_check;
mod get_worksheet;
mod list_audit_plans;
mod list_checkpoints;
mod list_cooperation_requests;
mod list_findings;
mod list_internal_audits;
mod list_investigations;
mod list_packages;
mod list_spot_checks;
mod list_worksheets;
mod open_investigation;
mod order_correction;
mod record_anomaly_course;
mod record_draw_numbers;
mod record_internal_audit;
mod record_legal_referral;
mod record_referral_outcome;
mod record_spot_check;
mod record_worksheet_result;
mod request_cooperation;
mod submit_correction_report;
mod withdraw_draw_numbers;
mod write_investigation_record;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds every operation.
pub fn configure(config: &mut ServiceConfig<'_>) {
    obligations::routes::configure(config);
    chassis::dead_letters::configure(config);
    chassis::endorsements::configure(config);
    config
        .service(list_checkpoints::list_checkpoints)
        .service(get_latest_checkpoint::get_latest_checkpoint)
        .service(accept_correction_report::accept_correction_report)
        .service(answer_cooperation::answer_cooperation)
        .service(assign_worksheet::assign_worksheet)
        .service(close_audit_plan::close_audit_plan)
        .service(close_finding::close_finding)
        .service(close_investigation::close_investigation)
        .service(confirm_draw_numbers::confirm_draw_numbers)
        .service(create_audit_plan::create_audit_plan)
        .service(create_contribution::create_contribution)
        .service(create_finding::create_finding)
        .service(create_internal_audit::create_internal_audit)
        .service(create_package::create_package)
        .service(create_spot_check::create_spot_check)
        .service(draw_sample::draw_sample)
        .service(draw_spot_check::draw_spot_check)
        .service(endorse_internal_audit::endorse_internal_audit)
        .service(endorse_investigation::endorse_investigation)
        .service(freeze_population::freeze_population)
        .service(get_audit_plan::get_audit_plan)
        .service(get_audit_record::get_audit_record)
        .service(get_cooperation_request::get_cooperation_request)
        .service(get_draw_proof::get_draw_proof)
        .service(get_finding::get_finding)
        .service(get_internal_audit::get_internal_audit)
        .service(get_internal_audit_form::get_internal_audit_form)
        .service(get_investigation::get_investigation)
        .service(get_package::get_package)
        .service(get_package_content::get_package_content)
        .service(get_spot_check::get_spot_check)
        .service(get_worksheet::get_worksheet)
        .service(list_audit_plans::list_audit_plans)
        .service(list_cooperation_requests::list_cooperation_requests)
        .service(list_findings::list_findings)
        .service(list_internal_audits::list_internal_audits)
        .service(list_investigations::list_investigations)
        .service(list_packages::list_packages)
        .service(list_spot_checks::list_spot_checks)
        .service(list_worksheets::list_worksheets)
        .service(open_investigation::open_investigation)
        .service(order_correction::order_correction)
        .service(record_anomaly_course::record_anomaly_course)
        .service(record_draw_numbers::record_draw_numbers)
        .service(record_internal_audit::record_internal_audit)
        .service(record_legal_referral::record_legal_referral)
        .service(record_referral_outcome::record_referral_outcome)
        .service(record_spot_check::record_spot_check)
        .service(record_worksheet_result::record_worksheet_result)
        .service(request_cooperation::request_cooperation)
        .service(submit_correction_report::submit_correction_report)
        .service(withdraw_draw_numbers::withdraw_draw_numbers)
        .service(write_investigation_record::write_investigation_record);
}
