//! One trace from the agency's request to the audit service's consumer.

use std::time::Duration;

use datawarden::traces::{Span, Traces};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};

use crate::queries::{REGISTRY, question};
use crate::world::{Wanted, World, expect};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f0670000000001";

#[tokio::test(flavor = "multi_thread")]
async fn a_query_has_one_trace_from_the_request_over_outbox_and_kafka_to_the_audit_service() {
    let Some(mut wanted) = Wanted::shared() else { return };
    let traces = Traces::start("127.0.0.1:0".parse().unwrap()).unwrap();
    wanted.otlp = Some(traces.url.clone());
    let kafka = wanted.kafka.clone().unwrap();
    let mut world = World::peopled(wanted).await;
    world.start("audit-sampling").await;
    let application = world.endorsed().await;
    let header = format!("00-{TRACE}-{CALLER}-01");
    let answer = world.asking(&question(&application)).header("traceparent", header).send().await.unwrap();
    expect(answer, 200).await;

    let row = format!(
        "SELECT count(*) AS n FROM outbox WHERE type = 'registry.query-recorded.v1' AND traceparent LIKE '00-{TRACE}-%'"
    );
    assert_eq!(world.count(REGISTRY, &row).await, 1, "the outbox row carries the trace");
    let topic = format!("{}registry.queries.v1", world.settings(REGISTRY).kafka.topic_prefix);
    let sent = tokio::task::spawn_blocking(move || traceparent_on(&kafka, &topic)).await.unwrap();
    assert_eq!(sent.split('-').nth(1), Some(TRACE), "the Kafka message carries the trace: {sent}");

    let asked = until(&traces, REGISTRY, "POST /v1/queries").await;
    let taken = until(&traces, "audit-sampling", "process registry.queries.v1").await;
    assert_eq!(asked.parent_id.as_deref(), Some(CALLER), "the caller's trace goes on");
    assert_eq!(taken.kind, "consumer");
    assert_eq!(
        sent.split('-').nth(2),
        taken.parent_id.as_deref(),
        "the consumer is a child of the event's cause"
    );
    // Other services of the suite hear of it within the same trace.
    until(&traces, "account", "process registry.queries.v1").await;

    // As a person at the pages sees it.
    let client = chassis::http_client(Duration::from_secs(5)).unwrap();
    let page =
        client.get(format!("{}/traces/{TRACE}", traces.url)).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("audit-sampling") && page.contains("POST /v1/queries"), "{page}");
    let listed = client.get(format!("{}/traces?service=audit-sampling", traces.url));
    let listed = listed.header("accept", "application/json").send().await.unwrap().text().await.unwrap();
    assert!(listed.contains(TRACE), "{listed}");
    traces.stop().await;
}

/// Exporters send every five seconds.
async fn until(traces: &Traces, service: &str, name: &str) -> Span {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let spans = traces.store.trace(TRACE);
        if let Some(span) = spans.iter().find(|s| s.service == service && s.name == name) {
            return span.clone();
        }
        assert!(tokio::time::Instant::now() < deadline, "no {name} of {service} in {spans:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The `traceparent` of the last message on `topic`.
fn traceparent_on(brokers: &str, topic: &str) -> String {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", format!("{topic}-looker"))
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    consumer.subscribe(&[topic]).unwrap();
    // Joining the group makes polls that give nothing.
    let message = (0..600).find_map(|_| consumer.poll(Duration::from_millis(100)));
    let message = message.expect("a message within a minute").unwrap();
    let headers = message.headers().unwrap();
    let found = headers.iter().find(|h| h.key == "traceparent").and_then(|h| h.value);
    String::from_utf8(found.expect("a traceparent").to_vec()).unwrap()
}
