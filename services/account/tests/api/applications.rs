//! Permission applications (H4.1, H5.2.1), governed changes, deputies.

use account_types::events::{AccountChanged, GovernanceRecorded, PersonChanged};
use account_types::{ActContent, CreateDeputy, DeputyTerms, GovernedAct, Outcome, ResultKind};
use identity::{Principal, PrincipalKind, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, account_id, granted};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_opened_only_after_every_stage_and_by_the_it_unit() {
    let world = World::start().await;
    let it = world.file("user", world.form("user", "household", "add", None), 'a').await;
    let opening = format!("/v1/permission-applications/{}/opening", it["id"].as_str().unwrap());
    assert_eq!(it["next_stage"], "unit-supervisor");
    assert!(it["account_id"].is_null());
    world.post("it", &opening, &json!({})).await.expect_problem("not-approved");
    world.endorse("head", &it, "agency-head", None).await.expect_problem("wrong-stage");
    world.endorse("head", &it, "unit-supervisor", None).await.expect_problem("not-the-actor");
    let _ = world.endorse("supervisor", &it, "unit-supervisor", None).await.expect_status(200);
    let _ = world.endorse("head", &it, "agency-head", None).await.expect_status(200);
    let _ = world.endorse("handler", &it, "business-unit", None).await.expect_status(200);
    world.endorse("handler", &it, "proposal", None).await.expect_problem("stage-incomplete");
    let _ = world.endorse("handler", &it, "proposal", Some(granted())).await.expect_status(200);
    let refused = Outcome { result: ResultKind::Refused, effective_on: None, note: Some("不符".into()) };
    world.endorse("chief", &it, "decision", Some(refused)).await.expect_problem("stage-incomplete");
    let _ = world.endorse("chief", &it, "decision", Some(granted())).await.expect_status(200);
    let due = world.get("it", "/v1/obligations?clause=H5.1.2&state=open").await.expect_status(200);
    assert_eq!(due["items"][0]["due_on"], "2026-03-09", "{due:#}");
    let done = world.post("it", &opening, &json!({})).await.expect_status(200);
    assert_eq!(done["status"], "done");
    let path = format!("/v1/accounts/{}", done["account_id"].as_str().unwrap());
    let account = world.get("user", &path).await.expect_status(200);
    assert_eq!((&account["status"], &account["valid_from"]), (&json!("active"), &json!("2026-03-09")));
    assert!(account["number"].as_str().unwrap().starts_with("H115-"));
    let opened = world.app.published::<AccountChanged>().await.pop().unwrap();
    assert_eq!((opened.cause.as_str(), opened.clause.as_str()), ("opened", "H5.1.2"));
    let seals =
        world.app.published::<GovernanceRecorded>().await.iter().filter(|g| g.kind == "endorsement").count();
    assert_eq!(seals, 2 + 6, "two of the first start, six of the path");
    let open = world.get("it", "/v1/obligations?clause=H5.1.2&state=open").await.expect_status(200);
    assert_eq!(open["items"], json!([]));
    let feed = world.app.get("/v1/changes", &world.token("officer")).await.expect_status(200);
    let causes: Vec<&str> =
        feed["items"].as_array().unwrap().iter().map(|c| c["cause"].as_str().unwrap()).collect();
    assert_eq!(
        causes,
        [
            "filed",
            "unit-supervisor",
            "agency-head",
            "business-unit",
            "proposal",
            "decision",
            "opened",
            "carried_out"
        ]
    );
    // The agency's own system reads on from where it was; another agency's sees nothing of it.
    let own = Principal {
        kind: PrincipalKind::System,
        roles: [Role::AgencySystem].into(),
        ..world.people["user"].principal()
    };
    let at = feed["items"][5]["seq"].as_i64().unwrap();
    let rest = world
        .app
        .get(&format!("/v1/changes?after={at}"), &world.app.token_for(&own))
        .await
        .expect_status(200);
    let told: Vec<(&str, &str)> = rest["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["subject"].as_str().unwrap(), c["cause"].as_str().unwrap()))
        .collect();
    let application = format!("/v1/permission-applications/{}", it["id"].as_str().unwrap());
    assert_eq!(told, [(path.as_str(), "opened"), (application.as_str(), "carried_out")]);
    let other = Principal { agency: Some(Uuid::nil().into()), ..own };
    let foreign = world.app.get("/v1/changes", &world.app.token_for(&other)).await.expect_status(200);
    assert_eq!((&foreign["items"], &foreign["next"]), (&json!([]), &json!("0")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_endorses_his_own_application_or_with_a_foreign_card_or_another_content() {
    let world = World::start().await;
    let own = world.file("supervisor", world.form("supervisor", "household", "add", None), 'a').await;
    world.endorse("supervisor", &own, "unit-supervisor", None).await.expect_problem("own-matter");
    let it = world.file("user", world.form("user", "household", "add", None), 'b').await;
    let path = format!("/v1/permission-applications/{}/endorsements", it["id"].as_str().unwrap());
    // The head's card over what the supervisor should sign.
    let mut foreign = world.stage("supervisor", &it, "unit-supervisor", None);
    let content = account_types::StageContent::new(
        it["form_digest"].as_str().unwrap(),
        "unit-supervisor",
        world.people["supervisor"].post,
    );
    foreign.endorsement = world.sign("head", &content);
    world.post("supervisor", &path, &foreign).await.expect_problem("foreign-card");
    // The supervisor's card over another application.
    let mut other = world.stage("supervisor", &own, "unit-supervisor", None);
    other.stage = "unit-supervisor".into();
    world.post("supervisor", &path, &other).await.expect_problem("endorsement-invalid");
    // The same signed form is not filed twice.
    let again = world.filing("user", world.form("user", "household", "add", None), 'b');
    assert_eq!(world.post("user", "/v1/permission-applications", &again).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_complete_or_refused_field_by_field() {
    let world = World::start().await;
    let mut form = world.form("user", "household", "add", Some(account_id("household/user")));
    form.fields.remove("reason");
    form.fields.insert("color".into(), "blue".into());
    let body = world.filing("user", form, 'c');
    let problem =
        world.post("user", "/v1/permission-applications", &body).await.expect_problem("malformed-request");
    let pointers: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/form/fields/color", "/form/fields/reason"]);
    let form = world.form("user", "household", "add", Some(account_id("household/user")));
    let problem = world.post("user", "/v1/permission-applications", &world.filing("user", form, 'd')).await;
    assert_eq!(problem.expect_problem("malformed-request")["clause"], "H5.2.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_application_is_filed_again_and_a_refused_one_ends() {
    let world = World::start().await;
    let it = world.file("user", world.form("user", "household", "add", None), 'a').await;
    let base = format!("/v1/permission-applications/{}", it["id"].as_str().unwrap());
    let back = world
        .post("supervisor", &format!("{base}/return"), &json!({"reason": "補正"}))
        .await
        .expect_status(200);
    assert_eq!(back["status"], "returned");
    let again = world.filing("user", world.form("user", "household", "add", None), 'b');
    let again = world.post("user", &format!("{base}/filings"), &again).await.expect_status(200);
    assert_eq!((&again["round"], &again["next_stage"]), (&json!(2), &json!("unit-supervisor")));
    let outcome = Outcome { result: ResultKind::Refused, effective_on: None, note: Some("不符".into()) };
    let signed = world.stage("supervisor", &again, "unit-supervisor", Some(outcome));
    let body = json!({"stage": "unit-supervisor", "reason": "不符", "endorsement": signed.endorsement});
    let refused = world.post("supervisor", &format!("{base}/refusal"), &body).await.expect_status(200);
    assert_eq!(refused["status"], "refused");
    world.endorse("supervisor", &again, "unit-supervisor", None).await.expect_problem("wrong-stage");
    let view = world.get("user", &base).await.expect_status(200);
    assert_eq!(view["personal_fields"]["name"], "王小明");
    assert!(!view["application"].to_string().contains("王小明"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_guards_the_guards_takes_two_administrators() {
    let world = World::start().await;
    let change = GovernedAct::ChangeNetworks {
        agency: world.people["user"].agency,
        networks: vec!["10.9.0.0/16".into()],
    };
    let content =
        ActContent::new("propose_governed_change", Uuid::nil(), world.people["admin-a"].post, &change);
    let body = json!({"change": change, "reason": "遷址", "endorsement": world.sign("admin-a", &content)});
    let proposed = world.post("admin-a", "/v1/governed-changes", &body).await.expect_status(201);
    let id: Uuid = proposed["id"].as_str().unwrap().parse().unwrap();
    let approval = |name: &str| {
        let content = ActContent::new("approve_governed_change", id, world.people[name].post, &change);
        json!({"endorsement": world.sign(name, &content)})
    };
    let path = format!("/v1/governed-changes/{id}/approval");
    world.post("admin-a", &path, &approval("admin-a")).await.expect_problem("own-matter");
    let second = world.post("admin-a", "/v1/governed-changes", &body).await.expect_status(201);
    let second = format!("/v1/governed-changes/{}", second["id"].as_str().unwrap());
    let _ = world.post("admin-b", &format!("{second}/dropping"), &json!({})).await.expect_status(200);
    world.post("admin-b", &format!("{second}/dropping"), &json!({})).await.expect_problem("conflict");
    assert_eq!(world.post("it", &path, &approval("admin-b")).await.status, 403);
    let _ = world.post("admin-b", &path, &approval("admin-b")).await.expect_status(200);
    let agency =
        world.get("user", &format!("/v1/agencies/{}", world.people["user"].agency)).await.expect_status(200);
    assert_eq!(agency["networks"], json!(["10.9.0.0/16"]));
    let kinds = world.recorded_kinds().await;
    assert_eq!(
        kinds,
        [
            "endorsement",
            "endorsement",
            "bootstrap",
            "endorsement",
            "change-proposed",
            "endorsement",
            "change-proposed",
            "change-dropped",
            "endorsement",
            "network-change"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deputy_gets_no_more_than_the_post_and_never_orders_himself() {
    let world = World::start().await;
    let terms = |roles: &[&str]| DeputyTerms {
        principal: world.people["supervisor"].person,
        post: world.people["supervisor"].post,
        deputy: world.people["colleague"].person,
        from: "2026-03-02".parse().unwrap(),
        until: "2026-03-06".parse().unwrap(),
        roles: roles.iter().map(|r| (*r).to_owned()).collect(),
    };
    let order = |name: &str, terms: DeputyTerms| {
        let content = ActContent::new("create_deputy", terms.post.0, world.people[name].post, &terms);
        serde_json::to_value(CreateDeputy { endorsement: world.sign(name, &content), terms }).unwrap()
    };
    let post = async |name: &str, body: Value| world.post(name, "/v1/deputies", &body).await;
    post("supervisor", order("supervisor", terms(&["agency_head"]))).await.expect_problem("person-unfit");
    post("colleague", order("colleague", terms(&["unit_supervisor"]))).await.expect_problem("own-matter");
    let _ = post("supervisor", order("supervisor", terms(&["unit_supervisor"]))).await.expect_status(201);
    let changed = world.app.published::<PersonChanged>().await.pop().unwrap();
    assert_eq!(changed.person, world.people["colleague"].person);
    assert_eq!(changed.posts[1].deputy_for, Some(world.people["supervisor"].post));
}
