//! Audits: the quarterly draw with its worksheets, spot checks, packages, and what follows from findings (H8.2–H9, I4, I6).

use audit_sampling_types::{
    AcceptCorrectionReport, AnswerCooperation, AssignWorksheet, CloseFinding, Conclusion, Course,
    CreateContribution, CreatePackage, CreateSpotCheck, DrawNumbers, Endorse, FreezePopulation,
    InvestigationRecord, Liability, NoData, OpenInvestigation, OrderCorrection, RandomnessSource,
    RecordLegalReferral, RecordOutcome, RecordReferralOutcome, RecordResult, RecordSpotCheck,
    RecordWorksheetResult, RequestCooperation, SourceKind, SubmitCorrectionReport,
};
use kernel::days;
use kernel::ids::{AgencyId, FindingId, PersonId, QueryId};
use obligations::Obligation;
use query_registry_types::PersonalText;
use query_registry_types::logs::ReadLogEntry;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Year;
use super::permissions::{document_number, strange};
use super::queries::REGISTRY;
use crate::client::{Called, Who};

/// Service that audits.
pub(super) const AUDIT: &str = "audit-sampling";
/// Marks for which an auditor notes a record as wrong.
const WRONG: [&str; 4] = ["declared-relative", "night", "sequential-ids", "copied-reason"];

impl Year<'_> {
    pub(super) async fn do_audit_duty(
        &mut self,
        obligation: &Obligation,
        subject: Option<Uuid>,
    ) -> Called<()> {
        let id = || subject.ok_or_else(|| strange(&obligation.duty, "the obligation names no subject"));
        match obligation.duty.as_str() {
            "H8.2.audit" | "T.audit" => self.audit(id()?).await,
            "H8.3.investigation" | "T.investigation" => self.investigate(id()?).await,
            "H8.5.correction" | "T.correction" => self.correct(id()?).await,
            "H9.referral" => self.refer(id()?).await,
            "I4.1.2.anomaly" => self.follow_anomaly(id()?).await,
            "H8.4.cooperation" | "I4.2.2.cooperation" => self.cooperate(id()?).await,
            _ => Ok(()),
        }
    }

    pub(super) fn role(&self, role: &str) -> Called<Who> {
        self.client.bureau(role).ok_or_else(|| strange(role, "nobody holds the role"))
    }

    fn role_but(&self, role: &str, but: &[PersonId]) -> Called<Who> {
        let bureau = self.client.city().agency_by_code("bureau").map(|a| a.id);
        let found = bureau.and_then(|b| self.client.holder_but(b, role, but));
        found.ok_or_else(|| strange(role, "nobody else holds the role"))
    }

    /// One step of a quarterly audit: freeze, or the numbers of the public draw with all that follows (H8.2).
    async fn audit(&mut self, id: Uuid) -> Called<()> {
        let auditor = self.role("auditor")?;
        let plan = self.client.get(auditor, (AUDIT, "get_audit_plan"), &[&id]).await?;
        let over =
            plan["period_end"].as_str().and_then(|d| d.parse().ok()).is_some_and(|end| self.today > end);
        match plan["state"].as_str() {
            Some("opened") if over => {
                let publishes = days::at(self.today.succ_opt().unwrap_or(self.today), 6, 0);
                let name = format!("統一發票 {} 開獎號碼", days::roc(days::taipei_date(publishes)));
                let source = RandomnessSource { kind: SourceKind::PublicDraw, name, publishes_at: publishes };
                self.client
                    .post(auditor, (AUDIT, "freeze_population"), &[&id], &FreezePopulation { source })
                    .await?;
                self.state.did("audit populations frozen");
            }
            Some("frozen") => self.draw(id, auditor).await?,
            Some("numbers_confirmed" | "drawn") => self.finish_audit(id, auditor).await?,
            _ => {}
        }
        Ok(())
    }

    async fn draw(&mut self, id: Uuid, auditor: Who) -> Called<()> {
        // The numbers of a draw that the year has to invent: anyone can see that they follow from plan and day.
        let digits = kernel::canonical::sha256_hex(format!("{id}/{}", self.today).as_bytes());
        let digits: String = digits.bytes().filter(u8::is_ascii_digit).take(24).map(char::from).collect();
        let numbers = DrawNumbers { text: digits };
        self.client.post(auditor, (AUDIT, "record_draw_numbers"), &[&id], &numbers).await?;
        let second = self.role("ethics_officer")?;
        self.client.post(second, (AUDIT, "confirm_draw_numbers"), &[&id], &numbers).await?;
        self.state.did("numbers of a public draw typed in by two persons");
        self.finish_audit(id, auditor).await
    }

    async fn finish_audit(&mut self, id: Uuid, auditor: Who) -> Called<()> {
        let plan = self.client.get(auditor, (AUDIT, "get_audit_plan"), &[&id]).await?;
        if plan["state"] == "numbers_confirmed" {
            self.client.post(auditor, (AUDIT, "draw_sample"), &[&id], &NoData::default()).await?;
            self.state.did("samples drawn");
        }
        let mut after = None::<String>;
        loop {
            let mut query = vec![("limit", "200".to_owned())];
            query.extend(after.take().map(|a| ("after", a)));
            let operation = (AUDIT, "list_worksheets");
            let page: Value = self.client.call(auditor, operation, &[&id], &query, None::<&Value>).await?;
            for sheet in page["items"].as_array().into_iter().flatten() {
                self.worksheet(sheet).await?;
            }
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => break,
            }
        }
        let record = self.client.get(auditor, (AUDIT, "get_audit_record"), &[&id]).await?;
        let endorsement = self.client.endorse_act(auditor, "close_audit_plan", id, &record)?;
        self.client.post(auditor, (AUDIT, "close_audit_plan"), &[&id], &Endorse { endorsement }).await?;
        self.state.did("quarterly audits closed with an endorsed record");
        Ok(())
    }

    /// An outsider works through one worksheet: each drawn record is looked at, one is opened in the log.
    async fn worksheet(&mut self, sheet: &Value) -> Called<()> {
        if sheet["state"] == "recorded" {
            return Ok(());
        }
        let id = sheet["id"].as_str().unwrap_or_default().to_owned();
        let mut but: Vec<PersonId> = [Self::person(&sheet["person"]), Self::person(&sheet["opened_by"])]
            .into_iter()
            .flatten()
            .collect();
        let unit = sheet["unit"].as_str().unwrap_or_default().to_owned();
        let insiders = self
            .client
            .city()
            .officials
            .iter()
            .filter(|o| o.posts.iter().any(|p| p.unit.to_string() == unit));
        but.extend(insiders.map(|o| o.id));
        let auditor = self.role_but("auditor", &but)?;
        let assignment = AssignWorksheet { auditor: self.client.official(auditor).id };
        self.client.post(auditor, (AUDIT, "assign_worksheet"), &[&id], &assignment).await?;
        let mut records = vec![];
        for (place, drawn) in sheet["queries"].as_array().into_iter().flatten().enumerate() {
            let Some(query) = drawn["query"].as_str().and_then(|q| q.parse::<QueryId>().ok()) else {
                continue;
            };
            if place == 0 {
                let purpose = PersonalText("季稽核抽查".to_owned());
                let at: [&dyn std::fmt::Display; 2] =
                    [&drawn["log"].as_str().unwrap_or_default().to_owned(), &drawn["log_index"].clone()];
                let read = self
                    .client
                    .post(auditor, (REGISTRY, "read_log_entry"), &at, &ReadLogEntry { purpose })
                    .await;
                if self.note("reading of a log entry", read).is_some() {
                    self.state.did("log entries opened by auditors, each reading logged");
                }
            }
            let record = self.client.get(auditor, (REGISTRY, "get_query"), &[&query]).await?;
            let marks: Vec<&str> = WRONG.into_iter().filter(|m| record["marks"].get(m).is_some()).collect();
            let wrong = !marks.is_empty();
            records.push(RecordResult {
                query,
                outcome: if wrong { RecordOutcome::Finding } else { RecordOutcome::Ok },
                remark: wrong.then(|| marks.join(", ")),
            });
        }
        let clean = records.iter().all(|r| r.outcome == RecordOutcome::Ok);
        let request = RecordWorksheetResult {
            records,
            usage_in_order: clean,
            account_use_in_order: true,
            register_in_order: true,
            anomalies: (!clean).then(|| "抽查紀錄有異常註記".to_owned()),
            violation: false,
        };
        self.client.post(auditor, (AUDIT, "record_worksheet_result"), &[&id], &request).await?;
        self.state.did("worksheets recorded");
        Ok(())
    }

    /// A joint investigation from its opening to its record, endorsed by all three parties (H8.3).
    async fn investigate(&mut self, id: Uuid) -> Called<()> {
        let lead = self.role("business_supervisor")?;
        let finding = self.client.get(lead, (AUDIT, "get_finding"), &[&id]).await?;
        if finding["state"] != "open" {
            return Ok(());
        }
        let concerned: Vec<PersonId> = Self::person(&finding["person"]).into_iter().collect();
        let lead = self.role_but("business_supervisor", &concerned)?;
        let parties =
            [lead, self.role_but("ethics_officer", &concerned)?, self.role_but("it_unit", &concerned)?];
        let opened = self
            .client
            .post(lead, (AUDIT, "open_investigation"), &[], &OpenInvestigation { finding: FindingId(id) })
            .await?;
        let investigation: Uuid = opened["id"].as_str().and_then(|i| i.parse().ok()).unwrap_or_default();
        for party in parties {
            let request =
                CreateContribution { text: "已調閱日誌、登記簿並訪談相關人員".to_owned() };
            self.client.post(party, (AUDIT, "create_contribution"), &[&investigation], &request).await?;
        }
        let guilty = self.is_guilty(&finding);
        let record = InvestigationRecord {
            cause: if guilty { "違反規定使用" } else { "業務需要，事由屬實" }.to_owned(),
            effect: "查詢紀錄已全數清查".to_owned(),
            containment: "已提醒並加強抽查".to_owned(),
            conclusion: if guilty { Conclusion::Violation } else { Conclusion::NoViolation },
            reasons: "依日誌、查詢申請紀錄及訪談認定".to_owned(),
        };
        self.client.post(lead, (AUDIT, "write_investigation_record"), &[&investigation], &record).await?;
        for party in parties {
            let endorsement =
                self.client.endorse_act(party, "endorse_investigation", investigation, &record)?;
            self.client
                .post(party, (AUDIT, "endorse_investigation"), &[&investigation], &Endorse { endorsement })
                .await?;
        }
        self.client.post(lead, (AUDIT, "close_investigation"), &[&investigation], &NoData::default()).await?;
        self.state.did("joint investigations closed with a record of three endorsements");
        if guilty { self.order_correction(id, lead).await } else { Ok(()) }
    }

    /// What the interviews bring to light: whoever the plan lets misbehave did, nobody else. Only the investigators'
    /// conclusion needs to know; what the suite finds and whom it names is its own.
    pub(super) fn is_guilty(&self, finding: &Value) -> bool {
        let city = self.client.city();
        let person = Self::person(&finding["person"]);
        let planted = city.planted.iter().filter_map(|p| p.official(city)).map(|o| city.officials[o].id);
        person.is_some_and(|p| planted.into_iter().any(|q| q == p))
    }

    async fn order_correction(&mut self, id: Uuid, by: Who) -> Called<()> {
        let order = "立即停止違規使用並改正".to_owned();
        let content = json!({ "order": order, "suspend": true });
        let endorsement = self.client.endorse_act(by, "order_correction", id, &content)?;
        let request = OrderCorrection { order, suspend: true, endorsement };
        self.client.post(by, (AUDIT, "order_correction"), &[&id], &request).await?;
        self.state.did("immediate corrections ordered");
        Ok(())
    }

    /// The report within ten days by the unit's supervisor, and its acceptance by the bureau (H8.5).
    async fn correct(&mut self, id: Uuid) -> Called<()> {
        let reader = self.role("business_supervisor")?;
        let finding = self.client.get(reader, (AUDIT, "get_finding"), &[&id]).await?;
        let concerned: Vec<PersonId> = Self::person(&finding["person"]).into_iter().collect();
        let agency: Option<AgencyId> = finding["agency_id"].as_str().and_then(|a| a.parse().ok());
        if finding["state"] == "open" && finding["violation"] == true {
            let by = self.role_but("business_supervisor", &concerned)?;
            self.order_correction(id, by).await?;
        }
        let reporter = agency.and_then(|a| {
            self.client
                .holder_but(a, "unit_supervisor", &concerned)
                .or_else(|| self.client.holder_but(a, "agency_head", &concerned))
        });
        let reporter =
            reporter.ok_or_else(|| strange("submit_correction_report", "the office has no supervisor"))?;
        let finding = self.client.get(reader, (AUDIT, "get_finding"), &[&id]).await?;
        if finding["state"] == "correction_ordered" {
            let request = SubmitCorrectionReport { report: "已改正並實施教育訓練".to_owned() };
            self.client.post(reporter, (AUDIT, "submit_correction_report"), &[&id], &request).await?;
            self.state.did("correction reports submitted");
        }
        let mut but = concerned;
        but.push(self.client.official(reporter).id);
        let judge = self.role_but("business_supervisor", &but)?;
        let finding = self.client.get(reader, (AUDIT, "get_finding"), &[&id]).await?;
        if finding["state"] == "correction_reported" {
            if finding["referrals"].as_array().is_none_or(Vec::is_empty) {
                self.refer(id).await?;
            }
            let request = AcceptCorrectionReport { accepted: true, remark: None, resume: true };
            self.client.post(judge, (AUDIT, "accept_correction_report"), &[&id], &request).await?;
            self.state.did("correction reports accepted");
        }
        Ok(())
    }

    /// The referral and, weeks later in life, its outcome (H9).
    async fn refer(&mut self, id: Uuid) -> Called<()> {
        let reader = self.role("business_supervisor")?;
        let finding = self.client.get(reader, (AUDIT, "get_finding"), &[&id]).await?;
        let concerned: Vec<PersonId> = Self::person(&finding["person"]).into_iter().collect();
        if finding["violation"] != true || finding["referrals"].as_array().is_some_and(|r| !r.is_empty()) {
            return Ok(());
        }
        let by = self.role_but("business_supervisor", &concerned)?;
        for (liability, authority) in
            [(Liability::Disciplinary, "人事室考績委員會"), (Liability::Administrative, "所屬機關首長")]
        {
            let request = RecordLegalReferral {
                liability,
                authority: authority.to_owned(),
                referred_on: self.today,
                number: document_number(self.today, &id),
            };
            self.client.post(by, (AUDIT, "record_legal_referral"), &[&id], &request).await?;
            self.state.did("referrals of liability recorded");
        }
        self.state.referrals.push((self.calendar.working_days_after(self.today, 15), id));
        Ok(())
    }

    async fn follow_anomaly(&mut self, id: Uuid) -> Called<()> {
        let auditor = self.role("auditor")?;
        let finding = self.client.get(auditor, (AUDIT, "get_finding"), &[&id]).await?;
        if finding["state"] != "open" {
            return Ok(());
        }
        let concerned: Vec<PersonId> = Self::person(&finding["person"]).into_iter().collect();
        let auditor = self.role_but("auditor", &concerned)?;
        let guilty = self.is_guilty(&finding);
        let course = Course {
            cause: Some(if guilty { "未經核准使用" } else { "業務量增加" }.to_owned()),
            effect: Some("查詢對象及欄位已清查".to_owned()),
            containment: Some("已限制權限並複查".to_owned()),
        };
        self.client.post(auditor, (AUDIT, "record_anomaly_course"), &[&id], &course).await?;
        self.state.did("anomalies followed through cause, effect and containment");
        if guilty {
            let lead = self.role_but("business_supervisor", &concerned)?;
            return self.order_correction(id, lead).await;
        }
        let request = CloseFinding { reason: "經查屬業務需要".to_owned(), resume: true };
        self.client.post(auditor, (AUDIT, "close_finding"), &[&id], &request).await?;
        Ok(())
    }

    async fn cooperate(&mut self, id: Uuid) -> Called<()> {
        let reader = self.role("it_unit")?;
        let request = self.client.get(reader, (AUDIT, "get_cooperation_request"), &[&id]).await?;
        let asked = Self::person(&request["person"]).or_else(|| Self::person(&request["person_id"]));
        let who = asked.and_then(|p| self.client.by_person(p)).and_then(|o| self.client.main_post(o));
        let who = who.ok_or_else(|| strange("answer_cooperation", "nobody is asked"))?;
        let answer =
            AnswerCooperation { answer: "已備妥查詢申請紀錄及案件資料供查核".to_owned() };
        self.client.post(who, (AUDIT, "answer_cooperation"), &[&id], &answer).await?;
        self.state.did("requests of an external audit answered");
        Ok(())
    }

    /// What is nobody's dated duty: findings without investigation duty, spot checks, a provider's audit.
    pub(super) async fn audit_occasions(&mut self) {
        self.end_referrals().await;
        if self.at(100, "spot check") {
            let checked = self.spot_check().await;
            self.note("spot check", checked);
        }
        if self.at(150, "provider's audit") {
            let made = self.package("household", "高市民政戶字第11500001號").await;
            self.note("package", made);
        }
        if self.at(210, "immigration agency's inspection") {
            let made = self.package("immigration", "移署資字第11500001號").await;
            self.note("package", made);
        }
    }

    async fn end_referrals(&mut self) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.state.referrals).into_iter().partition(|(day, _)| *day <= self.today);
        self.state.referrals = later;
        for (_, id) in due {
            for (referral, outcome) in [(0, "申誡一次"), (1, "函請加強管理")] {
                let Ok(by) = self.role("ethics_officer") else { return };
                let request =
                    RecordReferralOutcome { referral, outcome: outcome.to_owned(), decided_on: self.today };
                let ended = self.client.post(by, (AUDIT, "record_referral_outcome"), &[&id], &request).await;
                if self.note("outcome of a referral", ended).is_some() {
                    self.state.did("outcomes of referrals recorded");
                }
            }
        }
    }

    async fn spot_check(&mut self) -> Called<()> {
        let auditor = self.role("auditor")?;
        let offices =
            self.client.city().agencies.iter().filter(|a| a.district.is_some()).map(|a| a.id).collect();
        let planned = self
            .client
            .post(
                auditor,
                (AUDIT, "create_spot_check"),
                &[],
                &CreateSpotCheck { offices, visit_on: self.today },
            )
            .await?;
        let id: Uuid = planned["id"].as_str().and_then(|i| i.parse().ok()).unwrap_or_default();
        self.client.post(auditor, (AUDIT, "draw_spot_check"), &[&id], &NoData::default()).await?;
        let request = RecordSpotCheck {
            visited_on: self.today,
            result: "帳號、申請表及稽核紀錄均相符".to_owned(),
            in_order: true,
        };
        self.client.post(auditor, (AUDIT, "record_spot_check"), &[&id], &request).await?;
        self.state.did("spot checks on site");
        Ok(())
    }

    async fn package(&mut self, regulation: &str, letter: &str) -> Called<()> {
        let unit = self.role("it_unit")?;
        let request = CreatePackage {
            regulation: regulation.to_owned(),
            from: self.plan.settings.start,
            until: self.today,
            agencies: vec![],
            letter: letter.to_owned(),
        };
        let made = self.client.post(unit, (AUDIT, "create_package"), &[], &request).await?;
        self.state.did("sealed packages for an external audit");
        let package: Uuid = made["id"].as_str().and_then(|i| i.parse().ok()).unwrap_or_default();
        let city = self.client.city();
        let office =
            city.agency_by_code("fengshan").or_else(|| city.agencies.iter().find(|a| a.district.is_some()));
        let user = office
            .and_then(|a| self.client.holder(a.id, "user"))
            .ok_or_else(|| strange("request_cooperation", "no user"))?;
        let request = RequestCooperation {
            package,
            person: self.client.official(user).id,
            request: "請備妥所查案件之申請文件".to_owned(),
        };
        self.client.post(unit, (AUDIT, "request_cooperation"), &[], &request).await?;
        self.state.did("users asked to cooperate with an external audit");
        Ok(())
    }
}
