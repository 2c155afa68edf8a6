//! What the suite runs on and two persons must have approved (invariant 11): whom it trusts, its keys, the ways to the
//! data providers, the rule packs. An approval names a digest, never the thing itself.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::canonical;
use crate::event::Event;

/// What kind of thing is approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConfigurationKind {
    /// An authority in `identity.roots`. Name: `citizen`, `agency` or `internal`; digest: SHA-256 of its DER.
    TrustRoot,
    /// A key. Name: `register`; digest: [`key_fingerprint`]. Certificates of services follow from the approved internal
    /// root, and a log's key is held by what it signed before.
    Key,
    /// The way to a data provider. Name: the provider; digest: [`endpoint_digest`].
    ProviderEndpoint,
    /// A rule pack. Name: `household-2017@1`; digest: the pack's own.
    RulePack,
    /// A witness of the query log. Name: the witness; digest: SHA-256 of its public key.
    Witness,
    /// A lost end of a log, that its successor may go on. Name: the log; digest: that of `GET /v1/logs/{log}/loss`.
    LogLoss,
    /// The key of a log's successor, that the log may end for it. Name: the successor; digest: SHA-256 of the public key, as
    /// `GET /v1/logs/{log}/successor` has it.
    LogKey,
}

impl ConfigurationKind {
    /// As in settings, events and the log.
    pub fn code(self) -> &'static str {
        match self {
            Self::TrustRoot => "trust_root",
            Self::Key => "key",
            Self::ProviderEndpoint => "provider_endpoint",
            Self::RulePack => "rule_pack",
            Self::Witness => "witness",
            Self::LogLoss => "log_loss",
            Self::LogKey => "log_key",
        }
    }
}

/// One thing, by its digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigurationItem {
    /// What kind of thing.
    pub kind: ConfigurationKind,
    /// Its name, see the kind.
    pub name: String,
    /// SHA-256, 64 hexadecimal digits in lower case.
    pub digest: String,
    /// First day (Asia/Taipei) on which it may be used.
    pub effective_on: NaiveDate,
}

impl ConfigurationItem {
    /// The id under which approvals of the same thing meet.
    pub fn id(&self) -> Uuid {
        let text = format!("{}/{}/{}", self.kind.code(), self.name, self.digest);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes())
    }

    /// What is wrong with it, if anything: pointer below the item, and why.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        let named = (1..=100).contains(&self.name.len()) && self.name.bytes().all(|b| b.is_ascii_graphic());
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if !named {
            return Some(("/name", "1 to 100 visible ASCII characters"));
        }
        if self.digest.len() != 64 || !self.digest.bytes().all(hex) {
            return Some(("/digest", "SHA-256 as 64 hexadecimal digits in lower case"));
        }
        None
    }
}

/// `account.configuration-changed.v1`: an item was approved, or its approval was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationChanged {
    /// The item.
    pub item: ConfigurationItem,
    /// Whether it may be used, from its day on.
    pub approved: bool,
    /// Counts changes of the item.
    pub revision: i64,
}

impl Event for ConfigurationChanged {
    const TYPE: &'static str = "account.configuration-changed.v1";
    const TOPIC: &'static str = "account.configuration.v1";
    fn key(&self) -> String {
        self.item.id().to_string()
    }
}

/// The digest of a provider's endpoint: its URL without a slash at the end, and the digest of the file with the root
/// that its server must have (none: the public ones).
pub fn endpoint_digest(url: &str, root: Option<&[u8]>) -> String {
    let root = root.map_or_else(|| "public".to_owned(), canonical::sha256_hex);
    canonical::sha256_hex(format!("datawarden/endpoint/v1\n{}\n{root}", url.trim_end_matches('/')).as_bytes())
}

/// The fingerprint of a secret key of 32 random bytes; says nothing about the key.
pub fn key_fingerprint(key: &[u8; 32]) -> String {
    canonical::sha256_hex(&[b"datawarden/key-fingerprint/v1\n".as_slice(), key].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_its_url_and_its_root() {
        let one = endpoint_digest("https://p.example/household", Some(b"root"));
        assert_eq!(one, endpoint_digest("https://p.example/household/", Some(b"root")));
        assert_ne!(one, endpoint_digest("https://p.example/household", Some(b"other")));
        assert_ne!(one, endpoint_digest("https://p.example/household", None));
        assert_ne!(one, endpoint_digest("https://q.example/household", Some(b"root")));
    }

    #[test]
    fn an_item_needs_a_name_and_a_digest() {
        let day = "2026-03-02".parse().unwrap();
        let item = |name: &str, digest: String| ConfigurationItem {
            kind: ConfigurationKind::RulePack,
            name: name.into(),
            digest,
            effective_on: day,
        };
        assert_eq!(item("tax@1", "ab".repeat(32)).fault(), None);
        assert_eq!(item("", "ab".repeat(32)).fault().unwrap().0, "/name");
        for digest in ["ab".repeat(31), "AB".repeat(32), "xy".repeat(32)] {
            assert_eq!(item("tax@1", digest).fault().unwrap().0, "/digest");
        }
    }
}
