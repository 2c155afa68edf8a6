//! People for tests: ids, roles, a card.

use std::collections::BTreeSet;

use identity::{Principal, PrincipalKind, Role, SoftCard};
use kernel::ids::{AgencyId, PersonId, PostId, SystemId, UnitId};
use uuid::Uuid;

/// A person in a post, with a card.
#[derive(Clone)]
pub struct TestPerson {
    /// Id.
    pub person: PersonId,
    /// Post.
    pub post: PostId,
    /// Agency.
    pub agency: AgencyId,
    /// Unit.
    pub unit: UnitId,
    /// Roles.
    pub roles: BTreeSet<Role>,
    /// The system through which the person acts.
    pub system: Option<SystemId>,
    /// The regulations whose data the agency provides.
    pub provides: BTreeSet<String>,
    /// Address of the browser.
    pub place: Option<std::net::IpAddr>,
    /// The card.
    pub card: SoftCard,
}

/// An id that is the same for the same name.
pub fn id<T: From<Uuid>>(name: &str) -> T {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).into()
}

impl TestPerson {
    /// The principal that a token of this person stands for.
    pub fn principal(&self) -> Principal {
        Principal {
            kind: PrincipalKind::Person { person: self.person, post: self.post },
            subject: self.person.to_string(),
            name: None,
            agency: Some(self.agency),
            oversees: self.agency == id("agency/bureau"),
            provides: self.provides.clone(),
            unit: Some(self.unit),
            roles: self.roles.clone(),
            system: self.system,
            place: self.place,
            acting_for: None,
            emergency: None,
            bound_to: None,
            session: None,
            token_id: String::new(),
            // Issued after whatever was revoked; a test of revocation says when.
            as_of: i64::MAX,
            expires_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    /// The same person acting through `system` from `place`.
    #[must_use]
    pub fn through(mut self, system: SystemId, place: &str) -> Self {
        self.system = Some(system);
        self.place = place.parse().ok();
        self
    }
}
