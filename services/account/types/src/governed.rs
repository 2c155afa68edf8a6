//! Changes of what guards the guards (invariant 11): proposed by one administrator, approved by another.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use identity::Endorsement;
use kernel::configuration::ConfigurationItem;
use kernel::ids::{AgencyId, PersonId, PostId, SystemId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A certificate that is bound to a person, system or agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardBinding {
    /// Key id of the issuer, hexadecimal in upper case.
    pub issuer_key_id: String,
    /// Serial of the certificate, hexadecimal in upper case.
    pub certificate_serial: String,
    /// SHA-256 of the DER, base64url (`x5t#S256`).
    pub thumbprint: String,
}

/// A post to be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPost {
    /// Agency.
    pub agency: AgencyId,
    /// Unit.
    pub unit: UnitId,
    /// Title (職稱).
    pub title: String,
    /// Roles, snake_case names of `identity::Role`.
    pub roles: BTreeSet<String>,
    /// First day.
    pub from: NaiveDate,
    /// Last day; open when absent.
    pub until: Option<NaiveDate>,
}

/// The change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum GovernedAct {
    /// Gives a person a further post.
    AppointPerson {
        /// The person.
        person: PersonId,
        /// The post.
        post: NewPost,
    },
    /// Ends a post.
    EndPost {
        /// The person.
        person: PersonId,
        /// The post.
        post: PostId,
        /// Last day.
        until: NaiveDate,
    },
    /// Changes the roles of a post.
    ChangeRoles {
        /// The person.
        person: PersonId,
        /// The post.
        post: PostId,
        /// The roles from now on.
        roles: BTreeSet<String>,
    },
    /// Binds a card to a person.
    BindCard {
        /// The person.
        person: PersonId,
        /// The card's certificate.
        card: CardBinding,
    },
    /// Changes the office networks of an agency (H3.1).
    ChangeNetworks {
        /// The agency.
        agency: AgencyId,
        /// Networks (CIDR) from now on.
        networks: Vec<String>,
    },
    /// Binds an agency certificate to an agency (I3.6).
    BindAgencyCertificate {
        /// The agency.
        agency: AgencyId,
        /// Thumbprint of the certificate.
        thumbprint: String,
    },
    /// Registers an agency system (H3.1).
    RegisterSystem {
        /// Its code, as rule packs list it.
        code: String,
        /// Its name.
        name: String,
        /// The agency that runs it.
        agency: AgencyId,
        /// Thumbprint of its certificate.
        thumbprint: String,
        /// Whether it attests the place of its users.
        attests_place: bool,
        /// Origins (`https://host`) of its pages, on which officials prepare a login.
        #[serde(default)]
        origins: BTreeSet<String>,
    },
    /// Names the custodians who may break the glass: at least two people with cards, no administrators.
    NameCustodians {
        /// The custodians from now on.
        custodians: BTreeSet<PersonId>,
    },
    /// Approves something that services run on: a root, a key, the way to a provider, a rule pack, a witness, a log's
    /// lost end, the key of its successor.
    ApproveConfiguration {
        /// The thing, by its digest.
        item: ConfigurationItem,
    },
    /// Takes such an approval back.
    WithdrawConfiguration {
        /// The thing, by its digest.
        item: ConfigurationItem,
    },
    /// Changes a registered system.
    ChangeSystem {
        /// The system.
        system: SystemId,
        /// Whether it may ask.
        active: bool,
        /// Another certificate, where it gets one.
        thumbprint: Option<String>,
        /// Other origins of its pages, where it gets some.
        #[serde(default)]
        origins: Option<BTreeSet<String>>,
    },
}

/// Proposes a change. The administrator's card signs [`crate::ActContent`] with act `propose_governed_change`, the nil
/// UUID and the change as body.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeGovernedChange {
    /// The change.
    pub change: GovernedAct,
    /// Why.
    pub reason: String,
    /// Card signature.
    pub endorsement: Endorsement,
}

/// Approves a change. The card signs [`crate::ActContent`] with act `approve_governed_change`, the proposal's id and the
/// change as body.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveGovernedChange {
    /// Card signature.
    pub endorsement: Endorsement,
}
