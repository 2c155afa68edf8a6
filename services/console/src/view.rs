//! From JSON answers to what templates show: cells, tables, blocks. Dates print in the Republic of China calendar.

use chrono::{DateTime, NaiveDate, Timelike as _, Utc};
use kernel::days;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::catalogue::{Column, ERASURE_CERTIFICATES, Section, detail_path, detail_title, service_title};
use crate::labels;

/// Characters of a long value (signatures, digests) that are shown.
const LONG: usize = 96;
/// Depth of nested values that is shown.
const DEEP: usize = 5;

/// One value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// What is shown.
    pub text: String,
    /// Where it leads.
    pub href: Option<String>,
    /// Whether it is to stand out: late.
    pub mark: bool,
}

impl Cell {
    /// A plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A text that leads somewhere.
    pub fn link(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), href: Some(href.into()), mark: false }
    }
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is shown.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Whether it leads here.
    pub current: bool,
}

impl Link {
    /// A link to another page.
    pub fn to(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into(), current: false }
    }
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Caption.
    pub caption: String,
    /// Headings of the columns.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A part of a row's own page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// Heading; none for the row itself.
    pub heading: Option<String>,
    /// Label and value.
    pub pairs: Vec<(String, Cell)>,
    /// A list.
    pub table: Option<Table>,
}

/// The member of `row` at `path` (names with dots between).
pub fn at<'a>(row: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(row, |value, name| value.get(name).unwrap_or(&Value::Null))
}

/// A moment as officials read it: day in the Republic of China calendar, time in Taipei.
pub fn moment(at: DateTime<Utc>) -> String {
    let local = days::in_taipei(at);
    format!("{} {:02}:{:02}", days::roc(days::taipei_date(at)), local.hour(), local.minute())
}

fn text(text: &str) -> String {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return days::roc(day);
    }
    if text.len() >= 20
        && let Ok(at) = text.parse::<DateTime<Utc>>()
    {
        return moment(at);
    }
    if let Some(word) = labels::value(text) {
        return word.to_owned();
    }
    if text.chars().count() > LONG {
        let head: String = text.chars().take(LONG / 2).collect();
        return format!("{head}…（共 {} 字元）", text.chars().count());
    }
    text.to_owned()
}

/// A value on one line.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::Bool(true) => "是".to_owned(),
        Value::Bool(false) => "否".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(string) => text(string),
        Value::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join("、"),
        Value::Object(members) => {
            let parts = members.iter().map(|(k, v)| format!("{}：{}", labels::member(k), scalar(v)));
            parts.collect::<Vec<_>>().join("；")
        }
    }
}

/// Our page of what a service calls `/v1/…`, when it has one.
pub fn own_page(service: &str, path: &str) -> Option<String> {
    service_title(service)?;
    let (path, query) = path.split_once('?').map_or((path, ""), |(p, q)| (p, q));
    let rest = path.strip_prefix("/v1/")?;
    let mut parts = rest.split('/');
    let (collection, id, more) = (parts.next()?, parts.next(), parts.next());
    match (id, more) {
        (Some(id), more) => {
            let collection = match (collection, more) {
                ("destruction-orders", Some("certificate")) => "certificates",
                ("erasure-orders", Some("certificate")) => ERASURE_CERTIFICATES,
                // What belongs to one thing shows on its page.
                _ => collection,
            };
            let known = detail_title(service, collection).is_some() && id.parse::<Uuid>().is_ok();
            known.then(|| format!("/d/{service}/{collection}/{id}"))
        }
        (None, None) if query.is_empty() => crate::catalogue::PAGES
            .iter()
            .flat_map(|page| page.sections.iter().map(move |section| (page, section)))
            .find(|(_, section)| section.service == service && section.collection == collection)
            .map(|(page, section)| format!("/p/{}/{}", page.slug, section.slug)),
        _ => None,
    }
}

fn cell(service: &str, value: &Value) -> Cell {
    if let Some(href) = value.as_str().and_then(|path| own_page(service, path)) {
        return Cell::link("檢視", href);
    }
    Cell::text(scalar(value))
}

/// The rows of a section; the first column leads to the row's own page.
pub fn section_table(section: &Section, rows: &[Value], today: NaiveDate) -> Table {
    let row = |row: &Value| -> Vec<Cell> {
        let mut cells: Vec<Cell> =
            section.columns.iter().map(|column| column_cell(section.service, row, *column, today)).collect();
        let id = section.detail.and_then(|path| at(row, path).as_str());
        if let (Some(id), Some(first)) = (id, cells.first_mut()) {
            first.href = own_page(section.service, &format!("/v1/{}", detail_path(section.collection, id)));
        }
        cells
    };
    Table {
        caption: section.title.to_owned(),
        columns: section.columns.iter().map(|(_, label)| (*label).to_owned()).collect(),
        rows: rows.iter().map(row).collect(),
    }
}

fn column_cell(service: &str, row: &Value, (path, _): Column, today: NaiveDate) -> Cell {
    let mut cell = cell(service, at(row, path));
    cell.mark = path == "due_on" && is_late(row, today);
    cell
}

/// Whether a row is open past its due day.
pub fn is_late(row: &Value, today: NaiveDate) -> bool {
    let due: Option<NaiveDate> = at(row, "due_on").as_str().and_then(|d| d.parse().ok());
    let over = matches!(
        at(row, "state").as_str().or_else(|| at(row, "status").as_str()),
        Some("done" | "cancelled" | "closed" | "endorsed" | "filed" | "destroyed" | "certified")
    );
    !over && due.is_some_and(|due| due < today)
}

/// Everything in a row, part by part.
pub fn blocks(service: &str, value: &Value) -> Vec<Block> {
    let mut out = vec![];
    if let Value::Object(members) = value {
        object(service, None, members, 0, &mut out);
    }
    out
}

fn object(
    service: &str,
    heading: Option<String>,
    members: &Map<String, Value>,
    depth: usize,
    out: &mut Vec<Block>,
) {
    let mut block = Block { heading: heading.clone(), ..Block::default() };
    let mut nested: Vec<(String, &Value)> = vec![];
    for (name, value) in members {
        let label = labels::member(name);
        let is_list = value.as_array().is_some_and(|a| a.iter().any(Value::is_object));
        if depth < DEEP && (is_list || value.as_object().is_some_and(|o| !o.is_empty())) {
            nested.push((label, value));
        } else {
            block.pairs.push((label, cell(service, value)));
        }
    }
    if !block.pairs.is_empty() || heading.is_some() {
        out.push(block);
    }
    for (label, value) in nested {
        let heading =
            Some(heading.as_ref().map_or_else(|| label.clone(), |above| format!("{above}－{label}")));
        match value {
            Value::Object(members) => object(service, heading, members, depth + 1, out),
            Value::Array(items) => {
                let table = list(service, &label, items);
                out.push(Block { heading, pairs: vec![], table: Some(table) });
            }
            _ => {}
        }
    }
}

fn list(service: &str, caption: &str, items: &[Value]) -> Table {
    let mut names: Vec<&String> = vec![];
    for name in items.iter().filter_map(Value::as_object).flat_map(Map::keys) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Table {
        caption: caption.to_owned(),
        columns: names.iter().map(|name| labels::member(name)).collect(),
        rows: items
            .iter()
            .map(|item| names.iter().map(|name| cell(service, at(item, name))).collect())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dates_print_in_the_calendar_of_the_republic_and_words_in_chinese() {
        assert_eq!(scalar(&json!("2026-11-23")), "民國115年11月23日");
        assert_eq!(scalar(&json!("2026-11-22T16:05:00Z")), "民國115年11月23日 00:05");
        assert_eq!(scalar(&json!(["household", "auditor"])), "戶役政、稽核人員");
        assert_eq!(scalar(&Value::Null), "—");
        assert!(scalar(&json!("x".repeat(500))).chars().count() < LONG);
    }

    #[test]
    fn paths_of_services_lead_to_our_own_pages_and_no_other_text_becomes_a_link() {
        let id = "0190a0a0-0000-7000-8000-000000000001";
        let page = |path: &str| own_page("retention", path);
        assert_eq!(page(&format!("/v1/outputs/{id}")), Some(format!("/d/retention/outputs/{id}")));
        assert_eq!(
            page(&format!("/v1/destruction-orders/{id}/certificate")),
            Some(format!("/d/retention/certificates/{id}"))
        );
        assert_eq!(
            page(&format!("/v1/erasure-orders/{id}/certificate")),
            Some(format!("/d/retention/erasure-certificates/{id}"))
        );
        assert_eq!(
            own_page("query-registry", &format!("/v1/queries/{id}/outputs")),
            Some(format!("/d/query-registry/queries/{id}")),
            "what belongs to a thing shows on its page"
        );
        assert_eq!(
            own_page("query-registry", &format!("/v1/copy-requests/{id}")),
            None,
            "no page of its own"
        );
        assert_eq!(page("/v1/holdings"), Some("/p/retention/holdings".into()));
        for text in ["javascript:alert(1)", "https://evil.example", "/v1/outputs/../x", "outputs", "/v1/none"]
        {
            assert_eq!(page(text), None, "{text}");
        }
        assert_eq!(own_page("nobody", "/v1/outputs"), None);
    }

    #[test]
    fn every_member_of_a_row_is_shown() {
        let row =
            json!({"id": "1", "term": {"years": 3}, "holders": [{"service": "a", "count": 1}], "empty": {}});
        let blocks = blocks("retention", &row);
        assert_eq!(blocks.len(), 3);
        assert_eq!(blocks[0].pairs.len(), 2);
        let pairs: Vec<_> = blocks.iter().flat_map(|b| &b.pairs).collect();
        assert!(pairs.contains(&&("年".into(), Cell::text("3"))));
        assert_eq!(blocks.iter().filter_map(|b| b.table.as_ref()).map(|t| t.rows.len()).sum::<usize>(), 1);
    }

    #[test]
    fn only_what_is_open_is_late() {
        let today = "2026-03-02".parse().unwrap();
        assert!(is_late(&json!({"due_on": "2026-03-01", "state": "open"}), today));
        assert!(!is_late(&json!({"due_on": "2026-03-02", "state": "open"}), today));
        assert!(!is_late(&json!({"due_on": "2026-03-01", "state": "done"}), today));
    }
}
