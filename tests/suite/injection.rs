//! What looks like SQL in a value is a value: every list, asked with every text that it can be narrowed by.

use identity::Role;
use reqwest::Client;
use serde_json::Value;

use crate::suite::{Token, account_credential, start, token};

/// Nothing is called so.
const PLAIN: &str = "no-such-thing";
const HOSTILE: [&str; 4] =
    ["no' OR '1'='1", "no'; SELECT pg_sleep(20); --", "no\" OR 1=1 --", "no' UNION SELECT current_user --"];

/// A list, the role that asks, and a parameter that takes a text.
struct Narrowed {
    id: String,
    url: String,
    role: Role,
    parameter: String,
}

async fn lists(stack: &datawarden::stack::Stack, client: &Client) -> Vec<Narrowed> {
    let mut all = vec![];
    for service in stack.services() {
        let url = format!("{}/openapi.json", service.url());
        let document: Value = client.get(url).send().await.unwrap().json().await.unwrap();
        for (id, method, path, operation) in service.context.operations().iter() {
            let person = |role: &&Role| !matches!(role, Role::Service | Role::AgencySystem);
            let Some(role) = operation.roles.iter().find(person) else { continue };
            let parameters = document["paths"][path]["get"]["parameters"].as_array();
            if method != "GET" || path.contains('{') {
                continue;
            }
            for parameter in parameters.into_iter().flatten().filter(|p| p["in"] == "query") {
                if parameter["schema"]["type"] == "string" {
                    all.push(Narrowed {
                        id: format!("{}.{id}", service.context.name()),
                        url: format!("{}{path}", service.url()),
                        role: *role,
                        parameter: parameter["name"].as_str().unwrap().to_owned(),
                    });
                }
            }
        }
    }
    all
}

/// Status and what is listed; a problem names the value's place and never the value.
async fn ask(client: &Client, list: &Narrowed, bearer: &str, value: &str) -> (u16, Value) {
    let request = client.get(&list.url).query(&[(&list.parameter, value)]).bearer_auth(bearer);
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or_default();
    (status, body.get("items").or_else(|| body.get("type")).cloned().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_looks_like_sql_is_a_value_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let stack = start(folder.path()).await;
    let client = chassis::http_client(std::time::Duration::from_secs(10)).unwrap();
    let lists = lists(&stack, &client).await;
    assert!(lists.len() > 60, "only {} parameters", lists.len());
    let mut wrong = vec![];
    for list in &lists {
        let bearer = token(account_credential(&stack), &Token { roles: &[list.role], ..Token::default() });
        let plain = ask(&client, list, &bearer, PLAIN).await;
        if plain.0 >= 500 {
            wrong.push(format!("{} by {}: {plain:?}", list.id, list.parameter));
        }
        for hostile in HOSTILE {
            let answer = ask(&client, list, &bearer, hostile).await;
            if answer != plain {
                wrong.push(format!("{} by {}={hostile}: {answer:?}, not {plain:?}", list.id, list.parameter));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    stack.stop().await.unwrap();
}
