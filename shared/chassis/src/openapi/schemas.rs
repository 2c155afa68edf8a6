//! Schemas as JSON Schema 2020-12 wants them: tidy names of generic types, `examples` for the old `example`, none unused.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

const PREFIX: &str = "#/components/schemas/";

/// What `schema` refers to, or itself.
pub fn target<'a>(schema: &'a Value, schemas: &'a Value) -> &'a Value {
    schema["$ref"].as_str().and_then(|r| r.strip_prefix(PREFIX)).map_or(schema, |name| &schemas[name])
}

/// `Page_Account` → `AccountPage`.
fn tidy_name(name: &str) -> String {
    name.split_once('_')
        .map_or_else(|| name.to_owned(), |(outer, inner)| format!("{}{outer}", tidy_name(inner)))
}

/// A generic type holds a copy of its argument's schema: refers to it instead.
fn refer_to_arguments(schemas: &mut Map<String, Value>) {
    let known = schemas.clone();
    for (name, schema) in schemas.iter_mut() {
        let Some((inner, argument)) = name.split_once('_').and_then(|(_, inner)| known.get_key_value(inner))
        else {
            continue;
        };
        for field in schema["properties"].as_object_mut().into_iter().flat_map(|p| p.values_mut()) {
            if field.get("items") == Some(argument) {
                field["items"] = json!({"$ref": format!("{PREFIX}{inner}")});
            }
        }
    }
}

/// Renames generic types and brings every schema to 2020-12.
pub fn tidy(doc: &mut Value) {
    if let Some(schemas) = doc["components"]["schemas"].as_object_mut() {
        refer_to_arguments(schemas);
        let renamed = std::mem::take(schemas);
        schemas.extend(renamed.into_iter().map(|(name, schema)| (tidy_name(&name), schema)));
    }
    walk(doc, &mut |node| {
        let Some(name) = node.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix(PREFIX)) else {
            return;
        };
        let reference = format!("{PREFIX}{}", tidy_name(name));
        node.insert("$ref".into(), reference.into());
    });
    if let Some(schemas) = doc["components"]["schemas"].as_object_mut() {
        schemas.values_mut().for_each(modern);
    }
    let paths = doc["paths"].as_object_mut().into_iter().flat_map(|p| p.values_mut());
    let operations = paths.flat_map(|item| item.as_object_mut().into_iter().flat_map(|i| i.values_mut()));
    for operation in operations {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            modern(&mut parameter["schema"]);
        }
    }
}

/// `example` → `examples`, in this schema and those within.
fn modern(schema: &mut Value) {
    let Some(node) = schema.as_object_mut() else { return };
    if let Some(example) = node.remove("example") {
        node.insert("examples".into(), json!([example]));
    }
    // A tuple: client generators know its length and not `items: false`.
    if let (Some(places), Some(false)) =
        (node.get("prefixItems").and_then(Value::as_array), node.get("items").and_then(Value::as_bool))
    {
        let length = json!(places.len());
        node.remove("items");
        node.insert("minItems".into(), length.clone());
        node.insert("maxItems".into(), length);
    }
    for (key, value) in node.iter_mut() {
        match (key.as_str(), value) {
            ("properties" | "patternProperties", Value::Object(children)) => {
                children.values_mut().for_each(modern);
            }
            ("allOf" | "oneOf" | "anyOf" | "prefixItems", Value::Array(children)) => {
                children.iter_mut().for_each(modern);
            }
            ("items" | "additionalProperties", child) => modern(child),
            _ => {}
        }
    }
}

/// Removes components that nothing refers to.
pub fn prune(doc: &mut Value) {
    let mut wanted = BTreeSet::new();
    let mut open = references(&doc["paths"]);
    while let Some(reference) = open.pop() {
        let pointer = reference.trim_start_matches('#').to_owned();
        if wanted.insert(reference) {
            open.extend(doc.pointer(&pointer).map(references).unwrap_or_default());
        }
    }
    for kind in ["schemas", "responses", "parameters", "headers"] {
        if let Some(parts) = doc["components"][kind].as_object_mut() {
            parts.retain(|name, _| wanted.contains(&format!("#/components/{kind}/{name}")));
        }
    }
    let public = |operation: &Value| operation["security"].as_array().is_none_or(Vec::is_empty);
    let mut operations = doc["paths"].as_object().into_iter().flat_map(|p| p.values());
    if operations.all(|item| item.as_object().is_none_or(|i| i.values().all(public)))
        && let Some(components) = doc["components"].as_object_mut()
    {
        components.remove("securitySchemes");
    }
    if let Some(components) = doc["components"].as_object_mut() {
        components.retain(|_, parts| parts.as_object().is_none_or(|p| !p.is_empty()));
    }
}

fn references(node: &Value) -> Vec<String> {
    let mut found = vec![];
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        match node {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                open.extend(map.values());
            }
            Value::Array(list) => open.extend(list),
            _ => {}
        }
    }
    found
}

fn walk(node: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match node {
        Value::Object(map) => {
            change(map);
            map.values_mut().for_each(|child| walk(child, change));
        }
        Value::Array(list) => list.iter_mut().for_each(|child| walk(child, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generic_types_get_plain_names_and_what_nothing_refers_to_goes() {
        let mut doc = json!({
            "paths": {"/v1/x": {"get": {"responses": {"200": {"content": {"application/json":
                {"schema": {"$ref": "#/components/schemas/Page_Account"}}}}}}}},
            "components": {"schemas": {
                "Page_Account": {"properties": {"items": {"items":
                    {"type": "object", "example": 1, "properties": {"example": {"type": "string", "example": "a"}}}}}},
                "Account": {"type": "object", "example": 1, "properties": {"example": {"type": "string", "example": "a"}}},
                "Unused": {},
            }},
        });
        tidy(&mut doc);
        prune(&mut doc);
        let expected = json!({
            "AccountPage": {"properties": {"items": {"items": {"$ref": "#/components/schemas/Account"}}}},
            "Account": {"type": "object", "examples": [1], "properties": {"example": {"type": "string", "examples": ["a"]}}},
        });
        assert_eq!(doc["components"]["schemas"], expected);
    }
}
