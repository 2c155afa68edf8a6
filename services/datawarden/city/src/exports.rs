//! Files that come from outside: the immigration system's log by office (I4.1.1) and the welfare platform's own daily
//! report (H8.1.1).

use chrono::{Days, Duration, NaiveDate};
use kernel::ids::AgencyId;
use kernel::{Instant, WorkingCalendar};

use crate::SampleCity;
use crate::chance::Chance;
use crate::plan::{DayPlan, PlanSettings, Provider};
use crate::planted::{Misbehaviour, Planted};
use crate::text::csv_line;

/// What an official may query in the immigration agency's system, and why (annex 1 of I).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImmigrationPermission {
    /// Place in the list of officials.
    pub official: usize,
    /// Numbers of the approved sub-items on annex 1, 1–7.
    pub items: &'static [u8],
    /// Purpose (使用目的).
    pub purpose: &'static str,
}

/// One line of the immigration system's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImmigrationLogRow {
    /// When.
    pub at: Instant,
    /// The office whose log holds the line.
    pub agency: AgencyId,
    /// Account name in that system: the official's login.
    pub account: String,
    /// Name of the user.
    pub user_name: String,
    /// Number of the sub-item on annex 1, 1–7.
    pub item: u8,
    /// Sample national id asked for.
    pub condition: String,
    /// Purpose typed in.
    pub purpose: String,
    /// Fields shown, separated by `;` in the file.
    pub fields: &'static [&'static str],
    /// Id of the planted item; not in the file.
    pub planted: Option<String>,
}

const PURPOSE: &str = "社會救助及社會福利業務審查";
const ITEM_SETS: [&[u8]; 3] = [&[1, 5], &[1, 2, 5], &[1, 4, 5, 6]];

/// Fields that each sub-item shows, by its number less one.
const FIELDS: [&[&str]; 7] = [
    &["name", "document_number", "entries", "exits"],
    &["name", "nationality", "entries", "exits"],
    &["name", "application_purpose", "permit_until"],
    &["name", "residence_permit", "residence_until"],
    &["name", "residence_permit", "residence_reason", "residence_until"],
    &["name", "settlement_date", "settlement_status"],
    &["name", "nationality", "missing_since"],
];

/// Titles of the sub-items on annex 1, by number less one.
const ITEM_TITLES: [&str; 7] = [
    "中外旅客入出境紀錄查詢",
    "提供外僑/外勞入出境資料查詢",
    "大陸人士申請來臺資料查詢",
    "無戶籍國民、港澳人民或大陸人士居留資料",
    "申請居留資料查詢",
    "申請定居資料查詢",
    "提供外僑/外勞行方不明資料查詢",
];

/// Who may use the immigration system: the first two users of each district office and of the bureau.
pub fn immigration_permissions(city: &SampleCity) -> Vec<ImmigrationPermission> {
    let offices =
        city.agencies.iter().filter(|a| a.weight > 0 && (a.district.is_some() || a.parent.is_none()));
    offices
        .flat_map(|a| city.holders(a.id, "user").take(2))
        .enumerate()
        .map(|(n, (official, _))| ImmigrationPermission {
            official,
            items: ITEM_SETS[n % 3],
            purpose: PURPOSE,
        })
        .collect()
}

struct Log<'a> {
    city: &'a SampleCity,
    chance: Chance,
    rows: Vec<ImmigrationLogRow>,
}

impl Log<'_> {
    fn row(&mut self, official: usize, day: NaiveDate, item: u8, planted: Option<&Planted>) {
        let who = &self.city.officials[official];
        let Some(agency) = who.posts.first().map(|p| p.agency) else { return };
        let condition = &self.city.citizens[self.chance.below(self.city.citizens.len())].national_id;
        let second = self.chance.between(9 * 3600, 11 * 3600 + 3000);
        let fields = FIELDS.get(usize::from(item).saturating_sub(1)).copied().unwrap_or_default();
        self.rows.push(ImmigrationLogRow {
            at: kernel::days::start_of(day) + Duration::seconds(second),
            agency,
            account: who.login.clone(),
            user_name: who.name.clone(),
            item,
            condition: condition.expose().to_owned(),
            purpose: PURPOSE.to_owned(),
            fields,
            planted: planted.map(|p| p.id.clone()),
        });
    }
}

/// The immigration system's log for all offices over the plan's days, in the order of time, planted lines included.
/// About one query per permitted user and week.
pub fn immigration_log(
    city: &SampleCity,
    calendar: &WorkingCalendar,
    settings: PlanSettings,
) -> Vec<ImmigrationLogRow> {
    let permissions = immigration_permissions(city);
    let gone = crate::personnel::changes(city, settings.start, settings.end);
    let mut log = Log { city, chance: Chance::new(city.settings.seed, "immigration"), rows: Vec::new() };
    for day in settings.start.iter_days().take_while(|d| *d < settings.end) {
        for permission in &permissions {
            let left = gone.iter().any(|c| c.official == permission.official && c.effective <= day);
            if calendar.is_working_day(day) && !left && log.chance.percent(20) {
                let item = permission.items[log.chance.below(permission.items.len())];
                log.row(permission.official, day, item, None);
            }
        }
    }
    for planted in &city.planted {
        let day = calendar.on_or_after(settings.start + Days::new(u64::from(planted.day_offset)));
        let (queries, item) = match planted.act {
            Misbehaviour::ImmigrationItemNotApproved { queries, item } => (queries, item),
            Misbehaviour::ImmigrationNotApproved { queries }
            | Misbehaviour::ImmigrationFrequency { queries } => (queries, 1),
            _ => continue,
        };
        let Some(official) = planted.official(city) else { continue };
        for number in 0..queries {
            let on = calendar.working_days_after(day, number % 5);
            if on < settings.end {
                log.row(official, on, item, Some(planted));
            }
        }
    }
    log.rows.sort_by(|a, b| (a.at, &a.account).cmp(&(b.at, &b.account)));
    log.rows
}

/// The log as the immigration system's download (CSV, UTF-8, CRLF, with header): time in Taipei, office, account,
/// name, sub-item's number and title, condition, purpose, fields. Give it the rows of one office and period.
pub fn immigration_csv<'a>(
    city: &SampleCity,
    rows: impl IntoIterator<Item = &'a ImmigrationLogRow>,
) -> String {
    let mut out = csv_line([
        "查詢時間",
        "使用機關",
        "帳號",
        "使用者姓名",
        "子項",
        "子項名稱",
        "查詢條件",
        "使用目的",
        "查詢欄位",
    ]);
    for row in rows {
        let at = kernel::days::in_taipei(row.at).format("%Y-%m-%d %H:%M:%S").to_string();
        let (item, fields) = (row.item.to_string(), row.fields.join(";"));
        out += &csv_line([
            at.as_str(),
            city.agency(row.agency).map_or("", |a| a.name.as_str()),
            row.account.as_str(),
            row.user_name.as_str(),
            item.as_str(),
            ITEM_TITLES.get(usize::from(row.item).saturating_sub(1)).copied().unwrap_or_default(),
            row.condition.as_str(),
            row.purpose.as_str(),
            fields.as_str(),
        ]);
    }
    out
}

/// One line of the welfare platform's own daily report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformReportRow {
    /// When the platform asked.
    pub at: Instant,
    /// Account name.
    pub account: String,
    /// Name of the user.
    pub user_name: String,
    /// Case number.
    pub case_number: String,
    /// Sample national id asked for.
    pub condition: String,
    /// Provider asked.
    pub provider: Provider,
    /// Reason.
    pub reason: String,
    /// Number of the query in the plan; lets who plays the plan leave out what was refused.
    pub query: usize,
}

/// What the platform reports about `agency` for a planned day: every query of its officials.
pub fn platform_report(city: &SampleCity, day: &DayPlan, agency: AgencyId) -> Vec<PlatformReportRow> {
    let of_agency =
        |official: usize| city.officials[official].posts.first().is_some_and(|p| p.agency == agency);
    day.queries
        .iter()
        .filter(|q| of_agency(q.official))
        .map(|q| PlatformReportRow {
            at: q.at,
            account: city.officials[q.official].login.clone(),
            user_name: city.officials[q.official].name.clone(),
            case_number: city.cases[q.case].number.clone(),
            condition: city.citizens[q.citizen].national_id.expose().to_owned(),
            provider: q.provider,
            reason: q.reason.clone(),
            query: q.number,
        })
        .collect()
}

/// The platform's report file (CSV, UTF-8, CRLF, with header): time in Taipei, account, name, case number, condition,
/// provider's code, reason.
pub fn platform_csv<'a>(rows: impl IntoIterator<Item = &'a PlatformReportRow>) -> String {
    let mut out =
        csv_line(["查詢時間", "作業帳號", "使用者", "案件編號", "查詢條件", "資料來源", "查調事由"]);
    for row in rows {
        let at = kernel::days::in_taipei(row.at).format("%Y-%m-%d %H:%M:%S").to_string();
        out += &csv_line([
            at.as_str(),
            row.account.as_str(),
            row.user_name.as_str(),
            row.case_number.as_str(),
            row.condition.as_str(),
            row.provider.code(),
            row.reason.as_str(),
        ]);
    }
    out
}
