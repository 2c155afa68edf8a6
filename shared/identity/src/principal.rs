//! Who acts in a request, as proved by its token.

use std::collections::BTreeSet;
use std::net::IpAddr;

use kernel::Instant;
use kernel::ids::{AgencyId, EmergencyGrantId, PersonId, PostId, SessionId, SystemId, UnitId};

use crate::Role;

/// What kind of actor a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PrincipalKind {
    /// An official, signed in with the citizen card.
    Person {
        /// The person.
        person: PersonId,
        /// The post in which the person acts: an act names the post it was done in.
        post: PostId,
    },
    /// A registered agency system that acts for itself.
    System,
    /// Another service of the suite.
    Service,
}

/// The actor of one request. Holds no name of a person and no national id: it may be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Person (with post), agency system or service.
    pub kind: PrincipalKind,
    /// The token's `sub`: person id, system id or service name.
    pub subject: String,
    /// Name of the service or agency system; none for a person.
    pub name: Option<String>,
    /// The agency of the post, or the agency that owns the system.
    pub agency: Option<AgencyId>,
    /// Whether that agency oversees the others, as the bureau does: its auditors reach over all of them, those of an office
    /// no further than the office.
    pub oversees: bool,
    /// The regulations whose data that agency provides, `household`, `tax` or `immigration`: how far an auditor of a data
    /// provider sees (H4.3).
    pub provides: BTreeSet<String>,
    /// The unit of the post.
    pub unit: Option<UnitId>,
    /// What was granted, at most what the post holds.
    pub roles: BTreeSet<Role>,
    /// The agency system itself, or the one through which the person acts; none in our own console.
    pub system: Option<SystemId>,
    /// The address of the browser, noted at login: the office network is judged by it (H3.1).
    pub place: Option<IpAddr>,
    /// The post a deputy (職務代理人) acts in; the roles are those granted for it.
    pub acting_for: Option<PostId>,
    /// The break-glass grant under which the person acts: good for the operations that such a grant opens, and every
    /// act names it.
    pub emergency: Option<EmergencyGrantId>,
    /// RFC 8705 `cnf.x5t#S256`: the TLS client certificate to which the token is bound, base64url.
    pub bound_to: Option<String>,
    /// The person's session (`sid`), for revocation.
    pub session: Option<SessionId>,
    /// The token's `jti`, for revocation.
    pub token_id: String,
    /// The last revocation that stood when the token was issued: a later one of its subjects ends it (invariant 7).
    pub as_of: i64,
    /// The moment from which the token is no longer good.
    pub expires_at: Instant,
}

impl Principal {
    /// Whether `role` was granted.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether any of `roles` was granted.
    pub fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }

    /// The person, if a person acts.
    pub fn person(&self) -> Option<PersonId> {
        match self.kind {
            PrincipalKind::Person { person, .. } => Some(person),
            PrincipalKind::System | PrincipalKind::Service => None,
        }
    }

    /// The person's own post, if a person acts. A deputy's acts name this post and [`Self::acting_for`].
    pub fn post(&self) -> Option<PostId> {
        match self.kind {
            PrincipalKind::Person { post, .. } => Some(post),
            PrincipalKind::System | PrincipalKind::Service => None,
        }
    }

    /// The agency system that asks, for itself or for the person.
    pub fn system(&self) -> Option<SystemId> {
        self.system
    }

    /// The name, if another service of the suite acts.
    pub fn service(&self) -> Option<&str> {
        match self.kind {
            PrincipalKind::Service => self.name.as_deref(),
            PrincipalKind::Person { .. } | PrincipalKind::System => None,
        }
    }
}
