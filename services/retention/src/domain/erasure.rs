//! Erasure orders: one record asked for by one person, approved by another with the card, carried out by the query
//! registry, ended by a certificate.

use chassis::{Document, Error, Problem};
use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{OrderId, PersonId, PostId};
use kernel::{Sealed, canonical};
use query_registry_types::events::ErasedEntry;
use retention_types::events::ErasureApproved;
use retention_types::{ErasureBasis, ErasureContent, ErasureTarget};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::hold::Hold;
use crate::domain::order::{Act, Approval};
use crate::problems;

/// The records that an erasure takes one out of, as holds name them.
const RECORD_KIND: &str = "query_log";

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureState {
    /// Asked for; waits for the approval.
    Requested,
    /// Approved; the query registry carries it out.
    Approved,
    /// Carried out; the certificate is there.
    Certified,
    /// Given back: nothing was erased.
    Returned,
    /// The query registry refused: nothing was erased, see `fault`.
    Refused,
}

impl ErasureState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Certified => "certified",
            Self::Returned => "returned",
            Self::Refused => "refused",
        }
    }
}

/// An erasure order at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureOrder {
    /// Its id.
    pub id: OrderId,
    /// What is to go.
    pub target: ErasureTarget,
    /// What it rests on.
    pub basis: ErasureBasis,
    /// Number of its document.
    pub document: String,
    /// Why, sealed.
    pub reason: Sealed,
    /// Where it stands.
    pub state: ErasureState,
    /// Who asked for it.
    pub requested: Act,
    /// The approval.
    pub approval: Option<Approval>,
    /// SHA-256 (hex) of request and approval, once approved.
    pub digest: Option<String>,
    /// Who gave it back.
    pub returned: Option<Act>,
    /// Why it was given back, or refused by the query registry, as a code.
    pub fault: Option<String>,
}

impl Document for ErasureOrder {
    const TABLE: &'static str = "erasure_orders";
    fn id(&self) -> Uuid {
        self.id.0
    }
}

/// An erasure order as it is shown; why it was asked for stays sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasureOrderView {
    /// Its id.
    pub id: OrderId,
    /// What is to go.
    pub target: ErasureTarget,
    /// What it rests on.
    pub basis: ErasureBasis,
    /// Number of its document.
    pub document: String,
    /// Where it stands.
    pub state: ErasureState,
    /// Who asked for it.
    pub requested: Act,
    /// The approval.
    pub approval: Option<Approval>,
    /// Who gave it back.
    pub returned: Option<Act>,
    /// Why it was given back, or refused by the query registry, as a code.
    pub fault: Option<String>,
}

/// Why an erasure is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErasureError {
    /// A hold keeps the record.
    #[error("The hold {0} keeps this record until another person lifts it.")]
    UnderHold(Uuid),
    /// Not at this step.
    #[error("The order is `{}`.", .0.as_str())]
    WrongState(ErasureState),
    /// The requester approves.
    #[error("Whoever asked for it does not approve it: another person does.")]
    SamePerson,
}

impl From<ErasureError> for Error {
    fn from(error: ErasureError) -> Self {
        let kind = match error {
            ErasureError::UnderHold(_) => &problems::UNDER_HOLD,
            ErasureError::WrongState(_) => &problems::WRONG_STATE,
            ErasureError::SamePerson => &problems::OWN_MATTER,
        };
        Problem::new(kind, error.to_string()).clause("H6.6").into()
    }
}

/// Checks that no hold keeps the record.
pub fn may_go(target: &ErasureTarget, holds: &[Hold]) -> Result<(), ErasureError> {
    let keeps = |hold: &&Hold| hold.keeps(RECORD_KIND, &target.regulation, target.month);
    holds.iter().find(keeps).map_or(Ok(()), |hold| Err(ErasureError::UnderHold(hold.id)))
}

impl ErasureOrder {
    fn at(&self, state: ErasureState) -> Result<(), ErasureError> {
        if self.state == state { Ok(()) } else { Err(ErasureError::WrongState(self.state)) }
    }

    /// What an approver in `post` signs.
    pub fn content(&self, post: PostId) -> ErasureContent {
        ErasureContent {
            act: "approve-erasure".to_owned(),
            order: self.id,
            target: self.target.clone(),
            basis: self.basis,
            document: self.document.clone(),
            requested_by: self.requested.person,
            post,
        }
    }

    /// Checks that `person` may approve; the signature is checked beside it.
    pub fn may_approve(&self, person: PersonId, holds: &[Hold]) -> Result<(), ErasureError> {
        self.at(ErasureState::Requested)?;
        if self.requested.person == person {
            return Err(ErasureError::SamePerson);
        }
        may_go(&self.target, holds)
    }

    /// Approves it and gives what the query registry is told. `may_approve` comes first.
    pub fn approve(&mut self, approval: Approval) -> Result<ErasureApproved, serde_json::Error> {
        let digest = canonical::sha256_hex(&canonical::bytes(&(&*self, &approval))?);
        let approved_by = approval.act.person;
        self.state = ErasureState::Approved;
        self.approval = Some(approval);
        self.digest = Some(digest.clone());
        Ok(ErasureApproved {
            order: self.id,
            log: self.target.log.clone(),
            regulation: self.target.regulation.clone(),
            month: self.target.month,
            query: self.target.query,
            index: self.target.index,
            requested_by: self.requested.person,
            approved_by,
            digest,
        })
    }

    /// Gives it back.
    pub fn give_back(&mut self, act: Act, cause: String) -> Result<(), ErasureError> {
        self.at(ErasureState::Requested)?;
        self.state = ErasureState::Returned;
        self.returned = Some(act);
        self.fault = Some(cause);
        Ok(())
    }

    /// Takes in that the query registry erased nothing. False when nothing waits for it.
    pub fn refuse(&mut self, fault: String) -> bool {
        let waits = self.state == ErasureState::Approved;
        if waits {
            self.state = ErasureState::Refused;
            self.fault = Some(fault);
        }
        waits
    }

    /// Takes in what the query registry confirmed; `None` when nothing waits for it.
    pub fn certify(
        &mut self,
        confirmation: ErasureConfirmation,
        now: DateTime<Utc>,
    ) -> Result<Option<ErasureCertificate>, serde_json::Error> {
        let (ErasureState::Approved, Some(approval)) = (self.state, &self.approval) else { return Ok(None) };
        let content = ErasureCertificateContent {
            order: self.id,
            target: self.target.clone(),
            basis: self.basis,
            document: self.document.clone(),
            requested: self.requested.clone(),
            approved: approval.act.clone(),
            content_digest: approval.endorsement.content_digest.clone(),
            order_digest: self.digest.clone(),
            confirmation,
            issued_at: now,
        };
        let bytes = canonical::bytes(&content)?;
        self.state = ErasureState::Certified;
        let (digest, canonical) =
            (canonical::sha256_hex(&bytes), String::from_utf8_lossy(&bytes).into_owned());
        Ok(Some(ErasureCertificate { content, canonical, digest }))
    }

    /// As it is shown.
    pub fn view(&self) -> ErasureOrderView {
        ErasureOrderView {
            id: self.id,
            target: self.target.clone(),
            basis: self.basis,
            document: self.document.clone(),
            state: self.state,
            requested: self.requested.clone(),
            approval: self.approval.clone(),
            returned: self.returned.clone(),
            fault: self.fault.clone(),
        }
    }
}

/// What the query registry confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasureConfirmation {
    /// The erased entries, each with the entry that records its erasure.
    pub entries: Vec<ErasedEntry>,
    /// Rows of its registers whose personal values were overwritten.
    pub rows: i64,
    /// How.
    pub method: String,
    /// Day when the last backup that could still give the record expires (備份屆滿銷毀日).
    pub backups_expire_on: NaiveDate,
    /// When.
    pub at: DateTime<Utc>,
}

/// What the certificate says; its digest is taken over the RFC 8785 bytes of exactly this value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasureCertificateContent {
    /// The order.
    pub order: OrderId,
    /// What went.
    pub target: ErasureTarget,
    /// What it rests on.
    pub basis: ErasureBasis,
    /// Number of its document.
    pub document: String,
    /// Who asked for it.
    pub requested: Act,
    /// Who approved it.
    pub approved: Act,
    /// SHA-256 (hex) of what the approver's card signed; the signature itself is kept with the order.
    pub content_digest: String,
    /// SHA-256 (hex) of the order with its approval.
    pub order_digest: Option<String>,
    /// What the query registry confirmed.
    pub confirmation: ErasureConfirmation,
    /// When.
    pub issued_at: DateTime<Utc>,
}

/// A certificate of early erasure (提前刪除證明).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasureCertificate {
    /// What it says.
    pub content: ErasureCertificateContent,
    /// The RFC 8785 text of `content`.
    pub canonical: String,
    /// SHA-256 (hex) of `canonical`.
    pub digest: String,
}

impl Document for ErasureCertificate {
    const TABLE: &'static str = "erasure_certificates";
    fn id(&self) -> Uuid {
        self.content.order.0
    }
}
