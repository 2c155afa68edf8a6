//! Who acts, as the rules need it.

use std::collections::BTreeSet;

use account_types::AgencyKind;
use chassis::endorsements::Matter;
use identity::Role;
use kernel::ids::{AgencyId, EmergencyGrantId, PersonId, PostId, UnitId};

/// A person who acts in a post, with what the rules ask about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub person: PersonId,
    /// The person's own post.
    pub post: PostId,
    /// The post that a deputy acts in.
    pub acting_for: Option<PostId>,
    /// Agency of the post acted in.
    pub agency: AgencyId,
    /// What that agency is.
    pub agency_kind: AgencyKind,
    /// Unit of the post acted in.
    pub unit: UnitId,
    /// The break-glass grant under which the person acts.
    pub emergency: Option<EmergencyGrantId>,
    /// Roles.
    pub roles: BTreeSet<Role>,
}

impl Actor {
    /// Whether the actor has one of `roles`.
    pub fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }

    /// Whose matter an endorsement is that concerns nobody but the actor's agency.
    pub fn matter(&self) -> Matter<'static> {
        Matter { agency: Some(self.agency), ..Matter::default() }
    }

    /// Whether the actor belongs to the governing agency.
    pub fn governs(&self) -> bool {
        self.agency_kind == AgencyKind::Bureau
    }
}
