//! Settings: one TOML file and the environment (`DATAWARDEN__HTTP__BIND` …). Unknown keys are refused, with their names.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;
use transparency::note::{Algorithm, Verifier};

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

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// What checkpoints call the logs, with `/` and a log's name behind it: the URL of the logs without scheme (C2SP
    /// tlog-checkpoint). Never changed once witnesses and verifiers know it.
    pub origin: String,
    /// Days after which the last backup of the key store and of the database is gone: until then it gives what was
    /// erased early, and certificates say so.
    pub backup_days: u32,
    /// Who cosigns the logs' checkpoints: outside parties, each with a key of its own.
    pub witnesses: Vec<Witness>,
    /// How many of them must have seen a checkpoint for it to be served as witnessed; all unless told.
    pub quorum: Option<usize>,
}

/// `[[log.witnesses]]`: somebody outside who cosigns (C2SP tlog-witness).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// Where it takes checkpoints: `/add-checkpoint` is put behind it.
    pub url: String,
    /// The key that verifies its cosignatures (C2SP signed-note, kind 4).
    pub key: String,
}

impl Witness {
    /// Its key.
    pub fn verifier(&self) -> anyhow::Result<Verifier> {
        let key = Verifier::parse(&self.key).with_context(|| format!("log.witnesses: {}", self.key))?;
        let cosigns = key.algorithm() == Algorithm::Cosignature;
        anyhow::ensure!(cosigns, "log.witnesses: {}: not the key of a witness", self.key);
        Ok(key)
    }
}

impl Log {
    /// How many witnesses make a checkpoint count as witnessed.
    pub fn quorum(&self) -> anyhow::Result<usize> {
        let quorum = self.quorum.unwrap_or(self.witnesses.len());
        anyhow::ensure!(quorum <= self.witnesses.len(), "log.quorum: there are fewer witnesses");
        Ok(quorum)
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            origin: "datawarden.example/logs".to_owned(),
            backup_days: 30,
            witnesses: vec![],
            quorum: None,
        }
    }
}

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port to listen on.
    pub bind: String,
    /// Worker threads.
    pub workers: usize,
    /// Whether this service ends TLS itself, with `identity.certificate`: clients then prove their certificates here.
    pub tls: bool,
    /// Proxies of our own in front; nobody else is believed about clients.
    pub proxies: Vec<Proxy>,
    /// Requests that one client may send.
    pub limits: Limits,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8080".into(),
            workers: 2,
            tls: false,
            proxies: vec![],
            limits: Limits::default(),
        }
    }
}

/// `[[http.proxies]]`: a proxy of our own. It is known by its network, and where it passes on certificates by its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// Networks that it connects from (CIDR).
    pub networks: Vec<IpNet>,
    /// `x5t#S256` of the TLS client certificate that it must prove; without it the network is enough.
    #[serde(default)]
    pub certificate: Option<String>,
    /// It begins each connection with a PROXY header, version 2.
    #[serde(default)]
    pub proxy_protocol: bool,
    /// It passes on clients' certificates in `Client-Cert` (RFC 9440); needs `certificate`.
    #[serde(default)]
    pub client_cert: bool,
}

impl Proxy {
    /// Whether `address` lies in its networks.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Whether a connection from `peer` with this certificate is its own, and so its `X-Forwarded-For` is heard.
    pub fn forwards(&self, peer: IpAddr, certificate: Option<&str>) -> bool {
        let proved = self.certificate.as_deref().is_none_or(|own| certificate == Some(own));
        !self.proxy_protocol && proved && self.holds(peer)
    }

    /// Whether a connection from `peer` with this certificate may pass on clients' certificates.
    pub fn passes_certificates(&self, peer: IpAddr, certificate: &str) -> bool {
        self.client_cert && self.certificate.as_deref() == Some(certificate) && self.holds(peer)
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
    /// Logins that are prepared at one address, and tries to get a token with one card.
    pub logins: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { authenticated: 6000, anonymous: 1200, logins: 30 }
    }
}

impl Limits {
    /// No limits.
    pub fn none() -> Self {
        Self { authenticated: 0, anonymous: 0, logins: 0 }
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
