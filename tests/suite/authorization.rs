//! Every operation of every service, tried without a token, with bad tokens, and with every role that is not on its
//! list: the matrix of `operations.toml` is what is enforced.

use identity::Role;
use reqwest::{Client, Method};

use crate::suite::{Token, account_credential, foreign_credential, start, token};

struct Operation {
    id: String,
    method: Method,
    url: String,
    roles: Vec<Role>,
}

fn operations(stack: &datawarden::stack::Stack) -> Vec<Operation> {
    let mut all = vec![];
    for service in stack.services() {
        for (id, method, path, operation) in service.context.operations().iter() {
            if operation.public {
                continue;
            }
            let path: String = path
                .split('/')
                .map(|part| if part.starts_with('{') { "00000000-0000-7000-8000-000000000000" } else { part })
                .collect::<Vec<_>>()
                .join("/");
            all.push(Operation {
                id: format!("{}.{id}", service.context.name()),
                method: method.parse().unwrap(),
                url: format!("{}{path}", service.url()),
                roles: operation.roles.iter().copied().collect(),
            });
        }
    }
    all
}

async fn status(client: &Client, operation: &Operation, bearer: Option<&str>) -> u16 {
    let mut request = client.request(operation.method.clone(), &operation.url);
    if operation.method != Method::GET {
        request = request.header("idempotency-key", "authorization-test").json(&serde_json::json!({}));
    }
    if let Some(bearer) = bearer {
        request = request.bearer_auth(bearer);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_refuses_whoever_is_not_on_its_list() {
    let folder = tempfile::tempdir().unwrap();
    let stack = start(folder.path()).await;
    let client = chassis::http_client(std::time::Duration::from_secs(20)).unwrap();
    let own = account_credential(&stack);
    let bad = [
        ("a foreign authority", token(foreign_credential(), &Token { roles: Role::ALL, ..Token::default() })),
        (
            "another audience",
            token(own.clone(), &Token { roles: Role::ALL, audience: "elsewhere", ..Token::default() }),
        ),
        (
            "an expired token",
            token(
                own.clone(),
                &Token { roles: Role::ALL, age: chrono::Duration::minutes(11), ..Token::default() },
            ),
        ),
    ];
    let by_role: Vec<(Role, String)> = Role::ALL
        .iter()
        .map(|role| (*role, token(own.clone(), &Token { roles: &[*role], ..Token::default() })))
        .collect();
    let operations = operations(&stack);
    assert!(operations.len() > 50, "only {} operations", operations.len());
    let mut wrong = vec![];
    for operation in &operations {
        if status(&client, operation, None).await != 401 {
            wrong.push(format!("{} without a token", operation.id));
        }
        for (what, bearer) in &bad {
            if status(&client, operation, Some(bearer)).await != 401 {
                wrong.push(format!("{} with {what}", operation.id));
            }
        }
        for (role, bearer) in by_role.iter().filter(|(role, _)| !operation.roles.contains(role)) {
            // A person's token with the role of services or systems is no token at all.
            let status = status(&client, operation, Some(bearer)).await;
            if status != 403 && !(status == 401 && matches!(role, Role::Service | Role::AgencySystem)) {
                wrong.push(format!("{} as {role}", operation.id));
            }
        }
    }
    assert!(wrong.is_empty(), "got in or broke: {wrong:#?}");
    stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_for_somebody() {
    let folder = tempfile::tempdir().unwrap();
    let stack = start(folder.path()).await;
    let nobody: Vec<String> =
        operations(&stack).into_iter().filter(|o| o.roles.is_empty()).map(|o| o.id).collect();
    assert!(nobody.is_empty(), "operations without a role: {nobody:?}");
    stack.stop().await.unwrap();
}
