//! A provider's month against the register of queries: calls past the gate, queries that the provider did not count.

use std::collections::{BTreeMap, BTreeSet};

use kernel::ids::QueryId;
use query_registry_types::control::Reconciliation;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A reconciliation at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeptReconciliation(pub Reconciliation);

impl chassis::Document for KeptReconciliation {
    const TABLE: &'static str = "reconciliations";
    fn id(&self) -> Uuid {
        self.0.id
    }
}

/// What differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Calls that no query stands for.
    pub past_the_gate: BTreeSet<Uuid>,
    /// Queries that the provider must have counted and did not.
    pub missing: BTreeSet<QueryId>,
    /// Transaction numbers that were called more than once.
    pub repeated: BTreeSet<Uuid>,
}

/// Compares `calls` (the provider's transaction numbers of the month, repetitions included) with the register.
/// `known` are the queries that the register has among them, of whatever month and outcome; `expected` those of the
/// month that were answered; `later` the provider's calls of the month after, because a query just before midnight may
/// be counted there. A query that failed may or may not have reached the provider: it is known, never expected.
pub fn compare(
    calls: &[Uuid],
    known: &BTreeSet<QueryId>,
    expected: &BTreeSet<QueryId>,
    later: &BTreeSet<Uuid>,
) -> Difference {
    let mut counted: BTreeMap<Uuid, u32> = BTreeMap::new();
    for call in calls {
        *counted.entry(*call).or_default() += 1;
    }
    Difference {
        past_the_gate: counted.keys().filter(|call| !known.contains(&QueryId(**call))).copied().collect(),
        missing: expected
            .iter()
            .filter(|query| !counted.contains_key(&query.0) && !later.contains(&query.0))
            .copied()
            .collect(),
        repeated: counted.iter().filter(|(_, times)| **times > 1).map(|(call, _)| *call).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(n: u8) -> Uuid {
        Uuid::from_u128(n.into())
    }

    fn queries(numbers: &BTreeSet<u8>) -> BTreeSet<QueryId> {
        numbers.iter().map(|n| QueryId(id(*n))).collect()
    }

    #[test]
    fn a_call_past_the_gate_a_missing_one_and_a_repeated_one_show() {
        let known = queries(&[1, 2, 3].into());
        let found = compare(&[id(1), id(1), id(9)], &known, &known, &[id(3)].into());
        assert_eq!(found.past_the_gate, [id(9)].into());
        assert_eq!(found.missing, [QueryId(id(2))].into());
        assert_eq!(found.repeated, [id(1)].into());
    }

    proptest! {
        #[test]
        fn the_differences_are_the_set_differences(
            calls in prop::collection::vec(any::<u8>(), 0..60),
            known in prop::collection::btree_set(any::<u8>(), 0..60),
            later in prop::collection::btree_set(any::<u8>(), 0..10),
        ) {
            let expected: BTreeSet<u8> = known.iter().filter(|n| *n % 3 != 0).copied().collect();
            let ids: Vec<Uuid> = calls.iter().map(|n| id(*n)).collect();
            let found = compare(&ids, &queries(&known), &queries(&expected), &later.iter().map(|n| id(*n)).collect());
            for n in 0..=u8::MAX {
                prop_assert_eq!(found.past_the_gate.contains(&id(n)), calls.contains(&n) && !known.contains(&n));
                prop_assert_eq!(found.missing.contains(&QueryId(id(n))),
                    expected.contains(&n) && !calls.contains(&n) && !later.contains(&n));
                prop_assert_eq!(found.repeated.contains(&id(n)), calls.iter().filter(|c| **c == n).count() > 1);
            }
        }
    }
}
