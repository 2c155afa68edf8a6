//! Problems in the document: one response for each status, with every problem type that may stand behind it.

use serde_json::{Map, Value, json};

use crate::problem::{CATALOGUE, Problem, ProblemType};

/// Whether a status is one of a problem.
pub fn is_error(code: &str) -> bool {
    code.starts_with(['4', '5'])
}

fn of<'a>(
    code: &'a str,
    kinds: &'a [&'static ProblemType],
) -> impl Iterator<Item = &'static ProblemType> + 'a {
    CATALOGUE.iter().chain(kinds).copied().filter(move |kind| kind.status.to_string() == code)
}

/// Whether the catalogues have a problem of this status.
pub fn known(code: &str, kinds: &[&'static ProblemType]) -> bool {
    of(code, kinds).next().is_some()
}

/// `Problem400` and so on: every status of both catalogues.
pub fn responses(kinds: &[&'static ProblemType]) -> Value {
    let statuses: std::collections::BTreeSet<u16> =
        CATALOGUE.iter().chain(kinds).map(|kind| kind.status).collect();
    let response = |status: u16| {
        let code = status.to_string();
        (format!("Problem{code}"), response(&code, kinds))
    };
    Value::Object(statuses.into_iter().map(response).collect::<Map<_, _>>())
}

fn response(code: &str, kinds: &[&'static ProblemType]) -> Value {
    let listed: Vec<String> =
        of(code, kinds).map(|k| format!("- `{}`: {}. {}。", k.code, k.title, k.title_zh)).collect();
    let examples: Map<String, Value> = of(code, kinds)
        .map(|kind| {
            let body = serde_json::to_value(Problem::new(kind, "What happened and what to do next.").body());
            (kind.code.to_owned(), json!({"summary": kind.title, "value": body.unwrap_or_default()}))
        })
        .collect();
    let mut headers = json!({
        "transaction-number": {"$ref": "#/components/headers/TransactionNumber"},
        "cache-control": {"$ref": "#/components/headers/CacheControl"},
    });
    if code == "401" {
        headers["www-authenticate"] = json!({"$ref": "#/components/headers/WwwAuthenticate"});
    }
    if code == "429" || code == "503" {
        headers["retry-after"] = json!({"$ref": "#/components/headers/RetryAfter"});
    }
    json!({
        "description": format!("One of these problems:\n{}", listed.join("\n")),
        "headers": headers,
        "content": {"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "examples": examples,
        }},
    })
}

/// The schema of every problem.
pub fn schema() -> Value {
    json!({
        "type": "object",
        "description": "Problem details (RFC 9457). A problem type may add members of its own. 錯誤說明。",
        "required": ["type", "title", "title_zh", "status", "detail"],
        "properties": {
            "type": {"type": "string", "description": "`urn:datawarden:problem:` and the code. 錯誤類型。",
                "examples": ["urn:datawarden:problem:forbidden"]},
            "title": {"type": "string", "description": "The title of the type in English. 英文標題。"},
            "title_zh": {"type": "string", "description": "The title of the type in Traditional Chinese. 中文標題。"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status. 狀態碼。", "examples": [403]},
            "detail": {"type": "string", "description": "What happened and what to do next. 說明。"},
            "clause": {"type": "string", "description": "The clause that stands in the way. 條次。", "examples": ["H4.2"]},
            "errors": {"type": "array", "description": "Each fault of the request. 欄位錯誤。", "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into the body, or the name of a header or parameter. 位置。"},
                    "detail": {"type": "string", "description": "What is wrong with it. 說明。"},
                },
            }},
        },
    })
}
