//! Imports the welfare platform's own report (H8.1.1 ＋).

use std::collections::{BTreeMap, BTreeSet};

use actix_web::post;
use chassis::{Answer, Command, Problem, Result};
use kernel::days;
use query_registry_types::import::{Import, ImportFile};

use crate::domain::import_file::{KeptImport, line_keys, platform};
use crate::importing;
use crate::schedules::daily_control;
use crate::state::Registry;
use crate::store::platform::{self as lines_of, NewLine};

const KIND: &str = "platform-report";

/// Imports what the platform reports of an office's queries; they are matched with the gate's records in the daily
/// report, or at once where that is built.
#[utoipa::path(post, path = "/v1/platform-reports", request_body = ImportFile, responses((status = 201, body = Import)))]
#[post("/v1/platform-reports")]
pub async fn import_platform_report(command: Command<ImportFile>) -> Result<Answer<Import>> {
    let context = command.context.clone();
    let registry = context.state::<Registry>();
    // A system reports for every office; an official of one imports the own file.
    let agency = match command.body.agency {
        Some(agency) if command.person().is_err() => agency,
        Some(agency) => command.within(agency).map(|()| agency)?,
        None => command.agency()?,
    };
    registry.refresh(&mut *context.connection().await?).await?;
    if registry.index().agency(agency).is_none() {
        return Err(Problem::invalid("/agency", "no such agency").into());
    }
    let (bytes, digest) = importing::bytes(&command.body)?;
    let lines =
        platform(&bytes, command.body.format, context.now()).map_err(|errors| importing::refused(&errors))?;
    let keys = line_keys(lines.iter().map(|l| l.text(agency)), |text| registry.register.hash(text));
    let kept: Vec<NewLine> = lines
        .iter()
        .zip(keys)
        .map(|(line, key)| NewLine {
            key,
            line: i32::try_from(line.line).unwrap_or(i32::MAX),
            at: line.at,
            account: line.account.clone(),
            subject: registry.subjects.hash(&line.condition),
            regulation: line.regulation.clone(),
            case_number: line.case_number.clone(),
        })
        .collect();
    let touched: BTreeSet<chrono::NaiveDate> = lines.iter().map(|l| days::taipei_date(l.at)).collect();
    command
        .run(async |tx| {
            if let Some(import) = importing::same_file(tx, KIND, agency, &digest).await? {
                return Ok(Answer::ok(import));
            }
            let mut import = Import {
                id: tx.new_id(),
                kind: KIND.to_owned(),
                agency,
                imported_by: command.person().ok(),
                digest: digest.clone(),
                lines: importing::number(kept.len()),
                known: 0,
                state: "done".to_owned(),
                from: touched.first().copied(),
                to: touched.last().copied(),
                offices: BTreeMap::new(),
                items: 0,
                imported_at: tx.now(),
            };
            tx.insert(&KeptImport(import.clone())).await?;
            let new = lines_of::insert(tx, import.id, agency, &kept).await?;
            if new < kept.len() {
                import.known = importing::number(kept.len() - new);
                let mut stored = tx.load::<KeptImport>(import.id).await?;
                stored.doc.0.known = import.known;
                tx.update(&stored).await?;
            }
            for day in &touched {
                daily_control::match_late_file(tx, agency, *day).await?;
            }
            Ok(Answer::created(import))
        })
        .await
}
