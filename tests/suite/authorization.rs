//! Every operation of every service, tried without a token, with bad tokens, and with every role that is not on its
//! list: the matrix of `operations.toml` is what is enforced.

use chassis::http::caller::{OVERSEES_AGENCIES, SEES_ALL_AGENCIES};
use datawarden::stack::AUDIENCE;
use identity::{Role, ServiceSigner};
use kernel::{Clock as _, SystemClock};
use reqwest::{Client, Method};
use serde_json::Value;

use crate::suite::{Token, account_credential, foreign_credential, service_credential, start, token};

const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";
/// What every official may read of every agency: who is there at all.
const FOR_ALL: [&str; 1] = ["account.get_agency"];

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
                .map(|part| if part.starts_with('{') { UNKNOWN } else { part })
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
    let all = || Token { roles: Role::ALL, ..Token::default() };
    let minutes = chrono::Duration::minutes;
    let another = service_credential(&stack, "query-registry");
    let service = ServiceSigner::new(another.clone(), "query-registry").unwrap();
    let bad = [
        ("a foreign authority", token(foreign_credential(), &all())),
        ("a token that another service signed", token(another, &all())),
        ("another issuer", token(own.clone(), &Token { issuer: "https://elsewhere", ..all() })),
        ("another audience", token(own.clone(), &Token { audience: "elsewhere", ..all() })),
        ("an expired token", token(own.clone(), &Token { age: minutes(11), ..all() })),
        ("a token of the future", token(own.clone(), &Token { age: minutes(-2), ..all() })),
        (
            "a token that is bound to a certificate",
            token(own.clone(), &Token { bound_to: Some("x"), ..all() }),
        ),
        (
            "a service's token for another request",
            service.token(AUDIENCE, SystemClock.now(), "GET", "/v1/elsewhere").unwrap(),
        ),
        ("no token at all", "x".to_owned()),
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

/// One thing of some agency behind `list`, as a role that sees all agencies is shown it.
async fn somebodys(client: &Client, list: &str, bearer: &str) -> Option<String> {
    let answer = client.get(list).bearer_auth(bearer).send().await.unwrap();
    let page: Value = answer.json().await.ok()?;
    let of_an_agency = |item: &&Value| {
        ["agency", "agency_id"].iter().any(|name| item[*name].is_string()) && item["id"].is_string()
    };
    page["items"].as_array()?.iter().find(of_an_agency)?["id"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_agency_looks_like_what_does_not_exist() {
    let folder = tempfile::tempdir().unwrap();
    let stack = start(folder.path()).await;
    let client = chassis::http_client(std::time::Duration::from_secs(20)).unwrap();
    let own = account_credential(&stack);
    let of_role = |role: &Role, oversees: bool| {
        token(own.clone(), &Token { roles: &[*role], oversees, ..Token::default() })
    };
    let is_wide = |role: &Role| SEES_ALL_AGENCIES.contains(role) || OVERSEES_AGENCIES.contains(role);
    let (mut seen, mut tried, mut offices) = (vec![], vec![], 0);
    for operation in operations(&stack) {
        let Some(list) = operation.url.strip_suffix(&format!("/{UNKNOWN}")) else { continue };
        let wide = operation.roles.iter().find(|role| is_wide(role) && **role != Role::Service);
        if operation.method != Method::GET || FOR_ALL.contains(&operation.id.as_str()) {
            continue;
        }
        let Some(wide) = wide else { continue };
        let Some(id) = somebodys(&client, list, &of_role(wide, true)).await else { continue };
        // Among them those who would see it in a post of the bureau.
        for role in operation
            .roles
            .iter()
            .filter(|role| !SEES_ALL_AGENCIES.contains(role) && **role != Role::AgencySystem)
        {
            offices += usize::from(OVERSEES_AGENCIES.contains(role));
            let bearer = of_role(role, false);
            let mut answers = vec![];
            for id in [id.as_str(), UNKNOWN] {
                let answer = client.get(format!("{list}/{id}")).bearer_auth(&bearer).send().await.unwrap();
                answers.push((answer.status().as_u16(), answer.json::<Value>().await.unwrap()));
            }
            if answers[0].0 != 404 || answers[0] != answers[1] {
                seen.push(format!("{} as {role}: {answers:?}", operation.id));
            }
        }
        tried.push(operation.id);
    }
    assert!(seen.is_empty(), "shown to a stranger: {seen:#?}");
    assert!(tried.len() >= 3 && offices >= 3, "there was hardly anything to try: {tried:?}");
    stack.stop().await.unwrap();
}

/// The regulation that a listed thing is about.
fn regulation(item: &Value) -> Option<&str> {
    ["/regulation", "/content/regulation", "/manifest/scope/regulation"]
        .iter()
        .find_map(|pointer| item.pointer(pointer)?.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_providers_auditor_sees_what_is_about_its_own_data_alone() {
    let folder = tempfile::tempdir().unwrap();
    let stack = start(folder.path()).await;
    let client = chassis::http_client(std::time::Duration::from_secs(20)).unwrap();
    let own = account_credential(&stack);
    let auditor = |provides: &[&str]| {
        token(own.clone(), &Token { roles: &[Role::ExternalAuditor], provides, ..Token::default() })
    };
    let (all, tax, nothing) = (auditor(Token::default().provides), auditor(&["tax"]), auditor(&[]));
    let get = async |url: &str, bearer: &str| {
        let answer = client.get(url).bearer_auth(bearer).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default())
    };
    let mut tried = vec![];
    for list in operations(&stack) {
        let theirs = list.method == Method::GET && list.roles.contains(&Role::ExternalAuditor);
        if !theirs || list.url.contains(UNKNOWN) {
            continue;
        }
        let items = async |bearer: &str| {
            let (_, page) = get(&format!("{}?limit=200", list.url), bearer).await;
            page["items"].as_array().cloned().unwrap_or_default()
        };
        let every = items(&all).await;
        let Some(other) = every.iter().find(|item| regulation(item).is_some_and(|name| name != "tax")) else {
            continue;
        };
        let stranger = items(&tax).await.into_iter().find(|item| regulation(item) != Some("tax"));
        assert!(stranger.is_none(), "{}: {stranger:#?}", list.id);
        assert!(items(&nothing).await.is_empty(), "{}: for whoever provides nothing", list.id);
        if let Some(id) = other["id"].as_str() {
            let hidden = get(&format!("{}/{id}", list.url), &tax).await;
            assert_eq!(hidden, get(&format!("{}/{UNKNOWN}", list.url), &tax).await, "{}", list.id);
            assert_eq!(hidden.0, 404, "{}", list.id);
            assert_eq!(get(&format!("{}/{id}", list.url), &all).await.0, 200, "{}", list.id);
        }
        tried.push(list.id);
    }
    assert!(tried.contains(&"account.list_accounts".to_owned()), "only {tried:?}");
    // And one who signs in with his card is granted just that.
    let officials = datawarden::client::Client::open(&stack).await.unwrap();
    let provider = stack.city.agency_by_code("tax").unwrap().id;
    let auditor = officials.holder(provider, "external_auditor").unwrap();
    let accounts: Vec<Value> =
        officials.list(auditor, ("account", "list_accounts"), &[]).await.map_err(|e| e.to_string()).unwrap();
    assert!(!accounts.is_empty() && accounts.iter().all(|account| account["regulation"] == "tax"));
    stack.stop().await.unwrap();
}
