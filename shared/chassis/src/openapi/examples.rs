//! An example for each body, made from its schema: the required fields, each with its own example where it has one.

use serde_json::{Map, Value, json};

use super::schemas::target;

/// Deeper than this nothing is shown.
const DEPTH: u8 = 16;

/// An example of `schema`; `name` is the field that holds it.
pub fn of(schema: &Value, schemas: &Value, name: &str) -> Value {
    value(schema, schemas, name, DEPTH)
}

fn value(schema: &Value, schemas: &Value, name: &str, depth: u8) -> Value {
    if let Some(example) = schema["examples"].get(0) {
        return example.clone();
    }
    let schema = target(schema, schemas);
    if let Some(example) =
        schema["examples"].get(0).or_else(|| schema.get("const")).or_else(|| schema["enum"].get(0))
    {
        return example.clone();
    }
    if depth == 0 {
        return Value::Null;
    }
    let inner = |child: &Value| value(child, schemas, name, depth - 1);
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts
            .iter()
            .map(inner)
            .chain(schema["properties"].is_object().then(|| object(schema, schemas, depth)));
        let fields = parts.filter_map(|part| part.as_object().cloned()).flatten();
        return Value::Object(fields.collect());
    }
    let null = |s: &&Value| s["type"] != "null";
    if let Some(one) =
        [&schema["oneOf"], &schema["anyOf"]].iter().find_map(|s| s.as_array()?.iter().find(null))
    {
        let mut one = inner(one);
        if let (Some(fields), true) = (one.as_object_mut(), schema["properties"].is_object()) {
            fields.extend(object(schema, schemas, depth).as_object().cloned().unwrap_or_default());
        }
        return one;
    }
    match kind(schema) {
        "object" => object(schema, schemas, depth),
        "array" => array(schema, schemas, name, depth),
        "integer" | "number" => {
            schema.get("minimum").filter(|m| **m != json!(0)).cloned().unwrap_or(json!(1))
        }
        "boolean" => json!(true),
        "string" => json!(string(schema, name)),
        _ => json!({}),
    }
}

/// The type, without `null` beside it.
fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(one) => one,
        Value::Array(some) => {
            some.iter().filter_map(Value::as_str).find(|t| *t != "null").unwrap_or_default()
        }
        _ if schema["properties"].is_object() => "object",
        _ => "",
    }
}

fn object(schema: &Value, schemas: &Value, depth: u8) -> Value {
    let required = |name: &str| schema["required"].as_array().is_some_and(|r| r.iter().any(|n| n == name));
    let fields = schema["properties"].as_object().into_iter().flatten();
    let fields = fields.filter(|(name, field)| required(name) || field["examples"].is_array());
    Value::Object(
        fields
            .map(|(name, field)| (name.clone(), value(field, schemas, name, depth - 1)))
            .collect::<Map<_, _>>(),
    )
}

fn array(schema: &Value, schemas: &Value, name: &str, depth: u8) -> Value {
    let inner = |child: &Value| value(child, schemas, name, depth - 1);
    match schema["prefixItems"].as_array() {
        Some(places) => places.iter().map(inner).collect(),
        None => json!([inner(&schema["items"])]),
    }
}

fn string(schema: &Value, name: &str) -> String {
    let text = match schema["format"].as_str() {
        Some("uuid") => "0199c1a0-6c00-7000-8000-000000000001",
        Some("date") => "2026-11-02",
        Some("date-time") => "2026-11-02T01:30:00Z",
        Some("uri") => "https://agency.example/",
        _ if schema["pattern"] == "^[0-9a-f]{64}$"
            || name.ends_with("digest")
            || matches!(name, "salt" | "digests")
            || name.ends_with("_hash") =>
        {
            return "5f".repeat(32);
        }
        _ => match name {
            "reason" => "核對申請人戶內人口以審核低收入戶資格",
            "national_id" | "persons" | "relatives" => "A000000001",
            "name" | "title" => "王小明",
            "number" => "115-0001",
            "regulation" => "household",
            "clause" => "H4.2",
            "roles" => "user",
            "items" => "basic",
            "certificate" | "signature" | "content" => "TUlJQ0VEQ0NBYmFn",
            "note" | "remarks" | "text" | "evidence" | "outcome" => "詳如附件",
            _ => "text",
        },
    };
    let longest = schema["maxLength"].as_u64().and_then(|m| usize::try_from(m).ok()).unwrap_or(usize::MAX);
    text.chars().take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_holds_the_required_fields_and_follows_references() {
        let schemas = json!({
            "Id": {"type": "string", "format": "uuid"},
            "State": {"type": "string", "enum": ["open", "closed"]},
        });
        let schema = json!({"type": "object", "required": ["id", "state", "days", "note"], "properties": {
            "id": {"$ref": "#/components/schemas/Id"},
            "state": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/State"}]},
            "days": {"type": "array", "items": {"type": "string", "format": "date"}},
            "note": {"type": ["string", "null"], "examples": ["x"]},
            "left_out": {"type": "string"},
        }});
        let expected = json!({"id": "0199c1a0-6c00-7000-8000-000000000001", "state": "open", "days": ["2026-11-02"], "note": "x"});
        assert_eq!(of(&schema, &schemas, ""), expected);
    }
}
