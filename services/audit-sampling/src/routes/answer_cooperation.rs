//! `answer_cooperation`: Answers a request for cooperation.

use actix_web::{post, web};
use audit_sampling_types::AnswerCooperation;
use chassis::{Answer, Command, Result};
use kernel::days;
use uuid::Uuid;

use crate::domain::package::{AuditPackage, CooperationRequest};
use crate::{duties, edge};

/// Answers a request for cooperation.
#[utoipa::path(post, path = "/v1/cooperation-requests/{id}/answer", params(("id" = Uuid, Path)), request_body = AnswerCooperation,
    responses((status = 200, body = CooperationRequest)))]
#[post("/v1/cooperation-requests/{id}/answer")]
pub async fn answer_cooperation(
    command: Command<AnswerCooperation>,
    id: web::Path<Uuid>,
) -> Result<Answer<CooperationRequest>> {
    let person = command.person()?;
    edge::text("/answer", &command.body.answer, 4000)?;
    command
        .run(async |tx| {
            let mut request = tx.load::<CooperationRequest>(*id).await?;
            command.within(request.agency_id)?;
            command.expect_version(request.version)?;
            let today = days::taipei_date(tx.now());
            request.doc.answer(&command.body.answer, person, today)?;
            let package = tx.load::<AuditPackage>(request.package_id).await?;
            let pack = edge::pack(&tx.context(), &package.manifest.scope.regulation, today)?;
            let (subject, url) = (id.to_string(), format!("/v1/cooperation-requests/{id}"));
            let what = ("the user answered", url.as_str());
            duties::close_event(tx, &pack, "audit_cooperation_asked", &subject, what).await?;
            let version = tx.update(&request).await?;
            Ok(Answer::ok(request.doc.clone()).version(version))
        })
        .await
}
