//! The HTTP server, the proxies in front of it, and how much one client may ask.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

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
