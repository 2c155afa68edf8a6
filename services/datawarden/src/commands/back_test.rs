//! `datawarden back-test`: last year's records under a changed rule pack, and what would have come out otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::Args;
use kernel::days;
use query_registry_types::events::Decision;
use query_registry_types::queries::QueryRecord;
use rule_pack::{Difference, Fact, RecordKind, RulePack, back_test};

use crate::client::Client;
use crate::stack::{Stack, StackOptions};

/// Differences of one kind that are printed one by one.
const SHOWN: usize = 20;

/// Options.
#[derive(Args)]
pub struct Options {
    /// The changed pack (TOML); it is compared with the one of the same regulation that is followed today.
    pack: PathBuf,
    /// Folder of the data of `datawarden run`, which must not be running.
    #[arg(long, default_value_os_t = super::default_data())]
    data: PathBuf,
    /// Every difference as JSON instead of a summary.
    #[arg(long)]
    json: bool,
}

/// Reads the records through the API as an auditor, and decides them under both packs. Changes nothing.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(&options.pack).with_context(|| options.pack.display().to_string())?;
    let changed = RulePack::from_toml(&options.pack.display().to_string(), &text)?;
    anyhow::ensure!(options.data.join("postgres").exists(), "no data there: `datawarden run` makes them");
    let stack = Stack::start(StackOptions { data: options.data, start: None, any_port: true }).await?;
    let context = &stack.service("query-registry").context;
    let today = days::taipei_date(context.now());
    let current = context
        .packs()
        .on(changed.regulation, today)
        .with_context(|| format!("no pack for {} is followed today", changed.regulation))?;
    let records = records(&stack, &changed).await?;
    let facts = facts(&records);
    let differences = back_test(current, &changed, &facts, context.calendar());
    if options.json {
        super::say(serde_json::to_string_pretty(&differences)?);
    } else {
        super::say(format!(
            "{} records of {} under {}",
            records.len(),
            changed.regulation,
            current.reference()
        ));
        print(&differences);
    }
    stack.stop().await
}

async fn records(stack: &Stack, pack: &RulePack) -> anyhow::Result<Vec<QueryRecord>> {
    let client = Client::open(stack).await?;
    let auditor = client.bureau("auditor").context("the bureau has no auditor")?;
    let mut records: Vec<QueryRecord> = client.list(auditor, ("query-registry", "list_queries"), &[]).await?;
    // Household queries are judged by the tax queries that follow them.
    let regulation = pack.regulation.as_str();
    records.retain(|r| r.regulation == regulation || regulation == "household" && r.regulation == "tax");
    records.sort_by_key(|r| r.at);
    Ok(records)
}

/// The facts of the records: use of each account by day, household queries with the tax query that followed, and the
/// months of the log.
fn facts(records: &[QueryRecord]) -> Vec<Fact> {
    let mut uses: BTreeMap<String, BTreeMap<NaiveDate, u64>> = BTreeMap::new();
    let mut months: BTreeSet<NaiveDate> = BTreeSet::new();
    let mut facts = vec![];
    for (place, record) in records.iter().enumerate() {
        let on = days::taipei_date(record.at);
        months.insert(days::first_of_month(on));
        if let Some(account) = record.account {
            *uses.entry(account.to_string()).or_default().entry(on).or_default() += 1;
        }
        if record.regulation == "household" && record.decision == Some(Decision::Answered) {
            let later = records.iter().skip(place);
            let tax = later
                .filter(|r| r.case == record.case && r.regulation == "tax")
                .find(|r| r.decision == Some(Decision::Answered));
            let tax_query = tax.map(|r| days::taipei_date(r.at));
            facts.push(Fact::HouseholdQuery { id: record.id.to_string(), on, tax_query });
        }
    }
    for (account, by_day) in uses {
        let used: Vec<NaiveDate> = by_day.keys().copied().collect();
        let opened = used.first().copied().unwrap_or_default();
        facts.extend(by_day.into_iter().map(|(on, count)| Fact::Queries {
            account: account.clone(),
            on,
            count,
        }));
        facts.push(Fact::Account { id: account, opened, used });
    }
    facts.extend(months.into_iter().map(|month| Fact::Record {
        id: format!("log of {}", month.format("%Y-%m")),
        kind: RecordKind::QueryLog,
        made: month,
        closed: None,
    }));
    facts
}

fn print(differences: &[Difference]) {
    if differences.is_empty() {
        super::say("Nothing would have come out otherwise.");
    }
    let mut kinds: BTreeMap<String, Vec<&Difference>> = BTreeMap::new();
    for difference in differences {
        kinds.entry(format!("{:?}", difference.decision)).or_default().push(difference);
    }
    for (kind, all) in kinds {
        super::say(format!("{kind}: {} differ", all.len()));
        for one in all.iter().take(SHOWN) {
            let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
            super::say(format!("  {}: {} → {}", one.subject, word(&one.old), word(&one.new)));
        }
        if all.len() > SHOWN {
            super::say(format!("  … {} more (--json shows all)", all.len() - SHOWN));
        }
    }
}
