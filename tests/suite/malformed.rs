//! Malformed requests to every changing operation, driven by the OpenAPI documents: each fault is told with the JSON
//! pointer of its place and without the value, and nothing is changed.

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use identity::Role;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::suite::{Token, account_credential, start, token};

/// Stands in every wrong value; must not come back in an answer.
const SENT: &str = "S0-never-said-again";

/// A changing operation with a JSON body.
struct Operation {
    id: String,
    url: String,
    method: reqwest::Method,
    role: Role,
    /// Names of the body's fields, each with a value of a wrong type.
    fields: Vec<(String, Value)>,
}

async fn operations(stack: &datawarden::stack::Stack, client: &Client) -> Vec<Operation> {
    let mut all = vec![];
    for service in stack.services() {
        let url = format!("{}/openapi.json", service.url());
        let document: Value = client.get(url).send().await.unwrap().json().await.unwrap();
        for (id, method, path, operation) in service.context.operations().iter() {
            let node = &document["paths"][path][method.to_lowercase()];
            let schema = &node["requestBody"]["content"]["application/json"]["schema"];
            if method == "GET" || schema.is_null() {
                continue;
            }
            let id = format!("{}.{id}", service.context.name());
            let person = |role: &&Role| !matches!(role, Role::Service | Role::AgencySystem);
            // Whoever calls a public operation, a token makes no difference.
            let role = operation.roles.iter().find(person).or(operation.public.then_some(&Role::User));
            let path: Vec<&str> = path.split('/').map(|part| filled(node, part)).collect();
            all.push(Operation {
                url: format!("{}{}", service.url(), path.join("/")),
                method: method.parse().unwrap(),
                role: *role.unwrap_or_else(|| panic!("{id}: no role of a person")),
                fields: fields(&document, resolved(&document, schema)),
                id,
            });
        }
    }
    all
}

/// A part of a path, its parameter filled with a number or an id as the document says.
fn filled<'a>(operation: &Value, part: &'a str) -> &'a str {
    let Some(name) = part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) else { return part };
    let parameter = operation["parameters"].as_array().into_iter().flatten().find(|p| p["name"] == name);
    match parameter.map(|p| p["schema"]["type"] == "integer") {
        Some(true) => "1",
        _ => "00000000-0000-7000-8000-000000000000",
    }
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(name) => resolved(document, document.pointer(name.trim_start_matches('#')).unwrap()),
        None => schema,
    }
}

fn fields(document: &Value, schema: &Value) -> Vec<(String, Value)> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.filter_map(|(name, schema)| Some((name.clone(), wrong(resolved(document, schema))?))).collect()
}

/// A value that the schema does not allow; `None` where it allows anything.
fn wrong(schema: &Value) -> Option<Value> {
    let is = |kind: &str| match &schema["type"] {
        Value::String(one) => one == kind,
        Value::Array(several) => several.iter().any(|s| s == kind),
        _ => false,
    };
    let composed = schema["oneOf"].is_array() || schema["anyOf"].is_array() || schema["allOf"].is_array();
    if is("object") || composed {
        return Some(json!([[SENT]]));
    }
    schema["type"].is_string().then_some(()).or(schema["type"].is_array().then_some(()))?;
    Some(json!({ "wrong": SENT }))
}

struct Sent<'a> {
    client: &'a Client,
    operation: &'a Operation,
    bearer: String,
}

impl Sent<'_> {
    async fn send(&self, body: Vec<u8>) -> (StatusCode, Value) {
        let operation = self.operation;
        let request = self.client.request(operation.method.clone(), &operation.url).bearer_auth(&self.bearer);
        let request =
            request.header("idempotency-key", "malformed-test").header("content-type", "application/json");
        let answer = request.body(body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    /// What is wrong with the answer to a body whose fault is at `pointer`.
    async fn fault(&self, body: Vec<u8>, pointer: &str) -> Option<String> {
        let (status, problem) = self.send(body).await;
        let told = problem["errors"][0]["pointer"].as_str();
        let good = status == StatusCode::BAD_REQUEST
            && problem["type"] == "urn:datawarden:problem:malformed-request"
            && told.is_some_and(|told| told.starts_with(pointer))
            && !problem.to_string().contains(SENT);
        (!good).then(|| format!("{} at {pointer:?}: {status} {problem}", self.operation.id))
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Answers that were kept: one for each request that had an effect.
async fn effects(stack: &datawarden::stack::Stack) -> i64 {
    let mut sum = 0;
    for service in stack.services() {
        let mut conn = service.context.connection().await.unwrap();
        let sql = "SELECT count(*) AS n FROM idempotency";
        sum += sql_query(sql).get_result::<Count>(&mut conn).await.unwrap().n;
    }
    sum
}

#[tokio::test(flavor = "multi_thread")]
async fn each_malformed_body_is_refused_with_the_pointer_of_its_fault_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let stack = start(folder.path()).await;
    let client = chassis::http_client(std::time::Duration::from_secs(30)).unwrap();
    let operations = operations(&stack, &client).await;
    assert!(operations.len() > 80, "only {} operations", operations.len());
    let before = effects(&stack).await;
    let mut faults = vec![];
    let mut fields = 0;
    for operation in &operations {
        let bearer =
            token(account_credential(&stack), &Token { roles: &[operation.role], ..Token::default() });
        let sent = Sent { client: &client, operation, bearer };
        faults.extend(sent.fault(b"{\"".to_vec(), "").await);
        faults.extend(sent.fault(format!("[\"{SENT}\"]").into_bytes(), "").await);
        let unknown = json!({ "no_such_field": SENT }).to_string();
        faults.extend(sent.fault(unknown.into_bytes(), "/no_such_field").await);
        for (name, value) in &operation.fields {
            fields += 1;
            let mut body = serde_json::Map::new();
            body.insert(name.clone(), value.clone());
            let body = Value::Object(body).to_string();
            faults.extend(sent.fault(body.into_bytes(), &format!("/{name}")).await);
        }
        let (status, problem) = sent.send(vec![b' '; 4 * 1024 * 1024 + 1]).await;
        if status != StatusCode::PAYLOAD_TOO_LARGE || problem["type"] != "urn:datawarden:problem:too-large" {
            faults.push(format!("{} too large: {status} {problem}", operation.id));
        }
    }
    assert!(faults.is_empty(), "{} of {}: {faults:#?}", faults.len(), operations.len());
    assert!(fields > 200, "only {fields} fields");
    assert_eq!(effects(&stack).await, before, "nothing was changed");
    stack.stop().await.unwrap();
}
