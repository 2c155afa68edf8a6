//! The published OpenAPI document: what utoipa collects from the handlers, completed with what is the same for every
//! operation (problems, headers, Idempotency-Key, security) and with roles, clauses and Chinese titles of
//! operations.toml. Agencies build on it alone: `scripts/check-openapi` lints what comes out.

use actix_web::App;
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::operations::{Operation, Operations};
use crate::problem::ProblemType;

mod examples;
mod problems;
mod schemas;

/// What utoipa collects from `routes`.
pub fn collect(routes: fn(&mut ServiceConfig<'_>)) -> OpenApi {
    let (_, document) = App::new().into_utoipa_app().configure(routes).split_for_parts();
    document
}

/// The complete document as JSON. `kinds` are the service's own problem types.
pub fn complete(
    name: &str,
    title: (&str, &str),
    document: &OpenApi,
    operations: &Operations,
    kinds: &[&'static ProblemType],
) -> Value {
    let mut doc = serde_json::to_value(document).unwrap_or_default();
    doc["openapi"] = json!("3.1.0");
    doc["info"] = info(name, title);
    doc["servers"] = json!([{"url": "/"}]);
    doc["tags"] = json!([{"name": name, "description": format!("{} {}", title.0, title.1)}]);
    components(&mut doc["components"], kinds);
    schemas::tidy(&mut doc);
    for (id, method, path, operation) in operations.iter() {
        let mut node = doc["paths"][path][method.to_lowercase()].take();
        texts(&mut node, id, operation);
        node["tags"] = json!([name]);
        node["x-clauses"] = json!(operation.clauses);
        if operation.public {
            node["security"] = json!([]);
        } else {
            node["security"] = json!([{"access_token": []}]);
            node["x-roles"] = json!(operation.roles);
        }
        let place = Place { method, path, public: operation.public };
        parameters(&mut node, &place, &doc["components"]["schemas"]);
        responses(&mut node, &place, kinds);
        bodies(&mut node, &doc["components"]["schemas"]);
        doc["paths"][path][method.to_lowercase()] = node;
    }
    schemas::prune(&mut doc);
    doc
}

/// Where an operation stands.
struct Place<'a> {
    method: &'a str,
    path: &'a str,
    public: bool,
}

impl Place<'_> {
    fn names_one(&self) -> bool {
        self.path.contains('{')
    }

    fn changes(&self) -> bool {
        self.method != "GET"
    }
}

fn info(name: &str, title: (&str, &str)) -> Value {
    json!({
        "title": format!("Datawarden {name}: {} {}", title.0, title.1),
        "version": "1.0.0",
        "description": "Errors are problem+json (RFC 9457); their codes are listed in docs/ERRORS.md. Times are ISO 8601 \
            in UTC, days are counted in Asia/Taipei. `x-clauses` names the clauses that an operation carries out, \
            `x-roles` who may call it. An `Endorsement` is the card's \
            signature over the line `datawarden/endorsement/v1`, a line break, and the content as canonical JSON (RFC 8785) \
            with every field of its schema, null where it is blank; a `BatchEndorsement` is one over the line \
            `datawarden/endorsement-batch/v1`, a line break, and the canonical list of digests.\n\n錯誤以 problem+json（RFC 9457）回覆，代碼見 docs/ERRORS.md。時間為 UTC 之 ISO 8601，\
            日期依臺北時間計算。`x-clauses` 為各作業所本條次，`x-roles` 為得執行之職務。\
            核章為憑證對 `datawarden/endorsement/v1`、換行及內容之標準 JSON（RFC 8785）所為之簽章。",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        "contact": {"name": "Datawarden", "url": "https://datawarden.example"},
    })
}

/// Lets the pages under `/docs` fetch a token for a role from `token_url`: on a laptop alone, never in the document that
/// is published.
pub fn add_development_login(document: &mut Value, token_url: &str) {
    document["components"]["securitySchemes"]["development_login"] = json!({
        "type": "oauth2",
        "description": "This machine's sample suite alone: the role is the user name (`auditor`), the password is empty.",
        "flows": {"password": {"tokenUrl": token_url, "scopes": {}}},
    });
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in paths.filter_map(Value::as_object_mut).flat_map(|item| item.values_mut()) {
        if let Some(security) = operation["security"].as_array_mut().filter(|s| !s.is_empty()) {
            security.push(json!({"development_login": []}));
        }
    }
}

fn components(components: &mut Value, kinds: &[&'static ProblemType]) {
    components["securitySchemes"]["access_token"] = json!({
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT (RFC 9068)",
        "description": "An access token of the account service's `issue_token`, good for ten minutes at most. 存取權杖。",
    });
    components["headers"] = json!({
        "TransactionNumber": {"description": "Names this answer in logs and traces. 交易序號。", "required": true,
            "schema": {"type": "string", "format": "uuid"}},
        "ETag": {"description": "The version of what is shown, where it has one: send it as If-Match. 版本。",
            "schema": {"type": "string"}},
        "CacheControl": {"description": "Answers are kept by nobody on the way. 不得暫存。", "required": true,
            "schema": {"type": "string", "const": "no-store"}},
        "IdempotentReplayed": {"description": "`true` when this is the answer to an earlier request with the same key. 重複請求。",
            "schema": {"type": "string", "const": "true"}},
        "RetryAfter": {"description": "Seconds after which to try again. 重試秒數。", "required": true,
            "schema": {"type": "integer", "minimum": 0}},
        "WwwAuthenticate": {"description": "The scheme that is wanted (RFC 6750). 驗證方式。", "required": true,
            "schema": {"type": "string", "const": "Bearer"}},
    });
    components["parameters"] = json!({
        "IdempotencyKey": {"name": "Idempotency-Key", "in": "header", "required": true,
            "description": "A fresh random text for each new request; the same request again gets the same answer. 請求識別碼。",
            "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
            "example": "5b1f2c1e-0d0c-4a53-9f43-6f0b3f1f9a77"},
        "IfMatch": {"name": "If-Match", "in": "header", "required": false,
            "description": "The ETag that the change is based on; another version gives 412. 依據之版本。",
            "schema": {"type": "string", "pattern": "^\"[0-9]{1,18}\"$"}},
    });
    components["schemas"]["Problem"] = problems::schema();
    components["responses"] = problems::responses(kinds);
}

/// Summary and description in both languages.
fn texts(node: &mut Value, id: &str, operation: &Operation) {
    let english = node["summary"].as_str().unwrap_or(id).trim_end_matches('.').to_owned();
    node["summary"] = json!(format!("{english} {}", operation.title_zh));
    let text = node["description"].as_str().unwrap_or_default().trim();
    let text = if text.is_empty() { format!("{english}.") } else { text.to_owned() };
    let (en, zh): (Vec<_>, Vec<_>) = operation.roles.iter().map(|r| (r.title_en(), r.title_zh())).unzip();
    let (en, zh) = if operation.public {
        ("everyone, without a token".to_owned(), "任何人（無須權杖）".to_owned())
    } else {
        (en.join(", "), zh.join("、"))
    };
    let (clauses, clauses_zh) = match operation.clauses.as_slice() {
        [] => (String::new(), String::new()),
        some => (format!(" Clauses: {}.", some.join(", ")), format!("條次：{}。", some.join("、"))),
    };
    node["description"] = json!(format!(
        "{text}\n\nFor: {en}.{clauses}\n\n{}。得執行者：{zh}。{clauses_zh}",
        operation.title_zh
    ));
}

/// Describes each parameter, with the ones that every operation of its kind has.
fn parameters(node: &mut Value, place: &Place<'_>, schemas: &Value) {
    let mut all = node["parameters"].as_array().cloned().unwrap_or_default();
    for parameter in &mut all {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        if parameter["description"].as_str().is_none_or(str::is_empty) {
            parameter["description"] = json!(parameter_text(&name, place.path));
        }
        let schema = &parameter["schema"];
        if parameter["in"] == "path" && parameter["example"].is_null() {
            parameter["example"] = examples::of(schema, schemas, &name);
        }
    }
    if !place.public {
        if place.method == "POST" {
            all.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
        }
        if place.changes() && place.names_one() {
            all.push(json!({"$ref": "#/components/parameters/IfMatch"}));
        }
    }
    if all.is_empty() {
        if let Some(node) = node.as_object_mut() {
            node.remove("parameters");
        }
    } else {
        node["parameters"] = Value::Array(all);
    }
}

/// `/v1/data-links/{id}` → "Id of the data link".
fn parameter_text(name: &str, path: &str) -> String {
    let owner = path
        .split(&format!("/{{{name}}}"))
        .next()
        .and_then(|head| head.rsplit('/').next())
        .unwrap_or_default();
    let owner = owner.replace('-', " ");
    let owner = if owner == "people" {
        "person".to_owned()
    } else if let Some(stem) = owner.strip_suffix("ies") {
        format!("{stem}y")
    } else {
        owner.strip_suffix('s').unwrap_or(&owner).to_owned()
    };
    match name {
        "id" => format!("Id of the {owner}. 識別碼。"),
        other => format!("{} of the {owner}.", other.replace('_', " ")),
    }
}

/// Adds the problems that may come and the headers of each answer.
fn responses(node: &mut Value, place: &Place<'_>, kinds: &[&'static ProblemType]) {
    let required = |p: &Value| p["required"] == true && p["in"] == "query";
    let named =
        place.names_one() || node["parameters"].as_array().is_some_and(|all| all.iter().any(required));
    let mut codes = vec!["429", "500", "503"];
    if node["parameters"].is_array() || place.changes() {
        codes.push("400");
    }
    if !place.public {
        codes.extend(["401", "403"]);
    }
    if named || place.changes() {
        codes.push("404");
    }
    if place.changes() && !place.public {
        codes.extend(["409", "413", "415", "422"]);
        if place.names_one() {
            codes.push("412");
        }
    }
    let Some(responses) = node["responses"].as_object_mut() else { return };
    // A handler names a further status of the catalogue by its number alone.
    let bare = |r: &Value| r["content"].is_null();
    let further: Vec<String> = responses
        .iter()
        .filter(|(code, r)| problems::is_error(code) && bare(r))
        .map(|(code, _)| code.clone())
        .collect();
    for code in codes
        .into_iter()
        .filter(|c| !responses.contains_key(*c))
        .map(str::to_owned)
        .chain(further)
        .collect::<Vec<_>>()
    {
        if problems::known(&code, kinds) {
            let reference = format!("#/components/responses/Problem{code}");
            responses.insert(code, json!({ "$ref": reference }));
        }
    }
    for (code, response) in responses.iter_mut().filter(|(_, r)| r["$ref"].is_null()) {
        if response["description"].as_str().is_none_or(str::is_empty) {
            response["description"] =
                json!(if code == "201" { "Made. 已建立。" } else { "Done. 成功。" });
        }
        let headers = &mut response["headers"];
        let mut add = |name: &str, component: &str| {
            // What an operation says of its own header stands: what may be cached, for one.
            if headers[name].is_null() {
                headers[name] = json!({"$ref": format!("#/components/headers/{component}")});
            }
        };
        add("transaction-number", "TransactionNumber");
        add("cache-control", "CacheControl");
        if problems::is_error(code) || place.public {
            continue;
        }
        if place.changes() || place.path.ends_with('}') {
            add("etag", "ETag");
        }
        if place.method == "POST" {
            add("idempotent-replayed", "IdempotentReplayed");
        }
    }
}

/// Describes bodies and gives each an example.
fn bodies(node: &mut Value, schemas: &Value) {
    if let Some(body) = node.get_mut("requestBody") {
        let named =
            |schema: &Value| schemas::target(schema, schemas)["description"].as_str().map(str::to_owned);
        let text =
            body["content"].as_object().and_then(|c| c.values().next()).and_then(|m| named(&m["schema"]));
        if body["description"].as_str().is_none_or(str::is_empty) {
            body["description"] = json!(text.unwrap_or_else(|| "What is asked.".to_owned()));
        }
        media_examples(&mut body["content"], schemas);
    }
    if let Some(responses) = node["responses"].as_object_mut() {
        for response in responses.values_mut().filter(|r| r["content"].is_object()) {
            media_examples(&mut response["content"], schemas);
        }
    }
}

fn media_examples(content: &mut Value, schemas: &Value) {
    for media in content.as_object_mut().into_iter().flat_map(|c| c.values_mut()) {
        if media["example"].is_null() && media["examples"].is_null() && media["schema"].is_object() {
            let example = examples::of(&media["schema"], schemas, "");
            if let Some(media) = media.as_object_mut() {
                media.retain(|_, value| !value.is_null());
                media.insert("example".into(), example);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_parameter_is_described_by_what_it_names() {
        assert_eq!(parameter_text("id", "/v1/data-links/{id}/reviews"), "Id of the data link. 識別碼。");
        assert_eq!(parameter_text("id", "/v1/agencies/{id}"), "Id of the agency. 識別碼。");
        assert_eq!(parameter_text("index", "/v1/logs/{log}/entries/{index}"), "index of the entry.");
    }
}
