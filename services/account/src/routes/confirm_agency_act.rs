//! `confirm_agency_act`

use account_types::Confirm;
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::days;
use uuid::Uuid;

use crate::domain::agency_act::{AgencyAct, Confirmed};
use crate::{acts, duties, edge};

/// Records the agency's confirmation of an act in its system (I3.6, I3.7).
#[utoipa::path(post, path = "/v1/agency-acts/{id}/confirmation", params(("id" = Uuid, Path)),
    request_body = Confirm, responses((status = 200, body = AgencyAct)))]
#[post("/v1/agency-acts/{id}/confirmation")]
pub async fn confirm_agency_act(command: Command<Confirm>, id: web::Path<Uuid>) -> Result<Answer<AgencyAct>> {
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut act = tx.load::<AgencyAct>(*id).await?;
            command.within(act.agency_id)?;
            command.expect_version(act.version)?;
            let confirmed =
                Confirmed { person: actor.person, on: command.body.on, number: command.body.number.clone() };
            act.confirm(confirmed, days::taipei_date(tx.now()))?;
            let version = tx.update(&act).await?;
            let (subject, url) = (acts::act_subject(&act), format!("/v1/agency-acts/{id}"));
            duties::close_event(tx, &act.regulation, "provider_stop_sent", &subject, "confirmed", &url)
                .await?;
            Ok(Answer::ok(act.doc).version(version))
        })
        .await
}
