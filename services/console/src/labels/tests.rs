use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::catalogue::{PAGES, SERVICES, detail_path, detail_title};
use crate::documents::{answer, document, walk};

/// Names that are the same in every language: algorithms, forms of signatures, sources of randomness.
const SAME: [&str; 6] = ["ES256", "ES384", "RS256", "pkcs7", "raw", "drand"];

fn unknown_words(schema: &Value) -> Vec<String> {
    let words = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let unknown = words.filter(|word| value(word).is_none() && !SAME.contains(word));
    unknown.map(|word| format!("value {word}")).collect()
}

#[test]
fn every_member_and_every_word_of_a_page_has_a_name_in_chinese() {
    let mut missing = BTreeSet::new();
    for (service, _) in SERVICES {
        let document = document(service);
        let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
        let lists = PAGES.iter().flat_map(|page| page.sections).filter(|section| section.service == service);
        for section in lists {
            let list = answer(&document, &format!("/v1/{}", section.collection)).unwrap();
            walk(&document, list, &mut |schema| missing.extend(unknown_words(schema)));
        }
        let collections = paths.iter().filter_map(|path| path.strip_prefix("/v1/")?.strip_suffix("/{id}"));
        for collection in collections.filter(|collection| detail_title(service, collection).is_some()) {
            let path = format!("/v1/{}", detail_path(collection, "{id}"));
            walk(&document, answer(&document, &path).unwrap(), &mut |schema| {
                let members = schema["properties"].as_object().into_iter().flat_map(|m| m.keys());
                missing.extend(members.filter(|name| find(MEMBERS, name).is_none()).cloned());
                missing.extend(unknown_words(schema));
            });
        }
    }
    assert!(missing.is_empty(), "no name for {missing:?}");
}

#[test]
fn every_field_of_an_official_form_has_a_name_in_chinese() {
    let packs = rule_pack::PackSet::embedded().unwrap();
    for form in packs.iter().flat_map(|pack| &pack.forms) {
        for field in &form.fields {
            assert!(find(MEMBERS, &field.id).is_some(), "{} of {}", field.id, form.id);
        }
    }
}

#[test]
fn a_word_has_one_meaning() {
    for list in [MEMBERS, VALUES] {
        assert_eq!(list.iter().map(|(word, _)| word).collect::<BTreeSet<_>>().len(), list.len());
    }
}
