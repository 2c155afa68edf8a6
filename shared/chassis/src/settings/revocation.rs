//! Where lists of revoked certificates and answers about single ones come from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// `[identity.revocation]`: where revocation lists and answers come from. What is not named is not checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Revocation {
    /// `[identity.revocation.citizen]`: cards.
    pub citizen: Option<RevocationOf>,
    /// `[identity.revocation.agency]`: agency certificates.
    pub agency: Option<RevocationOf>,
    /// `[identity.revocation.internal]`: services.
    pub internal: Option<RevocationOf>,
    /// Seconds between two looks at the sources.
    pub refresh_seconds: u64,
    /// Seconds that fetching one list may take.
    pub timeout_seconds: u64,
    /// Seconds past its `nextUpdate` during which a list still counts.
    pub grace_seconds: u32,
    /// Longest list that is taken from a URL, in bytes.
    pub max_bytes: usize,
    /// Directory where lists from URLs are kept; needed for them.
    pub cache: Option<PathBuf>,
    /// OCSP responders by issuer key id (hexadecimal).
    pub responders: BTreeMap<String, Responder>,
}

impl Default for Revocation {
    fn default() -> Self {
        Self {
            citizen: None,
            agency: None,
            internal: None,
            refresh_seconds: 3600,
            timeout_seconds: 120,
            grace_seconds: 0,
            max_bytes: 64 * 1024 * 1024,
            cache: None,
            responders: BTreeMap::new(),
        }
    }
}

impl Revocation {
    /// Cards and agency certificates must be on no list of the folder `lists`.
    pub fn required_from(lists: &std::path::Path) -> Self {
        let of = RevocationOf { required: true, lists: vec![lists.display().to_string()] };
        Self { citizen: Some(of.clone()), agency: Some(of), ..Self::default() }
    }
}

/// `[identity.revocation.PURPOSE]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationOf {
    /// Whether a certificate is refused while nobody can tell that it is not revoked.
    #[serde(default = "yes")]
    pub required: bool,
    /// Files, folders (`*.crl`, `*.pem`) and URLs of lists, in DER or PEM.
    #[serde(default)]
    pub lists: Vec<String>,
}

/// `[identity.revocation.responders.KEYID]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Responder {
    /// `http://…`
    pub url: String,
    /// How requests name the issuer: `sha256`, or `sha1` for an old responder.
    #[serde(default)]
    pub issuer_hash: identity::ocsp::IssuerHash,
    /// Whether a nonce is sent, which the answer must then hold.
    #[serde(default = "yes")]
    pub nonce: bool,
    /// Milliseconds that one answer may take.
    #[serde(default = "default_responder_timeout")]
    pub timeout_millis: u64,
    /// Seconds after which a certificate is asked about again, though its last answer still holds.
    #[serde(default = "default_reuse")]
    pub reuse_seconds: u32,
}

fn yes() -> bool {
    true
}

fn default_responder_timeout() -> u64 {
    2_000
}

fn default_reuse() -> u32 {
    300
}
