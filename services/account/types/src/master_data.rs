//! Master data for the first start: what stands before the suite does (H2.2, I2). Loaded once by two administrators.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use kernel::configuration::ConfigurationItem;
use kernel::ids::{AccountId, AgencyId, PersonId, PostId, SystemId, UnitId};
use kernel::{Personal, canonical};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::governed::CardBinding;

/// What an agency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgencyKind {
    /// 社會局.
    Bureau,
    /// 所屬機關.
    Subordinate,
    /// 社會福利服務中心.
    WelfareCentre,
    /// 區公所.
    DistrictOffice,
    /// 資料提供機關.
    Provider,
    /// 市府資訊中心.
    ItCentre,
}

impl AgencyKind {
    /// As in events.
    pub fn code(self) -> &'static str {
        match self {
            Self::Bureau => "bureau",
            Self::Subordinate => "subordinate",
            Self::WelfareCentre => "welfare_centre",
            Self::DistrictOffice => "district_office",
            Self::Provider => "provider",
            Self::ItCentre => "it_centre",
        }
    }

    /// The id of this kind in rule packs.
    pub fn pack_id(self) -> &'static str {
        match self {
            Self::Bureau => "bureau",
            Self::Subordinate => "subordinate",
            Self::WelfareCentre => "welfare-centre",
            Self::DistrictOffice => "district-office",
            Self::Provider => "provider",
            Self::ItCentre => "it-centre",
        }
    }
}

/// A unit of an agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitRecord {
    /// Its id.
    pub id: UnitId,
    /// Name in Traditional Chinese.
    pub name: String,
}

/// An agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgencyRecord {
    /// Its id.
    pub id: AgencyId,
    /// Name in Traditional Chinese.
    pub name: String,
    /// What it is.
    pub kind: AgencyKind,
    /// The agency above it.
    #[serde(default)]
    pub parent: Option<AgencyId>,
    /// Units.
    pub units: Vec<UnitRecord>,
    /// Office networks (CIDR, H3.1).
    #[serde(default)]
    pub networks: Vec<String>,
    /// Thumbprints of its agency certificates (機關憑證, I3.6).
    #[serde(default)]
    pub certificates: BTreeSet<String>,
    /// The regulations whose data it provides, `household`, `tax` or `immigration`: its auditors read what is about them
    /// alone (H4.3).
    #[serde(default)]
    pub provides: BTreeSet<String>,
}

/// An agency system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemRecord {
    /// Its id.
    pub id: SystemId,
    /// Code that rule packs list, e.g. `welfare-platform`; also its OAuth client id.
    pub code: String,
    /// Name in Traditional Chinese.
    pub name: String,
    /// The agency that runs it.
    pub agency: AgencyId,
    /// Thumbprint (`x5t#S256`) of its certificate.
    pub thumbprint: Option<String>,
    /// Whether it attests the place of its users in its assertions.
    #[serde(default)]
    pub attests_place: bool,
    /// Origins (`https://host`) of its pages, on which officials prepare a login.
    #[serde(default)]
    pub origins: BTreeSet<String>,
}

/// A post of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostRecord {
    /// Its id.
    pub id: PostId,
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
    #[serde(default)]
    pub until: Option<NaiveDate>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonRecord {
    /// Its id.
    pub id: PersonId,
    /// Staff number (員工代號), as in personnel files.
    pub staff_number: String,
    /// Name.
    #[serde(serialize_with = "exposed")]
    pub name: Personal<String>,
    /// National id; sample ids pass only where the settings allow them.
    #[serde(serialize_with = "exposed")]
    pub national_id: Personal<String>,
    /// Posts, the main one first.
    pub posts: Vec<PostRecord>,
    /// Cards.
    pub cards: Vec<CardBinding>,
    /// National ids of close relatives that he declared.
    #[serde(default, serialize_with = "all_exposed")]
    pub declared_relatives: Vec<Personal<String>>,
}

/// Master data are a file that two persons sign: the one place where these values are written.
fn exposed<S: serde::Serializer>(value: &Personal<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.expose())
}

fn all_exposed<S: serde::Serializer>(values: &[Personal<String>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(Personal::expose))
}

/// An account that was granted before the suite stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRecord {
    /// Its id.
    pub id: AccountId,
    /// Account number (帳號).
    pub number: String,
    /// `household`, `immigration` or `tax`.
    pub regulation: String,
    /// The holder.
    pub person: PersonId,
    /// The post it was granted for.
    pub post: PostId,
    /// Items granted.
    pub items: BTreeSet<String>,
    /// First day of use.
    pub valid_from: NaiveDate,
    /// Last day, if limited.
    #[serde(default)]
    pub valid_until: Option<NaiveDate>,
    /// Who opened it.
    pub opened_by: PersonId,
    /// Document number of the grant.
    #[serde(default)]
    pub granted_by: Option<String>,
}

/// A data link that stood before the suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkRecord {
    /// Its id.
    pub id: Uuid,
    /// `household`, `immigration` or `tax`.
    pub regulation: String,
    /// What is linked to what.
    pub name: String,
    /// The agency that applied for it.
    pub agency: AgencyId,
    /// Link manager.
    pub manager: PersonId,
    /// Link manager's post.
    pub manager_post: PostId,
}

/// Everything that stands before the suite does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MasterData {
    /// The two persons who answer for the load; both hold the role `administrator`.
    pub administrators: [PersonId; 2],
    /// Agencies.
    pub agencies: Vec<AgencyRecord>,
    /// Systems.
    #[serde(default)]
    pub systems: Vec<SystemRecord>,
    /// People.
    pub people: Vec<PersonRecord>,
    /// Accounts.
    #[serde(default)]
    pub accounts: Vec<AccountRecord>,
    /// Data links.
    #[serde(default)]
    pub links: Vec<LinkRecord>,
    /// People who may break the glass: none, or at least two; no administrators.
    #[serde(default)]
    pub custodians: BTreeSet<PersonId>,
    /// What services run on, approved with the rest.
    #[serde(default)]
    pub configuration: Vec<ConfigurationItem>,
}

impl MasterData {
    /// SHA-256 (hexadecimal) of the canonical bytes: the same for a TOML and a JSON file with the same content. Both
    /// administrators compare it before they sign.
    pub fn digest(&self) -> Result<String, serde_json::Error> {
        Ok(canonical::sha256_hex(&canonical::bytes(self)?))
    }
}

/// What the cards of both administrators sign for the first start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BootstrapContent {
    /// Always `bootstrap`: nothing else passes for it.
    pub act: String,
    /// [`MasterData::digest`].
    pub master_data: String,
}

impl BootstrapContent {
    /// The content for master data with `digest`.
    pub fn new(digest: impl Into<String>) -> Self {
        Self { act: "bootstrap".to_owned(), master_data: digest.into() }
    }
}

/// What was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Summary {
    /// Id of the governance act.
    pub act: Uuid,
    /// Agencies.
    pub agencies: usize,
    /// Systems.
    pub systems: usize,
    /// People.
    pub people: usize,
    /// Accounts.
    pub accounts: usize,
    /// Data links.
    pub links: usize,
    /// SHA-256 of the canonical bytes of what was loaded.
    pub digest: String,
}
