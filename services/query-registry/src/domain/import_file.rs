//! The two files from outside: the immigration system's log (I4.1.1) and the welfare platform's daily report (H8.1.1).
//! All of a file or nothing; every fault with its line.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDateTime;
use kernel::ids::AgencyId;
use kernel::{Instant, days};
use query_registry_types::import::{FileFormat, Import, LineError};
use rule_pack::QueryItem;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::table::{self, Row, error};

/// Lines of one file at most.
const MOST_LINES: usize = 20_000;

/// Columns of the immigration system's download.
const IMMIGRATION: [&str; 9] =
    ["查詢時間", "使用機關", "帳號", "使用者姓名", "子項", "子項名稱", "查詢條件", "使用目的", "查詢欄位"];

/// Columns of the welfare platform's report.
const PLATFORM: [&str; 7] =
    ["查詢時間", "作業帳號", "使用者", "案件編號", "查詢條件", "資料來源", "查調事由"];

/// An import at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeptImport(pub Import);

impl chassis::Document for KeptImport {
    const TABLE: &'static str = "imports";
    fn id(&self) -> Uuid {
        self.0.id
    }
}

/// A line of the immigration system's log. Holds personal values: never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImmigrationLine {
    /// Line of the file.
    pub line: usize,
    /// When the official asked.
    pub at: Instant,
    /// The office.
    pub agency: AgencyId,
    /// Account in the agency's system.
    pub account: String,
    /// Name of the user as the file has it.
    pub user_name: String,
    /// Id of the sub-item in the rule pack.
    pub item: String,
    /// Whom it was about.
    pub condition: String,
    /// Purpose as typed in.
    pub purpose: String,
    /// Fields shown.
    pub fields: Vec<String>,
}

/// A line of the welfare platform's report. Holds personal values: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PlatformLine {
    /// Line of the file.
    pub line: usize,
    /// When the platform asked.
    pub at: Instant,
    /// Account number.
    pub account: String,
    /// Case number in the agency's files.
    pub case_number: String,
    /// Whom it was about.
    pub condition: String,
    /// `household` or `tax`.
    pub regulation: String,
}

/// What lines are read against.
pub struct Known<'a> {
    /// Sub-items of annex 1 in published order.
    pub items: &'a [QueryItem],
    /// Offices by name.
    pub offices: &'a HashMap<String, AgencyId>,
    /// The one office that the file may be about; none: any.
    pub only: Option<AgencyId>,
    /// Nothing is later than this.
    pub now: Instant,
}

/// Faults of a file, collected while its lines are read.
struct Faults(Vec<LineError>);

impl Faults {
    fn take<T>(&mut self, row: &Row, column: &str, value: Result<T, &str>) -> Option<T> {
        value.map_err(|problem| self.0.push(error(row.line, column, problem))).ok()
    }

    fn end<T>(self, lines: Vec<T>) -> Result<Vec<T>, Vec<LineError>> {
        if self.0.is_empty() { Ok(lines) } else { Err(self.0) }
    }
}

fn moment(text: &str, now: Instant) -> Result<Instant, &'static str> {
    let at = ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .ok_or("no time like 2026-01-05 09:30:00")?;
    let at = days::start_of(at.date()) + at.time().signed_duration_since(chrono::NaiveTime::MIN);
    if at > now { Err("lies in the future") } else { Ok(at) }
}

fn filled(text: &str) -> Result<String, &'static str> {
    match text.chars().count() {
        0 => Err("is empty"),
        n if n > 500 => Err("is longer than 500 characters"),
        _ => Ok(text.to_owned()),
    }
}

/// Reads the immigration system's download.
pub fn immigration(
    bytes: &[u8],
    format: FileFormat,
    known: &Known<'_>,
) -> Result<Vec<ImmigrationLine>, Vec<LineError>> {
    let rows = table::read(bytes, format, &IMMIGRATION, MOST_LINES)?;
    let mut faults = Faults(vec![]);
    let mut lines = vec![];
    for row in &rows {
        let [at, office, account, user, item, item_title, condition, purpose, fields] = row.cells.as_slice()
        else {
            continue;
        };
        let agency = known.offices.get(office).copied().ok_or("no such office");
        let agency = agency.and_then(|agency| {
            let own = known.only.is_none_or(|only| only == agency);
            if own { Ok(agency) } else { Err("another office's line") }
        });
        let at = faults.take(row, IMMIGRATION[0], moment(at, known.now));
        let agency = faults.take(row, IMMIGRATION[1], agency);
        let account = faults.take(row, IMMIGRATION[2], filled(account));
        let user_name = faults.take(row, IMMIGRATION[3], filled(user));
        let item = faults.take(row, IMMIGRATION[4], sub_item(item, item_title, known.items));
        let condition = faults.take(row, IMMIGRATION[6], filled(condition));
        let purpose = faults.take(row, IMMIGRATION[7], filled(purpose));
        let fields: Vec<String> =
            fields.split(';').map(|f| f.trim().to_owned()).filter(|f| !f.is_empty()).collect();
        let fields = if fields.is_empty() { Err("is empty") } else { Ok(fields) };
        let fields = faults.take(row, IMMIGRATION[8], fields);
        let (Some(at), Some(agency), Some(account), Some(user_name)) = (at, agency, account, user_name)
        else {
            continue;
        };
        let (Some(item), Some(condition), Some(purpose), Some(fields)) = (item, condition, purpose, fields)
        else {
            continue;
        };
        let line = row.line;
        lines.push(ImmigrationLine {
            line,
            at,
            agency,
            account,
            user_name,
            item,
            condition,
            purpose,
            fields,
        });
    }
    faults.end(lines)
}

/// The sub-item by its number on annex 1; a title beside it must be its own.
fn sub_item(number: &str, title: &str, items: &[QueryItem]) -> Result<String, &'static str> {
    let place = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    let item = match place {
        Some(place) => items.get(place),
        None => items.iter().find(|i| i.ordinal.as_deref() == Some(number)),
    };
    let item = item.ok_or("no sub-item of annex 1")?;
    if title.is_empty() || title == item.title.zh {
        Ok(item.id.clone())
    } else {
        Err("number and title of the sub-item differ")
    }
}

/// Reads the welfare platform's report.
pub fn platform(bytes: &[u8], format: FileFormat, now: Instant) -> Result<Vec<PlatformLine>, Vec<LineError>> {
    let rows = table::read(bytes, format, &PLATFORM, MOST_LINES)?;
    let mut faults = Faults(vec![]);
    let mut lines = vec![];
    for row in &rows {
        let [at, account, _user, case_number, condition, source, _reason] = row.cells.as_slice() else {
            continue;
        };
        let regulation = match source.as_str() {
            "household" | "戶役政" => Ok("household"),
            "tax" | "財稅" => Ok("tax"),
            _ => Err("no such source"),
        };
        let at = faults.take(row, PLATFORM[0], moment(at, now));
        let account = faults.take(row, PLATFORM[1], filled(account));
        let condition = faults.take(row, PLATFORM[4], filled(condition));
        let regulation = faults.take(row, PLATFORM[5], regulation);
        let (Some(at), Some(account), Some(condition), Some(regulation)) =
            (at, account, condition, regulation)
        else {
            continue;
        };
        let (regulation, case_number) = (regulation.to_owned(), case_number.clone());
        lines.push(PlatformLine { line: row.line, at, account, case_number, condition, regulation });
    }
    faults.end(lines)
}

/// The key of each line: what it says and its place among equal lines of its file. The same line in another file has
/// the same key; two equal lines of one file have not.
pub fn line_keys(lines: impl Iterator<Item = String>, hash: impl Fn(&str) -> String) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    lines
        .map(|text| {
            let times = seen.entry(text.clone()).or_default();
            *times += 1;
            hash(&format!("{text}\u{1f}{times}"))
        })
        .collect()
}

impl ImmigrationLine {
    /// Everything that makes the line itself.
    pub fn text(&self) -> String {
        let (at, agency, fields) = (self.at.to_rfc3339(), self.agency.to_string(), self.fields.join(";"));
        [&at, &agency, &self.account, &self.item, &self.condition, &self.purpose, &fields]
            .map(String::as_str)
            .join("\u{1f}")
    }
}

impl PlatformLine {
    /// Everything that makes the line itself, in `agency`'s file.
    pub fn text(&self, agency: AgencyId) -> String {
        let (at, agency) = (self.at.to_rfc3339(), agency.to_string());
        [&at, &agency, &self.account, &self.case_number, &self.condition, &self.regulation]
            .map(String::as_str)
            .join("\u{1f}")
    }
}

#[cfg(test)]
mod tests {
    use rule_pack::{PackSet, Regulation};

    use super::*;

    const HEADER: &str = "查詢時間,使用機關,帳號,使用者姓名,子項,子項名稱,查詢條件,使用目的,查詢欄位\r\n";

    fn read(text: &str) -> Result<Vec<ImmigrationLine>, Vec<LineError>> {
        let packs = PackSet::embedded().unwrap();
        let pack = packs.on(Regulation::Immigration, "2026-03-02".parse().unwrap()).unwrap();
        let offices = [("新興區公所", 1), ("前金區公所", 2)];
        let offices = offices.map(|(name, n)| (name.to_owned(), AgencyId(Uuid::from_u128(n)))).into();
        let only = Some(AgencyId(Uuid::from_u128(1)));
        let now = days::at("2026-03-02".parse().unwrap(), 9, 0);
        let known = Known { items: &pack.query_items, offices: &offices, only, now };
        immigration(format!("{HEADER}{text}").as_bytes(), FileFormat::Csv, &known)
    }

    #[test]
    fn a_good_line_is_read() {
        let lines = read(
            "2026-02-03 10:11:12,新興區公所,u1,王小明,1,中外旅客入出境紀錄查詢,A0,審查,name;entries\r\n",
        )
        .unwrap();
        assert_eq!(lines[0].item, "entry-exit");
        assert_eq!(lines[0].fields, ["name", "entries"]);
        assert_eq!(
            lines[0].at,
            days::at("2026-02-03".parse().unwrap(), 10, 11) + chrono::Duration::seconds(12)
        );
    }

    #[test]
    fn every_fault_of_every_line_is_told_and_nothing_is_taken() {
        let errors = read(
            "2026-02-30 10:11:12,新興區公所,u1,王,1,,A0,審查,name\r\n\
             2026-02-03 10:11:12,前金區公所,u1,王,9,,A0,審查,name\r\n\
             2026-03-03 10:11:12,某區公所,,王,2,申請居留資料查詢,,,;\r\n",
        );
        let errors = errors.err().unwrap();
        let told: Vec<(usize, &str)> = errors.iter().map(|e| (e.line, e.column.as_str())).collect();
        assert_eq!(
            told,
            [
                (2, "查詢時間"),
                (3, "使用機關"),
                (3, "子項"),
                (4, "查詢時間"),
                (4, "使用機關"),
                (4, "帳號"),
                (4, "子項"),
                (4, "查詢條件"),
                (4, "使用目的"),
                (4, "查詢欄位")
            ]
        );
        assert!(errors.iter().all(|e| !e.problem.contains("某區公所")));
    }

    #[test]
    fn equal_lines_of_one_file_differ_and_the_same_line_of_another_file_does_not() {
        let keys = line_keys(["a", "b", "a"].iter().map(|t| (*t).to_owned()), str::to_owned);
        assert_ne!(keys[0], keys[2]);
        let again = line_keys(["b", "a"].iter().map(|t| (*t).to_owned()), str::to_owned);
        assert_eq!((&again[0], &again[1]), (&keys[1], &keys[0]));
    }

    #[test]
    fn the_platform_file_is_read() {
        let text = "查詢時間,作業帳號,使用者,案件編號,查詢條件,資料來源,查調事由\r\n\
                    2026-02-03 10:11:12,S-1,王,C-1,A0,tax,審查\r\n\
                    2026-02-03 10:11:12,S-1,王,C-1,A0,police,審查\r\n";
        let now = days::at("2026-03-02".parse().unwrap(), 9, 0);
        let errors = platform(text.as_bytes(), FileFormat::Csv, now).err().unwrap();
        assert_eq!(errors, [error(3, "資料來源", "no such source")]);
    }
}
