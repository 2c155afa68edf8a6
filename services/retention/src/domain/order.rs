//! Destruction orders: a month past its term, asked for by one person, approved by two others with their cards,
//! carried out by every holder, ended by a certificate (design flow 7).

use chassis::{Document, Error, Problem};
use chrono::{DateTime, NaiveDate, Utc};
use identity::Endorsement;
use kernel::ids::{OrderId, PersonId, PostId};
use kernel::{canonical, days};
use retention_types::events::DestructionApproved;
use retention_types::{HolderCount, OrderContent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::hold::Hold;
use crate::domain::holding::Holding;
use crate::domain::term::Term;
use crate::problems;

/// Persons who must approve, besides the one who asks (design flow 7: ours, not a number of a regulation).
pub const APPROVERS: usize = 2;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Opened by the schedule because the term is over.
    Proposed,
    /// Asked for; waits for approvals.
    Requested,
    /// Approved; holders carry it out.
    Approved,
    /// Every holder confirmed; the certificate is there.
    Certified,
}

impl OrderState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Certified => "certified",
        }
    }
}

/// Who did something, in which post, when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Act {
    /// Who.
    pub person: PersonId,
    /// In which post.
    pub post: PostId,
    /// When.
    pub at: DateTime<Utc>,
}

/// An approval with its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// Who approved.
    #[serde(flatten)]
    pub act: Act,
    /// The card signature over the order's content.
    pub endorsement: Endorsement,
}

/// What a holder confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Confirmation {
    /// Records gone.
    pub count: i64,
    /// Digest (hex) of what went.
    pub root: String,
    /// e.g. `partition dropped, data key destroyed`.
    pub method: String,
    /// Position of the destruction entry in the governance log, where the holder keeps it.
    pub entry: Option<i64>,
    /// When.
    pub at: DateTime<Utc>,
}

/// One service that holds the records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holder {
    /// The service.
    pub service: String,
    /// Its holding.
    pub holding: Uuid,
    /// The record kind in its own spelling.
    pub record_kind: String,
    /// Records when the order was requested.
    pub count: i64,
    /// What it confirmed.
    pub confirmation: Option<Confirmation>,
}

/// A destruction order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DestructionOrder {
    /// Its id.
    pub id: OrderId,
    /// Names the records; one open order at a time.
    pub key: String,
    /// Record kind of the rule packs.
    pub record_kind: String,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// Name of the log, for logs.
    pub log: Option<String>,
    /// The term that is over.
    pub term: Term,
    /// State.
    pub state: OrderState,
    /// Whether it is not ended yet.
    pub open: bool,
    /// Services that hold the records.
    pub holders: Vec<Holder>,
    /// When the schedule or a person opened it.
    pub proposed_at: DateTime<Utc>,
    /// Who asked for it.
    pub requested: Option<Act>,
    /// Approvals, in order.
    pub approvals: Vec<Approval>,
    /// SHA-256 (hex) of content and approvals, once approved.
    pub digest: Option<String>,
    /// Causes for which it was given back.
    pub returns: Vec<Return>,
}

/// A return to the state of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Return {
    /// Who.
    #[serde(flatten)]
    pub act: Act,
    /// Why, as a code.
    pub cause: String,
}

impl Document for DestructionOrder {
    const TABLE: &'static str = "destruction_orders";
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn regulation(&self) -> Option<&str> {
        Some(&self.regulation)
    }
}

/// Why an order is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The term is not over.
    #[error("These records may be destroyed from {may_end_on} on, not before.")]
    BeforeTerm {
        /// First day.
        may_end_on: NaiveDate,
        /// Clause of the term.
        clause: String,
    },
    /// No pack fixes a term.
    #[error("These records are kept without end: no rule pack fixes their term.")]
    NoTerm,
    /// Nothing of this kind is held.
    #[error("No service holds such records.")]
    Nothing,
    /// A hold keeps them.
    #[error("The hold {hold} keeps these records until another person lifts it.")]
    UnderHold {
        /// The hold.
        hold: Uuid,
        /// Clause of the term.
        clause: String,
    },
    /// Not at this step.
    #[error("The order is `{}`.", .0.as_str())]
    WrongState(OrderState),
    /// The requester approves, or somebody twice.
    #[error("Whoever asked for it or approved it before does not approve it: {APPROVERS} other persons do.")]
    SamePerson,
}

impl From<OrderError> for Error {
    fn from(error: OrderError) -> Self {
        let detail = error.to_string();
        let (kind, clause) = match error {
            OrderError::BeforeTerm { clause, .. } => (&problems::BEFORE_TERM, Some(clause)),
            OrderError::NoTerm => (&problems::NO_TERM, None),
            OrderError::Nothing => (&chassis::problem::NOT_FOUND, None),
            OrderError::UnderHold { clause, .. } => (&problems::UNDER_HOLD, Some(clause)),
            OrderError::WrongState(_) => (&problems::WRONG_STATE, None),
            OrderError::SamePerson => (&problems::OWN_MATTER, None),
        };
        let mut problem = Problem::new(kind, detail);
        problem.clause = clause;
        problem.into()
    }
}

/// Checks that the term of `holdings` is over on `today` and that no hold keeps them. The latest term counts.
pub fn may_end(holdings: &[Holding], holds: &[Hold], today: NaiveDate) -> Result<Term, OrderError> {
    let mut latest: Option<&Term> = None;
    for holding in holdings {
        let term = holding.term.as_ref().ok_or(OrderError::NoTerm)?;
        if latest.is_none_or(|l| l.may_end_on < term.may_end_on) {
            latest = Some(term);
        }
    }
    let term = latest.ok_or(OrderError::Nothing)?;
    if today < term.may_end_on {
        return Err(OrderError::BeforeTerm { may_end_on: term.may_end_on, clause: term.clause.clone() });
    }
    for holding in holdings {
        let keeps = |h: &&Hold| h.keeps(&holding.record_kind, &holding.regulation, holding.month);
        if let Some(hold) = holds.iter().find(keeps) {
            return Err(OrderError::UnderHold { hold: hold.id, clause: term.clause.clone() });
        }
    }
    Ok(term.clone())
}

fn holders(holdings: &[Holding]) -> Vec<Holder> {
    let mut holders: Vec<Holder> = holdings
        .iter()
        .map(|h| Holder {
            service: h.service.clone(),
            holding: h.id,
            record_kind: h.holder_kind.clone(),
            count: h.count,
            confirmation: None,
        })
        .collect();
    holders.sort_by(|a, b| a.service.cmp(&b.service));
    holders
}

/// Opens an order for `holdings`, which all have one key.
pub fn propose(
    id: OrderId,
    holdings: &[Holding],
    holds: &[Hold],
    now: DateTime<Utc>,
) -> Result<DestructionOrder, OrderError> {
    let term = may_end(holdings, holds, days::taipei_date(now))?;
    let first = holdings.first().ok_or(OrderError::Nothing)?;
    Ok(DestructionOrder {
        id,
        key: first.key(),
        record_kind: first.record_kind.clone(),
        regulation: first.regulation.clone(),
        month: first.month,
        log: first.log.clone(),
        term,
        state: OrderState::Proposed,
        open: true,
        holders: holders(holdings),
        proposed_at: now,
        requested: None,
        approvals: vec![],
        digest: None,
        returns: vec![],
    })
}

impl DestructionOrder {
    fn at(&self, state: OrderState) -> Result<(), OrderError> {
        if self.state == state { Ok(()) } else { Err(OrderError::WrongState(self.state)) }
    }

    /// Asks for it: from now on scope and counts stand fixed under the approvals.
    pub fn request(&mut self, holdings: &[Holding], holds: &[Hold], act: Act) -> Result<(), OrderError> {
        self.at(OrderState::Proposed)?;
        self.term = may_end(holdings, holds, days::taipei_date(act.at))?;
        self.holders = holders(holdings);
        self.requested = Some(act);
        self.state = OrderState::Requested;
        Ok(())
    }

    /// What an approver in `post` signs; none before the order was requested.
    pub fn content(&self, post: PostId) -> Option<OrderContent> {
        let requested = self.requested.as_ref()?;
        let count = |h: &Holder| HolderCount { service: h.service.clone(), count: h.count };
        Some(OrderContent {
            act: "approve-destruction".to_owned(),
            order: self.id,
            record_kind: self.record_kind.clone(),
            regulation: self.regulation.clone(),
            month: self.month,
            log: self.log.clone(),
            holders: self.holders.iter().map(count).collect(),
            rule_pack: self.term.rule_pack.clone(),
            clause: self.term.clause.clone(),
            may_end_on: self.term.may_end_on,
            requested_by: requested.person,
            post,
        })
    }

    /// Checks that `person` may approve on `today`; the signature is checked beside it.
    pub fn may_approve(
        &self,
        person: PersonId,
        holdings: &[Holding],
        holds: &[Hold],
        today: NaiveDate,
    ) -> Result<(), OrderError> {
        self.at(OrderState::Requested)?;
        let asked = self.requested.as_ref().is_some_and(|r| r.person == person);
        if asked || self.approvals.iter().any(|a| a.act.person == person) {
            return Err(OrderError::SamePerson);
        }
        may_end(holdings, holds, today).map(|_| ())
    }

    /// Adds an approval; with the last one that is needed the order is approved. `may_approve` comes first.
    pub fn approve(&mut self, approval: Approval) -> Result<(), serde_json::Error> {
        self.approvals.push(approval);
        if self.approvals.len() >= APPROVERS {
            self.state = OrderState::Approved;
            self.digest = Some(self.evidence_digest()?);
        }
        Ok(())
    }

    /// SHA-256 (hex) over the canonical bytes of request, scope and approvals.
    fn evidence_digest(&self) -> Result<String, serde_json::Error> {
        #[derive(Serialize)]
        struct Evidence<'a> {
            order: OrderId,
            key: &'a str,
            term: &'a Term,
            holders: Vec<HolderCount>,
            requested: &'a Option<Act>,
            approvals: &'a [Approval],
        }
        let count = |h: &Holder| HolderCount { service: h.service.clone(), count: h.count };
        let evidence = Evidence {
            order: self.id,
            key: &self.key,
            term: &self.term,
            holders: self.holders.iter().map(count).collect(),
            requested: &self.requested,
            approvals: &self.approvals,
        };
        Ok(canonical::sha256_hex(&canonical::bytes(&evidence)?))
    }

    /// What each holder is told, once the order is approved.
    pub fn approved_events(&self) -> Vec<DestructionApproved> {
        let event = |holder: &Holder| DestructionApproved {
            order: self.id,
            service: holder.service.clone(),
            record_kind: holder.record_kind.clone(),
            regulation: self.regulation.clone(),
            month: self.month,
            log: self.log.clone(),
            approved_by: self.approvals.iter().map(|a| a.act.person).collect(),
            digest: self.digest.clone().unwrap_or_default(),
        };
        self.holders.iter().map(event).collect()
    }

    /// Gives it back: a proposal again, its approvals void.
    pub fn give_back(&mut self, act: Act, cause: String) -> Result<(), OrderError> {
        self.at(OrderState::Requested)?;
        self.requested = None;
        self.approvals.clear();
        self.state = OrderState::Proposed;
        self.returns.push(Return { act, cause });
        Ok(())
    }

    /// Takes in what `service` confirmed. False when nothing waits for it: not approved, no holder, or told before.
    pub fn confirm(&mut self, service: &str, confirmation: Confirmation) -> bool {
        if self.state != OrderState::Approved {
            return false;
        }
        match self.holders.iter_mut().find(|h| h.service == service && h.confirmation.is_none()) {
            Some(holder) => {
                holder.confirmation = Some(confirmation);
                true
            }
            None => false,
        }
    }

    /// Whether every holder confirmed.
    pub fn is_carried_out(&self) -> bool {
        self.state == OrderState::Approved && self.holders.iter().all(|h| h.confirmation.is_some())
    }
}

#[cfg(test)]
pub(crate) mod tests;
