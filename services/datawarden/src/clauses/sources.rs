//! Where each clause shows: the list that is counted, what of it counts, and where one thing out of it is opened.

mod household;
mod immigration;

/// Id, title and places of a clause of requirements.md.
pub type Clause = (&'static str, &'static str, &'static [Look<'static>]);

/// Every clause, in the order of the regulations.
pub fn clauses() -> impl Iterator<Item = &'static Clause> {
    household::CLAUSES.iter().chain(immigration::CLAUSES)
}

/// A place to look.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Service.
    pub service: &'a str,
    /// Path of a list or of one thing.
    pub path: &'a str,
    /// What its rows are.
    pub what: &'a str,
    /// Path of one row.
    pub item: Option<&'a str>,
    /// Member that a row must have, and its value (`*`: any but none).
    pub with: Option<(&'a str, &'a str)>,
}

/// All rows of a list, or one thing.
const fn at<'a>(service: &'a str, path: &'a str, what: &'a str) -> Look<'a> {
    Look { service, path, what, item: None, with: None }
}

impl<'a> Look<'a> {
    /// With one row to open at `path`.
    const fn item(self, path: &'a str) -> Self {
        Self { item: Some(path), ..self }
    }

    /// Only rows whose `member` has this value.
    const fn with(self, member: &'a str, value: &'a str) -> Self {
        Self { with: Some((member, value)), ..self }
    }
}

/// Duties of a clause that were done, in each service.
pub const DUTIES: &[(&str, &str)] = &[
    ("duties of this clause done (accounts)", "account"),
    ("duties of this clause done (registry)", "query-registry"),
    ("duties of this clause done (audit)", "audit-sampling"),
    ("duties of this clause done (retention)", "retention"),
];
