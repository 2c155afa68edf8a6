//! The broker: Apache Kafka where `kafka.brokers` names it, else librdkafka's broker inside this process (one for all
//! services in it; it forgets everything when the process ends, see [`crate::relay`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::oneshot;

use crate::settings::Kafka;

/// A way to the broker; cheap to clone.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

/// A topic to make in the in-process broker, and the way to answer.
struct MakeTopic {
    name: String,
    partitions: i32,
    done: oneshot::Sender<Result<(), RDKafkaErrorCode>>,
}

struct Inner {
    brokers: String,
    settings: Kafka,
    embedded: Option<Sender<MakeTopic>>,
    /// Topics known to be there. Held while some are made: who comes second waits until they are.
    made: tokio::sync::Mutex<BTreeSet<String>>,
    traffic: Mutex<BTreeMap<String, Traffic>>,
}

/// Messages of one topic that this process sent, and that each consumer group in it has worked through.
#[derive(Default)]
struct Traffic {
    sent: u64,
    done: BTreeMap<String, u64>,
}

impl Bus {
    /// Connects as `settings` say.
    pub fn open(settings: &Kafka) -> anyhow::Result<Self> {
        let (brokers, embedded) = if let Some(brokers) = &settings.brokers {
            (brokers.clone(), None)
        } else {
            let (brokers, requests) = embedded()?;
            (brokers, Some(requests))
        };
        let (made, traffic) = (tokio::sync::Mutex::default(), Mutex::default());
        Ok(Self(Arc::new(Inner { brokers, settings: settings.clone(), embedded, made, traffic })))
    }

    /// Whether the broker lives in this process and forgets.
    pub fn is_embedded(&self) -> bool {
        self.0.embedded.is_some()
    }

    pub(crate) fn note_sent(&self, topic: &str) {
        let mut traffic = self.0.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        traffic.entry(topic.to_owned()).or_default().sent += 1;
    }

    pub(crate) fn note_done(&self, topic: &str, group: &str, count: u64) {
        let mut traffic = self.0.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        *traffic.entry(topic.to_owned()).or_default().done.entry(group.to_owned()).or_default() += count;
    }

    /// Messages on `topics` that services of this process sent and `group` has not worked through. Right where all
    /// senders and the group live in this process: the laptop's suite and its simulated year.
    pub fn pending(&self, group: &str, topics: &[&str]) -> u64 {
        let traffic = self.0.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        let open = |t: &Traffic| t.sent.saturating_sub(t.done.get(group).copied().unwrap_or_default());
        topics.iter().filter_map(|t| traffic.get(*t)).map(open).sum()
    }

    /// The consumer group of `service`.
    pub fn group(&self, service: &str) -> String {
        format!("{}.{service}", self.0.settings.group_prefix)
    }

    /// The name on the broker of the topic that the suite calls `name`.
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.0.settings.topic_prefix)
    }

    /// What the suite calls the broker's topic `topic`.
    pub fn topic_name<'a>(&self, topic: &'a str) -> &'a str {
        topic.strip_prefix(&self.0.settings.topic_prefix).unwrap_or(topic)
    }

    /// Client settings that every client shares. Nobody waits long for a broker that hangs, nor to ask again one that is back.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.0.brokers).set("log_level", "3");
        config.set("socket.timeout.ms", "10000").set("reconnect.backoff.max.ms", "1000");
        config
    }

    /// Ends a client, on a thread of its own: that waits for the broker, and nobody waits long for it.
    pub(crate) async fn end<C: Send + 'static>(client: C) {
        let (done, ended) = oneshot::channel();
        std::thread::spawn(move || {
            drop(client);
            let _ = done.send(());
        });
        let _ = tokio::time::timeout(Duration::from_secs(10), ended).await;
    }

    /// Makes `topics` where they are missing. After an error those not made are made by the next call.
    pub async fn create_topics(&self, topics: &[&str]) -> anyhow::Result<()> {
        let mut made = self.0.made.lock().await;
        let new: Vec<&str> = topics.iter().copied().filter(|t| !made.contains(*t)).collect();
        if new.is_empty() {
            return Ok(());
        }
        match &self.0.embedded {
            Some(requests) => self.create_embedded(requests, &new).await?,
            None => self.create_with_admin(&new).await?,
        }
        made.extend(new.into_iter().map(str::to_owned));
        Ok(())
    }

    async fn create_embedded(&self, requests: &Sender<MakeTopic>, topics: &[&str]) -> anyhow::Result<()> {
        for topic in topics {
            let (done, answer) = oneshot::channel();
            let request = MakeTopic { name: self.topic(topic), partitions: self.0.settings.partitions, done };
            requests.send(request).map_err(|_| anyhow::anyhow!("the in-process broker is gone"))?;
            created(topic, answer.await?)?;
        }
        Ok(())
    }

    async fn create_with_admin(&self, topics: &[&str]) -> anyhow::Result<()> {
        let admin: AdminClient<DefaultClientContext> =
            self.client().create().context("Kafka admin client")?;
        let names: Vec<String> = topics.iter().map(|t| self.topic(t)).collect();
        let wanted: Vec<NewTopic> = names
            .iter()
            .map(|t| NewTopic::new(t, self.0.settings.partitions, TopicReplication::Fixed(-1)))
            .collect();
        let options = AdminOptions::new().request_timeout(Some(Duration::from_secs(10)));
        for result in admin.create_topics(&wanted, &options).await.context("topics cannot be created")? {
            match result {
                Ok(_) => {}
                Err((topic, code)) => created(&topic, Err(code))?,
            }
        }
        Ok(())
    }
}

/// A topic that another process made meanwhile is as good.
fn created(topic: &str, outcome: Result<(), RDKafkaErrorCode>) -> anyhow::Result<()> {
    match outcome {
        Ok(()) | Err(RDKafkaErrorCode::TopicAlreadyExists) => Ok(()),
        Err(code) => anyhow::bail!("topic {topic} cannot be created: {code}"),
    }
}

/// Starts the in-process broker on a thread that owns it (its handle must stay on one thread). It answers CreateTopics
/// with a time-out, so its own API makes topics.
fn embedded() -> anyhow::Result<(String, Sender<MakeTopic>)> {
    let (requests, inbox) = std::sync::mpsc::channel::<MakeTopic>();
    let (ready, started) = std::sync::mpsc::channel();
    let body = move || {
        let cluster = match MockCluster::new(1) {
            Ok(cluster) => cluster,
            Err(error) => return drop(ready.send(Err(error))),
        };
        let _ = ready.send(Ok(cluster.bootstrap_servers()));
        while let Ok(topic) = inbox.recv() {
            let made = cluster.create_topic(&topic.name, topic.partitions, 1);
            let _ =
                topic.done.send(made.map_err(|e| e.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)));
        }
    };
    std::thread::Builder::new().name("in-process-broker".into()).spawn(body)?;
    let brokers = started.recv().context("in-process broker")?.context("in-process broker")?;
    Ok((brokers, requests))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_topic_that_a_producer_made_first_keeps_no_other_from_being_made() {
        let bus = Bus::open(&Kafka::default()).unwrap();
        let producer: rdkafka::producer::FutureProducer = bus.client().create().unwrap();
        let record = rdkafka::producer::FutureRecord::<str, str>::to("account.people.v1").payload("{}");
        producer.send(record, Duration::from_secs(10)).await.unwrap();
        bus.create_topics(&["account.people.v1", "account.systems.v1"]).await.unwrap();
        let client: rdkafka::consumer::BaseConsumer = bus.client().create().unwrap();
        let metadata = tokio::task::spawn_blocking(move || {
            use rdkafka::consumer::Consumer as _;
            client.fetch_metadata(None, Duration::from_secs(10))
        });
        let metadata = metadata.await.unwrap().unwrap();
        assert!(metadata.topics().iter().any(|t| t.name() == "account.systems.v1"));
    }

    #[tokio::test]
    async fn topics_that_could_not_be_made_are_not_taken_for_made() {
        // Nobody listens there.
        let away = Kafka { brokers: Some("127.0.0.1:1".into()), ..Kafka::default() };
        let bus = Bus::open(&away).unwrap();
        for _ in 0..2 {
            assert!(bus.create_topics(&["account.people.v1"]).await.is_err());
        }
    }
}
