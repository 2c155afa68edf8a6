//! What the gate acknowledges can be proved to anybody, with what everybody may read.

use query_log::Hash;
use query_registry::domain::rules::THREE_YEARS;
use query_registry_types::logs::LogHeads;
use query_registry_types::queries::QueryAnswer;
use transparency::checkpoint::Checkpoint;
use transparency::entry_proof::EntryProof;
use transparency::note::Verifier;
use transparency::tree::fold;
use transparency::verify_inclusion;

use crate::stage::Stage;

/// The key that verifies the log's checkpoints, as auditors are told it.
async fn key(stage: &Stage) -> Verifier {
    let heads: LogHeads = stage.app.get("/v1/logs", &stage.app.token(&stage.auditor)).await.json(200);
    let head = heads.heads.into_iter().find(|head| head.log == THREE_YEARS).unwrap();
    assert!(head.origin.ends_with(THREE_YEARS));
    Verifier::parse(&head.verifier_key).unwrap()
}

#[actix_web::test]
async fn the_answer_carries_the_proof_that_its_outcome_is_in_the_log() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let receipt = answer.receipt;
    let proof = EntryProof::parse(&receipt.proof).unwrap();
    let header = proof.extra.clone().unwrap();
    let checkpoint = proof.verify(Hash::leaf(&header), &[key(&stage).await]).unwrap();
    assert_eq!((checkpoint.size, checkpoint.root.to_string()), (receipt.size, receipt.root_hash));
    let header: serde_json::Value = serde_json::from_slice(&header[1..]).unwrap();
    assert_eq!(header["query"], serde_json::json!(answer.query));
    assert_eq!(header["digests"]["answer"], serde_json::json!(answer.digest));

    // Who asked checks what the log holds of the request: each value under its key is the commitment in the intent.
    let intent = EntryProof::parse(&answer.intent.proof).unwrap();
    let header = intent.extra.clone().unwrap();
    intent.verify(Hash::leaf(&header), &[key(&stage).await]).unwrap();
    let header = query_log::Header::from_bytes(&header).unwrap();
    assert_eq!(header.query, Some(answer.query));
    let given = [("subject", stage.persons[0].clone()), ("official", stage.user.person.to_string())];
    for (field, value) in given {
        let mac_key = hex::decode(answer.intent.field_keys[field].expose()).unwrap();
        let mac_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &mac_key);
        let commitment = aws_lc_rs::hmac::sign(&mac_key, value.as_bytes());
        assert_eq!(header.commitments[field].0.as_slice(), commitment.as_ref(), "{field}");
    }
    assert_eq!(
        header.commitments.keys().collect::<Vec<_>>(),
        answer.intent.field_keys.keys().collect::<Vec<_>>()
    );

    // A refusal is proved as well; its problem may be kept for a repeated request, so no keys are in it.
    let refused = stage.query(&stage.ask(application.id, 0)).await.expect_problem("query-already-answered");
    let proof = EntryProof::parse(refused["receipt"]["proof"].as_str().unwrap()).unwrap();
    proof.verify(Hash::leaf(&proof.extra.clone().unwrap()), &[key(&stage).await]).unwrap();
    assert!(refused["receipt"].get("field_keys").is_none());
    stage.strike().await;
}

#[actix_web::test]
async fn everybody_reads_checkpoints_and_hashes_and_only_auditors_read_entries() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    while stage.registry().log.publish(THREE_YEARS).await.unwrap().is_some() {}
    let log = format!("/v1/logs/{THREE_YEARS}");
    let (status, headers, note) = stage.app.get_raw(&format!("{log}/checkpoint"), None).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "text/plain; charset=utf-8"));
    let note = String::from_utf8(note).unwrap();
    let checkpoint = Checkpoint::open(&note, &[key(&stage).await]).unwrap();

    let tile = format!("{log}/tile/0/000.p/{}", checkpoint.size);
    let (status, headers, hashes) = stage.app.get_raw(&tile, None).await;
    assert_eq!(status, 200);
    assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
    let leaves = hashes.chunks(32).map(|hash| Hash::try_from(hash).unwrap());
    let mut tree = transparency::Frontier::default();
    leaves.for_each(|leaf| tree.push(leaf, |_, _| {}));
    assert_eq!(fold(tree.nodes().iter().copied()), Some(checkpoint.root));

    let token = stage.app.token(&stage.auditor);
    let path = format!("{log}/entries/{}/proof", answer.receipt.index);
    let (status, _, proof) = stage.app.get_raw(&path, Some(&token)).await;
    assert_eq!(status, 200);
    let proof = EntryProof::parse(&String::from_utf8(proof).unwrap()).unwrap();
    let leaf = answer.receipt.leaf_hash.parse().unwrap();
    verify_inclusion(leaf, proof.index, checkpoint.size, checkpoint.root, &proof.path).unwrap();

    let entries = format!("{log}/tile/entries/000.p/{}", checkpoint.size);
    assert_eq!(stage.app.get_raw(&entries, None).await.0, 401);
    assert_eq!(stage.app.get_raw(&entries, Some(&stage.token())).await.0, 403);
    let (status, _, bundle) = stage.app.get_raw(&entries, Some(&token)).await;
    let length = usize::from(u16::from_be_bytes([bundle[0], bundle[1]]));
    assert_eq!((status, Hash::leaf(&bundle[2..2 + length]).0.as_slice()), (200, &hashes[..32]));
    for missing in ["tile/0/000", "tile/0/7", "tile/x/000", "tile/entries/000", "tile/0/x001/000"] {
        assert_eq!(stage.app.get_raw(&format!("{log}/{missing}"), Some(&token)).await.0, 404, "{missing}");
    }
    assert_eq!(stage.app.get_raw("/v1/logs/none/checkpoint", None).await.0, 404);
    stage.strike().await;
}
