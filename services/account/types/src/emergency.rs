//! Break-glass: two custodians give named roles to a named person for a few hours, for the case that administrators
//! are not at hand. An auditor reviews it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use identity::Endorsement;
use kernel::ids::{EmergencyGrantId, PersonId, PostId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What both custodians sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyTerms {
    /// Fresh id of the grant, chosen by whoever writes the terms: a signature serves one grant.
    pub grant: EmergencyGrantId,
    /// When the terms were written; they hold for eight hours.
    pub written_at: DateTime<Utc>,
    /// Who gets the roles.
    pub receiver: PersonId,
    /// In which own post.
    pub post: PostId,
    /// Roles: `administrator`, `it_unit`, `it_centre`, `designated_officer`.
    pub roles: BTreeSet<String>,
    /// Hours from the second signature on, 1 to 24; the setting `governance.emergency_hours` unless told.
    #[schema(minimum = 1, maximum = 24)]
    pub hours: Option<u32>,
    /// Why, 1 to 500 characters; no personal data of citizens.
    pub reason: String,
}

/// The content that a custodian's card signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EmergencyContent {
    /// Always `break_glass`.
    pub act: String,
    /// The terms.
    pub terms: EmergencyTerms,
}

impl EmergencyContent {
    /// The content for `terms`.
    pub fn new(terms: &EmergencyTerms) -> Self {
        Self { act: "break_glass".to_owned(), terms: terms.clone() }
    }
}

/// The first custodian's request. The card signs [`EmergencyContent`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeEmergencyGrant {
    /// Terms.
    pub terms: EmergencyTerms,
    /// Card signature.
    pub endorsement: Endorsement,
}

/// The second custodian's request. The card signs [`EmergencyContent`] of the same terms.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteEmergencyGrant {
    /// Card signature.
    pub endorsement: Endorsement,
}

/// What an auditor finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewWords {
    /// Whether there was an emergency and everything done was needed.
    pub proper: bool,
    /// Findings, 1 to 2000 characters.
    pub findings: String,
    /// `acts_digest` of the grant as the auditor read it: what was done under it.
    pub acts_digest: String,
}

/// Reviews a grant. The auditor's card signs [`crate::ActContent`] with act `review_emergency_grant`, the grant's id and
/// the words as body.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewEmergencyGrant {
    /// Findings.
    pub words: ReviewWords,
    /// Card signature.
    pub endorsement: Endorsement,
}
