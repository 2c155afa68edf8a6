//! Who calls, with the service's context: the first argument of every reading operation.

use std::collections::BTreeSet;
use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use identity::{Principal, Role};
use kernel::ids::{AgencyId, PersonId, PostId};

use crate::context::Context;
use crate::error::Error;
use crate::http::authorize::Revoked;
use crate::problem::{self, Problem};

/// Roles whose duties reach over all agencies, whoever holds them.
pub const SEES_ALL_AGENCIES: [Role; 4] =
    [Role::ItCentre, Role::ExternalAuditor, Role::Administrator, Role::Service];

/// Roles whose duties reach over all agencies in a post of the one that oversees them (the bureau: H5.2.1, H8.2, H8.3), and
/// no further than their own agency in any other (I4.1.1: each office has its auditor).
pub const OVERSEES_AGENCIES: [Role; 5] =
    [Role::ItUnit, Role::BusinessHandler, Role::BusinessSupervisor, Role::Auditor, Role::EthicsOfficer];

/// An authenticated caller whose role may call the operation.
#[derive(Clone)]
pub struct Caller {
    /// The service's context.
    pub context: Context,
    /// Who it is.
    pub principal: Arc<Principal>,
    /// Whether an act after the token's issue ended it. Only operations that record their own refusals see it true:
    /// they must refuse.
    pub revoked: bool,
}

impl Caller {
    /// The person; 403 for systems and services.
    pub fn person(&self) -> Result<PersonId, Error> {
        self.principal.person().ok_or_else(|| forbidden("Only a person may do this."))
    }

    /// The post that the person acts in; 403 for systems and services.
    pub fn post(&self) -> Result<PostId, Error> {
        self.principal.post().ok_or_else(|| forbidden("Only a person in a post may do this."))
    }

    /// The agency that the caller belongs to.
    pub fn agency(&self) -> Result<AgencyId, Error> {
        self.principal.agency.ok_or_else(|| forbidden("The caller belongs to no agency."))
    }

    /// 403 unless the caller has `role`.
    pub fn require(&self, role: Role) -> Result<(), Error> {
        if self.principal.has(role) {
            Ok(())
        } else {
            Err(forbidden(&format!("This needs the role {role}.")))
        }
    }

    /// Whether the caller's roles reach over all agencies (bureau's units, auditors of the bureau, services).
    pub fn sees_all_agencies(&self) -> bool {
        self.principal.has_any(&SEES_ALL_AGENCIES)
            || (self.principal.oversees && self.principal.has_any(&OVERSEES_AGENCIES))
    }

    /// 404 (existence is itself secret) unless `agency` is the caller's own or the caller sees all.
    pub fn within(&self, agency: AgencyId) -> Result<(), Error> {
        if self.sees_all_agencies() || self.principal.agency == Some(agency) { Ok(()) } else { Err(hidden()) }
    }

    /// The regulations whose records the caller reads: an auditor of a data provider those of its data (H4.3), everybody
    /// else all, `None`.
    pub fn regulations(&self) -> Option<&BTreeSet<String>> {
        self.principal.has(Role::ExternalAuditor).then_some(&self.principal.provides)
    }

    /// 404 (existence is itself secret) unless the caller reads records of `regulation`.
    pub fn within_regulation(&self, regulation: &str) -> Result<(), Error> {
        if self.regulations().is_none_or(|own| own.contains(regulation)) { Ok(()) } else { Err(hidden()) }
    }

    /// The agency that lists are narrowed to: the caller's own, or `asked` for callers who see all.
    pub fn scope(&self, asked: Option<AgencyId>) -> Result<Option<AgencyId>, Error> {
        if self.sees_all_agencies() { Ok(asked) } else { self.agency().map(Some) }
    }
}

fn hidden() -> Error {
    Problem::new(&problem::NOT_FOUND, "Check the id.").into()
}

fn forbidden(detail: &str) -> Error {
    Problem::new(&problem::FORBIDDEN, detail).into()
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.app_data::<web::Data<Context>>().map(|c| c.get_ref().clone());
        let principal = request.extensions().get::<Arc<Principal>>().cloned();
        // Whoever was not looked at is not let through.
        let revoked = request.extensions().get::<Revoked>().is_none_or(|revoked| revoked.0);
        ready(match (context, principal) {
            (Some(context), Some(principal)) => Ok(Self { context, principal, revoked }),
            _ => Err(Problem::new(&problem::UNAUTHENTICATED, "Get an access token.").into()),
        })
    }
}
