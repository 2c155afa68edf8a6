//! Imports the log downloaded from the immigration agency's system (I3.4, I3.8, I4.1.1).

use std::collections::{BTreeSet, HashMap};

use actix_web::post;
use chassis::{Answer, Command, Problem, Result, Tx};
use kernel::days;
use kernel::ids::AgencyId;
use query_registry_types::import::{Import, ImportFile};
use rule_pack::{Regulation, RulePack};
use uuid::Uuid;

use crate::control;
use crate::domain::control_item::NewItem;
use crate::domain::import_check::{CheckedLine, Finding, check, state_at, summaries};
use crate::domain::import_file::{ImmigrationLine, KeptImport, Known, immigration, line_keys};
use crate::domain::rules::FIVE_YEARS;
use crate::import_log;
use crate::importing;
use crate::state::Registry;
use crate::store::{account_states, imports};

const KIND: &str = "immigration-log";

/// Imports a log: every line goes into the five-year log and is compared with what was approved; what is not as
/// approved becomes a control item. The bureau may import for every office, an office for itself.
#[utoipa::path(post, path = "/v1/immigration-logs", request_body = ImportFile, responses((status = 201, body = Import)))]
#[post("/v1/immigration-logs")]
pub async fn import_immigration_log(command: Command<ImportFile>) -> Result<Answer<Import>> {
    let context = command.context.clone();
    let registry = context.state::<Registry>();
    let (person, own) = (command.person()?, command.agency()?);
    registry.refresh(&mut *context.connection().await?).await?;
    let now = context.now();
    let pack = context.packs().on(Regulation::Immigration, days::taipei_date(now)).cloned();
    let pack = pack.ok_or_else(|| anyhow::anyhow!("no rule pack for immigration data is in force"))?;
    let (bytes, digest) = importing::bytes(&command.body)?;
    let only = only_office(&registry, own, command.body.agency)?;
    let offices: HashMap<String, AgencyId> =
        registry.index().agencies().map(|(id, agency)| (agency.name.clone(), id)).collect();
    let known = Known { items: &pack.query_items, offices: &offices, only, now };
    let lines =
        immigration(&bytes, command.body.format, &known).map_err(|errors| importing::refused(&errors))?;
    let keys = line_keys(lines.iter().map(ImmigrationLine::text), |text| registry.register.hash(text));
    command
        .run(async |tx| {
            if let Some(import) = importing::same_file(tx, KIND, own, &digest).await? {
                return Ok(Answer::ok(import));
            }
            let intake = Intake { registry: &registry, pack: &pack, id: tx.new_id() };
            let known = imports::known(tx.conn(), &keys).await?;
            let new: Vec<(&ImmigrationLine, &String)> =
                lines.iter().zip(&keys).filter(|(_, key)| !known.contains(*key)).collect();
            let checked = intake.judged(tx, &new).await?;
            // What was usual in the year before.
            let year = days::start_of(days::sub_months(days::taipei_date(tx.now()), 12));
            let earlier = imports::earlier(tx.conn(), year).await?;
            let findings = check(&checked, &pack, context.calendar(), &earlier);
            let offices = summaries(&checked, &findings, &pack, context.calendar());
            let import = Import {
                id: intake.id,
                kind: KIND.to_owned(),
                agency: own,
                imported_by: Some(person),
                digest: digest.clone(),
                lines: importing::number(lines.len()),
                known: importing::number(known.len()),
                state: "recording".to_owned(),
                from: offices.values().filter_map(|o| o.from).min(),
                to: offices.values().filter_map(|o| o.to).max(),
                offices,
                items: importing::number(findings.len()),
                imported_at: tx.now(),
            };
            tx.insert(&KeptImport(import.clone())).await?;
            intake.keep(tx, &new, &checked).await?;
            for finding in &findings {
                control::raise(tx, item(import.id, finding)).await?;
            }
            import_log::enqueue(tx, import.id).await?;
            Ok(Answer::created(import))
        })
        .await
}

/// The one office whose lines the file may hold: the caller's own, or for the bureau the one it names, or any.
fn only_office(registry: &Registry, own: AgencyId, asked: Option<AgencyId>) -> Result<Option<AgencyId>> {
    let bureau = registry.index().agency(own).is_some_and(|agency| agency.kind == "bureau");
    match (bureau, asked) {
        (true, asked) => Ok(asked),
        (false, Some(asked)) if asked != own => {
            Err(Problem::invalid("/agency", "an office imports its own log").into())
        }
        (false, _) => Ok(Some(own)),
    }
}

struct Intake<'a> {
    registry: &'a Registry,
    pack: &'a RulePack,
    id: Uuid,
}

impl Intake<'_> {
    /// Each line with the account as it was then.
    async fn judged(&self, tx: &mut Tx, lines: &[(&ImmigrationLine, &String)]) -> Result<Vec<CheckedLine>> {
        let numbers: BTreeSet<String> = lines.iter().map(|(line, _)| line.account.to_lowercase()).collect();
        let numbers: Vec<String> = numbers.into_iter().collect();
        let regulation = self.pack.regulation.as_str();
        let states = account_states::by_number(tx.conn(), regulation, &numbers).await?;
        let checked = |(line, _): &(&ImmigrationLine, &String)| CheckedLine {
            query: tx.new_id(),
            at: line.at,
            agency: line.agency,
            number: line.account.clone(),
            account: states
                .get(&line.account.to_lowercase())
                .and_then(|states| state_at(states, line.at))
                .cloned(),
            subject: self.registry.subjects.hash(&line.condition),
            item: line.item.clone(),
            fields: line.fields.clone(),
        };
        Ok(lines.iter().map(checked).collect())
    }

    async fn keep(
        &self,
        tx: &mut Tx,
        lines: &[(&ImmigrationLine, &String)],
        checked: &[CheckedLine],
    ) -> Result<()> {
        let reference = self.pack.reference();
        for ((line, key), checked) in lines.iter().zip(checked) {
            let sealed = self.registry.register.seal(&serde_json::to_string(line)?)?;
            let number = i32::try_from(line.line).unwrap_or(i32::MAX);
            let new = imports::NewLine { checked, line: number, key, sealed };
            imports::insert(tx, self.id, FIVE_YEARS, &reference, &new).await?;
        }
        Ok(())
    }
}

fn item(import: Uuid, finding: &Finding) -> NewItem {
    let who = finding.queries.first().map(ToString::to_string).unwrap_or_default();
    let about: Vec<&str> = finding.about.iter().map(String::as_str).collect();
    NewItem {
        key: format!("{}/{}/{import}/{who}", finding.kind, finding.code),
        kind: finding.kind,
        regulation: "immigration".to_owned(),
        agency: finding.agency,
        account: finding.account,
        person: finding.person,
        queries: finding.queries.iter().take(control::MOST_ITEMS).copied().collect(),
        clause: if finding.kind == crate::domain::control_item::kind::UNAPPROVED_USE {
            "I3.4"
        } else {
            "I4.1.1"
        },
        day: finding.day,
        source: import,
        detail: [
            ("fault".to_owned(), finding.code.to_owned()),
            ("account_number".to_owned(), finding.number.clone()),
            ("lines".to_owned(), finding.queries.len().to_string()),
            ("about".to_owned(), about.join(",")),
        ]
        .into(),
    }
}
