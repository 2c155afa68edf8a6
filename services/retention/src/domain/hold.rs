//! Legal holds: they win over every order.

use chassis::{Document, Error, Problem};
use chrono::{DateTime, NaiveDate, Utc};
use kernel::Sealed;
use kernel::ids::{OrderId, PersonId, PostId};
use retention_types::HoldScope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problems;

/// An act on a hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HoldAct {
    /// Who.
    pub person: PersonId,
    /// In which post.
    pub post: PostId,
    /// When.
    pub at: DateTime<Utc>,
    /// Why, sealed.
    pub reason: Sealed,
}

/// A hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: Uuid,
    /// What must stay.
    pub scope: HoldScope,
    /// Number of the document that asks for it.
    pub document: Option<String>,
    /// Who placed it.
    pub placed: HoldAct,
    /// Who lifted it.
    pub lifted: Option<HoldAct>,
    /// Whether it holds.
    pub active: bool,
}

impl Document for Hold {
    const TABLE: &'static str = "holds";
    fn id(&self) -> Uuid {
        self.id
    }
}

/// A hold as it is shown.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HoldView {
    /// Its id.
    pub id: Uuid,
    /// What must stay.
    pub scope: HoldScope,
    /// Number of the document that asks for it.
    pub document: Option<String>,
    /// Why it was placed.
    pub reason: String,
    /// Who placed it.
    pub placed_by: PersonId,
    /// When.
    pub placed_at: DateTime<Utc>,
    /// Who lifted it.
    pub lifted_by: Option<PersonId>,
    /// When.
    pub lifted_at: Option<DateTime<Utc>>,
    /// Whether it holds.
    pub active: bool,
    /// When it was placed: orders that two persons had approved before; their holders may have carried them out.
    #[serde(default)]
    pub approved_before: Vec<OrderId>,
}

/// Why a hold is not lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// The one who placed it does not lift it.
    #[error("Another person than the one who placed it must lift it.")]
    SamePerson,
    /// It was lifted before.
    #[error("The hold was lifted before.")]
    NotActive,
}

impl From<HoldError> for Error {
    fn from(error: HoldError) -> Self {
        let kind = match error {
            HoldError::SamePerson => &problems::OWN_MATTER,
            HoldError::NotActive => &chassis::problem::CONFLICT,
        };
        Problem::new(kind, error.to_string()).into()
    }
}

/// Whether `scope` covers records of `record_kind`, `regulation` and `month`.
pub fn covers(scope: &HoldScope, record_kind: &str, regulation: &str, month: NaiveDate) -> bool {
    scope.regulation.as_deref().is_none_or(|r| r == regulation)
        && scope.record_kind.as_deref().is_none_or(|k| k == record_kind)
        && scope.from_month.is_none_or(|from| from <= month)
        && scope.to_month.is_none_or(|to| month <= to)
}

impl Hold {
    /// Whether it keeps these records now.
    pub fn keeps(&self, record_kind: &str, regulation: &str, month: NaiveDate) -> bool {
        self.active && covers(&self.scope, record_kind, regulation, month)
    }

    /// Lifts it.
    pub fn lift(&mut self, act: HoldAct) -> Result<(), HoldError> {
        if !self.active {
            return Err(HoldError::NotActive);
        }
        if act.person == self.placed.person {
            return Err(HoldError::SamePerson);
        }
        self.active = false;
        self.lifted = Some(act);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(person: u128) -> HoldAct {
        HoldAct {
            person: PersonId(Uuid::from_u128(person)),
            post: PostId(Uuid::nil()),
            at: DateTime::UNIX_EPOCH,
            reason: Sealed { hash: String::new(), value: String::new() },
        }
    }

    #[test]
    fn an_open_scope_keeps_everything_and_a_named_one_its_own() {
        let month: NaiveDate = "2023-02-01".parse().unwrap();
        assert!(covers(&HoldScope::default(), "query_log", "tax", month));
        let scope = HoldScope {
            regulation: Some("household".into()),
            record_kind: Some("query_log".into()),
            from_month: Some("2023-01-01".parse().unwrap()),
            to_month: Some(month),
        };
        assert!(covers(&scope, "query_log", "household", month));
        assert!(!covers(&scope, "query_log", "tax", month));
        assert!(!covers(&scope, "query_register", "household", month));
        assert!(!covers(&scope, "query_log", "household", "2023-03-01".parse().unwrap()));
    }

    #[test]
    fn only_another_person_lifts_a_hold_and_only_once() {
        let mut hold = Hold {
            id: Uuid::nil(),
            scope: HoldScope::default(),
            document: None,
            placed: act(1),
            lifted: None,
            active: true,
        };
        let month = "2023-02-01".parse().unwrap();
        assert_eq!(hold.lift(act(1)), Err(HoldError::SamePerson));
        assert!(hold.keeps("query_log", "household", month));
        hold.lift(act(2)).unwrap();
        assert!(!hold.keeps("query_log", "household", month));
        assert_eq!(hold.lift(act(3)), Err(HoldError::NotActive));
    }
}
