//! Events of the audit service.

use chrono::NaiveDate;
use kernel::Event;
use kernel::ids::{AccountId, AgencyId, FindingId, PersonId};
use serde::{Deserialize, Serialize};

/// `audit.finding-raised.v1`: a violation or anomaly that is being followed (H8.3, H8.5, H9, I6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRaised {
    /// Its id.
    pub finding: FindingId,
    /// Kind, e.g. the control item's kind.
    pub kind: String,
    /// Agency concerned.
    pub agency: AgencyId,
    /// Account concerned.
    pub account: Option<AccountId>,
    /// Person concerned.
    pub person: Option<PersonId>,
    /// Whether the account must be suspended at once (H9, I6).
    pub suspend: bool,
    /// Clause id.
    pub clause: String,
}

impl Event for FindingRaised {
    const TYPE: &'static str = "audit.finding-raised.v1";
    const TOPIC: &'static str = "audit.findings.v1";
    fn key(&self) -> String {
        self.finding.to_string()
    }
}

/// `audit.finding-closed.v1`: an audit record ends the finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingClosed {
    /// Its id.
    pub finding: FindingId,
    /// Account concerned.
    pub account: Option<AccountId>,
    /// `no-violation`, `corrected`, `referred`.
    pub outcome: String,
    /// Whether a suspended account may be used again.
    pub resume: bool,
}

impl Event for FindingClosed {
    const TYPE: &'static str = "audit.finding-closed.v1";
    const TOPIC: &'static str = "audit.findings.v1";
    fn key(&self) -> String {
        self.finding.to_string()
    }
}

/// `audit.governance-recorded.v1`: a digest that the governance log must hold: endorsements, draw plans, sample
/// commitments, audit records, packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GovernanceRecorded {
    /// Id of the act in this service.
    pub act: uuid::Uuid,
    /// e.g. `endorsement`, `draw-plan`, `sample`, `audit-record`, `package`.
    pub kind: String,
    /// SHA-256 (hex).
    pub digest: String,
    /// Clause id.
    pub clause: String,
}

impl Event for GovernanceRecorded {
    const TYPE: &'static str = "audit.governance-recorded.v1";
    const TOPIC: &'static str = "audit.governance.v1";
    fn key(&self) -> String {
        self.act.to_string()
    }
}

/// `audit.holding-counted.v1`: audit records of a month, so that retention can plan their end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldingCounted {
    /// Record kind of the rule pack's retention table.
    pub record_kind: String,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// Records.
    pub count: i64,
}

impl Event for HoldingCounted {
    const TYPE: &'static str = "audit.holding-counted.v1";
    const TOPIC: &'static str = "audit.holdings.v1";
    fn key(&self) -> String {
        format!("{}/{}/{}", self.record_kind, self.regulation, self.month)
    }
}

/// `audit.destruction-carried-out.v1`: a destruction order was carried out on this service's records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestructionCarriedOut {
    /// The order.
    pub order: kernel::ids::OrderId,
    /// Records gone.
    pub count: i64,
    /// Digest (hex) over the ids of what went.
    pub root: String,
    /// e.g. `rows deleted`.
    pub method: String,
}

impl Event for DestructionCarriedOut {
    const TYPE: &'static str = "audit.destruction-carried-out.v1";
    const TOPIC: &'static str = "audit.destructions.v1";
    fn key(&self) -> String {
        self.order.to_string()
    }
}
