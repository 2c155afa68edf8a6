//! Duties kept apart (invariant 9): acts that are never one person's, as a table, and everybody who could try to do both.
//! Who could is read from the services' `operations.toml`: a role that is let in there is tried here without an edit, and
//! an operation that reviews is in the table or named as one that reviews nobody.

use std::collections::{BTreeMap, BTreeSet};

use chassis::operations::Operation;
use identity::Role;
use kernel::ids::{PersonId, PostId};
use uuid::Uuid;

mod table;
#[cfg(test)]
mod tests;

pub use table::{APART, REVIEWS_NOBODY};

/// Two acts that are never one person's.
#[derive(Debug)]
pub struct Apart {
    /// What the regulations call whoever did the first act, and what the second one is.
    pub names: (&'static str, &'static str),
    /// Operations (`service.operation`) of which each makes a person the first. None: whoever is concerned, in any role.
    pub first: &'static [&'static str],
    /// Operations that are refused to him.
    pub second: &'static [&'static str],
    /// Clauses that keep the two apart.
    pub clauses: &'static [&'static str],
    /// The code of the refusal.
    pub problem: &'static str,
}

/// How one person comes to hold both roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posts {
    /// One post has both.
    One,
    /// He holds a second post.
    Two,
    /// He stands in for somebody who has the second role.
    Deputy,
}

/// A post of a [`Hand`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPost {
    /// Its id.
    pub post: PostId,
    /// Its roles.
    pub roles: BTreeSet<Role>,
    /// The post that is stood in for.
    pub deputy_for: Option<PostId>,
}

/// Who does one of the acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand {
    /// The person.
    pub person: PersonId,
    /// The post acted in, then the other one.
    pub posts: Vec<HeldPost>,
}

impl Hand {
    /// The post acted in.
    pub fn post(&self) -> PostId {
        self.posts[0].post
    }

    /// The post that a deputy acts in.
    pub fn acting_for(&self) -> Option<PostId> {
        self.posts[0].deputy_for
    }

    /// The roles acted in.
    pub fn roles(&self) -> &BTreeSet<Role> {
        &self.posts[0].roles
    }
}

/// One way in which one person could do both acts.
#[derive(Debug)]
pub struct Case {
    /// What is forbidden.
    pub rule: &'static Apart,
    /// The second act (`service.operation`).
    pub second: &'static str,
    /// The role of the first act.
    pub first_role: Role,
    /// The role of the second act.
    pub second_role: Role,
    /// How he holds both.
    pub posts: Posts,
}

fn post(n: u128, roles: &[Role], deputy_for: Option<u128>) -> HeldPost {
    let id = |n| PostId(Uuid::from_u128(n));
    HeldPost { post: id(n), roles: roles.iter().copied().collect(), deputy_for: deputy_for.map(id) }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (first, second) = self.rule.names;
        write!(
            f,
            "{first} ({}) ✗ {second} ({}, {}, {:?})",
            self.first_role, self.second, self.second_role, self.posts
        )
    }
}

impl Case {
    /// Whose two acts are kept apart, at the first one.
    pub fn first_hand(&self) -> Hand {
        let mut hand = self.same_hand();
        hand.posts.reverse();
        hand
    }

    /// The same person at the second act.
    pub fn same_hand(&self) -> Hand {
        let posts = match self.posts {
            Posts::One => vec![post(0x0A1, &[self.first_role, self.second_role], None)],
            Posts::Two => {
                vec![post(0x0A2, &[self.second_role], None), post(0x0A1, &[self.first_role], None)]
            }
            Posts::Deputy => {
                vec![post(0x0A2, &[self.second_role], Some(0x0A3)), post(0x0A1, &[self.first_role], None)]
            }
        };
        Hand { person: PersonId(Uuid::from_u128(0xA)), posts }
    }

    /// Somebody else in the role of the second act.
    pub fn other_hand(&self) -> Hand {
        Hand { person: PersonId(Uuid::from_u128(0xB)), posts: vec![post(0x0B1, &[self.second_role], None)] }
    }
}

/// The operations of every service, by `service.operation`.
///
/// # Panics
/// When a file cannot be read as operations.
#[expect(clippy::expect_used, reason = "a test cannot go on without it")]
pub fn operations() -> BTreeMap<String, Operation> {
    let services = [
        ("account", include_str!("../../../services/account/operations.toml")),
        ("query-registry", include_str!("../../../services/query-registry/operations.toml")),
        ("audit-sampling", include_str!("../../../services/audit-sampling/operations.toml")),
        ("retention", include_str!("../../../services/retention/operations.toml")),
    ];
    let mut all = BTreeMap::new();
    for (service, text) in services {
        let operations: BTreeMap<String, Operation> = toml::from_str(text).expect("operations.toml");
        all.extend(operations.into_iter().map(|(id, operation)| (format!("{service}.{id}"), operation)));
    }
    all
}

/// Roles of people: systems and services hold no second post.
fn people(roles: impl IntoIterator<Item = Role>) -> BTreeSet<Role> {
    roles.into_iter().filter(|role| !matches!(role, Role::AgencySystem | Role::Service)).collect()
}

/// Every way in which one person could do two acts that are kept apart, the second one in `service`.
///
/// # Panics
/// When an operation of the table is none, or an act of it is nobody's.
pub fn cases(service: &str) -> Vec<Case> {
    let operations = operations();
    let roles_of = |id: &str| {
        assert!(operations.contains_key(id), "there is no operation {id}");
        let roles = people(operations[id].roles.iter().copied());
        assert!(!roles.is_empty(), "{id} is nobody's");
        roles
    };
    let mut cases = vec![];
    for rule in &APART {
        let firsts: BTreeSet<Role> = if rule.first.is_empty() {
            people(Role::ALL.iter().copied())
        } else {
            rule.first.iter().flat_map(|id| roles_of(id)).collect()
        };
        for second in rule.second.iter().filter(|id| id.split('.').next() == Some(service)) {
            for second_role in roles_of(second) {
                for &first_role in &firsts {
                    let case = |posts| Case { rule, second, first_role, second_role, posts };
                    cases.extend([Posts::One, Posts::Two, Posts::Deputy].map(case));
                }
            }
        }
    }
    cases
}

/// Tries every case of [`cases`] but those of `over_http`, whose guards are in the operation itself: the same person is
/// refused with the rule's code, somebody else is not. `act` does the first act as [`Case::first_hand`], then the second
/// as the hand that it is given; it gives nothing where the rules, narrower than the matrix, leave one of the two acts to
/// other roles.
///
/// # Panics
/// When a person gets through, somebody else does not, or no case of a second act comes to be tried.
pub fn sweep(
    service: &str,
    over_http: &[&str],
    act: impl Fn(&Case, &Hand) -> Option<Result<(), chassis::Error>>,
) {
    let mut tried: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut wrong = vec![];
    for case in cases(service).into_iter().filter(|case| !over_http.contains(&case.second)) {
        let count = tried.entry((case.rule.names.0, case.second)).or_default();
        let Some(others) = act(&case, &case.other_hand()) else { continue };
        let Some(own) = act(&case, &case.same_hand()) else { continue };
        *count += 1;
        if let Err(error) = others {
            wrong.push(format!("{case}: somebody else is refused as {}", error.to_problem().kind.code));
        }
        match own.map_err(|error| error.to_problem()) {
            Ok(()) => wrong.push(format!("{case}: got through")),
            Err(problem) if problem.kind.code != case.rule.problem => {
                wrong.push(format!("{case}: refused as {}", problem.kind.code));
            }
            Err(_) => {}
        }
    }
    let never: Vec<_> = tried.iter().filter(|(_, count)| **count == 0).map(|(pair, _)| pair).collect();
    assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(10)]);
    assert!(never.is_empty(), "never tried: {never:?}");
}
