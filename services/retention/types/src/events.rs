//! Events of the retention service.

use chrono::NaiveDate;
use kernel::Event;
use kernel::ids::{OrderId, PersonId, QueryId};
use serde::{Deserialize, Serialize};

/// `retention.destruction-approved.v1`: two persons approved; the service that holds the records carries it out and
/// answers with its `destruction-carried-out` (H6.6, I3.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestructionApproved {
    /// The order.
    pub order: OrderId,
    /// Service that holds the records, e.g. `query-registry`.
    pub service: String,
    /// Record kind of the rule pack's retention table.
    pub record_kind: String,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// First day of the month whose records end.
    pub month: NaiveDate,
    /// Name of the log, for logs.
    pub log: Option<String>,
    /// The approvers; never the requester.
    pub approved_by: Vec<PersonId>,
    /// SHA-256 (hex) of the order's canonical bytes with its endorsements.
    pub digest: String,
}

impl Event for DestructionApproved {
    const TYPE: &'static str = "retention.destruction-approved.v1";
    const TOPIC: &'static str = "retention.orders.v1";
    fn key(&self) -> String {
        self.order.to_string()
    }
}

/// `retention.erasure-approved.v1`: another person than the requester approved the early erasure of one record; the query
/// registry carries it out and answers with `erasure-carried-out` or `erasure-refused` (H6.6, I3.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureApproved {
    /// The order.
    pub order: OrderId,
    /// Name of the log.
    pub log: String,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// First day of the month in which it was recorded.
    pub month: NaiveDate,
    /// The query, with all its entries.
    pub query: Option<QueryId>,
    /// Or the position of one entry.
    pub index: Option<i64>,
    /// Who asked for it.
    pub requested_by: PersonId,
    /// Who approved it; never the requester.
    pub approved_by: PersonId,
    /// SHA-256 (hex) of the order's canonical bytes with its endorsement.
    pub digest: String,
}

impl Event for ErasureApproved {
    const TYPE: &'static str = "retention.erasure-approved.v1";
    const TOPIC: &'static str = "retention.orders.v1";
    fn key(&self) -> String {
        self.order.to_string()
    }
}

/// `retention.certificate-issued.v1`: every holder confirmed; the certificate's digest goes to the governance log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateIssued {
    /// The order.
    pub order: OrderId,
    /// SHA-256 (hex) of the certificate.
    pub digest: String,
}

impl Event for CertificateIssued {
    const TYPE: &'static str = "retention.certificate-issued.v1";
    const TOPIC: &'static str = "retention.certificates.v1";
    fn key(&self) -> String {
        self.order.to_string()
    }
}

/// `retention.endorsement-taken.v1`: an approval or a witness's signature was taken; its record's digest goes to the
/// governance log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndorsementTaken {
    /// SHA-256 (hex) of the record.
    pub digest: String,
}

impl Event for EndorsementTaken {
    const TYPE: &'static str = "retention.endorsement-taken.v1";
    const TOPIC: &'static str = "retention.certificates.v1";
    fn key(&self) -> String {
        self.digest.clone()
    }
}

/// `retention.output-registered.v1`: a print or file of query results is on a register until filed or destroyed (H3.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputSettled {
    /// Id of the output.
    pub output: uuid::Uuid,
    /// `filed` or `destroyed`.
    pub state: String,
    /// The day.
    pub on: NaiveDate,
}

impl Event for OutputSettled {
    const TYPE: &'static str = "retention.output-settled.v1";
    const TOPIC: &'static str = "retention.outputs.v1";
    fn key(&self) -> String {
        self.output.to_string()
    }
}
