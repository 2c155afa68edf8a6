//! The end of what was kept: prints and files filed or destroyed, months whose term is over destroyed by order of three.

use chrono::Datelike as _;
use identity::Endorsement;
use kernel::ids::{CaseId, OrderId};
use obligations::Obligation;
use query_registry_types::events::Decision;
use query_registry_types::queries::QueryRecord;
use retention_types::{
    ApproveDestruction, ApproveErasure, ConfirmNoNeed, DestroyOutput, DestructionMethod, ErasureBasis,
    ErasureContent, ErasureTarget, FileOutput, OrderContent, OutputKind, RegisterOutput, RequestDestruction,
    RequestErasure, WitnessContent,
};
use sample_city::Medium;
use serde_json::Value;
use uuid::Uuid;

use super::permissions::strange;
use super::state::Kept;
use super::{Year, side_by_side};
use crate::client::{Called, Who};

/// Service that ends records.
pub(super) const RETENTION: &str = "retention";

impl Year<'_> {
    /// Files or destroys what is planned for today (H3.2, H7).
    pub(super) async fn settle_outputs(&mut self) {
        let due = |k: &Kept| k.filed_on.or(k.destroyed_on);
        let (now, later): (Vec<Kept>, Vec<Kept>) = std::mem::take(&mut self.state.kept)
            .into_iter()
            .partition(|k| due(k).is_none_or(|d| d <= self.today));
        self.state.kept = later;
        let year = &*self;
        let settled: Vec<(bool, Called<()>)> =
            side_by_side(now, async |kept| (kept.destroyed_on.is_some(), year.settle_output(&kept).await))
                .await;
        for (destroyed, settled) in settled {
            if self.note("print or file", settled).is_some() {
                self.state.did(if destroyed {
                    "prints and files destroyed"
                } else {
                    "prints and files filed"
                });
            }
        }
    }

    /// Once a month somebody prints what the immigration agency's system showed him: the office's register gets it from
    /// him, and it is destroyed before a witness when it is not needed any more (I5).
    pub(super) async fn print_immigration(&mut self) {
        let month = usize::try_from(self.today.month0()).unwrap_or(0);
        let mut users: Vec<Who> = self
            .state
            .accounts
            .values()
            .filter(|a| a.regulation == "immigration" && !a.stopped)
            .map(|a| a.who)
            .filter(|who| !self.state.gone.contains_key(&self.client.official(*who).id))
            .collect();
        users.sort_unstable();
        let city = self.client.city();
        let found = users.iter().cycle().skip(month).take(users.len()).find_map(|who| {
            let agency = self.agency_of(*who)?;
            let case = self.state.cases.iter().find(|(place, _)| city.cases[**place].agency == agency)?;
            Some((*who, *case.1))
        });
        let Some((who, case)) = found else { return };
        let request = RegisterOutput {
            kind: OutputKind::Paper,
            count: 1,
            regulation: "immigration".to_owned(),
            query: None,
            case,
            made_on: self.today,
        };
        let entered = self.client.post(who, (RETENTION, "register_output"), &[], &request).await;
        let Some(entered) = self.note("immigration print", entered) else { return };
        let Some(output) = entered["id"].as_str().and_then(|id| id.parse().ok()) else { return };
        self.state.did("immigration prints entered by their users");
        let destroyed_on = Some(self.calendar.working_days_after(self.today, 5));
        let medium = Medium::Print;
        self.state.kept.push(Kept { output, query: None, who, case, medium, filed_on: None, destroyed_on });
    }

    async fn settle_output(&self, kept: &Kept) -> Called<()> {
        let who = self.keeper(kept)?;
        let id = kept.output;
        if kept.destroyed_on.is_none() {
            let request = FileOutput { case: kept.case, on: self.today };
            return self.client.post(who, (RETENTION, "file_output"), &[&id], &request).await.map(drop);
        }
        let method = match kept.medium {
            Medium::Print => DestructionMethod::Shredded,
            Medium::File => DestructionMethod::DeletedIrrecoverably,
        };
        self.destroy(id, who, kept.who, method).await
    }

    /// The user, or the unit's supervisor for one who is gone or has no card.
    fn keeper(&self, kept: &Kept) -> Called<Who> {
        let person = self.client.official(kept.who).id;
        let away = self.state.gone.get(&person).is_some_and(|d| *d <= self.today)
            || self.state.cardless.contains(&person);
        if !away {
            return Ok(kept.who);
        }
        let agency = self.agency_of(kept.who);
        let supervisor = agency.and_then(|a| self.client.holder(a, "unit_supervisor"));
        supervisor.ok_or_else(|| strange("file_output", "the office has no supervisor"))
    }

    async fn destroy(&self, id: Uuid, by: Who, user: Who, method: DestructionMethod) -> Called<()> {
        self.client.post(by, (RETENTION, "confirm_no_need"), &[&id], &ConfirmNoNeed {}).await?;
        let but = [self.client.official(by).id, self.client.official(user).id];
        let agency = self.agency_of(user).ok_or_else(|| strange("destroy_output", "no agency"))?;
        let witness = ["responsible_supervisor", "unit_supervisor", "agency_head"]
            .into_iter()
            .find_map(|role| self.client.holder_but(agency, role, &but))
            .ok_or_else(|| strange("destroy_output", "nobody can witness it"))?;
        let content =
            WitnessContent { act: "witness-destruction".to_owned(), output: id, method, on: self.today };
        let request = DestroyOutput {
            method,
            on: self.today,
            witness: Some(self.client.official(witness).id),
            witness_endorsement: Some(self.client.endorse(witness, &content)?),
        };
        self.client.post(by, (RETENTION, "destroy_output"), &[&id], &request).await.map(drop)
    }

    /// What lies too long is filed by its user; proposals for months past their term are taken up elsewhere.
    pub(super) async fn do_retention_duty(
        &mut self,
        obligation: &Obligation,
        subject: Option<Uuid>,
    ) -> Called<()> {
        let Some(id) = subject.filter(|_| {
            matches!(obligation.duty.as_str(), "H7.destruction" | "I5.destruction" | "T.disposal")
        }) else {
            return Ok(());
        };
        if self.state.kept.iter().any(|k| k.output == id) {
            return Ok(());
        }
        let auditor = self.client.bureau("auditor").ok_or_else(|| strange("outputs", "no auditor"))?;
        let output = self.client.get(auditor, (RETENTION, "get_output"), &[&id]).await?;
        let user = Self::person(&output["person"])
            .and_then(|p| self.client.by_person(p))
            .and_then(|o| self.client.main_post(o));
        let case: Option<CaseId> = output["case"].as_str().and_then(|c| c.parse().ok());
        let (Some(who), Some(case), "open" | "not_needed") =
            (user, case, output["state"].as_str().unwrap_or_default())
        else {
            return Ok(());
        };
        let medium = if output["kind"] == "paper" { Medium::Print } else { Medium::File };
        let kept = Kept {
            output: id,
            query: None,
            who,
            case,
            medium,
            filed_on: Some(self.today),
            destroyed_on: None,
        };
        self.settle_output(&kept).await
    }

    /// Takes up what the schedule proposes: asked for by one, approved by two others with their cards (H6.6, I3.8).
    pub(super) async fn order_destructions(&mut self) {
        let Some(officer) = self.client.bureau("records_officer") else { return };
        let query = [("state", "proposed".to_owned())];
        let proposed: Called<Vec<Value>> =
            self.client.list(officer, (RETENTION, "list_destruction_orders"), &query).await;
        for order in self.note("destruction orders", proposed).unwrap_or_default() {
            let done = self.order_destruction(officer, &order).await;
            if self.note("destruction order", done).is_some() {
                self.state.did("months of records destroyed by order of three persons");
            }
        }
    }

    async fn order_destruction(&self, officer: Who, proposal: &Value) -> Called<()> {
        let text = |name: &str| proposal[name].as_str().unwrap_or_default().to_owned();
        let request = RequestDestruction {
            record_kind: text("record_kind"),
            regulation: text("regulation"),
            month: text("month").parse().unwrap_or(self.today),
            log: proposal["log"].as_str().map(str::to_owned),
        };
        let order = self.client.post(officer, (RETENTION, "request_destruction"), &[], &request).await?;
        let id: OrderId =
            order["id"].as_str().and_then(|i| i.parse().ok()).ok_or_else(|| strange("order", "no id"))?;
        let but = [self.client.official(officer).id];
        let city = self.client.city();
        let bureau = city.agency_by_code("bureau").map(|a| a.id);
        let second = bureau.and_then(|b| self.client.holder_but(b, "records_officer", &but));
        let third = bureau.and_then(|b| self.client.holder_but(b, "business_supervisor", &but));
        for approver in [second, third].into_iter().flatten() {
            let content = Self::order_content(&order, approver)?;
            let endorsement = Endorsement::sign(&self.client.card(approver)?, &content, self.client.now())
                .map_err(|e| super::permissions::strange_from("approve_destruction", e.into()))?;
            self.client
                .post(
                    approver,
                    (RETENTION, "approve_destruction"),
                    &[&id],
                    &ApproveDestruction { endorsement },
                )
                .await?;
        }
        Ok(())
    }

    /// Once a year a court has one query's record deleted before its term (H6.6).
    pub(super) async fn erase_one(&mut self) {
        let done = self.order_erasure().await;
        if self.note("early erasure", done).is_some() {
            self.state.did("records erased early by order of two persons");
        }
    }

    async fn order_erasure(&self) -> Called<()> {
        let nobody = |what: &'static str| move || strange("request_erasure", what);
        let officer = self.client.bureau("records_officer").ok_or_else(nobody("no records officer"))?;
        let auditor = self.client.bureau("auditor").ok_or_else(nobody("no auditor"))?;
        let but = [self.client.official(officer).id];
        let bureau = self.client.city().agency_by_code("bureau").map(|agency| agency.id);
        let approver = bureau.and_then(|b| self.client.holder_but(b, "business_supervisor", &but));
        let approver = approver.ok_or_else(nobody("nobody approves"))?;

        // Long past all daily and monthly control.
        let month = kernel::days::first_of_month(self.today - chrono::Days::new(60));
        let day = kernel::days::start_of(month + chrono::Days::new(9));
        let part = [("from", day.to_rfc3339()), ("until", (day + chrono::Days::new(7)).to_rfc3339())];
        let records: Vec<QueryRecord> =
            self.client.list(auditor, ("query-registry", "list_queries"), &part).await?;
        let record = records
            .into_iter()
            .find(|record| record.decision == Some(Decision::Answered) && record.regulation == "household");
        let record = record.ok_or_else(nobody("no query was answered in that week"))?;
        let request = RequestErasure {
            target: ErasureTarget {
                log: record.log,
                regulation: record.regulation,
                month,
                query: Some(record.id),
                index: None,
            },
            basis: ErasureBasis::CourtOrder,
            document: format!("{}訴字第12號", self.today.year() - 1911),
            reason: "判決命刪除該筆查詢紀錄之個人資料".into(),
        };
        let order = self.client.post(officer, (RETENTION, "request_erasure"), &[], &request).await?;
        let id: OrderId =
            order["id"].as_str().and_then(|i| i.parse().ok()).ok_or_else(|| strange("order", "no id"))?;
        let content = ErasureContent {
            act: "approve-erasure".to_owned(),
            order: id,
            target: request.target,
            basis: request.basis,
            document: request.document,
            requested_by: self.client.official(officer).id,
            post: approver.post,
        };
        let approval = ApproveErasure { endorsement: self.client.endorse(approver, &content)? };
        self.client.post(approver, (RETENTION, "approve_erasure"), &[&id], &approval).await.map(drop)
    }

    fn order_content(order: &Value, approver: Who) -> Called<OrderContent> {
        let content = serde_json::json!({
            "act": "approve-destruction",
            "order": order["id"],
            "record_kind": order["record_kind"],
            "regulation": order["regulation"],
            "month": order["month"],
            "log": order["log"],
            "holders": order["holders"].as_array().into_iter().flatten()
                .map(|h| serde_json::json!({ "service": h["service"], "count": h["count"] })).collect::<Vec<_>>(),
            "rule_pack": order["term"]["rule_pack"],
            "clause": order["term"]["clause"],
            "may_end_on": order["term"]["may_end_on"],
            "requested_by": order["requested"]["person"],
            "post": approver.post,
        });
        serde_json::from_value(content)
            .map_err(|e| super::permissions::strange_from("approve_destruction", e.into()))
    }
}
