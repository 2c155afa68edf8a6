//! What a service holds of one kind, regulation and month, and when it may end: the retention schedule.

use chassis::Document;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::days;
use kernel::ids::OrderId;
use rule_pack::PackSet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::term::{Term, record_kind, term};

/// Where a month of records stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldingState {
    /// Kept.
    Kept,
    /// Named in an open destruction order.
    Ordered,
    /// Destroyed, as its holder confirmed.
    Destroyed,
}

/// A month of one kind of records in one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holding {
    /// Its id: derived from the members that name it.
    pub id: Uuid,
    /// The service that holds it.
    pub service: String,
    /// Record kind of the rule packs.
    pub record_kind: String,
    /// The kind in the holder's own spelling; orders carry it back.
    pub holder_kind: String,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// Name of the log, for logs.
    pub log: Option<String>,
    /// Records.
    pub count: i64,
    /// When they were counted.
    pub counted_at: DateTime<Utc>,
    /// The term; absent where no pack fixes one: kept without end.
    pub term: Option<Term>,
    /// First day on which it may be destroyed.
    pub may_end_on: Option<NaiveDate>,
    /// State.
    pub state: HoldingState,
    /// The order that names it, or by which it ended.
    pub order: Option<OrderId>,
}

impl Document for Holding {
    const TABLE: &'static str = "holdings";
    fn id(&self) -> Uuid {
        self.id
    }
    fn regulation(&self) -> Option<&str> {
        Some(&self.regulation)
    }
}

/// What a holder counted.
#[derive(Debug, Clone)]
pub struct Count {
    /// The service that holds it.
    pub service: &'static str,
    /// Record kind, in the holder's spelling.
    pub record_kind: String,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// A day of the month.
    pub month: NaiveDate,
    /// Records.
    pub count: i64,
    /// Name of the log, for logs.
    pub log: Option<String>,
    /// When it was counted.
    pub at: DateTime<Utc>,
}

/// Names the records that one order ends: kind, regulation, month and log.
pub fn key(record_kind: &str, regulation: &str, month: NaiveDate, log: Option<&str>) -> String {
    format!("{record_kind}/{regulation}/{month}/{}", log.unwrap_or_default())
}

impl Count {
    fn canonical_kind(&self) -> String {
        record_kind(&self.record_kind).map_or_else(|| self.record_kind.clone(), |k| k.as_str().to_owned())
    }

    /// Id of the holding that is counted.
    pub fn holding(&self) -> Uuid {
        let month = days::first_of_month(self.month);
        let name = key(&self.canonical_kind(), &self.regulation, month, self.log.as_deref());
        Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{}/{name}", self.service).as_bytes())
    }
}

impl Holding {
    /// A holding counted for the first time. Its term is fixed now, by the pack of its month.
    pub fn first(count: &Count, packs: &PackSet) -> Self {
        let (kind, month) = (count.canonical_kind(), days::first_of_month(count.month));
        let term = term(packs, &kind, &count.regulation, month);
        Self {
            id: count.holding(),
            service: count.service.to_owned(),
            record_kind: kind,
            holder_kind: count.record_kind.clone(),
            regulation: count.regulation.clone(),
            month,
            log: count.log.clone(),
            count: count.count,
            counted_at: count.at,
            may_end_on: term.as_ref().map(|t| t.may_end_on),
            term,
            state: HoldingState::Kept,
            order: None,
        }
    }

    /// Takes in a newer count; false when it is an older one. Records that are counted after their destruction was
    /// confirmed are there again: a new order is due.
    pub fn recount(&mut self, count: &Count) -> bool {
        if count.at <= self.counted_at {
            return false;
        }
        self.count = count.count;
        self.counted_at = count.at;
        if self.state == HoldingState::Destroyed && count.count > 0 {
            self.state = HoldingState::Kept;
            self.order = None;
        }
        true
    }

    /// Whether the term is over on `today` and something is there to end.
    pub fn is_due(&self, today: NaiveDate) -> bool {
        self.state == HoldingState::Kept && self.count > 0 && self.may_end_on.is_some_and(|day| day <= today)
    }

    /// What names the records.
    pub fn key(&self) -> String {
        key(&self.record_kind, &self.regulation, self.month, self.log.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(at: &str, count: i64) -> Count {
        Count {
            service: "query-registry",
            record_kind: "query-log".into(),
            regulation: "household".into(),
            month: "2023-01-01".parse().unwrap(),
            count,
            log: Some("three-year".into()),
            at: at.parse().unwrap(),
        }
    }

    #[test]
    fn a_late_count_changes_nothing_and_records_after_the_end_are_due_again() {
        let packs = PackSet::embedded().unwrap();
        let mut holding = Holding::first(&count("2026-02-01T00:00:00Z", 5), &packs);
        assert!(!holding.is_due("2026-01-31".parse().unwrap()));
        assert!(holding.is_due("2026-02-01".parse().unwrap()));
        holding.state = HoldingState::Destroyed;
        holding.counted_at = "2026-02-03T00:00:00Z".parse().unwrap();
        assert!(!holding.recount(&count("2026-02-02T00:00:00Z", 5)));
        assert!(holding.recount(&count("2026-02-04T00:00:00Z", 0)));
        assert!(!holding.is_due("2026-02-04".parse().unwrap()));
        assert!(holding.recount(&count("2026-02-05T00:00:00Z", 1)));
        assert!(holding.is_due("2026-02-05".parse().unwrap()));
    }
}
