use std::collections::BTreeSet;

use super::*;
use crate::documents::{answer, document, member};

fn sections() -> impl Iterator<Item = &'static Section> {
    PAGES.iter().flat_map(|page| page.sections)
}

#[test]
fn every_list_and_every_column_is_in_the_services_document() {
    for section in sections() {
        let document = document(section.service);
        let list = answer(&document, &format!("/v1/{}", section.collection));
        let rows = list.and_then(|list| member(&document, list, "items"));
        let Some(row) = rows.map(|rows| &rows["items"]) else { panic!("no list {}", section.collection) };
        let columns = section.columns.iter().map(|(path, _)| *path);
        for path in columns.chain(section.detail) {
            assert!(member(&document, row, path).is_some(), "{} has no {path}", section.collection);
        }
    }
}

#[test]
fn whatever_leads_to_a_page_of_its_own_can_be_read_there() {
    let listed = sections().filter(|s| s.detail.is_some()).map(|s| (s.service, s.collection));
    let duties = SERVICES.iter().map(|(service, _)| (*service, "obligations"));
    for (service, collection) in listed.chain(duties).chain(ALONE.iter().map(|(s, c, _)| (*s, *c))) {
        assert!(detail_title(service, collection).is_some(), "{collection}");
        let path = format!("/v1/{}", detail_path(collection, "{id}"));
        assert!(answer(&document(service), &path).is_some(), "{service} has no {path}");
    }
    assert_eq!(detail_title("query-registry", "copy-requests"), None);
    assert_eq!(detail_title("nobody", "obligations"), None);
}

#[test]
fn pages_and_sections_are_found_by_different_names() {
    assert_eq!(PAGES.iter().map(|page| page.slug).collect::<BTreeSet<_>>().len(), PAGES.len());
    for page in PAGES {
        let slugs: BTreeSet<_> = page.sections.iter().map(|section| section.slug).collect();
        assert_eq!(slugs.len(), page.sections.len(), "{}", page.slug);
    }
}
