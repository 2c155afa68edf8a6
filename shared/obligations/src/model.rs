//! The obligation and its pure transitions.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{AgencyId, ObligationId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where an obligation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObligationState {
    /// To be done.
    Open,
    /// Done, see the evidence; `closed_on` tells whether in time.
    Done,
    /// No longer owed, see the evidence for why.
    Cancelled,
}

/// What closed an obligation, or shows its course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// What happened, in a few words without personal data.
    pub what: String,
    /// Path of the operation that shows it, e.g. `/v1/inventories/…`.
    pub url: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// One statutory duty, due once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Obligation {
    /// Its id.
    pub id: ObligationId,
    /// Names the duty, its subject and its period; unique.
    pub key: String,
    /// Duty id of the rule pack.
    pub duty: String,
    /// Clause id, e.g. `H5.1.3`.
    pub clause: String,
    /// English title.
    pub title: String,
    /// Traditional Chinese title.
    pub title_zh: String,
    /// Rule pack that it follows (`household-2017@1#…`).
    pub rule_pack: String,
    /// Who is to do it: a role's name.
    pub actor: String,
    /// The agency that owes it.
    pub agency_id: Option<AgencyId>,
    /// What it is about: path of the operation that shows it.
    pub subject: Option<String>,
    /// Last day on which it is in time.
    pub due_on: NaiveDate,
    /// State.
    pub state: ObligationState,
    /// Since when it is known to be late.
    pub overdue_since: Option<NaiveDate>,
    /// Role to which the lateness was escalated.
    pub escalated_to: Option<String>,
    /// The day on which it was closed.
    pub closed_on: Option<NaiveDate>,
    /// What happened.
    pub evidence: Vec<Evidence>,
}

impl Obligation {
    /// Whether it was or is late on `today`.
    pub fn is_late(&self, today: NaiveDate) -> bool {
        self.closed_on.unwrap_or(today) > self.due_on
    }

    /// Closes it; a closed one stays as it is and takes the evidence alone.
    pub fn close(&mut self, evidence: Evidence, today: NaiveDate) {
        if self.state == ObligationState::Open {
            self.state = ObligationState::Done;
            self.closed_on = Some(today);
        }
        self.evidence.push(evidence);
    }

    /// Marks it late and escalated on `today`; false when there is nothing to mark.
    pub fn mark_overdue(&mut self, today: NaiveDate, escalate_to: &str) -> bool {
        let news = self.state == ObligationState::Open && today > self.due_on && self.overdue_since.is_none();
        if news {
            self.overdue_since = Some(today);
            self.escalated_to = Some(escalate_to.to_owned());
        }
        news
    }
}

/// What is needed to open an obligation.
#[derive(Debug, Clone)]
pub struct NewObligation {
    /// See [`Obligation::key`]: opening the same key again changes nothing.
    pub key: String,
    /// Duty id of the rule pack.
    pub duty: String,
    /// Clause id.
    pub clause: String,
    /// English title.
    pub title: String,
    /// Traditional Chinese title.
    pub title_zh: String,
    /// Rule pack reference.
    pub rule_pack: String,
    /// Role that owes it.
    pub actor: String,
    /// Agency that owes it.
    pub agency_id: Option<AgencyId>,
    /// Path of the operation that shows what it is about.
    pub subject: Option<String>,
    /// Last day in time, already moved to a working day (行政程序法 §48).
    pub due_on: NaiveDate,
}

impl NewObligation {
    /// The obligation under `id`.
    pub fn into_obligation(self, id: ObligationId) -> Obligation {
        Obligation {
            id,
            key: self.key,
            duty: self.duty,
            clause: self.clause,
            title: self.title,
            title_zh: self.title_zh,
            rule_pack: self.rule_pack,
            actor: self.actor,
            agency_id: self.agency_id,
            subject: self.subject,
            due_on: self.due_on,
            state: ObligationState::Open,
            overdue_since: None,
            escalated_to: None,
            closed_on: None,
            evidence: vec![],
        }
    }
}

impl chassis::Document for Obligation {
    const TABLE: &'static str = "obligations";
    fn id(&self) -> Uuid {
        self.id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obligation() -> Obligation {
        NewObligation {
            key: "inventory/2026-3".into(),
            duty: "account-inventory".into(),
            clause: "H5.1.3".into(),
            title: "Account inventory".into(),
            title_zh: "帳號清查".into(),
            rule_pack: "household-2017@1".into(),
            actor: "it_unit".into(),
            agency_id: None,
            subject: None,
            due_on: "2026-09-30".parse().unwrap(),
        }
        .into_obligation(ObligationId(Uuid::nil()))
    }

    fn evidence() -> Evidence {
        Evidence { what: "closed".into(), url: "/v1/inventories/1".into(), at: DateTime::UNIX_EPOCH }
    }

    #[test]
    fn done_on_the_last_day_is_in_time_and_a_day_later_is_late() {
        let mut in_time = obligation();
        in_time.close(evidence(), "2026-09-30".parse().unwrap());
        assert!(!in_time.is_late("2026-12-01".parse().unwrap()));
        let mut late = obligation();
        late.close(evidence(), "2026-10-01".parse().unwrap());
        assert!(late.is_late("2026-12-01".parse().unwrap()));
    }

    #[test]
    fn lateness_is_marked_once() {
        let mut it = obligation();
        assert!(!it.mark_overdue("2026-09-30".parse().unwrap(), "auditor"));
        assert!(it.mark_overdue("2026-10-01".parse().unwrap(), "auditor"));
        assert!(!it.mark_overdue("2026-10-02".parse().unwrap(), "auditor"));
    }
}
