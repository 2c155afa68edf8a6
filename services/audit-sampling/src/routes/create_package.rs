//! `create_package`: Makes a sealed package for an external audit: roster, registers, audit records, findings, log references.

use actix_web::post;
use audit_sampling_types::CreatePackage;
use chassis::Problem;
use chassis::{Answer, Command, Result};
use kernel::days;
use uuid::Uuid;

use crate::domain::package::{self, AuditPackage};
use crate::duties::{self, About};
use crate::{acts, edge, packaging};

/// Makes a sealed package for an external audit: roster, registers, audit records, findings, log references.
#[utoipa::path(post, path = "/v1/audit-packages", request_body = CreatePackage,
    responses((status = 201, body = AuditPackage)))]
#[post("/v1/audit-packages")]
pub async fn create_package(command: Command<CreatePackage>) -> Result<Answer<AuditPackage>> {
    let person = command.person()?;
    let scope = &command.body;
    edge::text("/letter", &scope.letter, 200)?;
    if scope.until < scope.from {
        return Err(Problem::invalid("/until", "not before `from`").into());
    }
    command
        .run(async |tx| {
            let today = days::taipei_date(tx.now());
            let pack = edge::pack(&tx.context(), &scope.regulation, today)?;
            let id: Uuid = tx.new_id();
            let (subject, url) = (id.to_string(), format!("/v1/audit-packages/{id}"));
            let about = About { subject: &subject, agency: None, url: url.clone() };
            duties::open_event(tx, &pack, "external_audit_announced", &about, today).await?;
            let parts = packaging::parts(tx.conn(), scope).await?;
            let content = package::seal(id, scope.clone(), parts, tx.now())?;
            let sealed = AuditPackage {
                id,
                manifest: content.manifest.clone(),
                digest: content.digest.clone(),
                made_by: person,
            };
            let version = tx.insert(&sealed).await?;
            tx.insert(&content).await?;
            acts::record_governance(tx, id, "package", &sealed.manifest, "H8.4").await?;
            let what = ("the package was sealed", url.as_str());
            duties::close_event(tx, &pack, "external_audit_announced", &subject, what).await?;
            Ok(Answer::created(sealed).version(version))
        })
        .await
}
