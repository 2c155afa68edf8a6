//! The services' published documents, for tests of what the pages make of them.

use std::path::Path;

use serde_json::Value;

/// The OpenAPI document of `service`.
pub fn document(service: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/openapi/{service}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The schema of what `GET path` answers; none where there is no such operation.
pub fn answer<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    let content = document["paths"].get(path)?.get("get")?["responses"]["200"]["content"].as_object()?;
    Some(&content.values().next()?["schema"])
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|word| schema[word].as_array()).flatten()
}

/// The schema of the member at `path` (names with dots between).
pub fn member<'a>(document: &'a Value, schema: &'a Value, path: &str) -> Option<&'a Value> {
    let schema = resolved(document, schema);
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    if let Some(found) = schema["properties"].get(name) {
        return match rest {
            Some(rest) => member(document, found, rest),
            None => Some(found),
        };
    }
    alternatives(schema).find_map(|schema| member(document, schema, path))
}

/// Calls `each` with every schema under `schema`, each named one once.
pub fn walk<'a>(document: &'a Value, schema: &'a Value, each: &mut impl FnMut(&'a Value)) {
    let mut seen = std::collections::BTreeSet::new();
    let mut left = vec![schema];
    while let Some(schema) = left.pop() {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
            && !seen.insert(reference)
        {
            continue;
        }
        let schema = resolved(document, schema);
        each(schema);
        left.extend(schema["properties"].as_object().into_iter().flat_map(|members| members.values()));
        left.extend(["items", "additionalProperties"].into_iter().filter_map(|word| schema.get(word)));
        left.extend(alternatives(schema));
    }
}
