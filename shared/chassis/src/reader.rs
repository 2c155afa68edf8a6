//! A member of a consumer group, which outlasts a broker that goes away and comes back.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{CommitMode, Consumer as _, ConsumerContext, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::TopicPartitionList;
use serde::Deserialize;
use tokio::sync::Notify;

use crate::bus::Bus;

/// Milliseconds that Kafka keeps a reader waiting where there is nothing to read; it answers as soon as there is something.
const FETCH: &str = "500";
/// The same for the in-process broker, which answers when they are over, whatever has come meanwhile. With less it does little
/// else.
const EMBEDDED_FETCH: &str = "8";
/// Milliseconds after which the group gives up a member of which it hears nothing.
const SESSION: &str = "10000";
/// Milliseconds between two looks at the membership.
const LOOK: &str = "3000";
/// Looks after which a client that is no member is replaced. By then the group has given it up, and any other member that a
/// place in the group had to wait for.
const PATIENCE: u32 = 8;

/// A member of a consumer group.
pub(crate) struct Reader(StreamConsumer<Membership>);

impl Reader {
    /// Joins `group` for topics as the broker calls them.
    pub fn join(bus: &Bus, group: &str, topics: &[&str]) -> anyhow::Result<Self> {
        let stream: StreamConsumer<Membership> = bus
            .client()
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("session.timeout.ms", SESSION)
            .set("fetch.wait.max.ms", if bus.is_embedded() { EMBEDDED_FETCH } else { FETCH })
            .set("fetch.error.backoff.ms", "100")
            .set("statistics.interval.ms", LOOK)
            .create_with_context(Membership::default())
            .context("Kafka consumer")?;
        stream.subscribe(topics).context("subscription")?;
        Ok(Self(stream))
    }

    /// The next message. A broker that is away is waited for while its group may still know this client: a new one would have
    /// to wait until the group has given up the old. An error means that it is time for a new one.
    pub async fn receive(&self) -> anyhow::Result<BorrowedMessage<'_>> {
        loop {
            let received = tokio::select! {
                received = self.0.recv() => received,
                () = self.0.context().lost.notified() => anyhow::bail!("no member of the group any more"),
            };
            match received {
                Ok(message) => return Ok(message),
                Err(KafkaError::MessageConsumption(error)) => tracing::warn!(%error, "consumer waits"),
                Err(error) => return Err(error).context("receive"),
            }
        }
    }

    /// Tells the group how far it has read; not waited for, for inboxes know what they have.
    pub fn commit(&self, offsets: &TopicPartitionList) -> anyhow::Result<()> {
        self.0.commit(offsets, CommitMode::Async).context("offsets")
    }

    /// Leaves the group.
    pub async fn leave(self) {
        Bus::end(self.0).await;
    }
}

/// Looks whether the client is a member of its group. librdkafka finds a broker again that went away, but not always: it waits
/// five minutes for an answer to its wish to join; and a broker that was stopped and goes on may tell of topics and of no broker,
/// itself not excepted: the client then forgets the last one that it knew, and asks nobody any more (confluentinc/librdkafka
/// issue 5301).
#[derive(Default)]
struct Membership {
    looks_without: AtomicU32,
    lost: Notify,
}

impl ClientContext for Membership {
    fn stats_raw(&self, statistics: &[u8]) {
        match is_member(statistics) {
            Ok(true) => self.looks_without.store(0, Ordering::Relaxed),
            Ok(false) if self.looks_without.fetch_add(1, Ordering::Relaxed) + 1 < PATIENCE => {}
            Ok(false) => self.lost.notify_one(),
            Err(error) => tracing::error!(%error, "statistics of the Kafka client"),
        }
    }
}

impl ConsumerContext for Membership {}

/// Whether the group's coordinator is connected and has given the client its place.
fn is_member(statistics: &[u8]) -> serde_json::Result<bool> {
    #[derive(Deserialize)]
    struct Statistics {
        cgrp: Group,
    }
    #[derive(Deserialize)]
    struct Group {
        state: String,
        join_state: String,
    }
    let Statistics { cgrp: group } = serde_json::from_slice(statistics)?;
    Ok(group.state == "up" && group.join_state == "steady")
}

#[cfg(test)]
mod tests {
    use super::is_member;

    #[test]
    fn a_member_has_its_place_and_a_coordinator() {
        let member = |state: &str, join_state: &str| {
            let group = format!(r#""state": "{state}", "stateage": 1, "join_state": "{join_state}""#);
            is_member(format!(r#"{{"name": "reader", "brokers": {{}}, "cgrp": {{{group}}}}}"#).as_bytes())
                .unwrap()
        };
        assert!(member("up", "steady"));
        assert!(!member("up", "wait-join"));
        assert!(!member("query-coord", "init"));
        assert!(!member("wait-broker-transport", "steady"));
    }
}
