//! What a payload must say of itself to travel as a CloudEvent.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// An event payload: published by one service through its outbox, read by others from Kafka.
/// Payloads carry no personal data in clear (invariant 8).
pub trait Event: Serialize + DeserializeOwned {
    /// CloudEvents `type`, e.g. `account.account-changed.v1`.
    const TYPE: &'static str;
    /// Kafka topic, e.g. `account.accounts.v1`: one per service and aggregate family.
    const TOPIC: &'static str;
    /// The aggregate's id: the Kafka key, so that events of one aggregate keep their order.
    fn key(&self) -> String;
}
