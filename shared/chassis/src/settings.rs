//! Settings: one TOML file and the environment (`DATAWARDEN__HTTP__BIND` …). Unknown keys are refused, with their names.

mod http;
mod log;
mod revocation;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Context as _;
use secrecy::SecretString;
use serde::Deserialize;

pub use http::{Http, Limits, Proxy};
pub use log::{Log, Witness};
pub use revocation::{Responder, Revocation, RevocationOf};

/// What a service is told at its start.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// HTTP server.
    #[serde(default)]
    pub http: Http,
    /// PostgreSQL.
    pub database: Database,
    /// Kafka; without brokers the in-process broker serves.
    #[serde(default)]
    pub kafka: Kafka,
    /// Redis; without URL an in-process store serves.
    #[serde(default)]
    pub redis: Redis,
    /// OpenTelemetry Protocol; without endpoint nothing is exported.
    #[serde(default)]
    pub otlp: Otlp,
    /// Who we are and whom we trust.
    pub identity: Identity,
    /// Keys.
    pub secrets: Secrets,
    /// Rule packs.
    #[serde(default)]
    pub rules: Rules,
    /// Terms of what guards the guards.
    #[serde(default)]
    pub governance: Governance,
    /// Base URLs of the suite's services by name.
    #[serde(default)]
    pub services: BTreeMap<String, String>,
    /// Data providers by name (`household`, `tax`).
    #[serde(default)]
    pub providers: BTreeMap<String, Provider>,
    /// The query log, for the service that holds it.
    #[serde(default)]
    pub log: Log,
    /// Whether sample national ids (0 after the letter) are accepted. Never in production.
    #[serde(default)]
    pub sample_ids: bool,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://…`
    pub url: SecretString,
    /// Connections of requests, jobs and schedules at most; six more look rows up for many at once, and the query registry has
    /// some for its log.
    #[serde(default = "default_pool")]
    pub pool_size: usize,
}

fn default_pool() -> usize {
    10
}

/// `[kafka]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kafka {
    /// `host:port,…`
    pub brokers: Option<String>,
    /// Prefix of consumer group names.
    pub group_prefix: String,
    /// Prefix of topic names, for a cluster that is shared.
    pub topic_prefix: String,
    /// Partitions of topics that this service creates.
    pub partitions: i32,
}

impl Default for Kafka {
    fn default() -> Self {
        Self { brokers: None, group_prefix: "datawarden".into(), topic_prefix: String::new(), partitions: 3 }
    }
}

/// `[redis]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redis {
    /// `redis://…`
    pub url: Option<SecretString>,
}

/// `[otlp]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Otlp {
    /// `http://collector:4318`
    pub endpoint: Option<String>,
}

/// `[identity]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Issuer of access tokens: the account service's public URL.
    pub issuer: String,
    /// Audience that tokens must name.
    pub audience: String,
    /// Directory of trusted roots (PEM): `citizen.pem`, `agency.pem`, `internal.pem`; `intermediates.pem` and
    /// `profile.toml` where they are needed.
    pub roots: PathBuf,
    /// This service's certificate chain (PEM).
    pub certificate: PathBuf,
    /// This service's private key (PEM, PKCS#8).
    pub key: PathBuf,
    /// Revoked certificates.
    #[serde(default)]
    pub revocation: Revocation,
    /// Whether access tokens must be bound to the TLS certificate of who uses them (RFC 8705). A token that is bound is
    /// never taken without its certificate, whatever stands here.
    #[serde(default)]
    pub bound_tokens: BoundTokens,
    /// Origins of our own pages, the console's, on which officials may prepare a login (account).
    #[serde(default)]
    pub console_origins: BTreeSet<String>,
}

/// `identity.bound_tokens`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundTokens {
    /// Bound where the client had a certificate.
    #[default]
    WherePossible,
    /// No token of a person or system without it; what production wants.
    Required,
}

/// `[secrets]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// File with the 32-byte root key of the registers (64 hexadecimal digits).
    pub register_key_file: PathBuf,
    /// Directory of the query log's data keys (query-registry).
    pub log_keys: Option<PathBuf>,
}

/// `[rules]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Directory of rule packs; without it those built in serve.
    pub dir: Option<PathBuf>,
}

/// `[governance]`: terms of changes by two persons and of break-glass grants (ours: no regulation names them).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Governance {
    /// Days that a proposed change waits for its second person, 1 to 90.
    pub proposal_days: u32,
    /// Hours that a break-glass grant lasts unless its custodians say fewer or more, 1 to 24.
    pub emergency_hours: u32,
    /// Working days after a break-glass grant within which an auditor reviews it, 1 to 10.
    pub review_working_days: u32,
}

impl Default for Governance {
    fn default() -> Self {
        Self { proposal_days: 14, emergency_hours: 4, review_working_days: 3 }
    }
}

impl Governance {
    fn check(self) -> anyhow::Result<()> {
        let within = |key: &str, value: u32, most: u32| {
            anyhow::ensure!((1..=most).contains(&value), "governance.{key}: 1 to {most}");
            Ok(())
        };
        within("proposal_days", self.proposal_days, 90)?;
        within("emergency_hours", self.emergency_hours, 24)?;
        within("review_working_days", self.review_working_days, 10)
    }
}

/// `[providers.NAME]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// `https://…`
    pub url: String,
    /// Root certificate (PEM) of the provider's server.
    pub roots: Option<PathBuf>,
}

impl Provider {
    /// By what two persons approve it: URL and root.
    pub fn digest(&self) -> anyhow::Result<String> {
        let root = match &self.roots {
            Some(path) => Some(std::fs::read(path).with_context(|| format!("roots: {}", path.display()))?),
            None => None,
        };
        Ok(kernel::configuration::endpoint_digest(&self.url, root.as_deref()))
    }
}

impl Settings {
    /// Reads `file`, then the environment over it.
    pub fn load(file: Option<&std::path::Path>) -> anyhow::Result<Self> {
        let mut builder = config::Config::builder();
        if let Some(path) = file {
            builder = builder.add_source(config::File::from(path));
        }
        let environment = config::Environment::with_prefix("DATAWARDEN")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true);
        let settings = builder.add_source(environment).build().context("settings cannot be read")?;
        let settings = settings.try_deserialize().map_err(anyhow::Error::from).and_then(Self::checked);
        settings.with_context(|| {
            let file = file.map_or_else(|| "no file".to_owned(), |path| path.display().to_string());
            format!(
                "settings ({file}, and DATAWARDEN__… of the environment over it) are wrong: correct the key that is named and start again"
            )
        })
    }

    /// What no type can say.
    fn checked(mut self) -> anyhow::Result<Self> {
        self.governance.check()?;
        // A variable of the environment can hold no hyphen: services.query_registry is query-registry.
        self.services = self.services.into_iter().map(|(name, url)| (name.replace('_', "-"), url)).collect();
        for (n, proxy) in self.http.proxies.iter().enumerate() {
            anyhow::ensure!(
                !proxy.client_cert || (proxy.certificate.is_some() && self.http.tls),
                "http.proxies[{n}].client_cert: needs `certificate` beside it and http.tls, so that the proxy proves itself"
            );
            anyhow::ensure!(
                !proxy.proxy_protocol || !proxy.client_cert,
                "http.proxies[{n}]: a proxy that begins with a PROXY header passes TLS through, and so no `client_cert`"
            );
        }
        Ok(self)
    }

    /// The 32-byte root key of the registers.
    pub fn register_root(&self) -> anyhow::Result<[u8; 32]> {
        let path = &self.secrets.register_key_file;
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("secrets.register_key_file: {} cannot be read", path.display()))?;
        let bytes = hex::decode(text.trim())
            .map_err(|_| anyhow::anyhow!("secrets.register_key_file: not hexadecimal"))?;
        <[u8; 32]>::try_from(bytes)
            .map_err(|_| anyhow::anyhow!("secrets.register_key_file: needs 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(more: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        let least = r#"
            database = { url = "postgres://a@b/c" }
            identity = { issuer = "i", audience = "a", roots = "r", certificate = "c", key = "k" }
            secrets = { register_key_file = "f" }
        "#;
        std::fs::write(&file, format!("{least}\n{more}")).unwrap();
        Settings::load(Some(&file)).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_service_is_found_by_its_name_however_its_setting_is_spelt() {
        let settings =
            load("[services]\nquery_registry = \"http://a\"\n\"audit-sampling\" = \"http://b\"\n").unwrap();
        assert_eq!(settings.services["query-registry"], "http://a");
        assert_eq!(settings.services["audit-sampling"], "http://b");
    }

    #[test]
    fn a_proxy_that_passes_on_certificates_must_prove_its_own() {
        let passes =
            "[http]\ntls = true\n[[http.proxies]]\nnetworks = [\"10.0.0.0/8\"]\nclient_cert = true\n";
        assert!(load(passes).unwrap_err().contains("http.proxies[0].client_cert"));
        assert!(load(&format!("{passes}certificate = \"x\"\n")).is_ok());
        assert!(load(&passes.replace("true", "false")).is_ok());
        let both = format!("{passes}certificate = \"x\"\nproxy_protocol = true\n");
        assert!(load(&both).unwrap_err().contains("http.proxies[0]"));
        assert!(load(&passes.replace("/8", "/x")).unwrap_err().contains("http.proxies"));
    }
}
