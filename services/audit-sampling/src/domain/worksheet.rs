//! Worksheets: one for each drawn account, with its drawn records (H8.2).

use std::collections::BTreeSet;

use audit_sampling_types::{DrawnQuery, RecordOutcome, RecordResult, RecordWorksheetResult};
use chassis::Document;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{AccountId, AgencyId, FindingId, PersonId, PlanId, QueryId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::fault::{Fault, not_own};
use super::projection::PersonView;

/// Where a worksheet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorksheetState {
    /// Nobody has it.
    Unassigned,
    /// An auditor has it.
    Assigned,
    /// The results are in.
    Recorded,
}

/// The results of a worksheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorksheetResult {
    /// Each drawn record.
    pub records: Vec<RecordResult>,
    /// 使用狀況.
    pub usage_in_order: bool,
    /// 帳號密碼使用情形.
    pub account_use_in_order: bool,
    /// 查詢申請紀錄表.
    pub register_in_order: bool,
    /// 有無異常情形.
    pub anomalies: Option<String>,
    /// Who recorded it.
    pub by: PersonId,
    /// When.
    pub at: DateTime<Utc>,
    /// The finding that it led to.
    pub finding: Option<FindingId>,
}

/// A worksheet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Worksheet {
    /// Its id.
    pub id: Uuid,
    /// The plan.
    pub plan_id: PlanId,
    /// The audited account.
    pub account: AccountId,
    /// Its holder.
    pub person: PersonId,
    /// The holder's agency.
    pub agency_id: AgencyId,
    /// The holder's unit.
    pub unit: Option<UnitId>,
    /// Who opened the account.
    pub opened_by: Option<PersonId>,
    /// Records of the account in the period.
    pub count: u64,
    /// Records missing to the least number.
    pub shortfall: u64,
    /// The drawn records.
    pub queries: Vec<DrawnQuery>,
    /// State.
    pub state: WorksheetState,
    /// The auditor.
    pub auditor: Option<PersonId>,
    /// Results.
    pub result: Option<WorksheetResult>,
}

impl Document for Worksheet {
    const TABLE: &'static str = "audit_worksheets";
    fn id(&self) -> Uuid {
        self.id
    }
}

impl Worksheet {
    /// Assigns it. Nobody audits himself, an account that he opened, or his own unit (invariant 9), nor does the holder
    /// choose his auditor.
    pub fn assign(&mut self, by: PersonId, auditor: &PersonView, today: NaiveDate) -> Result<(), Fault> {
        not_own(Some(self.person), by)?;
        if self.state == WorksheetState::Recorded {
            return Err(Fault::WrongState);
        }
        self.may_audit(auditor, today)?;
        self.auditor = Some(auditor.person);
        self.state = WorksheetState::Assigned;
        Ok(())
    }

    /// Neither the holder nor who opened the account judges how it is used, on the sheet or in the record of the whole
    /// audit (invariant 9).
    pub fn may_judge(&self, by: PersonId) -> Result<(), Fault> {
        not_own(Some(self.person), by)?;
        if self.opened_by == Some(by) { Err(Fault::OpenedByAuditor) } else { Ok(()) }
    }

    fn may_audit(&self, auditor: &PersonView, today: NaiveDate) -> Result<(), Fault> {
        if !auditor.holds("auditor", today) {
            return Err(Fault::NotAuditor);
        }
        self.may_judge(auditor.person)?;
        if self.unit.is_some_and(|unit| auditor.belongs_to(unit, today)) {
            return Err(Fault::Insider);
        }
        Ok(())
    }

    /// Records the results: by the assigned auditor, who must still be one and an outsider, every drawn record once.
    pub fn record(
        &mut self,
        auditor: &PersonView,
        body: &RecordWorksheetResult,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        if self.state != WorksheetState::Assigned {
            return Err(Fault::WrongState);
        }
        if self.auditor != Some(auditor.person) {
            return Err(Fault::NotAssigned);
        }
        self.may_audit(auditor, kernel::days::taipei_date(now))?;
        let drawn: BTreeSet<QueryId> = self.queries.iter().map(|q| q.query).collect();
        let recorded: BTreeSet<QueryId> = body.records.iter().map(|r| r.query).collect();
        let remarked = body.records.iter().all(|r| {
            r.outcome == RecordOutcome::Ok || r.remark.as_deref().is_some_and(|t| !t.trim().is_empty())
        });
        if drawn != recorded || body.records.len() != recorded.len() || !remarked {
            return Err(Fault::RecordsIncomplete);
        }
        self.result = Some(WorksheetResult {
            records: body.records.clone(),
            usage_in_order: body.usage_in_order,
            account_use_in_order: body.account_use_in_order,
            register_in_order: body.register_in_order,
            anomalies: body.anomalies.clone(),
            by: auditor.person,
            at: now,
            finding: None,
        });
        self.state = WorksheetState::Recorded;
        Ok(())
    }

    /// The drawn records in which something is wrong.
    pub fn wrong(&self) -> Vec<QueryId> {
        let records = self.result.iter().flat_map(|r| &r.records);
        records.filter(|r| r.outcome == RecordOutcome::Finding).map(|r| r.query).collect()
    }

    /// Whether anything on the sheet must be followed.
    pub fn has_finding(&self) -> bool {
        self.result.as_ref().is_some_and(|r| {
            !r.usage_in_order || !r.account_use_in_order || !r.register_in_order || r.anomalies.is_some()
        }) || !self.wrong().is_empty()
    }
}
