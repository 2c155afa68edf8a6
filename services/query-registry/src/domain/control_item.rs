//! Items of control (H8.1, I4.1.2): what is kept of one, and who may settle it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::ids::{AccountId, AgencyId, PersonId, PostId, QueryId};
use kernel::{Instant, Sealed};
use query_registry_types::control::{ControlItem, ItemSettlement};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Kinds of items.
pub mod kind {
    /// A line of the log or register that does not match the query register.
    pub const UNMATCHED_LINE: &str = "unmatched-line";
    /// An intent in the log without outcome (invariant 2).
    pub const OPEN_INTENT: &str = "open-intent";
    /// An answer that was delivered once more.
    pub const SECOND_DELIVERY: &str = "second-delivery";
    /// A call or platform line for which there is no record of the gate.
    pub const PAST_THE_GATE: &str = "past-the-gate";
    /// A query that the provider did not count.
    pub const MISSING_AT_PROVIDER: &str = "missing-at-provider";
    /// A transaction number that the provider counted more than once.
    pub const REPEATED_CALL: &str = "repeated-call";
    /// Household queries without a tax query in time (H8.1.2).
    pub const MISSING_TAX_QUERY: &str = "missing-tax-query";
    /// A person or item that was not approved (I3.4).
    pub const UNAPPROVED_USE: &str = "unapproved-use";
    /// More queries than is usual (I4.1.1).
    pub const UNUSUAL_FREQUENCY: &str = "unusual-frequency";
    /// Fields that the sub-item does not cover (I4.1.1).
    pub const FIELD: &str = "field";
    /// Queries at night or on a day off (I4.1.1 ＋).
    pub const HOURS: &str = "hours";
}

/// An item to raise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    /// What it is about, once.
    pub key: String,
    /// See [`kind`].
    pub kind: &'static str,
    /// Regulation.
    pub regulation: String,
    /// Agency concerned.
    pub agency: AgencyId,
    /// Account, if known.
    pub account: Option<AccountId>,
    /// User, if known.
    pub person: Option<PersonId>,
    /// Queries.
    pub queries: Vec<QueryId>,
    /// Clause.
    pub clause: &'static str,
    /// The day that it is about.
    pub day: NaiveDate,
    /// Report, reconciliation or import.
    pub source: Uuid,
    /// Codes and counts.
    pub detail: BTreeMap<String, String>,
}

impl NewItem {
    /// The item under `id`, due on `due_on`.
    pub fn into_item(self, id: Uuid, due_on: NaiveDate, now: Instant) -> KeptItem {
        KeptItem {
            key: self.key,
            sealed: None,
            item: ControlItem {
                id,
                kind: self.kind.to_owned(),
                regulation: self.regulation,
                agency: self.agency,
                account: self.account,
                person: self.person,
                queries: self.queries,
                clause: self.clause.to_owned(),
                day: self.day,
                source: self.source,
                detail: self.detail,
                state: "open".to_owned(),
                due_on,
                raised_at: now,
                settlement: None,
                words: None,
            },
        }
    }
}

/// An item at rest: the words it was settled with are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptItem {
    /// What it is about, once.
    pub key: String,
    /// As it is shown, without words.
    #[serde(flatten)]
    pub item: ControlItem,
    /// The words.
    pub sealed: Option<Sealed>,
}

impl chassis::Document for KeptItem {
    const TABLE: &'static str = "control_items";
    fn id(&self) -> Uuid {
        self.item.id
    }
}

/// How an item ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The use was right after all, or the fault is explained.
    Explained,
    /// There is no explanation that holds: audit follows it.
    Finding,
}

impl Outcome {
    /// As in events and states.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Explained => "explained",
            Self::Finding => "finding",
        }
    }
}

/// Who settles.
#[derive(Debug, Clone, Copy)]
pub struct Settler {
    /// Who.
    pub person: PersonId,
    /// The post acted in.
    pub post: PostId,
    /// The agency of the post.
    pub agency: AgencyId,
    /// Responsible supervisor there.
    pub supervises: bool,
    /// Of the bureau's business unit.
    pub business: bool,
}

/// Why an item cannot be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ItemFault {
    /// Invariant 9.
    #[error("Nobody explains his own queries away: the responsible supervisor or the business unit does.")]
    OwnQueries,
    /// Neither the agency's responsible supervisor nor the business unit.
    #[error("The responsible supervisor of the item's agency or the bureau's business unit settles it.")]
    OtherAgency,
    /// It was settled before.
    #[error("It was settled already.")]
    Settled,
}

impl KeptItem {
    /// Settles the item with `sealed` words (H8.1, H8.3).
    pub fn settle(
        &mut self,
        by: &Settler,
        outcome: Outcome,
        sealed: Sealed,
        today: NaiveDate,
        now: Instant,
    ) -> Result<(), ItemFault> {
        if self.item.person == Some(by.person) {
            return Err(ItemFault::OwnQueries);
        }
        if !(by.business || by.supervises && by.agency == self.item.agency) {
            return Err(ItemFault::OtherAgency);
        }
        if self.item.state != "open" {
            return Err(ItemFault::Settled);
        }
        outcome.as_str().clone_into(&mut self.item.state);
        let late = today > self.item.due_on;
        self.item.settlement = Some(ItemSettlement { by: by.person, post: by.post, at: now, late });
        self.sealed = Some(sealed);
        Ok(())
    }
}

/// Key of the duty to settle an item.
pub fn duty_key(item: Uuid) -> String {
    format!("control-item/{item}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn item(person: u128) -> KeptItem {
        NewItem {
            key: "k".into(),
            kind: kind::UNMATCHED_LINE,
            regulation: "household".into(),
            agency: AgencyId(Uuid::from_u128(1)),
            account: None,
            person: Some(PersonId(Uuid::from_u128(person))),
            queries: vec![],
            clause: "H8.1.1",
            day: NaiveDate::default(),
            source: Uuid::nil(),
            detail: BTreeMap::new(),
        }
        .into_item(Uuid::nil(), "2026-03-09".parse().unwrap(), Instant::default())
    }

    fn by(person: u128, agency: u128, supervises: bool, business: bool) -> Settler {
        Settler {
            person: PersonId(Uuid::from_u128(person)),
            post: PostId(Uuid::from_u128(person)),
            agency: AgencyId(Uuid::from_u128(agency)),
            supervises,
            business,
        }
    }

    fn settle(item: &mut KeptItem, by: Settler) -> Result<(), ItemFault> {
        let words = Sealed { hash: String::new(), value: String::new() };
        item.settle(&by, Outcome::Explained, words, "2026-03-10".parse().unwrap(), Instant::default())
    }

    #[test]
    fn never_the_user_himself_and_only_once() {
        let mut it = item(7);
        assert_eq!(settle(&mut it, by(7, 1, true, true)), Err(ItemFault::OwnQueries));
        assert_eq!(settle(&mut it, by(8, 2, true, false)), Err(ItemFault::OtherAgency));
        assert_eq!(settle(&mut it, by(8, 1, false, false)), Err(ItemFault::OtherAgency));
        assert_eq!(settle(&mut it, by(8, 1, true, false)), Ok(()));
        assert!(it.item.settlement.as_ref().unwrap().late);
        assert_eq!(settle(&mut it, by(9, 3, false, true)), Err(ItemFault::Settled));
    }

    #[test]
    fn a_kept_item_comes_back_as_it_was() {
        let it = item(7);
        let json = serde_json::to_value(&it).unwrap();
        assert_eq!(json["agency"], serde_json::json!(it.item.agency));
        assert_eq!(serde_json::from_value::<KeptItem>(json).unwrap(), it);
    }
}
