//! What the service holds in memory: the key of its register.

use chassis::Context;
use kernel::RegisterKey;

/// The state of the retention service.
#[derive(Debug)]
pub struct Retention {
    /// Seals the reasons of holds.
    pub register: RegisterKey,
}

impl Retention {
    /// Reads the key that the settings name.
    pub fn open(context: &Context) -> anyhow::Result<Self> {
        let settings = context.settings();
        Ok(Self { register: RegisterKey::derive(&settings.register_root()?, "retention-holds")? })
    }
}
