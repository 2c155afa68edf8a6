//! What is kept of endorsements for court: records, evidence once, everything to be had by digest.

use account_types::events::GovernanceRecorded;
use account_types::{ActContent, GovernedAct};
use chrono::Duration;
use identity::examine::{Case, Finding};
use identity::record::EndorsementBundles;
use identity::{EndorsementBundle, Principal, Role, SignedEndorsement, TrustAnchors, Usage};
use kernel::Clock as _;
use serde_json::{Value, json};
use testkit::TestResponse;
use uuid::Uuid;

use crate::world::World;

async fn propose(world: &World, change: &GovernedAct) -> TestResponse {
    let content =
        ActContent::new("propose_governed_change", Uuid::nil(), world.people["admin-a"].post, change);
    let body = json!({"change": change, "reason": "x", "endorsement": world.sign("admin-a", &content)});
    world.post("admin-a", "/v1/governed-changes", &body).await
}

fn networks(world: &World, n: usize) -> GovernedAct {
    let networks = vec![format!("10.{n}.0.0/16")];
    GovernedAct::ChangeNetworks { agency: world.people["user"].agency, networks }
}

/// Digests of the records that went to the governance log, in order.
async fn logged(world: &World) -> Vec<String> {
    let acts = world.app.published::<GovernanceRecorded>().await;
    acts.into_iter().filter(|act| act.kind == "endorsement").map(|act| act.digest).collect()
}

async fn bundle(world: &World, digest: &str) -> EndorsementBundle {
    let path = format!("/v1/endorsements/{digest}/evidence");
    let mut found: EndorsementBundles = world.get("auditor", &path).await.json(200);
    assert_eq!(found.items.len(), 1);
    found.items.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_endorsements_under_one_list_store_it_once() {
    let world = World::start().await;
    for n in 0..40 {
        let _ = propose(&world, &networks(&world, n)).await.expect_status(201);
    }
    // Two of the first start.
    assert_eq!((world.rows("endorsements").await, world.rows("revocation_evidence").await), (42, 1));
    let mut digests = logged(&world).await;
    assert_eq!(digests.len(), 42);
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 42, "each has a record of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_counts_as_stored_after_the_commit_alone() {
    let world = World::start().await;
    world.app.write_list(2, world.app.clock.now() + Duration::days(1)).await;
    let admin = &world.people["admin-a"];
    let own =
        GovernedAct::ChangeRoles { person: admin.person, post: admin.post, roles: ["auditor".into()].into() };
    propose(&world, &own).await.expect_problem("own-matter");
    assert_eq!(world.rows("revocation_evidence").await, 1, "nothing is kept of what was refused");
    for n in 0..2 {
        let _ = propose(&world, &networks(&world, n)).await.expect_status(201);
        assert_eq!(world.rows("revocation_evidence").await, 2);
    }
    let digest = logged(&world).await.pop().unwrap();
    let kept = bundle(&world, &digest).await;
    let key_id = world.people["admin-a"].card.credential().certificate().issuer_key_id();
    let list = std::fs::read(world.app.folder().join(format!("crl/{key_id}.crl"))).unwrap();
    assert_eq!(kept.evidence[0].bytes().unwrap(), list, "the new list, byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_about_an_endorsement_is_had_by_its_digest_and_stands_years_later() {
    let world = World::start().await;
    let change = networks(&world, 8);
    let _ = propose(&world, &change).await.expect_status(201);
    let digest = logged(&world).await.pop().unwrap();
    let kept = bundle(&world, &digest).await;
    assert_eq!((&kept.digest, kept.record.usage), (&digest, Usage::CitizenSignature));
    assert_eq!(kept.record.accepted_at, world.app.clock.now());
    let SignedEndorsement::One(one) = &kept.record.endorsement else { panic!("one content") };
    assert_eq!(bundle(&world, &one.content_digest).await, kept, "by what was signed");
    assert_eq!(kept.content.as_ref().unwrap()["body"], serde_json::to_value(&change).unwrap());

    let anchors = TrustAnchors::from_dir(&world.app.folder().join("roots")).unwrap();
    let now = world.app.clock.now() + Duration::days(20 * 365);
    let case = Case { bundle: &kept, contents: &[], anchors: &anchors, grace: Duration::zero(), now };
    let found = case.examine();
    assert!(found.has_evidence && found.checks.len() >= 7);
    for check in &found.checks {
        assert!(matches!(check.finding, Finding::Good(_)), "{check:?}");
    }

    // Both administrators signed the same first start.
    let start = world.get("auditor", "/v1/first-start").await.expect_status(200);
    let signed = start["endorsements"][0]["content_digest"].as_str().unwrap();
    let path = format!("/v1/endorsements/{signed}/evidence");
    let both: EndorsementBundles = world.get("auditor", &path).await.json(200);
    assert_eq!(both.items.len(), 2);
    world.get("user", &path).await.expect_problem("forbidden");
    let unknown = format!("/v1/endorsements/{}/evidence", "0".repeat(64));
    world.get("auditor", &unknown).await.expect_problem("not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_concerns_no_one_regulation_is_for_the_auditors_of_the_bureau() {
    let world = World::start().await;
    let _ = propose(&world, &networks(&world, 8)).await.expect_status(201);
    let path = format!("/v1/endorsements/{}/evidence", logged(&world).await.pop().unwrap());
    let (provides, bureau) = (["household".to_owned()].into(), world.people["auditor"].principal());
    let provider = Principal { roles: [Role::ExternalAuditor].into(), provides, ..bureau };
    let office = Principal { roles: [Role::Auditor].into(), ..world.people["head"].principal() };
    for stranger in [provider, office] {
        let answer = world.app.get(&path, &world.app.token_for(&stranger)).await;
        answer.expect_problem("not-found");
    }
    let _ = world.get("auditor", &path).await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_source_of_revocations_the_record_says_so() {
    let world = World::start_with(|settings, _, _| settings.identity.revocation.citizen = None).await;
    let _ = propose(&world, &networks(&world, 8)).await.expect_status(201);
    let kept = bundle(&world, &logged(&world).await.pop().unwrap()).await;
    assert!(kept.record.evidence.is_empty() && kept.evidence.is_empty());
    assert_eq!(world.rows("revocation_evidence").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sender_says_of_the_time_is_not_kept() {
    let world = World::start().await;
    let change = networks(&world, 8);
    let content =
        ActContent::new("propose_governed_change", Uuid::nil(), world.people["admin-a"].post, &change);
    let mut endorsement = world.sign("admin-a", &content);
    endorsement.signed_at -= Duration::days(1000);
    let body = json!({"change": change, "reason": "x", "endorsement": endorsement});
    let _: Value = world.post("admin-a", "/v1/governed-changes", &body).await.expect_status(201);
    let kept = bundle(&world, &logged(&world).await.pop().unwrap()).await;
    let SignedEndorsement::One(one) = kept.record.endorsement else { panic!("one content") };
    assert_eq!(one.signed_at, world.app.clock.now());
}
