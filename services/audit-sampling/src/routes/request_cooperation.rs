//! `request_cooperation`: Asks a user to cooperate with an external audit; followed until answered.

use actix_web::post;
use audit_sampling_types::RequestCooperation;
use chassis::document;
use chassis::{Answer, Command, Result};
use kernel::days;
use rule_pack::DeadlineKind;

use crate::domain::package::{AuditPackage, CooperationRequest};
use crate::domain::projection::PersonView;
use crate::duties::{self, About};
use crate::edge;

/// Asks a user to cooperate with an external audit; followed until answered.
#[utoipa::path(post, path = "/v1/cooperation-requests", request_body = RequestCooperation,
    responses((status = 201, body = CooperationRequest)))]
#[post("/v1/cooperation-requests")]
pub async fn request_cooperation(command: Command<RequestCooperation>) -> Result<Answer<CooperationRequest>> {
    let person = command.person()?;
    let body = &command.body;
    edge::text("/request", &body.request, 2000)?;
    command
        .run(async |tx| {
            let package = tx.load::<AuditPackage>(body.package).await?;
            let (today, context) = (days::taipei_date(tx.now()), tx.context());
            let pack = edge::pack(&context, &package.manifest.scope.regulation, today)?;
            let user = tx.load::<PersonView>(body.person).await?;
            let agency = user.current(today).next().map(|p| p.agency);
            let agency_id = agency.ok_or_else(|| document::missing("person in a post"))?;
            let deadline = pack.deadline(DeadlineKind::AuditCooperation);
            let request = CooperationRequest {
                id: tx.new_id(),
                package_id: body.package,
                person_id: body.person,
                agency_id,
                request: body.request.clone(),
                asked_by: person,
                asked_on: today,
                due_on: deadline.map_or(today, |d| d.due(today, context.calendar())),
                state: "open".to_owned(),
                answer: None,
                answered_on: None,
            };
            let version = tx.insert(&request).await?;
            let (subject, url) = (request.id.to_string(), format!("/v1/cooperation-requests/{}", request.id));
            let about = About { subject: &subject, agency: Some(agency_id), url };
            duties::open_event(tx, &pack, "audit_cooperation_asked", &about, request.due_on).await?;
            Ok(Answer::created(request).version(version))
        })
        .await
}
