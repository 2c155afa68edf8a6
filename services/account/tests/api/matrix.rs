//! Every operation refuses whoever has no token and whoever has no role for it.

use identity::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_answers_without_token_or_role() {
    let world = World::start().await;
    let context = world.app.context().clone();
    for (id, method, path, operation) in context.operations().iter().filter(|(_, _, _, o)| !o.public) {
        let path = path.replace("{id}", "00000000-0000-0000-0000-000000000001");
        let method: Method = method.parse().unwrap();
        let send = async |token: Option<&str>| {
            let body = (method == Method::POST).then(|| json!({}));
            world.app.send(method.clone(), &path, token, body.as_ref(), Some(id)).await
        };
        assert_eq!(send(None::<&str>).await.status, 401, "{id}");
        if let Some(role) = Role::ALL.iter().find(|r| **r != Role::Service && !operation.roles.contains(r)) {
            let token = world.app.system_token("test", "office", &[*role]);
            assert_eq!(send(Some(&token)).await.status, 403, "{id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_his_own_application_alone_and_the_bureaus_officer_those_of_all_offices() {
    let world = World::start().await;
    let it = world.file("user", world.form("user", "immigration", "add", None), 'a').await;
    let path = format!("/v1/permission-applications/{}", it["id"].as_str().unwrap());
    let _ = world.get("user", &path).await.expect_status(200);
    world.get("colleague", &path).await.expect_problem("not-found");
    let seen = world.get("colleague", "/v1/permission-applications").await.expect_status(200);
    assert_eq!(seen["items"], json!([]));
    let _ = world.get("bureau-officer", &path).await.expect_status(200);
    let seen = world.get("bureau-officer", "/v1/permission-applications").await.expect_status(200);
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_does_not_see_another_one() {
    let world = World::start().await;
    let mine = world.get("officer", "/v1/accounts").await.expect_status(200);
    let id = mine["items"][0]["id"].as_str().unwrap();
    let stranger = world.app.system_token("other", "elsewhere", &[Role::AgencySystem]);
    world.app.get(&format!("/v1/accounts/{id}"), &stranger).await.expect_problem("not-found");
    let theirs: Value = world.app.get("/v1/accounts", &stranger).await.expect_status(200);
    assert_eq!(theirs["items"], json!([]));
}
