//! `record_agency_act`

use account_types::{ActContent, AgencyActBody, RecordAgencyAct};
use actix_web::{post, web};
use chassis::endorsements::Matter;
use chassis::{Answer, Command, Result};
use kernel::days;
use uuid::Uuid;

use crate::domain::agency_act::{AgencyAct, Recorded};
use crate::{acts, duties, edge};

/// Records what the designated officer did in the agency's system, signed with the agency certificate (I3.6, I3.7).
#[utoipa::path(post, path = "/v1/agency-acts/{id}/record", params(("id" = Uuid, Path)),
    request_body = RecordAgencyAct, responses((status = 200, body = AgencyAct)))]
#[post("/v1/agency-acts/{id}/record")]
pub async fn record_agency_act(
    command: Command<RecordAgencyAct>,
    id: web::Path<Uuid>,
) -> Result<Answer<AgencyAct>> {
    command
        .run(async |tx| {
            let actor = edge::actor(tx, &command).await?;
            let mut act = tx.load::<AgencyAct>(*id).await?;
            command.within(act.agency_id)?;
            command.expect_version(act.version)?;
            let body = &command.body;
            let signed = AgencyActBody { on: body.on, number: body.number.clone() };
            let content = ActContent::new("record_agency_act", *id, actor.post, &signed);
            let matter =
                Matter { agency: Some(act.agency_id), regulation: Some(&act.regulation), records: &[*id] };
            edge::agency_signed(tx, actor.agency, &body.endorsement, &content, ("I3.6", matter)).await?;
            let recorded = Recorded {
                person: actor.person,
                post: actor.post,
                on: body.on,
                number: body.number.clone(),
                endorsement: body.endorsement.clone(),
            };
            act.record(recorded, days::taipei_date(tx.now()))?;
            let version = tx.update(&act).await?;
            let (subject, url) = (acts::act_subject(&act), format!("/v1/agency-acts/{id}"));
            let event = acts::agency_event(act.kind);
            duties::close_event(tx, &act.regulation, event, &subject, "done in the agency's system", &url)
                .await?;
            let pack = edge::pack_of(&tx.context(), &act.rule_pack)?;
            duties::open_event(tx, &pack, "provider_stop_sent", &subject, Some(act.agency_id), Some(url))
                .await?;
            Ok(Answer::ok(act.doc).version(version))
        })
        .await
}
