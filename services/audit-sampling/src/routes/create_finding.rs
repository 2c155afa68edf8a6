//! `create_finding`: Raises a finding by hand.

use actix_web::post;
use audit_sampling_types::CreateFinding;
use chassis::Problem;
use chassis::{Answer, Command, Result};
use kernel::days;
use uuid::Uuid;

use crate::acts::{self, NewFinding};
use crate::domain::fault::not_own;
use crate::domain::finding::Finding;
use crate::edge;

/// Raises a finding by hand.
#[utoipa::path(post, path = "/v1/findings", request_body = CreateFinding,
    responses((status = 201, body = Finding)))]
#[post("/v1/findings")]
pub async fn create_finding(command: Command<CreateFinding>) -> Result<Answer<Finding>> {
    let person = command.person()?;
    let body = &command.body;
    command.within(body.agency)?;
    edge::text("/what", &body.what, 2000)?;
    if body.kind.is_empty() || !body.kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return Err(Problem::invalid("/kind", "snake_case letters").into());
    }
    not_own(body.person, person)?;
    command
        .run(async |tx| {
            let pack = edge::pack(&tx.context(), &body.regulation, days::taipei_date(tx.now()))?;
            let act: Uuid = tx.new_id();
            let new = NewFinding {
                kind: &body.kind,
                key: format!("{}/hand/{act}", body.kind),
                regulation: &body.regulation,
                clause: if body.regulation == "immigration" { "I4.1.2" } else { "H8.3" },
                agency: body.agency,
                account: body.account,
                person: body.person,
                violation: false,
                suspend: false,
                source: "hand",
                source_id: act,
                queries: vec![],
                what: body.what.clone(),
            };
            let id = acts::raise(tx, &pack, new).await?;
            let finding = tx.load::<Finding>(id).await?;
            Ok(Answer::created(finding.doc.clone()).version(finding.version))
        })
        .await
}
