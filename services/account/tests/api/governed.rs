//! What guards the guards, over HTTP: cards, replayed signatures, age, and what services run on.

use account_types::{ActContent, GovernedAct};
use chrono::Duration;
use identity::TrustAnchors;
use kernel::configuration::{ConfigurationChanged, ConfigurationItem, ConfigurationKind};
use serde_json::{Value, json};
use testkit::TestResponse;
use uuid::Uuid;

use crate::world::World;

async fn propose(world: &World, name: &str, change: &GovernedAct) -> TestResponse {
    let content = ActContent::new("propose_governed_change", Uuid::nil(), world.people[name].post, change);
    let body = json!({"change": change, "reason": "x", "endorsement": world.sign(name, &content)});
    world.post(name, "/v1/governed-changes", &body).await
}

fn approval(world: &World, name: &str, id: &Value, change: &GovernedAct) -> Value {
    let id = id.as_str().unwrap().parse().unwrap();
    let content = ActContent::new("approve_governed_change", id, world.people[name].post, change);
    json!({"endorsement": world.sign(name, &content)})
}

async fn approve(world: &World, proposed: &Value, change: &GovernedAct) -> TestResponse {
    let path = format!("/v1/governed-changes/{}/approval", proposed["id"].as_str().unwrap());
    world.post("admin-b", &path, &approval(world, "admin-b", &proposed["id"], change)).await
}

fn networks(world: &World, network: &str) -> GovernedAct {
    GovernedAct::ChangeNetworks { agency: world.people["user"].agency, networks: vec![network.into()] }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_approves_one_change_and_comes_from_the_approvers_own_card() {
    let world = World::start().await;
    let (one, other) = (networks(&world, "10.8.0.0/16"), networks(&world, "10.9.0.0/16"));
    let first = propose(&world, "admin-a", &one).await.expect_status(201);
    let second = propose(&world, "admin-a", &other).await.expect_status(201);
    let same = propose(&world, "admin-a", &one).await.expect_status(201);
    let path = |change: &Value| format!("/v1/governed-changes/{}/approval", change["id"].as_str().unwrap());
    let signed = approval(&world, "admin-b", &first["id"], &one);
    for changed in [&second, &same] {
        world.post("admin-b", &path(changed), &signed).await.expect_problem("endorsement-invalid");
    }
    let card_of_a = {
        let id = first["id"].as_str().unwrap().parse().unwrap();
        let content = ActContent::new("approve_governed_change", id, world.people["admin-b"].post, &one);
        json!({"endorsement": world.sign("admin-a", &content)})
    };
    world.post("admin-b", &path(&first), &card_of_a).await.expect_problem("foreign-card");
    let _ = world.post("admin-b", &path(&first), &signed).await.expect_status(200);
    world.post("admin-b", &path(&first), &signed).await.expect_problem("conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_proposes_for_himself_and_what_is_not_there_is_told_at_once() {
    let world = World::start().await;
    let (a, user) = (&world.people["admin-a"], &world.people["user"]);
    let roles = ["administrator".to_owned(), "auditor".to_owned()];
    let own = GovernedAct::ChangeRoles { person: a.person, post: a.post, roles: roles.into() };
    propose(&world, "admin-a", &own).await.expect_problem("own-matter");
    let until = "2026-03-31".parse().unwrap();
    let no_post = GovernedAct::EndPost { person: user.person, post: a.post, until };
    propose(&world, "admin-a", &no_post).await.expect_problem("person-unfit");
    for people in [vec!["user"], vec!["user", "admin-b"]] {
        let custodians = people.iter().map(|name| world.people[name].person).collect();
        let named = GovernedAct::NameCustodians { custodians };
        propose(&world, "admin-a", &named).await.expect_problem("emergency-terms");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_proposal_is_never_approved_and_its_end_is_on_record() {
    let world = World::start().await;
    let change = networks(&world, "10.8.0.0/16");
    let proposed = propose(&world, "admin-a", &change).await.expect_status(201);
    assert_eq!(proposed["expires_at"], "2026-03-16T01:00:00Z");
    world.app.clock.advance(Duration::days(14));
    approve(&world, &proposed, &change).await.expect_problem("proposal-expired");
    world.app.advance(Duration::days(1)).await;
    let expired = world.get("auditor", "/v1/governed-changes?status=expired").await.expect_status(200);
    assert_eq!(expired["items"][0]["id"], proposed["id"]);
    let kinds = world.recorded_kinds().await;
    assert!(kinds.contains(&"change-expired".to_owned()), "{kinds:?}");
    approve(&world, &proposed, &change).await.expect_problem("proposal-expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_services_run_on_is_approved_by_two_told_to_all_and_can_be_taken_back() {
    let world = World::start().await;
    let at_start = world.app.published::<ConfigurationChanged>().await.len();
    let item = ConfigurationItem {
        kind: ConfigurationKind::RulePack,
        name: "household-2017@2".into(),
        digest: "ab".repeat(32),
        effective_on: "2026-07-01".parse().unwrap(),
    };
    let malformed = ConfigurationItem { digest: "AB".into(), ..item.clone() };
    let problem = propose(&world, "admin-a", &GovernedAct::ApproveConfiguration { item: malformed })
        .await
        .expect_problem("malformed-request");
    assert_eq!(problem["errors"][0]["pointer"], "/change/item/digest");
    let withdraw = GovernedAct::WithdrawConfiguration { item: item.clone() };
    propose(&world, "admin-a", &withdraw).await.expect_problem("malformed-request");
    for (change, approved, revision) in
        [(GovernedAct::ApproveConfiguration { item: item.clone() }, true, 1), (withdraw, false, 2)]
    {
        let proposed = propose(&world, "admin-a", &change).await.expect_status(201);
        let _ = approve(&world, &proposed, &change).await.expect_status(200);
        let told = world.app.published::<ConfigurationChanged>().await;
        let wanted = ConfigurationChanged { item: item.clone(), approved, revision };
        assert_eq!(told.last(), Some(&wanted));
        assert_eq!(told.len(), at_start + usize::try_from(revision).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_nobody_approved_stops_a_service_at_its_start() {
    let world = World::start().await;
    let context = world.app.context();
    chassis::configuration::check(context).await.unwrap();
    let roots = context.settings().identity.roots.clone();
    let foreign = identity::DevPki::generate().unwrap();
    let folder = tempfile::tempdir().unwrap();
    foreign.write_anchors(folder.path()).unwrap();
    let mut pem = std::fs::read_to_string(roots.join("citizen.pem")).unwrap();
    let before = pem.clone();
    pem.push_str(&std::fs::read_to_string(folder.path().join("citizen.pem")).unwrap());
    std::fs::write(roots.join("citizen.pem"), pem).unwrap();
    TrustAnchors::from_dir(&roots).unwrap();
    let refused = chassis::configuration::check(context).await.unwrap_err().to_string();
    assert!(refused.contains("trust_root citizen") && refused.contains("two administrators"), "{refused}");
    // Trusting fewer needs nobody.
    std::fs::write(roots.join("citizen.pem"), before).unwrap();
    chassis::configuration::check(context).await.unwrap();
}
