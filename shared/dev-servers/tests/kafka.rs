//! A private Kafka starts, keeps its messages, and ends with its handle.

use std::time::Duration;

use dev_servers::{Error, Kafka};
use rdkafka::{
    ClientConfig, Message as _,
    consumer::{BaseConsumer, Consumer as _},
    producer::{BaseProducer, BaseRecord, Producer as _},
};

const WAIT: Duration = Duration::from_mins(1);

#[test]
fn messages_survive_a_restart_in_the_same_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = match Kafka::start(folder.path()) {
        Err(error @ (Error::Missing { .. } | Error::Fetch { .. })) => {
            eprintln!("##### NOT TESTED, no Kafka on this machine: {error} #####");
            return;
        }
        other => other.unwrap(),
    };
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", first.bootstrap()).create().unwrap();
    producer.send(BaseRecord::to("kept").key("k").payload("v")).unwrap();
    producer.flush(WAIT).unwrap();
    let pid = first.pid();
    drop(first);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());

    let second = Kafka::start(folder.path()).unwrap();
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", second.bootstrap())
        .set("group.id", "reader")
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    consumer.subscribe(&["kept"]).unwrap();
    // A poll also ends for events that are no message; the limit only keeps a failing test from hanging.
    let polls = std::iter::repeat_with(|| consumer.poll(Duration::from_secs(1))).take(60);
    let message = polls.flatten().find_map(Result::ok).expect("a message");
    assert_eq!(message.payload(), Some(b"v".as_slice()));
}
