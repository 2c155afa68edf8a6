//! Endorses query applications (權責主管核章, H4.2).

use actix_web::post;
use chassis::endorsements::{self, Matter};
use chassis::{Answer, Command, Problem, Result};
use kernel::days;
use query_registry_types::applications::{
    EndorseQueryApplications, EndorsedQueryApplications, QueryApplicationView,
};
use rule_pack::Regulation;

use crate::domain::application::{Endorser, QueryApplication};
use crate::domain::endorsement::EndorsementBatch;
use crate::governance;
use crate::problems;
use crate::state::Registry;
use crate::store::changes;

/// Endorses applications of the own agency, many under one signature; all or none.
#[utoipa::path(post, path = "/v1/query-application-endorsements", request_body = EndorseQueryApplications,
    responses((status = 200, body = EndorsedQueryApplications)))]
#[post("/v1/query-application-endorsements")]
pub async fn endorse_query_applications(
    command: Command<EndorseQueryApplications>,
) -> Result<Answer<EndorsedQueryApplications>> {
    let by = endorser(&command)?;
    let registry = command.context.state::<Registry>();
    registry.refresh(&mut *command.context.connection().await?).await?;
    let EndorseQueryApplications { applications, endorsement } = &command.body;
    let now = command.context.now();
    let most = registry
        .index()
        .rules
        .on(Regulation::Household, days::taipei_date(now))
        .map_or(1, |rules| rules.pack.endorsement.largest_batch);
    if applications.is_empty() || applications.len() > usize::try_from(most).unwrap_or(usize::MAX) {
        return Err(Problem::invalid("/applications", format!("1 to {most} applications")).into());
    }
    if applications.len() != endorsement.digests.len() {
        return Err(Problem::invalid("/endorsement/digests", "one for each application, in order").into());
    }
    let verified = endorsements::verify_list(&command.context, endorsement).await;
    let card = registry.own_card(by.person, verified, "/endorsement")?;
    command
        .run(async |tx| {
            let mut kept = endorsement.clone();
            kept.signed_at = tx.now();
            let batch = EndorsementBatch { id: tx.new_id(), person: by.person, endorsement: kept };
            tx.insert(&batch).await?;
            let mut views = vec![];
            for (place, (id, digest)) in applications.iter().zip(&endorsement.digests).enumerate() {
                let mut application = tx.load::<QueryApplication>(*id).await?;
                command.within(application.agency_id)?;
                if application.digest != *digest {
                    return Err(Problem::new(
                        &problems::ENDORSEMENT_INVALID,
                        "Load the applications and sign again.",
                    )
                    .clause("H4.2")
                    .field(format!("/endorsement/digests/{place}"), "not the digest of this application")
                    .into());
                }
                application.doc.endorse(&by, batch.id, tx.now())?;
                tx.update(&application).await?;
                changes::add(tx, "application-endorsed", application.agency_id, application.id.0).await?;
                views.push(application.view(registry.reminder(&application.regulation, tx.now())));
            }
            let records: Vec<_> = applications.iter().map(|id| id.0).collect();
            let matter =
                Matter { agency: Some(by.agency), regulation: regulation(&views), records: &records };
            governance::enter_endorsement(tx, "endorsement-batch", batch.endorsement, (&card, matter))
                .await?;
            Ok(Answer::ok(EndorsedQueryApplications { applications: views }))
        })
        .await
}

/// The regulation of all of them, if it is one.
fn regulation(applications: &[QueryApplicationView]) -> Option<&str> {
    let first = applications.first()?.regulation.as_str();
    applications.iter().all(|each| each.regulation == first).then_some(first)
}

/// The caller as endorser: a deputy acts in the own post for another.
pub fn endorser<B>(command: &Command<B>) -> Result<Endorser> {
    Ok(Endorser {
        person: command.person()?,
        post: command.post()?,
        acting_for: command.principal.acting_for,
        agency: command.agency()?,
    })
}
