//! Enters an output that the gate did not see being made.

use actix_web::post;
use chassis::{Answer, Command, Problem, Result};
use kernel::days;
use retention_types::RegisterOutput;

use crate::domain::output::{Output, OutputState};
use crate::routes::support;
use crate::store::duties;

/// Enters a print, file or medium with retrieved data on the office's register (H3.2, I5).
#[utoipa::path(post, path = "/v1/outputs", request_body = RegisterOutput, responses((status = 201, body = Output)))]
#[post("/v1/outputs")]
pub async fn register_output(command: Command<RegisterOutput>) -> Result<Answer<Output>> {
    let (person, agency) = (command.person()?, command.agency()?);
    let body = &command.body;
    support::regulation(&body.regulation, "/regulation")?;
    if !(1..=100).contains(&body.count) {
        return Err(Problem::invalid("/count", "1 to 100").into());
    }
    if body.made_on > days::taipei_date(command.context.now()) {
        return Err(Problem::invalid("/made_on", "lies in the future").into());
    }
    let pack = duties::pack(&command.context, &body.regulation, body.made_on)
        .ok_or_else(|| Problem::invalid("/made_on", "no rule pack was in force on this day"))?;
    command
        .run(async |tx| {
            let output = Output {
                id: tx.new_id(),
                kind: body.kind,
                count: body.count,
                regulation: body.regulation.clone(),
                query: body.query,
                case: body.case,
                person,
                agency_id: agency,
                unit: command.principal.unit,
                made_on: body.made_on,
                from_gate: false,
                due_on: duties::disposal_due(&command.context, pack, body.made_on),
                rule_pack: pack.reference(),
                state: OutputState::Open,
                not_needed: None,
                settled_on: None,
                settled_by: None,
                destruction: None,
            };
            let version = tx.insert(&output).await?;
            duties::open_filing(tx, &output).await?;
            Ok(Answer::created(output).version(version))
        })
        .await
}
