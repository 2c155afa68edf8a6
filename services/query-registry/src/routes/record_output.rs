//! Records a print, a saved file or a copy of a result (H3.2, H6.4).

use actix_web::{post, web};
use chassis::{Answer, Command, Problem, Result, Tx, document};
use chrono::NaiveDate;
use kernel::days;
use kernel::ids::{AccountId, CaseId, QueryId};
use obligations::NewObligation;
use query_registry_types::events::{Decision, OutputRecorded};
use query_registry_types::outputs::{Output, OutputKind, RecordOutput};
use query_registry_types::queries::QueryRecord;
use rule_pack::DeadlineKind;

use crate::domain::copying::{CopyFault, CopyRequest};
use crate::domain::output::{self, KeptOutput};
use crate::state::Registry;
use crate::store::records;

/// The duty to file what was printed.
const FILING: &str = "H3.2.filing";

/// Records what was made of a result; it is to be filed into its case or destroyed in time.
#[utoipa::path(post, path = "/v1/queries/{id}/outputs", params(("id" = QueryId, Path)), request_body = RecordOutput,
    responses((status = 201, body = Output)))]
#[post("/v1/queries/{id}/outputs")]
pub async fn record_output(command: Command<RecordOutput>, id: web::Path<QueryId>) -> Result<Answer<Output>> {
    let person = command.person()?;
    let body = &command.body;
    if !(1..=100).contains(&body.count) {
        return Err(Problem::invalid("/count", "1 to 100").into());
    }
    command
        .run(async |tx| {
            let record =
                records::find(tx.conn(), *id).await?.filter(|r| r.person == person && was_answered(r));
            let record = record.ok_or_else(|| document::missing("answered query"))?;
            let (Some(account), Some(case)) = (record.account, record.case) else {
                return Err(document::missing("answered query"));
            };
            if body.kind == OutputKind::Copy {
                let request = body.copy_request.ok_or(CopyFault::NotApproved)?;
                let mut request = tx.find::<CopyRequest>(request).await?.ok_or(CopyFault::NotApproved)?;
                request.doc.consume(*id, person, body.count)?;
                tx.update(&request).await?;
            }
            let output = enter(tx, &record, body, account, case).await?;
            Ok(Answer::created(output))
        })
        .await
}

fn was_answered(record: &QueryRecord) -> bool {
    record.decision == Some(Decision::Answered)
}

async fn enter(
    tx: &mut Tx,
    record: &QueryRecord,
    body: &RecordOutput,
    account: AccountId,
    case: CaseId,
) -> Result<Output> {
    let (due_on, duty) = filing(tx, record);
    let output = Output {
        id: tx.new_id(),
        query: record.id,
        kind: body.kind,
        count: body.count,
        person: record.person,
        account,
        agency_id: record.agency,
        unit: record.unit,
        case,
        regulation: record.regulation.clone(),
        copy_request: body.copy_request,
        made_at: tx.now(),
        due_on,
        state: "open".to_owned(),
    };
    tx.insert(&KeptOutput(output.clone())).await?;
    if let Some(duty) = duty {
        let subject = Some(format!("/v1/queries/{}/outputs", record.id));
        obligations::open(tx, NewObligation { key: output::filing_key(output.id), subject, ..duty }).await?;
    }
    tx.emit(&OutputRecorded {
        output: output.id,
        kind: output.kind.as_str().to_owned(),
        count: output.count,
        query: output.query,
        person: output.person,
        agency: output.agency_id,
        unit: output.unit,
        case: output.case,
        regulation: output.regulation.clone(),
        at: output.made_at,
        due_on,
    })
    .await?;
    Ok(output)
}

/// The day by which it is filed or destroyed, and the duty of the pack; tax data have no such duty of their own.
fn filing(tx: &Tx, record: &QueryRecord) -> (NaiveDate, Option<NewObligation>) {
    let context = tx.context();
    let registry = context.state::<Registry>();
    let index = registry.index();
    let today = days::taipei_date(tx.now());
    let Some(rules) = index.rules.named(&record.regulation, today) else { return (today, None) };
    let due_on =
        rules.pack.deadline(DeadlineKind::Disposal).map_or(today, |d| d.due(today, context.calendar()));
    let duty = rules.pack.obligation(FILING).map(|duty| NewObligation {
        key: String::new(),
        duty: duty.id.clone(),
        clause: duty.clause.clone(),
        title: duty.title.en.clone(),
        title_zh: duty.title.zh.clone(),
        rule_pack: rules.reference.clone(),
        actor: "user".to_owned(),
        agency_id: Some(record.agency),
        subject: None,
        due_on,
    });
    (due_on, duty)
}
