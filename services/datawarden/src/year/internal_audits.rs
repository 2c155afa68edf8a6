//! The offices' own audits on annexes 2 and 3 (I4.1.1, I4.1.3).

use std::collections::BTreeMap;

use audit_sampling_types::{Endorse, FormAnswer, RecordInternalAudit};
use kernel::ids::AgencyId;
use obligations::Obligation;
use rule_pack::Regulation;
use serde_json::{Value, json};
use uuid::Uuid;

use super::audits::AUDIT;
use super::permissions::strange;
use super::{Year, side_by_side};
use crate::client::{Called, Who};

/// Whether the duty is an office's own audit.
pub(super) fn is_internal_audit(duty: &str) -> bool {
    matches!(duty, "I4.1.1.audit" | "I4.1.3.audit")
}

impl Year<'_> {
    /// Does those of the internal audits among `due` that may be done today. Each is its office's alone: they go side by
    /// side.
    pub(super) async fn audit_offices(&mut self, due: &[Obligation]) {
        let wanted = self.take_up_all(due, is_internal_audit);
        let year = &*self;
        let results: Vec<(&Obligation, Called<Option<u64>>)> = side_by_side(
            wanted,
            |(obligation, id)| async move { (obligation, year.internal_audit(id).await) },
        )
        .await;
        for (obligation, result) in results {
            if let Some(Some(annex)) = self.note_duty(obligation, result) {
                self.state.did(&format!("internal audits on annex {annex}"));
            }
        }
    }

    /// The office's auditor answers every row of the annex, its head endorses. Gives the annex, when it came to that.
    async fn internal_audit(&self, id: Uuid) -> Called<Option<u64>> {
        let reader = self.role("auditor")?;
        let audit = self.client.get(reader, (AUDIT, "get_internal_audit"), &[&id]).await?;
        let over =
            audit["period_end"].as_str().and_then(|d| d.parse().ok()).is_some_and(|end| self.today > end);
        let agency: AgencyId = audit["agency_id"]
            .as_str()
            .and_then(|a| a.parse().ok())
            .ok_or_else(|| strange("internal audit", "no agency"))?;
        if !over || audit["state"] == "endorsed" {
            return Ok(None);
        }
        let found = self
            .client
            .holder(agency, "auditor")
            .or_else(|| self.client.holder(agency, "designated_officer"));
        let (Some(auditor), Some(head)) = (found, self.client.holder(agency, "agency_head")) else {
            return Err(strange("internal audit", "the office has no auditor or head"));
        };
        let audit =
            if audit["state"] == "open" { self.answer_annex(id, &audit, auditor).await? } else { audit };
        let content = json!({
            "annex": audit["annex"], "agency": audit["agency_id"], "period_start": audit["period_start"],
            "audited_on": audit["audited_on"], "answers": audit["answers"],
        });
        let endorsement = self.client.endorse_act(head, "endorse_internal_audit", id, &content)?;
        self.client.post(head, (AUDIT, "endorse_internal_audit"), &[&id], &Endorse { endorsement }).await?;
        Ok(audit["annex"].as_u64())
    }

    async fn answer_annex(&self, id: Uuid, audit: &Value, auditor: Who) -> Called<Value> {
        let pack = self.packs.on(Regulation::Immigration, self.today);
        let form = pack.and_then(|p| p.form(audit["form"].as_str().unwrap_or_default()));
        let rows = form.and_then(|f| f.table.as_ref()).map(|t| t.rows.clone()).unwrap_or_default();
        let yes = || FormAnswer { result: "yes".to_owned(), explanation: None };
        let answers: BTreeMap<String, FormAnswer> = rows.iter().map(|r| (r.id.clone(), yes())).collect();
        let content = json!({
            "annex": audit["annex"], "agency": audit["agency_id"], "period_start": audit["period_start"],
            "audited_on": self.today, "answers": answers,
        });
        let endorsement = self.client.endorse_act(auditor, "record_internal_audit", id, &content)?;
        let request = RecordInternalAudit { audited_on: self.today, answers, endorsement };
        self.client.post(auditor, (AUDIT, "record_internal_audit"), &[&id], &request).await
    }
}
