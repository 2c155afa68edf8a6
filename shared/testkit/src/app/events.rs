//! Events of the application under test: told to it, published by it.

use std::time::Duration;

use diesel::sql_types::Text;
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use identity::{EventContent, EventSigner};
use kernel::{Clock as _, Event, SystemClock};
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::{Header, Headers, Message as _, OwnedHeaders};
use rdkafka::producer::FutureRecord;
use rdkafka::{Offset, TopicPartitionList};
use uuid::Uuid;

use super::TestApp;

impl TestApp {
    /// Publishes `event` as `service` would and waits until it was taken in.
    ///
    /// # Panics
    /// When it is not taken in within ten seconds.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub async fn feed<E: Event>(&self, service: &str, event: &E) {
        let id = Uuid::from_u128(u128::from(self.nonce()) << 64 | u128::from(self.nonce()));
        let attributes = [
            ("ce_id".to_owned(), id.to_string()),
            ("ce_source".to_owned(), format!("urn:datawarden:{service}")),
            ("ce_specversion".to_owned(), "1.0".to_owned()),
            ("ce_time".to_owned(), self.clock.now().to_rfc3339()),
            ("ce_type".to_owned(), E::TYPE.to_owned()),
            ("content-type".to_owned(), "application/json".to_owned()),
        ]
        .into();
        let data = serde_json::to_string(event).expect("JSON");
        let credential = self.pki.issue_service(service, SystemClock.now()).expect("certificate");
        let content = EventContent {
            topic: E::TOPIC,
            key: &event.key(),
            attributes: &attributes,
            data: data.as_bytes(),
        };
        let signature = EventSigner::new(credential).sign(&content).expect("signature").to_string();
        let mut headers = OwnedHeaders::new();
        for (name, value) in &attributes {
            headers = headers.insert(Header { key: name, value: Some(value) });
        }
        headers = headers.insert(Header { key: chassis::relay::SIGNATURE, value: Some(&signature) });
        self.context().bus().create_topics(&[E::TOPIC]).await.expect("topic");
        let (topic, key) = (self.context().bus().topic(E::TOPIC), event.key());
        let record = FutureRecord::to(&topic).key(&key).payload(&data).headers(headers);
        self.producer.send(record, Duration::from_secs(10)).await.expect("published");
        self.wait_for_event(id).await;
    }

    /// The events of type `E` that the service published, oldest first.
    ///
    /// # Panics
    /// When one does not parse.
    #[expect(clippy::expect_used, reason = "a test's assertion")]
    pub async fn published<E: Event>(&self) -> Vec<E> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            data: String,
        }
        let mut conn = self.context().connection().await.expect("connection");
        let rows: Vec<Row> = sql_query("SELECT data FROM outbox WHERE type = $1 ORDER BY id")
            .bind::<Text, _>(E::TYPE)
            .load(&mut conn)
            .await
            .expect("outbox");
        rows.iter().map(|r| serde_json::from_str(&r.data).expect("the payload's own type")).collect()
    }

    /// The keys, headers and payloads of `topics` as the broker holds them, at least `count` messages.
    ///
    /// # Panics
    /// When they are not there within a minute.
    #[expect(clippy::expect_used, reason = "a test's assertion")]
    pub async fn messages(&self, topics: &[&str], count: usize) -> Vec<Vec<u8>> {
        let mut client = self.context().bus().client();
        client.set("group.id", "reads-everything").set("auto.offset.reset", "earliest");
        let consumer: StreamConsumer = client.create().expect("consumer");
        let mut from_the_start = TopicPartitionList::new();
        for topic in topics {
            let name = self.context().bus().topic(topic);
            from_the_start.add_partition_offset(&name, 0, Offset::Beginning).expect("offset");
        }
        consumer.assign(&from_the_start).expect("assigned");
        let mut found = vec![];
        while found.len() < count {
            let message = tokio::time::timeout(Duration::from_secs(60), consumer.recv());
            let message = message.await.expect("a message in time").expect("a message");
            let mut bytes =
                [message.key(), message.payload()].into_iter().flatten().collect::<Vec<_>>().concat();
            for header in message.headers().into_iter().flat_map(Headers::iter) {
                bytes.extend_from_slice(header.value.unwrap_or_default());
            }
            found.push(bytes);
        }
        found
    }

    /// How many events the service has written for others.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn events(&self) -> i64 {
        self.count("SELECT count(*) AS n FROM outbox WHERE $1 IS NOT NULL", Uuid::nil()).await
    }
}
