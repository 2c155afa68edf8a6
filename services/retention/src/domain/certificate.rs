//! The certificate of destruction (銷毀證明): what ended, on whose approval, how, and what each holder confirmed.

use chassis::Document;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::canonical;
use kernel::ids::OrderId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::order::{Act, Confirmation, DestructionOrder};

/// An approval as the certificate names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertifiedApproval {
    /// Who approved, in which post, when.
    #[serde(flatten)]
    pub act: Act,
    /// SHA-256 (hex) of what the card signed; the signature itself is kept with the order.
    pub content_digest: String,
}

/// What one holder confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertifiedHolder {
    /// The service.
    pub service: String,
    /// Its confirmation.
    #[serde(flatten)]
    pub confirmation: Confirmation,
}

/// What the certificate says; its digest is taken over the RFC 8785 bytes of exactly this value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateContent {
    /// The order.
    pub order: OrderId,
    /// Record kind of the rule packs.
    pub record_kind: String,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// Name of the log, for logs.
    pub log: Option<String>,
    /// Rule pack whose term was over.
    pub rule_pack: String,
    /// Clause of the term.
    pub clause: String,
    /// First day on which the month could end.
    pub may_end_on: NaiveDate,
    /// Who asked for it.
    pub requested: Option<Act>,
    /// Who approved it.
    pub approvals: Vec<CertifiedApproval>,
    /// SHA-256 (hex) of the order with its endorsements.
    pub order_digest: Option<String>,
    /// Records gone, of all holders.
    pub count: i64,
    /// What each holder confirmed: count, root, method, log entry.
    pub holders: Vec<CertifiedHolder>,
    /// When every holder had confirmed.
    pub issued_at: DateTime<Utc>,
}

/// A certificate of destruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DestructionCertificate {
    /// What it says.
    pub content: CertificateContent,
    /// The RFC 8785 text of `content`.
    pub canonical: String,
    /// SHA-256 (hex) of `canonical`.
    pub digest: String,
}

impl Document for DestructionCertificate {
    const TABLE: &'static str = "destruction_certificates";
    fn id(&self) -> Uuid {
        self.content.order.0
    }
    fn regulation(&self) -> Option<&str> {
        Some(&self.content.regulation)
    }
}

/// The certificate of an order that every holder confirmed; none while one is missing.
pub fn certify(
    order: &DestructionOrder,
    now: DateTime<Utc>,
) -> Result<Option<DestructionCertificate>, serde_json::Error> {
    if !order.is_carried_out() {
        return Ok(None);
    }
    let holders: Vec<CertifiedHolder> = order
        .holders
        .iter()
        .filter_map(|h| {
            Some(CertifiedHolder { service: h.service.clone(), confirmation: h.confirmation.clone()? })
        })
        .collect();
    let approval = |a: &crate::domain::order::Approval| CertifiedApproval {
        act: a.act.clone(),
        content_digest: a.endorsement.content_digest.clone(),
    };
    let content = CertificateContent {
        order: order.id,
        record_kind: order.record_kind.clone(),
        regulation: order.regulation.clone(),
        month: order.month,
        log: order.log.clone(),
        rule_pack: order.term.rule_pack.clone(),
        clause: order.term.clause.clone(),
        may_end_on: order.term.may_end_on,
        requested: order.requested.clone(),
        approvals: order.approvals.iter().map(approval).collect(),
        order_digest: order.digest.clone(),
        count: holders.iter().map(|h| h.confirmation.count).sum(),
        holders,
        issued_at: now,
    };
    let bytes = canonical::bytes(&content)?;
    let digest = canonical::sha256_hex(&bytes);
    Ok(Some(DestructionCertificate {
        content,
        canonical: String::from_utf8_lossy(&bytes).into_owned(),
        digest,
    }))
}
