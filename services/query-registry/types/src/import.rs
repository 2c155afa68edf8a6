//! Files from outside: the immigration system's log (I4.1.1) and the welfare platform's own report (H8.1.1).

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{AgencyId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::PersonalText;

/// Formats of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Comma-separated, UTF-8, with header.
    Csv,
    /// Office Open XML workbook; its first sheet.
    Xlsx,
    /// OpenDocument spreadsheet; its first sheet.
    Ods,
}

/// A file to import. All of it or nothing; the same file or line again changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportFile {
    /// Its format.
    pub format: FileFormat,
    /// The office that the file is about; the caller's own when absent. A file for several offices is the bureau's to
    /// import, with the column 使用機關 deciding.
    pub agency: Option<AgencyId>,
    /// The file's bytes, base64; about 3 MB at most.
    pub content: PersonalText,
}

/// A fault of a file's line. Never carries the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineError {
    /// Line of the file, the header is line 1.
    pub line: usize,
    /// Title of the column; empty for the line or file as a whole.
    pub column: String,
    /// What is wrong.
    pub problem: String,
}

/// What annex 2 of I needs to know about an office's use: scope, frequency, fields (I4.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfficeSummary {
    /// Lines.
    pub lines: u32,
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
    /// Accounts that were used.
    pub accounts: u32,
    /// Scope: lines by sub-item of annex 1.
    pub items: BTreeMap<String, u32>,
    /// Fields: lines by field shown.
    pub fields: BTreeMap<String, u32>,
    /// Frequency: the most lines of one account on one day.
    pub most_per_day: u32,
    /// Lines at night or on a day off.
    pub outside_hours: u32,
    /// Findings by kind.
    pub findings: BTreeMap<String, u32>,
}

/// An imported file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Import {
    /// Its id.
    pub id: Uuid,
    /// `immigration-log` or `platform-report`.
    pub kind: String,
    /// The agency that imported it.
    pub agency: AgencyId,
    /// Who imported it; a system's report has nobody.
    pub imported_by: Option<PersonId>,
    /// SHA-256 (hex) of the file.
    pub digest: String,
    /// Lines of the file.
    pub lines: u32,
    /// Lines that were imported before, from another file.
    pub known: u32,
    /// `recording` until each line is in the log, then `done`.
    pub state: String,
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
    /// Per office.
    #[schema(value_type = Object)]
    pub offices: BTreeMap<AgencyId, OfficeSummary>,
    /// Control items raised.
    pub items: u32,
    /// When.
    pub imported_at: DateTime<Utc>,
}
