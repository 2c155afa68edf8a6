//! Settings: one TOML file and the environment (`DATAWARDEN__HTTP__BIND` …). Unknown keys are refused, with their names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use secrecy::SecretString;
use serde::Deserialize;

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
    /// Base URLs of the suite's services by name.
    #[serde(default)]
    pub services: BTreeMap<String, String>,
    /// Data providers by name (`household`, `tax`).
    #[serde(default)]
    pub providers: BTreeMap<String, Provider>,
    /// Whether sample national ids (0 after the letter) are accepted. Never in production.
    #[serde(default)]
    pub sample_ids: bool,
}

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port to listen on.
    pub bind: String,
    /// Worker threads.
    pub workers: usize,
    /// Requests that one client may send.
    pub limits: Limits,
}

impl Default for Http {
    fn default() -> Self {
        Self { bind: "127.0.0.1:8080".into(), workers: 2, limits: Limits::default() }
    }
}

/// `[http.limits]`: requests to this service in a minute; 0 sets no limit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Of one person, agency system or service, as the token names it.
    pub authenticated: u32,
    /// Without a valid token, from one address (IPv6: one /64 network).
    pub anonymous: u32,
    /// Proxies of our own in front that write `X-Forwarded-For`: 0 goes by the peer's address. Set too low, everybody
    /// behind the proxy counts as one; too high, a client can write its own address.
    pub proxies: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { authenticated: 6000, anonymous: 1200, proxies: 0 }
    }
}

impl Limits {
    /// No limits.
    pub fn none() -> Self {
        Self { authenticated: 0, anonymous: 0, proxies: 0 }
    }
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://…`
    pub url: SecretString,
    /// Connections at most.
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
    /// Directory of trusted roots (PEM): `citizen.pem`, `agency.pem`, `internal.pem`.
    pub roots: PathBuf,
    /// This service's certificate chain (PEM).
    pub certificate: PathBuf,
    /// This service's private key (PEM, PKCS#8).
    pub key: PathBuf,
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

/// `[providers.NAME]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// `https://…`
    pub url: String,
    /// Root certificate (PEM) of the provider's server.
    pub roots: Option<PathBuf>,
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
        settings.try_deserialize().with_context(|| {
            let file = file.map_or_else(|| "no file".to_owned(), |path| path.display().to_string());
            format!(
                "settings ({file}, and DATAWARDEN__… of the environment over it) are wrong: correct the key that is named and start again"
            )
        })
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
