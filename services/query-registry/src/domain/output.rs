//! Prints, files and copies of results (H3.2, H7).

use query_registry_types::outputs::Output;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An output at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeptOutput(pub Output);

impl chassis::Document for KeptOutput {
    const TABLE: &'static str = "outputs";
    fn id(&self) -> Uuid {
        self.0.id
    }
}

/// Key of the duty to file it.
pub fn filing_key(output: Uuid) -> String {
    format!("H3.2.filing/{output}")
}
