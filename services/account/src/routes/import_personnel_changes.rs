//! `import_personnel_changes`

use account_types::{ImportPersonnelChanges, ImportSummary};
use actix_web::post;
use chassis::document::{self, Filter};
use chassis::{Answer, Command, FieldError, Problem, Result, Stored, Tx};
use kernel::days;
use rule_pack::DeadlineKind;

use crate::domain::person::Person;
use crate::domain::personnel::{self, PersonnelChange, PersonnelStatus, ProposedStop, Row};
use crate::schedules::personnel_changes::take_effect;
use crate::{acts, duties, edge, problems};

/// Imports a personnel file: every change proposes the stop of the person's accounts after the pack's days (H5.2.2,
/// I3.6). With one fault nothing is imported; a change that is known is passed over.
#[utoipa::path(post, path = "/v1/personnel-changes/imports", request_body = ImportPersonnelChanges,
    responses((status = 200, body = ImportSummary)))]
#[post("/v1/personnel-changes/imports")]
pub async fn import_personnel_changes(
    command: Command<ImportPersonnelChanges>,
) -> Result<Answer<ImportSummary>> {
    let rows = personnel::parse(&command.body.csv).map_err(refused)?;
    command
        .run(async |tx| {
            let mut summary = ImportSummary { rows: rows.len(), new: 0, known: 0 };
            let mut faults = vec![];
            for row in &rows {
                let person = Filter::all().eq("staff_number", row.staff_number.as_str());
                let Some(person) = document::first::<Person>(tx.conn(), person).await? else {
                    let (pointer, detail) =
                        (format!("/csv line {}", row.line), "員工代號: nobody has this staff number");
                    faults.push(FieldError { pointer, detail: detail.to_owned() });
                    continue;
                };
                let known = Filter::all().eq("key", row.key());
                if document::first::<PersonnelChange>(tx.conn(), known).await?.is_some() {
                    summary.known += 1;
                    continue;
                }
                enter(tx, row, &person).await?;
                summary.new += 1;
            }
            if faults.is_empty() { Ok(Answer::ok(summary)) } else { Err(refused(faults).into()) }
        })
        .await
}

fn refused(faults: Vec<FieldError>) -> Problem {
    let detail = "Correct the lines that are named and send the whole file again: nothing was imported.";
    let mut problem = Problem::new(&problems::IMPORT_REFUSED, detail).clause("H5.2.2");
    problem.errors = faults;
    problem
}

async fn enter(tx: &mut Tx, row: &Row, person: &Stored<Person>) -> Result<()> {
    let (context, today) = (tx.context(), days::taipei_date(tx.now()));
    let mut change = PersonnelChange {
        id: tx.new_id(),
        key: row.key(),
        person_id: person.doc.id,
        agency_id: person.agency_id,
        kind: row.kind,
        reported_on: row.reported_on,
        effective_on: row.effective_on,
        to_agency: row.to_agency.clone(),
        status: PersonnelStatus::Reported,
        stops: vec![],
    };
    let accounts = acts::live_accounts(tx, person.doc.id).await?;
    let mut packs = vec![];
    for account in &accounts {
        let pack = edge::pack(&context, edge::regulation(&account.regulation)?, today)?;
        // The days count from the change, or from its report where that came later.
        let from = row.effective_on.max(row.reported_on);
        let due_on = pack
            .deadline(DeadlineKind::PersonnelChangeStop)
            .map_or(from, |d| d.due(from, context.calendar()));
        change.stops.push(ProposedStop {
            account_id: account.doc.id,
            regulation: account.regulation.clone(),
            due_on,
            state: "proposed".to_owned(),
        });
        packs.push(pack);
    }
    tx.insert(&change).await?;
    for (account, pack) in accounts.iter().zip(packs) {
        let subject = format!("personnel/{}/{}", change.id, account.doc.id);
        let url = format!("/v1/accounts/{}", account.doc.id);
        duties::open_event(tx, &pack, "personnel_changed", &subject, Some(account.agency_id), Some(url))
            .await?;
    }
    if change.effective_on <= today {
        take_effect(tx, &mut Stored { version: 1, doc: change }).await?;
    }
    Ok(())
}
