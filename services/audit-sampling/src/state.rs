//! What the service holds in memory: whose certificates count.

use std::sync::Arc;

use chassis::Context;
use chassis::service::State;
use identity::TrustAnchors;

/// The service's own state.
pub struct AuditState {
    /// Whose certificates count.
    pub anchors: TrustAnchors,
}

/// Makes the state.
pub fn open(context: &Context) -> State {
    Arc::new(AuditState { anchors: context.anchors() })
}
