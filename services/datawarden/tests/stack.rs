//! The embedded suite comes up on an empty folder, and again on the same data.

#![expect(clippy::unwrap_used, reason = "tests")]

use datawarden::client::Client;
use datawarden::stack::{Stack, StackOptions, development_token};
use identity::Role;
use serde_json::Value;

async fn start(data: &std::path::Path) -> Stack {
    Stack::start(StackOptions { data: data.to_owned(), start: None, any_port: true }).await.unwrap()
}

async fn get(stack: &Stack, service: &str, path: &str, role: Role) -> (u16, Value) {
    let token = development_token(&stack.data, role).unwrap();
    let client = chassis::http_client(std::time::Duration::from_secs(10)).unwrap();
    let url = format!("{}{path}", stack.service(service).url());
    let answer = client.get(url).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_with_the_sample_city_and_again_on_the_same_data() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(folder.path()).await;
    for service in first.services() {
        let name = service.context.name();
        assert_eq!(get(&first, name, "/readyz", Role::Auditor).await.0, 200, "{name} is ready");
    }
    for service in first.services() {
        let (name, known) = (service.context.name(), &service.context.settings().services);
        for other in first.services() {
            assert_eq!(known.get(other.context.name()), Some(&other.url()), "where {name} looks for it");
        }
    }
    let (status, accounts) = get(&first, "account", "/v1/accounts?limit=200", Role::ItUnit).await;
    assert_eq!(status, 200, "{accounts:#}");
    assert_eq!(accounts["items"].as_array().unwrap().len(), 200);
    first.stop().await.unwrap();
    let second = start(folder.path()).await;
    let (status, again) = get(&second, "account", "/v1/accounts?limit=200", Role::ItUnit).await;
    assert_eq!(status, 200);
    assert_eq!(again["items"][0]["id"], accounts["items"][0]["id"]);
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_signs_in_once_however_many_of_his_requests_wait_and_his_session_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let stack = start(folder.path()).await;
    let client = Client::open(&stack).await.unwrap();
    let auditor = client.bureau("auditor").unwrap();
    let ask = || client.list::<Value>(auditor, ("account", "list_agencies"), &[]);
    futures::future::try_join_all((0..24).map(|_| ask())).await.unwrap();
    let asked = |operation: &str| client.times().get(operation).map_or(0, |(times, _)| *times);
    assert_eq!((asked("prepare_login"), asked("issue_token")), (1, 1));
    client.sign_out(auditor);
    ask().await.unwrap();
    assert_eq!((asked("prepare_login"), asked("issue_token")), (2, 2), "signed out: the card again");
    stack.clock.set(client.now() + chrono::Duration::minutes(9));
    futures::future::try_join_all((0..24).map(|_| ask())).await.unwrap();
    assert_eq!(
        (asked("prepare_login"), asked("issue_token")),
        (2, 3),
        "the token is over, its session is not"
    );
    stack.stop().await.unwrap();
}
