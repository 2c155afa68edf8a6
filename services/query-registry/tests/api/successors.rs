//! A log that lost its end for good, and the one that goes on.

use chrono::Duration;
use kernel::configuration::{ConfigurationItem, ConfigurationKind};
use kernel::{Clock as _, days};
use query_log::{FileKeyStore, Hash, KeyStore as _};
use query_registry::domain::rules::THREE_YEARS;
use query_registry_types::control::ControlReport;
use query_registry_types::logs::{FoundLogEntries, LogHeads, LogLoss, LogSuccessor};
use query_registry_types::queries::QueryAnswer;
use serde_json::json;
use transparency::checkpoint::Checkpoint;
use transparency::entry_proof::EntryProof;
use transparency::note::{Signer, Verifier};

use crate::stage::Stage;

const NEXT: &str = "three-year-2";

/// Publishes a checkpoint of more entries than there are, as before a backup was restored.
async fn lose_three(stage: &Stage) {
    let log = &stage.registry().log;
    let size = log.head(THREE_YEARS).await.unwrap().size + 3;
    let keys = stage.app.folder().join("log-keys");
    let store = FileKeyStore::open(&keys.join("months"), &keys.join("kek")).unwrap();
    let seed = store.signing_seed(THREE_YEARS).await.unwrap();
    let signer = Signer::new(&log.origin(THREE_YEARS), &seed).unwrap();
    let note = Checkpoint::new(signer.name(), size, Hash::of(b"the tree that was")).sign(&signer);
    let row = format!("('{THREE_YEARS}', {size}, '{note}', now())");
    stage.sql(&format!("INSERT INTO log_checkpoints VALUES {row}")).await;
}

async fn approve(stage: &Stage, kind: ConfigurationKind, name: &str, digest: &str) {
    let effective_on = days::taipei_date(stage.app.clock.now());
    let item = ConfigurationItem { kind, name: name.to_owned(), digest: digest.to_owned(), effective_on };
    stage.feed_configuration(item, true, 1).await;
}

/// The service does it by itself, within seconds.
async fn until_ended(stage: &Stage) -> LogHeads {
    let soon = async {
        loop {
            let heads: LogHeads = stage.app.get("/v1/logs", &stage.app.token(&stage.auditor)).await.json(200);
            if heads.heads.iter().any(|head| head.successor.as_deref() == Some(NEXT)) {
                break heads;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), soon).await.unwrap()
}

#[actix_web::test]
async fn a_log_whose_lost_end_two_administrators_approved_has_a_successor_that_the_gate_writes() {
    let stage = Stage::set().await;
    stage.app.advance(Duration::zero()).await;
    let application = stage.endorsed().await;
    let first: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let auditor = stage.app.token(&stage.auditor);
    let path = format!("/v1/logs/{THREE_YEARS}/loss");
    stage.app.get(&path, &auditor).await.expect_problem("not-found");
    lose_three(&stage).await;
    let loss: LogLoss = stage.app.get(&path, &auditor).await.json(200);
    assert_eq!((loss.known_size - loss.size, loss.successor.as_str(), loss.ended), (3, NEXT, false));
    assert!(stage.registry().log.succeed().await.unwrap().is_empty());

    approve(&stage, ConfigurationKind::LogLoss, THREE_YEARS, &loss.digest).await;
    until_ended(&stage).await;
    let loss: LogLoss = stage.app.get(&path, &auditor).await.json(200);
    assert!(loss.ended);

    let second: QueryAnswer = stage.query(&stage.ask(application.id, 1)).await.json(200);
    assert_eq!((second.intent.log.as_str(), second.receipt.log.as_str()), (NEXT, NEXT));
    assert_eq!((first.receipt.log.as_str(), second.intent.index), (THREE_YEARS, 1));
    stage.query(&stage.ask(application.id, 1)).await.expect_problem("query-already-answered");
    for (log, query) in [(THREE_YEARS, first.query), (NEXT, second.query)] {
        let record = stage.app.get(&format!("/v1/queries/{query}"), &auditor).await.expect_status(200);
        assert_eq!(record["log"], log);
        let body =
            json!({"purpose": "115 年第 1 季稽核", "subject": stage.persons[usize::from(log == NEXT)]});
        let found: FoundLogEntries =
            stage.app.post(&format!("/v1/logs/{log}/searches"), &auditor, &body).await.json(200);
        assert_eq!(found.items.first().map(|item| item.header["query"].clone()), Some(json!(query)));
    }
    // The day has lines in both, and each fits.
    stage.app.advance(Duration::days(1)).await;
    let reports =
        stage.app.get("/v1/daily-reports", &stage.app.token(&stage.supervisor)).await.expect_status(200);
    let reports: Vec<ControlReport> = serde_json::from_value(reports["items"].clone()).unwrap();
    let report = reports.first().unwrap();
    assert_eq!((report.content.lines, report.content.unmatched), (3, 0), "{report:?}");
    stage.strike().await;
}

#[actix_web::test]
async fn a_log_whose_next_key_two_administrators_approved_ends_and_its_successor_signs_with_it() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let first: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let path = format!("/v1/logs/{THREE_YEARS}/successor");
    let auditor = stage.app.token(&stage.auditor);
    let next: LogSuccessor = stage.app.get(&path, &auditor).await.json(200);
    assert_eq!((next.successor.as_str(), next.ended), (NEXT, false));
    approve(&stage, ConfigurationKind::LogKey, NEXT, &"0".repeat(64)).await;
    approve(&stage, ConfigurationKind::LogKey, NEXT, &next.digest).await;
    let heads = until_ended(&stage).await.heads;
    let key =
        |log: &str| heads.iter().find(|head| head.log == log).map(|head| head.verifier_key.clone()).unwrap();
    assert_eq!(key(NEXT), next.verifier_key);
    stage.app.get(&format!("/v1/logs/{THREE_YEARS}/loss"), &auditor).await.expect_problem("not-found");

    let second: QueryAnswer = stage.query(&stage.ask(application.id, 1)).await.json(200);
    for (receipt, log) in [(&first.receipt, THREE_YEARS), (&second.receipt, NEXT)] {
        let proof = EntryProof::parse(&receipt.proof).unwrap();
        let leaf = Hash::leaf(proof.extra.as_ref().unwrap());
        assert!(proof.verify(leaf, &[Verifier::parse(&key(log)).unwrap()]).is_ok());
    }
    stage.strike().await;
}
