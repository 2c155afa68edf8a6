//! Whom a request comes from: the address of the client and its TLS certificate. What a client writes about itself into
//! `X-Forwarded-For`, `Forwarded` or `Client-Cert` has no effect; only proxies of our own (`http.proxies`) are heard.

use std::net::IpAddr;

use actix_web::{HttpMessage as _, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity::certificate::thumbprint;

use crate::listen::Connection;
use crate::settings::Proxy;

/// Bytes of a certificate in `Client-Cert` at most.
const LONGEST_CERTIFICATE: usize = 16 * 1024;

/// The TLS client certificate that stands for a request's, as a server of the same process in front of the routes proved
/// it. Nothing that comes over the wire makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// `x5t#S256`.
    pub thumbprint: String,
}

/// The client's address: whom a PROXY header named; else, where the connection is a proxy's, the last address of
/// `X-Forwarded-For` that no proxy of ours has; else the peer's.
pub fn address(request: &HttpRequest, proxies: &[Proxy]) -> Option<IpAddr> {
    let connection = request.conn_data::<Connection>();
    if let Some(source) = connection.and_then(|c| c.source) {
        return Some(source);
    }
    let peer = connection.map(|c| c.peer).or_else(|| request.peer_addr().map(|a| a.ip().to_canonical()))?;
    let certificate = connection.and_then(|c| c.certificate.as_deref());
    if !proxies.iter().any(|proxy| proxy.forwards(peer, certificate)) {
        return Some(peer);
    }
    let seen = request.headers().get_all("x-forwarded-for").filter_map(|v| v.to_str().ok());
    let seen: Vec<&str> = seen.flat_map(|list| list.split(',')).map(str::trim).collect();
    let mut client = peer;
    for hop in seen.iter().rev() {
        // What cannot be read was not written by a proxy of ours: nothing before it counts.
        let Ok(hop) = hop.parse::<IpAddr>() else { break };
        client = hop.to_canonical();
        if !proxies.iter().any(|proxy| proxy.holds(client)) {
            break;
        }
    }
    Some(client)
}

/// `x5t#S256` of the client's TLS certificate: of the connection, or as a proxy that proved its own certificate passes
/// it on (RFC 9440). A proxy's own certificate is never taken for a client's.
pub fn client_certificate(request: &HttpRequest, proxies: &[Proxy]) -> Option<String> {
    if let Some(shown) = request.extensions().get::<ClientCertificate>() {
        return Some(shown.thumbprint.clone());
    }
    let connection = request.conn_data::<Connection>()?;
    let own = connection.certificate.as_deref()?;
    if !proxies.iter().any(|proxy| proxy.passes_certificates(connection.peer, own)) {
        return Some(own.to_owned());
    }
    let mut values = request.headers().get_all("client-cert");
    let (value, None) = (values.next()?, values.next()) else { return None };
    // A byte sequence of RFC 8941: base64 between colons.
    let text = value.to_str().ok()?.trim().strip_prefix(':')?.strip_suffix(':')?;
    let der = STANDARD.decode(text).ok().filter(|der| der.len() <= LONGEST_CERTIFICATE)?;
    identity::Certificate::parse(&der).ok().map(|_| thumbprint(&der))
}
