//! The exact contents that cards sign. A client builds one of these, signs it with `identity::Endorsement::sign` and
//! sends the endorsement; the service builds the same one from what it knows and verifies.

use kernel::ids::{PostId, UnitId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::applications::Outcome;

/// What is signed at a stage of a permission application (H5.2.1, I3.3). The salted digest names form and applicant:
/// it is unique, so one signature never serves two applications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StageContent {
    /// Always `permission-application`.
    pub act: String,
    /// `identity::salted_digest` (hex) of the application form.
    pub form_digest: String,
    /// Stage id of the rule pack's path.
    pub stage: String,
    /// The signer's own post.
    pub post: PostId,
    /// The result chosen at this stage.
    pub outcome: Option<Outcome>,
    /// The unit for which a joint section signs.
    pub joint_unit: Option<UnitId>,
    /// Document number recorded at this stage.
    pub number: Option<String>,
}

impl StageContent {
    /// A content without result, joint unit and number.
    pub fn new(form_digest: &str, stage: &str, post: PostId) -> Self {
        Self {
            act: "permission-application".to_owned(),
            form_digest: form_digest.to_owned(),
            stage: stage.to_owned(),
            post,
            outcome: None,
            joint_unit: None,
            number: None,
        }
    }
}

/// What is signed for any other act.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActContent {
    /// Operation id, e.g. `approve_governed_change`.
    pub act: String,
    /// What it is done to; the nil UUID where it does not exist yet.
    pub subject: Uuid,
    /// The signer's own post.
    pub post: PostId,
    /// The request without its endorsement.
    pub body: Value,
}

impl ActContent {
    /// The content of act `act` on `subject` with `body`, which must have a JSON form.
    pub fn new<T: Serialize>(act: &str, subject: Uuid, post: PostId, body: &T) -> Self {
        Self { act: act.to_owned(), subject, post, body: serde_json::to_value(body).unwrap_or_default() }
    }
}
