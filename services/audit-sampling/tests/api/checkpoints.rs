//! The own copy of the query log's checkpoints: what continues it is kept, what does not is kept with its fault.

use account_types::events::AgencyChanged;
use chassis::Tx;
use diesel_async::RunQueryDsl as _;
use identity::Role;
use query_registry_types::events::CheckpointPublished;
use serde_json::{Value, json};
use statement::statement;
use testkit::TestApp;
use transparency::Hash;
use transparency::checkpoint::Checkpoint;
use transparency::note::Signer;
use transparency::tree::{self, Node};

const ORIGIN: &str = "log.example/three-year";

/// A log with its leaves and its key.
struct History {
    leaves: Vec<Hash>,
    signer: Signer,
}

impl History {
    fn new(entries: &str, seed: u8) -> Self {
        let leaves = entries.bytes().map(|entry| Hash::leaf(&[entry])).collect();
        Self { leaves, signer: Signer::new(ORIGIN, &[seed; 32]).unwrap() }
    }

    fn node(&self, node: Node) -> Hash {
        if node.level == 0 {
            return self.leaves[usize::try_from(node.index).unwrap()];
        }
        let child = |n| self.node(Node { level: node.level - 1, index: 2 * node.index + n });
        Hash::node(child(0), child(1))
    }

    fn fold(&self, part: &[Node]) -> Hash {
        tree::fold(part.iter().map(|node| self.node(*node))).unwrap()
    }

    /// What the registry tells of the tree of `size` entries after that of `after`.
    fn told(&self, after: u64, size: u64) -> CheckpointPublished {
        let parts = tree::of_consistency(after, size).unwrap_or_default();
        CheckpointPublished {
            log: "three-year".into(),
            size,
            note: Checkpoint::new(ORIGIN, size, self.fold(&tree::of_root(size))).sign(&self.signer),
            key: self.signer.verifier().to_string(),
            after,
            proof: parts.iter().map(|part| self.fold(part).to_string()).collect(),
        }
    }
}

async fn list(app: &TestApp, token: &str, more: &str) -> Vec<(Value, Value)> {
    let path = format!("/v1/checkpoints?log=three-year{more}");
    let page = app.get(&path, token).await.expect_status(200);
    let items = page["items"].as_array().unwrap();
    let mut found: Vec<_> = items.iter().map(|copy| (copy["size"].clone(), copy["fault"].clone())).collect();
    // All of one moment: their order is none.
    found.sort_by_key(|(size, _)| size.as_u64());
    found
}

#[actix_web::test]
async fn a_log_that_takes_back_a_checkpoint_is_held_to_the_copy() {
    let app = TestApp::of(audit_sampling::service()).start().await;
    let auditor = app.person("auditor", "bureau", &[Role::Auditor]);
    let bureau = AgencyChanged {
        agency: auditor.agency,
        name: "社會局".into(),
        kind: "bureau".into(),
        units: vec![],
        networks: vec![],
        revision: 1,
    };
    app.feed("account", &bureau).await;
    let auditor = app.token(&auditor);
    let (log, other) = (History::new("abcdefghij", 1), History::new("abXdefghij", 1));
    for event in [log.told(0, 3), log.told(3, 7), log.told(3, 7)] {
        app.feed("query-registry", &event).await;
    }
    assert_eq!(list(&app, &auditor, "").await, [(json!(3), Value::Null), (json!(7), Value::Null)]);
    let findings = async || {
        let found = app.get("/v1/findings?kind=log_contradicted", &auditor).await.expect_status(200);
        found["items"].as_array().unwrap().clone()
    };
    assert!(findings().await.is_empty());

    app.feed("query-registry", &other.told(7, 7)).await;
    app.feed("query-registry", &other.told(7, 9)).await;
    app.feed("query-registry", &History::new("abcdefghij", 2).told(7, 9)).await;
    let mut faults = list(&app, &auditor, "&fault=two-histories").await;
    faults.extend(list(&app, &auditor, "&fault=rewritten").await);
    faults.extend(list(&app, &auditor, "&fault=key").await);
    let expected = [(7, "two-histories"), (9, "rewritten"), (9, "key")];
    assert_eq!(faults, expected.map(|(size, fault)| (json!(size), json!(fault))));

    // One finding of the bureau's, with each contradiction as its evidence.
    let finding = findings().await;
    assert_eq!((finding.len(), &finding[0]["clause"]), (1, &json!("H6.6")), "{finding:#?}");
    assert_eq!(finding[0]["agency_id"], json!(bureau.agency));
    let evidence: Vec<_> =
        finding[0]["evidence"].as_array().unwrap().iter().map(|e| e["what"].clone()).collect();
    let told = [(7, "two-histories"), (9, "rewritten"), (9, "key")];
    let told = told.map(|(size, fault)| json!(format!("log=three-year size={size} fault={fault}")));
    assert_eq!(evidence, told);

    // The first history goes on from the last good copy.
    app.feed("query-registry", &log.told(7, 10)).await;
    let latest = app.get("/v1/checkpoints/three-year/latest", &auditor).await.expect_status(200);
    assert_eq!((&latest["size"], &latest["note"]), (&json!(10), &json!(log.told(7, 10).note)));
    app.get("/v1/checkpoints/five-year/latest", &auditor).await.expect_problem("not-found");
    let user = app.token(&app.person("user", "office", &[Role::User]));
    app.get("/v1/checkpoints", &user).await.expect_problem("forbidden");

    for sql in [
        "UPDATE checkpoint_copies SET doc = '{}'",
        "DELETE FROM checkpoint_copies",
        "TRUNCATE checkpoint_copies",
    ] {
        let bend = async |tx: &mut Tx| {
            statement(sql).execute(tx.conn()).await?;
            Ok(())
        };
        assert!(app.context().transaction(bend).await.is_err(), "{sql}");
    }
    app.stop().await;
}
