//! Operations, their roles and their clauses: `operations.toml` of each service is the reviewed role × operation
//! matrix and what is enforced. An operation that it does not name is refused to everyone.

use std::collections::{BTreeMap, BTreeSet};

use identity::Role;
use serde::Deserialize;

/// One operation of a service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Traditional Chinese title.
    pub title_zh: String,
    /// Roles that may call it; one of them is enough. Narrower guards (same agency, not oneself) are in the domain.
    #[serde(default)]
    pub roles: BTreeSet<Role>,
    /// Open to callers without a token (token endpoint, public keys).
    #[serde(default)]
    pub public: bool,
    /// A query, an endorsement, or a reading of personal data: refused while nothing is heard of revocations
    /// (invariant 7).
    #[serde(default)]
    pub live: bool,
    /// Its handler refuses and records by itself whose token was revoked (the gate keeps every attempt); all others
    /// answer 401.
    #[serde(default)]
    pub records_refusals: bool,
    /// Whether a token that stands on a break-glass grant may call it. What does not say so is closed to such a token,
    /// whatever its roles.
    #[serde(default)]
    pub emergency: bool,
    /// Clauses that it carries out.
    #[serde(default)]
    pub clauses: Vec<String>,
}

/// A route pattern as documents write it: without the expression of a last parameter that takes the rest of the path.
fn documented(pattern: &str) -> String {
    pattern.replace(":.*}", "}")
}

/// The operations of a service by id.
#[derive(Debug, Clone, Default)]
pub struct Operations {
    by_id: BTreeMap<String, Operation>,
    by_route: BTreeMap<(String, String), String>,
}

impl Operations {
    /// Reads `operations.toml` and finds each operation's route in `document`. Fails when one is missing on either
    /// side.
    pub fn new(text: &str, document: &utoipa::openapi::OpenApi) -> anyhow::Result<Self> {
        let by_id: BTreeMap<String, Operation> = toml::from_str(text)?;
        let mut by_route = BTreeMap::new();
        for (path, item) in &document.paths.paths {
            let methods = [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ];
            for (method, operation) in methods {
                let Some(operation) = operation else { continue };
                let id = operation.operation_id.clone().unwrap_or_default();
                anyhow::ensure!(by_id.contains_key(&id), "operations.toml lacks [{id}] ({method} {path})");
                by_route.insert((method.to_owned(), path.clone()), id);
            }
        }
        for id in by_id.keys() {
            anyhow::ensure!(
                by_route.values().any(|v| v == id),
                "operations.toml names [{id}], which has no route"
            );
        }
        Ok(Self { by_id, by_route })
    }

    /// The operation behind a method and a route pattern.
    pub fn at(&self, method: &str, pattern: &str) -> Option<(&str, &Operation)> {
        let id = self.by_route.get(&(method.to_owned(), documented(pattern)))?;
        self.by_id.get(id).map(|operation| (id.as_str(), operation))
    }

    /// The methods that a route pattern offers.
    pub fn methods(&self, pattern: &str) -> Vec<String> {
        let pattern = documented(pattern);
        let here = self.by_route.keys().filter(|(_, path)| *path == pattern);
        here.map(|(method, _)| method.clone()).collect()
    }

    /// Every operation: id, method, path, roles.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &str, &Operation)> {
        self.by_route.iter().filter_map(|((method, path), id)| {
            self.by_id.get(id).map(|operation| (id.as_str(), method.as_str(), path.as_str(), operation))
        })
    }
}
