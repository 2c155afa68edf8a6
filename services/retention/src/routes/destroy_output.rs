//! Records that an output was destroyed.

use actix_web::{post, web};
use chassis::endorsements::Matter;
use chassis::{Answer, Command, Problem, Result, Tx};
use kernel::days;
use kernel::ids::PersonId;
use retention_types::events::OutputSettled;
use retention_types::{DestroyOutput, WitnessContent};
use uuid::Uuid;

use crate::domain::directory::Person;
use crate::domain::output::{Destruction, DestructionAct, Output};
use crate::edge;
use crate::problems;
use crate::routes::support;
use crate::store::duties;

/// Additions of the packs that ask for a witness.
const WITNESS: [&str; 2] = ["H7+witness-register", "I5+witness-register"];

/// Records the destruction of an output: method, day, witness (H7.1–3, I5).
#[utoipa::path(post, path = "/v1/outputs/{id}/destruction", params(("id" = Uuid, Path)),
    request_body = DestroyOutput, responses((status = 200, body = Output)))]
#[post("/v1/outputs/{id}/destruction")]
pub async fn destroy_output(command: Command<DestroyOutput>, id: web::Path<Uuid>) -> Result<Answer<Output>> {
    let body = &command.body;
    command
        .run(async |tx| {
            let mut output = tx.load::<Output>(*id).await?;
            let person = support::may_act(&command, &output)?;
            command.expect_version(output.version)?;
            let today = days::taipei_date(tx.now());
            let pack = duties::pack(&command.context, &output.regulation, today);
            let act = DestructionAct {
                by: person,
                on: body.on,
                destruction: Destruction {
                    method: body.method,
                    witness: body.witness,
                    witness_endorsement: body.witness_endorsement.clone(),
                },
                witness_needed: pack.is_some_and(|p| WITNESS.iter().any(|a| p.addition_enabled(a))),
                witness_known: known(tx, body.witness).await?,
            };
            output.destroy(act, today).map_err(|e| e.for_regulation(&output.regulation))?;
            check_witness(&command, tx, &output).await?;
            let version = tx.update(&output).await?;
            duties::close_output(tx, &output).await?;
            tx.emit(&OutputSettled {
                output: output.id,
                state: output.state.as_str().to_owned(),
                on: body.on,
            })
            .await?;
            Ok(Answer::ok(output.doc.clone()).version(version))
        })
        .await
}

async fn known(tx: &mut Tx, witness: Option<PersonId>) -> Result<bool> {
    let Some(witness) = witness else { return Ok(false) };
    Ok(tx.find::<Person>(witness).await?.is_some_and(|p| p.in_service))
}

/// A signature of the witness, where it was given, must hold and be the witness's own.
async fn check_witness(command: &Command<DestroyOutput>, tx: &mut Tx, output: &Output) -> Result<()> {
    let body = &command.body;
    match (&body.witness_endorsement, body.witness) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(Problem::new(&problems::WITNESS_UNFIT, "Name the witness who signed.")
            .field("/witness", "is missing")
            .into()),
        (Some(endorsement), Some(witness)) => {
            let content = WitnessContent {
                act: "witness-destruction".to_owned(),
                output: output.id,
                method: body.method,
                on: body.on,
            };
            let (agency, regulation) = (Some(output.agency_id), Some(output.regulation.as_str()));
            let matter = Matter { agency, regulation, records: &[output.id] };
            edge::own_card(tx, witness, endorsement, &content, ("/witness_endorsement", matter)).await
        }
    }
}
