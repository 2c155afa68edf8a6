//! Personal values on the wire.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A personal value of a request or answer. It travels in bodies alone, never in URLs; `Debug` hides it. What is stored
/// of it is a keyed hash or a sealed value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct PersonalText(pub String);

impl PersonalText {
    /// The text. Each call site is a place to review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for PersonalText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for PersonalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}
