//! `create_spot_check`: Plans a spot check of district offices.

use actix_web::post;
use audit_sampling_types::CreateSpotCheck;
use chassis::Problem;
use chassis::{Answer, Command, Result};
use kernel::days;

use crate::domain::projection::AgencyView;
use crate::domain::spot_check::{SpotCheck, SpotCheckState};
use crate::edge;

/// Plans a spot check of district offices.
#[utoipa::path(post, path = "/v1/spot-checks", request_body = CreateSpotCheck,
    responses((status = 201, body = SpotCheck)))]
#[post("/v1/spot-checks")]
pub async fn create_spot_check(command: Command<CreateSpotCheck>) -> Result<Answer<SpotCheck>> {
    let (person, agency) = (command.person()?, command.agency()?);
    command
        .run(async |tx| {
            let mut offices = command.body.offices.clone();
            offices.sort_unstable();
            offices.dedup();
            if offices.is_empty() {
                return Err(Problem::invalid("/offices", "at least one district office").into());
            }
            for office in &offices {
                let known = tx.find::<AgencyView>(*office).await?;
                if known.is_none_or(|a| a.agency.kind != "district_office") {
                    return Err(Problem::invalid("/offices", "district offices alone").into());
                }
            }
            let pack = edge::pack(&tx.context(), "immigration", days::taipei_date(tx.now()))?;
            let check = SpotCheck {
                id: tx.new_id(),
                checking: agency,
                offices,
                visit_on: command.body.visit_on,
                rule_pack: pack.reference(),
                state: SpotCheckState::Planned,
                planned_by: person,
                seed: None,
                office: None,
                visited_on: None,
                result: None,
                in_order: None,
                visited_by: None,
                recorded_at: None,
                finding: None,
            };
            let version = tx.insert(&check).await?;
            Ok(Answer::created(check).version(version))
        })
        .await
}
