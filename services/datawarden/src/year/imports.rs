//! Files that come in: personnel changes, the welfare platform's own daily report, the immigration system's log.

use account_types::{ImportPersonnelChanges, InventoryEffect};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use kernel::ids::AgencyId;
use query_registry_types::PersonalText;
use query_registry_types::import::{FileFormat, ImportFile};
use rule_pack::Regulation;
use sample_city::{DayPlan, PersonnelChange};
use serde_json::Value;

use super::permissions::{ACCOUNT, Until, Wish};
use super::queries::REGISTRY;
use super::{Year, side_by_side};
use crate::client::{Called, Caller};

impl Year<'_> {
    /// The morning's files.
    pub(super) async fn import_files(&mut self, day: &DayPlan) {
        self.open_what_ended().await;
        self.personnel_file(day.date).await;
        if self.client.has(REGISTRY, IMPORT_PLATFORM) {
            self.platform_reports(day.date).await;
        }
        if self.first_working_day() && self.client.has(REGISTRY, IMPORT_LOG) {
            self.immigration_logs().await;
        }
    }

    /// The personnel file tells of every change reported since the last one; who must apply did so before (H5.2.2).
    async fn personnel_file(&mut self, today: NaiveDate) {
        let since = self.plan.settings.start.max(self.last_working_day(today));
        let news: Vec<PersonnelChange> = self
            .plan
            .changes
            .iter()
            .filter(|c| since < c.reported && c.reported <= today || c.reported == today)
            .cloned()
            .collect();
        if news.is_empty() {
            return;
        }
        for change in &news {
            if change.applied && change.effective >= today {
                self.apply_for_end(change).await;
            }
        }
        let csv = sample_city::personnel_csv(self.client.city(), &news);
        let Some(unit) = self.client.bureau("it_unit") else { return };
        let imported = self
            .client
            .post(unit, (ACCOUNT, "import_personnel_changes"), &[], &ImportPersonnelChanges { csv })
            .await;
        if self.note("personnel file", imported).is_some() {
            self.state.did("personnel files imported");
        }
        for change in &news {
            let person = self.client.city().officials[change.official].id;
            self.state.gone.insert(person, change.effective);
        }
    }

    /// The working day before `today`.
    pub(super) fn last_working_day(&self, today: NaiveDate) -> NaiveDate {
        let mut day = today;
        while let Some(before) = day.pred_opt() {
            day = before;
            if self.calendar.is_working_day(day) {
                break;
            }
        }
        day
    }

    /// The official asks for the end of his permissions; the effect follows on his last day's morrow.
    async fn apply_for_end(&mut self, change: &PersonnelChange) {
        let Some(who) = self.client.main_post(change.official) else { return };
        let person = self.client.city().officials[change.official].id;
        self.state.gone.insert(person, change.effective);
        for regulation in [Regulation::Household, Regulation::Tax, Regulation::Immigration] {
            let Some(account) = self.state.account(who, regulation.as_str()).map(|a| a.id) else { continue };
            let wish = Wish {
                who,
                regulation,
                kind: "cancel",
                account: Some(account),
                items: std::collections::BTreeSet::new(),
            };
            if let Some(id) = self.apply(wish, Until::Effect).await {
                self.state.ending.push((change.effective, id));
            }
        }
    }

    /// Applications whose effect was to wait for its day.
    async fn open_what_ended(&mut self) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.state.ending).into_iter().partition(|(day, _)| *day <= self.today);
        self.state.ending = later;
        for (_, id) in due {
            self.walk(id, Until::End).await;
        }
    }

    /// The platform's report of the working day before, for each office that queried (H8.1.1 ＋).
    async fn platform_reports(&mut self, today: NaiveDate) {
        let since = self.last_working_day(today);
        let city = self.client.city();
        let days: Vec<DayPlan> = self
            .plan
            .days
            .iter()
            .filter(|d| since <= d.date && d.date < today && !d.queries.is_empty())
            .cloned()
            .collect();
        let mut bodies = vec![];
        for day in days {
            for agency in city.agencies.iter().filter(|a| a.weight > 0) {
                let rows: Vec<_> = sample_city::platform_report(city, &day, agency.id)
                    .into_iter()
                    .filter_map(|mut row| {
                        // The platform's clock shows when the query was really made, its list the account's number.
                        row.at = *self.state.answered.get(&row.query)?;
                        let known = self.state.accounts.values().find(|a| {
                            a.regulation == row.provider.code()
                                && city.officials[a.who.official].login == row.account
                        });
                        row.account = known.map_or(row.account, |a| a.number.clone());
                        Some(row)
                    })
                    .collect();
                if rows.is_empty() {
                    continue;
                }
                bodies.push((Caller::Platform, file(Some(agency.id), &sample_city::platform_csv(&rows))));
            }
        }
        self.import_all(IMPORT_PLATFORM, bodies, ("platform report", "platform reports imported")).await;
    }

    /// Each office's file is its own: they go side by side.
    async fn import_all(
        &mut self,
        operation: &str,
        files: Vec<(Caller, ImportFile)>,
        (what, done): (&str, &str),
    ) {
        let client = &self.client;
        let results: Vec<Called<Value>> = side_by_side(files, |(who, body)| async move {
            client.post(who, (REGISTRY, operation), &[], &body).await
        })
        .await;
        for result in results {
            if self.note(what, result).is_some() {
                self.state.did(done);
            }
        }
    }

    /// Each office's designated officer loads the month before from the agency's system (I4.1.1).
    async fn immigration_logs(&mut self) {
        use chrono::Datelike as _;
        let Some(until) = self.today.with_day(1) else { return };
        let from = kernel::days::sub_months(until, 1);
        self.import_immigration(from, until).await;
    }

    /// Imports the lines of the days in `[from, until)`, office by office.
    pub(super) async fn import_immigration(&mut self, from: NaiveDate, until: NaiveDate) {
        let city = self.client.city();
        let lines = self.immigration_lines(from, until);
        let mut files = vec![];
        for agency in city.agencies.iter().filter(|a| a.weight > 0) {
            let mut rows: Vec<_> = lines.iter().filter(|r| r.agency == agency.id).cloned().collect();
            for row in &mut rows {
                let known = self.state.accounts.values().find(|a| {
                    a.regulation == "immigration" && city.officials[a.who.official].login == row.account
                });
                row.account = known.map_or(std::mem::take(&mut row.account), |a| a.number.clone());
            }
            let officer = self.client.holder(agency.id, "designated_officer");
            // Years ago some of today's officers were not in service yet.
            let Some(officer) =
                officer.filter(|who| !rows.is_empty() && self.client.official(*who).appointed <= self.today)
            else {
                continue;
            };
            let csv = sample_city::immigration_csv(city, &rows);
            files.push((Caller::from(officer), file(Some(agency.id), &csv)));
        }
        self.import_all(IMPORT_LOG, files, ("immigration log", "immigration logs imported")).await;
    }

    fn immigration_lines(&self, from: NaiveDate, until: NaiveDate) -> Vec<sample_city::ImmigrationLogRow> {
        let settings = if from < self.plan.settings.start {
            sample_city::PlanSettings { start: from, end: until, queries: 0 }
        } else {
            self.plan.settings
        };
        let rows = sample_city::immigration_log(self.client.city(), self.calendar, settings);
        let city = self.client.city();
        let in_service = |login: &str, day: NaiveDate| {
            city.officials.iter().any(|o| o.login == login && o.appointed <= day)
        };
        let within = |r: &sample_city::ImmigrationLogRow| {
            let day = kernel::days::taipei_date(r.at);
            // What is planted belongs to the year alone; who came later is in no log of long ago.
            let own = from >= self.plan.settings.start || r.planted.is_none() && in_service(&r.account, day);
            from <= day && day < until && own
        };
        rows.into_iter().filter(within).collect()
    }
}

/// Operation that takes the platform's own report.
const IMPORT_PLATFORM: &str = "import_platform_report";
/// Operation that takes a log of the agency's system.
pub(super) const IMPORT_LOG: &str = "import_immigration_log";

/// A file as both imports take it.
fn file(agency: Option<AgencyId>, csv: &str) -> ImportFile {
    ImportFile { format: FileFormat::Csv, agency, content: PersonalText(STANDARD.encode(csv)) }
}

/// What a reviewer of an inventory decides on evidence.
pub(super) fn decision(evidence: &Value) -> (InventoryEffect, &'static str) {
    let is = |name: &str| evidence[name] == true;
    if is("moved") || is("left") {
        (InventoryEffect::Stop, "已離職或職務異動")
    } else if is("change_reported") {
        (InventoryEffect::Keep, "職務異動申請辦理中")
    } else if is("idle") {
        (InventoryEffect::Keep, "輪調備勤，仍有業務需要")
    } else {
        (InventoryEffect::Keep, "業務需要")
    }
}
