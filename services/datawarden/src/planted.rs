//! What was planted against what the suite found: each item found or not, with the URL that shows it, and every finding
//! that accuses somebody who did nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use kernel::ids::PersonId;
use query_log::bundle::Line;
use query_log::verify::{Verdict as LogVerdict, Verifier};
use sample_city::{Misbehaviour, Planted};
use serde_json::Value;

use crate::client::{Client, Who};
use crate::commands::say;
use crate::stack::Stack;

/// The log whose copy is edited.
const EDITED_LOG: &str = "three-year";
/// The log that tells which months were destroyed by order.
const GOVERNANCE_LOG: &str = "governance";

/// What shows that something was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// In words.
    pub what: String,
    /// Where to see it: a URL, or the command that shows it.
    pub url: String,
}

/// One planted item.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Its id in planted.toml.
    pub id: String,
    /// What was to find it, and as what.
    pub expected: String,
    /// How it was found.
    pub found: Option<Found>,
}

/// A finding about somebody for whom nothing was planted.
#[derive(Debug, Clone)]
pub struct FalseAlarm {
    /// Kind of the finding.
    pub kind: String,
    /// Whom it accuses: account name, or code of the agency.
    pub whom: String,
    /// Where to see it.
    pub url: String,
}

/// Everything.
#[derive(Debug, Clone)]
pub struct Verdicts {
    /// Each planted item.
    pub items: Vec<Verdict>,
    /// False alarms.
    pub false_alarms: Vec<FalseAlarm>,
}

/// Compares what the suite found with what was planted, through its API as an auditor of the bureau sees it.
pub async fn verdicts(stack: &Stack) -> anyhow::Result<Verdicts> {
    let client = Client::open(stack).await?;
    let auditor = client.bureau("auditor").context("the bureau has no auditor")?;
    let findings: Vec<Value> = if client.has("audit-sampling", "list_findings") {
        client.list(auditor, ("audit-sampling", "list_findings"), &[]).await?
    } else {
        vec![]
    };
    let mut items = vec![];
    for planted in &stack.city.planted {
        let found = match &planted.act {
            Misbehaviour::EditedLogRow => verify_edited(stack, &planted.id)?,
            _ => match by_finding(&client, planted, &findings) {
                Some(found) => Some(found),
                None => by_other_records(&client, auditor, planted).await?,
            },
        };
        let expected = format!("{} ({})", planted.found_as, planted.found_by);
        items.push(Verdict { id: planted.id.clone(), expected, found });
    }
    Ok(Verdicts { items, false_alarms: false_alarms(&client, &findings) })
}

/// Kinds of findings that name a planted misdeed.
fn kinds(act: &Misbehaviour) -> &'static [&'static str] {
    match act {
        Misbehaviour::LostCardUsed { .. } => &["lost_card_used"],
        Misbehaviour::TransferredStillQuerying { .. } => &["transferred_still_querying"],
        Misbehaviour::NightQueries { .. } => &["night_queries"],
        Misbehaviour::OwnRelatives { .. } => &["own_relatives"],
        Misbehaviour::SequentialIds { .. } => &["sequential_ids"],
        Misbehaviour::CopiedReasons { .. } => &["copied_reasons"],
        Misbehaviour::MissingTaxFollowup { .. } => &["missing_tax_followup"],
        Misbehaviour::ReportEndorsedLate { .. } => &["report_endorsed_late"],
        Misbehaviour::PersonOutsideCase { .. } => &["person_outside_case"],
        Misbehaviour::ProviderCallPastGate { .. } => &["provider_call_past_gate"],
        Misbehaviour::EditedLogRow => &[],
        Misbehaviour::OpenIntent => &["open_intent"],
        Misbehaviour::NeverAuthorisedAttempt { .. } => &["never_authorised_attempt"],
        Misbehaviour::ImmigrationNotApproved { .. } => &["unapproved_use", "never_authorised_attempt"],
        Misbehaviour::ImmigrationItemNotApproved { .. } => &["unapproved_use"],
        Misbehaviour::ImmigrationFrequency { .. } => &["unusual_frequency"],
    }
}

fn person_of(client: &Client<'_>, planted: &Planted) -> Option<PersonId> {
    let city = client.city();
    planted.official(city).map(|official| city.officials[official].id)
}

fn by_finding(client: &Client<'_>, planted: &Planted, findings: &[Value]) -> Option<Found> {
    let kinds = kinds(&planted.act);
    let person = person_of(client, planted)?.to_string();
    let agency = client.city().agency_by_code(&planted.office)?.id.to_string();
    // A late report and a call past the gate are nobody's in particular: the office, or none, is named.
    let of_nobody = matches!(planted.act, Misbehaviour::ReportEndorsedLate { .. } | Misbehaviour::OpenIntent);
    let past_gate = matches!(planted.act, Misbehaviour::ProviderCallPastGate { .. });
    let immigration = planted.id.starts_with("immigration");
    // Who was never given an account is known to the agency's log by the name that he used alone.
    let stranger = matches!(planted.act, Misbehaviour::ImmigrationNotApproved { .. });
    let login = planted.official(client.city()).map(|o| client.city().officials[o].login.as_str())?;
    let fits = |finding: &&Value| {
        kinds.iter().any(|k| finding["kind"] == *k)
            && (finding["person"] == person.as_str()
                || stranger && finding["agency_id"] == agency.as_str() && names(finding, login)
                || of_nobody && finding["agency_id"] == agency.as_str()
                || past_gate)
            && immigration == (finding["regulation"] == "immigration")
    };
    let finding = findings.iter().find(fits)?;
    let id = finding["id"].as_str()?;
    Some(Found {
        what: format!(
            "finding {} of {}",
            finding["kind"].as_str()?,
            finding["found_on"].as_str().unwrap_or_default()
        ),
        url: client.url("audit-sampling", &format!("/v1/findings/{id}")),
    })
}

/// Whether the finding's evidence names this account.
fn names(finding: &Value, account: &str) -> bool {
    let evidence = finding["evidence"].as_array().into_iter().flatten();
    evidence
        .filter_map(|e| e["what"].as_str())
        .any(|what| what.contains(&format!("account_number={account}")))
}

/// The gate's own records of refusals, and duties that were done late.
async fn by_other_records(
    client: &Client<'_>,
    auditor: Who,
    planted: &Planted,
) -> anyhow::Result<Option<Found>> {
    let city = client.city();
    let (Some(person), Some(agency)) = (person_of(client, planted), city.agency_by_code(&planted.office))
    else {
        return Ok(None);
    };
    let codes: &[&str] = match planted.act {
        Misbehaviour::LostCardUsed { .. } => &["account-not-active", "card-not-bound"],
        Misbehaviour::PersonOutsideCase { .. } => &["person-not-covered", "outside-case"],
        Misbehaviour::NeverAuthorisedAttempt { .. } => &["no-account", "application-unknown", "forbidden"],
        Misbehaviour::ReportEndorsedLate { .. } => {
            let query = [("clause", "H8.1.1".to_owned()), ("agency", agency.id.to_string())];
            let duties: Vec<obligations::Obligation> =
                client.list(auditor, ("query-registry", "list_obligations"), &query).await?;
            let late = duties
                .iter()
                .find(|o| o.overdue_since.is_some() || o.closed_on.is_some_and(|c| c > o.due_on));
            return Ok(late.map(|o| Found {
                what: format!(
                    "{} due {} and done {}",
                    o.duty,
                    o.due_on,
                    o.closed_on.map_or("never".to_owned(), |c| c.to_string())
                ),
                url: client.url("query-registry", &format!("/v1/obligations/{}", o.id)),
            }));
        }
        _ => return Ok(None),
    };
    let query = [("person", person.to_string())];
    let records: Vec<Value> = client.list(auditor, ("query-registry", "list_queries"), &query).await?;
    let refused = records.iter().find(|r| codes.iter().any(|c| r["refusal"] == *c));
    Ok(refused.and_then(|r| {
        let id = r["id"].as_str()?;
        Some(Found {
            what: format!("refused by the gate: {}", r["refusal"].as_str()?),
            url: client.url("query-registry", &format!("/v1/queries/{id}")),
        })
    }))
}

fn false_alarms(client: &Client<'_>, findings: &[Value]) -> Vec<FalseAlarm> {
    let city = client.city();
    let culprits: Vec<String> =
        city.planted.iter().filter_map(|p| person_of(client, p)).map(|p| p.to_string()).collect();
    let offices: Vec<(String, &[&str])> = city
        .planted
        .iter()
        .filter_map(|p| Some((city.agency_by_code(&p.office)?.id.to_string(), kinds(&p.act))))
        .collect();
    let innocent = |finding: &&Value| match finding["person"].as_str() {
        Some(person) => !culprits.iter().any(|c| c == person),
        None => !offices.iter().any(|(agency, kinds)| {
            let kind = kinds.iter().any(|k| finding["kind"] == *k);
            kind && (finding["agency_id"] == agency.as_str() || finding["kind"] == "provider_call_past_gate")
        }),
    };
    findings
        .iter()
        .filter(innocent)
        .map(|finding| {
            let person =
                finding["person"].as_str().and_then(|p| p.parse().ok()).and_then(|p| client.by_person(p));
            let agency =
                finding["agency_id"].as_str().and_then(|a| a.parse().ok()).and_then(|a| city.agency(a));
            let whom =
                person.map(|i| city.officials[i].login.clone()).or_else(|| agency.map(|a| a.code.to_owned()));
            FalseAlarm {
                kind: finding["kind"].as_str().unwrap_or_default().to_owned(),
                whom: whom.unwrap_or_default(),
                url: client.url(
                    "audit-sampling",
                    &format!("/v1/findings/{}", finding["id"].as_str().unwrap_or_default()),
                ),
            }
        })
        .collect()
}

/// Where a log's bundle lies: the one of the log as it stands, or its edited copy.
fn bundle_path(stack: &Stack, name: &str) -> PathBuf {
    stack.data.join(format!("planted/{name}.ndjson"))
}

/// Exports the query log and the governance log, which holds what was destroyed, and edits one row of a copy, as a
/// superuser would in the table: its header's bytes.
pub async fn edit_copy(stack: &Stack, planted: &str) -> anyhow::Result<()> {
    let registry = stack.service("query-registry").context.state::<query_registry::state::Registry>();
    std::fs::create_dir_all(stack.data.join("planted"))?;
    for log in [EDITED_LOG, GOVERNANCE_LOG] {
        let mut bytes = vec![];
        registry.log.export_bundle(log, 0..u64::MAX, &mut bytes).await?;
        std::fs::write(bundle_path(stack, log), bytes)?;
    }
    let text = std::fs::read_to_string(bundle_path(stack, EDITED_LOG))?;
    let rows = text.lines().count();
    let mut out = String::with_capacity(text.len());
    let mut edited = false;
    for (place, line) in text.lines().enumerate() {
        let mut line: Line = serde_json::from_str(line)?;
        if let Line::Entry { header, .. } = &mut line
            && !edited
            && place * 2 >= rows
            && header.contains("\"granted\"")
        {
            *header = header.replace("\"granted\"", "\"refused\"");
            edited = true;
        }
        out.push_str(&serde_json::to_string(&line)?);
        out.push('\n');
    }
    anyhow::ensure!(edited, "the log has no row to edit yet");
    std::fs::write(bundle_path(stack, planted), out)?;
    Ok(())
}

/// The verifier must find the edited row, and nothing in the log that was not edited.
fn verify_edited(stack: &Stack, planted: &str) -> anyhow::Result<Option<Found>> {
    let governance = bundle_path(stack, GOVERNANCE_LOG);
    let edited = bundle_path(stack, planted);
    if !edited.exists() {
        return Ok(None);
    }
    let verify = |log: &PathBuf| -> anyhow::Result<_> {
        let mut verifier = Verifier::new(vec![]);
        for path in [&governance, log] {
            verifier.bundle(std::io::BufReader::new(std::fs::File::open(path)?))?;
        }
        Ok(verifier.finish())
    };
    let (as_it_stands, report) = (verify(&bundle_path(stack, EDITED_LOG))?, verify(&edited)?);
    if as_it_stands.verdict == LogVerdict::Broken {
        tracing::error!(breaks = ?as_it_stands.breaks, "the log that nobody edited does not verify");
        return Ok(None);
    }
    let first = report.breaks.first().filter(|_| report.verdict == LogVerdict::Broken);
    Ok(first.map(|b| Found {
        what: format!("{:?} at entry {} of {}; the log as it stands verifies", b.kind, b.index, b.log),
        url: format!("datawarden verify-log {} {}", governance.display(), edited.display()),
    }))
}

/// Prints both lists.
pub fn print(verdicts: &Verdicts) {
    let found = verdicts.items.iter().filter(|v| v.found.is_some()).count();
    say("");
    say(format!("Planted misbehaviour: {found} of {} found.", verdicts.items.len()));
    for verdict in &verdicts.items {
        match &verdict.found {
            Some(found) => {
                say(format!("  found      {:<22} {}\n             {}", verdict.id, found.what, found.url));
            }
            None => say(format!("  NOT FOUND  {:<22} expected: {}", verdict.id, verdict.expected)),
        }
    }
    say(format!(
        "False alarms: {} findings accuse somebody for whom nothing was planted.",
        verdicts.false_alarms.len()
    ));
    let mut kinds: BTreeMap<&str, Vec<&FalseAlarm>> = BTreeMap::new();
    for alarm in &verdicts.false_alarms {
        kinds.entry(&alarm.kind).or_default().push(alarm);
    }
    for (kind, alarms) in kinds {
        let whom: Vec<&str> = alarms.iter().map(|a| a.whom.as_str()).take(8).collect();
        say(format!(
            "  {:>4} {kind}: {}{}",
            alarms.len(),
            whom.join(", "),
            if alarms.len() > 8 { ", …" } else { "" }
        ));
        for alarm in alarms.iter().take(2) {
            say(format!("       {}", alarm.url));
        }
    }
}
