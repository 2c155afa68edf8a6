//! Account inventories (帳號清查, H5.1.3, I4.1.3): evidence per account, a decision by a named reviewer, effects.

use account_types::InventoryEffect;
use chassis::{Document, Problem};
use chrono::{DateTime, Days, NaiveDate, Utc};
use identity::Role;
use kernel::ids::{AccountId, AgencyId, PersonId, PostId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::account::Account;
use crate::domain::actor::Actor;
use crate::domain::person::Person;
use crate::problems;

/// A campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Inventory {
    /// Its id.
    pub id: Uuid,
    /// Regulation.
    pub regulation: String,
    /// Rule pack that it follows.
    pub rule_pack: String,
    /// Clause id.
    pub clause: String,
    /// The agency that makes it; none: the IT unit for all.
    pub agency_id: Option<AgencyId>,
    /// First day of the period.
    pub period_start: NaiveDate,
    /// Last day of the period.
    pub period_end: NaiveDate,
    /// Last day for decisions.
    pub decide_by: NaiveDate,
    /// Last day for the whole.
    pub due_on: NaiveDate,
    /// `open` or `closed`.
    pub status: InventoryStatus,
    /// Accounts in it.
    pub lines: u32,
    /// Since when undecided lines are escalated.
    pub escalated_on: Option<NaiveDate>,
    /// How it closed.
    pub closing: Option<Closing>,
}

/// Where a campaign stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InventoryStatus {
    /// Decisions are taken.
    Open,
    /// Effects are carried out.
    Closed,
}

/// How a campaign closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Closing {
    /// Who.
    pub person: PersonId,
    /// In which own post.
    pub post: PostId,
    /// When.
    pub at: DateTime<Utc>,
    /// Accounts reviewed.
    pub reviewed: u32,
    /// Accounts changed.
    pub changed: u32,
    /// Lines without decision.
    pub undecided: u32,
    /// Digest of the record.
    pub digest: String,
}

impl Document for Inventory {
    const TABLE: &'static str = "inventories";
    fn id(&self) -> Uuid {
        self.id
    }
    fn regulation(&self) -> Option<&str> {
        Some(&self.regulation)
    }
}

/// What speaks for or against an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineEvidence {
    /// Last day of use.
    pub last_used_on: Option<NaiveDate>,
    /// Queries since the account was opened.
    pub uses: i64,
    /// Unused for the pack's days (閒置).
    pub idle: bool,
    /// Other accounts of the same person under the same regulation (重複).
    pub duplicates: Vec<AccountId>,
    /// The post is no longer held (職務異動).
    pub moved: bool,
    /// Left or retired (離職、退休).
    pub left: bool,
    /// A personnel change is reported and not settled.
    pub change_reported: bool,
}

impl LineEvidence {
    /// Whether anything speaks against keeping the account.
    pub fn speaks_against(&self) -> bool {
        self.idle || self.moved || self.left || self.change_reported || !self.duplicates.is_empty()
    }
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineDecision {
    /// What is to be done.
    pub effect: InventoryEffect,
    /// Why.
    pub reason: String,
    /// The reviewer.
    pub person: PersonId,
    /// In which own post.
    pub post: PostId,
    /// When.
    pub at: DateTime<Utc>,
}

/// One account of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InventoryLine {
    /// Its id.
    pub id: Uuid,
    /// The campaign.
    pub inventory_id: Uuid,
    /// The account.
    pub account_id: AccountId,
    /// Its number.
    pub number: String,
    /// The holder.
    pub person_id: PersonId,
    /// The holder's agency.
    pub agency_id: AgencyId,
    /// The holder's unit.
    pub unit_id: UnitId,
    /// Who opened the account.
    pub opened_by: PersonId,
    /// Evidence.
    pub evidence: LineEvidence,
    /// Decision.
    pub decision: Option<LineDecision>,
    /// Whether there is a decision: for lists.
    pub decided: bool,
}

impl Document for InventoryLine {
    const TABLE: &'static str = "inventory_lines";
    fn id(&self) -> Uuid {
        self.id
    }
}

/// Why an inventory act is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InventoryError {
    /// Closed.
    #[error("the inventory is closed")]
    Closed,
    /// The holder, or who opened the account, reviews it.
    #[error("neither the holder nor who opened the account reviews it")]
    Own,
    /// Not a reviewer of this account.
    #[error("the IT unit, the unit's supervisor or the agency's designated officer reviews an account")]
    NotReviewer,
    /// A decision against the evidence without words.
    #[error("keeping an account against the evidence needs a reason")]
    ReasonMissing,
    /// Lines without decision before the deadline.
    #[error("lines wait for a decision and the deadline has not passed")]
    Undecided,
}

impl From<InventoryError> for chassis::Error {
    fn from(error: InventoryError) -> Self {
        let kind = match error {
            InventoryError::Closed => &chassis::problem::CONFLICT,
            InventoryError::Own => &problems::OWN_MATTER,
            InventoryError::NotReviewer => &problems::NOT_THE_ACTOR,
            InventoryError::ReasonMissing => &problems::STAGE_INCOMPLETE,
            InventoryError::Undecided => &problems::INVENTORY_UNDECIDED,
        };
        Problem::new(kind, error.to_string()).clause("H5.1.3").into()
    }
}

/// What an inventory knows besides account and holder.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Last use.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Uses.
    pub uses: i64,
    /// Other live accounts of the person under the regulation.
    pub duplicates: Vec<AccountId>,
    /// A personnel change waits.
    pub change_reported: bool,
}

/// The evidence about `account` of `holder` on `today`; idle after `idle_after_days` without use.
pub fn evidence(
    account: &Account,
    holder: &Person,
    usage: Usage,
    today: NaiveDate,
    idle_after_days: u32,
) -> LineEvidence {
    let last_used_on = usage.last_used_at.map(kernel::days::taipei_date);
    let since = last_used_on.unwrap_or(account.valid_from);
    let idle_from = since.checked_add_days(Days::new(idle_after_days.into())).unwrap_or(since);
    LineEvidence {
        last_used_on,
        uses: usage.uses,
        idle: today > idle_from,
        duplicates: usage.duplicates,
        moved: holder.in_service && holder.held(account.post_id, today).is_err(),
        left: !holder.in_service,
        change_reported: usage.change_reported,
    }
}

impl InventoryLine {
    /// Takes a decision; a later one replaces it while the campaign is open.
    pub fn decide(
        &mut self,
        inventory: &Inventory,
        actor: &Actor,
        effect: InventoryEffect,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), InventoryError> {
        if inventory.status != InventoryStatus::Open {
            return Err(InventoryError::Closed);
        }
        if actor.person == self.person_id || actor.person == self.opened_by {
            return Err(InventoryError::Own);
        }
        let officer =
            actor.agency == self.agency_id && actor.has_any(&[Role::DesignatedOfficer, Role::AgencyHead]);
        let supervisor = actor.agency == self.agency_id
            && actor.unit == self.unit_id
            && actor.has_any(&[Role::UnitSupervisor]);
        if !(actor.has_any(&[Role::ItUnit]) || officer || supervisor) {
            return Err(InventoryError::NotReviewer);
        }
        if effect == InventoryEffect::Keep && self.evidence.speaks_against() && reason.trim().is_empty() {
            return Err(InventoryError::ReasonMissing);
        }
        self.decided = true;
        self.decision = Some(LineDecision {
            effect,
            reason: reason.to_owned(),
            person: actor.person,
            post: actor.post,
            at: now,
        });
        Ok(())
    }
}

impl Inventory {
    /// Whether it may close on `today` with so many undecided lines.
    pub fn may_close(&self, undecided: usize, today: NaiveDate) -> Result<(), InventoryError> {
        if self.status != InventoryStatus::Open {
            return Err(InventoryError::Closed);
        }
        if undecided > 0 && today <= self.decide_by { Err(InventoryError::Undecided) } else { Ok(()) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::account::tests::account;
    use crate::domain::person::Post;
    use account_types::AgencyKind;
    use proptest::prelude::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    pub(crate) fn inventory() -> Inventory {
        Inventory {
            id: id(50),
            regulation: "household".into(),
            rule_pack: String::new(),
            clause: "H5.1.3".into(),
            agency_id: None,
            period_start: "2026-01-01".parse().unwrap(),
            period_end: "2026-03-31".parse().unwrap(),
            decide_by: "2026-04-16".parse().unwrap(),
            due_on: "2026-04-16".parse().unwrap(),
            status: InventoryStatus::Open,
            lines: 1,
            escalated_on: None,
            closing: None,
        }
    }

    pub(crate) fn line(evidence: LineEvidence) -> InventoryLine {
        let account = account();
        InventoryLine {
            id: id(51),
            inventory_id: id(50),
            account_id: account.id,
            number: account.number,
            person_id: account.person_id,
            agency_id: account.agency_id,
            unit_id: account.unit_id,
            opened_by: account.opened_by,
            evidence,
            decision: None,
            decided: false,
        }
    }

    fn actor(person: u128, roles: &[Role]) -> Actor {
        Actor {
            person: PersonId(id(person)),
            post: PostId(id(9)),
            acting_for: None,
            emergency: None,
            agency: AgencyId(id(11)),
            agency_kind: AgencyKind::Bureau,
            unit: UnitId(id(5)),
            roles: roles.iter().copied().collect(),
        }
    }

    fn holder(in_service: bool, until: Option<&str>) -> Person {
        let sealed = || kernel::Sealed { hash: String::new(), value: String::new() };
        Person {
            id: PersonId(id(2)),
            staff_number: "ks0001".into(),
            name: sealed(),
            national_id: sealed(),
            last_four: sealed(),
            in_service,
            posts: vec![Post {
                id: PostId(id(3)),
                agency: AgencyId(id(4)),
                unit: UnitId(id(5)),
                title: String::new(),
                roles: ["user".to_owned()].into(),
                from: NaiveDate::default(),
                until: until.map(|u| u.parse().unwrap()),
                deputy_for: None,
            }],
            cards: vec![],
            declared_subjects: std::collections::BTreeSet::new(),
            agency_id: None,
            revision: 1,
        }
    }

    #[test]
    fn evidence_tells_idle_moved_left_and_duplicate() {
        let today = "2026-04-01".parse().unwrap();
        let used = |day: &str| Usage {
            last_used_at: Some(kernel::days::at(day.parse().unwrap(), 9, 0)),
            ..Usage::default()
        };
        let of = |holder: &Person, usage| evidence(&account(), holder, usage, today, 90);
        assert!(!of(&holder(true, None), used("2026-01-01")).speaks_against());
        assert!(of(&holder(true, None), used("2025-12-31")).idle);
        assert!(of(&holder(true, Some("2026-03-31")), used("2026-03-01")).moved);
        assert!(of(&holder(false, None), used("2026-03-01")).left);
        let twice = Usage { duplicates: vec![AccountId(id(8))], ..used("2026-03-01") };
        assert!(of(&holder(true, None), twice).speaks_against());
    }

    #[test]
    fn keeping_against_the_evidence_needs_a_reason() {
        let mut it = line(LineEvidence { idle: true, ..LineEvidence::default() });
        let it_unit = actor(70, &[Role::ItUnit]);
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(
            it.decide(&inventory(), &it_unit, InventoryEffect::Keep, " ", now),
            Err(InventoryError::ReasonMissing)
        );
        it.decide(&inventory(), &it_unit, InventoryEffect::Keep, "產假", now).unwrap();
        it.decide(&inventory(), &it_unit, InventoryEffect::Stop, "", now).unwrap();
    }

    #[test]
    fn it_closes_early_only_when_all_is_decided() {
        assert_eq!(inventory().may_close(1, "2026-04-16".parse().unwrap()), Err(InventoryError::Undecided));
        assert_eq!(inventory().may_close(1, "2026-04-17".parse().unwrap()), Ok(()));
        assert_eq!(inventory().may_close(0, "2026-04-02".parse().unwrap()), Ok(()));
    }

    proptest! {
        #[test]
        fn holder_and_opener_never_review(person in 0..12_u128, role in 0..Role::ALL.len()) {
            let mut it = line(LineEvidence::default());
            let _ = it.decide(&inventory(), &actor(person, &[Role::ALL[role]]), InventoryEffect::Keep, "x", DateTime::UNIX_EPOCH);
            if let Some(decision) = it.decision {
                prop_assert!(decision.person != it.person_id && decision.person != it.opened_by);
            }
        }
    }
}
