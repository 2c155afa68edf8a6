//! `open_investigation`: Opens a joint investigation, led by the business unit.

use actix_web::post;
use audit_sampling_types::OpenInvestigation;
use chassis::{Answer, Command, Result};
use kernel::days;
use uuid::Uuid;

use crate::domain::finding::Finding;
use crate::domain::investigation::{Investigation, InvestigationState};

/// Opens a joint investigation, led by the business unit.
#[utoipa::path(post, path = "/v1/investigations", request_body = OpenInvestigation,
    responses((status = 201, body = Investigation)))]
#[post("/v1/investigations")]
pub async fn open_investigation(command: Command<OpenInvestigation>) -> Result<Answer<Investigation>> {
    let person = command.person()?;
    command
        .run(async |tx| {
            let mut finding = tx.load::<Finding>(command.body.finding).await?;
            let id: Uuid = tx.new_id();
            finding.doc.investigate(id, person)?;
            tx.update(&finding).await?;
            let investigation = Investigation {
                id,
                finding_id: finding.doc.id,
                agency_id: finding.agency_id,
                person: finding.person,
                rule_pack: finding.rule_pack.clone(),
                lead: person,
                opened_on: days::taipei_date(tx.now()),
                state: InvestigationState::Open,
                contributions: vec![],
                record: None,
                endorsements: std::collections::BTreeMap::new(),
                digest: None,
                closed_on: None,
            };
            let version = tx.insert(&investigation).await?;
            Ok(Answer::created(investigation).version(version))
        })
        .await
}
