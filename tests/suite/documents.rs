//! The OpenAPI documents: complete, and as committed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use datawarden::stack::services;
use serde_json::Value;

#[test]
fn committed_documents_are_what_the_code_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi");
    for service in services() {
        let text = format!("{}\n", serde_json::to_string_pretty(&service.document().unwrap()).unwrap());
        let committed = fs::read_to_string(folder.join(format!("{}.json", service.name))).unwrap_or_default();
        assert!(committed == text, "{}: run `make openapi` and commit", service.name);
    }
}

#[test]
fn every_operation_has_both_titles_its_answer_and_its_clauses() {
    let mut missing = vec![];
    for service in services() {
        let document = service.document().unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let id = format!("{}: {method} {path}", service.name);
                let summary = operation["summary"].as_str().unwrap_or_default();
                if !summary.chars().any(|c| c.is_ascii_alphabetic()) || summary.is_ascii() {
                    missing.push(format!("{id}: a title in both languages"));
                }
                if operation["operationId"].as_str().is_none_or(str::is_empty) {
                    missing.push(format!("{id}: an operation id"));
                }
                if !has_success(&operation["responses"]) {
                    missing.push(format!("{id}: a success answer"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

fn has_success(responses: &Value) -> bool {
    responses.as_object().is_some_and(|r| r.keys().any(|code| code.starts_with('2')))
}

#[test]
fn problem_codes_are_unique_in_a_service() {
    for service in services() {
        let mut codes: Vec<&str> =
            chassis::problem::CATALOGUE.iter().chain(service.problems).map(|p| p.code).collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(all, codes.len(), "{}: a code is declared twice", service.name);
    }
}

/// Answers in which personal values stand open. (A `Sealed` value is unreadable without the register's key.)
const PERSONAL: [&str; 4] = ["PersonalText", "PersonView", "PermissionApplicationView", "QueryAnswer"];
/// Operations whose answers could hold personal values by their schema, and do not: the words of a control item are opened
/// by `get_control_item` alone.
const WITHOUT_PERSONAL: [&str; 3] = ["list_control_items", "explain_control_item", "confirm_as_finding"];
/// Operations that wait for certainty for a reason that no schema tells: the content of a package for external auditors, and
/// of what was endorsed.
const FURTHER: [&str; 2] = ["get_package_content", "get_endorsement_evidence"];

/// The schemas that a part of a document leads to.
fn reached(document: &Value, node: &Value, found: &mut BTreeSet<String>) {
    match node {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str)
                && let Some(name) = reference.strip_prefix("#/components/schemas/")
                && found.insert(name.to_owned())
            {
                reached(document, &document["components"]["schemas"][name], found);
            }
            members.values().for_each(|member| reached(document, member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| reached(document, item, found)),
        _ => {}
    }
}

/// Invariant 7: what must not happen on a right that may be gone.
fn must_be_live(document: &Value, id: &str, operation: &Value) -> bool {
    let (mut asked, mut answered) = (BTreeSet::new(), BTreeSet::new());
    reached(document, &operation["requestBody"], &mut asked);
    for (code, response) in operation["responses"].as_object().unwrap() {
        if code.starts_with('2') {
            reached(document, response, &mut answered);
        }
    }
    let endorses = ["Endorsement", "BatchEndorsement"].iter().any(|schema| asked.contains(*schema));
    let personal = PERSONAL.iter().any(|schema| answered.contains(*schema));
    endorses || (personal && !WITHOUT_PERSONAL.contains(&id)) || FURTHER.contains(&id)
}

#[test]
fn queries_endorsements_and_readings_of_personal_data_wait_for_certainty() {
    let mut wrong = vec![];
    let mut live = 0;
    for service in services() {
        let document = service.document().unwrap();
        let operations = chassis::operations::Operations::new(
            service.operations,
            &chassis::openapi::collect(service.routes),
        );
        for (id, method, path, operation) in operations.unwrap().iter() {
            let node = &document["paths"][path][method.to_lowercase()];
            live += usize::from(operation.live);
            if operation.live != must_be_live(&document, id, node) {
                wrong.push(format!("{}.{id}: live is {}", service.name, operation.live));
            }
        }
    }
    assert!(wrong.is_empty(), "operations.toml says otherwise: {wrong:#?}");
    assert!(live > 20, "only {live} operations wait");
}

/// What takes a right away must never wait: it is asked for when something is wrong.
#[test]
fn what_takes_rights_away_never_waits() {
    let acts = ["report_lost_card", "suspend_account", "stop_account", "change_account", "end_deputy"];
    let account = services().into_iter().find(|s| s.name == "account").unwrap();
    let operations =
        chassis::operations::Operations::new(account.operations, &chassis::openapi::collect(account.routes));
    for (id, _, _, operation) in operations.unwrap().iter().filter(|(id, ..)| acts.contains(id)) {
        assert!(!operation.live, "{id}");
    }
}
