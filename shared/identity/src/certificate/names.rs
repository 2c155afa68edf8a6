//! Names as name constraints compare them (RFC 5280 §4.2.1.10): DNS names, directory names, IP addresses. A constraint on
//! any other form is refused where it is met, critical or not.

use x509_parser::extensions::{GeneralName, GeneralSubtree, NameConstraints};
use x509_parser::x509::X509Name;

/// A distinguished name: for each of its parts the attributes by object identifier, texts without case and with single
/// blanks (RFC 5280 §7.1), sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(Vec<Vec<(String, String)>>);

impl Name {
    /// Reads a name.
    pub fn of(name: &X509Name<'_>) -> Self {
        let part = |part: &x509_parser::x509::RelativeDistinguishedName<'_>| {
            let mut attributes: Vec<_> = part
                .iter()
                .map(|attribute| {
                    let value = attribute.as_str().map_or_else(|_| hex::encode(attribute.as_slice()), folded);
                    (attribute.attr_type().to_id_string(), value)
                })
                .collect();
            attributes.sort();
            attributes
        };
        Self(name.iter_rdn().map(part).collect())
    }

    fn is_within(&self, tree: &Self) -> bool {
        self.0.starts_with(&tree.0)
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A subtree of names.
#[derive(Debug, Clone)]
enum Tree {
    Dns(String),
    Directory(Name),
    /// Address and mask, 8 or 32 bytes.
    Ip(Vec<u8>),
    Unsupported,
}

impl Tree {
    fn of(subtree: &GeneralSubtree<'_>) -> Self {
        match &subtree.base {
            GeneralName::DNSName(name) => Self::Dns(name.to_lowercase()),
            GeneralName::DirectoryName(name) => Self::Directory(Name::of(name)),
            GeneralName::IPAddress(range) if matches!(range.len(), 8 | 32) => Self::Ip(range.to_vec()),
            _ => Self::Unsupported,
        }
    }
}

/// What an authority may put into the certificates below it.
#[derive(Debug, Clone)]
pub struct Constraints {
    permitted: Vec<Tree>,
    excluded: Vec<Tree>,
}

/// What a constraint says about a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every name is permitted.
    Permitted,
    /// A name is not permitted.
    Refused,
    /// A constraint of a form that is not understood.
    Unsupported,
}

/// The names of a certificate.
pub struct Names<'a> {
    /// Its subject.
    pub subject: &'a Name,
    /// Directory names beside the subject.
    pub directory: &'a [Name],
    /// DNS names.
    pub dns: &'a [String],
    /// IP addresses, 4 or 16 bytes.
    pub ip: &'a [Vec<u8>],
}

impl Constraints {
    /// Reads the extension.
    pub fn of(constraints: &NameConstraints<'_>) -> Self {
        let trees =
            |list: &Option<Vec<GeneralSubtree<'_>>>| list.iter().flatten().map(Tree::of).collect::<Vec<_>>();
        Self {
            permitted: trees(&constraints.permitted_subtrees),
            excluded: trees(&constraints.excluded_subtrees),
        }
    }

    /// Whether `names` are within what is permitted and outside what is excluded.
    pub fn check(&self, names: &Names<'_>) -> Verdict {
        let mut trees = self.permitted.iter().chain(&self.excluded);
        if trees.any(|tree| matches!(tree, Tree::Unsupported)) {
            return Verdict::Unsupported;
        }
        let directory =
            std::iter::once(names.subject).filter(|name| !name.0.is_empty()).chain(names.directory);
        let fine = self.allows(names.dns, |tree, name| match tree {
            Tree::Dns(tree) => Some(dns_within(name, tree)),
            _ => None,
        }) && self.allows(directory, |tree, name| match tree {
            Tree::Directory(tree) => Some(name.is_within(tree)),
            _ => None,
        }) && self.allows(names.ip, |tree, address| match tree {
            Tree::Ip(range) => Some(ip_within(address, range)),
            _ => None,
        }) && !self.excludes_part_of_a_wildcard(names.dns);
        if fine { Verdict::Permitted } else { Verdict::Refused }
    }

    /// `within` tells whether a name lies in a tree, none for a tree of another form.
    fn allows<'n, N: 'n + ?Sized>(
        &self,
        names: impl IntoIterator<Item = &'n N>,
        within: impl Fn(&Tree, &N) -> Option<bool>,
    ) -> bool {
        names.into_iter().all(|name| {
            let mut permitting = self.permitted.iter().filter_map(|tree| within(tree, name)).peekable();
            let permitted = permitting.peek().is_none() || permitting.any(|inside| inside);
            permitted && !self.excluded.iter().filter_map(|tree| within(tree, name)).any(|inside| inside)
        })
    }

    /// `*.city.example` stands for `tax.city.example` too.
    fn excludes_part_of_a_wildcard(&self, names: &[String]) -> bool {
        names.iter().filter_map(|name| name.strip_prefix("*.")).map(str::to_lowercase).any(|parent| {
            self.excluded.iter().any(|tree| matches!(tree, Tree::Dns(tree) if dns_within(tree, &parent)))
        })
    }
}

/// Whether `name` is `tree` or below it. A dot in front, which some authorities write, leaves out `tree` itself.
fn dns_within(name: &str, tree: &str) -> bool {
    let name = name.to_lowercase();
    let name = name.trim_end_matches('.');
    match tree.strip_prefix('.') {
        Some(_) => name.ends_with(tree),
        None if tree.is_empty() => true,
        None => name.strip_suffix(tree).is_some_and(|front| front.is_empty() || front.ends_with('.')),
    }
}

fn ip_within(address: &[u8], range: &[u8]) -> bool {
    let (base, mask) = range.split_at(range.len() / 2);
    address.len() == base.len()
        && address.iter().zip(base).zip(mask).all(|((byte, base), mask)| byte & mask == base & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dns_tree_holds_itself_and_what_is_below_it() {
        for (name, tree, within) in [
            ("city.example", "city.example", true),
            ("Tax.City.Example", "city.example", true),
            ("notcity.example", "city.example", false),
            ("city.example.org", "city.example", false),
            ("city.example", ".city.example", false),
            ("tax.city.example", ".city.example", true),
            ("anything", "", true),
        ] {
            assert_eq!(dns_within(name, tree), within, "{name} in {tree}");
        }
    }

    #[test]
    fn an_address_is_compared_under_the_mask_and_never_across_versions() {
        let range = [10, 1, 0, 0, 255, 255, 0, 0];
        assert!(ip_within(&[10, 1, 7, 7], &range));
        assert!(!ip_within(&[10, 2, 7, 7], &range));
        assert!(!ip_within(&[0; 16], &range));
    }
}
