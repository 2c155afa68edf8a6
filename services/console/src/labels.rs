//! Words of the API in Traditional Chinese: names of members and values of closed vocabularies.

mod members;
#[cfg(test)]
mod tests;
mod values;

use members::MEMBERS;
use values::VALUES;

fn find(list: &[(&str, &'static str)], key: &str) -> Option<&'static str> {
    list.iter().find(|(k, _)| *k == key).map(|(_, zh)| *zh)
}

/// The name of a member; its own name where there is no word.
pub fn member(name: &str) -> String {
    find(MEMBERS, name).map_or_else(|| name.replace('_', " "), ToOwned::to_owned)
}

/// The word for a value of a closed vocabulary or a role.
pub fn value(text: &str) -> Option<&'static str> {
    find(VALUES, text).or_else(|| text.parse::<identity::Role>().ok().map(identity::Role::title_zh))
}
