//! Batches of endorsements: one signature over many applications (H4.2).

use identity::BatchEndorsement;
use kernel::ids::PersonId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A batch at rest. Each application names its batch; its own salt proves its place in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndorsementBatch {
    /// Its id.
    pub id: Uuid,
    /// Who endorsed.
    pub person: PersonId,
    /// The signature.
    pub endorsement: BatchEndorsement,
}

impl chassis::Document for EndorsementBatch {
    const TABLE: &'static str = "endorsement_batches";
    fn id(&self) -> Uuid {
        self.id
    }
}
