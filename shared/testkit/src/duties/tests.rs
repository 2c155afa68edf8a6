//! The table is whole.

use super::*;

/// Verbs of operations that judge what somebody did.
const REVIEWING: [&str; 17] = [
    "accept", "approve", "assign", "close", "complete", "confirm", "decide", "endorse", "explain", "lift",
    "order", "refuse", "resume", "return", "review", "stop", "suspend",
];

#[test]
fn every_operation_that_reviews_is_kept_apart_from_what_it_reviews() {
    let operations = operations();
    let apart: BTreeSet<&str> = APART.iter().flat_map(|rule| rule.second).copied().collect();
    let excused: BTreeSet<&str> = REVIEWS_NOBODY.iter().map(|(id, _)| *id).collect();
    let reviews = |id: &str| {
        let verb = id.split(['.', '_']).nth(1).unwrap_or_default();
        REVIEWING.contains(&verb)
    };
    let missing: Vec<&String> = operations
        .keys()
        .filter(|id| reviews(id) && !apart.contains(id.as_str()) && !excused.contains(id.as_str()))
        .collect();
    assert!(missing.is_empty(), "neither in APART nor in REVIEWS_NOBODY: {missing:?}");
    for id in excused {
        assert!(operations.contains_key(id) && !apart.contains(id), "{id} is no excuse");
    }
}

#[test]
fn every_rule_has_a_clause_of_its_own_acts_and_people_who_could_break_it() {
    let operations = operations();
    for rule in &APART {
        for clause in rule.clauses {
            let named = |id: &str| operations[id].clauses.iter().any(|c| c == clause);
            let mut acts = rule.first.iter().chain(rule.second);
            assert!(acts.any(|id| named(id)), "{clause} of {:?} is no clause of its acts", rule.names);
        }
    }
    for service in ["account", "query-registry", "audit-sampling", "retention"] {
        assert!(cases(service).len() > 100, "{service}");
    }
}

#[test]
fn one_person_holds_both_roles_in_one_post_in_two_or_as_a_deputy() {
    for case in cases("account") {
        let (first, same, other) = (case.first_hand(), case.same_hand(), case.other_hand());
        assert_eq!(first.person, same.person);
        assert_ne!(other.person, same.person);
        assert!(first.roles().contains(&case.first_role) && same.roles().contains(&case.second_role));
        assert_eq!(case.posts == Posts::One, first.post() == same.post());
        assert_eq!(case.posts == Posts::Deputy, same.acting_for().is_some());
        assert_eq!(other.roles(), &BTreeSet::from([case.second_role]));
    }
}
