//! The OpenAPI documents: complete, and as committed.

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
