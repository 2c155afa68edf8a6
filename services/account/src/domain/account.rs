//! Accounts (帳號): the right of one post's holder to use one provider's data.

use std::collections::BTreeSet;

use account_types::events::{AccountChanged, AccountSnapshot, AccountStatus};
use chassis::{Document, Problem};
use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{AccountId, AgencyId, PermissionApplicationId, PersonId, PostId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problems;

/// Why an account is held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Suspension {
    /// Names it: `lost-card`, `inventory/…`, `finding/…`, `ex-officio`, `leave/…`.
    pub cause: String,
    /// Why.
    pub reason: String,
    /// Clause id.
    pub clause: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// The end of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stop {
    /// Why.
    pub reason: String,
    /// Clause id.
    pub clause: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Account number (帳號).
    pub number: String,
    /// `household`, `immigration` or `tax`.
    pub regulation: String,
    /// The holder.
    pub person_id: PersonId,
    /// The post it was granted for.
    pub post_id: PostId,
    /// The holder's agency.
    pub agency_id: AgencyId,
    /// The holder's unit.
    pub unit_id: UnitId,
    /// State.
    pub status: AccountStatus,
    /// Items granted.
    pub items: BTreeSet<String>,
    /// First day of use.
    pub valid_from: NaiveDate,
    /// Last day, if limited.
    pub valid_until: Option<NaiveDate>,
    /// Who opened it.
    pub opened_by: PersonId,
    /// The applications that it rests on, the first one first; none for one from before the suite.
    pub applications: Vec<PermissionApplicationId>,
    /// Document number of a grant from before the suite.
    pub granted_by: Option<String>,
    /// Reasons to hold it back; active without an open one.
    pub suspensions: Vec<Suspension>,
    /// Its end.
    pub stopped: Option<Stop>,
    /// Counts changes.
    pub revision: i64,
}

impl Document for Account {
    const TABLE: &'static str = "accounts";
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn regulation(&self) -> Option<&str> {
        Some(&self.regulation)
    }
}

/// Why an account does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Stopped for good.
    #[error("the account was stopped; a new application is needed")]
    Stopped,
    /// Not held back, or not for this cause.
    #[error("the account is not suspended for a reason that this act may end")]
    NotSuspended,
    /// More items than before, without application.
    #[error(
        "ex officio an account gets fewer items or an earlier end, never more: that takes an application"
    )]
    Wider,
    /// The holder decides on his own account.
    #[error("nobody acts on his own account")]
    Own,
}

impl From<AccountError> for chassis::Error {
    fn from(error: AccountError) -> Self {
        let problem = match error {
            AccountError::Stopped => {
                Problem::new(&problems::ACCOUNT_STOPPED, error.to_string()).clause("H5.2.2")
            }
            AccountError::NotSuspended => Problem::new(&problems::NOT_SUSPENDED, error.to_string()),
            AccountError::Wider => {
                Problem::new(&problems::APPLICATION_NEEDED, error.to_string()).clause("H5.1.2")
            }
            AccountError::Own => Problem::new(&problems::OWN_MATTER, error.to_string()),
        };
        problem.into()
    }
}

impl Account {
    /// State as others see it.
    pub fn event(&self, what: &str, clause: &str) -> AccountChanged {
        AccountChanged {
            account: AccountSnapshot {
                id: self.id,
                number: self.number.clone(),
                regulation: self.regulation.clone(),
                person: self.person_id,
                post: self.post_id,
                agency: self.agency_id,
                unit: self.unit_id,
                status: self.status,
                permission_items: self.items.clone(),
                valid_from: self.valid_from,
                valid_until: self.valid_until,
                opened_by: self.opened_by,
                revision: self.revision,
            },
            cause: what.to_owned(),
            clause: clause.to_owned(),
        }
    }

    fn recount(&mut self) {
        self.status = if self.stopped.is_some() {
            AccountStatus::Stopped
        } else if self.suspensions.iter().any(|s| s.ended_at.is_none()) {
            AccountStatus::Suspended
        } else {
            AccountStatus::Active
        };
        self.revision += 1;
    }

    /// Holds it back for the cause `because`; false when it is held back for that already.
    pub fn suspend(
        &mut self,
        because: &str,
        reason: &str,
        clause: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, AccountError> {
        if self.stopped.is_some() {
            return Err(AccountError::Stopped);
        }
        if self.suspensions.iter().any(|s| s.cause == because && s.ended_at.is_none()) {
            return Ok(false);
        }
        self.suspensions.push(Suspension {
            cause: because.to_owned(),
            reason: reason.to_owned(),
            clause: clause.to_owned(),
            since: now,
            ended_at: None,
        });
        self.recount();
        Ok(true)
    }

    /// Ends the suspensions whose cause `which` picks; others keep it held back.
    pub fn resume(&mut self, which: impl Fn(&str) -> bool, now: DateTime<Utc>) -> Result<(), AccountError> {
        if self.stopped.is_some() {
            return Err(AccountError::Stopped);
        }
        let mut any = false;
        for suspension in self.suspensions.iter_mut().filter(|s| s.ended_at.is_none() && which(&s.cause)) {
            suspension.ended_at = Some(now);
            any = true;
        }
        if !any {
            return Err(AccountError::NotSuspended);
        }
        self.recount();
        Ok(())
    }

    /// Ends it for good; false when it had ended before.
    pub fn stop(&mut self, reason: &str, clause: &str, now: DateTime<Utc>) -> bool {
        if self.stopped.is_some() {
            return false;
        }
        self.stopped = Some(Stop { reason: reason.to_owned(), clause: clause.to_owned(), at: now });
        self.recount();
        true
    }

    /// Narrows it ex officio.
    pub fn narrow(&mut self, items: BTreeSet<String>, until: Option<NaiveDate>) -> Result<(), AccountError> {
        if self.stopped.is_some() {
            return Err(AccountError::Stopped);
        }
        let later = match (self.valid_until, until) {
            (Some(old), Some(new)) => new > old,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if items.is_empty() || !items.is_subset(&self.items) || later {
            return Err(AccountError::Wider);
        }
        self.items = items;
        self.valid_until = until;
        self.recount();
        Ok(())
    }

    /// Takes what a granted change application gives.
    pub fn regrant(
        &mut self,
        application: PermissionApplicationId,
        items: BTreeSet<String>,
        until: Option<NaiveDate>,
    ) -> Result<(), AccountError> {
        if self.stopped.is_some() {
            return Err(AccountError::Stopped);
        }
        self.items = items;
        self.valid_until = until;
        self.applications.push(application);
        self.recount();
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn account() -> Account {
        Account {
            id: AccountId(Uuid::from_u128(1)),
            number: "H-1".into(),
            regulation: "household".into(),
            person_id: PersonId(Uuid::from_u128(2)),
            post_id: PostId(Uuid::from_u128(3)),
            agency_id: AgencyId(Uuid::from_u128(4)),
            unit_id: UnitId(Uuid::from_u128(5)),
            status: AccountStatus::Active,
            items: ["a", "b"].map(str::to_owned).into(),
            valid_from: NaiveDate::default(),
            valid_until: None,
            opened_by: PersonId(Uuid::from_u128(6)),
            applications: vec![],
            granted_by: None,
            suspensions: vec![],
            stopped: None,
            revision: 1,
        }
    }

    #[test]
    fn one_cause_ended_leaves_the_others() {
        let mut it = account();
        let now = DateTime::UNIX_EPOCH;
        assert!(it.suspend("lost-card", "x", "I3.7", now).unwrap());
        assert!(!it.suspend("lost-card", "x", "I3.7", now).unwrap());
        assert!(it.suspend("finding/1", "x", "H9", now).unwrap());
        it.resume(|c| c == "lost-card", now).unwrap();
        assert_eq!(it.status, AccountStatus::Suspended);
        it.resume(|c| c == "finding/1", now).unwrap();
        assert_eq!(it.status, AccountStatus::Active);
        assert_eq!(it.resume(|_| true, now), Err(AccountError::NotSuspended));
    }

    #[test]
    fn ex_officio_never_widens() {
        let mut it = account();
        assert_eq!(it.narrow(["a", "c"].map(str::to_owned).into(), None), Err(AccountError::Wider));
        it.narrow(["a"].map(str::to_owned).into(), Some(NaiveDate::default())).unwrap();
        assert_eq!(it.narrow(["a"].map(str::to_owned).into(), None), Err(AccountError::Wider));
    }

    proptest! {
        #[test]
        fn a_stopped_account_never_lives_again(acts in prop::collection::vec(0..4_u8, 1..30)) {
            let mut it = account();
            let mut stopped = false;
            let now = DateTime::UNIX_EPOCH;
            for act in acts {
                let before = it.revision;
                match act {
                    0 => { let _ = it.suspend("c", "x", "H9", now); }
                    1 => { let _ = it.resume(|_| true, now); }
                    2 => { stopped |= it.stop("x", "H5.2.2", now); }
                    _ => { let _ = it.narrow(["a"].map(str::to_owned).into(), None); }
                }
                prop_assert!(it.revision >= before);
                prop_assert_eq!(it.status == AccountStatus::Stopped, stopped);
            }
        }
    }
}
