//! The clause table: each clause of both regulations, what happened under it, and the URLs that show it. Everything in it
//! is read through the API with the auditor's role at the moment of printing; nothing is written by hand but where to
//! look.

mod sources;

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::client::{Client, Who};
use crate::commands::say;
use crate::stack::Stack;
use sources::Look;

/// Rows of one list that are read at most; more are printed as "50000+".
const COUNTED: usize = 50_000;

/// Something that shows what happened.
#[derive(Debug, Clone, Serialize)]
pub struct Evidence {
    /// What is there, with its number.
    pub what: String,
    /// Answers 200 to a caller with the auditor's role.
    pub url: String,
    /// When it was read, or happened where the row tells.
    pub at: DateTime<Utc>,
}

/// One clause.
#[derive(Debug, Clone, Serialize)]
pub struct Clause {
    /// Id of requirements.md.
    pub id: String,
    /// What the clause asks for.
    pub title: String,
    /// Its evidence.
    pub evidence: Vec<Evidence>,
    /// Whether at least one piece of evidence answered with something.
    pub ok: bool,
}

/// A list or a single thing as it was read.
enum Read {
    Rows { rows: Vec<Value>, more: bool },
    One,
}

struct Reader<'a> {
    client: Client<'a>,
    auditor: Who,
    seen: HashMap<String, Option<Read>>,
    opened: HashMap<String, bool>,
}

/// Reads the evidence of every clause.
pub async fn table(stack: &Stack) -> anyhow::Result<Vec<Clause>> {
    let client = Client::open(stack).await?;
    let auditor = client.bureau("auditor").context("the bureau has no auditor")?;
    let mut reader = Reader { client, auditor, seen: HashMap::new(), opened: HashMap::new() };
    let mut table = vec![];
    let bar = indicatif::ProgressBar::new(sources::clauses().count() as u64)
        .with_message("evidence of each clause");
    if let Ok(style) = indicatif::ProgressStyle::with_template("{msg} {bar:40} {pos}/{len}") {
        bar.set_style(style);
    }
    for (id, title, looks) in bar.wrap_iter(sources::clauses()) {
        let mut evidence = vec![];
        for look in *looks {
            evidence.extend(reader.look(look).await);
        }
        for (what, service) in sources::DUTIES {
            let look = Look {
                service,
                path: "/v1/obligations?state=done",
                what,
                item: Some("/v1/obligations/{id}"),
                with: Some(("clause", id)),
            };
            evidence.extend(reader.look(&look).await);
        }
        table.push(Clause {
            id: (*id).to_owned(),
            title: (*title).to_owned(),
            ok: !evidence.is_empty(),
            evidence,
        });
    }
    Ok(table)
}

impl Reader<'_> {
    /// What lies behind `look`: the list itself with its number, and one thing out of it. Nothing when it is empty or
    /// does not answer 200.
    async fn look(&mut self, look: &Look<'_>) -> Vec<Evidence> {
        let url = self.client.url(look.service, look.path);
        if !self.seen.contains_key(&url) {
            let read = self.read(&url).await;
            self.seen.insert(url.clone(), read);
        }
        let now = self.client.now();
        let (number, at, sample) = match self.seen.get(&url).and_then(Option::as_ref) {
            None => return vec![],
            Some(Read::One) => (String::new(), now, None),
            Some(Read::Rows { rows, more }) => {
                let fit: Vec<&Value> = rows
                    .iter()
                    .filter(|row| look.with.is_none_or(|(name, value)| holds(row, name, value)))
                    .collect();
                let Some(last) = fit.last() else { return vec![] };
                let number = format!("{}{} ", fit.len(), if *more { "+" } else { "" });
                (number, moment(last).unwrap_or(now), look.item.and_then(|path| fill(path, last)))
            }
        };
        let mut evidence = vec![Evidence { what: format!("{number}{}", look.what), url, at }];
        if let Some(path) = sample {
            let url = self.client.url(look.service, &path);
            if self.opens(&url).await {
                evidence.push(Evidence { what: format!("one of: {}", look.what), url, at });
            }
        }
        evidence
    }

    /// Whether `url` answers 200 to the auditor.
    async fn opens(&mut self, url: &str) -> bool {
        if let Some(opened) = self.opened.get(url) {
            return *opened;
        }
        let answer = self.client.open_url(self.auditor, url).await;
        let opens = answer.is_ok_and(|(status, _)| status.is_success());
        self.opened.insert(url.to_owned(), opens);
        opens
    }

    async fn read(&self, url: &str) -> Option<Read> {
        let mut rows = vec![];
        let mut page = if url.ends_with("/logs") { url.to_owned() } else { with_query(url, "limit=200") };
        loop {
            let (status, mut body) = self.client.open_url(self.auditor, &page).await.ok()?;
            if !status.is_success() {
                tracing::debug!(%status, url = page, "no evidence");
                return None;
            }
            let Value::Array(items) = body["items"].take() else {
                let empty = body.is_null() || body.as_object().is_some_and(serde_json::Map::is_empty);
                return (!empty).then_some(Read::One);
            };
            let last = items.is_empty();
            rows.extend(items);
            match body["next"].as_str() {
                Some(_) if rows.len() >= COUNTED => return Some(Read::Rows { rows, more: true }),
                Some(next) if !last => {
                    page = with_query(&with_query(url, "limit=200"), &format!("after={next}"));
                }
                _ => return Some(Read::Rows { rows, more: false }),
            }
        }
    }
}

fn with_query(url: &str, part: &str) -> String {
    format!("{url}{}{part}", if url.contains('?') { '&' } else { '?' })
}

/// Whether member `name` (a path with dots) of `item` is `value`; `*` means any value but null, false and an empty list.
fn holds(item: &Value, name: &str, value: &str) -> bool {
    let Some((first, rest)) = name.split_once('.') else { return is(&item[name], value) };
    match &item[first] {
        Value::Array(all) => all.iter().any(|one| holds(one, rest, value)),
        other => holds(other, rest, value),
    }
}

fn is(found: &Value, value: &str) -> bool {
    match (found, value) {
        (Value::Null | Value::Bool(false), _) => false,
        (Value::Array(all), "*") => !all.is_empty(),
        (Value::Array(all), value) => all.iter().any(|one| is(one, value)),
        (Value::Object(all), value) => value == "*" && !all.is_empty(),
        (_, "*") => true,
        (Value::String(text), value) => text == value,
        (Value::Number(number), value) => number.to_string() == value,
        (Value::Bool(true), value) => value == "true",
    }
}

/// `path` with each `{name}` from `item`.
fn fill(path: &str, item: &Value) -> Option<String> {
    let (mut out, mut rest) = (String::new(), path);
    while let Some((head, tail)) = rest.split_once('{') {
        let (name, after) = tail.split_once('}')?;
        out.push_str(head);
        match &item[name] {
            Value::String(text) => out.push_str(text),
            Value::Number(number) => out.push_str(&number.to_string()),
            _ => return None,
        }
        rest = after;
    }
    Some(out + rest)
}

/// The moment that a row tells, by the names that the suite's rows use.
fn moment(item: &Value) -> Option<DateTime<Utc>> {
    ["at", "made_at", "closed_at", "filed_at", "frozen_at", "endorsed_at", "opened_at", "issued_at"]
        .into_iter()
        .find_map(|name| item[name].as_str()?.parse().ok())
}

/// Prints the table.
pub fn print(table: &[Clause]) {
    let ok = table.iter().filter(|c| c.ok).count();
    say("");
    say(format!("Clauses with evidence: {ok} of {}.", table.len()));
    for clause in table {
        say(format!("{} {:<7} {}", if clause.ok { "ok  " } else { "NONE" }, clause.id, clause.title));
        for evidence in &clause.evidence {
            say(format!("             {:<60} {}", evidence.what, evidence.url));
        }
    }
}

/// Writes the table as JSON.
pub fn write(table: &[Clause], path: &Path) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, serde_json::to_string_pretty(table)?).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_counts_only_with_what_is_asked_for() {
        let row = json!({ "status": "stopped", "letters": [], "sample": { "accounts": 3 }, "marks": { "night": 2 } });
        assert!(holds(&row, "status", "stopped"));
        assert!(!holds(&row, "status", "active"));
        assert!(!holds(&row, "letters", "*"));
        assert!(holds(&row, "sample.accounts", "3"));
        assert!(holds(&row, "marks", "*"));
        assert!(!holds(&row, "absent", "*"));
    }

    #[test]
    fn every_clause_of_the_requirements_is_in_the_table_once() {
        let mut ids: Vec<&str> = sources::clauses().map(|(id, _, _)| *id).collect();
        assert_eq!(ids.len(), 59);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 59);
    }
}
