//! What the service holds in memory: trusted roots and register keys.

use std::sync::Arc;

use chassis::Context;
use chassis::service::State;
use identity::TrustAnchors;
use kernel::RegisterKey;

/// The service's own state.
pub struct AccountState {
    /// Whose certificates count.
    pub anchors: TrustAnchors,
    /// Seals names and national ids of officials.
    pub people: RegisterKey,
    /// Matches citizens across registers.
    pub subjects: RegisterKey,
    /// Seals personal fields of applications.
    pub applications: RegisterKey,
}

/// Makes the state.
pub fn open(context: &Context) -> anyhow::Result<State> {
    let settings = context.settings();
    let root = settings.register_root()?;
    let state = AccountState {
        anchors: context.anchors(),
        people: RegisterKey::derive(&root, "people")?,
        subjects: RegisterKey::derive(&root, "subjects")?,
        applications: RegisterKey::derive(&root, "permission-applications")?,
    };
    Ok(Arc::new(state))
}
