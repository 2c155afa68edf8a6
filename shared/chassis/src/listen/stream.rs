//! The bytes of a connection: what a proxy says before them (PROXY protocol, version 2), and TLS around them or not.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::rt::net::TcpStream;
use proxy_header::{ParseConfig, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::Connection;

/// Signature, version, family and length of a PROXY header.
const PROXY_PREFIX: usize = 16;
/// Bytes of addresses and extensions that a proxy may send at most.
const PROXY_REST: usize = 2048;
/// The command of a connection that the proxy opened for itself.
const LOCAL: u8 = 0;

/// Reads the PROXY header (version 2) with which a proxy of ours must begin, and not a byte more. Gives the client's
/// address; none for a connection of the proxy's own (`LOCAL`).
pub(super) async fn proxy_header(tcp: &mut TcpStream) -> io::Result<Option<SocketAddr>> {
    let mut bytes = vec![0; PROXY_PREFIX];
    tcp.read_exact(&mut bytes).await?;
    let (command, rest) = match bytes.as_slice() {
        [.., command, _, high, low] => (command & 0x0f, usize::from(u16::from_be_bytes([*high, *low]))),
        _ => return Err(invalid()),
    };
    if rest > PROXY_REST {
        return Err(invalid());
    }
    bytes.resize(PROXY_PREFIX + rest, 0);
    tcp.read_exact(bytes.get_mut(PROXY_PREFIX..).unwrap_or_default()).await?;
    let version_2 = ParseConfig { include_tlvs: false, allow_v1: false, allow_v2: true };
    let (header, _) = ProxyHeader::parse(&bytes, version_2).map_err(|_| invalid())?;
    match header.proxied_address() {
        Some(address) => Ok(Some(address.source)),
        None if command == LOCAL => Ok(None),
        // Somebody is there, and the proxy does not say who.
        None => Err(invalid()),
    }
}

fn invalid() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no PROXY header of version 2 from a proxy that sends one")
}

/// Plain or TLS.
pub(super) enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection that may send requests.
pub(super) struct Accepted {
    pub io: Io,
    pub connection: Connection,
}

impl AsyncRead for Accepted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Io::Tls(io) => Pin::new(io).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Io::Tls(io) => Pin::new(io).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_flush(cx),
            Io::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Io::Tls(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}
