//! Personnel changes (職務異動, 調職, 離職, 退休): read from the personnel file, followed to the change or stop of each
//! account (H5.2.2, I3.6).

use std::collections::BTreeMap;

use chassis::{Document, FieldError};
use chrono::NaiveDate;
use kernel::ids::{AccountId, AgencyId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonnelKind {
    /// 調職.
    Transfer,
    /// 業務調整.
    DutyChange,
    /// 留職停薪.
    Leave,
    /// 離職.
    Resignation,
    /// 退休.
    Retirement,
}

impl PersonnelKind {
    fn parse(code: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(code.to_owned())).ok()
    }

    /// Whether the person is out of service from the effective day.
    pub fn ends_service(self) -> bool {
        matches!(self, Self::Resignation | Self::Retirement)
    }

    /// Whether the posts held until now end.
    pub fn ends_posts(self) -> bool {
        !matches!(self, Self::DutyChange)
    }
}

/// How far a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonnelStatus {
    /// Reported; the effective day has not come.
    Reported,
    /// In effect; accounts wait for the user's application or the pack's days.
    Pending,
    /// Settled: every account was changed or stopped.
    Settled,
}

/// One account that a change concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProposedStop {
    /// The account.
    pub account_id: AccountId,
    /// Regulation.
    pub regulation: String,
    /// The day after which it is stopped ex officio.
    pub due_on: NaiveDate,
    /// `proposed`, `applied` (the user applied himself), `stopped`, `gone` (ended otherwise).
    pub state: String,
}

/// A personnel change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonnelChange {
    /// Its id.
    pub id: Uuid,
    /// Names the change: the same one is never entered twice.
    pub key: String,
    /// The person.
    pub person_id: PersonId,
    /// The old agency.
    pub agency_id: Option<AgencyId>,
    /// What changes.
    pub kind: PersonnelKind,
    /// Day of the report.
    pub reported_on: NaiveDate,
    /// First day without the old duties.
    pub effective_on: NaiveDate,
    /// Name of the new agency, on a transfer.
    pub to_agency: Option<String>,
    /// State.
    pub status: PersonnelStatus,
    /// Stops that are proposed.
    pub stops: Vec<ProposedStop>,
}

impl Document for PersonnelChange {
    const TABLE: &'static str = "personnel_changes";
    fn id(&self) -> Uuid {
        self.id
    }
}

/// A row of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line of the file, from 1.
    pub line: u64,
    /// Day of the report.
    pub reported_on: NaiveDate,
    /// Effective day.
    pub effective_on: NaiveDate,
    /// Staff number.
    pub staff_number: String,
    /// Kind.
    pub kind: PersonnelKind,
    /// New agency.
    pub to_agency: Option<String>,
}

impl Row {
    /// Names the change: who, what, from when.
    pub fn key(&self) -> String {
        format!("{}/{:?}/{}", self.staff_number, self.kind, self.effective_on)
    }
}

/// Column headings that are needed; others are passed over.
const NEEDED: [&str; 4] = ["通報日期", "生效日期", "員工代號", "異動代碼"];
/// Most errors that are told at once.
const MOST_ERRORS: usize = 200;

/// Reads the file; every fault is told with its line and column heading, and without the value.
pub fn parse(text: &str) -> Result<Vec<Row>, Vec<FieldError>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let fault =
        |line: u64, what: &str| FieldError { pointer: format!("/csv line {line}"), detail: what.to_owned() };
    let headers = reader.headers().map_err(|_| vec![fault(1, "the header cannot be read")])?.clone();
    let at: BTreeMap<&str, usize> = headers.iter().enumerate().map(|(i, h)| (h.trim(), i)).collect();
    let missing: Vec<FieldError> = NEEDED
        .iter()
        .filter(|h| !at.contains_key(*h))
        .map(|h| fault(1, &format!("the column {h} is missing")))
        .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    let (mut rows, mut faults) = (vec![], vec![]);
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                faults.push(fault(line_at(text, error.position()), "not a row of CSV"));
                continue;
            }
        };
        let line = line_at(text, record.position());
        let cell = |name: &str| at.get(name).and_then(|i| record.get(*i)).map(str::trim).unwrap_or_default();
        let mut day = |name: &str| {
            cell(name)
                .parse::<NaiveDate>()
                .inspect_err(|_| faults.push(fault(line, &format!("{name}: not a day as 2026-03-02"))))
                .ok()
        };
        let (reported_on, effective_on) = (day("通報日期"), day("生效日期"));
        let staff_number = cell("員工代號").to_owned();
        if staff_number.is_empty() {
            faults.push(fault(line, "員工代號: is missing"));
        }
        let kind = PersonnelKind::parse(cell("異動代碼"));
        if kind.is_none() {
            faults.push(fault(line, "異動代碼: transfer, duty_change, leave, resignation or retirement"));
        }
        let to_agency = Some(cell("新機關")).filter(|t| !t.is_empty()).map(str::to_owned);
        if let (Some(reported_on), Some(effective_on), Some(kind)) = (reported_on, effective_on, kind) {
            rows.push(Row { line, reported_on, effective_on, staff_number, kind, to_agency });
        }
    }
    faults.truncate(MOST_ERRORS);
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

/// The line, from 1, on which the row at `position` stands. The reader tells the place behind the last row's text,
/// which with CRLF is still that row's line.
fn line_at(text: &str, position: Option<&csv::Position>) -> u64 {
    let byte = position.and_then(|p| usize::try_from(p.byte()).ok()).unwrap_or_default();
    let (before, after) = text.as_bytes().split_at(byte.min(text.len()));
    let breaks = after
        .iter()
        .take_while(|b| matches!(b, b'\r' | b'\n'))
        .chain(before)
        .filter(|b| **b == b'\n')
        .count();
    u64::try_from(breaks).unwrap_or(u64::MAX).saturating_add(1)
}

impl PersonnelChange {
    /// Notes what became of an account; true when the last one is settled by it.
    pub fn settle(&mut self, account: AccountId, state: &str) -> bool {
        for stop in self.stops.iter_mut().filter(|s| s.account_id == account && s.state == "proposed") {
            state.clone_into(&mut stop.state);
        }
        let done =
            self.status == PersonnelStatus::Pending && self.stops.iter().all(|s| s.state != "proposed");
        if done {
            self.status = PersonnelStatus::Settled;
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "通報日期,生效日期,員工代號,姓名,異動類別,異動代碼,原機關,新機關\r\n";

    #[test]
    fn rows_are_read_by_heading() {
        let rows =
            parse(&format!("\u{feff}{HEAD}2026-03-02,2026-03-05,ks0001,甲,退休,retirement,社會局,\r\n"))
                .unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].kind, PersonnelKind::Retirement);
        assert_eq!(rows[0].to_agency, None);
        assert_eq!(rows[0].line, 2);
    }

    #[test]
    fn every_fault_is_told_with_its_line_and_without_its_value() {
        let text =
            format!("{HEAD}2026-03-02,2026-03-05,ks0001,甲,退休,retirement,,\r\nx,2026-13-05,,乙,?,??,,\r\n");
        let faults = parse(&text).unwrap_err();
        assert_eq!(faults.len(), 4);
        assert!(
            faults.iter().all(|f| f.pointer == "/csv line 3" && !f.detail.contains("2026-13")),
            "{faults:?}"
        );
    }

    #[test]
    fn a_file_without_the_columns_is_refused_as_a_whole() {
        assert_eq!(parse("a,b\n1,2\n").unwrap_err().len(), 4);
    }

    #[test]
    fn the_days_of_the_pack_follow_section_48() {
        // Household: 7 calendar days. The event's day does not count; an end on a day off moves on (行政程序法 §48).
        let packs = rule_pack::PackSet::embedded().unwrap();
        let calendar = rule_pack::working_calendar().unwrap();
        let pack = packs.on(rule_pack::Regulation::Household, "2026-03-02".parse().unwrap()).unwrap();
        let deadline = pack.deadline(rule_pack::DeadlineKind::PersonnelChangeStop).unwrap();
        assert_eq!(deadline.due("2026-03-02".parse().unwrap(), &calendar), "2026-03-09".parse().unwrap());
        assert_eq!(deadline.due("2026-03-07".parse().unwrap(), &calendar), "2026-03-16".parse().unwrap());
    }
}
