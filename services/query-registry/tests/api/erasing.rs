//! Early erasure of a query: in the log, in the registers, and what nobody was ever told.

use kernel::ids::{OrderId, PersonId, QueryId};
use query_log::{Body, Filter, GOVERNANCE, KeyError};
use query_registry::domain::rules::THREE_YEARS;
use query_registry::service;
use query_registry_types::events::{ErasureCarriedOut, ErasureRefused};
use query_registry_types::queries::QueryAnswer;
use retention_types::events::ErasureApproved;
use serde_json::json;
use uuid::Uuid;

use crate::stage::Stage;

const MARK: &str = "抹除標記：審查低收入戶申請 7f3a91c5";

fn order(query: QueryId) -> ErasureApproved {
    ErasureApproved {
        order: OrderId(Uuid::from_u128(1)),
        log: THREE_YEARS.to_owned(),
        regulation: "household".into(),
        month: "2026-03-01".parse().unwrap(),
        query: Some(query),
        index: None,
        requested_by: PersonId(Uuid::from_u128(0xA)),
        approved_by: PersonId(Uuid::from_u128(0xB)),
        digest: "ab".repeat(32),
    }
}

async fn carry_out(stage: &Stage, order: &ErasureApproved) {
    stage.app.feed("retention", order).await;
    stage.app.running.run_due().await.unwrap();
}

/// An application with a marked reason for the first `persons` of the case, and the answer about the first.
async fn asked(stage: &Stage, persons: usize) -> QueryAnswer {
    let mut content = stage.content();
    content.reason = MARK.into();
    content.persons.truncate(persons);
    let application = stage.apply(content).await.json(201);
    let _ = stage.endorse_as(&stage.supervisor, &[&application]).await.expect_status(200);
    stage.query(&stage.ask(application.id, 0)).await.json(200)
}

/// Fails where a row of any table holds the text or its keyed hash, but for the registered case of the person.
async fn nowhere(stage: &Stage, text: &str) {
    let (table, sql) =
        ("v_table", "SELECT format('SELECT EXISTS (SELECT FROM %I t WHERE t::text LIKE %L)', v_table, $1)");
    stage
        .sql(&format!(
            "DO $$ DECLARE {table} text; v_found boolean; BEGIN \
             FOR v_table IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'cases' LOOP \
             EXECUTE ({}) INTO v_found; ASSERT NOT v_found, v_table; END LOOP; END $$",
            sql.replace("$1", &format!("'%{text}%'"))
        ))
        .await;
}

#[actix_web::test]
async fn an_erased_query_is_read_nowhere_and_every_proof_stays() {
    let stage = Stage::set().await;
    let answer = asked(&stage, 1).await;
    let registry = stage.registry();
    let subject = registry.subjects.hash(&stage.persons[0]);
    let (intent, outcome) = (answer.receipt.index - 1, answer.receipt.index);
    let before = registry.log.read(THREE_YEARS, intent).await.unwrap();
    let (copy, keys) = (
        stage.sealed_content().await,
        stage.app.folder().join("log-keys/months/register-household_2026-03.key"),
    );
    assert!(registry.values.open(&copy).await.unwrap().expose().contains(MARK));
    let restored = std::fs::read(&keys).unwrap();
    carry_out(&stage, &order(answer.query)).await;

    let done = stage.app.published::<ErasureCarriedOut>().await;
    assert_eq!(done.len(), 1);
    assert_eq!(done[0].backups_expire_on, "2026-04-01".parse().unwrap());
    let erased: Vec<u64> = done[0].entries.iter().map(|entry| u64::try_from(entry.index).unwrap()).collect();
    assert!(erased.contains(&intent));
    let token = stage.app.token(&stage.auditor);
    let purpose = json!({"purpose": "115年第1季稽核"});
    for index in [intent, outcome].into_iter().filter(|index| erased.contains(index)) {
        let path = format!("/v1/logs/{THREE_YEARS}/entries/{index}/readings");
        let body = stage.app.post(&path, &token, &purpose).await.expect_status(200);
        assert_eq!((&body["erased"], &body["values"]), (&json!(true), &json!({})));
    }
    let entry = registry.log.read(THREE_YEARS, intent).await.unwrap();
    assert_eq!(entry, before, "no row of the log is changed");
    assert_eq!(registry.log.open_body(&entry).await.unwrap(), Body::Erased);
    let head = registry.log.head(THREE_YEARS).await.unwrap();
    let path = registry.log.inclusion(THREE_YEARS, intent, head.size).await.unwrap();
    transparency::verify_inclusion(entry.leaf_hash, intent, head.size, head.root_hash, &path).unwrap();

    // The register: no reason, no person, no keyed hash of one.
    let application = format!("/v1/query-applications/{}", entry.header.application.unwrap());
    let shown = stage.app.get(&application, &stage.token()).await.expect_status(200);
    assert_eq!((&shown["content"]["reason"], &shown["content"]["persons"]), (&json!(""), &json!([])));
    assert!(!shown.to_string().contains(&stage.persons[0]));
    nowhere(&stage, &subject).await;
    // What stood there opens in no copy of the row: dead rows, WAL, a backup; nor once the key store was restored.
    assert!(matches!(registry.values.open(&copy).await, Err(KeyError::Destroyed { .. })));
    std::fs::write(&keys, restored).unwrap();
    assert!(registry.values.open(&copy).await.is_ok());
    let context = stage.app.context().clone();
    query_registry::erasing::repeat(registry.log.clone(), registry.values.clone(), context).await;
    assert!(matches!(registry.values.open(&copy).await, Err(KeyError::Destroyed { .. })));

    // Told twice, or carried out twice: once is enough.
    carry_out(&stage, &order(answer.query)).await;
    let governed = registry.log.find(GOVERNANCE, &Filter::default(), None, 100).await.unwrap().entries;
    let count = |action| governed.iter().filter(|e| e.header.action.as_deref() == Some(action)).count();
    assert_eq!((count("erasure-order"), count("erasure")), (erased.len(), erased.len()));
    stage.strike().await;
}

#[actix_web::test]
async fn other_persons_of_an_application_stay_and_an_interrupted_erasure_is_finished() {
    let stage = Stage::set().await;
    let answer = asked(&stage, 3).await;
    let registry = stage.registry();
    let (order, copy) = (order(answer.query), stage.sealed_content().await);
    // A crash behind the order entry and the key of one of the entries.
    let entry = registry.log.read(THREE_YEARS, answer.receipt.index - 1).await.unwrap();
    let mut new = registry.log.erasure_order(&entry);
    new.digests.insert("order".to_owned(), order.digest.parse().unwrap());
    let log = registry.log.clone();
    stage.app.feed("retention", &order).await;
    let index = log.append(GOVERNANCE, new).await.unwrap().index;
    let day = "2026-04-01".parse().unwrap();
    log.erase_entry(THREE_YEARS, entry.header.index, index, day).await.unwrap();
    stage.app.running.run_due().await.unwrap();

    assert_eq!(stage.app.published::<ErasureCarriedOut>().await.len(), 1);
    let governed = log.find(GOVERNANCE, &Filter::default(), None, 100).await.unwrap().entries;
    let of_entry = governed
        .iter()
        .filter(|e| e.header.range.as_ref().is_some_and(|range| range.first == entry.header.index));
    assert_eq!(of_entry.count(), 2, "one order, one erasure");
    let application = format!("/v1/query-applications/{}", entry.header.application.unwrap());
    let shown = stage.app.get(&application, &stage.token()).await.expect_status(200);
    assert_eq!(shown["content"]["persons"], json!(stage.persons[1..3]));
    assert_eq!(shown["content"]["reason"], json!(MARK), "the others' queries rest on it");
    assert_eq!(shown["content"]["salt"], json!("00".repeat(32)));
    assert!(registry.values.open(&copy).await.is_err(), "with the person in it, it opens in no copy");
    nowhere(&stage, &registry.subjects.hash(&stage.persons[0])).await;
    stage.strike().await;
}

#[actix_web::test]
async fn an_order_that_does_not_fit_or_is_somebodys_own_matter_erases_nothing() {
    let stage = Stage::set().await;
    let answer = asked(&stage, 1).await;
    let good = order(answer.query);
    let month = "2026-02-01".parse().unwrap();
    let id = |n| OrderId(Uuid::from_u128(n));
    for bad in [
        ErasureApproved { order: id(2), month, ..good.clone() },
        ErasureApproved { order: id(3), regulation: "tax".into(), ..good.clone() },
        ErasureApproved { order: id(4), query: Some(QueryId(Uuid::from_u128(9))), ..good.clone() },
        ErasureApproved { order: id(5), log: "no-log".into(), ..good.clone() },
        ErasureApproved { order: id(6), query: None, index: Some(999), ..good.clone() },
        ErasureApproved { order: id(7), requested_by: stage.user.person, ..good.clone() },
        ErasureApproved { order: id(8), approved_by: stage.user.person, ..good },
    ] {
        carry_out(&stage, &bad).await;
    }
    let refused = stage.app.published::<ErasureRefused>().await;
    let faults: Vec<&str> = refused.iter().map(|r| r.fault.as_str()).collect();
    assert_eq!(faults, [["not-found"; 5].as_slice(), ["own-matter"; 2].as_slice()].concat());
    assert!(stage.app.published::<ErasureCarriedOut>().await.is_empty());
    let registry = stage.registry();
    let entry = registry.log.read(THREE_YEARS, answer.receipt.index - 1).await.unwrap();
    let values = registry.log.open_body(&entry).await.unwrap().values().unwrap();
    assert_eq!(values["subject"].expose(), &stage.persons[0]);
    stage.strike().await;
}

#[actix_web::test]
async fn no_topic_holds_a_personal_value_or_a_key_of_an_erased_query() {
    let stage = Stage::set().await;
    let answer = asked(&stage, 1).await;
    let registry = stage.registry();
    let before = stage.app.folder().join("log-keys/months/three-year_2026-03.key");
    let wrapped = std::fs::read(&before).unwrap();
    carry_out(&stage, &order(answer.query)).await;
    assert_ne!(std::fs::read(&before).unwrap(), wrapped);

    let count = usize::try_from(stage.app.events().await).unwrap();
    let messages = stage.app.messages(service().topics, count).await;
    let holds = |text: &[u8]| messages.iter().any(|m| m.windows(text.len()).any(|bytes| bytes == text));
    assert!(holds(answer.query.to_string().as_bytes()), "the search finds what is there");
    let hash = registry.subjects.hash(&stage.persons[0]);
    for text in [MARK, &stage.persons[0], &hash, "抹除標記"] {
        assert!(!holds(text.as_bytes()), "{text} is in a topic");
    }
    let keys: serde_json::Value = serde_json::from_slice(&wrapped).unwrap();
    assert!(!holds(keys["keys"].as_str().unwrap().as_bytes()));
    stage.strike().await;
}
