//! How connections come in: plain or over TLS that the service ends itself, straight or through proxies of our own. What
//! a connection proved – its address, its client certificate – is noted once and counts for each of its requests.

mod stream;
pub(crate) mod tls;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Protocol, Request, Response};
use actix_server::{Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::AppConfig;
use actix_web::rt::net::TcpStream;
use anyhow::Context as _;

use crate::settings::{Http, Proxy};
use stream::Accepted;

/// Longest time for a PROXY header and a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long an idle connection is kept: longer than callers and proxies keep theirs (30 s here, 60 s with nginx), or a
/// request is now and then sent into a connection that is being closed.
const IDLE: Duration = Duration::from_secs(75);

/// What a connection proved.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// Who opened it: the client, or a proxy.
    pub peer: IpAddr,
    /// Whom a proxy of ours named at its start (PROXY protocol).
    pub source: Option<IpAddr>,
    /// `x5t#S256` of the peer's TLS client certificate, whose chain held.
    pub certificate: Option<Arc<str>>,
}

/// What every connection goes through before its first request.
struct Front {
    proxies: Vec<Proxy>,
    tls: Option<tokio_rustls::TlsAcceptor>,
}

impl Front {
    async fn accept(&self, mut tcp: TcpStream) -> io::Result<(Accepted, Protocol, Option<SocketAddr>)> {
        let mut address = tcp.peer_addr()?;
        let peer = address.ip().to_canonical();
        let mut source = None;
        if self.proxies.iter().any(|proxy| proxy.proxy_protocol && proxy.holds(peer)) {
            // A health check of the proxy itself names nobody.
            if let Some(named) = stream::proxy_header(&mut tcp).await? {
                source = Some(named.ip().to_canonical());
                address = named;
            }
        }
        let (io, certificate) = match &self.tls {
            None => (stream::Io::Plain(tcp), None),
            Some(acceptor) => {
                let io = acceptor.accept(tcp).await?;
                let certificate = tls::client_thumbprint(&io).map(Into::into);
                (stream::Io::Tls(Box::new(io)), certificate)
            }
        };
        let connection = Connection { peer, source, certificate };
        Ok((Accepted { io, connection }, Protocol::Http1, Some(address)))
    }
}

/// Serves the application that `app` makes on `http.bind`; with `tls` over TLS alone.
pub(crate) fn serve<F, I, S, B>(
    http: &Http,
    tls: Option<rustls::ServerConfig>,
    app: F,
) -> anyhow::Result<(Server, SocketAddr)>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let bind = &http.bind;
    let listener = TcpListener::bind(bind).with_context(|| format!("http.bind: cannot listen on {bind}"))?;
    let address = listener.local_addr()?;
    let tls = tls.map(|config| tokio_rustls::TlsAcceptor::from(Arc::new(config)));
    let front = Arc::new(Front { proxies: http.proxies.clone(), tls });
    let builder = ServerBuilder::new().workers(http.workers).shutdown_timeout(10).disable_signals();
    let ending = builder.graceful_shutdown_signal();
    let server = builder
        .listen("http", listener, move || {
            let (front, ending) = (front.clone(), ending.clone());
            let accept = fn_service(move |tcp: TcpStream| {
                let front = front.clone();
                async move {
                    match tokio::time::timeout(HANDSHAKE, front.accept(tcp)).await {
                        Ok(accepted) => accepted.map_err(DispatchError::Io),
                        Err(_) => Err(DispatchError::Io(io::ErrorKind::TimedOut.into())),
                    }
                }
            });
            let app = app().into_factory().map_err(|error| error.into().error_response());
            let http = HttpService::build()
                .keep_alive(KeepAlive::Timeout(IDLE))
                .client_request_timeout(Duration::from_secs(5))
                .client_disconnect_timeout(Duration::from_secs(3))
                .local_addr(address)
                .graceful_shutdown_signal(move || {
                    let ending = ending.clone();
                    async move { ending.notified().await }
                })
                .on_connect_ext(|accepted: &Accepted, known| {
                    known.insert(accepted.connection.clone());
                })
                .finish(map_config(app, |()| AppConfig::default()));
            accept.and_then(http)
        })
        .context("http.bind")?;
    Ok((server.run(), address))
}
