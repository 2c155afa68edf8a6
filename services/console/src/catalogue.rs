//! What the pages show: sections, each a list of one service, with its columns. Pages are data, not code.

mod pages;
#[cfg(test)]
mod tests;

pub use pages::PAGES;

/// The services that are asked: name, title.
pub const SERVICES: [(&str, &str); 4] = [
    ("account", "帳號權限"),
    ("query-registry", "查詢登記"),
    ("audit-sampling", "稽核抽查"),
    ("retention", "保存銷毀"),
];

/// The title of a service; none for one that is not asked.
pub fn service_title(name: &str) -> Option<&'static str> {
    SERVICES.iter().find(|(n, _)| *n == name).map(|(_, title)| *title)
}

/// A column: where its value stands in a row (dots between members), and its label.
pub type Column = (&'static str, &'static str);

/// A list of one service.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Its part of the URL.
    pub slug: &'static str,
    /// Heading.
    pub title: &'static str,
    /// The service.
    pub service: &'static str,
    /// Last part of the path under `/v1/`.
    pub collection: &'static str,
    /// Fixed query parameters.
    pub query: &'static [(&'static str, &'static str)],
    /// Columns; the first one leads to the row's own page when `detail` is set.
    pub columns: &'static [Column],
    /// Where the id stands that leads to the row's own page.
    pub detail: Option<&'static str>,
}

/// A page of sections.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Its part of the URL.
    pub slug: &'static str,
    /// Heading and entry of the menu.
    pub title: &'static str,
    /// Its sections.
    pub sections: &'static [Section],
}

/// A section whose rows have a page of their own under their `id`.
const fn section(
    slug: &'static str,
    title: &'static str,
    service: &'static str,
    collection: &'static str,
    columns: &'static [Column],
) -> Section {
    Section { slug, title, service, collection, query: &[], columns, detail: Some("id") }
}

/// A section whose rows say everything there is.
const fn list(
    slug: &'static str,
    title: &'static str,
    service: &'static str,
    columns: &'static [Column],
) -> Section {
    Section { detail: None, ..section(slug, title, service, slug, columns) }
}

/// The page `slug`.
pub fn page(slug: &str) -> Option<&'static Page> {
    PAGES.iter().find(|p| p.slug == slug)
}

/// What has a page of its own without a list: service, collection, title.
const ALONE: [(&str, &str, &str); 3] = [
    ("audit-sampling", "audit-worksheets", "工作底稿"),
    ("retention", ERASURE_CERTIFICATES, "提前刪除證明"),
    ("account", "people", "人員"),
];
/// What our pages call the certificates of early erasures.
pub const ERASURE_CERTIFICATES: &str = "erasure-certificates";

/// The title of the page of one thing of a collection; none where there is no such page.
pub fn detail_title(service: &str, collection: &str) -> Option<&'static str> {
    service_title(service)?;
    if collection == "obligations" {
        return Some("法定義務");
    }
    let mut sections = PAGES.iter().flat_map(|page| page.sections);
    let listed = |s: &&Section| s.service == service && s.collection == collection && s.detail.is_some();
    let alone =
        || ALONE.iter().find(|(s, c, _)| (*s, *c) == (service, collection)).map(|(_, _, title)| *title);
    sections.find(listed).map(|section| section.title).or_else(alone)
}

/// The path under `/v1/` of a row's own page: certificates stand under their orders.
pub fn detail_path(collection: &str, id: &str) -> String {
    match collection {
        "certificates" => format!("destruction-orders/{id}/certificate"),
        ERASURE_CERTIFICATES => format!("erasure-orders/{id}/certificate"),
        _ => format!("{collection}/{id}"),
    }
}
