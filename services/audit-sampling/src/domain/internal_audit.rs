//! Internal audits of immigration data: annex 2 by rhythm (I4.1.1), annex 3 twice a year (I4.1.3), by the office itself,
//! as its rule orders. The rows are the form's; this code knows none of them.

use std::collections::BTreeMap;

use audit_sampling_types::{FormAnswer, SignedAct};
use chassis::Document;
use chassis::endorsements::Matter;
use chrono::NaiveDate;
use kernel::ids::{AgencyId, FindingId, PersonId};
use rule_pack::{Form, Regulation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Fault;

/// Where an internal audit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InternalAuditState {
    /// To be made.
    Open,
    /// Answered and signed by the auditor.
    Recorded,
    /// Endorsed by the supervisor.
    Endorsed,
}

/// An internal audit on annex 2 or 3.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct InternalAudit {
    /// Its id.
    pub id: Uuid,
    /// Agency, period and annex: unique.
    pub key: String,
    /// 2 or 3.
    pub annex: u32,
    /// Form id of the rule pack.
    pub form: String,
    /// The agency that audits itself.
    pub agency_id: AgencyId,
    /// First day of the period.
    pub period_start: NaiveDate,
    /// Last day of the period.
    pub period_end: NaiveDate,
    /// Last day in time.
    pub due_on: NaiveDate,
    /// Rule pack that it follows.
    pub rule_pack: String,
    /// State.
    pub state: InternalAuditState,
    /// Date of the audit.
    pub audited_on: Option<NaiveDate>,
    /// Row id to answer.
    pub answers: BTreeMap<String, FormAnswer>,
    /// The auditor.
    pub auditor: Option<SignedAct>,
    /// The supervisor.
    pub supervisor: Option<SignedAct>,
    /// Findings of rows answered with `no`.
    pub findings: Vec<FindingId>,
    /// The day on which the supervisor endorsed it.
    pub closed_on: Option<NaiveDate>,
}

impl Document for InternalAudit {
    const TABLE: &'static str = "internal_audits";
    fn id(&self) -> Uuid {
        self.id
    }
}

impl InternalAudit {
    /// Whose matter its endorsements are.
    pub fn matter(&self) -> Matter<'_> {
        let regulation = Some(Regulation::Immigration.as_str());
        Matter { agency: Some(self.agency_id), regulation, records: std::slice::from_ref(&self.id) }
    }

    /// Takes the auditor's answers: every row of the form, each with an option of the form.
    pub fn record(
        &mut self,
        form: &Form,
        audited_on: NaiveDate,
        answers: BTreeMap<String, FormAnswer>,
        auditor: SignedAct,
        agency: AgencyId,
    ) -> Result<(), Fault> {
        if self.agency_id != agency {
            return Err(Fault::OtherAgency);
        }
        if self.state == InternalAuditState::Endorsed {
            return Err(Fault::WrongState);
        }
        if !complete(form, &answers) || audited_on < self.period_start {
            return Err(Fault::AnswersIncomplete);
        }
        self.audited_on = Some(audited_on);
        self.answers = answers;
        self.auditor = Some(auditor);
        self.state = InternalAuditState::Recorded;
        Ok(())
    }

    /// Takes the supervisor's endorsement, who is not the auditor.
    pub fn endorse(&mut self, supervisor: SignedAct, agency: AgencyId) -> Result<(), Fault> {
        if self.agency_id != agency {
            return Err(Fault::OtherAgency);
        }
        if self.state != InternalAuditState::Recorded {
            return Err(Fault::WrongState);
        }
        if self.auditor.as_ref().is_some_and(|a| a.person == supervisor.person) {
            return Err(Fault::SamePerson);
        }
        self.closed_on = Some(kernel::days::taipei_date(supervisor.at));
        self.supervisor = Some(supervisor);
        self.state = InternalAuditState::Endorsed;
        Ok(())
    }

    /// The rows that were answered with `no`.
    pub fn failed_rows(&self) -> Vec<&str> {
        self.answers.iter().filter(|(_, a)| a.result == "no").map(|(row, _)| row.as_str()).collect()
    }

    /// What the auditor and the supervisor sign.
    pub fn content(&self) -> serde_json::Value {
        serde_json::json!({
            "annex": self.annex, "agency": self.agency_id, "period_start": self.period_start,
            "audited_on": self.audited_on, "answers": self.answers,
        })
    }
}

fn complete(form: &Form, answers: &BTreeMap<String, FormAnswer>) -> bool {
    let Some(table) = &form.table else { return false };
    let options: Vec<&str> = table
        .columns
        .iter()
        .filter(|c| c.id == "result")
        .flat_map(|c| &c.options)
        .map(|o| o.id.as_str())
        .collect();
    let explained = |a: &FormAnswer| {
        a.result != "no" || a.explanation.as_deref().is_some_and(|text| !text.trim().is_empty())
    };
    answers.len() == table.rows.len()
        && table.rows.iter().all(|row| {
            answers.get(&row.id).is_some_and(|a| options.contains(&a.result.as_str()) && explained(a))
        })
}

/// A form with its answers, as it is printed; labels are the pack's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FilledForm {
    /// Heading.
    pub title: String,
    /// Why the heading differs from what was published.
    pub note: Option<String>,
    /// Single fields: label and value.
    pub fields: Vec<(String, String)>,
    /// Column headings.
    pub columns: Vec<String>,
    /// Rows: item, result, explanation.
    pub rows: Vec<[String; 3]>,
    /// Places for seals: label, and who signed.
    pub signatures: Vec<(String, Option<PersonId>)>,
}

/// Fills the form in.
pub fn fill(form: &Form, audit: &InternalAudit, agency_kind: &str, agency_name: &str) -> FilledForm {
    let variant = form.variants.iter().find(|v| v.agency_kinds.iter().any(|k| k == agency_kind));
    let year = chrono::Datelike::year(&audit.period_start) - 1911;
    // Two blanks: the year first, so that the name's blank is the one that is left.
    let title = form.title_for(agency_kind).replacen("_____年度", &format!("{year}年度"), 1);
    let office = agency_name.trim_start_matches("高雄市").trim_end_matches("區公所");
    let fields = form.fields.iter().map(|f| {
        let value = if f.id == "audit-date" { audit.audited_on.map(kernel::days::roc) } else { None };
        (f.label.clone(), value.unwrap_or_default())
    });
    let (columns, rows) = form.table.as_ref().map_or((vec![], vec![]), |table| {
        let label_of = |id: &str| {
            let mut options = table.columns.iter().flat_map(|c| &c.options);
            options.find(|o| o.id == id).map(|o| o.label.clone()).unwrap_or_default()
        };
        let rows = table.rows.iter().map(|row| {
            let answer = audit.answers.get(&row.id);
            let explanation = answer.and_then(|a| a.explanation.clone()).unwrap_or_default();
            [row.label.clone(), answer.map(|a| label_of(&a.result)).unwrap_or_default(), explanation]
        });
        (table.columns.iter().map(|c| c.label.clone()).collect(), rows.collect())
    });
    let signatures = form.signatures.iter().map(|s| {
        let act = if s.id == "auditor" { &audit.auditor } else { &audit.supervisor };
        (s.label.clone(), act.as_ref().map(|a| a.person))
    });
    FilledForm {
        title: title.replacen("_____", office, 1),
        note: variant.and_then(|v| v.note.clone()),
        fields: fields.collect(),
        columns,
        rows,
        signatures: signatures.collect(),
    }
}
